"""Histories with a line in front of the gateways, and that their laws are looked at."""

from collections.abc import Sequence

import pytest

from chaos import line_histories
from chaos.line_histories import PAIR, LineAct, PlayedLine, draw, play, run
from chaos.playing import Failure
from support.world.core import site_spec


@pytest.mark.parametrize("disturbed", [False, True], ids=["in peace", "with crashes and faults"])
@pytest.mark.parametrize("seed", range(4))
async def test_a_line_loses_nobody_writes_nothing_twice_and_keeps_its_order(seed: int, disturbed: bool):
    failure = await play(seed, draw(seed, disturbed=disturbed), disturbed=disturbed)
    assert failure is None, str(failure)


def test_a_seed_is_two_histories_one_in_peace_and_one_disturbed(monkeypatch: pytest.MonkeyPatch):
    played = []

    async def play_nothing(seed: int, acts: Sequence[LineAct], *, disturbed: bool) -> Failure[PlayedLine] | None:
        played.append(([act.text for act in acts] == [act.text for act in draw(seed, disturbed=disturbed)], disturbed))
        return Failure("lines", seed, (), "as the test says") if disturbed else None

    monkeypatch.setattr(line_histories, "play", play_nothing)
    assert run(7) == "seed 7 (make chaos OF=lines SEED=7):\nas the test says"
    assert played[:2] == [(True, False), (True, True)]
    peaceful, disturbed = (
        " ".join(act.text for seed in range(20) for act in draw(seed, disturbed=d)) for d in (False, True)
    )
    assert ("is killed" in peaceful, "calls fail" in peaceful) == (False, False)
    assert ("is killed" in disturbed, "calls fail" in disturbed) == (True, True)


async def test_the_laws_are_looked_at():
    """A line that knows no urgency, and a history that asks for nothing: both are noticed."""
    history = PlayedLine(0, disturbed=False)
    await history.begin()
    connection = next(known for known in history.world.azure.world if known.name == "VNet1toS0")
    body = {"location": "eastus", "tags": {}, "properties": history.world.held("VNet1toS0")}
    history.edited["pair"] = -100.0
    await history.world.azure.put(connection, body)
    history.look_at_the_end()
    await history.world.abandon()
    assert [text.split(" ", 1)[1] for text in history.broken] == [
        "was written without a difference",
        "was written before ['pair'], which somebody has edited",
        "was to change 0 times, and was written 1",
    ]


def test_sites_share_a_gateway():
    assert all(site_spec(site)["virtualNetworkGateway"] == PAIR["virtualNetworkGateway"] for site in ("S0", "S3"))
