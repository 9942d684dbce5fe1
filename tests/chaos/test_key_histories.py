"""Histories of shared keys, and that a key written for nothing is noticed."""

import pytest

from chaos.key_histories import KeyAct, PlayedKeys, draw, play
from chaos.playing import Act
from support.world.core import KEY


@pytest.mark.parametrize("seed", range(3))
async def test_no_key_is_written_without_a_change_of_bytes(seed: int):
    failure = await play(seed, draw(seed))
    assert failure is None, str(failure)


async def test_a_key_that_is_written_for_nothing_is_noticed():
    def forget(history: PlayedKeys) -> None:
        history.for_nothing.append("VNet1toSite6")

    acts: list[KeyAct] = [Act("a key is written for nothing", forget, 1.0)]
    failure = await play(0, acts)
    assert failure is not None
    assert failure.problem == "written although Azure had it: ['VNet1toSite6']"
    assert KEY not in str(failure)
