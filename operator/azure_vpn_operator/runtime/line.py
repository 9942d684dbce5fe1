"""The line in front of resources that only one holder at a time may use.

A holder enters once, for all the resources that it needs, and gets all of them or none, so nobody holds one resource while
waiting for another: there is no deadlock. When its turn has come it holds the resources already when it is told so. Nothing has
to be asked meanwhile: waiting costs nothing.

The order is one for all resources: by priority; among equals the groups take turns (a namespace that enters a hundred holders
does not stand in front of another one's); within a group by arrival. A place is given once, on entering, as a number, so nobody
can be overtaken for ever, also not one that waits for several resources. Entering, leaving and giving on cost the same however
long the line is, but for the logarithm of a search.
"""

import itertools
from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Generic, TypeVar

from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.priority import Priority

H = TypeVar("H", bound=Hashable)

_RANK = attrgetter("rank")
# Adding up times leaves dust, and who waited for the end of a closure must not be told to wait 1e-13 s more.
_DUST = 1e-6


@dataclass(slots=True)
class _Waiter(Generic[H]):
    holder: H
    resources: frozenset[str]
    priority: Priority
    rank: tuple[int, int, int]


@dataclass(slots=True)
class _Turns:
    """The turns of one priority at one resource: each group takes a number, and whoever is new begins at the present one."""

    present: int = 0
    last_of: dict[Hashable, int] = field(default_factory=dict)
    waiting: int = 0

    def next_of(self, group: Hashable) -> int:
        return max(self.present, self.last_of.get(group, -1) + 1)


