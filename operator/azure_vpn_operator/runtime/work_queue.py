"""The queue between events and workers.

The semantics are those that Kubernetes controllers rely on (client-go's work queue with controller-runtime's
priorities): a key is in the queue at most once and in the hands of at most one worker; what happens to a key while a
worker has it leads to exactly one more pass afterwards.
"""

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.round_robin import RoundRobin

K = TypeVar("K", bound=Hashable)

# Entries of the delay heap that were overtaken are dropped when they reach its top, or all at once when there are more
# than this many of them and they outnumber the valid ones.
_MAX_STALE_DELAYS = 256


class QueueClosed(Exception):  # noqa: N818 - a state of the queue, as asyncio.QueueFull is, not a fault
    """The queue was shut down; the worker should end."""


class QueueObserver(Protocol):
    """What the queue tells the metrics; all durations in seconds."""

    def on_add(self) -> None:
        """A key became ready for a worker (a delayed one when its time has come)."""
        ...

    def on_get(self, queue_seconds: float) -> None:
        """A worker took a key that had been ready for this long."""
        ...

    def on_done(self, work_seconds: float) -> None:
        """A worker is done with a key after this long."""
        ...

    def on_retry(self) -> None:
        """A key was added with a delay."""
        ...


@dataclass(slots=True)
class _Entry:
    priority: Priority
    ready_at: float
    ready: bool = False


@dataclass(frozen=True, slots=True)
class _Pass:
    priority: Priority
    started_at: float


