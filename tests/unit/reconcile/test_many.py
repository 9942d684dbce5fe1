"""Many connections: one gateway at a time, urgent ones first, one PUT each; pairs; one object's misfortune is nobody else's."""

from collections.abc import Mapping
from typing import Any

import pytest

from azure_vpn_operator.app.core import BUCKETS
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.ports import Accepted
from azure_vpn_operator.reconcile.request_budget import Quota
from support.world.core import (
    CONNECTION,
    POLICY,
    POLICY_SPEC,
    SUBSCRIPTION,
    CoreHarness,
    Interference,
    site_spec,
    wire_policy,
)

pytestmark = pytest.mark.slow


async def fleet(size: int, *, gateways: int = 1, **settings: Any) -> CoreHarness:
    world = CoreHarness(**settings)
    world.azure.operation_seconds = 12.0
    await world.start()
    for number in range(size):
        gateway = f"GW{number % gateways}"
        world.add_gateway(gateway)
        world.add_site(f"S{number}")
        world.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway={"name": gateway}, driftPolicy="Correct")
    world.apply(POLICY, "site6", {**POLICY_SPEC, "rollout": {"strategy": "AllAtOnce"}})
    await world.settle()
    assert world.accepted() == {"put": size}
    world.forget_journals()
    return world


@pytest.mark.parametrize("gateways", [1, 4])
async def test_an_edit_of_the_policy_is_one_put_per_connection_and_no_gateway_is_asked_twice_at_once(gateways: int):
    world = await fleet(12, gateways=gateways)
    most = 0
    put = world.azure.put

    async def counting(connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        nonlocal most
        answer = await put(connection, body)
        most = max(most, world.azure.operations_in_progress)
        return answer

    world.azure.put = counting  # type: ignore[method-assign]
    await world.restart()
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    began = world.clock.monotonic()
    while len(world.sent) < 12:
        await world.advance(5.0)
        assert world.clock.monotonic() - began < 900.0
    await world.settle()
    assert len(world.sent) == 12, "a write was refused or repeated"
    assert world.accepted() == {"put": 12}
    assert most == gateways
    policy = world.document("site6", POLICY)
    assert policy is not None
    assert (policy["status"]["connections"], policy["status"]["updatedConnections"]) == (12, 12)
    await world.stop()


async def test_a_users_edit_goes_before_corrections_that_wait():
    world = await fleet(8)
    for number in range(7):
        world.portal_edit(f"VNet1toS{number}", routingWeight=7)
    await world.advance(60.0)
    assert 0 < len(world.sent) < 7
    before = len(world.sent)
    world.edit(CONNECTION, "s7", routingWeight=1)
    await world.advance(20.0)
    assert world.sent[before].name == "VNet1toS7"
    await world.settle()
    assert world.accepted() == {"put": 8}
    await world.stop()


async def test_one_that_waits_and_then_needs_nothing_does_not_block_the_rest():
    world = await fleet(4)
    for number in range(4):
        world.edit(CONNECTION, f"s{number}", routingWeight=1)
    await world.advance(1.0)
    world.edit(CONNECTION, "s1", routingWeight=0)
    world.delete(CONNECTION, "s2")
    await world.advance(80.0)
    assert world.accepted() == {"put": 2, "delete": 1}
    await world.settle()
    await world.stop()


async def test_an_operation_that_this_process_does_not_know_is_waited_for_on_the_whole_gateway():
    world = await fleet(2)
    world.azure.operation_seconds = 100.0
    world.edit(CONNECTION, "s0", routingWeight=1)
    await world.advance(2.0)
    await world.restart()
    world.edit(CONNECTION, "s1", routingWeight=1)
    await world.advance(60.0)
    assert len(world.sent) == 1
    assert world.ready("s1") == ("False", "GatewayBusy")
    await world.settle()
    assert len(world.sent) == 2
    await world.stop()


async def test_an_exhausted_quota_of_writes_delays_and_loses_nothing():
    world = await fleet(6, gateways=6)
    world.core.buckets.get(Quota(SUBSCRIPTION, "writes")).observe_throttled(60.0)
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(50.0)
    assert not world.sent
    assert {world.ready(f"s{number}") for number in range(6)} == {("False", "Throttled")}
    await world.settle()
    assert len(world.sent) == 6
    assert world.accepted() == {"put": 6}
    await world.stop()


async def test_a_start_with_many_connections_stays_inside_the_quota_and_tells_nobody():
    size = 350
    world = CoreHarness(drift_interval=3600.0, status_interval=3600.0)
    for number in range(size):
        world.apply(
            CONNECTION,
            f"s{number}",
            {"azureName": f"c{number}", "resourceGroup": "TestRG1", "managementPolicy": "Observe"},
        )
    await world.start()
    for _ in range(20):
        await world.advance(0.1)
    capacity, refill = BUCKETS["reads"]
    reads = sum(verb == "get" for verb, _ in world.calls)
    assert 0.9 * (capacity + 2 * refill) <= reads <= capacity + 2 * refill + 1
    await world.advance(60.0)
    told = {world.ready(f"s{number}") for number in range(size)}
    assert told == {("False", "NotFoundInAzure")}
    world.forget_journals()
    await world.restart()
    await world.advance(60.0)
    assert sum(verb == "get" for verb, _ in world.calls) >= size
    assert not world.cluster.writes
    await world.stop()


async def test_an_unexpected_error_in_one_pass_stops_no_other(caplog: pytest.LogCaptureFixture):
    world = await fleet(3, gateways=3)
    world.interfere = lambda _n, verb, what: (
        Interference(error=RuntimeError("a bug")) if verb == "get" and what == "VNet1toS1" else None
    )
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(100.0)
    assert world.accepted() == {"put": 2}
    assert any("the pass failed unexpectedly" in record.message for record in caplog.records)
    world.interfere = lambda _n, _verb, _what: None
    await world.advance(400.0)
    assert world.accepted() == {"put": 3}
    await world.stop()


@pytest.mark.parametrize("verb", ["list_group", "list_all"])
async def test_an_unexpected_error_in_a_list_ends_neither_the_operator_nor_the_lists(verb: str):
    world = await fleet(1, sweep_interval=60.0)
    world.interfere = lambda _n, called, _w: Interference(error=RuntimeError("a bug")) if called == verb else None
    await world.advance(300.0)
    world.interfere = lambda _n, _verb, _what: None
    world.portal_edit("VNet1toS0", routingWeight=7)
    await world.advance(150.0)
    assert world.accepted() == {"put": 1}
    await world.stop()


# -- pairs


async def pair(**second: Any) -> CoreHarness:
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(CONNECTION, "one", half("VNet1toVNet2"))
    world.apply(CONNECTION, "two", half("VNet2toVNet1", back=True, **second))
    await world.settle()
    return world


def half(name: str, *, back: bool = False, **changes: Any) -> dict[str, Any]:
    ends = [{"name": "VNet1GW", "resourceGroup": "TestRG1"}, {"name": "VNet2GW", "resourceGroup": "TestRG2"}]
    own, peer = reversed(ends) if back else ends
    spec = {
        "azureName": name,
        "virtualNetworkGateway": own,
        "peerVirtualNetworkGateway": peer,
        "ipsecPolicyRef": {"name": "pair"},
        "sharedKeySecretRef": {"name": "keys"},
        **changes,
    }
    return {field: value for field, value in spec.items() if value is not None}


def both(world: CoreHarness) -> set[tuple[str, str] | None]:
    return {world.condition(name, "PairInSync") for name in ("one", "two")}


async def test_a_pair_that_agrees_is_in_sync_and_cost_one_put_each():
    world = await pair()
    assert both(world) == {("True", "InSync")}
    assert world.accepted() == {"put": 2}
    assert len(world.sent) == 2, "both gateways are reserved for each write"
    await world.stop()


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        pytest.param({"ipsecPolicyRef": None}, ("False", "PairPolicyMismatch"), id="one without a policy"),
        pytest.param(
            {"sharedKeySecretRef": {"name": "keys", "key": "other"}}, ("False", "PairKeyMismatch"), id="another key"
        ),
        pytest.param({"connectionProtocol": "IKEv1"}, ("False", "PairProtocolMismatch"), id="another IKE version"),
    ],
)
async def test_halves_that_disagree_are_told_on_both(second: dict[str, Any], verdict: tuple[str, str]):
    world = await pair(**second)
    assert both(world) == {verdict}
    await world.stop()


