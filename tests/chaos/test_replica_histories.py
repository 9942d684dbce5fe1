"""Random histories with two replicas: nobody writes who does not lead, nothing is written twice, and nothing is left behind."""

import pytest

from chaos.replica_histories import draw, play
from support.world.core import CONNECTION, connection_id
from support.world.replica_world import ReplicaWorld


@pytest.mark.parametrize("seed", range(4))
async def test_one_leads_at_a_time_in_a_short_history(seed: int):
    failure = await play(seed, draw(seed)[:6])
    assert failure is None, str(failure)


@pytest.mark.parametrize("seed", range(2))
async def test_one_leads_at_a_time_whatever_happens(seed: int):
    failure = await play(seed, draw(seed))
    assert failure is None, str(failure)


async def test_a_write_by_a_standby_is_noticed():
    world = ReplicaWorld()
    await world.begin()
    standby = next(life for _, life in world.running() if life.lead is not None and not life.lead.leads)
    await world._arrive(standby, "patch_tags", (connection_id("VNet1toS0"), {}), world.azure.patch_tags)
    assert "does not lead" in world.broken[0]
    await world.abandon()


async def test_a_write_of_what_is_there_is_noticed():
    world = ReplicaWorld()
    await world.begin()
    leader = world.leader()
    assert leader is not None
    held = world.live("VNet1toS0").document
    body = {name: held[name] for name in ("location", "tags", "properties")}
    await world._arrive(leader[1], "put", (connection_id("VNet1toS0"), body), world.azure.put)
    assert "is sent what it has" in world.broken[0]
    await world.abandon()


async def test_the_standby_goes_on_where_a_killed_leader_was():
    world = ReplicaWorld()
    await world.begin()
    world.edit(CONNECTION, "s1", routingWeight=9)
    await world.advance(0.1)
    world.kill_leader()
    await world.advance(40)
    assert world.ready("s1") == ("True", "UpToDate")
    assert world.accepted() == {"put": 1}
    assert world.broken == []
    await world.stop()
