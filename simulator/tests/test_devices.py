"""How a device behaves: what it takes, how long it needs, whether its tunnels stay, and each tunnel for itself.

Size: each thing that a device may do has a case of its own, all on the same small world.
"""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.topology import TopologyError

Device = Callable[..., None]
UPDATE_SECONDS = 45


def proposal(policy: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {k: v for k, v in (policy | changes).items() if not k.startswith("sa")}


def connect(arm: ArmDriver, gateway: str = "GwA", **properties: Any) -> str | None:
    arm.finish(arm.put("connections/C1", arm.site(gateway, "Site", "k1", **properties)))
    return arm.status("C1")


def edit(arm: ArmDriver, gateway: str = "GwA", **properties: Any) -> None:
    """Change the connection; the operation has just ended."""
    answer = arm.put("connections/C1", arm.site(gateway, "Site", None, **properties))
    assert arm.finish(answer, UPDATE_SECONDS)["status"] == "Succeeded"


def tunnels(arm: ArmDriver) -> list[str]:
    return [row["connectionStatus"] for row in arm.properties("C1")["tunnelConnectionStatus"]]


def states(arm: ArmDriver, seconds: int, every: int = 1) -> list[str | None]:
    """What the connection shows now and after each step."""
    seen = [arm.status("C1")]
    for _ in range(0, seconds, every):
        arm.wait(every)
        seen.append(arm.status("C1"))
    return seen


@pytest.mark.parametrize(
    ("proposals", "status"),
    [
        pytest.param([{}], "Connected", id="the one that Azure has"),
        pytest.param([{"dhGroup": "ECP384"}, {}], "Connected", id="the second of two"),
        pytest.param([{"dhGroup": "ECP384"}, {"ikeIntegrity": "SHA256"}], "NotConnected", id="neither of two"),
        pytest.param(
            [{"ikeEncryption": ["GCMAES256", "AES256"], "dhGroup": ["ECP384", "DHGroup24"]}],
            "Connected",
            id="alternatives in phase 1",
        ),
        pytest.param(
            [{"ipsecEncryption": ["AES128", "AES256"], "ipsecIntegrity": ["SHA256"], "pfsGroup": ["PFS24", "None"]}],
            "Connected",
            id="alternatives in phase 2",
        ),
        pytest.param([{"ikeIntegrity": ["SHA1", "SHA256"]}], "NotConnected", id="none of the alternatives"),
        pytest.param(
            [{"ipsecIntegrity": "SHA1"}, {"ikeIntegrity": "SHA256"}],
            "NotConnected",
            id="phase 1 of one proposal and phase 2 of another do not add up",
        ),
        pytest.param([], "NotConnected", id="a device that takes nothing"),
    ],
)
def test_a_device_takes_what_one_of_its_proposals_allows(
    arm: ArmDriver, device: Device, policy: dict[str, Any], proposals: list[dict[str, Any]], status: str
) -> None:
    device(proposals=[proposal(policy, **each) for each in proposals])
    assert connect(arm, ipsecPolicies=[policy]) == status


def test_a_device_that_takes_two_policies_follows_a_change_and_refuses_a_third(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(proposals=[proposal(policy, dhGroup=["DHGroup24", "ECP384"])])
    connect(arm, ipsecPolicies=[policy])
    edit(arm, ipsecPolicies=[policy | {"dhGroup": "ECP384"}])
    arm.wait(5)
    assert arm.status("C1") == "Connected"
    assert arm.ike_sas("C1")[0]["DhGroup"] == "ECP384"
    edit(arm, ipsecPolicies=[policy | {"dhGroup": "ECP256"}])
    arm.wait(3600)
    assert arm.status("C1") == "NotConnected"


@pytest.mark.parametrize(
    ("pace", "first_up", "again_up"),
    [
        pytest.param({"delaySeconds": 0}, 0, 0, id="at once"),
        pytest.param({"delaySeconds": 40}, 40, 40, id="a slow negotiation, every time"),
        pytest.param({"recoverySeconds": 480}, 5, 485, id="a late recovery: quick at first, minutes after a change"),
        pytest.param({"delaySeconds": 20, "recoverySeconds": 100}, 20, 120, id="both add up"),
    ],
)
def test_how_long_a_device_needs(
    arm: ArmDriver, device: Device, policy: dict[str, Any], pace: dict[str, Any], first_up: int, again_up: int
) -> None:
    def until_up() -> int:
        waited = 0
        while arm.status("C1") != "Connected":
            arm.wait(1)
            waited += 1
        return waited

    device(**pace)
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")), 30)
    assert until_up() == first_up
    edit(arm, ipsecPolicies=[policy])
    assert until_up() == again_up


def test_a_late_recovery_is_not_connected_until_the_device_tries_again(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(recoverySeconds=600, delaySeconds=30)
    connect(arm)
    edit(arm, ipsecPolicies=[policy])
    assert set(states(arm, 600, every=10)) == {"NotConnected"}
    arm.wait(10)
    assert arm.status("C1") == "Connecting"
    arm.wait(20)
    assert arm.status("C1") == "Connected"


def test_a_delay_between_bounds_differs_from_time_to_time_and_repeats_with_its_seed(
    make_arm: Callable[..., ArmDriver], policy: dict[str, Any]
) -> None:
    def delays(seed: int) -> list[float]:
        arm = make_arm(options={"seed": seed})
        site = {"name": "Site", "device": {"delaySeconds": {"min": 5, "max": 60}}}
        group = {"name": "Net", "localNetworkGateways": [site]}
        arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [group]}])
        connect(arm)
        for group_name in ("ECP384", "ECP256", "DHGroup24"):
            edit(arm, ipsecPolicies=[policy | {"dhGroup": group_name}])
            arm.wait(60)
        return [outage["seconds"] for outage in arm.outages()["outages"]]

    found = delays(1)
    assert all(5 <= each <= 60 for each in found)
    assert len(set(found)) == 3
    assert delays(1) == found
    assert delays(2) != found


