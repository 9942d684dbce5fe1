"""What the metrics show of a connection, from a core that runs: in peace, in trouble, during changes, after a restart."""

import pytest

from azure_vpn_operator.app.fleet import FleetReader
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.telemetry.fleet_samples import ConnectionSample, FleetSample, PolicySample
from support.fakes.azure import Device
from support.world.core import CONNECTION, KEY, POLICY, CoreHarness, Interference, arm_id, connection_id

AWAY = Fault(FaultKind.UNAVAILABLE, "Away", "No answer.")


def sample(world: CoreHarness, **options: object) -> FleetSample:
    return FleetReader(world.core, Supervisor(world.clock), installation="it", **options).sample()  # type: ignore[arg-type]


def of(world: CoreHarness, name: str = "site6") -> ConnectionSample:
    return next(found for found in sample(world).connections if found.name == name)


async def test_a_connection_in_peace_tells_all_that_there_is(world: CoreHarness):
    found = of(world)
    (half,) = found.halves
    assert (found.connected, half.role, half.tunnels_up, half.tunnels_expected) == (True, "Forward", 1, 1)
    assert (found.changing, found.change, found.differences, found.ahead, found.bgp) == (False, None, 0, None, None)
    assert found.info.connection_id == str(connection_id("VNet1toSite6"))
    assert (found.info.gateway, found.info.peer, found.info.site, found.info.policy) == (
        "VNet1GW",
        "Site6",
        "Site6",
        "site6",
    )
    now = world.clock.now().timestamp()
    assert found.last_observed is not None
    assert now - 420.0 <= found.last_observed <= now
    assert half.key_set is not None
    assert half.key_set <= found.last_observed


async def test_the_label_of_a_site_is_its_name(world: CoreHarness):
    world.set_metadata("site6", labels={"azvpn.dev/site": "Berlin"})
    assert (of(world).info.site, of(world).info.peer) == ("Berlin", "Site6")


async def test_a_tunnel_that_went_down_is_down_and_has_flapped(world: CoreHarness):
    world.live("VNet1toSite6").tunnel = "NotConnected"
    await world.settle()
    found = of(world)
    assert (found.connected, found.halves[0].tunnels_up, found.halves[0].tunnels_expected) == (False, 0, 1)
    assert found.halves[0].flaps == 1
    assert not found.changing


async def test_what_azure_does_not_tell_is_not_known_and_no_flap(world: CoreHarness):
    world.live("VNet1toSite6").tunnel = "Odd"
    await world.settle()
    found = of(world)
    assert (found.connected, found.halves[0].tunnels_up, found.halves[0].flaps) == (None, None, 0)


async def test_a_connection_that_could_not_be_read_for_long_is_not_known_and_its_last_look_stays_old(
    world: CoreHarness,
):
    read = of(world).last_observed
    world.interfere = lambda _n, verb, _w: Interference(fault=AWAY) if verb in {"get", "list_group"} else None
    await world.advance(3600.0)
    found = of(world)
    assert (found.connected, found.halves[0].tunnels_up) == (None, None)
    assert read is not None
    assert found.last_observed is not None
    assert found.last_observed - read < 400.0


async def test_after_a_restart_the_tunnel_is_what_was_said_last_and_the_look_is_still_to_come(world: CoreHarness):
    before = of(world)
    world.interfere = lambda _n, verb, _w: Interference(fault=AWAY) if verb == "get" else None
    await world.restart()
    found = of(world)
    assert (found.connected, found.halves[0].key_set) == (True, before.halves[0].key_set)
    assert found.last_observed is None


async def test_a_change_of_our_own_says_so_and_is_no_flap(world: CoreHarness):
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(60.0)
    during = of(world)
    assert (during.changing, during.change is not None and during.change[0]) == (True, "Policy")
    began = during.last_change
    await world.settle()
    after = of(world)
    assert (after.connected, after.changing, after.halves[0].flaps) == (True, False, 0)
    assert began is not None
    assert after.last_change is not None
    assert after.last_change >= began


