"""The bench's report as a table for people."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

from workbench.bench.promises import promises
from workbench.bench.start import kilobytes_per_connection
from workbench.bench.yardstick import sdk_gets
from workbench.rest import Document

_WIDTH: Final = 120
"""Of the tables where there is no terminal."""


def print_report(report: Document, console: Console | None = None) -> None:
    """Print everything that the report says, in small tables, and the promises beside what was measured."""
    out = console or Console(width=None if sys.stdout.isatty() else _WIDTH)
    makers: dict[str, Callable[[Document], Table]] = {
        "latencyMilliseconds": _latency,
        "requestsPerChange": _changes,
        "secondsThatHalvesDiffer": _pairs,
        "idle": _idle,
        "massEdit": _mass_edit,
        "starts": _starts,
        "crds": _crds,
        "lint": _lint,
        "blastRadius": _blast_radius,
    }
    for name, make in makers.items():
        if name in report:
            out.print(make(report))
    out.print(_promises(report))
    out.print(
        f"Load of this machine ({report['processors']} processors) in the last minute: {report['loadAverage']:.1f}. "
        "Milliseconds mean little if others use it."
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


def _crds(report: Document) -> Table:
    found = report["crds"]
    before = found["apiServerMebibytesBefore"]
    table = Table(title=f"CRDs in an API server whose heap had {before:g} MiB without them", title_justify="left")
    for heading in ("CRD", "as stored, kB", "heap, MiB"):
        table.add_column(heading, justify="left" if heading == "CRD" else "right")
    for name, size in found["storedKilobytes"].items():
        table.add_row(name, f"{size:g}", f"{found['apiServerMebibytes'][name]:g}")
    return table


def _mass_edit(report: Document) -> Table:
    found = report["massEdit"]
    each = found["perConnection"]
    table = _plain(
        f"Edit of a policy that {found['connections']} connections on {found['gateways']} gateways share, "
        f"Azure {found['timeScale']:g} times as fast; one Secret"
    )
    operations, seconds = found["operationsOnFullestGateway"], found["operationSeconds"]
    table.add_row(
        "lower bound", f"{found['lowerBoundSeconds']:g} s: {operations} operations of {seconds:g} s on one gateway"
    )
    table.add_row(
        "makespan", f"{found['makespanSeconds']:g} s, {found['makespanOverLowerBound']:g} times the lower bound"
    )
    table.add_row("all Ready after", f"{found['secondsUntilAllReady']:g} s")
    direct = found["directEdit"]
    table.add_row(
        "direct edit in the middle",
        f"written after {direct['secondsUntilWritten']:g} s, its operation ended after {direct['secondsUntilEnded']:g} s",
    )
    table.add_row("to Azure", _listed(found["azure"]))
    table.add_row("to Azure, per connection", f"{each['azureRequests']:g}; {found['refusedWrites']} writes refused")
    table.add_row("to the API server", _listed(found["apiServer"]))
    table.add_row(
        "per connection",
        f"{each['statusWrites']:g} status writes, {each['events']:g} Events, {each['secretReads']:g} Secret reads",
    )
    table.add_row(
        "processor per connection",
        f"{each['processorMilliseconds']:g} ms, as much as {sdk_gets(found):g} GETs by Azure's SDK, of {found['sdkGetMilliseconds']:g} ms",
    )
    table.add_row("event loop late at worst", f"{found['eventLoopLateMilliseconds']:g} ms")
    table.add_row("resident memory", f"{found['residentMebibytes']:g} MiB")
    return table


def _starts(report: Document) -> Table:
    starts = report["starts"]
    rows = {
        "on gateways": "gateways",
        "ready after (s)": "secondsUntilReady",
        "configuration known after (s)": "secondsUntilConfigurationKnown",
        "all tunnels read after (s)": "secondsUntilTunnelsRead",
        "  at the rate of reads by time (s)": "secondsTunnelsBound",
        "processor time (s)": "processorSeconds",
        "  per connection (ms)": "processorMillisecondsPerConnection",
        "resident memory (MiB)": "residentMebibytes",
        "event loop late at worst (ms)": "eventLoopLateMilliseconds",
        "requests to Azure": "azureRequests",
        "status writes": "statusWrites",
    }
    table = Table(title="Start on a fleet that is in order, by its size", title_justify="left")
    table.add_column("connections")
    for start in starts:
        table.add_column(f"{start['connections']:g}", justify="right")
    for shown, name in rows.items():
        table.add_row(shown, *(f"{_sum(start[name]):g}" for start in starts))
    if (slope := kilobytes_per_connection(starts)) is not None:
        table.add_row("memory that a connection adds (kB)", *[""] * (len(starts) - 1), f"{slope:g}")
    return table


def _blast_radius(report: Document) -> Table:
    found = report["blastRadius"]
    table = Table(
        title=f"Edit that no device takes: {found['connections']} connections on {found['gateways']} gateways, all but one on a policy, "
        f"{found['confirmWithinSeconds']:g} s to come back (Azure's seconds, {found['timeScale']:g} times as fast)",
        title_justify="left",
    )
    columns = {
        "tunnels down": "tunnelsDown",
        "at once": "mostAtOnce",
        "tunnel-seconds lost": "tunnelSecondsLost",
        "longest": "longestSeconds",
        "all up after": "secondsUntilAllUp",
        "PUTs": "puts",
        "connections written": "connectionsWritten",
    }
    table.add_column("reaches them")
    for heading in columns:
        table.add_column(heading, justify="right")
    for run, figures in found["runs"].items():
        table.add_row(run, *(f"{figures[name]:g}" for name in columns.values()))
    return table


def _lint(report: Document) -> Table:
    found = report["lint"]
    table = Table(title="kubectl azvpn, from the start of the program to its end", title_justify="left")
    table.add_column("what")
    for heading in ("processor (s)", "clock (s)"):
        table.add_column(heading, justify="right")
    runs = {f"lint of {found['manifests']:g} manifests": found["many"], "lint of 1 manifest": found["one"]}
    for what, run in (runs | {f"help of {name}": run for name, run in found["starts"].items()}).items():
        table.add_row(what, f"{run['processorSeconds']:g}", f"{run['seconds']:g}")
    return table


def _sum(value: float | Mapping[str, float]) -> float:
    return sum(value.values()) if isinstance(value, Mapping) else value


def _promises(report: Document) -> Table:
    table = Table(title="Promises", title_justify="left")
    for heading in ("of", "figure", "measured", "promised", ""):
        table.add_column(heading)
    part = ""
    for promise in promises(report):
        if promise.part != part:
            table.add_section()
        kept = "kept" if promise.is_kept else "missed"
        table.add_row(
            promise.part if promise.part != part else "", promise.figure, promise.measured, promise.limit, kept
        )
        part = promise.part
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
