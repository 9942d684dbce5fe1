"""One change at a time on a small fleet: how soon it is written, the requests that it costs, and the peace in between."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from workbench.bench import figures
from workbench.bench.fleet import LONE_GROUP, NAMESPACE, connection, policy
from workbench.bench.system import AUDIT_DELAY_SECONDS, PATIENCE_SECONDS, System, is_held_by_all, is_ready
from workbench.progress import Progress
from workbench.rest import Document

TIME_SCALE: Final = 120.0
"""Operations take fractions of a second, so that the operator is soon idle again. It does not change what is measured."""

LONE: Final = "lone"


async def measure_latency(system: System, edits: int) -> dict[str, figures.Latency]:
    """Edit one connection after the other and take the time from the API server's answer to the write's arrival in Azure.

    The operator is idle before each edit; every second one edits the connection's policy, the others the connection.
    """
    taken: dict[str, list[float]] = {"connection": [], "policy": []}
    with Progress(f"Latency: {edits} edits, one after the other") as progress:
        for number in range(edits):
            name = system.fleet.name(number % system.fleet.connections)
            kind = "connection" if number % 2 == 0 else "policy"
            since = await system.journal_end()
            if kind == "connection":
                await system.patch("VpnConnection", name, {"spec": {"routingWeight": 2 + number}})
            else:
                await system.patch("IpsecPolicy", name, {"spec": {"saLifeTimeSeconds": 3600 + number}})
            answered = datetime.now(UTC)
            taken[kind].append(await _seconds_until_written(system, name, since, answered))
            await system.until(functools.partial(_is_at_rest, system, name), f"{name} is at rest")
            progress.update(f"{number + 1} done")
    every = taken["connection"] + taken["policy"]
    return {
        "all": figures.Latency.of(every),
        "connectionEdit": figures.Latency.of(taken["connection"]),
        "policyEdit": figures.Latency.of(taken["policy"]),
    }


async def measure_changes(system: System) -> Document:
    """Requests to Azure and the API server for each kind of change to one connection, until it is at rest again."""

    async def create() -> None:
        for document in (policy(LONE, dhGroup="DHGroup14"), connection(LONE, LONE_GROUP, site="site")):
            await system.create(document)

    async def delete() -> None:
        for kind in ("VpnConnection", "IpsecPolicy"):
            await system.delete(kind, LONE)

    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "create": create,
        "connection edit": lambda: system.patch("VpnConnection", LONE, {"spec": {"routingWeight": 9}}),
        "policy edit": lambda: system.patch("IpsecPolicy", LONE, {"spec": {"saLifeTimeSeconds": 7200}}),
        "tag edit": lambda: system.patch("VpnConnection", LONE, {"spec": {"tags": {"team": "network"}}}),
        "alias only": lambda: system.patch("IpsecPolicy", LONE, {"spec": {"dhGroup": "DHGroup2048"}}),
        "delete": delete,
    }
    found: Document = {}
    for name, change in steps.items():
        since, begin = await system.journal_end(), datetime.now(UTC)
        await change()
        await system.until(functools.partial(_is_at_rest, system, LONE), f"rest after: {name}")
        end = datetime.now(UTC)
        requests = [entry for entry in await system.journal(since) if _concerns_lone(entry)]
        await asyncio.sleep(AUDIT_DELAY_SECONDS)
        found[name] = {
            "azure": figures.count_kinds(requests),
            "apiServer": system.audited(begin, end, containing=f"/namespaces/{NAMESPACE}/"),
            "seconds": round((end - begin).total_seconds(), 2),
        }
    return found


async def measure_idle(system: System, seconds: float) -> Document:
    """Requests per minute, and processor time, while nothing happens."""
    since, begin, used = await system.journal_end(), datetime.now(UTC), system.processor_seconds
    await asyncio.sleep(seconds)
    end = datetime.now(UTC)
    requests = await system.journal(since)
    used = system.processor_seconds - used
    await asyncio.sleep(AUDIT_DELAY_SECONDS)
    return {
        "seconds": seconds,
        "connections": system.fleet.connections,
        "resourceGroups": system.fleet.gateways,
        "azureRequestsPerMinute": figures.per_minute(figures.count_kinds(requests), seconds),
        "azureWrites": sum(figures.is_write(entry) for entry in requests),
        "apiServerRequestsPerMinute": figures.per_minute(system.audited(begin, end), seconds),
        "processorPercent": round(100 * used / seconds, 2),
        "residentMebibytes": system.resident_mebibytes,
    }


async def _seconds_until_written(system: System, name: str, since: int, answered: datetime) -> float:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        written = figures.first_write(await system.journal(since), name)
        if written is not None:
            return (written - answered).total_seconds()
        await asyncio.sleep(0.02)
    raise TimeoutError(f"nothing was written for {name}")


async def _is_at_rest(system: System, name: str) -> bool:
    """Azure holds the latest generation of the connection and of its policy; or both objects are gone."""
    states: list[bool | None] = []
    for kind, holds in (("VpnConnection", is_ready), ("IpsecPolicy", is_held_by_all)):
        document = await system.get(kind, name)
        states.append(holds(document) and not document["metadata"].get("deletionTimestamp") if document else None)
    return states in ([True, True], [None, None])


def _concerns_lone(entry: Document) -> bool:
    path = entry["path"].lower()
    return f"/{LONE_GROUP}/" in path or "/locations/" in path
