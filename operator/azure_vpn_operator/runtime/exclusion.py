"""Objects that only one task at a time works on, where a task may need several of them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from azure_vpn_operator.runtime.keys import ObjectKey


class Exclusion:
    """Gives each key to one task at a time. Keys are taken in one order for all, so tasks never wait for each other in a ring."""

    def __init__(self) -> None:
        # A lock lives for as long as somebody holds it or waits for it.
        self._locks: WeakValueDictionary[ObjectKey, asyncio.Lock] = WeakValueDictionary()

    def __len__(self) -> int:
        """How many keys are held or waited for."""
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, keys: Iterable[ObjectKey]) -> AsyncIterator[None]:
        """Wait until all the keys are free, and keep them until the block is left."""
        async with AsyncExitStack() as held:
            for key in sorted(set(keys)):
                await held.enter_async_context(self._lock_of(key))
            yield

    def _lock_of(self, key: ObjectKey) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock
