from collections.abc import AsyncIterator

import pytest

from support.world.core import CoreHarness


@pytest.fixture
async def world() -> AsyncIterator[CoreHarness]:
    """A world with one connection, made and in peace."""
    harness = CoreHarness()
    await harness.start()
    harness.set_up_site()
    await harness.settle()
    yield harness
    await harness.stop()
