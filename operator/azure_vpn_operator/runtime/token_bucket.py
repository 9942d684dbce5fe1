"""Staying inside a server's request limits instead of finding out by being refused.

The model is a token bucket, which is how Azure Resource Manager limits requests: so many tokens at most, refilled at a
steady rate, one taken per request. The server's answers correct the model.
"""

import heapq
import math
from collections.abc import Callable, Hashable, ItemsView
from typing import Generic, TypeVar

from azure_vpn_operator.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)

# Adding up refills leaves dust: a bucket that holds one token for all practical purposes must not say "wait 1e-16 s".
_DUST = 1e-6


class TokenBucket:
    """One limit: starts full with `capacity` tokens and gains `refill_per_second`."""

    def __init__(self, capacity: float, refill_per_second: float, clock: Clock) -> None:
        """Both figures must be positive."""
        if capacity <= 0 or refill_per_second <= 0:
            raise ValueError("capacity and refill must be positive")
        self._capacity = float(capacity)
        self._refill = float(refill_per_second)
        self._clock = clock
        self._tokens = float(capacity)
        self._counted_at = clock.monotonic()
        self._blocked_until = -math.inf
        self._promises: dict[int, _Promises] = {}

    @property
    def capacity(self) -> float:
        """The most tokens there can be, as configured or as seen from the server if that was more."""
        return self._capacity

    @property
    def refill_per_second(self) -> float:
        """Tokens gained per second."""
        return self._refill

    @property
    def remaining(self) -> float:
        """Tokens that could be taken now; 0 while blocked."""
        self._count()
        return 0.0 if self.blocked_for > 0 else self._tokens

    @property
    def blocked_for(self) -> float:
        """Seconds until the server's refusal is over; 0 if there was none or it is over."""
        return max(0.0, self._blocked_until - self._clock.monotonic())

    def try_take(self, n: int = 1, *, priority: int = 0) -> float:
        """Take n tokens and return 0.0, or take nothing and return the seconds after which asking again makes sense.

        Those refused one after the other get growing waits, so that they do not all come back for the same token. A
        wait counts the promises to its own and better (lower) priorities only: who is urgent does not queue behind who
        is not. A promise is not a claim; whoever asks first gets the token.
        """
        if not 0 < n <= self._capacity:
            raise ValueError("n must be positive and fit into the bucket")
        now = self._count()
        blocked = self.blocked_for
        if not blocked and self._tokens + _DUST >= n:
            self._tokens = max(0.0, self._tokens - n)
            return 0.0
        wait = blocked + (max(0.0, n - self._tokens) + self._promised(now, priority)) / self._refill
        self._promises.setdefault(priority, _Promises()).add(now + wait, n)
        return wait

    def observe_remaining(self, remaining: int) -> None:
        """Learn from a response what the server has left for us.

        Less than expected is believed at once (others share the limit). More than the capacity means that the limit is
        larger than configured; more than expected otherwise may only be requests that are still under way, so nothing
        is gained from it.
        """
        self._count()
        if remaining > self._capacity:
            self._tokens += remaining - self._capacity
            self._capacity = float(remaining)
        self._tokens = min(self._tokens, float(max(0, remaining)))

    def observe_throttled(self, retry_after: float) -> None:
        """Take nothing for `retry_after` seconds; then one request may go, further ones at the refill rate."""
        now = self._count()
        self._blocked_until = max(self._blocked_until, now + max(0.0, retry_after))
        self._counted_at = self._blocked_until
        self._tokens = min(self._capacity, 1.0)

    def _count(self) -> float:
        now = self._clock.monotonic()
        if now > self._counted_at:
            self._tokens = min(self._capacity, self._tokens + (now - self._counted_at) * self._refill)
            self._counted_at = now
        return now

    def _promised(self, now: float, priority: int) -> int:
        return sum(promises.open_at(now) for of, promises in self._promises.items() if of <= priority)


class _Promises:
    """Tokens that refused callers were told to come back for, by the time they were told."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int]] = []
        self._total = 0

    def add(self, due: float, n: int) -> None:
        heapq.heappush(self._due, (due, n))
        self._total += n

    def open_at(self, now: float) -> int:
        while self._due and self._due[0][0] <= now:
            self._total -= heapq.heappop(self._due)[1]
        return self._total


class TokenBuckets(Generic[K]):
    """Buckets by key, made on first use; the keys (a subscription and a kind of request) are few and stay."""

    def __init__(self, new_bucket: Callable[[K], TokenBucket]) -> None:
        """Take the function that makes the bucket of a key."""
        self._new_bucket = new_bucket
        self._buckets: dict[K, TokenBucket] = {}

    def get(self, key: K) -> TokenBucket:
        """Return the key's bucket."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = self._new_bucket(key)
        return bucket

    def items(self) -> ItemsView[K, TokenBucket]:
        """Return all keys with their buckets."""
        return self._buckets.items()
