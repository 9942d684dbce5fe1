"""What the metrics show of each object, read from the store when somebody scrapes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.memory import HalfKey, Memories
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord, Record
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.telemetry.fleet_metrics import (
    ConditionSample,
    ConnectionSample,
    FleetSample,
    PolicySample,
    TrafficSample,
)

T = TypeVar("T")


class _Source(Protocol):
    """What is read of the core."""

    store: Store
    reader: Reader
    operations: Operations
    clock: Clock
    memories: Memories
    disruptions: Disruptions


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
        records = tuple(record for record in store.list(CONNECTION) if isinstance(record, ConnectionRecord))
        return FleetSample(
            connections=_Lazily(lambda: map(_connection, records)),
            policies=tuple(self._policy(record) for record in store.list(POLICY)),
            operations_in_progress=len(self._core.operations),
            unconfirmed_changes=self._core.disruptions.unconfirmed,
            waiting_changes=len(self._core.disruptions),
            changes_halted=self._core.disruptions.breaker.one_from is not None,
            unchecked_connections=sum(not self._core.memories.is_compared(key) for key in store.keys(CONNECTION)),
            cache_objects={kind: store.count(kind) for kind in (CONNECTION, POLICY)},
            watch_last_event_age={kind: now - then for kind, then in self._last_event.items()},
            event_loop_lag=self._supervisor.event_loop_lag,
            traffic=_Lazily(lambda: (sample for record in records for sample in self._traffic(record))),
        )

    def _traffic(self, record: ConnectionRecord) -> Iterator[TrafficSample]:
        key = ObjectKey(CONNECTION, record.metadata.namespace, record.metadata.name)
        for half in record.status.halves:
            read = self._core.memories.traffic_of(HalfKey(key, half.role))
            if read is not None:
                yield TrafficSample(key.namespace, key.name, half.role.value, read.ingress_bytes, read.egress_bytes)

    def _policy(self, record: Record) -> PolicySample:
        namespace, name = record.metadata.namespace, record.metadata.name
        return PolicySample(namespace, name, references=self._core.reader.count_users_of_policy(namespace, name))


@dataclass(frozen=True, slots=True)
class _Lazily(Generic[T]):
    """Samples that are made when somebody goes through them, which may be in another thread: records never change."""

    make: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.make()


def _connection(record: ConnectionRecord) -> ConnectionSample:
    conditions = tuple(ConditionSample(item.type, item.status.value, item.reason) for item in record.status.conditions)
    connected = next((item.status for item in conditions if item.type == "Connected"), "Unknown")
    return ConnectionSample(
        record.metadata.namespace,
        record.metadata.name,
        conditions,
        connected=None if connected == "Unknown" else connected == "True",
    )
