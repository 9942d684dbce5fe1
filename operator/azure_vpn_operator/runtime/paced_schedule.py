"""What is looked at because time has passed: each at its time, and all together no faster than a budget allows.

A budget belongs to a lane, say, one quota of a server. Who is due waits for the lane's budget; whoever is known least recently goes
first. So all that are due stretch together, and nobody waits for longer than one round of the lane.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from azure_vpn_operator.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)
L = TypeVar("L", bound=Hashable)

MOST_UNDER_WAY: Final = 16
"""So many of a lane may be released and not done: what is released and waits would come all at once later."""
_MAX_STALE: Final = 256
_DUST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Budget:
    """What a lane may spend."""

    per_second: float
    burst: float
    """What it may spend at once after a rest; at least 1."""
    blocked_for: float = 0.0
    """Seconds until it may spend anything."""


@dataclass(slots=True)
class _Entry:
    number: int
    known_at: float
    due: float


@dataclass(slots=True)
class _Member(Generic[L]):
    lane: L
    cost: int
    entry: _Entry | None = None


@dataclass(slots=True)
class _Lane(Generic[K]):
    counted_at: float
    left: float = math.inf
    total_cost: int = 0
    later: list[tuple[float, int, K]] = field(default_factory=list)
    """By the time they are due."""
    due: list[tuple[float, int, K]] = field(default_factory=list)
    """By the time of what is known of them."""
    under_way: set[K] = field(default_factory=set)


class PacedSchedule(Generic[K, L]):
    """Keys with a time, in lanes with a budget. Waiting costs nothing: there is one timer, for the next that may go."""

    def __init__(self, clock: Clock, budget_of: Callable[[L], Budget], release: Callable[[K], None]) -> None:
        """Take what a lane may spend at the moment, and what to do with a key whose turn has come."""
        self._clock = clock
        self._budget_of = budget_of
        self._release = release
        self._members: dict[K, _Member[L]] = {}
        self._lanes: dict[L, _Lane[K]] = {}
        self._numbers = itertools.count(1)
        self._next_look = math.inf
        self._earlier = asyncio.Event()

    def plan(self, key: K, lane: L, *, after: float, known_at: float, cost: int = 1) -> None:
        """Release the key after so many seconds, when the lane's budget allows; replaces what was planned for it before.

        `known_at`: when it was last looked at, on any one clock; minus infinity for never. `cost`: what a look takes of the budget.
        """
        due = self._clock.monotonic() + max(after, 0.0)
        member = self._join(key, lane, cost)
        entry = member.entry = _Entry(next(self._numbers), known_at, due)
        state = self._lanes[lane]
        heapq.heappush(state.later, (due, entry.number, key))
        if len(state.later) + len(state.due) > 2 * len(self._members) + _MAX_STALE:
            state.later = [item for item in state.later if self._is_valid(item)]
            state.due = [item for item in state.due if self._is_valid(item)]
            heapq.heapify(state.later)
            heapq.heapify(state.due)
        if due < self._next_look:
            self._earlier.set()

    def done(self, key: K) -> None:
        """The key was looked at, for whatever reason: what was planned before is superseded."""
        member = self._members.get(key)
        if member is None:
            return
        member.entry = None
        state = self._lanes[member.lane]
        if key in state.under_way:
            if len(state.under_way) >= MOST_UNDER_WAY and state.due:
                self._earlier.set()
            state.under_way.discard(key)

    def forget(self, key: K) -> None:
        """The key is gone."""
        self.done(key)
        member = self._members.pop(key, None)
        if member is not None:
            self._lanes[member.lane].total_cost -= member.cost

    def cost_of_round(self, lane: L) -> int:
        """What it takes to look at all keys of the lane once, whether or not a time is planned for them now."""
        state = self._lanes.get(lane)
        return state.total_cost if state is not None else 0

    async def run(self) -> None:
        """Release keys for ever."""
        while True:
            self._earlier.clear()
            now = self._clock.monotonic()
            wait = min((self._advance(lane, state, now) for lane, state in self._lanes.items()), default=math.inf)
            self._next_look = now + wait
            await self._pause(wait)

    def _join(self, key: K, lane: L, cost: int) -> _Member[L]:
        member = self._members.get(key)
        if member is not None and (member.lane, member.cost) == (lane, cost):
            return member
        if member is not None:
            self.forget(key)
        state = self._lanes.setdefault(lane, _Lane(self._clock.monotonic()))
        state.total_cost += cost
        member = self._members[key] = _Member(lane, cost)
        return member

    def _advance(self, lane: L, state: _Lane[K], now: float) -> float:
        """Release what may go now; returns the seconds until more may."""
        while state.later and (state.later[0][0] <= now or not self._is_valid(state.later[0])):
            item = heapq.heappop(state.later)
            if self._is_valid(item):
                entry = self._members[item[2]].entry
                heapq.heappush(state.due, (entry.known_at if entry is not None else now, item[1], item[2]))
        budget = self._budget_of(lane)
        elapsed = max(0.0, now - state.counted_at)
        state.left = min(budget.burst, state.left + elapsed * budget.per_second)
        state.counted_at = now
        until_due = state.later[0][0] - now if state.later else math.inf
        while state.due:
            known_at, number, key = state.due[0]
            if not self._is_valid((known_at, number, key)):
                heapq.heappop(state.due)
                continue
            if len(state.under_way) >= MOST_UNDER_WAY:
                # `done` wakes us.
                return until_due
            if budget.blocked_for > 0:
                return min(until_due, budget.blocked_for)
            cost = self._members[key].cost
            missing = min(cost, budget.burst) - state.left
            if missing > _DUST:
                return min(until_due, missing / budget.per_second)
            heapq.heappop(state.due)
            state.left -= cost
            self._members[key].entry = None
            state.under_way.add(key)
            self._release(key)
        return until_due

    def _is_valid(self, item: tuple[float, int, K]) -> bool:
        member = self._members.get(item[2])
        return member is not None and member.entry is not None and member.entry.number == item[1]

    async def _pause(self, seconds: float) -> None:
        if self._earlier.is_set():
            return
        earlier = asyncio.ensure_future(self._earlier.wait())
        timer = asyncio.ensure_future(self._clock.sleep(seconds)) if seconds < math.inf else None
        try:
            await asyncio.wait(filter(None, (earlier, timer)), return_when=asyncio.FIRST_COMPLETED)
        finally:
            earlier.cancel()
            if timer is not None:
                timer.cancel()
