"""What a long collection has kept is not gone through again."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from azure_vpn_operator.runtime import garbage
from azure_vpn_operator.runtime.garbage import short_collections


@pytest.fixture(autouse=True)
def thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.parametrize(
    ("limit", "generation", "aside"),
    [
        pytest.param(0.0, 2, True, id="a long one of everything"),
        pytest.param(60.0, 2, False, id="a short one"),
        pytest.param(0.0, 1, False, id="one of the youngest has found out nothing of the others"),
    ],
)
async def test_what_is_set_aside(monkeypatch: pytest.MonkeyPatch, limit: float, generation: int, aside: bool):
    monkeypatch.setattr(garbage, "LONG_SECONDS", limit)
    gc.disable()
    try:
        with short_collections():
            before = gc.get_freeze_count()
            kept = [[number] for number in range(10_000)]
            gc.collect(generation)
            await asyncio.sleep(0)
            assert (gc.get_freeze_count() > before + len(kept) // 2) is aside
    finally:
        gc.enable()


async def test_nothing_is_left_behind():
    before = list(gc.callbacks)
    with short_collections():
        assert len(gc.callbacks) == len(before) + 1
    assert gc.callbacks == before
