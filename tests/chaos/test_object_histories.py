"""Histories of everything at once, and that a failure is told with all that happened before."""

import pytest

from chaos import object_histories
from chaos.object_histories import STEPS, PlayedObjects, play


@pytest.mark.parametrize("seed", range(2))
async def test_any_history_ends_as_the_objects_say_and_then_in_peace(seed: int):
    failure = await play(seed)
    assert failure is None, str(failure)


async def test_an_end_that_is_not_as_the_objects_say_is_noticed_and_told(monkeypatch: pytest.MonkeyPatch):
    judge = object_histories.wrong_at_the_end

    def with_another_hand(history: PlayedObjects) -> list[str]:
        next(iter(history.world.azure.world.values())).document["properties"]["routingWeight"] = 99
        return judge(history)

    monkeypatch.setattr(object_histories, "wrong_at_the_end", with_another_hand)
    failure = await play(0)
    assert failure is not None
    assert len(failure.acts) == STEPS
    assert str(failure).startswith("seed 0 (make chaos OF=objects SEED=0):")
    assert "routingWeight is 99" in failure.problem