class WorkQueue(Generic[K]):
    """Keys to reconcile: by priority; within one round-robin over the groups; within a group in order of arrival."""

    def __init__(
        self,
        clock: Clock,
        *,
        observer: QueueObserver | None = None,
        group_of: Callable[[K], Hashable] | None = None,
    ) -> None:
        """Take the grouping (say, by namespace) that keeps one group's flood from delaying others; default: none."""
        self._clock = clock
        self._observer = observer
        self._entries: dict[K, _Entry] = {}
        self._ready: dict[Priority, RoundRobin[K]] = {p: RoundRobin(group_of) for p in sorted(Priority)}
        self._delays: list[tuple[float, int, K]] = []
        self._delay_count = 0
        self._passes: dict[K, _Pass] = {}
        self._getters: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.Task[None] | None = None
        self._timer_due = 0.0
        self._closed = False

    def add(self, key: K, *, priority: Priority = Priority.EDIT, after: float = 0.0) -> None:
        """Ask for a pass over the key, not before `after` seconds from now.

        A key that is waiting already keeps the better priority and the earlier time of both requests. A key that a
        worker has at the moment gets one more pass, once the worker is done. After shutdown nothing happens.
        """
        if self._closed:
            return
        self._promote()
        now = self._clock.monotonic()
        ready_at = now + max(0.0, after)
        if after > 0 and self._observer:
            self._observer.on_retry()
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(priority, ready_at)
            self._schedule(key, entry, now)
            return
        self._raise_priority(key, entry, priority)
        if not entry.ready and ready_at < entry.ready_at:
            entry.ready_at = ready_at
            self._schedule(key, entry, now)

    async def get(self) -> K:
        """Wait for the next key and take it; `done` gives it back. Raises QueueClosed after shutdown.

        Cancelling the wait loses no key.
        """
        while True:
            if self._closed:
                raise QueueClosed
            self._promote()
            key = self._take()
            if key is not None:
                return key[0]
            await self._wait()

    def done(self, key: K) -> None:
        """Give a key back after its pass; raises ValueError for a key that no worker has."""
        current = self._passes.pop(key, None)
        if current is None:
            raise ValueError(f"{key} is not being processed")
        if self._observer:
            self._observer.on_done(self._clock.monotonic() - current.started_at)
        entry = self._entries.get(key)
        if entry is not None and entry.ready:
            self._ready[entry.priority].append(key)
            self._wake_one()

    def priority_of(self, key: K) -> Priority:
        """Return the priority with which the pass in progress was asked for; KeyError if no worker has the key."""
        return self._passes[key].priority

    def forget_delay(self, key: K) -> bool:
        """Drop a request whose time has not come; say whether there was one."""
        self._promote()
        entry = self._entries.get(key)
        if entry is None or entry.ready:
            return False
        del self._entries[key]
        return True

    def shutdown(self) -> None:
        """Hand out no more keys; every `get`, waiting or to come, raises QueueClosed. Passes in progress may end."""
        self._closed = True
        self._stop_timer()
        while self._getters:
            self._wake_one()

    @property
    def closed(self) -> bool:
        """Whether the queue was shut down."""
        return self._closed

    def __len__(self) -> int:
        self._promote()
        return sum(len(ready) for ready in self._ready.values())

    @property
    def delayed(self) -> int:
        """The number of keys whose time has not come."""
        self._promote()
        return sum(not entry.ready for entry in self._entries.values())

    @property
    def processing(self) -> frozenset[K]:
        """The keys that workers have at the moment."""
        return frozenset(self._passes)

    def depth_by_priority(self) -> dict[int, int]:
        """Return how many keys a free worker could take now, by priority."""
        self._promote()
        return {int(priority): len(ready) for priority, ready in self._ready.items()}

    def unfinished_work_seconds(self) -> float:
        """Return the summed age of all passes in progress."""
        now = self._clock.monotonic()
        return sum(now - current.started_at for current in self._passes.values())

    def longest_running_processor_seconds(self) -> float:
        """Return the age of the oldest pass in progress, 0 if there is none."""
        now = self._clock.monotonic()
        return max((now - current.started_at for current in self._passes.values()), default=0.0)

    def _schedule(self, key: K, entry: _Entry, now: float) -> None:
        if entry.ready_at <= now:
            self._make_ready(key, entry)
            return
        self._delay_count += 1
        heapq.heappush(self._delays, (entry.ready_at, self._delay_count, key))
        if len(self._delays) > 2 * len(self._entries) + _MAX_STALE_DELAYS:
            self._delays = [delay for delay in self._delays if self._is_valid(delay)]
            heapq.heapify(self._delays)
        if self._getters:
            self._start_timer()

    def _raise_priority(self, key: K, entry: _Entry, priority: Priority) -> None:
        if priority >= entry.priority:
            return
        if entry.ready and key not in self._passes:
            self._ready[entry.priority].remove(key)
            self._ready[priority].append(key)
        entry.priority = priority

    def _make_ready(self, key: K, entry: _Entry) -> None:
        entry.ready = True
        if self._observer:
            self._observer.on_add()
        if key not in self._passes:
            self._ready[entry.priority].append(key)
            self._wake_one()

    def _is_valid(self, delay: tuple[float, int, K]) -> bool:
        due, _, key = delay
        entry = self._entries.get(key)
        return entry is not None and not entry.ready and entry.ready_at == due

    def _promote(self) -> None:
        now = self._clock.monotonic()
        while self._delays and (self._delays[0][0] <= now or not self._is_valid(self._delays[0])):
            delay = heapq.heappop(self._delays)
            if self._is_valid(delay):
                self._make_ready(delay[2], self._entries[delay[2]])

    def _take(self) -> tuple[K] | None:
        for ready in self._ready.values():
            if ready:
                key = ready.pop()
                entry = self._entries.pop(key)
                now = self._clock.monotonic()
                self._passes[key] = _Pass(entry.priority, now)
                if self._observer:
                    self._observer.on_get(now - entry.ready_at)
                return (key,)
        return None

    async def _wait(self) -> None:
        getter = asyncio.get_running_loop().create_future()
        self._getters.append(getter)
        self._start_timer()
        try:
            await getter
        except asyncio.CancelledError:
            if getter.done() and not getter.cancelled():
                self._wake_one()  # this wake-up was meant for whoever can still take the key
            else:
                with contextlib.suppress(ValueError):  # a wake-up that came meanwhile has taken it out already
                    self._getters.remove(getter)
            raise
        finally:
            if not self._getters:
                self._stop_timer()

    def _wake_one(self) -> None:
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    def _start_timer(self) -> None:
        if not self._delays or (self._timer and self._timer_due <= self._delays[0][0]):
            return
        self._stop_timer()
        self._timer_due = self._delays[0][0]
        self._timer = asyncio.get_running_loop().create_task(self._promote_later(), name="work-queue-timer")

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    async def _promote_later(self) -> None:
        await self._clock.sleep(self._timer_due - self._clock.monotonic())
        self._timer = None
        self._promote()
        if self._getters:
            self._start_timer()
