"""A start: configuration is compared by lists, tunnels are read in turn, and a fleet in peace is not written to."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from support.world.core import (
    CONNECTION,
    NAMESPACE,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    Interference,
    arm_id,
    site_spec,
)

pytestmark = pytest.mark.slow

DOWN = Fault(FaultKind.UNAVAILABLE, "ServiceUnavailable", "no")
REFUSED = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no right to list")
THROTTLED = Fault(FaultKind.THROTTLED, "SubscriptionRequestsThrottled", "later", 10.0)
GROUPS = ("TestRG1", "TestRG2")
SITES = 8


async def at_rest(**settings: Any) -> CoreHarness:
    """Eight sites in two groups and an owned pair, in peace; the journals begin afterwards."""
    world = CoreHarness(**settings)
    await world.start()
    for number in range(SITES):
        group = GROUPS[number % 2]
        world.add_gateway(f"GW{number}", group)
        world.add_site(f"S{number}", group)
        spec = site_spec(f"S{number}", resourceGroup=group, virtualNetworkGateway={"name": f"GW{number}"})
        world.put_key()
        world.apply(POLICY, "site6", POLICY_SPEC)
        world.apply(CONNECTION, f"s{number}", spec)
    world.add_gateway("Left")
    world.add_gateway("Right")
    pair = {
        "azureName": "LeftToRight",
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": "Left"},
        "peerVirtualNetworkGateway": {"name": "Right"},
        "reverse": {"azureName": "RightToLeft"},
    }
    world.apply(CONNECTION, "pair", pair)
    await world.settle()
    assert world.accepted()["put"] == SITES + 2
    world.forget_journals()
    return world


def unchecked(world: CoreHarness) -> int:
    core = world.core
    return sum(not core.memories.is_compared(key) for key in core.store.keys(CONNECTION))


def count(world: CoreHarness, verb: str, what: str | None = None) -> int:
    return sum(called == verb and what in {None, about} for called, about in world.calls)


def failing(fault: Fault, *verbs: str) -> Callable[[int, str, str], Interference | None]:
    return lambda _number, verb, _what: Interference(fault=fault) if verb in verbs else None


def assert_nothing_written(world: CoreHarness) -> None:
    assert not world.sent
    assert not world.cluster.writes
    assert not world.cluster.events


async def test_restart_of_an_unchanged_fleet_writes_nothing_and_compares_by_lists():
    world = await at_rest()
    world.interfere = failing(DOWN, "get", "get_gateway", "get_local_gateway")
    await world.restart()
    await world.advance(2.0)
    assert unchecked(world) == 0, "compared, though no GET is answered"
    assert count(world, "list_group") == len(GROUPS)
    assert count(world, "list_gateways") == len(GROUPS)
    assert count(world, "list_local_gateways") == len(GROUPS)
    world.interfere = lambda _number, _verb, _what: None
    await world.settle()
    assert_nothing_written(world)
    await world.stop()


async def test_after_the_lists_each_tunnel_is_read_once():
    world = await at_rest()
    await world.restart()
    await world.advance(2.0)
    gets = [what for verb, what in world.calls if verb == "get"]
    assert sorted(gets) == sorted([*(f"VNet1toS{number}" for number in range(SITES)), "LeftToRight", "RightToLeft"])
    assert count(world, "get_gateway") == count(world, "get_local_gateway") == 0
    assert_nothing_written(world)
    await world.stop()


async def test_a_tunnel_that_went_down_meanwhile_is_told_after_its_get():
    world = await at_rest()
    world.live("VNet1toS0").tunnel = "NotConnected"
    await world.restart()
    await world.advance(2.0)
    assert world.condition("s0", "Connected") == ("False", "UnknownPeerSide")
    assert world.ready("s0") == ("True", "UpToDate")
    assert len(world.cluster.writes) == 1
    await world.stop()


async def test_what_differs_on_the_list_is_read_once_and_put_once():
    world = await at_rest()
    world.portal_edit("VNet1toS0", routingWeight=9)
    await world.restart()
    await world.advance(2.0)
    about = [verb for verb, what in world.calls if what == "VNet1toS0" and verb in {"get", "put"}]
    assert about == ["get", "put", "get"], "the last one sees the end of the operation"
    await world.settle()
    assert world.accepted() == {"put": 1}
    assert world.held("VNet1toS0")["routingWeight"] == 0
    await world.stop()


async def test_an_edit_during_the_restart_is_read_once_and_put_once():
    world = await at_rest()
    for life in world.lives:
        life.end()
    world.edit(CONNECTION, "s1", routingWeight=5)
    await world.start()
    await world.advance(2.0)
    about = [verb for verb, what in world.calls if what == "VNet1toS1" and verb in {"get", "put"}]
    assert about == ["get", "put", "get"], "the last one sees the end of the operation"
    await world.settle()
    assert world.accepted() == {"put": 1}
    await world.stop()


@pytest.mark.parametrize("half", ["LeftToRight", "RightToLeft"])
async def test_a_pair_of_which_one_half_differs_on_the_list_is_put_right(half: str):
    world = await at_rest()
    world.portal_edit(half, routingWeight=9)
    await world.restart()
    await world.settle()
    assert [(sent.verb, sent.name) for sent in world.sent] == [("put", half)]
    await world.stop()


async def test_a_connection_that_was_deleted_meanwhile_is_made_again():
    world = await at_rest()
    world.portal_delete("VNet1toS0")
    await world.restart()
    await world.settle()
    assert [(sent.verb, sent.name) for sent in world.sent] == [("put", "VNet1toS0")]
    await world.stop()


async def test_a_list_that_shows_less_than_a_get_leads_to_gets_and_to_no_write():
    world = await at_rest()
    item = world.azure._item

    def poor(connection: ArmId) -> LiveConnection:
        held = world.azure.world[connection].document["properties"]
        policies = held.pop("ipsecPolicies")
        try:
            return item(connection)
        finally:
            held["ipsecPolicies"] = policies

    world.azure._item = poor  # type: ignore[method-assign]
    await world.restart()
    await world.advance(2.0)
    assert unchecked(world) == 0
    assert count(world, "get", "VNet1toS0") == 1
    await world.settle()
    assert_nothing_written(world)
    await world.stop()


@pytest.mark.parametrize("fault", [REFUSED, THROTTLED, DOWN], ids=lambda fault: fault.kind.value)
async def test_without_lists_each_connection_is_compared_by_a_get(fault: Fault):
    world = await at_rest()
    world.interfere = failing(fault, "list_group", "list_gateways", "list_local_gateways")
    await world.restart()
    await world.advance(2.0)
    assert unchecked(world) == 0
    assert count(world, "list_group") == len(GROUPS), "not asked for by each pass again"
    await world.settle()
    assert_nothing_written(world)
    await world.stop()


async def test_nothing_counts_as_compared_while_azure_does_not_answer():
    world = await at_rest()
    world.interfere = failing(DOWN, "list_group", "get")
    await world.restart()
    await world.advance(60.0)
    assert unchecked(world) == SITES + 1
    assert_nothing_written(world)
    world.interfere = lambda _number, _verb, _what: None
    await world.advance(120.0)
    assert unchecked(world) == 0
    await world.stop()


async def test_without_a_status_the_tunnel_is_unknown_until_it_is_read():
    world = await at_rest()
    for life in world.lives:
        life.end()
    world.cluster.documents[CONNECTION, NAMESPACE, "s0"]["status"] = {}
    world.interfere = failing(DOWN, "get")
    await world.start()
    # One look at the list, and at once one by GET, which fails.
    assert world.condition("s0", "Connected") == ("Unknown", "TunnelNotRead")
    assert world.condition("s0", "Synced") == ("True", "UpToDate")
    world.interfere = lambda _number, _verb, _what: None
    await world.advance(30.0)
    assert world.condition("s0", "Connected") == ("True", "AllTunnelsUp")
    assert not world.sent
    await world.stop()


async def test_who_only_observes_is_told_what_differs_and_told_again_by_nobody():
    world = CoreHarness()
    await world.start()
    world.set_up_site(managementPolicy="Observe", routingWeight=3)
    body = {
        "location": "eastus",
        "properties": {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": str(world.gateway)},
            "localNetworkGateway2": {"id": str(arm_id("localNetworkGateways", "Site6"))},
        },
    }
    world.azure.add_connection(arm_id("connections", "VNet1toSite6"), body)
    await world.settle()
    assert world.condition("site6", "Synced") == ("False", "DifferencesObserved")
    world.forget_journals()
    world.interfere = failing(DOWN, "get")
    await world.restart()
    await world.advance(1.0)
    assert unchecked(world) == 0
    assert_nothing_written(world)
    await world.stop()


async def test_a_person_who_asked_meanwhile_gets_a_read_of_the_connection_itself():
    world = await at_rest()
    for life in world.lives:
        life.end()
    world.annotate("s0", reconcile_at="now")
    world.interfere = failing(DOWN, "get")
    await world.start()
    await world.advance(1.0)
    assert world.ready("s0") == ("False", "AzureUnavailable"), "no list stands for what was asked for"
    world.interfere = lambda _number, _verb, _what: None
    await world.advance(120.0)
    assert world.ready("s0") == ("True", "UpToDate")
    await world.stop()


async def test_drift_between_the_list_and_the_turn_of_the_tunnel_is_found_by_the_next_list(
    monkeypatch: pytest.MonkeyPatch,
):
    world = await at_rest()
    slow = {"reads": (30, 0.02), "writes": (200, 10.0), "deletes": (200, 10.0)}
    monkeypatch.setattr("azure_vpn_operator.app.core.BUCKETS", slow)
    await world.restart()
    await world.advance(1.0)
    assert unchecked(world) == 0
    waiting = next(f"VNet1toS{n}" for n in range(SITES) if not count(world, "get", f"VNet1toS{n}"))
    group = next(
        group for group in GROUPS if any(c.name == waiting for c in world.azure.world if c.resource_group == group)
    )
    world.portal_edit(waiting, group, routingWeight=9)
    await world.advance(65.0)
    assert world.accepted() == {"put": 1}
    await world.stop()
