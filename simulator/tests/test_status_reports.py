"""What a GET shows of the tunnels: how late, and how completely; and what IKE SAs show, which is never late."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.topology import TopologyError

Make = Callable[..., ArmDriver]
Device = Callable[..., None]
COUNTERS = ("ingressBytesTransferred", "egressBytesTransferred")
IKE_SAS = "Microsoft.Network/connections/getikesas/action"


def gateway(arm: ArmDriver, name: str, **changes: Any) -> None:
    group = {"name": "Net", "virtualNetworkGateways": [{"name": name, **changes}]}
    arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [group]}])


def shown(arm: ArmDriver, name: str = "C1") -> dict[str, Any]:
    """What the connection's GET says of its tunnels."""
    names = {"connectionStatus", "tunnelConnectionStatus", *COUNTERS}
    return {k: v for k, v in arm.properties(name).items() if k in names}


def story(arm: ArmDriver, device: Device, look: Callable[[], Any]) -> list[Any]:
    """A site's tunnel comes up, is dropped by a change, lost in an outage and found again; look every 7 seconds."""
    arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    seen = []
    for second in range(0, 1400, 7):
        if second == 210:
            arm.put("connections/C1/sharedkey", {"value": "k2"})
        if second == 280:
            device(key="k2")
        if second == 350:
            arm.event("failover", "virtualNetworkGateways/GwA", planned=False)
        if second == 700:
            device(silent=True)
        if second == 840:
            arm.event("outage", "localNetworkGateways/Site", forSeconds=100)
        arm.wait(3)
        seen.append(look())
        arm.wait(4)
    return seen


def test_everything_that_is_reported_lags_behind_by_the_same_time(make_arm: Make, device: Device) -> None:
    def run(lag: int) -> list[Any]:
        arm = make_arm(options={"statusLagSeconds": lag})
        site = {"name": "Net", "localNetworkGateways": []}

        def change(**changes: Any) -> None:
            site["localNetworkGateways"] = [{"name": "Site", "device": changes}]
            arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [site]}])

        def look() -> Any:
            properties = arm.properties("C1")
            return shown(arm) if properties["provisioningState"] == "Succeeded" else None

        return story(arm, change, look)

    now, late = run(0), run(70)
    pairs = [(a, b) for a, b in zip(now, late[10:], strict=False) if a is not None and b is not None]
    assert len(pairs) > 150
    assert all(a == b for a, b in pairs)
    assert len({a["tunnelConnectionStatus"][0]["lastConnectionEstablishedUtcTime"] for a, _ in pairs}) > 3


def test_a_random_lag_stays_within_its_bounds_and_nobody_sees_time_go_back(make_arm: Make) -> None:
    arm = make_arm(options={"statusLagSeconds": {"min": 30, "max": 300}, "seed": 5})
    for name in ("C1", "C2"):
        arm.finish(arm.put(f"connections/{name}", arm.site("GwA", "Site", "k1")))
    up_since = arm.outages()["now"]["seconds"]
    arm.wait(1000)

    def lag(name: str) -> float:
        # The device's tunnel carries 1250 bytes a second since it came up: the counter is a clock.
        came_up = arm.azure.world.store.find(f"{arm.network}/connections/{name}")
        assert came_up is not None
        established = came_up.tunnels[0].established  # type: ignore[attr-defined]
        return arm.clock.seconds() - established - arm.properties(name)["ingressBytesTransferred"] / 1250

    lags: dict[str, list[float]] = {"C1": [], "C2": []}
    counters = []
    for _ in range(400):
        arm.wait(11)
        for name, found in lags.items():
            found.append(lag(name))
        counters.append(arm.properties("C1")["ingressBytesTransferred"])
    assert up_since > 0
    for found in lags.values():
        assert 30 - 0.01 <= min(found) < 80
        assert 250 < max(found) <= 300 + 0.01
    assert max(abs(a - b) for a, b in zip(*lags.values(), strict=True)) > 60, "each connection has its own"
    assert counters == sorted(counters)


