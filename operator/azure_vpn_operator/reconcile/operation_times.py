"""How long operations take, learned from the looks at them: per subscription and kind. All of it may be lost.

Azure says when an operation may be asked about again (Retry-After), in steps of ten seconds and more. The connection itself may be
read at any time, and shows the end as well; to read it once, one has to know when. The estimate follows what is seen: it goes down
a little whenever an operation had ended at the first look, and up halfway to what it really took when that look came too early.
A wrong estimate costs a read.
"""

from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.domain.passes.snapshot import OperationKind

FIRST_LOOK: Final = 2.0
"""Seconds after which the first operation of a kind is looked at; then each time after a quarter of its age."""
_GROWTH: Final = 1.25
_LONGEST_FIRST_STEP: Final = 20.0
_DOWN_AT_FIRST: Final = 0.9
"""How much shorter the next one is expected to be, until the estimate was once too short."""
_DOWN: Final = ((20, 0.95), (10, 0.99), (0, 0.998))
"""And afterwards, by how many estimates in a row were long enough: the more, the more they may be too long."""
_STEP: Final = 0.02
"""After a look that came too early the next one follows after this part of the estimate, and then later and later."""
_STEP_GROWTH: Final = 1.5
_SHORTEST_STEP: Final = 0.2
_LONGEST_STEP: Final = 40.0


@dataclass(frozen=True, slots=True)
class OperationType:
    """What takes about the same time each time."""

    subscription: str
    kind: OperationKind
    creating: bool = False


@dataclass(slots=True)
class _Estimate:
    seconds: float
    was_short: bool = False
    long_enough: int = 0


class OperationTimes:
    """The running estimates."""

    def __init__(self) -> None:
        self._estimates: dict[OperationType, _Estimate] = {}
        self._explored: set[OperationType] = set()

    def expected(self, of: OperationType) -> float | None:
        """Seconds that such an operation usually takes; None if none was seen to the end yet."""
        estimate = self._estimates.get(of)
        return estimate.seconds if estimate is not None else None

    def explore(self, of: OperationType) -> bool:
        """Whether this operation shall be looked at often, to find out how long such a one takes: the first one is."""
        if of in self._estimates or of in self._explored:
            return False
        self._explored.add(of)
        return True

    def next_step(self, of: OperationType, age: float, early_looks: int) -> float:
        """Seconds until the next look at an operation of this age that was still running at so many looks."""
        expected = self.expected(of)
        if expected is None:
            return min(age * (_GROWTH - 1), _LONGEST_FIRST_STEP)
        return min(max(_SHORTEST_STEP, expected * _STEP) * _STEP_GROWTH ** min(early_looks - 1, 20), _LONGEST_STEP)

    def learn(self, of: OperationType, *, running_at: float | None, ended_by: float) -> None:
        """Take note of an operation that was last seen running at one age (None: it was not looked at) and over at another one."""
        estimate = self._estimates.get(of)
        if estimate is None:
            self._estimates[of] = _Estimate(ended_by)
        elif running_at is not None and running_at > estimate.seconds * _DOWN_AT_FIRST:
            took = (running_at + ended_by) / 2
            estimate.seconds = max(estimate.seconds, (estimate.seconds + took) / 2)
            estimate.was_short, estimate.long_enough = True, 0
        else:
            estimate.long_enough += 1
            estimate.seconds = min(estimate.seconds, ended_by * _step_down(estimate))


def _step_down(estimate: _Estimate) -> float:
    if not estimate.was_short:
        return _DOWN_AT_FIRST
    return next(part for count, part in _DOWN if estimate.long_enough > count)
