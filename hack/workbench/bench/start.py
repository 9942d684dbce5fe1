"""A restart of the operator on a fleet that is in order: what it takes until everything is known, by the size of the fleet.

The configuration is known when the operator's gauge of connections that it has not compared since its start is 0; before it
leads, the operator shows none.
Tunnel state is known when each connection has been read once. The bound of that: reads by time may use half of the refill
of Azure's read quota (25 a second), which makes connections / 12.5 seconds.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from workbench.bench import figures
from workbench.bench.system import AUDIT_DELAY_SECONDS, PATIENCE_SECONDS, System
from workbench.rest import Document

TIME_SCALE: Final = 5.0
READS_PER_SECOND: Final = 12.5

UNCHECKED: Final = "azure_vpn_operator_unchecked_connections"
LATE: Final = "azure_vpn_operator_event_loop_lag_seconds"
_CACHE: Final = "azure_vpn_operator_cache_objects"
_KNOWN: Final = f'{_CACHE}{{kind="VpnConnection"}}'
_SCRAPE_SECONDS: Final = 50.0
"""The metric of the event loop looks back a minute."""


async def measure_start(system: System) -> Document:
    """Start the operator, which is stopped, and return what it took until all tunnels are read and it is at rest."""
    since, begin, begun = await system.journal_end(), datetime.now(UTC), time.monotonic()
    await system.stack.start_operator()
    ready = time.monotonic() - begun
    watch = _Watch(system, since, begin)
    await system.until(
        watch.look,
        f"all {system.fleet.connections} connections are read",
        patience_seconds=PATIENCE_SECONDS + 3 * tunnels_bound(system.fleet.connections),
        look_seconds=0.5,
        tell=lambda: f"{len(watch.read)} read",
    )
    await system.until(system.all_ready, "the fleet is Ready", look_seconds=1)
    await watch.scrape()
    await asyncio.sleep(AUDIT_DELAY_SECONDS)
    requests, audited = await system.journal(since), system.audited(begin, datetime.now(UTC))
    processor = system.processor_seconds
    read = max(watch.read.values())
    return {
        "connections": system.fleet.connections,
        "gateways": system.fleet.gateways,
        "secondsUntilReady": round(ready, 2),
        "secondsUntilConfigurationKnown": round(watch.compared or 0.0, 2),
        "secondsUntilTunnelsRead": round(read, 2),
        "secondsTunnelsBound": round(tunnels_bound(system.fleet.connections), 2),
        "processorSeconds": round(processor, 2),
        "processorMillisecondsPerConnection": round(1000 * processor / system.fleet.connections, 1),
        "residentMebibytes": system.resident_mebibytes,
        "eventLoopLateMilliseconds": round(1000 * watch.late, 1),
        "azureRequests": figures.count_kinds(requests),
        "azureWrites": sum(figures.is_write(entry) for entry in requests),
        "statusWrites": sum(count for name, count in audited.items() if figures.is_status_write(name)),
    }


def tunnels_bound(connections: int) -> float:
    """Seconds in which that many connections can be read by time."""
    return connections / READS_PER_SECOND


def kilobytes_per_connection(starts: Sequence[Mapping[str, float]]) -> float | None:
    """The slope of the memory from the smallest to the largest fleet; None if there is only one size."""
    ordered = sorted(starts, key=lambda start: start["connections"])
    few, many = ordered[0], ordered[-1]
    if few["connections"] == many["connections"]:
        return None
    more = (many["residentMebibytes"] - few["residentMebibytes"]) * 1024
    return round(more / (many["connections"] - few["connections"]), 1)


@dataclass(slots=True)
class _Watch:
    """What has been seen since the start, in seconds since then."""

    system: System
    since: int
    begin: datetime
    read: dict[str, float] = field(default_factory=dict)
    """The first read of each connection, by its path."""
    compared: float | None = None
    late: float = 0.0
    _scraped: float = 0.0

    async def look(self) -> bool:
        entries = await self.system.journal(self.since)
        self.since += len(entries)
        for entry in entries:
            path = entry["path"].lower()
            if figures.kind_of(entry["method"], path) == "GET connection":
                self.read.setdefault(path, (figures.moment(entry["time"]) - self.begin).total_seconds())
        every = 1.0 if self.compared is None else _SCRAPE_SECONDS
        if time.monotonic() >= self._scraped + every:
            await self.scrape()
        return len(self.read) >= self.system.fleet.connections and self.compared is not None

    async def scrape(self) -> None:
        self._scraped = time.monotonic()
        metrics = await self.system.metrics(UNCHECKED, LATE, _CACHE)
        self.late = max(self.late, metrics.get(LATE, 0.0))
        is_complete = metrics.get(_KNOWN, 0.0) >= self.system.fleet.connections
        if self.compared is None and is_complete and metrics.get(UNCHECKED) == 0:
            self.compared = (datetime.now(UTC) - self.begin).total_seconds()
