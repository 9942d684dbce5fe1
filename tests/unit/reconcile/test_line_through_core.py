"""Many connections on one gateway change at once: what waiting costs, and who goes first."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from support.world.core import CONNECTION, KEY, POLICY, POLICY_SPEC, CoreHarness, site_spec

pytestmark = pytest.mark.slow

SITES = tuple(f"S{number}" for number in range(6))
OPERATION = 30.0


@pytest.fixture
async def fleet() -> AsyncIterator[CoreHarness]:
    """Six sites on one gateway, all with one policy and one Secret, at rest, and with an update seen to its end.

    An edit of the policy reaches all of them at once, so that they stand in the line.
    """
    world = CoreHarness(max_disruptions=0)
    await world.start()
    world.apply(POLICY, "site6", {**POLICY_SPEC, "rollout": {"strategy": "AllAtOnce"}})
    for site in SITES:
        world.add_site(site)
        world.set_up_site(site, site.lower())
    await world.settle()
    world.edit(CONNECTION, "s0", routingWeight=7)
    await world.settle()
    world.forget_journals()
    yield world
    await world.stop()


def calls_about(world: CoreHarness, site: str) -> Counter[str]:
    """The calls about one connection, and of its status."""
    return Counter(verb for verb, what in world.calls if what in {f"VNet1to{site}", site.lower()})


async def test_who_waits_says_so_once_and_then_costs_nothing(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(25.0)
    waiting = [site for site in SITES if fleet.ready(site.lower()) == ("False", "GatewayBusy")]
    assert len(waiting) == len(SITES) - 1
    for site in waiting:
        assert calls_about(fleet, site) == {"write_status": 1}, "no GET, no PUT, one status write"
        document = fleet.document(site.lower())
        assert document is not None
        assert document["status"]["observedGeneration"] == document["metadata"]["generation"]
        assert fleet.condition(site.lower(), "Connected") == ("True", "AllTunnelsUp"), "it works as it did"
        assert "read" not in calls_about(fleet, site)
    assert "3 more come before this one" in " ".join(fleet.message(site.lower()) for site in waiting)


async def test_an_edit_of_a_shared_policy_costs_each_connection_few_requests(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(len(SITES) * OPERATION * 1.1)
    assert fleet.accepted() == {"put": len(SITES)}, "one PUT each, and all of them within a tenth of the lower bound"
    assert all(fleet.held(f"VNet1to{site}")["ipsecPolicies"][0]["dhGroup"] == "ECP256" for site in SITES)
    for site in SITES:
        counted = calls_about(fleet, site)
        assert counted["write_status"] <= 4
        assert counted["get"] - (len(SITES) * OPERATION * 1.1 / 30.0) <= 3, "looks by time aside"
    secrets = sum(verb == "read" for verb, _ in fleet.calls)
    assert secrets <= len(SITES) * (2 + len(SITES) * OPERATION / 30.0)


async def test_an_edit_of_one_object_goes_before_the_rest_of_a_policys_edit(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(10.0)
    first = fleet.sent[0].name
    last = next(site for site in reversed(SITES) if f"VNet1to{site}" != first)
    fleet.edit(CONNECTION, last.lower(), routingWeight=3)
    await fleet.advance(OPERATION)
    assert [sent.name for sent in fleet.sent] == [first, f"VNet1to{last}"]
    await fleet.settle()
    assert fleet.accepted() == {"put": len(SITES)}, "both edits of that one went out in one PUT"
    assert fleet.held(f"VNet1to{last}")["routingWeight"] == 3


async def test_who_is_next_does_not_wait_until_the_one_before_has_told_its_end(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(5.0)
    first = fleet.sent[0].name
    teller = first.removeprefix("VNet1to").lower()
    fleet.latency = lambda verb, what: 600.0 if verb in {"write_status", "record"} and what == teller else 0.0
    await fleet.advance(OPERATION * 1.1)
    assert [sent.name == first for sent in fleet.sent] == [True, False], (
        "the API server is slow to take the first one's status"
    )


async def test_namespaces_take_turns(fleet: CoreHarness):
    for site in ("B0", "B1"):
        fleet.add_site(site)
    fleet.cluster.put_secret("blue", "keys", sharedKey=KEY.encode())
    at_once = {**POLICY_SPEC, "rollout": {"strategy": "AllAtOnce"}}
    fleet.cluster.create(POLICY, "blue", "site6", at_once)
    for site in ("B0", "B1"):
        fleet.cluster.create(CONNECTION, "blue", site.lower(), site_spec(site))
    fleet.pump()
    await fleet.settle()
    fleet.forget_journals()
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(5.0)
    fleet.cluster.edit(POLICY, "blue", "site6", {**at_once, "dhGroup": "ECP384"})
    fleet.pump()
    await fleet.settle()
    order = ["blue" if sent.name.startswith("VNet1toB") else "network" for sent in fleet.sent]
    assert order[:5].count("blue") == 2, "who came later with two does not wait for all six of the other"


async def test_an_edit_that_is_taken_back_while_it_waits_writes_nothing(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(10.0)
    fleet.edit(POLICY, "site6", dhGroup=POLICY_SPEC["dhGroup"])
    await fleet.settle()
    assert Counter(sent.name for sent in fleet.sent)[fleet.sent[0].name] == 2, "there and back"
    assert len({sent.name for sent in fleet.sent}) == 1
    assert all(fleet.ready(site.lower()) == ("True", "UpToDate") for site in SITES)


async def test_a_suspended_and_a_deleted_object_leave_the_line(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(10.0)
    waiting = [site for site in SITES if f"VNet1to{site}" != fleet.sent[0].name]
    fleet.edit(CONNECTION, waiting[0].lower(), suspend=True)
    fleet.delete(CONNECTION, waiting[1].lower())
    await fleet.settle()
    assert fleet.ready(waiting[0].lower()) == ("False", "ChangesPaused")
    assert fleet.document(waiting[1].lower()) is None
    assert fleet.accepted()["put"] == len(SITES) - 2


async def test_a_restart_in_the_middle_sends_no_write_twice(fleet: CoreHarness):
    fleet.edit(POLICY, "site6", dhGroup="ECP256")
    await fleet.advance(OPERATION * 2.5)
    await fleet.restart()
    await fleet.settle()
    assert fleet.accepted() == {"put": len(SITES)}
    assert all(fleet.ready(site.lower()) == ("True", "UpToDate") for site in SITES)
