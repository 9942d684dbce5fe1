"""BGP on the whole core: told, kept, lost and found again, without a write to Azure and without one pass too many."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.world.core import CoreHarness, arm_id

pytestmark = pytest.mark.slow

SITE_ADDRESSES = {"Site6": "10.6.0.1", "Site7": "10.7.0.1"}


@pytest.fixture
async def world() -> AsyncIterator[CoreHarness]:
    """A core in front of a gateway and two sites that have BGP."""
    harness = CoreHarness()
    harness.azure.add_gateway(harness.gateway, enable_bgp=True, bgp_asn=65010, bgp_addresses=("10.1.0.4",))
    for site, address in SITE_ADDRESSES.items():
        harness.azure.add_local_gateway(arm_id("localNetworkGateways", site), address)
    await harness.start()
    yield harness
    await harness.stop()


@pytest.fixture
async def fleet(world: CoreHarness) -> CoreHarness:
    """Two connections of the gateway in peace; the journals begin afterwards."""
    world.set_up_site("Site6", "site6", enableBgp=True)
    world.set_up_site("Site7", "site7", enableBgp=True)
    await world.settle(quiet=900.0)
    world.forget_journals()
    world.azure.reads.clear()
    return world


def bgp(world: CoreHarness, name: str = "site6") -> tuple[str, str] | None:
    return world.condition(name, "BgpEstablished")


def peers(world: CoreHarness, name: str = "site6") -> Any:
    document = world.document(name)
    assert document is not None
    return document["status"]["halves"][0].get("bgp", {}).get("peers")


def count(world: CoreHarness, verb: str) -> int:
    return sum(read == verb for read, _ in world.azure.reads)


async def test_new_connection_is_told_established_within_a_minute(world: CoreHarness) -> None:
    world.set_up_site(enableBgp=True)
    await world.advance(20.0)
    assert bgp(world) == ("Unknown", "BgpNotRead")
    await world.advance(100.0)
    assert world.ready() == ("True", "UpToDate")
    assert bgp(world) == ("True", "BgpEstablished")
    assert peers(world) == [{"address": "10.6.0.1", "asn": 65100, "state": "Connected"}]
    assert "BgpEstablished" in world.reasons_of_events()


async def test_peace_writes_nothing_and_asks_once_for_both_connections(fleet: CoreHarness) -> None:
    assert (bgp(fleet, "site6"), bgp(fleet, "site7")) == (("True", "BgpEstablished"),) * 2
    await fleet.advance(3000.0)
    assert fleet.sent == []
    assert fleet.cluster.writes == []
    assert 7 <= count(fleet, "ask_bgp_sessions") <= 12
    passes = count(fleet, "get")
    assert passes <= 2 * 11 + count(fleet, "ask_bgp_sessions"), "one early look per question, by who has asked"


async def test_session_that_goes_down_is_told_with_its_address_and_comes_back(fleet: CoreHarness) -> None:
    fleet.azure.bgp_states["10.7.0.1"] = "Idle"
    await fleet.advance(400.0)
    assert bgp(fleet, "site7") == ("False", "BgpNotEstablished")
    assert "10.7.0.1 is Idle" in fleet.message("site7", "BgpEstablished")
    assert peers(fleet, "site7") == [{"address": "10.7.0.1", "asn": 65100, "state": "Idle"}]
    assert fleet.ready("site7") == ("True", "UpToDate")
    assert bgp(fleet, "site6") == ("True", "BgpEstablished")
    fleet.azure.bgp_states.clear()
    await fleet.advance(90.0)
    assert bgp(fleet, "site7") == ("True", "BgpEstablished")
    assert fleet.reasons_of_events("site7") == ["BgpNotEstablished", "BgpEstablished"]
    assert fleet.reasons_of_events("site6") == []
    assert fleet.sent == []


async def test_missing_right_is_told_and_disturbs_nothing_else(world: CoreHarness) -> None:
    forbidden = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no right")
    world.azure.fail("ask_bgp_sessions", forbidden, times=10_000)
    world.set_up_site(enableBgp=True)
    await world.settle(quiet=900.0)
    assert world.ready() == ("True", "UpToDate")
    assert bgp(world) == ("Unknown", "BgpForbidden")
    assert "getBgpPeerStatus/action" in world.message(wanted="BgpEstablished")
    assert peers(world) is None
    world.azure.reads.clear()
    await world.advance(3000.0)
    assert count(world, "ask_bgp_sessions") <= 12
    assert count(world, "get") <= 12, "someone has to act, so nothing is looked at often"


async def test_restart_changes_nothing_that_is_said(fleet: CoreHarness) -> None:
    await fleet.restart()
    await fleet.advance(900.0)
    assert bgp(fleet) == ("True", "BgpEstablished")
    assert fleet.cluster.writes == []
    assert count(fleet, "ask_bgp_sessions") >= 1


async def test_what_was_said_is_taken_back_when_azure_tells_nothing_for_three_intervals(fleet: CoreHarness) -> None:
    fleet.azure.fail("ask_bgp_sessions", Fault(FaultKind.UNAVAILABLE, "ServerTimeout", "later"), times=10_000)
    await fleet.advance(800.0)
    assert bgp(fleet) == ("True", "BgpEstablished")
    await fleet.advance(1500.0)
    assert bgp(fleet) == ("Unknown", "BgpNotRead")
    assert "ServerTimeout" in fleet.message(wanted="BgpEstablished")
    assert peers(fleet) is None


async def test_condition_goes_with_bgp(fleet: CoreHarness) -> None:
    fleet.edit("VpnConnection", "site6", enableBgp=None)
    await fleet.settle()
    assert bgp(fleet) is None
    assert peers(fleet) is None
    assert bgp(fleet, "site7") == ("True", "BgpEstablished")


async def test_address_that_is_set_later_is_seen_when_somebody_asks_for_a_look(world: CoreHarness) -> None:
    site = arm_id("localNetworkGateways", "Site6")
    world.azure.add_local_gateway(site)
    world.set_up_site(enableBgp=True)
    await world.settle()
    assert bgp(world) == ("Unknown", "BgpPeerUnknown")
    assert count(world, "ask_bgp_sessions") == 0
    world.azure.add_local_gateway(site, "10.6.0.1")
    world.annotate("site6", reconcile_at="now")
    await world.advance(90.0)
    assert bgp(world) == ("True", "BgpEstablished")


async def test_observer_sees_the_sessions_too(fleet: CoreHarness) -> None:
    spec = {"azureName": "VNet1toSite6", "resourceGroup": "TestRG1", "managementPolicy": "Observe", "enableBgp": True}
    fleet.apply("VpnConnection", "watcher", spec)
    await fleet.advance(90.0)
    assert fleet.ready("watcher") == ("True", "Observed")
    assert bgp(fleet, "watcher") == ("True", "BgpEstablished")
    assert fleet.sent == []
