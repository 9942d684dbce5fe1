"""Keeps collections of garbage short: what a long one has gone through and kept is set aside, and no later one goes through it again.

A collection stops everything. With thousands of objects in memory it takes a third of a second, finds next to nothing, and comes with
every large answer that is read.
"""

import asyncio
import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

LONG_SECONDS: Final = 0.02
_OLDEST: Final = 2


@contextmanager
def short_collections() -> Iterator[None]:
    """Set aside what is there, and whatever a long collection of all that is left has kept; to be entered in a running event loop.

    What is set aside is freed like everything else when nothing refers to it any more; only cycles that die later stay.
    """
    loop, began = asyncio.get_running_loop(), 0.0

    def look(phase: str, facts: Mapping[str, Any]) -> None:
        nonlocal began
        now = time.perf_counter()
        if phase == "start":
            began = now
        elif facts["generation"] == _OLDEST and now - began > LONG_SECONDS and not loop.is_closed():
            # Not in the middle of the collector's own work; and any thread may have begun it.
            loop.call_soon_threadsafe(gc.freeze)

    gc.freeze()
    gc.callbacks.append(look)
    try:
        yield
    finally:
        gc.callbacks.remove(look)
