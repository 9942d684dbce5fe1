"""The line in front of the gateways, the cache of their facts, and the look at resource groups."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, Unreadable
from azure_vpn_operator.domain.passes.verdicts import Busy
from azure_vpn_operator.domain.rules.gateway import GatewayFacts
from azure_vpn_operator.reconcile.facts.gateways import KEEP_SECONDS, KEEP_UNSETTLED_SECONDS, GatewayDirectory
from azure_vpn_operator.reconcile.writes.gateway_line import BUSY_FROM_BEFORE_SECONDS, GatewayLine
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.line import Line
from azure_vpn_operator.runtime.priority import Priority
from support.world.core import CONNECTION, CoreHarness, arm_id, connection_id, wire_connection

FAULT = Fault(FaultKind.UNAVAILABLE, "Code", "text")
ONE, TWO = (ObjectKey(CONNECTION, "network", name) for name in ("one", "two"))
C1, C2 = connection_id("c1"), connection_id("c2")


class Front:
    def __init__(self) -> None:
        self.world = CoreHarness()
        self.told: list[tuple[ObjectKey, float]] = []
        self.line: Line[ObjectKey] = Line(self.world.clock, lambda key, _, after: self.told.append((key, after)))
        self.gateways = GatewayLine(lambda _namespace: self.world.azure, self.line)
        self.wanted = frozenset({self.world.gateway})

    async def reserve(self, key: ObjectKey, connection: ArmId = C1) -> Busy | Fault | None:
        return await self.gateways.reserve(key, frozenset({connection}), self.wanted, Priority.EDIT)

    @property
    def lists(self) -> int:
        return sum(verb == "list_of_gateway" for verb, _ in self.world.azure.reads)


async def test_a_free_gateway_is_looked_at_once_and_given_to_one():
    front = Front()
    assert await front.reserve(ONE) is None
    assert await front.reserve(TWO, C2) == Busy("network/one")
    assert front.lists == 1
    front.gateways.release(ONE)
    assert front.told == [(TWO, 0.0)]
    assert front.gateways.claim(TWO)
    assert await front.reserve(TWO, C2) is None


async def test_a_gateway_that_is_busy_from_before_is_not_written_to_and_looked_at_by_one():
    front = Front()
    front.world.azure.add_connection(C2, wire_connection())
    front.world.portal_edit("c2", provisioningState="Updating")
    assert await front.reserve(ONE) == Busy("another connection"), "whose it is is not told"
    assert front.gateways.waits(ONE)
    assert front.told == [(ONE, BUSY_FROM_BEFORE_SECONDS)]
    front.told.clear()
    three = ObjectKey(CONNECTION, "network", "three")
    assert isinstance(await front.reserve(three), Busy)
    assert front.lists == 1, "one look is enough for all who wait"
    front.gateways.forget(three)
    front.world.portal_edit("c2", provisioningState="Failed")
    front.world.clock.jump(BUSY_FROM_BEFORE_SECONDS)
    assert await front.reserve(ONE) is None


async def test_ones_own_running_operation_is_no_reason_against_oneself():
    front = Front()
    front.world.azure.add_connection(C2, wire_connection())
    front.world.portal_edit("c2", provisioningState="Updating")
    assert await front.reserve(TWO, C2) is None


async def test_a_gateway_whose_connections_cannot_be_listed_is_not_written_to():
    front = Front()
    front.world.azure.fail("list_of_gateway", FAULT)
    assert await front.reserve(ONE) == FAULT
    assert not front.gateways.claim(ONE)
    assert await front.reserve(ONE) is None


async def test_who_may_not_list_the_connections_of_a_gateway_writes_all_the_same():
    front = Front()
    front.world.azure.fail("list_of_gateway", Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no right"))
    assert await front.reserve(ONE) is None
    assert await front.reserve(TWO, C2) == Busy("network/one"), "what we do ourselves is known"
    front.gateways.release(ONE)
    assert await front.reserve(TWO, C2) is None
    assert front.lists == 2, "another identity may see more"


async def test_doubt_makes_the_next_write_look_again():
    front = Front()
    await front.reserve(ONE)
    front.gateways.release(ONE)
    front.gateways.doubt(front.wanted)
    await front.reserve(ONE)
    assert front.lists == 2


async def test_both_gateways_of_a_pair_are_reserved_or_none():
    front = Front()
    second = front.world.add_gateway("VNet2GW")
    await front.reserve(ONE)
    pair = frozenset({front.world.gateway, second})
    assert await front.gateways.reserve(TWO, frozenset({C2}), pair, Priority.EDIT) == Busy("network/one")
    assert front.line.holder_of(second.key) is None


async def test_who_wants_other_gateways_than_it_has_gives_those_back():
    front = Front()
    second = front.world.add_gateway("VNet2GW")
    await front.reserve(ONE)
    assert await front.gateways.reserve(ONE, frozenset({C1}), frozenset({second}), Priority.EDIT) is None
    assert front.line.held_by(ONE) == {second.key}


def test_the_name_of_another_namespaces_connection_is_not_told():
    front = Front()
    stranger = ObjectKey(CONNECTION, "other", "one")
    keys = frozenset({front.world.gateway.key})
    assert front.gateways.enter(stranger, keys, Priority.EDIT) is None
    assert front.gateways.enter(ONE, keys, Priority.EDIT) == Busy("a connection of another namespace")
    assert front.gateways.enter(TWO, keys, Priority.EDIT) == Busy("a connection of another namespace", ahead=1)


# -- facts


@pytest.mark.parametrize(
    ("facts", "keep", "again"),
    [
        pytest.param({}, KEEP_SECONDS, ("list_gateways", "TestRG1"), id="settled"),
        pytest.param(
            {"provisioning_state": "Updating"}, KEEP_UNSETTLED_SECONDS, ("get_gateway", "VNet1GW"), id="being changed"
        ),
    ],
)
async def test_how_long_a_gateway_is_kept(facts: dict[str, Any], keep: float, again: tuple[str, str]):
    world = CoreHarness()
    gateway = world.add_gateway("VNet1GW", **facts)
    directory = GatewayDirectory(world.azure, world.clock)
    first = await directory.gateway(gateway)
    assert isinstance(first, Present)
    world.clock.jump(keep - 0.1)
    assert await directory.gateway(gateway) is first
    world.clock.jump(0.2)
    await directory.gateway(gateway)
    assert world.azure.reads == [("list_gateways", "TestRG1"), again]


async def test_one_list_tells_of_all_gateways_of_a_group_and_one_of_all_its_sites():
    world = CoreHarness()
    gateways = [world.add_gateway(f"GW{number}") for number in range(20)]
    sites = [arm_id("localNetworkGateways", site) for site in ("Site6", "Site7")]
    directory = GatewayDirectory(world.azure, world.clock)
    for gateway in gateways:
        found = await directory.gateway(gateway)
        assert isinstance(found, Present)
        assert found.value.id == gateway
    for site in sites:
        assert isinstance(await directory.local_gateway(site), Present)
    assert world.azure.reads == [("list_gateways", "TestRG1"), ("list_local_gateways", "TestRG1")]


async def test_where_lists_are_refused_each_gateway_is_read_and_the_list_is_not_asked_for_each_time():
    world = CoreHarness()
    world.azure.fail("list_gateways", Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no"), times=100)
    directory = GatewayDirectory(world.azure, world.clock)
    for number in range(5):
        assert isinstance(await directory.gateway(world.add_gateway(f"GW{number}")), Present)
    assert [verb for verb, _ in world.azure.reads] == ["list_gateways", *["get_gateway"] * 5]


async def test_what_is_forgotten_is_read_anew_also_if_the_list_is_fresh():
    world = CoreHarness()
    directory = GatewayDirectory(world.azure, world.clock)
    later = world.add_gateway("VNet2GW")
    await directory.gateway(world.gateway)
    world.add_gateway("VNet2GW", sku="VpnGw5AZ")
    directory.forget([later.key])
    found = await directory.gateway(later)
    assert isinstance(found, Present)
    assert found.value.sku == "VpnGw5AZ"


async def test_what_is_absent_or_unreadable_is_asked_for_again_soon():
    world = CoreHarness()
    later = arm_id("localNetworkGateways", "Later")
    directory = GatewayDirectory(world.azure, world.clock)
    assert await directory.local_gateway(later) == Absent()
    world.add_site("Later")
    world.clock.jump(KEEP_UNSETTLED_SECONDS + 0.1)
    world.azure.fail("get_local_gateway", FAULT)
    assert await directory.local_gateway(later) == Unreadable(FAULT)
    world.clock.jump(KEEP_UNSETTLED_SECONDS + 0.1)
    assert isinstance(await directory.local_gateway(later), Present)


async def test_who_asks_while_a_gateway_is_being_read_shares_the_answer():
    world = CoreHarness()
    answers = asyncio.Event()
    read = world.azure.list_gateways

    async def list_gateways(subscription: str, resource_group: str) -> Read[Sequence[GatewayFacts]]:
        await answers.wait()
        return await read(subscription, resource_group)

    world.azure.list_gateways = list_gateways  # type: ignore[method-assign]
    directory = GatewayDirectory(world.azure, world.clock)
    asking = [asyncio.create_task(directory.gateway(world.gateway)) for _ in range(8)]
    await asyncio.sleep(0)
    answers.set()
    first, *others = await asyncio.gather(*asking)
    assert isinstance(first, Present)
    assert all(other is first for other in others)
    assert len(world.azure.reads) == 1


async def test_forgetting_a_gateway_reads_it_anew():
    world = CoreHarness()
    directory = GatewayDirectory(world.azure, world.clock)
    await directory.gateway(world.gateway)
    directory.forget([world.gateway.key])
    await directory.gateway(world.gateway)
    assert len(world.azure.reads) == 2


# -- resource groups


async def test_a_group_is_listed_once_whatever_the_case_of_its_name(site: CoreHarness):
    site.set_up_site("Site7", "site7", resourceGroup="TESTRG1")
    await site.settle()
    site.forget_journals()
    await site.advance(54.0)
    assert [verb for verb, _ in site.calls].count("list_group") == 1


async def test_a_list_that_shows_less_than_a_get_is_no_news(site: CoreHarness):
    """Then one extra look is taken, and no more."""
    item = site.azure._item

    def short(connection: Any) -> LiveConnection:
        document = dict(site.azure.world[connection].document)
        properties = {k: v for k, v in document["properties"].items() if k not in {"ipsecPolicies", "routingWeight"}}
        shown = site.azure.world[connection].document
        site.azure.world[connection].document = {**document, "properties": properties}
        try:
            return item(connection)
        finally:
            site.azure.world[connection].document = shown

    site.azure._item = short  # type: ignore[method-assign]
    await site.advance(240.0)
    site.forget_journals()
    await site.advance(1200.0)
    assert [verb for verb, _ in site.calls].count("get") <= 5
    assert not site.sent


async def test_an_object_without_a_target_is_in_no_group(world: CoreHarness):
    world.apply(CONNECTION, "broken", {"azureName": "x"})
    await world.settle()
    assert "list_group" not in [verb for verb, _ in world.calls]


async def test_what_a_policy_based_device_must_have_is_told_from_both_ends(world: CoreHarness):
    network = arm_id("virtualNetworks", "VNet1")
    world.azure.networks[network] = ("10.11.0.0/16", "10.12.0.0/16")
    world.add_gateway("VNet1GW", network=network)
    world.azure.add_local_gateway(arm_id("localNetworkGateways", "Site6"), prefixes=("10.61.0.0/16",))
    world.set_up_site(usePolicyBasedTrafficSelectors=True)
    await world.settle()

    document = world.document("site6")
    assert document is not None
    assert document["status"]["trafficSelectors"] == {
        "source": "AddressSpaces",
        "pairs": ["10.11.0.0/16 <=> 10.61.0.0/16", "10.12.0.0/16 <=> 10.61.0.0/16"],
    }

    world.forget_journals()
    await world.advance(3600)
    asked = sum(verb == "get_address_space" for verb, _ in world.calls)
    assert 0 < asked <= 7, "once in ten minutes at most"
    assert not world.accepted()


async def test_the_network_is_not_read_where_nobody_needs_it(world: CoreHarness):
    network = arm_id("virtualNetworks", "VNet1")
    world.add_gateway("VNet1GW", network=network)
    world.set_up_site()
    await world.settle()

    assert not any(verb == "get_address_space" for verb, _ in world.calls)
    assert world.ready() == ("True", "UpToDate")


async def test_a_network_that_may_not_be_read_stops_nothing(world: CoreHarness):
    world.add_gateway("VNet1GW", network=arm_id("virtualNetworks", "VNet1"))
    world.azure.fail("get_address_space", Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "No."), times=100)
    world.set_up_site(usePolicyBasedTrafficSelectors=True)
    await world.settle()

    document = world.document("site6")
    assert document is not None
    assert "virtualNetworks/read" in document["status"]["trafficSelectors"]["message"]
    assert world.ready() == ("True", "UpToDate")
