"""What is going to happen: events in simulated time, run in order when somebody looks."""

import heapq
import itertools
from collections.abc import Callable

from azure_vpn_simulator.clock import Clock


class Timeline:
    """A discrete-event queue over a clock.

    Nothing runs in the background. `advance` runs every event that is due, each at its own time, so what a request sees
    depends on the clock alone and not on when anybody asked before.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._running_at: float | None = None

    @property
    def now(self) -> float:
        """Simulated seconds since the start; inside an event, the time of that event."""
        return self.clock.seconds() if self._running_at is None else self._running_at

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Run `event` once, `seconds` (0 or more) from `now`."""
        self.at(self.now + seconds, event)

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        """Run `event` once, at a simulated time that is not over yet."""
        heapq.heappush(self._queue, (seconds, next(self._order), event))

    def advance(self) -> None:
        """Run every event due by the clock, earliest first, those that these events add included."""
        until = self.clock.seconds()
        try:
            while self._queue and self._queue[0][0] <= until:
                self._running_at, _, event = heapq.heappop(self._queue)
                event()
        finally:
            self._running_at = None
