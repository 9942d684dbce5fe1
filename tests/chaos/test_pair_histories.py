"""Some of the histories that `make chaos` plays by the hundred, and the tools that make a failure readable."""

import pytest

from chaos.pair_histories import PlayedHistory, draw, play
from chaos.playing import Act, shorten


@pytest.mark.parametrize("seed", range(4))
async def test_a_history_ends_with_whole_pairs_as_the_objects_say(seed: int):
    failure = await play(seed, draw(seed))
    assert failure is None, str(failure)


def test_a_seed_draws_the_same_history_each_time():
    assert [act.text for act in draw(7)] == [act.text for act in draw(7)]
    assert [act.text for act in draw(7)] != [act.text for act in draw(8)]


async def test_a_failure_is_shortened_to_the_act_that_matters_and_read_by_a_person():
    def send_twice(history: PlayedHistory) -> None:
        history.world.repeated_keys.append("VNet1toSite6")

    def nothing(_history: PlayedHistory) -> None:
        pass

    acts = [Act("nothing happens", nothing, 1.0) for _ in range(6)]
    acts.insert(4, Act("a key is sent twice", send_twice, 1.0))
    failure = await play(1, acts)
    assert failure is not None
    short = await shorten(play, failure)
    assert [act.text for act in short.acts] == ["a key is sent twice"]
    assert str(short) == (
        "seed 1 (make chaos OF=pairs SEED=1):\n   1. a key is sent twice, then 1 s\nVNet1toSite6 was sent the key that it had"
    )
