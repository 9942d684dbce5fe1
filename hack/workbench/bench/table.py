"""The bench's report as a table for people."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from workbench.rest import Document


def print_report(report: Document, console: Console | None = None) -> None:
    """Print everything that the report says, in small tables."""
    out = console or Console()
    for table in (_latency(report), _changes(report), _pairs(report), _start(report), _idle(report)):
        out.print(table)
    out.print(
        f"Load of this machine in the last minute: {report['loadAverage']:.1f}. Milliseconds mean little if others use it."
    )


def _latency(report: Document) -> Table:
    table = Table(title="Edit seen in Kubernetes → first write arrives in Azure (ms)", title_justify="left")
    for heading in ("edit of", "edits", "p50", "p90", "p99", "worst"):
        table.add_column(heading, justify="left" if heading == "edit of" else "right")
    names = {"connectionEdit": "the connection", "policyEdit": "its policy", "all": "both"}
    for name, shown in names.items():
        found = report["latencyMilliseconds"][name]
        table.add_row(shown, *(f"{found[column]:g}" for column in ("count", "p50", "p90", "p99", "worst")))
    return table


def _changes(report: Document) -> Table:
    table = Table(title="Requests per change of one connection, until it is at rest", title_justify="left")
    for heading in ("change", "to Azure", "to the API server", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for name, found in report["requestsPerChange"].items():
        table.add_row(name, _listed(found["azure"]), _listed(found["apiServer"]), f"{found['seconds']:g}")
    return table


def _pairs(report: Document) -> Table:
    table = Table(
        title="Change of a pair's policy: how long its halves differ in Azure (Azure's seconds)", title_justify="left"
    )
    for heading in ("gateways that Azure locks", "the pair is", "changes", "median", "longest"):
        table.add_column(heading, justify="right" if heading in {"changes", "median", "longest"} else "left")
    for locks, forms in report["secondsThatHalvesDiffer"].items():
        for form, found in forms.items():
            table.add_row(locks, form, f"{found['changes']:g}", f"{found['median']:g}", f"{found['max']:g}")
    return table


def _start(report: Document) -> Table:
    start = report["start"]
    table = _plain(f"Start with {start['connections']} connections on {start['gateways']} gateways, all in order")
    table.add_row("ready after", f"{start['secondsUntilReady']:g} s")
    table.add_row("all checked after", f"{start['secondsUntilAllChecked']:g} s")
    table.add_row("processor time", f"{start['processorSeconds']:g} s")
    table.add_row("resident memory", f"{start['residentMebibytes']:g} MiB")
    table.add_row("requests to Azure", _listed(start["azureRequests"]))
    table.add_row("writes to Azure", str(start["azureWrites"]))
    return table


def _idle(report: Document) -> Table:
    idle = report["idle"]
    table = _plain(
        f"Idle with {idle['connections']} connections in {idle['resourceGroups']} groups, for {idle['seconds']:g} s"
    )
    table.add_row("to Azure, per minute", _listed(idle["azureRequestsPerMinute"]))
    table.add_row("to the API server, per minute", _listed(idle["apiServerRequestsPerMinute"]))
    table.add_row("writes to Azure", str(idle["azureWrites"]))
    table.add_row("processor", f"{idle['processorPercent']:g} % of a core")
    table.add_row("resident memory", f"{idle['residentMebibytes']:g} MiB")
    return table


def _plain(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column()
    return table


def _listed(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{count:g} {name}" for name, count in counts.items()) or "none"
