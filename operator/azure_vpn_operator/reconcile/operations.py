"""Operations of ours that Azure has not finished: kept in memory only, looked at once per pass.

Losing this is harmless: after a restart the connection's own provisioningState says that something is running.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Read
from azure_vpn_operator.domain.azure.operation_end import End, Sent, judge_end
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, OpenOperation, OperationKind
from azure_vpn_operator.ports import Accepted, ConnectionsPort, OperationStatus
from azure_vpn_operator.reconcile.memory import HalfKey
from azure_vpn_operator.reconcile.operation_times import FIRST_LOOK, OperationTimes, OperationType
from azure_vpn_operator.runtime.clock import Clock

UNREADABLE_RETRY_SECONDS = 10.0
_SOON: Final = 0.05
"""A look that is due within so many seconds is due."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A write that Azure has accepted."""

    kind: OperationKind
    subscription: str
    accepted: Accepted
    sent: Sent | None = None
    """What will show in the connection; None if nothing will."""
    creating: bool = False
    why: str = ""
    """For the status, while it runs."""

    @property
    def type(self) -> OperationType:
        """What it is like."""
        return OperationType(self.subscription, self.kind, self.creating)


@dataclass(slots=True)
class _Entry:
    connections: ConnectionsPort
    """As who began it; nobody else may look at it."""
    beginning: Beginning
    url: str
    since: datetime
    begun: float
    may_poll_at: float
    """Azure is not asked about the operation before."""
    read_at: float | None = None
    """When to read the connection; None if only the operation can tell, or nobody knows when."""
    early_looks: int = 0
    running_at: float | None = None


class Operations:
    """The open operations, one per connection at most."""

    def __init__(self, connections_for: Callable[[str], ConnectionsPort], clock: Clock, times: OperationTimes) -> None:
        """Take the connections in Azure as a namespace sees them."""
        self._connections_for = connections_for
        self._clock = clock
        self._times = times
        self._open: dict[HalfKey, _Entry] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def __contains__(self, key: HalfKey) -> bool:
        """Whether this connection has one."""
        return key in self._open

    def begin(self, key: HalfKey, beginning: Beginning) -> float:
        """Remember an accepted write; returns the seconds until the first look. ValueError if there is nothing to look at."""
        accepted, now = beginning.accepted, self._clock.monotonic()
        if accepted.operation_url is None:
            raise ValueError("Azure named no operation")
        entry = self._open[key] = _Entry(
            self._connections_for(key.object.namespace),
            beginning,
            accepted.operation_url,
            self._clock.now(),
            now,
            now + max(accepted.retry_after, 0.0),
        )
        if beginning.sent is not None:
            expected = self._times.expected(beginning.type)
            if expected is not None:
                entry.read_at = now + expected
            elif self._times.explore(beginning.type):
                entry.read_at = now + FIRST_LOOK
        return self._next_in(entry)

    def forget(self, key: HalfKey) -> None:
        """Drop it; its end will show in the connection."""
        self._open.pop(key, None)

    async def look(self, key: HalfKey) -> OpenOperation | FailedOperation | None:
        """Where the connection's operation stands; None if there is none, or it has just ended well.

        If `read_due` is set, the connection should be read now, and `seen` told what it shows.
        """
        entry = self._open.get(key)
        if entry is None:
            return None
        if entry.connections is not self._connections_for(key.object.namespace):
            # The namespace has got another identity: the connection itself will tell.
            self.forget(key)
            return None
        self._use_estimate(entry)
        early = self._next_in(entry)
        if early > _SOON:
            return self._still_open(entry)
        if entry.read_at is not None:
            return self._still_open(entry, read_due=True)
        state = await entry.connections.poll(entry.url, entry.beginning.subscription)
        if isinstance(state, Fault):
            return self._unreadable(key, entry, state)
        match state.status:
            case OperationStatus.IN_PROGRESS:
                entry.running_at = self._age(entry)
                return self._poll_later(entry, state.retry_after)
            case OperationStatus.SUCCEEDED | OperationStatus.GONE:
                self._learn(entry)
                self.forget(key)
                return None
            case OperationStatus.FAILED:
                self.forget(key)
                unknown = Fault(FaultKind.REJECTED, "OperationFailed", "Azure gave no reason")
                return FailedOperation(entry.beginning.kind, state.fault or unknown)

    def seen(self, key: HalfKey, read: Read[LiveConnection]) -> OpenOperation | None:
        """Take a read of the connection that was due; None if it shows that the operation has ended well."""
        entry = self._open.get(key)
        if entry is None or entry.beginning.sent is None:
            return None
        match judge_end(entry.beginning.sent, read):
            case End.ENDED:
                self._learn(entry)
                self.forget(key)
                return None
            case End.RUNNING:
                entry.early_looks += 1
                entry.running_at = self._age(entry)
                step = self._times.next_step(entry.beginning.type, entry.running_at, entry.early_looks)
                entry.read_at = self._clock.monotonic() + step
            case End.ASK:
                entry.read_at = None
                # What the connection shows cannot be trusted to be the answer.
                entry.beginning = replace(entry.beginning, sent=None)
        return self._still_open(entry)

    def _use_estimate(self, entry: _Entry) -> None:
        """An operation that began when nobody knew how long it would take."""
        if entry.read_at is not None or entry.beginning.sent is None:
            return
        expected = self._times.expected(entry.beginning.type)
        if expected is not None:
            entry.read_at = entry.begun + expected

    def _unreadable(self, key: HalfKey, entry: _Entry, fault: Fault) -> OpenOperation | None:
        if fault.kind in {FaultKind.UNSUPPORTED, FaultKind.FORBIDDEN, FaultKind.NOT_FOUND}:
            # The right to read operations is of subscription scope and may be missing: then the connection itself tells.
            self.forget(key)
            return None
        return self._poll_later(entry, fault.retry_after or UNREADABLE_RETRY_SECONDS)

    def _poll_later(self, entry: _Entry, seconds: float) -> OpenOperation:
        entry.may_poll_at = self._clock.monotonic() + seconds
        return self._still_open(entry)

    def _still_open(self, entry: _Entry, *, read_due: bool = False) -> OpenOperation:
        return OpenOperation(
            entry.beginning.kind,
            creating=entry.beginning.creating,
            retry_after=max(self._next_in(entry), _SOON),
            since=entry.since,
            why=entry.beginning.why,
            read_due=read_due,
        )

    def _next_in(self, entry: _Entry) -> float:
        due = entry.may_poll_at if entry.read_at is None else entry.read_at
        return due - self._clock.monotonic()

    def _age(self, entry: _Entry) -> float:
        return self._clock.monotonic() - entry.begun

    def _learn(self, entry: _Entry) -> None:
        self._times.learn(entry.beginning.type, running_at=entry.running_at, ended_by=self._age(entry))
