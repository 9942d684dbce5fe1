"""One policy that many connections share is edited: how long that takes, what it costs, and how a direct edit fares meanwhile.

All connections but the first share a policy, and all share a Secret. Azure changes one connection of a gateway at a time,
so no operator can be done sooner than

    lower bound = max(n x d / scale, (N - 200) / 10 + d / scale) seconds

with n operations on the fullest gateway, d the simulator's duration of an update (45 s), and N operations in all against
Azure's write quota (200 at once, then 10 a second). The makespan is the time from the API server's answer to the edit until
the last operation has ended: the moment when Azure took the last PUT, and d / scale. Costs are counted until the operator
says that all connections are Ready, and everything that it does in that time counts, its reads by time too.

It is an edit with the strategy AllAtOnce and without a limit of unconfirmed changes: waves and limits are slower on purpose.

The direct edit is one of the first connection, which does not use the policy, when half of the operations on its gateway
have begun.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from workbench.bench import figures
from workbench.bench.fleet import SHARED_POLICY, UPDATE_SECONDS
from workbench.bench.start import LATE, TIME_SCALE
from workbench.bench.system import AUDIT_DELAY_SECONDS, System, is_held_by_all
from workbench.rest import Document

OPERATION_SECONDS: Final = UPDATE_SECONDS / TIME_SCALE
_BURST_OF_WRITES: Final = 200
_WRITES_PER_SECOND: Final = 10.0
_SCRAPE_SECONDS: Final = 50.0


async def measure_mass_edit(system: System) -> Document:
    """Edit the shared policy of a fleet that is at rest, and the first connection in the middle of it."""
    since, begin, used = await system.journal_end(), datetime.now(UTC), system.processor_seconds
    edit = {"saLifeTimeSeconds": 7200, "rollout": {"strategy": "AllAtOnce"}}
    await system.patch("IpsecPolicy", SHARED_POLICY, {"spec": edit})
    watch = _Watch(system, since, edited=datetime.now(UTC), begun=time.monotonic())
    bound = lower_bound(system.fleet.operations_on_fullest_gateway, system.fleet.connections)
    await system.until(
        watch.look,
        f"all {system.fleet.connections} connections are written (at least {bound - OPERATION_SECONDS:g} s)",
        patience_seconds=120 + 4 * bound,
        look_seconds=0.25,
        tell=lambda: f"{len(watch.written)} written",
    )

    async def is_held() -> bool:
        policy = await system.get("IpsecPolicy", SHARED_POLICY)
        return policy is not None and is_held_by_all(policy)

    await system.until(is_held, "the policy is held by all", look_seconds=0.5)
    await system.until(system.all_ready, "the fleet is Ready", look_seconds=max(0.5, system.fleet.connections / 500))
    end, used = datetime.now(UTC), system.processor_seconds - used
    await watch.scrape()
    await asyncio.sleep(AUDIT_DELAY_SECONDS)
    last = max(watch.written.values())
    makespan = (last - watch.edited).total_seconds() + OPERATION_SECONDS
    written = (watch.written[system.fleet.name(0)] - (watch.asked or watch.edited)).total_seconds()
    return {
        "connections": system.fleet.connections,
        "gateways": system.fleet.gateways,
        "timeScale": TIME_SCALE,
        "operationSeconds": OPERATION_SECONDS,
        "operationsOnFullestGateway": system.fleet.operations_on_fullest_gateway,
        "lowerBoundSeconds": round(bound, 2),
        "makespanSeconds": round(makespan, 2),
        "makespanOverLowerBound": round(makespan / bound, 3),
        "secondsUntilAllReady": round((end - watch.edited).total_seconds(), 2),
        "directEdit": {
            "secondsUntilWritten": round(written, 2),
            "secondsUntilEnded": round(written + OPERATION_SECONDS, 2),
        },
        "eventLoopLateMilliseconds": round(1000 * watch.late, 1),
        "residentMebibytes": system.resident_mebibytes,
        "sdkGetMilliseconds": round(await system.sdk_get_milliseconds(), 2),
        **costs(watch.entries, system.audited(begin, end), used, system.fleet.connections),
    }


def lower_bound(operations_on_gateway: int, operations: int) -> float:
    """Seconds that so many operations take at least, of which so many are on one gateway."""
    by_quota = max(operations - _BURST_OF_WRITES, 0) / _WRITES_PER_SECOND + OPERATION_SECONDS
    return max(operations_on_gateway * OPERATION_SECONDS, by_quota)


def costs(
    entries: Iterable[Mapping[str, Any]], audited: Mapping[str, int], processor_seconds: float, changed: int
) -> Document:
    """What a number of changed connections cost, from the journal, the audit log and the process: in all and for each."""
    entries = list(entries)
    puts = Counter(name for name, _ in accepted_puts(entries))
    azure = figures.count_kinds(entries)
    sums = {
        "azureRequests": sum(azure.values()),
        "statusWrites": audited.get("patch vpnconnections/status", 0) + audited.get("update vpnconnections/status", 0),
        "events": sum(count for name, count in audited.items() if figures.is_event_write(name)),
        "secretReads": audited.get("get secrets", 0),
    }
    each: dict[str, float] = {name: round(count / changed, 2) for name, count in sums.items()}
    return {
        "mostPutsOfOneConnection": max(puts.values(), default=0),
        "refusedWrites": sum(figures.is_write(entry) and entry["status"] >= 400 for entry in entries),
        "azure": azure,
        "apiServer": dict(audited),
        "perConnection": {**each, "processorMilliseconds": round(1000 * processor_seconds / changed, 1)},
    }


def accepted_puts(entries: Iterable[Mapping[str, Any]]) -> list[tuple[str, datetime]]:
    """The connections whose PUT Azure took, with the moment when it arrived, in the journal's order."""
    return [
        (entry["path"].rpartition("/")[2].lower(), figures.moment(entry["time"]))
        for entry in entries
        if figures.kind_of(entry["method"], entry["path"]) == "PUT connection" and entry["status"] in {200, 201}
    ]


@dataclass(slots=True)
class _Watch:
    """The mass edit as it goes on; makes the direct edit when its time has come."""

    system: System
    since: int
    edited: datetime
    begun: float
    entries: list[Document] = field(default_factory=list)
    written: dict[str, datetime] = field(default_factory=dict)
    """When Azure took the first PUT of each connection."""
    asked: datetime | None = None
    """When the direct edit was answered."""
    late: float = 0.0
    _scraped: float = 0.0

    async def look(self) -> bool:
        await self._read_on()
        fleet = self.system.fleet
        neighbours = {fleet.name(number) for number in range(fleet.gateways, fleet.connections, fleet.gateways)}
        if self.asked is None and 2 * len(neighbours & self.written.keys()) >= len(neighbours):
            await self.system.patch("VpnConnection", fleet.name(0), {"spec": {"routingWeight": 7}})
            self.asked = datetime.now(UTC)
        if time.monotonic() >= max(self._scraped, self.begun) + _SCRAPE_SECONDS:
            await self.scrape()
        return len(self.written) >= fleet.connections

    async def scrape(self) -> None:
        self._scraped = time.monotonic()
        await self._read_on()
        self.late = max(self.late, (await self.system.metrics(LATE)).get(LATE, 0.0))

    async def _read_on(self) -> None:
        new = await self.system.journal(self.since)
        self.since += len(new)
        self.entries += new
        for name, moment in accepted_puts(new):
            self.written.setdefault(name, moment)