def test_a_changed_pace_leaves_a_tunnel_that_is_up_alone(arm: ArmDriver, device: Device) -> None:
    connect(arm)
    device(delaySeconds=90, recoverySeconds=30, saLifeTimeSeconds=300, initiates="OnTraffic")
    assert set(states(arm, 100, every=10)) == {"Connected"}


def test_a_flapping_tunnel_goes_up_and_down_from_now_on_until_it_is_told_not_to(arm: ArmDriver, device: Device) -> None:
    connect(arm)
    device(flaps={"upSeconds": 4, "downSeconds": 3})
    up, away, trying = "Connected", "NotConnected", "Connecting"
    assert states(arm, 13) == [up, up, up, up, away, trying, trying, up, up, up, up, away, trying, trying]
    device(flaps=None)
    arm.wait(3)
    assert set(states(arm, 50)) == {"Connected"}


@pytest.mark.parametrize(
    ("flaps", "downs"),
    [
        pytest.param({}, [5, 30, 30, 30, 30], id="for ever"),
        pytest.param({"count": 1}, [5, 30], id="up, down, up, and then it stays"),
        pytest.param({"count": 3}, [5, 30, 30, 30], id="so many times"),
        pytest.param({"count": 2, "afterChange": True}, [5, 30, 30], id="only after a change"),
    ],
)
def test_flaps_begin_anew_after_a_change(
    arm: ArmDriver, device: Device, policy: dict[str, Any], flaps: dict[str, Any], downs: list[int]
) -> None:
    connect(arm)
    device(flaps={"upSeconds": 60, "downSeconds": 30, **flaps})
    arm.put("connections/C1", arm.site("GwA", "Site", None, ipsecPolicies=[policy]))
    arm.wait(UPDATE_SECONDS + 5 + 4 * 90 + 30)
    assert [outage["seconds"] for outage in arm.outages()["outages"]] == downs


