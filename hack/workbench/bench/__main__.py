"""Measures what the operator promises, on the whole system, and prints it as a table; `.bench/report.json` has it in full.

    python -m workbench.bench                            everything: about ten minutes
    python -m workbench.bench --quick                    small fleets and fewer edits, for CI: about three minutes
    python -m workbench.bench --only mass-edit --fleet 1000x25
    python -m workbench.bench --only growth --growth 100,250,1000,5000
    python -m workbench.bench --only blast-radius        a quarter of an hour; with --quick four minutes

Parts: `edits` (one at a time: latency, requests, peace), `mass-edit` (a shared policy, and the start of that fleet), `growth`
(start and memory by size), `pairs`, `crds` (what they cost the API server), `lint` (the tool on 1,000 manifests); and, only if
it is named, `blast-radius` (an edit that no device takes). Milliseconds depend on the machine; counts and ratios do not. Exit
code 1 if a promise was missed, with its name.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from workbench.bench import edits
from workbench.bench.blast_radius import CONFIRM_WITHIN, measure_blast_radius
from workbench.bench.crds import measure_crds
from workbench.bench.fleet import Fleet
from workbench.bench.lint import MANIFESTS, measure_lint
from workbench.bench.mass_edit import measure_mass_edit
from workbench.bench.pairs import LOCKS, measure_pairs
from workbench.bench.promises import missed_promises
from workbench.bench.start import TIME_SCALE, measure_start
from workbench.bench.system import run_system
from workbench.bench.table import print_report
from workbench.processes import ProcessError
from workbench.rest import Document
from workbench.stack import ROOT
from workbench.toolchain.go import ToolchainError

PARTS: Final = ("edits", "mass-edit", "growth", "pairs", "crds", "lint")
"""What is measured unless parts are named."""
BLAST_RADIUS: Final = "blast-radius"
QUICK_PROOF: Final = ("--hold-down-seconds", "0")
"""Azure's clock runs ahead of the operator's, so what Azure says of a tunnel's age helps nobody."""
NO_LIMIT: Final = ("--max-disruptions", "0")
"""The mass edit is held against what the gateways and Azure's quota allow."""
_LEAST_GATEWAYS: Final = 25
_MOST_TUNNELS: Final = 100


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    connections: int
    gateways: int
    edits: int
    idle_seconds: float
    fleet: tuple[int, int]
    """Connections and gateways of the mass edit."""
    growth: tuple[int, ...]
    """Sizes of fleets that are started; the fleet of the mass edit is one more."""
    pair_changes: int = 6
    """Changes of each form of a pair, for each lock behaviour of Azure."""
    blast: tuple[int, int] = (100, 10)
    """Connections and gateways of the edit that no device takes."""
    blast_within_seconds: float = CONFIRM_WITHIN
    """Azure's seconds in which their tunnels have to come back."""
    only: tuple[str, ...] = PARTS


FULL: Final = Extent(connections=200, gateways=10, edits=120, idle_seconds=60, fleet=(250, 25), growth=(100, 250))
QUICK: Final = Extent(
    connections=24,
    gateways=6,
    edits=20,
    idle_seconds=10,
    fleet=(40, 8),
    growth=(),
    pair_changes=2,
    blast=(24, 6),
    blast_within_seconds=150,
)


async def measure(directory: Path, extent: Extent) -> Document:
    """Run each part once in a folder of its own below an empty one, and return the report."""
    report: Document = {"extent": asdict(extent)}
    starts: list[Document] = []
    if "edits" in extent.only:
        _say("Edits: one at a time")
        report |= await _measure_edits(_folder(directory, "edits"), extent)
    if "mass-edit" in extent.only:
        connections, gateways = extent.fleet
        _say(f"Mass edit: {connections} connections on {gateways} gateways, Azure {TIME_SCALE:g} times as fast")
        folder, fleet = _folder(directory, "mass-edit"), _shared(*extent.fleet)
        async with run_system(folder, fleet, time_scale=TIME_SCALE, operator_flags=(*QUICK_PROOF, *NO_LIMIT)) as system:
            starts.append(await measure_start(system))
            report["massEdit"] = await measure_mass_edit(system)
    if "growth" in extent.only:
        for size in sorted(set(extent.growth) - {start["connections"] for start in starts}):
            _say(f"Growth: the start with {size} connections")
            fleet = _shared(size, max(_LEAST_GATEWAYS, -(-size // _MOST_TUNNELS)))
            async with run_system(_folder(directory, f"growth-{size}"), fleet, time_scale=TIME_SCALE) as system:
                starts.append(await measure_start(system))
    if starts:
        report["starts"] = sorted(starts, key=lambda start: start["connections"])
    if "pairs" in extent.only:
        report["secondsThatHalvesDiffer"] = {}
        for locks in LOCKS:
            _say(f"Pairs: {extent.pair_changes} changes of each form, where Azure locks {locks}")
            found = await measure_pairs(_folder(directory, f"pairs-{locks}"), locks, extent.pair_changes)
            report["secondsThatHalvesDiffer"][locks] = found
    if "crds" in extent.only:
        _say("CRDs: the API server's memory")
        report["crds"] = await measure_crds(_folder(directory, "crds"))
    if "lint" in extent.only:
        _say(f"Lint: {MANIFESTS} manifests")
        report["lint"] = measure_lint(_folder(directory, "lint"))
    if BLAST_RADIUS in extent.only:
        folder = _folder(directory, BLAST_RADIUS)
        report["blastRadius"] = await measure_blast_radius(folder, *extent.blast, extent.blast_within_seconds, _say)
    return {**report, "loadAverage": os.getloadavg()[0], "processors": os.cpu_count()}


async def _measure_edits(directory: Path, extent: Extent) -> Document:
    fleet = Fleet(extent.connections, extent.gateways)
    async with run_system(directory, fleet, time_scale=edits.TIME_SCALE, operator_flags=QUICK_PROOF) as system:
        start = await measure_start(system)
        idle = await edits.measure_idle(system, extent.idle_seconds)
        changes = await edits.measure_changes(system)
        latency = await edits.measure_latency(system, extent.edits)
    return {
        "latencyMilliseconds": {name: asdict(found) for name, found in latency.items()},
        "requestsPerChange": changes,
        "start": start,
        "idle": idle,
    }


def _shared(connections: int, gateways: int) -> Fleet:
    return Fleet(connections, gateways, shared=True)


def _folder(directory: Path, name: str) -> Path:
    folder = directory / name
    folder.mkdir()
    return folder


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def parse(arguments: Sequence[str] | None) -> tuple[Extent, Path]:
    """What the command line asks for, and the folder of the report; ends the program on a mistake."""
    parser = argparse.ArgumentParser(prog="python -m workbench.bench", description="Measure the operator.")
    parser.add_argument("--quick", action="store_true", help="small fleets and fewer edits")
    parser.add_argument(
        "--only", action="append", choices=[*PARTS, BLAST_RADIUS], help="this part; may be given several times"
    )
    parser.add_argument("--fleet", type=_fleet, metavar="NxG", help="the mass edit: N connections on G gateways")
    parser.add_argument("--blast", type=_fleet, metavar="NxG", help="the same for the edit that no device takes")
    parser.add_argument("--growth", type=_sizes, metavar="N,N", help="sizes of the fleets that are started")
    parser.add_argument("--connections", type=int, help="edits: size of the fleet")
    parser.add_argument("--gateways", type=int, help="edits: gateways of the fleet (at most 100 connections on one)")
    parser.add_argument("--edits", type=int, help="edits: how many, for the latency")
    parser.add_argument("--idle-seconds", type=float, help="edits: length of the idle measurement")
    parser.add_argument("--output", type=Path, default=ROOT / ".bench", help="folder of report.json")
    options = vars(parser.parse_args(arguments))
    base = QUICK if options.pop("quick") else FULL
    output: Path = options.pop("output")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return replace(base, **given), output


def _fleet(text: str) -> tuple[int, int]:
    connections, gateways = (int(part) for part in text.split("x"))
    if not 1 <= gateways <= connections <= gateways * _MOST_TUNNELS:
        raise argparse.ArgumentTypeError(f"a gateway takes 1 to {_MOST_TUNNELS} connections: {text}")
    return connections, gateways


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 if a promise was missed or a part did not start."""
    extent, output = parse(arguments)
    directory = Path(tempfile.mkdtemp(prefix="azvpn-bench-"))
    try:
        report = asyncio.run(measure(directory, extent))
    except (ToolchainError, ProcessError, TimeoutError) as error:
        sys.stderr.write(f"{error}\nThe logs are in {directory}.\n")
        return 1
    shutil.rmtree(directory)
    missed = missed_promises(report)
    _write(output, {**report, "missed": missed})
    print_report(report)
    for promise in missed:
        sys.stdout.write(f"missed: {promise}\n")
    return 1 if missed else 0


def _write(folder: Path, report: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
