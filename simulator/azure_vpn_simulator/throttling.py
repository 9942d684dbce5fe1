"""Resource Manager's quotas: a token bucket per principal, subscription and kind of request."""

import math
from dataclasses import dataclass
from enum import StrEnum

from azure_vpn_simulator.options import BucketOptions


class RequestKind(StrEnum):
    """Which bucket a request draws from; a POST counts as a write."""

    READS = "reads"
    WRITES = "writes"
    DELETES = "deletes"

    @classmethod
    def of(cls, method: str) -> "RequestKind":
        """Return the kind of an HTTP method."""
        if method in {"GET", "HEAD"}:
            return cls.READS
        return cls.DELETES if method == "DELETE" else cls.WRITES


@dataclass(slots=True)
class _Bucket:
    tokens: float
    since: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The result of asking a bucket: whole tokens left, and 0 or the simulated seconds until one is there."""

    remaining: int
    wait: float


class TokenBuckets:
    """All buckets; each is full when it is first asked."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def take(self, key: tuple[str, ...], options: BucketOptions, now: float, *, factor: int = 1) -> Taken:
        """Take one token at simulated second `now` from a bucket of `factor` times the size and refill in `options`."""
        size, refill = options.size * factor, options.refill_per_second * factor
        bucket = self._buckets.setdefault(key, _Bucket(float(size), now))
        bucket.tokens = min(float(size), bucket.tokens + (now - bucket.since) * refill)
        bucket.since = now
        if bucket.tokens < 1:
            return Taken(0, (1 - bucket.tokens) / refill)
        bucket.tokens -= 1
        return Taken(math.floor(bucket.tokens), 0.0)


class FixedWindows:
    """The provider's own limit: so many requests per window, counted per subscription."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, ...], tuple[int, int]] = {}

    def take(self, key: tuple[str, ...], limit: int, window: float, now: float) -> float:
        """Count one request; return 0, or the simulated seconds until the next window when the limit is reached."""
        index = int(now // window)
        seen_index, seen = self._windows.get(key, (index, 0))
        if seen_index != index:
            seen = 0
        if seen >= limit:
            return (index + 1) * window - now
        self._windows[key] = (index, seen + 1)
        return 0.0
