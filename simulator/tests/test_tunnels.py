"""When a tunnel is up: both sides have to agree, and what changes costs a moment.

Size: each kind of connection and each cause has a case of its own, all on the same small world.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.testing import ArmDriver

Make = Callable[..., ArmDriver]
Device = Callable[..., None]
SITE_SECONDS = 5


def connect(arm: ArmDriver, gateway: str = "GwA", **properties: Any) -> str | None:
    arm.finish(arm.put("connections/C1", arm.site(gateway, "Site", "k1", **properties)))
    return arm.status("C1")


def pair(
    arm: ArmDriver, one: dict[str, Any], other: dict[str, Any], keys: tuple[str, str] = ("p", "p")
) -> tuple[Any, Any]:
    arm.finish(arm.put("connections/ab", arm.half("GwA", "GwB", keys[0], **one)))
    arm.finish(arm.put("connections/ba", arm.half("GwB", "GwA", keys[1], **other)))
    return arm.status("ab"), arm.status("ba")


def proposal(policy: dict[str, Any], **changes: str) -> dict[str, Any]:
    return {k: v for k, v in (policy | changes).items() if not k.startswith("sa")}


def test_the_way_up_goes_through_unknown_and_connecting(arm: ArmDriver) -> None:
    arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    seen = []
    for seconds in (30, 2, 3):
        arm.wait(seconds)
        seen.append(arm.status("C1"))
    assert seen == ["Unknown", "Connecting", "Connected"]


@pytest.mark.parametrize(
    ("device_changes", "properties", "status"),
    [
        pytest.param({}, {}, "Connected", id="a device that takes anything"),
        pytest.param({"key": "other"}, {}, "NotConnected", id="another key"),
        pytest.param({"outage": True}, {}, "NotConnected", id="a device that is down"),
        pytest.param({"protocols": ["IKEv1"]}, {}, "NotConnected", id="a device without IKEv2"),
        pytest.param({"protocols": ["IKEv1"]}, {"connectionProtocol": "IKEv1"}, "Connected", id="IKEv1 on both sides"),
        pytest.param({"mode": "ResponderOnly"}, {}, "Connected", id="Azure calls"),
        pytest.param({"mode": "ResponderOnly"}, {"connectionMode": "ResponderOnly"}, "NotConnected", id="nobody calls"),
        pytest.param(
            {"mode": "InitiatorOnly"}, {"connectionMode": "InitiatorOnly"}, "NotConnected", id="nobody answers"
        ),
        pytest.param(
            {"requiresPolicyBasedTrafficSelectors": True}, {}, "NotConnected", id="a policy-based device, any-to-any"
        ),
        pytest.param(
            {"requiresPolicyBasedTrafficSelectors": True},
            {"usePolicyBasedTrafficSelectors": True},
            "Connected",
            id="a policy-based device with its selectors",
        ),
    ],
)
def test_site_to_site(
    arm: ArmDriver, device: Device, device_changes: dict[str, Any], properties: dict[str, Any], status: str
) -> None:
    device(**device_changes)
    assert connect(arm, **properties) == status


def test_a_site_without_a_device_does_not_answer(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Silent", "k1")))
    assert arm.status("C1") == "NotConnected"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({}, "Connected", id="the same combination"),
        pytest.param({"dhGroup": "DHGroup14"}, "NotConnected", id="another DH group"),
        pytest.param({"ikeIntegrity": "SHA256"}, "NotConnected", id="another main mode hash"),
        pytest.param({"ipsecIntegrity": "SHA1"}, "NotConnected", id="another quick mode hash"),
    ],
)
def test_a_device_with_proposals_takes_only_those(
    arm: ArmDriver, device: Device, policy: dict[str, Any], changes: dict[str, str], status: str
) -> None:
    device(proposals=[proposal(policy, **changes)])
    assert connect(arm, ipsecPolicies=[policy]) == status


def test_two_names_of_group_14_are_one_group(arm: ArmDriver, device: Device, policy: dict[str, Any]) -> None:
    device(proposals=[proposal(policy, dhGroup="DHGroup14", pfsGroup="PFS14")])
    assert connect(arm, ipsecPolicies=[policy | {"dhGroup": "DHGroup2048", "pfsGroup": "PFS2048"}]) == "Connected"
    arm.wait(100_000)
    assert arm.status("C1") == "Connected"


def test_the_default_policy_offers_group_2_and_nothing_stronger(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(proposals=[proposal(policy, ikeIntegrity="SHA256", dhGroup="DHGroup14")])
    assert connect(arm) == "NotConnected"
    device(proposals=[proposal(policy, ikeIntegrity="SHA256", dhGroup="DHGroup2")])
    arm.wait(SITE_SECONDS)
    assert arm.status("C1") == "Connected"


@pytest.mark.parametrize(
    ("change", "drops"),
    [
        pytest.param({"ipsecPolicies": "policy"}, True, id="a policy"),
        pytest.param({"usePolicyBasedTrafficSelectors": True}, True, id="the selector flag"),
        pytest.param({"connectionMode": "ResponderOnly"}, True, id="the mode"),
        pytest.param({"routingWeight": 10}, False, id="a routing weight"),
        pytest.param({"dpdTimeoutSeconds": 30}, False, id="the DPD timeout"),
        pytest.param(
            {
                "trafficSelectorPolicies": [
                    {"localAddressRanges": ["10.0.0.0/8"], "remoteAddressRanges": ["10.9.0.0/16"]}
                ]
            },
            False,
            id="selectors that are not in use",
        ),
    ],
)
def test_which_changes_drop_a_tunnel_for_seconds(
    arm: ArmDriver, policy: dict[str, Any], change: dict[str, Any], drops: bool
) -> None:
    connect(arm)
    before = arm.properties("C1")["tunnelConnectionStatus"][0]["lastConnectionEstablishedUtcTime"]
    sent = {k: [policy] if v == "policy" else v for k, v in change.items()}
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", None, **sent)), 45)
    assert arm.status("C1") == ("NotConnected" if drops else "Connected")
    arm.wait(SITE_SECONDS)
    assert arm.status("C1") == "Connected"
    after = arm.properties("C1")["tunnelConnectionStatus"][0]["lastConnectionEstablishedUtcTime"]
    assert (after > before) is drops


def test_a_policy_that_the_device_does_not_take_ends_the_tunnel_for_good(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(proposals=[proposal(policy)])
    assert connect(arm, ipsecPolicies=[policy]) == "Connected"
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", None, ipsecPolicies=[policy | {"dhGroup": "ECP384"}])))
    arm.wait(10_000)
    assert arm.status("C1") == "NotConnected"
    assert arm.properties("C1")["provisioningState"] == "Succeeded"
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", None, ipsecPolicies=[policy])))
    assert arm.status("C1") == "Connected"


def test_a_pfs_group_that_does_not_fit_shows_at_the_first_rekey(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(proposals=[proposal(policy, pfsGroup="PFS24")])
    assert connect(arm, ipsecPolicies=[policy | {"saLifeTimeSeconds": 3600}]) == "Connected"
    arm.wait(3400)
    assert arm.status("C1") == "Connected"
    arm.wait(300)
    assert arm.status("C1") == "NotConnected"


def test_under_ikev1_it_shows_at_once(arm: ArmDriver, device: Device, policy: dict[str, Any]) -> None:
    device(proposals=[proposal(policy, pfsGroup="PFS24")])
    assert connect(arm, ipsecPolicies=[policy], connectionProtocol="IKEv1") == "NotConnected"


def test_an_outage_is_noticed_after_the_dpd_timeout_and_ends_by_itself(arm: ArmDriver, device: Device) -> None:
    connect(arm, dpdTimeoutSeconds=30)
    device(outage=True)
    arm.wait(29)
    assert arm.status("C1") == "Connected"
    arm.wait(1)
    assert arm.status("C1") == "NotConnected"
    device(outage=False)
    arm.wait(SITE_SECONDS)
    assert arm.status("C1") == "Connected"


def test_an_outage_shorter_than_the_dpd_timeout_is_not_noticed(arm: ArmDriver, device: Device) -> None:
    connect(arm)
    device(outage=True)
    arm.wait(40)
    device(outage=False)
    arm.wait(40)
    assert arm.status("C1") == "Connected"
    arm.wait(60_000)
    assert arm.status("C1") == "Connected"


def test_a_new_key_in_azure_only_ends_the_tunnel_until_the_device_has_it_too(arm: ArmDriver, device: Device) -> None:
    connect(arm)
    changed = arm.put("connections/C1/sharedkey", {"value": "k2"})
    assert (changed.status, changed.raw) == (200, None)
    assert arm.get("connections/C1/sharedkey").body == {"value": "k2"}
    arm.finish(changed)
    assert arm.status("C1") == "NotConnected"
    device(key="k2")
    arm.wait(SITE_SECONDS)
    assert arm.status("C1") == "Connected"


def test_an_active_active_gateway_has_two_tunnels_and_one_can_be_lost(arm: ArmDriver, device: Device) -> None:
    connect(arm, gateway="GwActive")
    device(outageTunnels=[1])
    arm.wait(45)
    shown = arm.properties("C1")
    assert shown["connectionStatus"] == "Connected"
    assert [t["connectionStatus"] for t in shown["tunnelConnectionStatus"]] == ["Connected", "NotConnected"]


def test_counters_run_while_a_tunnel_is_up_and_stand_while_it_is_down(arm: ArmDriver, device: Device) -> None:
    device(ingressBytesPerSecond=100, egressBytesPerSecond=7)
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")), 30 + SITE_SECONDS)
    arm.wait(10)
    assert (arm.properties("C1")["ingressBytesTransferred"], arm.properties("C1")["egressBytesTransferred"]) == (
        1000,
        70,
    )
    device(outage=True)
    arm.wait(45 + 1000)
    assert arm.properties("C1")["ingressBytesTransferred"] == 5500


@pytest.mark.parametrize(
    ("change", "grown"),
    [
        pytest.param({"silent": True}, (0, 0), id="a silent site: nothing in either direction"),
        pytest.param({"ingressBytesPerSecond": 0}, (0, 25000), id="a one-way path: Azure sends and nothing comes back"),
        pytest.param({"egressBytesPerSecond": 0}, (12500, 0), id="the other way"),
        pytest.param({"ingressBytesPerSecond": 10, "egressBytesPerSecond": 20}, (100, 200), id="less of both"),
        pytest.param({}, (12500, 25000), id="the rates that every device has"),
    ],
)
def test_traffic_changes_at_any_time_and_the_tunnel_stays_as_it_is(
    arm: ArmDriver, device: Device, change: dict[str, Any], grown: tuple[int, int]
) -> None:
    assert connect(arm) == "Connected"
    before = arm.properties("C1")
    device(**change)
    arm.wait(10)
    after = arm.properties("C1")

    names = ("ingressBytesTransferred", "egressBytesTransferred")
    assert tuple(after[n] - before[n] for n in names) == grown
    [one], [other] = before["tunnelConnectionStatus"], after["tunnelConnectionStatus"]
    assert tuple(other[n] - one[n] for n in names) == grown
    assert {k: v for k, v in other.items() if k not in names} == {k: v for k, v in one.items() if k not in names}
    assert other["connectionStatus"] == "Connected"


def test_a_site_that_was_silent_speaks_again(arm: ArmDriver, device: Device) -> None:
    device(silent=True)
    assert connect(arm) == "Connected"
    assert (arm.properties("C1")["ingressBytesTransferred"], arm.status("C1")) == (0, "Connected")
    device(silent=False)
    arm.wait(10)
    assert arm.properties("C1")["ingressBytesTransferred"] == 12500


def test_a_silent_site_that_negotiates_anew_stays_silent(arm: ArmDriver, device: Device) -> None:
    device(silent=True)
    connect(arm)
    assert arm.finish(arm.call("POST", "connections/C1/resetconnection"))["status"] == "Succeeded"
    assert (arm.properties("C1")["ingressBytesTransferred"], arm.status("C1")) == (0, "Connected")


def test_counters_keep_their_value_over_a_reset(arm: ArmDriver) -> None:
    connect(arm)
    seen = arm.properties("C1")["ingressBytesTransferred"]
    for _ in range(6):
        arm.call("POST", "connections/C1/resetconnection")
        for _ in range(5):
            arm.wait(7)
            now = arm.properties("C1")["ingressBytesTransferred"]
            assert now >= seen > 0
            seen = now


@pytest.mark.parametrize("quiet", ["GwA", "GwB"])
def test_a_silent_gateway_lets_no_byte_pass_over_its_pair_whichever_end_it_is(arm: ArmDriver, quiet: str) -> None:
    def counted() -> list[int]:
        names = ("ingressBytesTransferred", "egressBytesTransferred")
        return [arm.properties(half)[name] for half in ("ab", "ba") for name in names]

    def silence(value: bool) -> None:
        group = {"name": "Net", "virtualNetworkGateways": [{"name": quiet, "silent": value}]}
        arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [group]}])

    assert pair(arm, {}, {}) == ("Connected", "Connected")
    arm.wait(10)
    gateway = arm.get(f"virtualNetworkGateways/{quiet}").body
    before = counted()
    assert min(before) > 0
    silence(True)
    arm.wait(100)
    assert counted() == before
    assert (arm.status("ab"), arm.status("ba")) == ("Connected", "Connected")
    assert arm.get(f"virtualNetworkGateways/{quiet}").body == gateway, "Azure does not know of it"
    silence(False)
    arm.wait(10)
    assert counted() == [n + 20000 for n in before]


def test_status_can_lag_behind(make_arm: Make) -> None:
    arm = make_arm(options={"statusLagSeconds": 60})
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")), 30 + SITE_SECONDS)
    assert arm.status("C1") == "Unknown"
    arm.wait(60)
    assert arm.status("C1") == "Connected"


@pytest.mark.parametrize(
    ("one", "other", "keys", "status"),
    [
        pytest.param({}, {}, ("p", "p"), "Connected", id="default policy on both halves"),
        pytest.param({}, {}, ("p", "q"), "NotConnected", id="two keys"),
        pytest.param({"policy": {}}, {"policy": {}}, ("p", "p"), "Connected", id="the same policy"),
        pytest.param({"policy": {}}, {}, ("p", "p"), "NotConnected", id="a custom policy on one half only"),
        pytest.param({"policy": {}}, {"policy": {"dhGroup": "ECP384"}}, ("p", "p"), "NotConnected", id="two policies"),
        pytest.param(
            {"policy": {"dhGroup": "DHGroup14"}},
            {"policy": {"dhGroup": "DHGroup2048"}},
            ("p", "p"),
            "Connected",
            id="one group under two names",
        ),
        pytest.param(
            {"policy": {}}, {"policy": {"saLifeTimeSeconds": 300}}, ("p", "p"), "Connected", id="lifetimes are local"
        ),
        pytest.param({"connectionProtocol": "IKEv1"}, {}, ("p", "p"), "NotConnected", id="two IKE versions"),
        pytest.param(
            {"connectionMode": "ResponderOnly"},
            {"connectionMode": "ResponderOnly"},
            ("p", "p"),
            "NotConnected",
            id="both wait for the other",
        ),
        pytest.param({"connectionMode": "ResponderOnly"}, {}, ("p", "p"), "Connected", id="one of them calls"),
    ],
)
def test_vnet_to_vnet(
    arm: ArmDriver,
    policy: dict[str, Any],
    one: dict[str, Any],
    other: dict[str, Any],
    keys: tuple[str, str],
    status: str,
) -> None:
    def half(properties: dict[str, Any]) -> dict[str, Any]:
        rest = {k: v for k, v in properties.items() if k != "policy"}
        return rest if "policy" not in properties else {**rest, "ipsecPolicies": [policy | properties["policy"]]}

    assert pair(arm, half(one), half(other), keys) == (status, status)


def test_half_a_pair_succeeds_but_does_not_connect_and_a_lost_half_takes_the_other_down(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/ab", arm.half("GwA", "GwB", "p")))
    assert arm.properties("ab")["provisioningState"] == "Succeeded"
    assert arm.status("ab") == "NotConnected"
    arm.finish(arm.put("connections/ba", arm.half("GwB", "GwA", "p")))
    assert (arm.status("ab"), arm.status("ba")) == ("Connected", "Connected")
    arm.finish(arm.call("DELETE", "connections/ba"))
    assert arm.status("ab") == "NotConnected"


def test_a_changed_half_drops_both(arm: ArmDriver, policy: dict[str, Any]) -> None:
    pair(arm, {}, {})
    arm.finish(arm.put("connections/ab", arm.half("GwA", "GwB", None, ipsecPolicies=[policy])))
    assert (arm.status("ab"), arm.status("ba")) == ("NotConnected", "NotConnected")
    arm.finish(arm.put("connections/ba", arm.half("GwB", "GwA", None, ipsecPolicies=[policy])))
    assert (arm.status("ab"), arm.status("ba")) == ("Connected", "Connected")


def test_resetting_a_connection_negotiates_it_anew(arm: ArmDriver) -> None:
    connect(arm)
    before = arm.properties("C1")["tunnelConnectionStatus"][0]["lastConnectionEstablishedUtcTime"]
    answer = arm.call("POST", "connections/C1/resetconnection")
    assert answer.status == 202
    assert arm.finish(answer, 20) == {"status": "Succeeded", "properties": {}}
    assert arm.status("C1") == "NotConnected"
    arm.wait(SITE_SECONDS)
    assert arm.properties("C1")["tunnelConnectionStatus"][0]["lastConnectionEstablishedUtcTime"] > before


def test_resetting_a_gateway_drops_all_its_tunnels_and_no_others(arm: ArmDriver) -> None:
    connect(arm)
    arm.finish(arm.put("connections/C2", arm.site("GwB", "Site", "k1")))
    reset = arm.call("POST", "virtualNetworkGateways/GwA/reset")
    assert (arm.status("C1"), arm.status("C2")) == ("NotConnected", "Connected")
    arm.finish(reset, 60)
    assert arm.status("C1") == "Connected"


def test_the_history_does_not_depend_on_who_looked_when(make_arm: Make, policy: dict[str, Any]) -> None:
    def run(steps: list[float]) -> Any:
        arm = make_arm()
        arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy]))
        for step in steps:
            arm.wait(step)
        return arm.properties("C1")

    assert run([100_000]) == run([10, 20, 0.5, 4.5, 65, 99_900])


def test_ike_sas_are_json_inside_a_string_with_the_negotiated_algorithms(
    arm: ArmDriver, policy: dict[str, Any]
) -> None:
    connect(arm, gateway="GwActive", ipsecPolicies=[policy])
    answer = arm.call("POST", "connections/C1/getikesas")
    assert (answer.status, answer.body) == (202, None)
    ended = arm.finish(answer, 5)
    output = ended["properties"]["output"]
    assert arm.get(answer.headers["Location"]).body == output
    sas = json.loads(output)["IkeSAs"]
    assert len(sas) == 2
    assert (sas[0]["Encryption"], sas[0]["DhGroup"]) == ("AES256", "DHGroup24")
    assert sas[0]["QuickModeSAs"][0]["LifeTimeSeconds"] == 30000
    assert sas[0]["InitiatorCookie"] != sas[1]["InitiatorCookie"]


def test_there_are_no_ike_sas_without_a_tunnel(arm: ArmDriver, device: Device) -> None:
    device(key="other")
    connect(arm)
    ended = arm.finish(arm.call("POST", "connections/C1/getikesas"), 5)
    assert json.loads(ended["properties"]["output"]) == {"IkeSAs": []}


def test_bgp_peers_are_connected_while_the_tunnel_is(arm: ArmDriver, device: Device) -> None:
    def state() -> Any:
        answer = arm.call("POST", "virtualNetworkGateways/GwA/getBgpPeerStatus")
        arm.finish(answer, 5)
        return arm.get(answer.headers["Location"]).body["value"]

    assert state() == []
    connect(arm, enableBgp=True)
    [peer] = state()
    assert (peer["neighbor"], peer["asn"], peer["state"]) == ("10.9.0.1", 65100, "Connected")
    device(outage=True)
    arm.wait(100)
    assert [p["state"] for p in state()] == ["Connecting"]


def test_each_instance_of_an_active_active_gateway_has_bgp_sessions_of_its_own(arm: ArmDriver) -> None:
    own = arm.get("virtualNetworkGateways/GwActive").body["properties"]["bgpSettings"]["bgpPeeringAddress"].split(",")
    connect(arm, gateway="GwActive", enableBgp=True)
    answer = arm.call("POST", "virtualNetworkGateways/GwActive/getBgpPeerStatus")
    arm.finish(answer, 5)
    peers = arm.get(answer.headers["Location"]).body["value"]
    assert len(own) == 2
    assert [(p["localAddress"], p["neighbor"]) for p in peers] == [(local, "10.9.0.1") for local in own]


def test_the_bgp_session_of_an_instance_goes_with_its_tunnel(arm: ArmDriver, device: Device) -> None:
    device(outageTunnels=[1])
    connect(arm, gateway="GwActive", enableBgp=True)
    answer = arm.call("POST", "virtualNetworkGateways/GwActive/getBgpPeerStatus")
    arm.finish(answer, 5)
    states = [peer["state"] for peer in arm.get(answer.headers["Location"]).body["value"]]
    assert states == ["Connected", "Connecting"]


def test_both_halves_of_a_pair_make_one_bgp_session_on_each_gateway(arm: ArmDriver) -> None:
    pair(arm, {"enableBgp": True}, {"enableBgp": True})
    arm.wait(60)
    answer = arm.call("POST", "virtualNetworkGateways/GwA/getBgpPeerStatus")
    arm.finish(answer, 5)
    [peer] = arm.get(answer.headers["Location"]).body["value"]
    assert (peer["asn"], peer["state"]) == (65020, "Connected")
