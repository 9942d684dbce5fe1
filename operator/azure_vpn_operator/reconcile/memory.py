"""What this process remembers of a connection between passes. All of it may be lost: the next reads make up for it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.passes.observations import Observations
from azure_vpn_operator.domain.passes.reset_view import SentReset
from azure_vpn_operator.domain.passes.snapshot import Attempts, KeyCheck
from azure_vpn_operator.domain.passes.traffic import TrafficRecord
from azure_vpn_operator.ports import Pending
from azure_vpn_operator.runtime.keys import ObjectKey

FORGIVE_AFTER: Final = timedelta(minutes=30)
"""A change that Azure failed to carry out is tried once more after so long."""
RECHECK_KEY_AFTER: Final = timedelta(hours=1)


@dataclass(slots=True)
class KeyMemory:
    """What is known of the key in Azure."""

    equal_mark: str | None = None
    """Digest of the key that was last known to be in Azure; its Secret's version if there are no digests."""
    checked_mark: str | None = None
    checked_at: datetime | None = None
    result: KeyCheck = KeyCheck.NOT_NEEDED
    asked: bool = False
    """A person wants it compared now."""

    def due(self, mark: str, now: datetime) -> bool:
        """Whether a key that is not known to be in Azure has to be compared (again)."""
        if self.asked or self.checked_mark != mark or self.checked_at is None:
            return True
        return now - self.checked_at > RECHECK_KEY_AFTER

    def was_equal(self, mark: str) -> bool:
        """Whether the last comparison was with this key, and found it in Azure."""
        return self.checked_mark == mark and self.result is KeyCheck.EQUAL

    def recheck_due(self, now: datetime, spread: float) -> bool:
        """Whether it is time to see that a known key is still there. The first time comes after a part (0 to 1) of the interval."""
        if self.checked_at is None:
            self.checked_at = now - RECHECK_KEY_AFTER * (1 - spread)
        return self.asked or now - self.checked_at > RECHECK_KEY_AFTER

    def remember(self, mark: str, result: KeyCheck, now: datetime) -> None:
        """Keep the result of a comparison."""
        self.checked_mark, self.checked_at, self.result, self.asked = mark, now, result, False
        if result is KeyCheck.EQUAL:
            self.equal_mark = mark

    def ask(self) -> None:
        """Compare at the next pass, whatever is known."""
        self.asked = True

    def forget(self) -> None:
        """A key is written, or about to be: what was known of the one before is of no more account."""
        self.checked_mark = self.checked_at = None
        self.result = KeyCheck.NOT_NEEDED


@dataclass(slots=True)
class IkeQuestion:
    """The last question for a connection's IKE SAs."""

    of_change: datetime
    """About which change: its start."""
    asked_at: datetime
    pending: Pending | None = None
    """Where to look for the answer, until it is there or given up."""
    look_at: float = 0.0


@dataclass(slots=True)
class LogMemory:
    """What the gateway's log has told of an outage."""

    outage: datetime
    """Which outage: its beginning."""
    next_read: datetime
    lines: tuple[GatewayLogLine, ...] = ()
    """Newest first."""
    reads: int = 0
    """How often it was asked for in this outage."""
    unread: bool = False
    """This process has found the tunnel down, and does not know what the log says."""


@dataclass(frozen=True, slots=True, order=True)
class HalfKey:
    """One connection in Azure, as a half of an object."""

    object: ObjectKey
    role: HalfRole = HalfRole.FORWARD


