"""The running system that is measured: what the bench asks of it and does to it.

Azure's side is read from the simulator's journal, the API server's from its audit log, the process's from /proc. Of the
operator's own metrics only those are used that nothing outside can see: how late its event loop is, and how many
connections it has not compared yet.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient

from workbench.bench import figures
from workbench.bench.fleet import NAMESPACE, Fleet
from workbench.bench.yardstick import measure_get
from workbench.progress import Progress
from workbench.rest import ApiError, Document, call
from workbench.stack import SERVICE_ACCOUNT, SYSTEM_NAMESPACE, Stack

USER = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}"
INSTALLATION = "demo"
PATIENCE_SECONDS = 120.0
AUDIT_DELAY_SECONDS = 0.5
"""kube-apiserver writes its audit log in batches."""

_PLURALS = {"VpnConnection": "vpnconnections", "IpsecPolicy": "ipsecpolicies"}
_AT_ONCE = 8
"""Requests of ours to the API server at a time."""


class System:
    """One running system under measurement."""

    def __init__(self, stack: Stack, fleet: Fleet, cluster: ApiClient, web: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.fleet = fleet
        self._cluster = cluster
        self._web = web

    # Kubernetes

    async def create(self, document: Document) -> None:
        """Create one object of the fleet."""
        await call(self._cluster, "POST", object_path(document["kind"]), body=document)

    async def create_all(self, documents: Iterable[Document], what: str) -> None:
        """Create many objects, a few at a time."""
        await self._each(list(documents), self.create, what)

    async def delete(self, kind: str, name: str) -> None:
        """Delete one object."""
        await call(self._cluster, "DELETE", object_path(kind, name))

    async def patch(self, kind: str, name: str, change: Document) -> None:
        """Merge a change into an object."""
        await self._merge(object_path(kind, name), change)

    async def get(self, kind: str, name: str) -> Document | None:
        """One object, or None if it is not there."""
        try:
            return await call(self._cluster, "GET", object_path(kind, name))
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    async def connections(self) -> list[Document]:
        """All connections."""
        found = await call(self._cluster, "GET", object_path("VpnConnection"), timeout_seconds=60)
        return list(found["items"])

    async def all_ready(self) -> bool:
        """Whether all connections are Ready and Connected in their latest generation."""
        documents = await self.connections()
        return len(documents) == self.fleet.connections and all(is_ready(document) for document in documents)

    async def age_conditions(self) -> None:
        """Let all that the connections' conditions tell have happened long ago; the operator must not run."""

        async def age(document: Document) -> None:
            found = document["status"]["conditions"]
            for item in found:
                item["lastTransitionTime"] = "2026-01-01T00:00:00Z"
            path = object_path("VpnConnection", document["metadata"]["name"])
            await self._merge(f"{path}/status", {"status": {"conditions": found}})

        await self._each(await self.connections(), age, "Ageing the conditions of all connections")

    async def _merge(self, path: str, change: Document) -> None:
        await call(self._cluster, "PATCH", path, body=change, content_type="application/merge-patch+json")

    async def _each(self, items: list[Document], act: Callable[[Document], Awaitable[object]], what: str) -> None:
        done, free = 0, asyncio.Semaphore(_AT_ONCE)

        async def one(item: Document) -> None:
            nonlocal done
            async with free:
                await act(item)
            done += 1
            progress.update(f"{done} of {len(items)}")

        with Progress(what) as progress:
            await asyncio.gather(*map(one, items))

    def audited(self, begin: datetime, end: datetime, containing: str = "") -> dict[str, int]:
        """The operator's requests to the API server between two moments, by verb and resource.

        Call it AUDIT_DELAY_SECONDS after the end.
        """
        log = self.stack.plane.audit_log
        if log is None:
            raise RuntimeError("the control plane was started without an audit log")
        with log.open(encoding="utf-8") as lines:
            ours = [json.loads(line) for line in lines if USER in line and containing in line]
        return figures.audited(ours, USER, begin, end)

    # Azure

    async def journal(self, since: int) -> list[Document]:
        """What was asked of Azure from a number on."""
        async with self._web.get(f"{self.stack.azure.control_url}/journal?since={since}") as answer:
            return list((await answer.json())["entries"])

    async def journal_end(self) -> int:
        """The number that the next entry of the journal will have."""
        async with self._web.get(f"{self.stack.azure.control_url}/journal?since=999999999999") as answer:
            return int((await answer.json())["next"])

    async def outages(self, since: int) -> Document:
        """Outages that other settings of a connection have begun, from a number of the simulator's history on."""
        url = f"{self.stack.azure.control_url}/outages?since={since}&cause=Settings"
        async with self._web.get(url) as answer:
            found: Document = await answer.json()
            return found

    # The operator's process

    @property
    def resident_mebibytes(self) -> float:
        """Its resident memory."""
        return figures.resident_mebibytes(self._proc("status"))

    @property
    def processor_seconds(self) -> float:
        """The processor time that it has used since it was started."""
        return figures.processor_seconds(self._proc("stat"), os.sysconf("SC_CLK_TCK"))

    async def metrics(self, *names: str) -> dict[str, float]:
        """Its metrics of these names, by name and labels as they are exposed. All of them would cost it a second at 5,000 connections."""
        address = f"http://127.0.0.1:{self.stack.metrics_port}/metrics"
        async with self._web.get(address, params=[("name[]", name) for name in names]) as answer:
            return figures.samples(await answer.text())

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.stack.operator.pid}/{name}").read_text(encoding="utf-8", errors="replace")

    async def sdk_get_milliseconds(self) -> float:
        """What one GET of a connection by Azure's SDK costs this machine."""
        group, name = self.fleet.group(1), self.fleet.name(1)
        return await asyncio.to_thread(measure_get, self.stack.operator_environment, group, name)

    # Waiting

    async def until(
        self,
        is_so: Callable[[], Awaitable[bool]],
        what: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        look_seconds: float = 0.05,
        tell: Callable[[], str] = lambda: "",
    ) -> None:
        """Wait until something is so, and say so on standard error if it takes long; raises TimeoutError."""
        begun = time.monotonic()
        progress: Progress | None = None
        with ExitStack() as entered:
            while not await is_so():
                now = time.monotonic()
                if now > begun + patience_seconds:
                    raise TimeoutError(f"not within {patience_seconds:g} s: {what}. {self.stack.operator.last_words()}")
                if progress is None and now > begun + 2:
                    progress = entered.enter_context(Progress(f"Until {what}"))
                if progress is not None:
                    progress.update(tell())
                await asyncio.sleep(look_seconds)