async def test_an_undo_is_told_and_is_no_flap_but_an_outage_that_nobody_saw_is_one(world: CoreHarness):
    device = Device(lambda properties, _key: properties.get("dpdTimeoutSeconds") != 33)
    world.live("VNet1toSite6").device = device
    device.negotiate(world.held(), KEY, world.clock.monotonic())
    await world.advance(900.0)
    before = of(world).halves[0].flaps
    world.edit(CONNECTION, "site6", dpdTimeoutSeconds=33)
    seen = set()
    for _ in range(90):
        await world.advance(10.0)
        found = of(world)
        seen.add(found.change)
        assert found.changing or found.connected, "each minute of the outage belongs to the change"
    assert ("Spec", "RollingBack") in seen
    assert (found.change, found.connected, found.differences) == (("Spec", "RolledBack"), True, 1)
    assert found.halves[0].flaps == before

    await world.advance(400.0)
    device.drop(world.clock.monotonic(), 20.0)
    await world.advance(900.0)
    after = of(world)
    assert (after.connected, after.halves[0].flaps) == (True, before + 1)


async def test_a_deletion_takes_the_tunnel_down_on_purpose(world: CoreHarness):
    world.delete(CONNECTION, "site6")
    await world.advance(3.0)
    assert of(world).changing
    await world.settle()
    assert not list(sample(world).connections)


async def test_byte_counters_are_shown_and_go_with_the_object(world: CoreHarness):
    live = world.live("VNet1toSite6")
    live.ingress_bytes, live.egress_bytes = 1000, 20
    await world.settle()
    assert of(world).halves[0].traffic == (1000, 20)


async def test_who_waits_for_a_gateway_has_a_place_in_its_line(world: CoreHarness):
    world.set_up_site("Site7", "site7")
    await world.settle()
    for name in ("site6", "site7"):
        world.edit(CONNECTION, name, routingWeight=1)
    await world.advance(3.0)
    assert sorted((of(world, name).ahead is None, of(world, name).ahead) for name in ("site6", "site7")) == [
        (False, 0),
        (True, None),
    ]
    changes = sample(world).changes
    assert changes is not None
    assert list(changes.lines.values()) == [1]


async def test_bgp_is_shown_with_the_routes_that_were_read_anyway(world: CoreHarness):
    world.azure.add_gateway(world.gateway, enable_bgp=True, bgp_asn=65010, bgp_addresses=("10.1.0.4",))
    world.azure.add_local_gateway(arm_id("localNetworkGateways", "Site7"), "10.7.0.1")
    await world.restart()
    world.set_up_site("Site7", "site7", enableBgp=True)
    await world.settle(quiet=900.0)
    bgp = of(world, "site7").bgp
    assert bgp is not None
    assert (bgp.established, bgp.sessions, bgp.sessions_up, bgp.routes) == (True, 1, 1, 3)
    assert of(world).bgp is None
    world.azure.bgp_states["10.7.0.1"] = "Idle"
    await world.settle(quiet=900.0)
    bgp = of(world, "site7").bgp
    assert bgp is not None
    assert (bgp.established, bgp.sessions, bgp.sessions_up) == (False, 1, 0)


async def test_a_policy_counts_its_connections_by_how_far_they_are(world: CoreHarness):
    world.set_up_site("Site7", "site7")
    await world.settle()

    def stages() -> dict[str, int]:
        (policy,) = (found for found in sample(world).policies if isinstance(found, PolicySample))
        return dict(policy.stages)

    assert stages() == {"waiting": 0, "unconfirmed": 0, "confirmed": 2, "skipped": 0}
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(3.0)
    assert stages()["waiting"] == 2
    await world.settle()
    assert stages() == {"waiting": 0, "unconfirmed": 0, "confirmed": 2, "skipped": 0}


@pytest.mark.parametrize("leads", [True, False])
async def test_only_the_leader_shows_objects(world: CoreHarness, leads: bool):
    found = sample(world, leads=lambda: leads)
    assert (found.leading, len(list(found.connections)), len(list(found.policies))) == (leads, int(leads), int(leads))
    assert (found.changes is not None) == leads
    assert found.cache_objects == {CONNECTION: 1, POLICY: 1}
