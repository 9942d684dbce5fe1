"""Keeps a process from writing when it may not, or may not for as long as the write can take."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

T = TypeVar("T")

WRITE_SECONDS: Final = 15.0
"""So long a write may take where another process may take over; Azure answers within seconds, and goes on by itself."""


class Fence(Protocol):
    """Who says whether a write may begin."""

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through: there is no other process."""
        ...

    def covers(self, seconds: float) -> bool:
        """Whether nobody else may write for so many seconds from now."""
        ...


class NoFence:
    """For a process that is alone."""

    @property
    def is_open(self) -> bool:
        """Always."""
        return True

    def covers(self, seconds: float) -> bool:
        """Always."""
        del seconds
        return True


class NotCoveredError(Exception):
    """Nothing was sent."""


async def within(fence: Fence, write: Callable[[], Awaitable[T]]) -> T:
    """Do the write, if it is over before anybody else can write; raises `NotCoveredError`, or `TimeoutError` when its time is up."""
    if fence.is_open:
        return await write()
    if not fence.covers(WRITE_SECONDS):
        raise NotCoveredError
    async with asyncio.timeout(WRITE_SECONDS):
        return await write()
