"""Measures what the operator promises, on the whole system, and prints it as a table; `.bench/report.json` has it in full.

    python -m workbench.bench            200 connections on 10 gateways, about five minutes
    python -m workbench.bench --quick    a small fleet and fewer edits, for CI, about a minute

Milliseconds depend on the machine; counts and ratios do not. Exit code 1 if a promise was missed, with its name.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from workbench.bench.fleet import NAMESPACE, Fleet
from workbench.bench.pairs import LOCKS, measure_pairs
from workbench.bench.promises import missed_promises
from workbench.bench.run import Bench
from workbench.bench.table import print_report
from workbench.processes import ProcessError
from workbench.rest import Document
from workbench.stack import ROOT, Stack
from workbench.toolchain.go import ToolchainError

INSTALLATION = "demo"
TIME_SCALE = 120.0
"""Operations take fractions of a second, so that the operator is soon idle again. It does not change what is measured."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    connections: int
    gateways: int
    edits: int
    idle_seconds: float
    pair_changes: int = 6
    """Changes of each form of a pair, for each lock behaviour of Azure."""


FULL = Extent(connections=200, gateways=10, edits=120, idle_seconds=60)
QUICK = Extent(connections=24, gateways=6, edits=20, idle_seconds=10, pair_changes=2)


async def measure(directory: Path, extent: Extent) -> Document:
    """Run everything once in an empty folder and return the report."""
    fleet = Fleet(extent.connections, extent.gateways)
    topology = directory / "topology.json"
    topology.write_text(json.dumps(fleet.topology(INSTALLATION)), encoding="utf-8")
    stack = Stack(directory, time_scale=TIME_SCALE, topology=str(topology), audit=True, say=_say)
    async with stack, stack.plane.client() as cluster, aiohttp.ClientSession() as web:
        bench = Bench(stack, fleet, cluster, web)
        await stack.plane.create_namespace(NAMESPACE)
        _say(f"Fleet: {fleet.connections} connections on {fleet.gateways} gateways, which Azure has already")
        await stack.plane.apply_objects(*fleet.objects())
        await bench.settle()
        _say("Start: the operator on a fleet that is in order")
        start = await bench.measure_start()
        _say(f"Idle: {extent.idle_seconds:g} s in which nothing happens")
        idle = await bench.measure_idle(extent.idle_seconds)
        _say("Changes: the requests that each costs")
        changes = await bench.measure_changes()
        _say(f"Latency: {extent.edits} edits, one after the other")
        latency = await bench.measure_latency(extent.edits)
    pairs = {}
    for locks in LOCKS:
        _say(f"Pairs: {extent.pair_changes} changes of each form, where Azure locks {locks}")
        folder = directory / f"pairs-{locks}"
        folder.mkdir()
        pairs[locks] = await measure_pairs(folder, locks, extent.pair_changes)
    return {
        "extent": asdict(extent),
        "loadAverage": os.getloadavg()[0],
        "latencyMilliseconds": {name: asdict(found) for name, found in latency.items()},
        "requestsPerChange": changes,
        "start": start,
        "idle": idle,
        "secondsThatHalvesDiffer": pairs,
    }


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 if a promise was missed or a part did not start."""
    parser = argparse.ArgumentParser(prog="python -m workbench.bench", description="Measure the operator.")
    parser.add_argument("--quick", action="store_true", help="a small fleet and fewer edits")
    parser.add_argument("--connections", type=int, help="size of the fleet")
    parser.add_argument("--gateways", type=int, help="gateways that they are spread over (at most 100 on one)")
    parser.add_argument("--edits", type=int, help="edits for the latency")
    parser.add_argument("--idle-seconds", type=float, help="length of the idle measurement")
    parser.add_argument("--output", type=Path, default=ROOT / ".bench", help="folder of report.json")
    options = vars(parser.parse_args(arguments))
    base = asdict(QUICK if options.pop("quick") else FULL)
    output: Path = options.pop("output")
    extent = Extent(**{**base, **{name: value for name, value in options.items() if value is not None}})
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
