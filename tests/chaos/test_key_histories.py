"""Histories of shared keys, and that a key written for nothing is noticed."""

import pytest

from azure_vpn_operator.domain.azure.lookups import SharedKey
from chaos.key_histories import KeyAct, PlayedKeys, draw, play
from chaos.playing import Act
from support.world.core import KEY, connection_id


@pytest.mark.parametrize("seed", range(3))
async def test_no_key_is_written_without_a_change_of_bytes(seed: int):
    failure = await play(seed, draw(seed))
    assert failure is None, str(failure)


async def test_a_key_that_is_written_for_nothing_is_noticed():
    def write_again(history: PlayedKeys) -> None:
        history.world.spawn(history.world.azure.put_shared_key(connection_id("VNet1toSite6"), SharedKey(KEY)))

    acts: list[KeyAct] = [Act("somebody writes the key that is there", write_again, 1.0)]
    failure = await play(0, acts)
    assert failure is not None
    assert failure.problem == "written although Azure had it: ['VNet1toSite6']"
    assert KEY not in str(failure)