@dataclass(slots=True)
class ConnectionMemory:
    """One connection's memory. `wish` is what the failures count against: a changed wish starts afresh."""

    wish: tuple[object, ...] | None = None
    failures: int = 0
    failed_writes: int = 0
    fruitless_writes: int = 0
    tried_at: datetime | None = None
    """When a write last failed or was last accepted without having been seen in force since."""
    last_failure: Fault | None = None
    refusal: Fault | None = None
    refused_until: datetime | None = None
    """Azure refused the wish for good: it is not asked again before."""
    locked_by_partner: bool = False
    """Azure locked this half's gateway while the other half of the pair changed."""
    updating_since: datetime | None = None
    first_try: datetime | None = None
    """When this process first tried to read the connection."""
    last_read: datetime | None = None
    compared: bool = False
    """Its configuration was compared with Azure since the start, by a list or a GET; or there is nothing to compare."""
    seen_configuration: tuple[object, ...] | None = None
    """What the last GET showed, or the list that stood for the first one; None if it showed nothing there."""
    seen_tunnel_values: tuple[object, ...] | None = None
    """The part of it whose change takes the tunnel down."""
    seen_policies: tuple[CanonicalPolicy, ...] = ()
    """The policy in it; empty for Azure's Default policy."""
    listed_configuration: tuple[object, ...] | None = None
    traffic: TrafficRecord | None = None
    """Azure's byte counters, as the last GET showed them."""
    flaps: int = 0
    """How often a tunnel of it was found to have gone down by itself."""
    observations: Observations | None = None
    """What was seen of the tunnels since the object's change came into force."""
    ike_question: IkeQuestion | None = None
    log: LogMemory | None = None
    """None while the tunnel is not down."""
    busy_at: datetime | None = None
    """When an operation of ours was last seen running on it."""
    sent_tags: frozenset[str] = frozenset()
    """Names of tags that this process has sent for the object: known as ours even if no status has told so yet."""
    key_mark: str | None = None
    """Which key was wanted when the Secret was last read."""
    looked_at: tuple[object, ...] | None = None
    """The version of object and policy for which a look at Azure showed that nothing is to be written now."""
    untold: tuple[str, ConnectionHalf | None] | None = None
    """Uid of the object, and its half as the last status has it, if that could not be stored."""
    sent_reset: SentReset | None = None
    """The last reset that Azure has taken from this process."""
    key: KeyMemory = field(default_factory=KeyMemory)

    def note_key(self, mark: str | None) -> str | None:
        """Remember which key is wanted."""
        self.key_mark = mark
        return mark

    def attempts(self, wish: tuple[object, ...], now: datetime) -> Attempts:
        """Return the attempts at this wish; another wish, or time, forgives failures."""
        if self.wish != wish:
            self.wish, self.failures, self.last_failure = wish, 0, None
            self.forgive()
            self.refusal = self.refused_until = None
        if self.refused_until is not None and now >= self.refused_until:
            self.refusal = self.refused_until = None
        if self.tried_at is not None and now - self.tried_at > FORGIVE_AFTER:
            self.failed_writes = max(self.failed_writes - 1, 0)
            self.fruitless_writes = max(self.fruitless_writes - 1, 0)
            self.tried_at = now
        return Attempts(
            failures=self.failures,
            failed_writes=self.failed_writes,
            last_failure=self.last_failure,
            fruitless_writes=self.fruitless_writes,
            refusal=self.refusal,
            locked_by_partner=self.locked_by_partner,
            updating_since=self.updating_since,
            last_read=self.last_read or self.first_try,
        )

    def note_refusal(self, fault: Fault, now: datetime, seconds: float) -> None:
        """Azure refused the wish; nothing is sent for so long, unless the wish changes."""
        self.refusal, self.refused_until = fault, now + timedelta(seconds=seconds)

    def count_failed_write(self, fault: Fault, now: datetime) -> None:
        """Count a write that Azure took and then did not carry out. One that lost against a lock does not count."""
        self.fruitless_writes = max(self.fruitless_writes - 1, 0)
        if fault.kind is not FaultKind.BUSY:
            self.failed_writes += 1
            self.tried_at, self.last_failure = now, fault

    def count_accepted_write(self, now: datetime) -> None:
        """Count a write that Azure took and that has to show."""
        self.fruitless_writes += 1
        self.tried_at = now

    def forgive(self) -> None:
        """Azure holds what is wanted, or something else is wanted: earlier attempts no longer count."""
        self.failed_writes, self.fruitless_writes, self.tried_at = 0, 0, None


class Memories:
    """The memories of all connections."""

    def __init__(self) -> None:
        self._of_objects: dict[ObjectKey, dict[HalfRole, ConnectionMemory]] = {}

    def of(self, half: HalfKey) -> ConnectionMemory:
        """What this process remembers of the half."""
        return self._of_objects.setdefault(half.object, {}).setdefault(half.role, ConnectionMemory())

    def of_object(self, key: ObjectKey) -> dict[HalfKey, ConnectionMemory]:
        """What it remembers of the object's halves, those that have left its spec too."""
        return {HalfKey(key, role): memory for role, memory in self._of_objects.get(key, {}).items()}

    def is_compared(self, key: ObjectKey) -> bool:
        """Whether the configuration of the object's halves was compared with Azure since the start."""
        known = self._of_objects.get(key)
        return known is not None and all(memory.compared for memory in known.values())

    def known_of(self, half: HalfKey) -> ConnectionMemory | None:
        """The same for those who only look: None if nothing is remembered."""
        return self._of_objects.get(half.object, {}).get(half.role)

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._of_objects.pop(key, None)