@asynccontextmanager
async def run_system(
    directory: Path,
    fleet: Fleet,
    *,
    time_scale: float,
    operator_flags: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[System]:
    """A system whose Azure has the fleet and whose API server has its objects, in order and at rest; the operator is stopped."""
    topology = directory / "topology.json"
    topology.write_text(json.dumps(fleet.topology(INSTALLATION)), encoding="utf-8")
    stack = Stack(
        directory, time_scale=time_scale, topology=str(topology), operator_flags=operator_flags, audit=True, say=say
    )
    async with stack, stack.plane.client() as cluster, aiohttp.ClientSession() as web:
        system = System(stack, fleet, cluster, web)
        await stack.plane.create_namespace(NAMESPACE)
        await system.create_all(fleet.shared_objects(), "Secret and shared policies")
        await system.create_all(fleet.objects(), f"Creating the objects of {fleet.connections} connections")
        await system.until(
            system.all_ready,
            f"the fleet of {fleet.connections} is Ready",
            patience_seconds=max(PATIENCE_SECONDS, fleet.connections),
            look_seconds=max(0.05, fleet.connections / 500),
        )
        await asyncio.sleep(1)
        await stack.operator.stop()
        await system.age_conditions()
        yield system


def object_path(kind: str, name: str | None = None) -> str:
    """The path of an object, or of all of its kind, in the bench's namespace."""
    path = (
        f"/api/v1/namespaces/{NAMESPACE}/secrets"
        if kind == "Secret"
        else f"/apis/azvpn.dev/v1alpha1/namespaces/{NAMESPACE}/{_PLURALS[kind]}"
    )
    return path if name is None else f"{path}/{name}"


def is_ready(document: Document) -> bool:
    """Whether a connection is Ready and Connected in its latest generation."""
    generation = document["metadata"]["generation"]
    conditions: list[Any] = (document.get("status") or {}).get("conditions") or []
    ready = any(
        item["type"] == "Ready" and item["status"] == "True" and item["observedGeneration"] == generation
        for item in conditions
    )
    return ready and any(item["type"] == "Connected" and item["status"] == "True" for item in conditions)


def is_held_by_all(policy: Document) -> bool:
    """Whether all connections of a policy hold its latest generation in Azure."""
    status = policy.get("status") or {}
    return (
        status.get("observedGeneration") == policy["metadata"]["generation"]
        and status.get("updatedConnections") == status.get("connections") != 0
    )
