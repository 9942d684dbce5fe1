"""What the bench does to a running system, and what it sees while doing so: requests, moments, memory.

Azure's side is read from the simulator's journal, the API server's from its audit log, the process's from /proc: nothing is
measured by the operator itself.
"""

import asyncio
import functools
import json
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient

from workbench.bench import figures
from workbench.bench.fleet import LONE_GROUP, NAMESPACE, Fleet, connection, policy
from workbench.rest import ApiError, Document, call
from workbench.stack import SERVICE_ACCOUNT, SYSTEM_NAMESPACE, Stack

USER = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}"
LONE = "lone"
PATIENCE_SECONDS = 120.0
_PLURALS = {"VpnConnection": "vpnconnections", "IpsecPolicy": "ipsecpolicies"}
_AUDIT_DELAY_SECONDS = 0.5


class Bench:
    """One running system under measurement."""

    def __init__(self, stack: Stack, fleet: Fleet, cluster: ApiClient, web: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.fleet = fleet
        self._cluster = cluster
        self._web = web

    # Measurements

    async def measure_start(self) -> Document:
        """Start the operator on a fleet that is in order: seconds until it is ready, and until all connections are checked."""
        since = await self._journal_end()
        begun = time.monotonic()
        await self.stack.start_operator()
        ready = time.monotonic() - begun
        await self._until(lambda: self._all_checked(since), "all connections are checked")
        checked = time.monotonic() - begun
        requests = await self._journal(since)
        return {
            "connections": self.fleet.connections,
            "gateways": self.fleet.gateways,
            "secondsUntilReady": round(ready, 2),
            "secondsUntilAllChecked": round(checked, 2),
            "processorSeconds": round(self._processor_seconds(), 2),
            "residentMebibytes": self._resident(),
            "azureRequests": figures.count_kinds(requests),
            "azureWrites": sum(figures.is_write(entry) for entry in requests),
        }

    async def measure_latency(self, edits: int) -> Document:
        """Edit one connection after the other and take the time from the API server's answer to the write's arrival in Azure.

        The operator is idle before each edit; every second one edits the connection's policy, the others the connection.
        """
        taken: dict[str, list[float]] = {"connection": [], "policy": []}
        for number in range(edits):
            name = self.fleet.name(number % self.fleet.connections)
            kind = "connection" if number % 2 == 0 else "policy"
            since = await self._journal_end()
            if kind == "connection":
                await self._patch("VpnConnection", name, {"spec": {"routingWeight": 2 + number}})
            else:
                await self._patch("IpsecPolicy", name, {"spec": {"saLifeTimeSeconds": 3600 + number}})
            answered = datetime.now(UTC)
            taken[kind].append(await self._seconds_until_written(name, since, answered))
            await self._until(functools.partial(self._is_at_rest, name), f"{name} is at rest")
        every = taken["connection"] + taken["policy"]
        return {
            "all": figures.Latency.of(every),
            "connectionEdit": figures.Latency.of(taken["connection"]),
            "policyEdit": figures.Latency.of(taken["policy"]),
        }

    async def measure_changes(self) -> Document:
        """Requests to Azure and the API server for each kind of change to one connection, until it is at rest again."""
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "create": self._create_lone,
            "connection edit": lambda: self._patch("VpnConnection", LONE, {"spec": {"routingWeight": 9}}),
            "policy edit": lambda: self._patch("IpsecPolicy", LONE, {"spec": {"saLifeTimeSeconds": 7200}}),
            "tag edit": lambda: self._patch("VpnConnection", LONE, {"spec": {"tags": {"team": "network"}}}),
            "alias only": lambda: self._patch("IpsecPolicy", LONE, {"spec": {"dhGroup": "DHGroup2048"}}),
            "delete": self._delete_lone,
        }
        found: Document = {}
        for name, change in steps.items():
            since, begin = await self._journal_end(), datetime.now(UTC)
            await change()
            await self._until(functools.partial(self._is_at_rest, LONE), f"rest after: {name}")
            end = datetime.now(UTC)
            requests = [entry for entry in await self._journal(since) if _concerns_lone(entry)]
            await asyncio.sleep(_AUDIT_DELAY_SECONDS)
            found[name] = {
                "azure": figures.count_kinds(requests),
                "apiServer": figures.audited(self._audit_lines(f"/namespaces/{NAMESPACE}/"), USER, begin, end),
                "seconds": round((end - begin).total_seconds(), 2),
            }
        return found

    async def measure_idle(self, seconds: float) -> Document:
        """Requests per minute, and processor time, while nothing happens."""
        since, begin, used = await self._journal_end(), datetime.now(UTC), self._processor_seconds()
        await asyncio.sleep(seconds)
        end = datetime.now(UTC)
        requests = await self._journal(since)
        used = self._processor_seconds() - used
        await asyncio.sleep(_AUDIT_DELAY_SECONDS)
        return {
            "seconds": seconds,
            "connections": self.fleet.connections,
            "resourceGroups": self.fleet.gateways,
            "azureRequestsPerMinute": figures.per_minute(figures.count_kinds(requests), seconds),
            "azureWrites": sum(figures.is_write(entry) for entry in requests),
            "apiServerRequestsPerMinute": figures.per_minute(
                figures.audited(self._audit_lines(""), USER, begin, end), seconds
            ),
            "processorPercent": round(100 * used / seconds, 2),
            "residentMebibytes": self._resident(),
        }

    # Preparations

    async def settle(self) -> None:
        """Wait until the fleet, whose objects are new, is Ready, stop the operator, and let all that have happened long ago."""
        await self._until(self._all_ready, "the fleet is Ready")
        await asyncio.sleep(1)
        await self.stack.operator.stop()
        for document in await self._list("VpnConnection"):
            status = document["status"]
            for item in status["conditions"]:
                item["lastTransitionTime"] = "2026-01-01T00:00:00Z"
            path = _path("VpnConnection", document["metadata"]["name"])
            patch = {"status": {"conditions": status["conditions"]}}
            await call(
                self._cluster, "PATCH", f"{path}/status", body=patch, content_type="application/merge-patch+json"
            )

    async def _create_lone(self) -> None:
        made = (policy(LONE, dhGroup="DHGroup14"), connection(LONE, LONE_GROUP, site="site"))
        for document in made:
            await call(self._cluster, "POST", _path(document["kind"]), body=document)

    async def _delete_lone(self) -> None:
        for kind in ("VpnConnection", "IpsecPolicy"):
            await call(self._cluster, "DELETE", _path(kind, LONE))

    # Looking

    async def _seconds_until_written(self, name: str, since: int, answered: datetime) -> float:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            written = figures.first_write(await self._journal(since), name)
            if written is not None:
                return (written - answered).total_seconds()
            await asyncio.sleep(0.02)
        raise TimeoutError(f"nothing was written for {name}")

    async def _all_checked(self, since: int) -> bool:
        """Azure was asked about each connection, and the operator has nothing left to do for the moment."""
        asked = {
            entry["path"].lower()
            for entry in await self._journal(since)
            if figures.kind_of(entry["method"], entry["path"]) == "GET connection"
        }
        return len(asked) >= self.fleet.connections and await self._all_ready()

    async def _all_ready(self) -> bool:
        documents = await self._list("VpnConnection")
        return len(documents) == self.fleet.connections and all(_is_ready(document) for document in documents)

    async def _is_at_rest(self, name: str) -> bool:
        """Azure holds the latest generation of the connection and of its policy; or both objects are gone."""
        states: list[bool | None] = []
        for kind, holds in (("VpnConnection", _is_ready), ("IpsecPolicy", _is_held_by_all)):
            try:
                document = await call(self._cluster, "GET", _path(kind, name))
            except ApiError as error:
                if error.status != 404:
                    raise
                states.append(None)
            else:
                states.append(holds(document) and not document["metadata"].get("deletionTimestamp"))
        return states in ([True, True], [None, None])

    async def _patch(self, kind: str, name: str, change: Document) -> Document:
        path = _path(kind, name)
        return await call(self._cluster, "PATCH", path, body=change, content_type="application/merge-patch+json")

    async def _list(self, kind: str) -> list[Document]:
        return list((await call(self._cluster, "GET", _path(kind), timeout_seconds=60))["items"])

    async def _journal(self, since: int) -> list[Document]:
        url = f"{self.stack.azure.control_url}/journal?since={since}"
        async with self._web.get(url) as answer:
            return list((await answer.json())["entries"])

    async def _journal_end(self) -> int:
        async with self._web.get(f"{self.stack.azure.control_url}/journal?since=999999999999") as answer:
            return int((await answer.json())["next"])

    def _audit_lines(self, containing: str) -> list[Any]:
        log = self.stack.plane.audit_log
        if log is None:
            raise RuntimeError("the control plane was started without an audit log")
        lines = log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if USER in line and containing in line]

    def _resident(self) -> float:
        return figures.resident_mebibytes(self._proc("status"))

    def _processor_seconds(self) -> float:
        return figures.processor_seconds(self._proc("stat"), os.sysconf("SC_CLK_TCK"))

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.stack.operator.pid}/{name}").read_text(encoding="utf-8", errors="replace")

    async def _until(self, is_so: Callable[[], Awaitable[bool]], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not await is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {PATIENCE_SECONDS:g} s: {what}. {self.stack.operator.last_words()}")
            await asyncio.sleep(0.05)


def _path(kind: str, name: str | None = None) -> str:
    path = f"/apis/azvpn.dev/v1alpha1/namespaces/{NAMESPACE}/{_PLURALS[kind]}"
    return path if name is None else f"{path}/{name}"


def _is_ready(document: Document) -> bool:
    generation = document["metadata"]["generation"]
    conditions = (document.get("status") or {}).get("conditions") or []
    ready = any(
        item["type"] == "Ready" and item["status"] == "True" and item["observedGeneration"] == generation
        for item in conditions
    )
    return ready and any(item["type"] == "Connected" and item["status"] == "True" for item in conditions)


def _is_held_by_all(policy_document: Document) -> bool:
    status = policy_document.get("status") or {}
    return (
        status.get("observedGeneration") == policy_document["metadata"]["generation"]
        and status.get("updatedConnections") == status.get("connections") == 1
    )


def _concerns_lone(entry: Document) -> bool:
    path = entry["path"].lower()
    return f"/{LONE_GROUP}/" in path or "/locations/" in path
