"""What this process remembers of a connection between passes. All of it may be lost: the next reads make up for it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.domain.faults import Fault
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
    failed_puts: int = 0
    failed_at: datetime | None = None
    last_failure: Fault | None = None
    updating_since: datetime | None = None
    last_read: datetime | None = None
    seen_configuration: tuple[object, ...] | None = None
    """What the last GET showed; None if it showed nothing there."""
    listed_configuration: tuple[object, ...] | None = None
    key: KeyMemory = field(default_factory=KeyMemory)

    def attempts(self, wish: tuple[object, ...], now: datetime) -> Attempts:
        """Return the attempts at this wish; another wish, or time, forgives failures."""
        if self.wish != wish:
            self.wish, self.failures, self.failed_puts, self.failed_at, self.last_failure = wish, 0, 0, None, None
        if self.failed_at is not None and now - self.failed_at > FORGIVE_AFTER:
            self.failed_puts, self.failed_at = max(self.failed_puts - 1, 0), None
        return Attempts(
            failures=self.failures,
            failed_puts=self.failed_puts,
            last_failure=self.last_failure,
            updating_since=self.updating_since,
            last_read=self.last_read,
        )

    def count_failed_put(self, fault: Fault, now: datetime) -> None:
        """Count a change that Azure took and then did not carry out."""
        self.failed_puts += 1
        self.failed_at, self.last_failure = now, fault
