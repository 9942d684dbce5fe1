"""Histories over a fleet whose devices refuse some values: what breaks a tunnel is undone, what is taken never, and it always ends."""

import pytest

from chaos.trial_histories import PlayedTrial, draw, play
from support.world.core import CONNECTION, Interference
from support.world.trial_world import TrialWorld


@pytest.mark.parametrize("seed", range(4))
async def test_a_change_is_proven_or_undone_in_a_short_history(seed: int):
    failure = await play(seed, draw(seed)[:5])
    assert failure is None, str(failure)


FOUND = {
    524: "a pair's second half gets its key much later",
    666: "somebody edits in the portal what failed and was left there",
    1234: "somebody else overwrites a change, and that is left",
}
"""Seeds that once failed, and what was mended."""


@pytest.mark.parametrize("seed", FOUND)
async def test_a_history_that_once_failed_does_not_again(seed: int):
    failure = await play(seed, draw(seed))
    assert failure is None, str(failure)


@pytest.mark.parametrize("seed", range(3))
async def test_a_change_is_proven_or_undone_whatever_happens(seed: int):
    failure = await play(seed, draw(seed))
    assert failure is None, str(failure)


def test_a_seed_draws_the_same_history_each_time():
    assert [act.text for act in draw(7)] == [act.text for act in draw(7)]
    assert [act.text for act in draw(7)] != [act.text for act in draw(8)]


async def test_a_write_without_a_record_is_noticed():
    world = TrialWorld(seed=0)
    await world.begin()
    held = next(item for known, item in world.azure.world.items() if known.name == "VNet1toS0")
    connection = next(known for known in world.azure.world if known.name == "VNet1toS0")
    properties = {**held.document["properties"], "dpdTimeoutSeconds": 9}
    await world.azure.put(connection, {"location": "eastus", "tags": {}, "properties": properties})
    assert [text.split(" ", 1)[1] for text in world.broken] == [
        "VNet1toS0 is sent [('DHGroup24', 14400)], Default, dpd 9 while its change is none"
    ]
    await world.abandon()


async def test_an_undo_of_what_the_device_takes_is_noticed():
    world = TrialWorld(seed=0)
    await world.begin()
    world.edit(CONNECTION, "s1", dpdTimeoutSeconds=9)
    await world.advance(15)
    document = world.document("s1")
    assert document is not None
    change = document["status"]["change"]
    undone = {**document["status"], "change": {**change, "state": "RollingBack"}}
    await world.cluster.write_status(CONNECTION, "network", "s1", document["metadata"]["resourceVersion"], undone)
    assert any("its device takes the values" in text or "was never down" in text for text in world.broken), world.broken
    await world.abandon()


async def test_a_pass_that_fails_by_an_exception_is_noticed():
    def interfere(_number: int, verb: str, _what: str) -> Interference | None:
        return Interference(error=ZeroDivisionError("as the test says")) if verb == "get" else None

    history = PlayedTrial(0)
    failing = history.world
    history._interfere = interfere  # type: ignore[method-assign]
    failure = await play(0, (), history=history)
    assert failure is not None
    assert "as the test says" in failure.problem
    await failing.abandon()
