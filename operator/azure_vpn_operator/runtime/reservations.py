"""Resources that only one open operation may use at a time, given out in order.

A holder asks for all it needs at once and gets all or nothing, so nobody holds one resource while waiting for another:
there is no deadlock. Whoever is refused keeps a place in one queue, ordered by priority, then arrival; nobody behind
gets a resource that somebody further ahead waits for: there is no overtaking, hence no starvation among equals.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.priority import Priority

H = TypeVar("H", bound=Hashable)


@dataclass(slots=True)
class _Waiter(Generic[H]):
    holder: H
    resources: frozenset[str]
    priority: int
    arrival: int
    woken_at: float | None = None

    @property
    def rank(self) -> tuple[int, int]:
        return (self.priority, self.arrival)


class Reservations(Generic[H]):
    """The ledger of who holds which resource and who waits for it."""

    def __init__(self, clock: Clock, on_free: Callable[[H, int], None], *, patience: float = 60.0) -> None:
        """Take the function that is told whose turn it is (holder, priority); it should make the holder ask again.

        A waiter who was told and does not ask within `patience` seconds loses its place, so that one who has gone away
        cannot block a resource for ever. That is noticed when somebody asks; a waiter should therefore look again by
        time as well.
        """
        self._clock = clock
        self._on_free = on_free
        self._patience = patience
        self._holder_of: dict[str, H] = {}
        self._held_by: dict[H, frozenset[str]] = {}
        self._waiters: dict[H, _Waiter[H]] = {}
        self._arrivals = 0

    def try_reserve(self, holder: H, resources: frozenset[str], *, priority: int = Priority.EDIT) -> bool:
        """Take all the resources or none; if refused, wait in line (or stay there, asking for these resources now).

        Asking for what one holds already, or a part of it, is granted. Asking for anything else while holding something
        is a ValueError: that is how deadlocks are made.
        """
        held = self._held_by.get(holder)
        if held is not None:
            if resources <= held:
                return True
            raise ValueError(f"{holder} holds other resources; they must be released first")
        waiter = self._take_place(holder, resources, priority)
        claims_less = not waiter.resources <= resources or waiter.priority < priority
        waiter.resources, waiter.priority, waiter.woken_at = resources, priority, None
        granted = not any(r in self._holder_of for r in resources) and not any(
            other.resources & resources for other in self._waiters.values() if other.rank < waiter.rank
        )
        if granted:
            self._hold(holder, resources)
        else:
            self._waiters[holder] = waiter
        if claims_less:
            self._wake()
        return granted

    def release(self, holder: H) -> None:
        """Give back everything the holder has, and tell those whose turn it is; holding nothing is fine."""
        resources = self._held_by.pop(holder, frozenset())
        for resource in sorted(resources):
            del self._holder_of[resource]
        if resources:
            self._wake()

    def withdraw(self, holder: H) -> None:
        """Stop waiting; to be called when a waiter finds that it needs nothing any more."""
        if self._waiters.pop(holder, None):
            self._wake()

    def forget(self, holder: H) -> None:
        """Release and withdraw: the holder is gone."""
        self.withdraw(holder)
        self.release(holder)

    def holder_of(self, resource: str) -> H | None:
        """Return who holds the resource."""
        return self._holder_of.get(resource)

    def held_by(self, holder: H) -> frozenset[str]:
        """Return what the holder has; empty if nothing."""
        return self._held_by.get(holder, frozenset())

    def waiting(self, holder: H) -> int | None:
        """Return the place among those who wait for one of the same resources (1 is next), None if not waiting."""
        waiter = self._waiters.get(holder)
        if waiter is None:
            return None
        return 1 + sum(
            other.rank < waiter.rank and bool(other.resources & waiter.resources) for other in self._waiters.values()
        )

    def blockers(self, holder: H) -> tuple[H, ...]:
        """Return who holds something that this waiter wants, by the name of the resource; empty if nobody."""
        waiter = self._waiters.get(holder)
        wanted = sorted(waiter.resources) if waiter else []
        return tuple(dict.fromkeys(self._holder_of[resource] for resource in wanted if resource in self._holder_of))

    def _hold(self, holder: H, resources: frozenset[str]) -> None:
        if not resources:
            return
        self._held_by[holder] = resources
        for resource in sorted(resources):
            self._holder_of[resource] = holder

    def _wake(self) -> None:
        # First decide, then tell: whoever is told may ask at once.
        told = list(self._whose_turn_it_is())
        for waiter in told:
            waiter.woken_at = self._clock.monotonic()
        for waiter in told:
            self._on_free(waiter.holder, waiter.priority)

    def _whose_turn_it_is(self) -> Iterator[_Waiter[H]]:
        self._forget_the_impatient()
        claimed = set(self._holder_of)
        for waiter in sorted(self._waiters.values(), key=lambda waiter: waiter.rank):
            if waiter.woken_at is None and not waiter.resources & claimed:
                yield waiter
            claimed |= waiter.resources

    def _take_place(self, holder: H, resources: frozenset[str], priority: int) -> _Waiter[H]:
        waiter = self._waiters.get(holder)
        if waiter is not None and waiter.woken_at is not None:
            waiter.woken_at = self._clock.monotonic()  # late perhaps, but here it is
        if self._forget_the_impatient():
            self._wake()
        if waiter is not None:
            return self._waiters.pop(holder)
        self._arrivals += 1
        return _Waiter(holder, resources, priority, self._arrivals)

    def _forget_the_impatient(self) -> bool:
        latest = self._clock.monotonic() - self._patience
        gone = [w.holder for w in self._waiters.values() if w.woken_at is not None and w.woken_at < latest]
        for holder in gone:
            del self._waiters[holder]
        return bool(gone)
