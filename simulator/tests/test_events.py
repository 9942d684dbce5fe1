"""Failovers, outages and drops on request: which tunnels they take down, for how long, and when."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from azure_vpn_simulator.testing import ArmDriver

Device = Callable[..., None]
GATEWAY = "virtualNetworkGateways/GwA"
ACTIVE = "virtualNetworkGateways/GwActive"
SITE = "localNetworkGateways/Site"


@pytest.fixture
def fleet(arm: ArmDriver) -> ArmDriver:
    """Two sites and a pair at GwA, one site at GwB and one at GwActive, all of them up."""
    group = {"name": "Net", "localNetworkGateways": [{"name": "Site2", "device": {"key": "k1"}}]}
    arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [group]}])
    bodies = {
        "a1": arm.site("GwA", "Site", "k1"),
        "a2": arm.site("GwA", "Site2", "k1"),
        "b1": arm.site("GwB", "Site2", "k1"),
        "ab": arm.half("GwA", "GwB", "p"),
        "ba": arm.half("GwB", "GwA", "p"),
        "act": arm.site("GwActive", "Site", "k1"),
    }
    for name, body in bodies.items():
        arm.finish(arm.put(f"connections/{name}", body))
    assert up(arm) == {"a1", "a2", "b1", "ab", "ba", "act"}
    arm.azure.world.history.clear()
    return arm


def up(arm: ArmDriver) -> set[str]:
    """The connections all of whose tunnels are up."""
    rows = [row["name"] for row in arm.get("connections").body["value"]]
    shown = {name: arm.properties(name)["tunnelConnectionStatus"] for name in rows}
    return {name for name, each in shown.items() if all(t["connectionStatus"] == "Connected" for t in each)}


def down_times(arm: ArmDriver) -> dict[tuple[str, int], float]:
    """How long each tunnel that went down was down, or has been."""
    found = arm.outages()["outages"]
    assert len({(each["connection"], each["tunnel"]) for each in found}) == len(found), "each once"
    return {(each["connection"].rpartition("/")[2], each["tunnel"]): each["seconds"] for each in found}


@pytest.mark.parametrize(
    ("how", "least", "most"),
    [
        pytest.param({}, 10, 15, id="planned, unless it is said otherwise: maintenance"),
        pytest.param({"planned": True}, 10, 15, id="planned"),
        pytest.param({"planned": False}, 60, 180, id="unplanned: up to three minutes"),
        pytest.param({"forSeconds": 15}, 15, 15, id="exactly so long"),
        pytest.param({"planned": False, "forSeconds": {"min": 170, "max": 180}}, 170, 180, id="between other bounds"),
    ],
)
def test_a_failover_takes_all_tunnels_of_a_gateway_down_for_a_time(
    fleet: ArmDriver, how: dict[str, Any], least: float, most: float
) -> None:
    fleet.event("failover", GATEWAY, **how)
    assert up(fleet) == {"b1", "act"}
    fleet.wait(most)
    assert up(fleet) == {"a1", "a2", "b1", "ab", "ba", "act"}
    found = down_times(fleet)
    assert found.keys() == {("a1", 0), ("a2", 0), ("ab", 0), ("ba", 0)}
    assert all(least <= each <= most for each in found.values())
    assert found["ab", 0] == found["ba", 0], "a pair's two halves are one tunnel"
    if least < most:
        assert len({found[name, 0] for name in ("a1", "a2", "ab")}) == 3, "each comes back in its own time"
    assert {each["cause"] for each in fleet.outages()["outages"]} == {"Failover"}


@pytest.mark.parametrize(
    ("how", "tunnels"),
    [
        pytest.param({}, {("act", 0)}, id="the first instance, unless it is said otherwise"),
        pytest.param({"instance": 1}, {("act", 1)}, id="the other one"),
    ],
)
def test_a_failover_of_an_active_active_gateway_takes_the_tunnels_of_one_instance_down(
    fleet: ArmDriver, how: dict[str, Any], tunnels: set[tuple[str, int]]
) -> None:
    fleet.event("failover", ACTIVE, **how)
    assert fleet.status("act") == "Connected"
    fleet.wait(15)
    assert down_times(fleet).keys() == tunnels
    assert "act" in up(fleet)


def test_a_pair_of_an_active_active_gateway_and_another_one_fails_over_by_tunnel_or_as_a_whole(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/one", arm.half("GwA", "GwActive", "p")))
    arm.finish(arm.put("connections/two", arm.half("GwActive", "GwA", "p")))
    arm.azure.world.history.clear()
    arm.event("failover", ACTIVE, instance=1)
    arm.wait(15)
    assert down_times(arm).keys() == {("one", 1), ("two", 1)}
    arm.azure.world.history.clear()
    arm.event("failover", GATEWAY)
    arm.wait(15)
    assert down_times(arm).keys() == {("one", 0), ("one", 1), ("two", 0), ("two", 1)}


def test_nothing_comes_up_before_the_failover_is_over_and_what_does_not_fit_stays_down(
    fleet: ArmDriver, policy: dict[str, Any]
) -> None:
    fleet.put("connections/a1", fleet.site("GwA", "Site", None, ipsecPolicies=[policy]))
    fleet.wait(40)
    fleet.event("failover", GATEWAY, forSeconds=100)
    fleet.put("connections/a2/sharedkey", {"value": "k2"})
    fleet.wait(5)
    assert fleet.properties("a1")["provisioningState"] == "Succeeded"
    fleet.wait(94)
    assert fleet.status("a1") != "Connected"
    fleet.wait(1)
    assert fleet.status("a1") == "Connected"
    assert down_times(fleet)["a1", 0] == 100
    fleet.finish(fleet.put("connections/a2/sharedkey", {"value": "k3"}))
    fleet.event("failover", GATEWAY)
    fleet.wait(600)
    assert fleet.status("a2") == "NotConnected"


def test_an_event_happens_at_its_time_and_as_often_as_it_was_asked_to(fleet: ArmDriver) -> None:
    asked = fleet.event("failover", GATEWAY, inSeconds=100, everySeconds=1000, count=3, forSeconds=20)
    start = fleet.clock.seconds()
    assert (asked["next"]["seconds"], asked["happened"]) == (start + 100, [])
    fleet.wait(3000)
    begun = [o["from"]["seconds"] for o in fleet.outages()["outages"] if o["connection"].endswith("/a1")]
    assert begun == [start + 100, start + 1100, start + 2100]
    [shown] = fleet.azure.events.shown()
    assert [each["seconds"] for each in shown["happened"]] == begun
    assert shown["next"] is None


@pytest.mark.parametrize(
    ("how", "downs"),
    [
        pytest.param({"forSeconds": 30}, {}, id="shorter than the DPD timeout: nobody notices"),
        pytest.param(
            {"forSeconds": 300},
            {("a1", 0): 300 - 45 + 5, ("act", 0): 260, ("act", 1): 260},
            id="noticed by DPD, and over by itself",
        ),
        pytest.param({"forSeconds": 300, "tunnel": 1}, {("act", 1): 260}, id="at one tunnel"),
    ],
)
def test_an_outage_of_a_site_for_a_time(
    fleet: ArmDriver, how: dict[str, Any], downs: dict[tuple[str, int], float]
) -> None:
    fleet.event("outage", SITE, **how)
    fleet.wait(400)
    assert down_times(fleet) == downs
    assert len(up(fleet)) == 6


def test_outages_of_one_site_add_up(fleet: ArmDriver, device: Device) -> None:
    fleet.event("outage", SITE, forSeconds=100)
    fleet.event("outage", SITE, forSeconds=300, inSeconds=50)
    device(outage=True)
    fleet.wait(500)
    assert fleet.status("a1") == "NotConnected"
    device(outage=False)
    fleet.wait(5)
    assert fleet.status("a1") == "Connected"
    assert down_times(fleet)["a1", 0] == 500 + 5 - 45


@pytest.mark.parametrize(
    ("resource", "how", "downs"),
    [
        pytest.param("a1", {}, {("a1", 0): 20}, id="a site"),
        pytest.param("act", {"tunnel": 1}, {("act", 1): 20}, id="one tunnel of two"),
        pytest.param("act", {}, {("act", 0): 20, ("act", 1): 20}, id="both"),
        pytest.param("ab", {}, {("ab", 0): 20, ("ba", 0): 20}, id="a pair, from either half"),
    ],
)
def test_a_drop_of_a_connections_tunnels(
    fleet: ArmDriver, resource: str, how: dict[str, Any], downs: dict[tuple[str, int], float]
) -> None:
    fleet.event("drop", f"connections/{resource}", forSeconds=20, **how)
    fleet.wait(100)
    assert down_times(fleet) == downs


def test_clearing_ends_what_goes_on_and_what_is_to_come(fleet: ArmDriver) -> None:
    fleet.event("outage", SITE, forSeconds=100_000)
    fleet.event("failover", GATEWAY, inSeconds=200)
    fleet.wait(100)
    assert fleet.status("a1") == "NotConnected"
    fleet.azure.events.clear()
    fleet.wait(5)
    assert fleet.status("a1") == "Connected"
    fleet.wait(100_000)
    assert len(up(fleet)) == 6
    assert set(down_times(fleet)) == {("a1", 0), ("act", 0), ("act", 1)}
    assert fleet.azure.events.shown() == []


def test_an_event_at_something_that_is_gone_by_then_is_no_mistake(fleet: ArmDriver) -> None:
    fleet.event("drop", "connections/a1", inSeconds=100, forSeconds=10)
    fleet.finish(fleet.call("DELETE", "connections/a1"))
    fleet.wait(200)
    assert len(up(fleet)) == 5
    assert down_times(fleet) == {}


@pytest.mark.parametrize(
    ("event", "resource", "how", "told"),
    [
        pytest.param(
            "failover", SITE, {}, "event failover needs the id of one of virtualNetworkGateways", id="of a site"
        ),
        pytest.param("outage", GATEWAY, {"forSeconds": 1}, "needs the id of one of localNetworkGateways", id="gateway"),
        pytest.param(
            "drop", f"{GATEWAY}/x", {"forSeconds": 1}, "event drop needs the id of one of connections", id="no id"
        ),
        pytest.param("failover", "virtualNetworkGateways/No", {}, "is not there", id="no such gateway"),
        pytest.param("failover", GATEWAY, {"instance": 1}, "instance: the gateway is not active-active", id="instance"),
        pytest.param("failover", ACTIVE, {"tunnel": 1}, "name the instance, not a tunnel", id="tunnel of a failover"),
        pytest.param("outage", SITE, {}, "event outage needs forSeconds", id="how long"),
        pytest.param(
            "drop", "connections/a1", {"forSeconds": 1, "planned": True}, "belong to a failover", id="planned"
        ),
        pytest.param("failover", GATEWAY, {"count": 2}, "a count above 1 needs everySeconds", id="how often"),
        pytest.param("failover", GATEWAY, {"inSeconds": -1}, "inSeconds", id="in the past"),
        pytest.param("failover", GATEWAY, {"kind": "planned"}, "kind", id="an unknown key"),
        pytest.param("reboot", GATEWAY, {}, "'failover', 'outage' or 'drop'", id="an unknown event"),
    ],
)
def test_what_cannot_happen_is_refused(
    fleet: ArmDriver, event: str, resource: str, how: dict[str, Any], told: str
) -> None:
    with pytest.raises((ValueError, ValidationError)) as refusal:
        fleet.event(event, resource, **how)
    assert told in str(refusal.value)
    fleet.wait(100)
    assert down_times(fleet) == {}
    assert fleet.azure.events.shown() == []
