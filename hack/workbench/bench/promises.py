"""What the operator promises, held against a report. A part that was not measured promises nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workbench.bench.blast_radius import MAX_DISRUPTIONS
from workbench.bench.start import kilobytes_per_connection
from workbench.bench.yardstick import SDK_GETS, sdk_gets
from workbench.rest import Document

P99_LIMIT_MS: Final = 250.0
LATE_LIMIT_MS: Final = 100.0
KILOBYTES_PER_CONNECTION: Final = 35.0
MEBIBYTES_AT_5000: Final = 300.0
CRD_KILOBYTES: Final = 100.0
SECONDS_TO_LINT: Final = 2.0
SECONDS_TO_START: Final = 0.3
RENEWALS: Final = "patch leases"
"""The leader's, every five seconds: what it costs that another replica can stand by."""
LEAST_SPAN: Final = 500
"""Below that difference in size, what a connection adds to the memory is lost in what the memory varies by itself."""

_WRITES: Final[Mapping[str, Mapping[str, int]]] = {
    "create": {"PUT connection": 1},
    "connection edit": {"PUT connection": 1},
    "policy edit": {"PUT connection": 1},
    "tag edit": {"PATCH connection": 1},
    "alias only": {},
    "delete": {"DELETE connection": 1},
}


@dataclass(frozen=True, slots=True)
class Promise:
    """One figure: what was measured, in words, and what is promised."""

    part: str
    figure: str
    measured: str
    limit: str
    is_kept: bool


def promises(report: Document) -> list[Promise]:
    """Every promise about what the report has measured."""
    found: list[Promise] = []
    if "latencyMilliseconds" in report:
        found += _of_edits(report)
    if "massEdit" in report:
        found += _of_mass_edit(report["massEdit"])
    for start in report.get("starts", []):
        found += _of_start(start)
    found += _of_memory(report.get("starts", []))
    if "crds" in report:
        size = sum(report["crds"]["storedKilobytes"].values())
        found.append(_at_most("CRDs", "size together, as stored", round(size, 1), CRD_KILOBYTES, "kB"))
    if "lint" in report:
        found += _of_lint(report["lint"])
    if "blastRadius" in report:
        found += _of_blast_radius(report["blastRadius"])
    return found


def missed_promises(report: Document) -> list[str]:
    """What the report says that the operator should not have done, in words; empty if all is well."""
    return [f"{p.part}, {p.figure}: {p.limit}; measured: {p.measured}" for p in promises(report) if not p.is_kept]


def configuration_limit(connections: int) -> float:
    """Seconds after which the configuration of so many is known: 10 up to 1,000, and 20 at 5,000."""
    return 10 + max(connections - 1000, 0) / 400


def _at_most(part: str, figure: str, value: float, limit: float, unit: str = "") -> Promise:
    unit = f" {unit}" if unit else ""
    return Promise(part, figure, f"{value:g}{unit}", f"at most {limit:g}{unit}", value <= limit)


def _of_edits(report: Document) -> Iterator[Promise]:
    p99 = report["latencyMilliseconds"]["all"]["p99"]
    part = "one edit"
    limit = f"under {P99_LIMIT_MS:g} ms"
    yield Promise(part, "edit to first write, p99", f"{p99:g} ms", limit, p99 < P99_LIMIT_MS)
    for change, writes in _WRITES.items():
        seen = report["requestsPerChange"][change]["azure"]
        sent = {kind: count for kind, count in seen.items() if not kind.startswith(("GET", "LIST"))}
        yield Promise(part, f"writes of: {change}", _counted(sent), _counted(writes), sent == writes)
    for name in ("start", "idle"):
        yield _at_most(name, "writes to Azure", report[name]["azureWrites"], 0)
    idle: Mapping[str, float] = report["idle"]["apiServerRequestsPerMinute"]
    written = {
        name: count for name, count in idle.items() if not name.startswith(("list ", "get ")) and name != RENEWALS
    }
    yield Promise("idle", "writes to the API server", _counted(written), _counted({}), not written)


def _of_mass_edit(found: Document) -> Iterator[Promise]:
    part = f"mass edit of {found['connections']} on {found['gateways']}"
    each = found["perConnection"]
    yield _at_most(part, "makespan over the lower bound", found["makespanOverLowerBound"], 1.10)
    yield _at_most(part, "PUTs of one connection", found["mostPutsOfOneConnection"], 1)
    yield _at_most(part, "requests to Azure per connection", each["azureRequests"], 6)
    yield _at_most(part, "status writes per connection", each["statusWrites"], 4)
    yield _at_most(part, "Events per connection", each["events"], 3)
    yield _at_most(part, "Secret reads per connection", each["secretReads"], 2)
    yield _at_most(part, "processor time per connection", sdk_gets(found), SDK_GETS, "GETs by Azure's SDK")
    direct = found["directEdit"]["secondsUntilWritten"]
    yield _at_most(part, "direct edit until it is written", direct, found["operationSeconds"] + 2, "s")
    yield _late(part, found)


def _of_start(start: Mapping[str, Any]) -> Iterator[Promise]:
    part = f"start of {start['connections']}"
    known = configuration_limit(start["connections"])
    yield _at_most(part, "configuration known", start["secondsUntilConfigurationKnown"], known, "s")
    read = round(start["secondsUntilReady"] + 1.1 * start["secondsTunnelsBound"], 2)
    yield _at_most(part, "all tunnels read", start["secondsUntilTunnelsRead"], read, "s")
    yield _at_most(part, "writes to Azure", start["azureWrites"], 0)
    yield _at_most(part, "status writes", start["statusWrites"], 0)
    yield _late(part, start)
    if start["connections"] >= 5000:
        yield _at_most(part, "memory", start["residentMebibytes"], MEBIBYTES_AT_5000, "MiB")


def _of_memory(starts: list[Document]) -> Iterator[Promise]:
    sizes = [start["connections"] for start in starts]
    if sizes and max(sizes) - min(sizes) >= LEAST_SPAN:
        slope = kilobytes_per_connection(starts) or 0.0
        part = f"{min(sizes)} to {max(sizes)} connections"
        yield _at_most(part, "memory per connection", slope, KILOBYTES_PER_CONNECTION, "kB")


def _of_lint(found: Document) -> Iterator[Promise]:
    many, one = found["many"]["processorSeconds"], found["one"]["processorSeconds"]
    yield _at_most("lint", f"processor time of {found['manifests']} manifests", many, SECONDS_TO_LINT, "s")
    yield _at_most("lint", "processor time of one manifest", one, SECONDS_TO_START, "s")
    for name, run in found["starts"].items():
        yield _at_most("lint", f"processor time to start {name}", run["processorSeconds"], SECONDS_TO_START, "s")


def _of_blast_radius(found: Document) -> Iterator[Promise]:
    limits = {"Staged": 1, "policyRefs": MAX_DISRUPTIONS}
    for run, limit in limits.items():
        part = f"edit that no device takes, {run}"
        yield _at_most(part, "tunnels down at once", found["runs"][run]["mostAtOnce"], limit)
        yield _at_most(part, "tunnels down at the end", found["runs"][run]["downAtTheEnd"], 0)


def _late(part: str, found: Mapping[str, Any]) -> Promise:
    late = found["eventLoopLateMilliseconds"]
    limit = f"under {LATE_LIMIT_MS:g} ms"
    return Promise(part, "event loop late at worst", f"{late:g} ms", limit, late < LATE_LIMIT_MS)


def _counted(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{count:g} {name}" for name, count in counts.items()) or "none"