def test_a_change_in_the_middle_of_a_flap_does_not_bring_the_tunnel_up_earlier(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    connect(arm)
    device(flaps={"upSeconds": 30, "downSeconds": 100, "count": 1})
    edit(arm, ipsecPolicies=[policy])
    assert set(states(arm, 84)) <= {"NotConnected", "Connecting"}
    arm.wait(1)
    assert arm.status("C1") == "Connected"


def test_flaps_are_counted_anew_after_each_change(arm: ArmDriver, device: Device, policy: dict[str, Any]) -> None:
    connect(arm)
    device(flaps={"upSeconds": 20, "downSeconds": 10, "count": 2, "afterChange": True})
    for group in ("ECP384", "ECP256"):
        before = arm.azure.world.history.next
        edit(arm, ipsecPolicies=[policy | {"dhGroup": group}])
        arm.wait(300)
        assert [outage["seconds"] for outage in arm.outages(since=before)["outages"]] == [5, 10, 10]


def test_other_flaps_replace_those_that_were_to_come(arm: ArmDriver, device: Device) -> None:
    connect(arm)
    device(flaps={"upSeconds": 100, "downSeconds": 10})
    arm.wait(50)
    start = arm.clock.seconds()
    device(flaps={"upSeconds": 70})
    arm.wait(75)
    assert [outage["from"]["seconds"] - start for outage in arm.outages()["outages"]] == [70]


def test_a_device_that_flaps_does_not_bring_back_what_a_rekey_has_ended(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    flaps = {"upSeconds": 150, "downSeconds": 10}
    device(proposals=[proposal(policy, pfsGroup="PFS24")], saLifeTimeSeconds=100, flaps=flaps)
    connect(arm, ipsecPolicies=[policy])
    arm.wait(1000)
    assert [(outage["cause"], outage["to"]) for outage in arm.outages()["outages"]] == [("Rekey", None)]


def test_flaps_only_after_a_change_leave_everything_else_alone(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    connect(arm)
    device(flaps={"upSeconds": 10, "downSeconds": 10, "afterChange": True})
    arm.finish(arm.call("POST", "connections/C1/resetconnection"), 20)
    arm.wait(5)
    device(outage=True)
    arm.wait(50)
    device(outage=False)
    arm.wait(5)
    assert set(states(arm, 40)) == {"Connected"}
    edit(arm, ipsecPolicies=[policy])
    arm.wait(5 + 10)
    assert arm.status("C1") == "NotConnected"


def test_a_wrong_pfs_group_lets_the_first_quick_mode_sa_come_up_without_it_and_ends_the_tunnel_at_the_rekey(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(proposals=[proposal(policy, pfsGroup="PFS24")])
    connect(arm, ipsecPolicies=[policy | {"pfsGroup": "PFS24", "saLifeTimeSeconds": 3600}])
    edit(arm, ipsecPolicies=[policy | {"pfsGroup": "ECP384", "saLifeTimeSeconds": 3600}])
    arm.wait(5)
    came_up = arm.clock.seconds()
    [sa] = arm.ike_sas("C1")
    assert sa["QuickModeSAs"][0]["PfsGroupId"] == "None"
    arm.wait(3595 - 1)
    assert arm.status("C1") == "Connected"
    arm.wait(1)
    assert arm.status("C1") == "NotConnected"
    arm.wait(100_000)
    last = arm.outages()["outages"][-1]
    assert (last["cause"], last["from"]["seconds"], last["to"]) == ("Rekey", came_up + 3600, None)


def test_the_right_pfs_group_is_in_use_from_the_rekey_on(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(proposals=[proposal(policy, pfsGroup="PFS24")])
    arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy | {"pfsGroup": "PFS24"}]))
    arm.wait(30 + 5 + 30000)
    [sa] = arm.ike_sas("C1")
    assert (sa["QuickModeSAs"][0]["PfsGroupId"], sa["QuickModeSAs"][0]["ElapsedTimeInSeconds"]) == ("PFS24", 5)
    assert sa["ElapsedTimeInSeconds"] == 30005 - 28800


def test_the_side_with_the_shorter_lifetime_rekeys(arm: ArmDriver, device: Device, policy: dict[str, Any]) -> None:
    device(proposals=[proposal(policy, pfsGroup="PFS24")], saLifeTimeSeconds=600)
    arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy]))
    arm.wait(30 + 5 + 599)
    assert arm.status("C1") == "Connected"
    arm.wait(1)
    assert arm.status("C1") == "NotConnected"


@pytest.mark.parametrize(
    ("option", "dropped"),
    [
        pytest.param("renegotiate", True, id="as every change of a policy"),
        pytest.param("nextRekey", False, id="it holds from the next rekey on"),
    ],
)
def test_an_edit_of_lifetimes_only(
    make_arm: Callable[..., ArmDriver], policy: dict[str, Any], option: str, dropped: bool
) -> None:
    arm = make_arm(options={"lifetimeEdit": option})
    arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy | {"saLifeTimeSeconds": 3600}]))
    arm.wait(30 + 5)
    before = arm.ike_sas("C1")[0]["InitiatorCookie"]
    edit(arm, ipsecPolicies=[policy | {"saLifeTimeSeconds": 7200, "saDataSizeKilobytes": 2048}])
    assert arm.status("C1") == ("NotConnected" if dropped else "Connected")
    arm.wait(5)
    [sa] = arm.ike_sas("C1")
    assert (sa["InitiatorCookie"] != before) is dropped
    assert sa["QuickModeSAs"][0]["LifeTimeSeconds"] == (7200 if dropped else 3600)
    arm.wait(3600)
    assert arm.ike_sas("C1")[0]["QuickModeSAs"][0]["LifeTimeSeconds"] == 7200
    assert arm.ike_sas("C1")[0]["QuickModeSAs"][0]["LifetimeKilobytes"] == 2048


