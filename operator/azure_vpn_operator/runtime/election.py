"""Who of several replicas leads, by one record that all of them see: the rules, without any I/O.

Nobody compares the clocks of two machines: a replica that does not lead counts, by its own clock, how long the leader's record has not
changed. The leader counts from before it sent its last renewal, so it stops before anybody else can begin.
"""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What the record says."""

    holder: str
    """Who leads; empty: nobody, since the last one has let go."""
    duration: float
    """Seconds for which it holds after each renewal."""
    acquired: datetime | None = None
    renewed: datetime | None = None
    transitions: int = 0
    """How often the holder has changed."""
    version: str = ""
    """The version that a write must name; empty: there is no record yet."""


class Election:
    """What one replica does about a record whenever it has read it."""

    def __init__(self, identity: str, duration: float) -> None:
        """Take the replica's name, which no other process has, and the seconds for which it wants to hold."""
        self._identity = identity
        self._duration = duration
        self._seen: LeaseRecord | None = None
        self._seen_at = 0.0

    def bid(self, record: LeaseRecord | None, monotonic: float, now: datetime) -> LeaseRecord | None:
        """The record to write in its place; None while somebody else leads. To be called with every record that is read."""
        if record is None:
            return LeaseRecord(self._identity, self._duration, now, now)
        if record != self._seen:
            self._seen, self._seen_at = record, monotonic
        if record.holder == self._identity:
            return replace(record, duration=self._duration, renewed=now)
        if record.holder and monotonic < self._seen_at + record.duration:
            return None
        return replace(
            record,
            holder=self._identity,
            duration=self._duration,
            acquired=now,
            renewed=now,
            transitions=record.transitions + 1,
        )

    def release(self, record: LeaseRecord, now: datetime) -> LeaseRecord | None:
        """The record that lets another replica lead at once; None if it is not ours."""
        if record.holder != self._identity:
            return None
        return replace(record, holder="", duration=1.0, renewed=now)
