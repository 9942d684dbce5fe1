"""A clock that only moves when a test moves it."""

import asyncio
import heapq
from collections.abc import Sized
from datetime import UTC, datetime, timedelta

# How often the loop is given the chance to run what became possible: longer than any chain of awaits between a wake-up
# and the next wait in the code under test.
_SETTLE_ROUNDS = 50
_IDLE_ROUNDS = 3
"""So often in a row nobody else must have had anything to run: what the operating system tells comes a round later."""


class FakeClock:
    """Time for tests: `advance` wakes the sleepers one due time after the other and lets what they do run out."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Start at this wall-clock time, with the monotonic clock at 1000 s."""
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def monotonic(self) -> float:
        """Return 1000 plus the seconds advanced so far."""
        return 1000.0 + self._elapsed

    def now(self) -> datetime:
        """Return the start plus the seconds advanced so far."""
        return self._start + timedelta(seconds=self._elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait until a test has advanced the clock by this much."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, sleeper))
        await sleeper

    @property
    def sleepers(self) -> int:
        """The number of tasks that sleep."""
        return sum(not sleeper.done() for _, _, sleeper in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let this much time pass: every sleeper that is due wakes at its own time, in order."""
        await self.settle()
        until = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, sleeper = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, due)
            if not sleeper.done():
                sleeper.set_result(None)
                await self.settle()
        self._elapsed = until
        await self.settle()

    def jump(self, seconds: float) -> None:
        """Let time pass without giving anybody the chance to run, as a blocked event loop does."""
        self._elapsed += seconds

    async def settle(self) -> None:
        """Let everything run that can run without time passing."""
        # The loop has no public way to say that it is idle. Half of the time of a simulated day went into idle rounds.
        ready: Sized = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        idle = 0
        for _ in range(_SETTLE_ROUNDS):
            await asyncio.sleep(0)
            idle = 0 if ready else idle + 1
            if idle == _IDLE_ROUNDS:
                return
