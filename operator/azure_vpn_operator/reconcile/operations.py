"""Operations of ours that Azure has not finished: kept in memory only, looked at once per pass.

Losing this is harmless: after a restart the connection's own provisioningState says that something is running.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, OpenOperation, OperationKind
from azure_vpn_operator.ports import ConnectionsPort, OperationState, OperationStatus
from azure_vpn_operator.reconcile.memory import HalfKey
from azure_vpn_operator.runtime.clock import Clock

UNREADABLE_RETRY_SECONDS = 10.0


@dataclass(slots=True)
class _Entry:
    connections: ConnectionsPort
    """As who began it; nobody else may look at it."""
    kind: OperationKind
    creating: bool
    url: str
    subscription: str
    since: datetime
    next_look: float


class Operations:
    """The open operations, one per connection at most."""

    def __init__(self, connections_for: Callable[[str], ConnectionsPort], clock: Clock) -> None:
        """Take the connections in Azure as a namespace sees them."""
        self._connections_for = connections_for
        self._clock = clock
        self._open: dict[HalfKey, _Entry] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def __contains__(self, key: HalfKey) -> bool:
        """Whether this connection has one."""
        return key in self._open

    def begin(
        self,
        key: HalfKey,
        kind: OperationKind,
        url: str,
        subscription: str,
        retry_after: float,
        *,
        creating: bool = False,
    ) -> None:
        """Remember an accepted write."""
        self._open[key] = _Entry(
            self._connections_for(key.object.namespace),
            kind,
            creating,
            url,
            subscription,
            self._clock.now(),
            self._clock.monotonic() + max(retry_after, 0.0),
        )

    def forget(self, key: HalfKey) -> None:
        """Drop it; its end will show in the connection."""
        self._open.pop(key, None)

    async def look(self, key: HalfKey) -> OpenOperation | FailedOperation | None:
        """Where the connection's operation stands; None if there is none, or it has just ended well."""
        entry = self._open.get(key)
        if entry is None:
            return None
        if entry.connections is not self._connections_for(key.object.namespace):
            # The namespace has got another identity: the connection itself will tell.
            self.forget(key)
            return None
        early = entry.next_look - self._clock.monotonic()
        if early > 0.05:
            return self._still_open(entry, early)
        state = await entry.connections.poll(entry.url, entry.subscription)
        if isinstance(state, Fault):
            return self._unreadable(key, entry, state)
        match state.status:
            case OperationStatus.IN_PROGRESS:
                return self._look_later(entry, state)
            case OperationStatus.SUCCEEDED | OperationStatus.GONE:
                self.forget(key)
                return None
            case OperationStatus.FAILED:
                self.forget(key)
                unknown = Fault(FaultKind.REJECTED, "OperationFailed", "Azure gave no reason")
                return FailedOperation(entry.kind, state.fault or unknown)

    def _unreadable(self, key: HalfKey, entry: _Entry, fault: Fault) -> OpenOperation | None:
        if fault.kind in {FaultKind.UNSUPPORTED, FaultKind.FORBIDDEN, FaultKind.NOT_FOUND}:
            # The right to read operations is of subscription scope and may be missing: then the connection itself tells.
            self.forget(key)
            return None
        return self._look_later(
            entry, OperationState(OperationStatus.IN_PROGRESS, fault.retry_after or UNREADABLE_RETRY_SECONDS)
        )

    def _look_later(self, entry: _Entry, state: OperationState) -> OpenOperation:
        entry.next_look = self._clock.monotonic() + state.retry_after
        return self._still_open(entry, state.retry_after)

    def _still_open(self, entry: _Entry, seconds: float) -> OpenOperation:
        return OpenOperation(entry.kind, creating=entry.creating, retry_after=seconds, since=entry.since)
