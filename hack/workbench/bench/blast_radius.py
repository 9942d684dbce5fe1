"""An edit that no device takes: how many tunnels are down at a time, and for how long in all, until all of them are up again.

The devices take the values that Azure has from the start, and no others. Three runs, each on a fleet of its own in which all
connections but the first share a policy:

    Staged      the policy is edited; everything is set as by default
    AllAtOnce   the same edit with the policy's strategy AllAtOnce, and --max-disruptions 0
    policyRefs  all connections that share the policy name another one instead, at once; everything is set as by default

Azure's time runs faster, so the operator's times are divided by the same scale: how long a tunnel has to come back, the hold-down, and
how often connections are read. Limits (how many at a time, how many failures stop the rest) are as by default. All seconds of
the report are Azure's.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workbench.bench.fleet import SHARED_POLICY, Fleet, policy
from workbench.bench.mass_edit import accepted_puts
from workbench.bench.start import TIME_SCALE, measure_start
from workbench.bench.system import System, run_system
from workbench.rest import Document

CONFIRM_WITHIN: Final = 600.0
"""Azure's seconds in which a tunnel has to come back: the default."""
MAX_DISRUPTIONS: Final = 10
"""The default."""
REFUSED: Final = {"dhGroup": "ECP384"}
OTHER_POLICY: Final = "other"

_HOLD_DOWN: Final = 10.0
_RECENT_INTERVAL: Final = 30.0
_STATUS_INTERVAL: Final = 300.0
_QUIET_SECONDS: Final = 20.0
"""Real ones: so long nothing may be open before a run is over."""
_OPEN: Final = {"Sent", "Confirming", "RollingBack"}


@dataclass(frozen=True, slots=True)
class Run:
    """One way in which an edit reaches the fleet."""

    name: str
    edit: Callable[[System], Awaitable[None]]
    flags: tuple[str, ...] = ()


async def measure_blast_radius(
    directory: Path, connections: int, gateways: int, confirm_within: float, say: Callable[[str], None]
) -> Document:
    """Measure each run in a folder of its own below an empty one. `confirm_within` is in Azure's seconds."""
    fleet = Fleet(connections, gateways, shared=True, strict=True)
    found: Document = {}
    for run in RUNS:
        say(f"Blast radius: {run.name}, {connections} connections on {gateways} gateways")
        folder = directory / run.name
        folder.mkdir(parents=True)
        flags = [*_time_flags(confirm_within), *run.flags]
        async with run_system(folder, fleet, time_scale=TIME_SCALE, operator_flags=flags) as system:
            await measure_start(system)
            found[run.name] = await _measure(system, run, confirm_within)
    return {
        "connections": connections,
        "gateways": gateways,
        "timeScale": TIME_SCALE,
        "confirmWithinSeconds": confirm_within,
        "runs": found,
    }


def summarize(outages: Document, puts: Sequence[str], edited: float) -> Document:
    """One run's figures, from the answer of /outages and the connections of all PUTs; `edited` is the simulator's time of the edit."""
    spells: list[Mapping[str, Any]] = outages["outages"]
    ended = [outage["to"]["seconds"] for outage in spells if outage["to"]]
    return {
        "tunnelsDown": len({outage["connection"] for outage in spells}),
        "mostAtOnce": outages["mostAtOnce"],
        "tunnelSecondsLost": round(outages["secondsLost"], 1),
        "longestSeconds": round(max((outage["seconds"] for outage in spells), default=0.0), 1),
        "downAtTheEnd": len(spells) - len(ended),
        "secondsUntilAllUp": round(max(ended, default=edited) - edited, 1),
        "puts": len(puts),
        "connectionsWritten": len(set(puts)),
    }


async def _measure(system: System, run: Run, confirm_within: float) -> Document:
    since = await system.journal_end()
    before = await system.outages(0)
    await run.edit(system)
    watch = _Watch(system, before["next"])
    operations = system.fleet.operations_on_fullest_gateway
    patience = 240 + 2 * confirm_within / TIME_SCALE + 4 * operations * 45 / TIME_SCALE
    await system.until(
        watch.is_over,
        f"all tunnels are up again, and nothing is open: {run.name}",
        patience_seconds=patience,
        look_seconds=1,
        tell=lambda: f"{watch.down} down",
    )
    puts = [name for name, _ in accepted_puts(await system.journal(since))]
    return summarize(await system.outages(before["next"]), puts, before["now"]["seconds"])


@dataclass(slots=True)
class _Watch:
    """Whether the edit has done all that it will do."""

    system: System
    since: int
    down: int = 0
    quiet: float | None = None
    """Since when nothing is open."""

    async def is_over(self) -> bool:
        outages = (await self.system.outages(self.since))["outages"]
        self.down = sum(outage["to"] is None for outage in outages)
        changes = [(document.get("status") or {}).get("change") for document in await self.system.connections()]
        is_open = any(change is not None and change["state"] in _OPEN for change in changes)
        if self.down or is_open or not outages:
            self.quiet = None
            return False
        self.quiet = time.monotonic() if self.quiet is None else self.quiet
        return time.monotonic() >= self.quiet + _QUIET_SECONDS


async def _edit_policy(system: System, **rollout: str) -> None:
    spec: Document = {**REFUSED, **({"rollout": rollout} if rollout else {})}
    await system.patch("IpsecPolicy", SHARED_POLICY, {"spec": spec})


async def _edit_references(system: System) -> None:
    await system.create(policy(OTHER_POLICY, **REFUSED))
    change = {"spec": {"ipsecPolicyRef": {"name": OTHER_POLICY}}}
    names = [system.fleet.name(number) for number in range(1, system.fleet.connections)]
    await asyncio.gather(*(system.patch("VpnConnection", name, change) for name in names))


RUNS: Final = (
    Run("Staged", _edit_policy),
    Run("AllAtOnce", functools.partial(_edit_policy, strategy="AllAtOnce"), ("--max-disruptions=0",)),
    Run("policyRefs", _edit_references),
)


def _time_flags(confirm_within: float) -> list[str]:
    times = {
        "confirm-within-seconds": confirm_within,
        "hold-down-seconds": _HOLD_DOWN,
        "recent-interval": _RECENT_INTERVAL,
        "status-interval": _STATUS_INTERVAL,
    }
    return [f"--{name}={seconds / TIME_SCALE:g}" for name, seconds in times.items()]