def test_an_edit_of_more_than_lifetimes_drops_the_tunnel_whatever_the_option(
    make_arm: Callable[..., ArmDriver], policy: dict[str, Any]
) -> None:
    arm = make_arm(options={"lifetimeEdit": "nextRekey"})
    connect(arm, ipsecPolicies=[policy])
    edit(arm, ipsecPolicies=[policy | {"saLifeTimeSeconds": 7200, "dhGroup": "ECP384"}])
    assert arm.status("C1") == "NotConnected"


@pytest.mark.parametrize(
    ("mode", "site", "status"),
    [
        pytest.param("Default", {"initiates": "OnTraffic", "silent": True}, "Connected", id="Azure begins"),
        pytest.param("ResponderOnly", {}, "Connected", id="the device begins"),
        pytest.param("ResponderOnly", {"silent": True}, "Connected", id="it begins although nobody has to send"),
        pytest.param("ResponderOnly", {"initiates": "OnTraffic"}, "Connected", id="it begins: somebody sends"),
        pytest.param(
            "ResponderOnly", {"initiates": "OnTraffic", "silent": True}, "NotConnected", id="nobody has to send"
        ),
        pytest.param(
            "Default",
            {"initiates": "OnTraffic", "silent": True, "mode": "InitiatorOnly"},
            "NotConnected",
            id="a device that answers nobody, and nobody has to send",
        ),
    ],
)
def test_who_begins_at_an_idle_site(
    arm: ArmDriver, device: Device, mode: str, site: dict[str, Any], status: str
) -> None:
    device(**site)
    assert connect(arm, connectionMode=mode) == status