class Line(Generic[H]):
    """Who holds which resource, and who comes next."""

    def __init__(
        self,
        clock: Clock,
        on_turn: Callable[[H, Priority, float], None],
        *,
        group_of: Callable[[H], Hashable] | None = None,
    ) -> None:
        """Take the function that is told whose turn it is: holder, priority, and the seconds after which it makes sense to come.

        With 0 seconds the holder has its resources. With more, its resources are closed for so long, and it should `claim`
        them then. `group_of` says whose holder it is; without it all are one group.
        """
        self._clock = clock
        self._on_turn = on_turn
        self._group_of = group_of
        self._holder_of: dict[str, H] = {}
        self._held_by: dict[H, frozenset[str]] = {}
        self._waiters: dict[H, _Waiter[H]] = {}
        self._queues: dict[str, list[_Waiter[H]]] = {}
        self._turns: dict[tuple[str, Priority], _Turns] = {}
        self._closed_until: dict[str, float] = {}
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def enter(self, holder: H, resources: frozenset[str], *, priority: Priority = Priority.EDIT) -> bool:
        """Take the resources, or a place in the line; says whether the holder has them.

        Who holds the resources, or more, is granted. Who waits already keeps its place, unless it comes with a better priority or
        for other resources. Asking for anything else while holding something is a ValueError: that is how deadlocks are made.
        """
        held = self._held_by.get(holder)
        if held is not None:
            if resources <= held:
                return True
            raise ValueError(f"{holder} holds other resources; they must be released first")
        concerned = resources
        waiter = self._waiters.get(holder)
        if waiter is None:
            self._insert(holder, resources, priority)
        elif waiter.resources != resources or priority < waiter.priority:
            concerned |= waiter.resources
            self._remove(waiter)
            self._insert(holder, resources, min(priority, waiter.priority))
        self._offer(concerned, asking=holder)
        return holder in self._held_by or not resources

    def enter_anew(self, holder: H, resources: frozenset[str], *, priority: Priority = Priority.EDIT) -> bool:
        """Give back what the holder has, and stand in the line with all others: who comes first gets it, which may be the holder."""
        given_back = self._held_by.pop(holder, frozenset())
        for resource in given_back:
            del self._holder_of[resource]
        waiter = self._waiters.get(holder)
        if waiter is not None:
            self._remove(waiter)
        self._insert(holder, resources, priority)
        self._offer(resources | given_back, asking=holder)
        return holder in self._held_by or not resources

    def claim(self, holder: H) -> bool:
        """Say that one is there, after one was told to come later; says whether the holder has what it waits for."""
        waiter = self._waiters.get(holder)
        if waiter is not None:
            self._offer(waiter.resources, asking=holder)
        return holder in self._held_by

    def release(self, holder: H) -> None:
        """Give back everything the holder has, to those who come next; holding nothing is fine."""
        resources = self._held_by.pop(holder, frozenset())
        for resource in resources:
            del self._holder_of[resource]
        self._offer(resources)

    def leave(self, holder: H) -> None:
        """Give up the place in the line; what the holder has, it keeps."""
        waiter = self._waiters.get(holder)
        if waiter is not None:
            self._remove(waiter)
            self._offer(waiter.resources)

    def forget(self, holder: H) -> None:
        """Leave and release: the holder is gone, or needs nothing any more."""
        self.leave(holder)
        self.release(holder)

    def close(self, resources: Iterable[str], seconds: float) -> None:
        """Give these resources to nobody for so long; who has them keeps them."""
        until = self._clock.monotonic() + seconds
        for resource in resources:
            self._closed_until[resource] = max(until, self._closed_until.get(resource, until))

    def waits(self, holder: H) -> bool:
        """Whether the holder has a place in the line."""
        return holder in self._waiters

    def lengths(self) -> Mapping[str, int]:
        """How many wait for each resource; without those for which nobody does."""
        return {resource: len(queue) for resource, queue in self._queues.items()}

    def waiting(self) -> Iterable[H]:
        """Who waits."""
        return tuple(self._waiters)

    def held(self) -> Iterable[str]:
        """The resources that somebody has."""
        return tuple(self._holder_of)

    def holder_of(self, resource: str) -> H | None:
        """Who holds the resource."""
        return self._holder_of.get(resource)

    def held_by(self, holder: H) -> frozenset[str]:
        """What the holder has; empty if nothing."""
        return self._held_by.get(holder, frozenset())

    def ahead_of(self, holder: H) -> int:
        """How many wait in front of the holder, where most do; 0 for one who does not wait."""
        waiter = self._waiters.get(holder)
        if waiter is None:
            return 0
        return max(self._place(resource, waiter) for resource in waiter.resources)

    def blockers(self, holder: H) -> tuple[H, ...]:
        """Who holds something that this waiter wants, by the name of the resource; empty if nobody."""
        waiter = self._waiters.get(holder)
        wanted = sorted(waiter.resources) if waiter else []
        return tuple(dict.fromkeys(self._holder_of[resource] for resource in wanted if resource in self._holder_of))

    def _insert(self, holder: H, resources: frozenset[str], priority: Priority) -> None:
        if not resources:
            return
        waiter = _Waiter(
            holder, resources, priority, (priority, self._take_turn(holder, resources, priority), next(self._arrivals))
        )
        self._waiters[holder] = waiter
        for resource in resources:
            insort(self._queues.setdefault(resource, []), waiter, key=_RANK)

    def _take_turn(self, holder: H, resources: frozenset[str], priority: Priority) -> int:
        group = self._group_of(holder) if self._group_of else None
        found = [self._turns.setdefault((resource, priority), _Turns()) for resource in resources]
        turns = [turn.next_of(group) for turn in found]
        taken = max(turns)
        for turn, number in zip(found, turns, strict=True):
            # Numbers of different resources are on different scales; who comes later must not come first for that.
            turn.present += taken - number
            turn.last_of[group] = taken
            turn.waiting += 1
        return taken

    def _remove(self, waiter: _Waiter[H]) -> None:
        del self._waiters[waiter.holder]
        for resource in waiter.resources:
            queue = self._queues[resource]
            del queue[self._place(resource, waiter)]
            if not queue:
                del self._queues[resource]
            turns = self._turns[resource, waiter.priority]
            turns.waiting -= 1
            if not turns.waiting:
                del self._turns[resource, waiter.priority]

    def _place(self, resource: str, waiter: _Waiter[H]) -> int:
        return bisect_left(self._queues[resource], waiter.rank, key=_RANK)

    def _offer(self, resources: Iterable[str], *, asking: H | None = None) -> None:
        """Give these resources to whoever comes next and can have all it needs, and tell them, but for the one who asks."""
        told: dict[H, tuple[Priority, float]] = {}
        for resource in sorted(resources):
            first = self._first(resource)
            if first is None:
                continue
            closed = self._closed_for(first.resources)
            if not closed:
                self._grant(first)
            if closed or first.holder != asking:
                told[first.holder] = (first.priority, closed)
        # First decide, then tell: whoever is told may enter at once.
        for holder, (priority, closed) in told.items():
            self._on_turn(holder, priority, closed)

    def _first(self, resource: str) -> _Waiter[H] | None:
        """The first of the resource's line, if all it needs is free and nobody else is the first there."""
        queue = self._queues.get(resource)
        if not queue:
            return None
        first = queue[0]
        able = all(r not in self._holder_of and self._queues[r][0] is first for r in first.resources)
        return first if able else None

    def _closed_for(self, resources: frozenset[str]) -> float:
        now = self._clock.monotonic()
        longest = 0.0
        for resource in resources:
            until = self._closed_until.get(resource)
            if until is None:
                continue
            if until - now < _DUST:
                del self._closed_until[resource]
            else:
                longest = max(longest, until - now)
        return longest

    def _grant(self, waiter: _Waiter[H]) -> None:
        turns = [self._turns[resource, waiter.priority] for resource in waiter.resources]
        for turn in turns:
            turn.present = max(turn.present, waiter.rank[1])
        self._remove(waiter)
        self._held_by[waiter.holder] = waiter.resources
        for resource in waiter.resources:
            self._holder_of[resource] = waiter.holder
