"""How long to wait after the n-th failure in a row."""

import random as random_module
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

# 2**63 times any base is beyond every maximum; larger exponents would only overflow the float.
_LARGEST_EXPONENT = 63


class Backoff(Generic[K]):
    """Counts failures per key and answers with growing delays: base, 2 base, 4 base ... up to a maximum.

    Each delay is spread by up to `jitter` of itself in both directions, so that keys that failed together do not come
    back together; the longest possible delay is therefore `maximum * (1 + jitter)` seconds. The caller forgets a key on
    success and whenever something changed that makes an immediate try worthwhile.
    """

    def __init__(
        self,
        *,
        base: float = 2.0,
        maximum: float = 600.0,
        jitter: float = 0.2,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        """Take `base` and `maximum` in seconds and `random` as a source of numbers in [0, 1)."""
        if not 0 < base <= maximum:
            raise ValueError("base must be positive and not above maximum")
        if not 0 <= jitter < 1:
            raise ValueError("jitter must be in [0, 1)")
        self._base = base
        self._maximum = maximum
        self._jitter = jitter
        self._random = random
        self._failures: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def next_delay(self, key: K) -> float:
        """Count one more failure of the key and return the seconds to wait before the next try."""
        before = self._failures.get(key, 0)
        self._failures[key] = before + 1
        delay = min(self._base * 2.0 ** min(before, _LARGEST_EXPONENT), self._maximum)
        return delay * (1 + self._jitter * (2 * self._random() - 1))

    def failures(self, key: K) -> int:
        """Return the number of failures since the key was last forgotten."""
        return self._failures.get(key, 0)

    def forget(self, key: K) -> None:
        """Start over with this key; unknown keys are fine."""
        self._failures.pop(key, None)
