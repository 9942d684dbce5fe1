"""Fair order among groups of keys."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class RoundRobin(Generic[K]):
    """Keys in order of arrival within their group; the groups take turns. Every operation takes constant time."""

    def __init__(self, group_of: Callable[[K], Hashable] | None) -> None:
        """Take the grouping; without one there is a single group."""
        self._group_of = group_of
        self._groups: dict[Hashable, dict[K, None]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, key: K) -> None:
        """Put a key that is not in here at the end of its group."""
        self._groups.setdefault(self._group(key), {})[key] = None
        self._length += 1

    def remove(self, key: K) -> None:
        """Take a key out of turn; KeyError if it is not in here."""
        group = self._group(key)
        keys = self._groups[group]
        del keys[key]
        self._length -= 1
        if not keys:
            del self._groups[group]

    def pop(self) -> K:
        """Take the first key of the group whose turn it is; IndexError if there is none."""
        if not self._groups:
            raise IndexError("pop from an empty queue")
        group, keys = next(iter(self._groups.items()))
        key = next(iter(keys))
        del keys[key]
        self._length -= 1
        del self._groups[group]
        if keys:
            self._groups[group] = keys
        return key

    def _group(self, key: K) -> Hashable:
        return self._group_of(key) if self._group_of else None
