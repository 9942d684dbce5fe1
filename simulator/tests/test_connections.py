"""What happens to a connection that is created, read, replaced, tagged and deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.operations import Effects
from azure_vpn_simulator.testing import BASE_URL, ArmDriver

Make = Callable[..., ArmDriver]


def test_a_new_connection_is_updating_without_a_status_and_then_succeeded(arm: ArmDriver) -> None:
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))

    assert created.status == 201
    assert created.body["properties"]["provisioningState"] == "Updating"
    assert "connectionStatus" not in created.body["properties"]
    assert "connectionStatus" not in arm.properties("C1")
    assert arm.finish(created, 30) == {"status": "Succeeded"}
    assert arm.properties("C1")["provisioningState"] == "Succeeded"
    assert arm.status("C1") == "Unknown"
    arm.wait(5)
    assert arm.status("C1") == "Connected"


def test_the_reply_to_a_write_says_where_its_operation_is(arm: ArmDriver) -> None:
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"), version="2021-08-01")

    url = created.headers["Azure-AsyncOperation"]
    operation = created.headers["x-ms-request-id"]
    assert url == (
        f"{BASE_URL}{arm.group.rpartition('/resourceGroups')[0]}/providers/Microsoft.Network/locations/eastus"
        f"/operations/{operation}?api-version=2021-08-01"
    )
    assert created.headers["Retry-After"] == "10"
    assert "Location" not in created.headers


def test_defaults_are_filled_in_and_references_reduced_to_ids(arm: ArmDriver) -> None:
    body = arm.site("GwA", "Site", None)
    body["properties"]["virtualNetworkGateway1"]["properties"] = {"gatewayType": "Vpn"}
    arm.finish(arm.put("connections/C1", body))

    shown = arm.properties("C1")
    assert shown["virtualNetworkGateway1"] == {"id": f"{arm.network}/virtualNetworkGateways/GwA"}
    expected = {
        "connectionProtocol": "IKEv2",
        "connectionMode": "Default",
        "dpdTimeoutSeconds": 0,
        "ipsecPolicies": [],
        "trafficSelectorPolicies": [],
        "enableBgp": False,
        "usePolicyBasedTrafficSelectors": False,
        "useLocalAzureIpAddress": False,
    }
    assert {name: shown[name] for name in expected} == expected


def test_a_service_made_key_is_there_when_none_was_sent(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", None)))
    assert len(arm.get("connections/C1/sharedkey").body["value"]) == 32


def test_names_are_found_in_any_case_and_shown_as_created(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/VNet1toSite6", arm.site("gwa", "SITE", "k1")))

    found = arm.get(f"{arm.network.upper()}/CONNECTIONS/vnet1TOsite6").body
    assert found["name"] == "VNet1toSite6"
    assert found["id"] == f"{arm.network}/connections/VNet1toSite6"
    again = arm.put("connections/VNET1TOSITE6", arm.site("GwA", "Site", "k1", routingWeight=7))
    assert (again.status, again.body["name"]) == (200, "VNet1toSite6")


def test_put_replaces_so_a_policy_left_out_is_removed(arm: ArmDriver, policy: dict[str, Any]) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy], routingWeight=5)))
    assert arm.properties("C1")["ipsecPolicies"] == [policy]

    replaced = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    arm.finish(replaced)

    assert replaced.status == 200
    assert arm.properties("C1")["ipsecPolicies"] == []
    assert arm.properties("C1")["routingWeight"] == 0


def test_a_put_that_changes_nothing_is_done_at_once_and_keeps_the_etag(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    before = arm.get("connections/C1").body["etag"]

    again = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))

    assert (again.status, again.body["properties"]["provisioningState"]) == (200, "Succeeded")
    assert arm.get(again.headers["Azure-AsyncOperation"]).body == {"status": "Succeeded"}
    assert arm.get("connections/C1").body["etag"] == before


def test_the_etag_changes_with_a_write_and_again_when_it_ends_then_stays(arm: ArmDriver) -> None:
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    arm.finish(created)
    settled = arm.get("connections/C1").body["etag"]
    assert created.body["etag"] != settled
    arm.wait(500)
    assert arm.get("connections/C1").body["etag"] == settled


@pytest.mark.parametrize(
    ("options", "key_after"),
    [
        pytest.param({}, "k1", id="by default a PUT leaves the key of an existing connection alone"),
        pytest.param({"putChangesKey": True}, "k2", id="as one recording shows, a PUT changes it"),
    ],
)
def test_the_key_after_a_put_with_another_one(make_arm: Make, options: dict[str, Any], key_after: str) -> None:
    arm = make_arm(options=options)
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k2", routingWeight=1)))
    assert arm.get("connections/C1/sharedkey").body == {"value": key_after}


@pytest.mark.parametrize("echo", [False, True])
def test_the_key_is_shown_in_put_and_get_only_where_the_topology_says_so_and_never_in_lists(
    make_arm: Make, echo: bool
) -> None:
    arm = make_arm(options={"echoSharedKey": echo})
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    arm.finish(created)
    assert ("sharedKey" in created.body["properties"]) is echo
    assert ("sharedKey" in arm.properties("C1")) is echo
    for items in ("connections", "virtualNetworkGateways/GwA/connections"):
        [item] = arm.get(items).body["value"]
        assert "sharedKey" not in item["properties"]
        assert "connectionStatus" not in item["properties"]


def test_an_empty_list_has_no_next_link(arm: ArmDriver) -> None:
    assert arm.get("connections").body == {"value": []}


LISTS = [
    pytest.param("connections", id="the connections of a group"),
    pytest.param("virtualNetworkGateways", id="its virtual network gateways"),
    pytest.param("localNetworkGateways", id="its local network gateways"),
    pytest.param("virtualNetworks", id="its virtual networks"),
    pytest.param("virtualNetworkGateways/GwA/connections", id="the connections of a gateway"),
]


@pytest.mark.parametrize("path", LISTS)
def test_a_long_list_comes_in_pages_that_join_to_the_whole(make_arm: Make, path: str) -> None:
    arm = make_arm()
    for i in range(5):
        arm.finish(arm.put(f"connections/c{i}", arm.site("GwA", "Site", "k1")))
    whole = arm.get(path).body
    assert "nextLink" not in whole

    arm.change(options={"pageSize": 2})
    rows: list[dict[str, Any]] = []
    url = path
    while url:
        page = arm.get(url).body
        assert 0 < len(page["value"]) <= 2
        rows += page["value"]
        url = page.get("nextLink", "")
    assert rows == whole["value"]


def test_a_row_deleted_or_made_between_two_pages_hides_no_other(make_arm: Make) -> None:
    arm = make_arm(options={"pageSize": 2})
    for i in range(5):
        arm.finish(arm.put(f"connections/c{i}", arm.site("GwA", "Site", "k1")))
    first = arm.get("connections").body
    for gone in ("c0", "c3"):
        arm.finish(arm.call("DELETE", f"connections/{gone}"))
    arm.finish(arm.put("connections/c0", arm.site("GwA", "Site", "k1")))
    second = arm.get(first["nextLink"]).body
    third = arm.get(second["nextLink"]).body

    assert [[row["name"] for row in page["value"]] for page in (first, second, third)] == [
        ["c0", "c1"],
        ["c2", "c4"],
        ["c0"],
    ]
    assert "nextLink" not in third


@pytest.mark.parametrize("path", [p for p in LISTS if "connections" not in str(p.values[0])])
def test_a_gateway_in_a_list_is_the_same_document_as_when_it_is_read(arm: ArmDriver, path: str) -> None:
    rows = arm.get(path).body["value"]
    assert rows
    assert rows == [arm.get(row["id"]).body for row in rows]


@pytest.mark.parametrize("path", [p for p in LISTS if "connections" in str(p.values[0])])
def test_a_connection_in_a_list_has_its_configuration_and_nothing_of_its_tunnel(
    make_arm: Make, policy: dict[str, Any], path: str
) -> None:
    arm = make_arm(options={"echoSharedKey": True})
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy])))
    read = arm.get("connections/C1").body
    [row] = arm.get(path).body["value"]

    hidden = {"connectionStatus", "tunnelConnectionStatus", "sharedKey"}
    assert hidden <= set(read["properties"])
    assert not hidden & set(row["properties"])
    assert row["properties"]["ipsecPolicies"] == [policy]
    assert {k: v for k, v in row.items() if k != "properties"} == {k: v for k, v in read.items() if k != "properties"}
    assert row["properties"].items() <= read["properties"].items()


def test_the_list_of_a_gateway_has_both_ends_and_leaves_more_out(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/a-b", arm.half("GwA", "GwB", "pair")))
    [item] = arm.get("virtualNetworkGateways/GwB/connections").body["value"]
    assert item["name"] == "a-b"
    assert {"dpdTimeoutSeconds", "authenticationType", "tunnelProperties"}.isdisjoint(item["properties"])


@pytest.mark.parametrize(
    ("version", "absent", "present"),
    [
        pytest.param("2019-09-01", {"connectionMode", "dpdTimeoutSeconds"}, {"connectionProtocol"}, id="2019"),
        pytest.param("2020-08-01", {"gatewayCustomBgpIpAddresses"}, {"connectionMode"}, id="2020"),
        pytest.param("2024-05-01", {"tunnelProperties"}, {"gatewayCustomBgpIpAddresses"}, id="2024"),
        pytest.param("2026-03-01", set(), {"tunnelProperties", "authenticationType"}, id="2026"),
    ],
)
def test_old_api_versions_do_not_show_new_properties(
    arm: ArmDriver, version: str, absent: set[str], present: set[str]
) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    shown = set(arm.get("connections/C1", version=version).body["properties"])
    assert not absent & shown
    assert present <= shown


def test_tags_are_absent_until_sent_and_patched_as_a_whole(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    assert "tags" not in arm.get("connections/C1").body

    patched = arm.call("PATCH", "connections/C1", {"tags": {"a": "1", "b": "2"}})
    assert (patched.status, patched.body["tags"]) == (200, {"a": "1", "b": "2"})
    arm.call("PATCH", "connections/C1", {"tags": {"b": "3"}})
    assert arm.get("connections/C1").body["tags"] == {"b": "3"}
    assert arm.status("C1") == "Connected"


def test_a_tags_patch_can_be_an_operation_where_the_topology_says_so(make_arm: Make) -> None:
    arm = make_arm(options={"tagsPatchAnswer": 202})
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    patched = arm.call("PATCH", "connections/C1", {"tags": {"a": "1"}})
    assert patched.status == 202
    assert arm.finish(patched) == {"status": "Succeeded"}


def test_a_deleted_connection_is_gone_when_its_operation_ends(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))

    deleted = arm.call("DELETE", "connections/C1")

    assert (deleted.status, deleted.body) == (202, None)
    assert "/operationResults/" in deleted.headers["Location"]
    assert arm.properties("C1")["provisioningState"] == "Deleting"
    assert arm.get(deleted.headers["Location"]).status == 202
    assert arm.finish(deleted) == {"status": "Succeeded"}
    assert arm.get(deleted.headers["Location"]).status == 204
    assert arm.get("connections/C1").code == "ResourceNotFound"


def test_deleting_what_is_not_there_is_no_content(arm: ArmDriver) -> None:
    assert arm.call("DELETE", "connections/none").status == 204


def test_a_failed_operation_has_its_error_in_the_poll_and_leaves_the_connection_failed(arm: ArmDriver) -> None:
    arm.effects = Effects(fail=("GatewayBroken", "It broke."))
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    ended = arm.finish(created)

    assert ended == {"status": "Failed", "error": {"code": "GatewayBroken", "message": "It broke.", "details": []}}
    assert arm.properties("C1")["provisioningState"] == "Failed"
    arm.effects = Effects()
    again = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    arm.finish(again)
    assert arm.properties("C1")["provisioningState"] == "Succeeded"


def test_a_stuck_operation_keeps_the_connection_updating_until_it_is_released(arm: ArmDriver) -> None:
    arm.effects = Effects(stuck=True)
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    assert arm.finish(created, 100_000) == {"status": "InProgress"}
    assert arm.properties("C1")["provisioningState"] == "Updating"
    arm.azure.world.operations.release_stuck()
    assert arm.finish(created, 0) == {"status": "Succeeded"}


def test_polling_says_when_to_come_back_in_growing_steps_and_at_last_not_at_all(arm: ArmDriver) -> None:
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    url = created.headers["Azure-AsyncOperation"]
    polls = [arm.get(url) for _ in range(6)]
    assert [p.headers["Retry-After"] for p in polls] == ["10", "10", "20", "20", "40", "40"]
    arm.wait(30)
    assert "Retry-After" not in arm.get(url).headers


def test_retry_after_is_in_the_clients_seconds_when_time_runs_faster(arm: ArmDriver) -> None:
    arm.clock.set_scale(60)
    created = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    assert created.headers["Retry-After"] == "1"


def test_an_opaque_operation_url_has_to_be_used_as_it_is(make_arm: Make) -> None:
    arm = make_arm(options={"opaqueOperationUrls": True})
    url = arm.put("connections/C1", arm.site("GwA", "Site", "k1")).headers["Azure-AsyncOperation"]
    assert 2500 < len(url) < 4096
    assert arm.get(url).status == 200
    assert arm.get(url.partition("&")[0]).status == 404


def test_if_match_is_ignored_unless_the_topology_enforces_it(make_arm: Make) -> None:
    for enforce, status in ((False, 200), (True, 412)):
        arm = make_arm(options={"enforceIfMatch": enforce})
        arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
        headers = {"if-match": 'W/"other"'}
        body = arm.site("GwA", "Site", "k1", routingWeight=3)
        assert arm.call("PUT", "connections/C1", body, headers=headers).status == status
