"""What this process remembers of a connection between passes. All of it may be lost: the next reads make up for it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.domain.faults import Fault, FaultKind
from azure_vpn_operator.domain.snapshot import Attempts, KeyCheck

FORGIVE_AFTER: Final = timedelta(minutes=30)
"""A change that Azure failed to carry out is tried once more after so long."""
RECHECK_KEY_AFTER: Final = timedelta(hours=1)


@dataclass(slots=True)
class KeyMemory:
    """What is known of the key in Azure."""

    equal_version: str | None = None
    """Version of the Secret whose key was last known to be in Azure."""
    checked_version: str | None = None
    checked_at: datetime | None = None
    result: KeyCheck = KeyCheck.NOT_NEEDED

    def due(self, version: str, now: datetime) -> bool:
        """Whether the key has to be compared (again)."""
        if self.checked_version != version or self.checked_at is None:
            return True
        return now - self.checked_at > RECHECK_KEY_AFTER

    def remember(self, version: str, result: KeyCheck, now: datetime) -> None:
        """Keep the result of a comparison."""
        self.checked_version, self.checked_at, self.result = version, now, result
        if result is KeyCheck.EQUAL:
            self.equal_version = version

    def forget(self) -> None:
        """Compare again at the next pass."""
        self.checked_version = self.checked_at = None


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
    updating_since: datetime | None = None
    first_try: datetime | None = None
    """When this process first tried to read the connection."""
    last_read: datetime | None = None
    seen_configuration: tuple[object, ...] | None = None
    """What the last GET showed; None if it showed nothing there."""
    listed_configuration: tuple[object, ...] | None = None
    sent_tags: frozenset[str] = frozenset()
    """Names of tags that this process has sent for the object: known as ours even if no status has told so yet."""
    key: KeyMemory = field(default_factory=KeyMemory)

    def attempts(self, wish: tuple[object, ...], now: datetime) -> Attempts:
        """Return the attempts at this wish; another wish, or time, forgives failures."""
        if self.wish != wish:
            self.wish, self.failures, self.last_failure = wish, 0, None
            self.forgive()
        if self.tried_at is not None and now - self.tried_at > FORGIVE_AFTER:
            self.failed_writes = max(self.failed_writes - 1, 0)
            self.fruitless_writes = max(self.fruitless_writes - 1, 0)
            self.tried_at = now
        return Attempts(
            failures=self.failures,
            failed_writes=self.failed_writes,
            last_failure=self.last_failure,
            fruitless_writes=self.fruitless_writes,
            updating_since=self.updating_since,
            last_read=self.last_read or self.first_try,
        )

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
