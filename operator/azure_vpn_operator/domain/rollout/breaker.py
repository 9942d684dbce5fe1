"""When too many changes fail: then no more tunnels are taken down, until one change has shown that it works again.

It follows from the verdicts that the objects' statuses tell, so that a restart does not forget it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = 10
"""So many of the last verdicts count."""
FAILURES: Final = 3
"""With so many failures among them nothing more is changed."""
COOL_DOWN: Final = timedelta(minutes=15)
"""So long after the last failure one change is tried."""


@dataclass(frozen=True, slots=True, order=True)
class PastVerdict:
    """How one change ended."""

    time: datetime
    failed: bool
    name: str
    """Of the object, as namespace/name."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether changes may take tunnels down."""

    failures: tuple[str, ...] = ()
    """Whose changes failed, if that has stopped all others; empty if nothing is stopped."""
    one_from: datetime | None = None
    """Then: when one change may be tried."""

    def lets_through(self, now: datetime, unconfirmed: int) -> bool:
        """Whether a change may begin while so many are not confirmed."""
        return self.one_from is None or (now >= self.one_from and unconfirmed == 0)


def judge_breaker(verdicts: Iterable[PastVerdict]) -> Breaker:
    """The state after these verdicts, which come in order of time.

    It stops all when 3 of the last 10 changes failed. A success closes that only if it comes after the cool-down: what was under way when
    all was stopped may still succeed, and shows nothing about the next one.
    """
    recent: list[PastVerdict] = []
    stopped: list[PastVerdict] = []
    for verdict in verdicts:
        if stopped:
            if verdict.failed:
                stopped.append(verdict)
            elif verdict.time - stopped[-1].time >= COOL_DOWN:
                recent, stopped = [], []
            continue
        recent = [*recent, verdict][-WINDOW:]
        failed = [item for item in recent if item.failed]
        if len(failed) >= FAILURES:
            stopped = failed
    if not stopped:
        return Breaker()
    return Breaker(tuple(item.name for item in stopped[-FAILURES:]), stopped[-1].time + COOL_DOWN)