async def test_halves_that_both_only_respond_are_told_on_both():
    world = await pair(connectionMode="ResponderOnly")
    world.edit(CONNECTION, "one", connectionMode="ResponderOnly")
    await world.settle()
    assert both(world) == {("False", "PairBothResponders")}
    await world.stop()


async def test_policies_of_other_names_and_equal_values_agree():
    world = await pair()
    world.apply(POLICY, "twin", POLICY_SPEC)
    world.edit(CONNECTION, "two", ipsecPolicyRef={"name": "twin"})
    await world.settle()
    assert both(world) == {("True", "InSync")}
    assert world.accepted() == {"put": 2}
    world.edit(POLICY, "twin", saLifeTimeSeconds=3600)
    await world.settle()
    assert both(world) == {("False", "PairPolicyMismatch")}
    await world.stop()


async def test_a_pair_is_not_in_sync_before_both_hold_the_policy():
    world = await pair()
    world.azure.operation_seconds = 60.0
    world.edit(POLICY, "pair", saLifeTimeSeconds=3600)
    await world.advance(30.0)
    assert both(world) == {("False", "PartnerUpdating")}
    await world.settle()
    assert both(world) == {("True", "InSync")}
    for group, name in (("TestRG1", "VNet1toVNet2"), ("TestRG2", "VNet2toVNet1")):
        assert world.held(name, group)["ipsecPolicies"] == [wire_policy(saLifeTimeSeconds=3600)]
    assert world.accepted() == {"put": 4}
    await world.stop()


async def test_a_half_without_a_partner_says_so_and_one_too_many_too():
    world = await pair()
    world.delete(CONNECTION, "two")
    await world.settle()
    assert world.condition("one", "PairInSync") == ("False", "PartnerMissing")
    world.live("VNet1toVNet2").tunnel = "NotConnected"
    await world.settle()
    assert world.condition("one", "Connected") == ("False", "PeerHalfMissing")
    world.apply(CONNECTION, "two", half("VNet2toVNet1", back=True))
    world.apply(CONNECTION, "three", half("VNet2toVNet1b", back=True))
    await world.settle()
    assert world.condition("one", "PairInSync") == ("False", "DuplicatePair")
    await world.stop()


async def test_a_connection_to_a_site_has_no_pair_condition(site: CoreHarness):
    assert site.condition("site6", "PairInSync") is None
    site.apply(CONNECTION, "other", site_spec("Site7"))
    await site.settle()
    assert site.condition("site6", "PairInSync") is None