def test_an_idle_site_behind_a_responder_stays_away_after_a_change_until_somebody_sends(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(initiates="OnTraffic")
    assert connect(arm, connectionMode="ResponderOnly") == "Connected"
    device(silent=True)
    assert set(states(arm, 1000, every=100)) == {"Connected"}
    edit(arm, connectionMode="ResponderOnly", ipsecPolicies=[policy])
    arm.wait(3600)
    assert arm.status("C1") == "NotConnected"
    device(silent=False)
    arm.wait(5)
    assert arm.status("C1") == "Connected"


@pytest.mark.parametrize(
    ("own", "edited", "after"),
    [
        pytest.param({}, {}, ["Connected", "Connected"], id="nothing of its own"),
        pytest.param({"proposals": "policy"}, {}, ["Connected", "Connected"], id="proposals that allow both"),
        pytest.param(
            {"proposals": "policy"},
            {"dhGroup": "ECP384"},
            ["Connected", "NotConnected"],
            id="a change that it takes at one tunnel only",
        ),
        pytest.param({"key": "another"}, {}, ["Connected", "NotConnected"], id="another key at one tunnel"),
        pytest.param({"protocols": ["IKEv1"]}, {}, ["Connected", "NotConnected"], id="another IKE version"),
        pytest.param({"delaySeconds": 90}, {}, ["Connected", "Connecting"], id="a slow one"),
        pytest.param({"recoverySeconds": 600}, {}, ["Connected", "NotConnected"], id="a late one"),
        pytest.param(
            {"flaps": {"upSeconds": 40, "downSeconds": 50, "afterChange": True}},
            {},
            ["Connected", "Connecting"],
            id="one that flaps",
        ),
    ],
)
def test_each_tunnel_of_an_active_active_gateway_can_meet_another_device(
    arm: ArmDriver,
    device: Device,
    policy: dict[str, Any],
    own: dict[str, Any],
    edited: dict[str, Any],
    after: list[str],
) -> None:
    connect(arm, "GwActive", ipsecPolicies=[policy | {"ikeIntegrity": "SHA256"}])
    assert tunnels(arm) == ["Connected", "Connected"]
    if own.get("proposals"):
        own = {"proposals": [proposal(policy), proposal(policy, ikeIntegrity="SHA256")]}
    device(tunnels=[{"index": 1, **own}])
    edit(arm, "GwActive", ipsecPolicies=[policy | edited])
    arm.wait(5 + 60)
    assert tunnels(arm) == after
    assert arm.status("C1") == "Connected", "one tunnel is enough"


def test_a_rekey_that_fails_at_one_tunnel_leaves_the_other(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    device(tunnels=[{"index": 0, "proposals": [proposal(policy, pfsGroup="PFS24")], "saLifeTimeSeconds": 400}])
    connect(arm, "GwActive", ipsecPolicies=[policy])
    assert tunnels(arm) == ["Connected", "Connected"]
    arm.wait(400)
    assert tunnels(arm) == ["NotConnected", "Connected"]


def test_a_tunnels_own_device_is_changed_by_its_index_and_taken_back(arm: ArmDriver, device: Device) -> None:
    connect(arm, "GwActive")
    device(tunnels=[{"index": 1, "key": "another"}])
    arm.wait(60)
    assert tunnels(arm) == ["Connected", "NotConnected"]
    shown = arm.azure.installation.shown()
    [site] = [g for g in shown["subscriptions"][0]["resourceGroups"][0]["localNetworkGateways"] if g["name"] == "Site"]
    assert site["device"]["tunnels"][0]["key"] == "***"
    arm.azure.installation.update(shown)
    device(tunnels=[{"index": 0, "delaySeconds": 7}])
    arm.wait(60)
    assert tunnels(arm) == ["Connected", "NotConnected"], "the masked key is the one that was there"
    device(tunnels=[{"index": 1, "key": None}])
    arm.wait(60)
    assert tunnels(arm) == ["Connected", "Connected"]


def test_a_change_at_one_tunnel_leaves_the_other_alone(arm: ArmDriver, device: Device) -> None:
    connect(arm, "GwActive")
    before = arm.azure.world.history.next
    device(tunnels=[{"index": 1, "protocols": ["IKEv2"]}])
    arm.wait(60)
    assert {outage["tunnel"] for outage in arm.outages(since=before)["outages"]} == {1}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            {"proposals": [{"ikeEncryption": "AES512"}]},
            "device.proposals.list[Proposal][0].ikeEncryption[0]: Input should be 'DES'",
            id="an algorithm that there is not",
        ),
        pytest.param(
            {"delaySeconds": -1},
            "device.delaySeconds: Value error, give a number from 0 to 1000000000, or {min, max}",
            id="a negative delay",
        ),
        pytest.param(
            {"recoverySeconds": {"min": 9, "max": 3}},
            "device.recoverySeconds: Value error, min must not be above max",
            id="bounds the wrong way round",
        ),
        pytest.param(
            {"flaps": {"upSeconds": 0, "downSeconds": 5}},
            "device.flaps: Value error, upSeconds and downSeconds must be at least 1",
            id="a flap without end",
        ),
        pytest.param({"flaps": {"upSeconds": 9}}, "device.flaps.downSeconds: Field required", id="half a flap"),
        pytest.param(
            {"tunnels": [{"index": 2}]}, "device.tunnels[0].index: Input should be 0 or 1", id="a third tunnel"
        ),
        pytest.param({"tunnels": [{"key": "x"}]}, "device.tunnels[0].index: Field required", id="which tunnel"),
        pytest.param({"saLifeTimeSeconds": 0}, "device.saLifeTimeSeconds: Input should be greater", id="no lifetime"),
        pytest.param({"initiates": "Never"}, "device.initiates: Input should be 'Always' or 'OnTraffic'", id="a word"),
    ],
)
def test_mistakes_are_told_with_their_place_and_change_nothing(
    arm: ArmDriver, device: Device, changes: dict[str, Any], told: str
) -> None:
    before = arm.azure.installation.shown()
    with pytest.raises(TopologyError) as mistake:
        device(**changes)
    assert told in str(mistake.value)
    assert arm.azure.installation.shown() == before


def test_a_tunnel_is_named_once(document: dict[str, Any]) -> None:
    site = document["subscriptions"][0]["resourceGroups"][0]["localNetworkGateways"][0]
    site["device"]["tunnels"] = [{"index": 1}, {"index": 1, "delaySeconds": 3}]
    with pytest.raises(TopologyError, match=r"device: Value error, tunnels: each index may be there once"):
        ArmDriver(document, "")
