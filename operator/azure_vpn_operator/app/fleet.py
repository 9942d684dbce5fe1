"""What the metrics show of each object, read from the store when somebody scrapes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from azure_vpn_operator.api.vpn_connection_status import HalfRole
from azure_vpn_operator.reconcile.memory import HalfKey, Memories
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.telemetry.fleet_metrics import (
    ConditionSample,
    ConnectionSample,
    FleetSample,
    PolicySample,
    TrafficSample,
)


class _Source(Protocol):
    """What is read of the core."""

    store: ObjectStore
    reader: Reader
    operations: Operations
    clock: Clock
    memories: Memories


class FleetReader:
    """Samples the store, and notes when the watches last brought something."""

    def __init__(self, core: _Source, supervisor: Supervisor) -> None:
        self._core = core
        self._supervisor = supervisor
        self._last_event: dict[str, float] = {}

    def note(
        self, seen: Callable[[str, Mapping[str, Any], bool], None]
    ) -> Callable[[str, Mapping[str, Any], bool], None]:
        """Wrap the receiver of watch events so that their age is known."""

        def noting(kind: str, document: Mapping[str, Any], gone: bool) -> None:  # noqa: FBT001 (the receiver's own form)
            self._last_event[kind] = self._core.clock.monotonic()
            seen(kind, document, gone)

        return noting

    def sample(self) -> FleetSample:
        """Read everything that has a series per object."""
        store, now = self._core.store, self._core.clock.monotonic()
        return FleetSample(
            connections=tuple(_connection(document) for document in store.list(CONNECTION)),
            policies=tuple(self._policy(document) for document in store.list(POLICY)),
            operations_in_progress=len(self._core.operations),
            unchecked_connections=sum(not self._core.memories.is_compared(key) for key in store.keys(CONNECTION)),
            cache_objects={kind: store.count(kind) for kind in (CONNECTION, POLICY)},
            watch_last_event_age={kind: now - then for kind, then in self._last_event.items()},
            event_loop_lag=self._supervisor.event_loop_lag,
            traffic=tuple(sample for document in store.list(CONNECTION) for sample in self._traffic(document)),
        )

    def _traffic(self, document: Document) -> Iterator[TrafficSample]:
        key = ObjectKey(CONNECTION, document["metadata"]["namespace"], document["metadata"]["name"])
        for half in (document.get("status") or {}).get("halves") or ():
            read = self._core.memories.traffic_of(HalfKey(key, HalfRole(half["role"])))
            if read is not None:
                yield TrafficSample(key.namespace, key.name, half["role"], read.ingress_bytes, read.egress_bytes)

    def _policy(self, document: Document) -> PolicySample:
        namespace, name = document["metadata"]["namespace"], document["metadata"]["name"]
        return PolicySample(namespace, name, references=len(self._core.reader.users_of_policy(namespace, name)))


def _connection(document: Document) -> ConnectionSample:
    status = document.get("status") or {}
    conditions = tuple(
        ConditionSample(item["type"], item["status"], item["reason"])
        for item in status.get("conditions") or ()
        if isinstance(item, Mapping)
    )
    connected = next((item.status for item in conditions if item.type == "Connected"), "Unknown")
    return ConnectionSample(
        document["metadata"]["namespace"],
        document["metadata"]["name"],
        conditions,
        connected=None if connected == "Unknown" else connected == "True",
    )
