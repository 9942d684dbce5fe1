"""No more tunnels are taken down at once than the installation allows, one at a site, and none once too many changes have failed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from support.fakes.azure import Device
from support.world.core import CONNECTION, POLICY, CoreHarness, site_spec, wire_policy

pytestmark = pytest.mark.slow

WITHIN = 600.0
BAD = {"dhGroup": "ECP384"}


def refuses(properties: Mapping[str, Any], _key: str) -> bool:
    return not any(policy["dhGroup"] == "ECP384" for policy in properties["ipsecPolicies"])


async def a_fleet(size: int, *, gateways: int = 1, accepts: bool = True, **settings: Any) -> CoreHarness:
    """So many sites in peace, spread over the gateways, each with a device that takes or refuses the group ECP384."""
    world = CoreHarness(confirm_within_seconds=WITHIN, **settings)
    await world.start()
    for number in range(gateways):
        world.add_gateway(f"GW{number}")
    for number in range(size):
        world.add_site(f"S{number}")
        world.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway={"name": f"GW{number % gateways}"})
    await world.settle()
    for number in range(size):
        held = world.live(f"VNet1toS{number}")
        held.device = Device(refuses if not accepts else lambda *_: True)
        held.device.negotiate(held.document["properties"], held.key, world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    return world


def down_now(world: CoreHarness, size: int) -> int:
    now = world.clock.monotonic()
    devices = [world.live(f"VNet1toS{number}").device for number in range(size)]
    return sum(device is not None and device.state(now) != "Connected" for device in devices)


def open_now(world: CoreHarness, size: int) -> int:
    documents = [world.document(f"s{number}") for number in range(size)]
    states = [(document or {})["status"].get("change", {}).get("state") for document in documents]
    return sum(state in {"Sent", "Confirming", "RollingBack"} for state in states)


def failure_times(world: CoreHarness, size: int) -> list[datetime]:
    """When the verdicts fell on the changes that have failed."""
    documents = [world.document(f"s{number}") for number in range(size)]
    ends = [(document or {})["status"].get("change", {}).get("endTime") for document in documents]
    return [datetime.fromisoformat(end) for end in ends if end is not None]


async def most_at_once(world: CoreHarness, size: int, seconds: float) -> tuple[int, int]:
    """Tunnels down, and changes not confirmed, at worst in so many seconds."""
    down = unconfirmed = 0
    for _ in range(int(seconds / 5)):
        await world.advance(5)
        down, unconfirmed = max(down, down_now(world, size)), max(unconfirmed, open_now(world, size))
    return down, unconfirmed


@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_no_more_changes_are_unconfirmed_than_allowed(limit: int):
    world = await a_fleet(12, gateways=12, max_disruptions=limit)
    for number in range(12):
        world.edit(CONNECTION, f"s{number}", dpdTimeoutSeconds=30)
    down, unconfirmed = await most_at_once(world, 12, 90 * 12 / limit + 200)
    assert down <= limit
    assert unconfirmed == limit
    assert world.accepted() == {"put": 12}
    assert all(world.ready(f"s{number}") == ("True", "UpToDate") for number in range(12))
    await world.stop()


async def test_without_a_limit_all_begin_at_once():
    world = await a_fleet(12, gateways=12, max_disruptions=0)
    for number in range(12):
        world.edit(CONNECTION, f"s{number}", dpdTimeoutSeconds=30)
    await world.advance(20)
    assert world.accepted() == {"put": 12}
    await world.stop()


async def test_who_waits_for_a_place_says_so_once_and_costs_nothing():
    world = await a_fleet(4, gateways=4, max_disruptions=1)
    for number in range(4):
        world.edit(CONNECTION, f"s{number}", dpdTimeoutSeconds=30)
    await world.advance(2)
    waiting = [f"s{n}" for n in range(4) if world.ready(f"s{n}") == ("False", "WaitingForBudget")]
    assert len(waiting) == 3
    world.forget_journals()
    await world.advance(25)
    about = {name.replace("s", "VNet1toS") for name in waiting}
    assert [what for _, what in world.calls if what in about | set(waiting)] == []
    await world.stop()


async def test_a_write_that_takes_no_tunnel_down_needs_no_place():
    world = await a_fleet(2, gateways=2, max_disruptions=1, accepts=False)
    world.edit(CONNECTION, "s0", ipsecPolicyRef=None)
    await world.advance(100)
    world.edit(CONNECTION, "s1", routingWeight=7)
    await world.advance(60)
    assert world.held("VNet1toS1")["routingWeight"] == 7
    await world.stop()


async def test_changes_on_different_gateways_go_side_by_side():
    world = await a_fleet(6, gateways=2, max_disruptions=2)
    for number in (0, 2, 4, 1, 3, 5):
        world.edit(CONNECTION, f"s{number}", dpdTimeoutSeconds=30)
    await world.advance(100)
    assert [int(sent.name[-1]) for sent in world.sent[:3]] == [0, 2, 1]
    await world.stop()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        pytest.param({}, ("S0", "S0"), id="two connections to the same local network gateway"),
        pytest.param({"azvpn.dev/site": "berlin"}, ("S0", "S1"), id="two with the same label"),
    ],
)
async def test_a_site_has_one_change_at_a_time(labels: dict[str, str], names: tuple[str, str]):
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.put_key()
    for number, name in enumerate(names):
        world.add_gateway(f"GW{number}")
        world.add_site(name)
        spec = site_spec(
            name, azureName=f"c{number}", virtualNetworkGateway={"name": f"GW{number}"}, ipsecPolicyRef=None
        )
        world.apply(CONNECTION, f"s{number}", spec, labels=labels)
    await world.settle()
    world.forget_journals()
    for number in range(2):
        world.edit(CONNECTION, f"s{number}", dpdTimeoutSeconds=30)
    await world.advance(20)
    assert world.accepted() == {"put": 1}
    assert ("False", "SiteBusy") in {world.ready("s0"), world.ready("s1")}
    await world.advance(300)
    assert world.accepted() == {"put": 2}
    assert world.ready("s0") == world.ready("s1") == ("True", "UpToDate")
    await world.stop()


async def test_three_failures_stop_all_others_until_one_has_shown_that_it_works():
    world = await a_fleet(8, gateways=8, accepts=False, max_disruptions=3)
    world.apply(POLICY, "bad", {**wire_policy(), **BAD})
    for number in range(8):
        world.edit(CONNECTION, f"s{number}", ipsecPolicyRef={"name": "bad"})
    await world.advance(WITHIN + 200)
    assert world.accepted() == {"put": 6}
    halted = [number for number in range(8) if world.ready(f"s{number}") == ("False", "FleetHalted")]
    assert len(halted) == 5
    await world.advance(600)
    assert world.accepted() == {"put": 6}
    for number in halted:
        device = world.live(f"VNet1toS{number}").device
        assert device is not None
        device.accepts = lambda *_: True
    last = max(failure_times(world, 8))
    while world.accepted() == {"put": 6}:
        await world.advance(1)
    waited = (world.clock.now() - last).total_seconds()
    assert 15 * 60 <= waited < 15 * 60 + 5, "one is tried 15 minutes after the last failure"
    await world.advance(15)
    assert world.accepted() == {"put": 7}, "the others wait until its tunnel is back"
    await world.advance(600)
    assert all(world.ready(f"s{number}") == ("True", "UpToDate") for number in halted)
    assert world.accepted() == {"put": 11}
    await world.stop()


async def test_a_restart_remembers_who_is_unconfirmed_and_what_has_failed():
    world = await a_fleet(8, gateways=8, accepts=False, max_disruptions=3)
    world.apply(POLICY, "bad", {**wire_policy(), **BAD})
    for number in range(8):
        world.edit(CONNECTION, f"s{number}", ipsecPolicyRef={"name": "bad"})
    await world.advance(100)
    assert world.accepted() == {"put": 3}
    await world.restart()
    await world.advance(200)
    assert world.accepted() == {"put": 3}
    await world.advance(WITHIN)
    assert world.accepted() == {"put": 6}
    await world.restart()
    await world.advance(600)
    assert world.accepted() == {"put": 6}
    await world.stop()


async def test_an_edit_that_is_taken_back_while_it_waits_gives_its_place_away():
    world = await a_fleet(3, gateways=3, max_disruptions=1, accepts=True)
    for number in range(3):
        world.edit(CONNECTION, f"s{number}", dpdTimeoutSeconds=30)
    await world.advance(2)
    waiting = [n for n in range(3) if world.ready(f"s{n}") == ("False", "WaitingForBudget")]
    world.edit(CONNECTION, f"s{waiting[0]}", dpdTimeoutSeconds=None)
    world.delete(CONNECTION, f"s{waiting[0]}")
    await world.advance(300)
    assert world.ready(f"s{waiting[1]}") == ("True", "UpToDate")
    assert world.core.disruptions.unconfirmed == 0
    assert len(world.core.disruptions) == 0
    await world.stop()


async def test_an_undo_needs_no_place():
    world = await a_fleet(2, gateways=2, max_disruptions=1, accepts=False)
    world.apply(POLICY, "bad", {**wire_policy(), **BAD})
    for number in range(2):
        world.edit(CONNECTION, f"s{number}", ipsecPolicyRef={"name": "bad"})
    await world.advance(2 * WITHIN + 400)
    assert world.accepted() == {"put": 4}
    assert all(world.ready(f"s{number}") == ("False", "RolledBack") for number in range(2))
    await world.stop()
