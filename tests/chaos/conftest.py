from collections.abc import AsyncIterator

import pytest

from support.world.core import abandon_all


@pytest.fixture(autouse=True)
async def nothing_left_behind() -> AsyncIterator[None]:
    """Whatever a failing test has left running is ended."""
    yield
    await abandon_all()