def test_a_random_lag_repeats_with_its_seed(make_arm: Make) -> None:
    def run(seed: int) -> list[int]:
        arm = make_arm(options={"statusLagSeconds": {"min": 0, "max": 200}, "seed": seed})
        arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
        counters = []
        for _ in range(20):
            arm.wait(50)
            counters.append(arm.properties("C1")["ingressBytesTransferred"])
        return counters

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_gateway_reports_later_than_the_others_and_azure_does_not_know_of_it(arm: ArmDriver) -> None:
    before = arm.get("virtualNetworkGateways/GwB").body
    gateway(arm, "GwB", statusLagSeconds=600)
    assert arm.get("virtualNetworkGateways/GwB").body == before
    for name in ("GwA", "GwB"):
        arm.put(f"connections/to{name}", arm.site(name, "Site", "k1"))
    arm.wait(60)
    assert (arm.status("toGwA"), arm.status("toGwB")) == ("Connected", "Unknown")
    arm.wait(600)
    assert arm.status("toGwB") == "Connected"
    gateway(arm, "GwB", statusLagSeconds=None)
    arm.event("drop", "connections/toGwB", forSeconds=10)
    assert arm.status("toGwB") == "NotConnected"


def test_a_gateway_can_be_prompt_where_all_others_are_late(make_arm: Make) -> None:
    arm = make_arm(options={"statusLagSeconds": 600})
    gateway(arm, "GwB", statusLagSeconds=0)
    for name in ("GwA", "GwB"):
        arm.put(f"connections/to{name}", arm.site(name, "Site", "k1"))
    arm.wait(60)
    assert (arm.status("toGwA"), arm.status("toGwB")) == ("Unknown", "Connected")


def test_the_two_halves_of_a_pair_are_reported_by_their_own_gateways(arm: ArmDriver) -> None:
    gateway(arm, "GwB", statusLagSeconds=300, tunnelStatus="missing")
    arm.finish(arm.put("connections/ab", arm.half("GwA", "GwB", "p")))
    arm.finish(arm.put("connections/ba", arm.half("GwB", "GwA", "p")))
    assert (arm.status("ab"), arm.status("ba")) == ("Connected", "Unknown")
    assert "tunnelConnectionStatus" in arm.properties("ab")
    assert "tunnelConnectionStatus" not in arm.properties("ba")


