"""What the metrics show of each object, read from the store when somebody scrapes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from azure_vpn_operator.app.fleet_samples import sample_connection, sample_policy
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.memory import Memories
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord
from azure_vpn_operator.reconcile.tenancy import Tenancy
from azure_vpn_operator.reconcile.writes.gateway_line import GatewayLine
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.telemetry.fleet_samples import ChangesSample, FleetSample

T = TypeVar("T")


class _Source(Protocol):
    """What is read of the core."""

    store: Store
    reader: Reader
    operations: Operations
    clock: Clock
    memories: Memories
    disruptions: Disruptions
    line: GatewayLine
    tenancy: Tenancy


class FleetReader:
    """Samples the store, and notes when the watches last brought something."""

    def __init__(
        self,
        core: _Source,
        supervisor: Supervisor,
        *,
        installation: str,
        per_object: bool = True,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """Take whether objects have series of their own, and how to find out whether this process leads."""
        self._core = core
        self._supervisor = supervisor
        self._installation = installation
        self._per_object = per_object
        self._leads = leads
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
        """Read what there are series of. A standby knows the objects too, and shows none: each would be there twice."""
        store, now, leading = self._core.store, self._core.clock.monotonic(), self._leads()
        records = tuple(record for record in store.list(CONNECTION) if isinstance(record, ConnectionRecord))
        policies = tuple(record for record in store.list(POLICY) if isinstance(record, PolicyRecord))
        memories, count_users = self._core.memories, self._core.reader.count_users_of_policy
        references = [count_users(policy.metadata.namespace, policy.metadata.name) for policy in policies]
        places, routes = self._core.line.places(), self._core.tenancy.routes_received()
        return FleetSample(
            installation=self._installation,
            leading=leading,
            connections=_Lazily(lambda: (sample_connection(item, memories, places, routes) for item in records))
            if leading
            else (),
            policies=_Lazily(lambda: map(sample_policy, policies, references)) if leading else (),
            per_object=self._per_object,
            changes=self._changes() if leading else None,
            cache_objects={kind: store.count(kind) for kind in (CONNECTION, POLICY)},
            watch_last_event_age={kind: now - then for kind, then in self._last_event.items()},
            event_loop_lag=self._supervisor.event_loop_lag,
        )

    def _changes(self) -> ChangesSample:
        core = self._core
        return ChangesSample(
            operations_in_progress=len(core.operations),
            unchecked_connections=sum(not core.memories.is_compared(key) for key in core.store.keys(CONNECTION)),
            unconfirmed=core.disruptions.unconfirmed,
            waiting=len(core.disruptions),
            halted=core.disruptions.breaker.one_from is not None,
            lines=core.line.lengths(),
        )


@dataclass(frozen=True, slots=True)
class _Lazily(Generic[T]):
    """Samples that are made when somebody goes through them, which may be in another thread: records never change."""

    make: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.make()
