"""Runs everything that runs for ever, and ends all of it when one part ends.

A process half of whose parts are dead looks alive and does nothing; one that ends is started again. So the first part
that fails takes the others down, in order.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from azure_vpn_operator.runtime.clock import Clock

_logger = logging.getLogger(__name__)

# How long a cancelled part may take to clean up, and how far back the reported event loop lag looks (both seconds).
_CANCEL_GRACE = 2.0
_LAG_WINDOW = 60.0


@dataclass(slots=True)
class _Part:
    name: str
    run: Callable[[], Awaitable[None]]
    stop: Callable[[], None] | None
    may_end: bool
    progress_within: float | None
    last_progress: float | None = None


class Supervisor:
    """Starts named parts (workers, pollers, servers), watches them, stops them, and knows whether all is well."""

    def __init__(
        self, clock: Clock, *, shutdown_timeout: float = 20.0, lag_interval: float = 1.0, lag_limit: float = 30.0
    ) -> None:
        """Take how long an orderly end may take, how often to measure the event loop's lag, and what is too much."""
        self._clock = clock
        self._shutdown_timeout = shutdown_timeout
        self._lag_interval = lag_interval
        self._lag_limit = lag_limit
        self._lags: deque[tuple[float, float]] = deque()
        self._parts: dict[str, _Part] = {}
        self._checks: dict[str, Callable[[], str | None]] = {}
        self._tasks: dict[asyncio.Task[None], _Part] = {}

    def add(
        self,
        name: str,
        run: Callable[[], Awaitable[None]],
        *,
        stop: Callable[[], None] | None = None,
        may_end: bool = False,
        progress_within: float | None = None,
    ) -> None:
        """Name a part before `run`. Parts start in the order of adding and are stopped in the reverse order.

        `stop` asks the part to end by itself; a part without it is cancelled when its turn comes. A part that ends
        unasked is a failure unless it `may_end`. With `progress_within`, the process counts as dead when the part has
        not called `progress` for so many seconds.
        """
        if name in self._parts:
            raise ValueError(f"there is a part {name} already")
        self._parts[name] = _Part(name, run, stop, may_end, progress_within)

    def add_check(self, name: str, reason: Callable[[], str | None]) -> None:
        """Ask this function too whether the process is live: it returns None, or in words what is wrong."""
        self._checks[name] = reason

    def progress(self, name: str) -> None:
        """Say that the part is alive; to be called by the part."""
        self._parts[name].last_progress = self._clock.monotonic()

    def last_progress(self, name: str) -> float | None:
        """Return when the part was last alive (monotonic seconds; its start counts), None before it was started."""
        return self._parts[name].last_progress

    @property
    def event_loop_lag(self) -> float:
        """By how many seconds the event loop was late at worst during the last minute."""
        return max((lag for _, lag in self._lags), default=0.0)

    def unhealthy(self) -> tuple[str, ...]:
        """Return why the process should be restarted; empty if it is live."""
        now = self._clock.monotonic()
        reasons = [
            f"{part.name} made no progress for {now - part.last_progress:.0f} s"
            for part in self._parts.values()
            if part.progress_within is not None
            and part.last_progress is not None
            and now - part.last_progress > part.progress_within
        ]
        if self._lags and self._lags[-1][1] > self._lag_limit:
            reasons.append(f"the event loop is {self._lags[-1][1]:.0f} s late")
        reasons += [f"{name}: {reason}" for name, check in self._checks.items() if (reason := check())]
        return tuple(reasons)

    async def run(self, stop: asyncio.Event) -> int:
        """Run all parts until `stop` is set or one of them fails; return the exit code of the process.

        0 after an orderly end, 1 if a part failed, ended unasked, or did not even end when cancelled (then it is still
        there, and the process should exit without waiting for it). Each failure is logged once. The end takes at most
        the shutdown timeout and four seconds: two for parts that are late, two for those cancelled after that.
        """
        lag = asyncio.create_task(self._measure_lag(), name="event-loop-lag")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        for part in self._parts.values():
            part.last_progress = self._clock.monotonic()
            self._tasks[asyncio.create_task(_run(part), name=part.name)] = part
        try:
            failed = await self._watch(stopped)
            failed |= await self._shut_down()
        finally:
            remaining = [lag, stopped, *self._tasks]
            for task in remaining:
                task.cancel()
            await asyncio.wait(remaining, timeout=_CANCEL_GRACE)
        return 1 if failed else 0

    async def _watch(self, stopped: asyncio.Task[bool]) -> bool:
        while True:
            done, _ = await asyncio.wait([stopped, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in self._tasks if task in done]
            failures = [self._failed(task, asked=stopped in done) for task in ended]
            if any(failures):
                return True
            if stopped in done:
                return False

    def _failed(self, task: asyncio.Task[None], *, asked: bool) -> bool:
        part = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("A part of the process failed", exc_info=error, extra={"part": part.name})
            return True
        if asked or part.may_end:
            return False
        _logger.error("A part of the process ended although nobody asked it to", extra={"part": part.name})
        return True

    async def _shut_down(self) -> bool:
        failed = False
        late = False
        deadline = self._clock.monotonic() + self._shutdown_timeout
        for task, part in reversed(list(self._tasks.items())):
            if part.stop is None:
                task.cancel()
            else:
                part.stop()
            if await self._ends_within(task, deadline - self._clock.monotonic()):
                failed |= self._failed(task, asked=True)
                continue
            _logger.warning("A part of the process did not end in time", extra={"part": part.name})
            if not late:
                # One slow part must not take the others' chance to end by themselves.
                late, deadline = True, self._clock.monotonic() + _CANCEL_GRACE
        return failed | await self._end_the_rest()

    async def _end_the_rest(self) -> bool:
        failed = False
        for task in self._tasks:
            task.cancel()
        deadline = self._clock.monotonic() + _CANCEL_GRACE
        for task, part in list(self._tasks.items()):
            if await self._ends_within(task, deadline - self._clock.monotonic()):
                failed |= self._failed(task, asked=True)
            else:
                del self._tasks[task]
                _logger.error("A part of the process cannot be ended", extra={"part": part.name})
                failed = True
        return failed

    async def _ends_within(self, task: asyncio.Task[None], seconds: float) -> bool:
        if seconds > 0 and not task.done():
            timer = asyncio.create_task(self._clock.sleep(seconds))
            await asyncio.wait([task, timer], return_when=asyncio.FIRST_COMPLETED)
            timer.cancel()
        return task.done()

    async def _measure_lag(self) -> None:
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(self._lag_interval)
            now = self._clock.monotonic()
            self._lags.append((now, max(0.0, now - before - self._lag_interval)))
            while self._lags[0][0] < now - _LAG_WINDOW:
                self._lags.popleft()


async def _run(part: _Part) -> None:
    await part.run()