def test_a_lag_that_grows_lets_the_report_stand_still_and_one_that_shrinks_lets_it_jump(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    first = shown(arm)
    assert first["connectionStatus"] == "Connected"
    arm.change(options={"statusLagSeconds": 120})
    arm.wait(1)
    arm.event("drop", "connections/C1", forSeconds=1000)
    for _ in range(12):
        assert shown(arm) == first
        arm.wait(10)
    arm.wait(1)
    assert shown(arm)["connectionStatus"] == "NotConnected"
    arm.wait(1000)
    arm.event("drop", "connections/C1", forSeconds=50)
    arm.wait(10)
    assert arm.status("C1") == "Connected", "as it was before the second drop"
    arm.change(options={"statusLagSeconds": 0})
    assert arm.status("C1") == "NotConnected"


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        pytest.param(
            "full",
            [
                {"tunnel", "connectionStatus", *COUNTERS, "lastConnectionEstablishedUtcTime"},
            ]
            * 2,
            id="everything",
        ),
        pytest.param("noTimes", [{"tunnel", "connectionStatus", *COUNTERS}] * 2, id="not when it came up"),
        pytest.param("empty", [], id="an empty list"),
        pytest.param("missing", None, id="no list"),
    ],
)
@pytest.mark.parametrize("by", ["options", "gateway"])
def test_parts_of_the_report_can_be_missing(make_arm: Make, by: str, how: str, rows: list[set[str]] | None) -> None:
    arm = make_arm(options={"tunnelStatus": how}) if by == "options" else make_arm()
    if by == "gateway":
        gateway(arm, "GwActive", tunnelStatus=how)
    arm.finish(arm.put("connections/C1", arm.site("GwActive", "Site", "k1")))
    found = shown(arm)
    told = found.get("tunnelConnectionStatus")
    assert (None if told is None else [set(row) for row in told]) == rows
    assert found["connectionStatus"] == "Connected", "the whole is told all the same"
    assert found["ingressBytesTransferred"] > 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"statusLagSeconds": -5}, "statusLagSeconds: Value error, give a number", id="a negative lag"),
        pytest.param({"tunnelStatus": "some"}, "tunnelStatus: Input should be 'full', 'noTimes'", id="a word"),
    ],
)
@pytest.mark.parametrize("by", ["options", "gateway"])
def test_mistakes_are_told(arm: ArmDriver, by: str, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(TopologyError) as mistake:
        arm.change(options=changes) if by == "options" else gateway(arm, "GwA", **changes)
    assert told in str(mistake.value)


def ages(arm: ArmDriver, name: str = "C1") -> dict[str, int]:
    """The age of each IKE SA, by the address at Azure's end."""
    return {sa["LocalEndpoint"]: sa["ElapsedTimeInSeconds"] for sa in arm.ike_sas(name)}


def addresses(arm: ArmDriver, name: str) -> list[str]:
    """The public addresses of a gateway, one for each instance."""
    settings = arm.get(f"virtualNetworkGateways/{name}").body["properties"]["bgpSettings"]
    return [row["tunnelIpAddresses"][0] for row in settings["bgpPeeringAddresses"]]


@pytest.mark.parametrize(
    ("happens", "young"),
    [
        pytest.param("nothing", [False, False], id="nothing happens: they are as old as the tunnels"),
        pytest.param("policy", [True, True], id="a change: both are younger than it"),
        pytest.param("reset", [True, True], id="a reset"),
        pytest.param("instance 0", [True, False], id="a failover of one instance: its tunnel's only"),
        pytest.param("instance 1", [False, True], id="a failover of the other"),
        pytest.param("drop", [False, True], id="one tunnel is dropped"),
        pytest.param("weight", [False, False], id="a change that drops nothing"),
    ],
)
def test_an_ike_sa_is_younger_than_what_dropped_its_tunnel(
    make_arm: Make, policy: dict[str, Any], happens: str, young: list[bool]
) -> None:
    arm = make_arm(options={"statusLagSeconds": 10_000})
    arm.finish(arm.put("connections/C1", arm.site("GwActive", "Site", "k1")))
    arm.wait(2000)
    start = arm.clock.seconds()
    match happens.split():
        case ["policy"]:
            arm.finish(arm.put("connections/C1", arm.site("GwActive", "Site", None, ipsecPolicies=[policy])))
        case ["weight"]:
            arm.finish(arm.put("connections/C1", arm.site("GwActive", "Site", None, routingWeight=7)))
        case ["reset"]:
            arm.finish(arm.call("POST", "connections/C1/resetconnection"))
        case ["instance", number]:
            arm.event("failover", "virtualNetworkGateways/GwActive", instance=int(number))
        case ["drop"]:
            arm.event("drop", "connections/C1", tunnel=1, forSeconds=20)
    arm.wait(100)
    found = ages(arm)
    since = arm.clock.seconds() - start
    assert [found[address] < since for address in addresses(arm, "GwActive")] == young


def test_a_tunnel_that_is_down_has_no_ike_sa_while_the_other_has_one(arm: ArmDriver, device: Device) -> None:
    device(outageTunnels=[0])
    arm.finish(arm.put("connections/C1", arm.site("GwActive", "Site", "k1")))
    assert list(ages(arm)) == addresses(arm, "GwActive")[1:]


def test_an_ike_sa_outlives_an_outage_that_is_not_noticed_yet(arm: ArmDriver, device: Device) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    [before] = arm.ike_sas("C1")
    device(outage=True)
    [after] = arm.ike_sas("C1")
    assert after["InitiatorCookie"] == before["InitiatorCookie"]
    arm.wait(45)
    assert arm.ike_sas("C1") == []


def test_both_tunnels_between_an_active_active_gateway_and_another_one_end_at_that_ones_address(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/one", arm.half("GwA", "GwActive", "p")))
    arm.finish(arm.put("connections/two", arm.half("GwActive", "GwA", "p")))
    [single], both = addresses(arm, "GwA"), addresses(arm, "GwActive")
    ends = [(sa["LocalEndpoint"], sa["RemoteEndpoint"]) for sa in arm.ike_sas("one")]
    assert ends == [(single, each) for each in both]
    assert [(sa["LocalEndpoint"], sa["RemoteEndpoint"]) for sa in arm.ike_sas("two")] == [(b, a) for a, b in ends]


def test_who_lacks_the_right_is_told_so_and_no_operation_starts(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    right = {"actions": ["*"], "notActions": [IKE_SAS]}
    arm.change(principals=[{"name": "engineer", "rights": [right]}])
    refused = arm.call("POST", "connections/C1/getikesas")
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert IKE_SAS in refused.body["error"]["message"]
    assert arm.get("connections/C1").status == 200
    arm.change(principals=[{"name": "engineer", "rights": [{"actions": ["*"]}]}])
    assert len(arm.ike_sas("C1")) == 1
