from collections.abc import AsyncIterator

import pytest

from support.world.core import CoreHarness, abandon_all


@pytest.fixture(autouse=True)
async def nothing_left_behind() -> AsyncIterator[None]:
    """Whatever a failing test has left running is ended."""
    yield
    await abandon_all()


@pytest.fixture
async def world() -> AsyncIterator[CoreHarness]:
    """A world with one gateway and a core that runs; nothing is applied yet."""
    harness = CoreHarness()
    await harness.start()
    yield harness
    await harness.stop()


@pytest.fixture
async def site(world: CoreHarness) -> CoreHarness:
    """The same with one site-to-site connection, `site6`, made and in peace; the journals begin afterwards."""
    world.set_up_site()
    await world.settle()
    assert world.ready() == ("True", "UpToDate")
    world.forget_journals()
    return world
