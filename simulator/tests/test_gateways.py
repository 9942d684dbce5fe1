"""Gateways at both ends, networks, groups, and what is above them."""

from typing import Any

import pytest

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.testing import ArmDriver


def test_a_gateway_shows_what_an_operator_asks_for(arm: ArmDriver) -> None:
    found = arm.get("virtualNetworkGateways/gwa").body
    assert (found["name"], found["location"]) == ("GwA", "eastus")
    shown = found["properties"]
    assert shown["sku"]["name"] == "VpnGw2AZ"
    assert (shown["vpnType"], shown["gatewayType"], shown["activeActive"]) == ("RouteBased", "Vpn", False)
    assert shown["bgpSettings"]["asn"] == 65010
    [configuration] = shown["ipConfigurations"]
    network = configuration["properties"]["subnet"]["id"].removesuffix("/subnets/GatewaySubnet")
    assert arm.get(network).body["properties"]["subnets"][0]["name"] == "GatewaySubnet"


def test_an_active_active_gateway_has_two_ip_configurations(arm: ArmDriver) -> None:
    shown = arm.get("virtualNetworkGateways/GwActive").body["properties"]
    assert len(shown["ipConfigurations"]) == 2
    addresses = [a for p in shown["bgpSettings"]["bgpPeeringAddresses"] for a in p["tunnelIpAddresses"]]
    assert len(set(addresses)) == 2


def test_a_put_changes_the_sku_and_keeps_what_the_service_made(arm: ArmDriver) -> None:
    before = arm.get("virtualNetworkGateways/GwA").body["properties"]
    body = {"location": "eastus", "properties": {"sku": {"name": "VpnGw4AZ", "tier": "VpnGw4AZ"}}}
    written = arm.put("virtualNetworkGateways/GwA", body)
    assert (written.status, written.body["properties"]["provisioningState"]) == (200, "Updating")
    arm.finish(written)
    after = arm.get("virtualNetworkGateways/GwA").body["properties"]
    assert after["sku"]["name"] == "VpnGw4AZ"
    assert after["ipConfigurations"] == before["ipConfigurations"]


@pytest.mark.parametrize("name", ["sku", "bgpSettings"])
def test_what_is_an_object_stays_one(arm: ArmDriver, name: str) -> None:
    refused = arm.put("virtualNetworkGateways/GwA", {"location": "eastus", "properties": {name: 3}})
    assert refused.code == "InvalidRequestContent"


def test_a_new_gateway_takes_half_an_hour(arm: ArmDriver) -> None:
    body = {"location": "eastus", "properties": {"sku": {"name": "VpnGw1AZ"}, "vpnType": "RouteBased"}}
    created = arm.put("virtualNetworkGateways/New", body)
    assert created.status == 201
    arm.wait(1799)
    assert arm.put("connections/C1", arm.site("New", "Site", "k1")).code == "AnotherOperationInProgress"
    arm.wait(1)
    assert arm.put("connections/C1", arm.site("New", "Site", "k1")).status == 201


@pytest.mark.parametrize("type_", ["virtualNetworkGateways", "localNetworkGateways"])
def test_tags_of_gateways_are_patched(arm: ArmDriver, type_: str) -> None:
    name = arm.get(type_).body["value"][0]["name"]
    assert arm.call("PATCH", f"{type_}/{name}", {"tags": {"a": "b"}}).body["tags"] == {"a": "b"}
    assert arm.get(f"{type_}/{name}").body["tags"] == {"a": "b"}


def test_a_local_gateway_shows_its_etag_in_a_header_too_and_a_connection_does_not(arm: ArmDriver) -> None:
    site = arm.get("localNetworkGateways/Site")
    assert site.headers["ETag"] == site.body["etag"]
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    assert "ETag" not in arm.get("connections/C1").headers


def test_a_local_gateway_is_created_moved_and_deleted(arm: ArmDriver) -> None:
    def body(**properties: Any) -> dict[str, Any]:
        return {"location": "eastus", "properties": properties}

    created = arm.put("localNetworkGateways/New", body(fqdn="site.example"))
    assert created.status == 201
    arm.finish(created)
    assert arm.get("localNetworkGateways/New").body["properties"]["fqdn"] == "site.example"
    assert arm.put("localNetworkGateways/Bad", body()).code == "InvalidRequestContent"
    arm.finish(arm.call("DELETE", "localNetworkGateways/New"))
    assert arm.get("localNetworkGateways/New").status == 404
    assert arm.call("DELETE", "localNetworkGateways/New").status == 204


def test_a_local_gateway_in_use_stays(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    assert arm.call("DELETE", "localNetworkGateways/Site").code == invented.IN_USE.code


def test_a_moved_local_gateway_negotiates_anew(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    body = {"location": "eastus", "properties": {"gatewayIpAddress": "203.0.113.77"}}
    arm.put("localNetworkGateways/Site", body)
    assert arm.status("C1") == "NotConnected"
    arm.wait(5)
    assert arm.status("C1") == "Connected"


def test_what_is_above_resources(arm: ArmDriver) -> None:
    subscription = arm.group.rpartition("/resourceGroups")[0]
    [row] = arm.get("/subscriptions", version="2022-12-01").body["value"]
    assert (row["id"], row["state"]) == (subscription, "Enabled")
    assert arm.get(subscription).body["subscriptionId"] == row["subscriptionId"]
    assert arm.get("/tenants").body["value"][0]["tenantId"] == row["tenantId"]
    assert [g["name"] for g in arm.get(f"{subscription}/resourcegroups").body["value"]] == ["Net"]
    assert arm.get(arm.group.lower()).body["location"] == "eastus"
    assert arm.call("HEAD", arm.group).status == 204
    assert arm.call("HEAD", arm.group + "x").status == 404
    provider = arm.get(f"{subscription}/providers/microsoft.network").body
    assert provider["registrationState"] == "Registered"
    assert {"connections", "locations/operations"} <= {t["resourceType"] for t in provider["resourceTypes"]}
    assert arm.call("POST", f"{subscription}/providers/Microsoft.Network/register").status == 200
    assert [r["name"] for r in arm.get(f"{subscription}/locations").body["value"]] == ["eastus"]


def test_a_key_reset_makes_a_new_key_of_the_length_asked_for(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    answer = arm.call("POST", "connections/C1/sharedkey/reset", {"keyLength": 50})
    assert answer.status == 202
    assert arm.finish(answer) == {"status": "Succeeded", "properties": {}}
    result = arm.get(answer.headers["Location"])
    assert (result.status, result.raw) == (200, b"null")
    key = arm.get("connections/C1/sharedkey").body["value"]
    assert len(key) == 50
    assert key.isalnum()


@pytest.mark.parametrize("length", [0, 129, "50", None, True])
def test_a_key_reset_needs_a_length(arm: ArmDriver, length: object) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    assert arm.call("POST", "connections/C1/sharedkey/reset", {"keyLength": length}).status == 400


def test_an_unknown_operation_is_not_found(arm: ArmDriver) -> None:
    subscription = arm.group.rpartition("/resourceGroups")[0]
    path = (
        f"{subscription}/providers/Microsoft.Network/locations/eastus/operations/00000000-0000-0000-0000-000000000000"
    )
    assert (arm.get(path).status, arm.get(path).code) == (404, "NotFound")
