"""What the provider and Resource Manager refuse, and with which code."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.testing import ArmDriver

Make = Callable[..., ArmDriver]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"pfsGroup": ...}, invented.PARTIAL_POLICY.code, id="a policy is complete or it is none"),
        pytest.param({"saLifeTimeSeconds": None}, invented.PARTIAL_POLICY.code, id="lifetimes are needed on the wire"),
        pytest.param({"ikeEncryption": "AES512"}, invented.BAD_ENUM.code, id="an unknown algorithm"),
        pytest.param({"ipsecIntegrity": "GCMASE256"}, invented.BAD_ENUM.code, id="the misspelt GCMASE256 of 2020"),
        pytest.param(
            {"ipsecEncryption": "GCMAES256"}, invented.GCM_MISMATCH.code, id="GCM encryption, other integrity"
        ),
        pytest.param({"ipsecIntegrity": "GCMAES128"}, invented.GCM_MISMATCH.code, id="GCM integrity, other encryption"),
        pytest.param(
            {"ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES128"},
            invented.GCM_MISMATCH.code,
            id="GCM of two key lengths",
        ),
        pytest.param({"saDataSizeKilobytes": 1023}, invented.BAD_ENUM.code, id="below the smallest volume"),
        pytest.param({"saLifeTimeSeconds": "300"}, invented.BAD_ENUM.code, id="a number as text"),
    ],
)
def test_bad_policies_are_refused(arm: ArmDriver, policy: dict[str, Any], change: dict[str, Any], code: str) -> None:
    bad = {k: v for k, v in (policy | change).items() if v is not ...}
    refused = arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[bad]))
    assert (refused.status, refused.code) == (400, code)
    assert arm.get("connections/C1").status == 404


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"saDataSizeKilobytes": 0}, id="0 means no volume limit"),
        pytest.param({"ipsecEncryption": "GCMAES192", "ipsecIntegrity": "GCMAES192"}, id="the same GCM twice"),
        pytest.param({"dhGroup": "DHGroup14", "pfsGroup": "PFS14"}, id="the newer names of group 14"),
        pytest.param({"pfsGroup": "PFSMM"}, id="PFS with the group of main mode"),
        pytest.param({"ikeEncryption": "GCMAES256", "ikeIntegrity": "SHA384"}, id="GCM for IKE with a hash"),
    ],
)
def test_unusual_but_valid_policies_are_kept_as_sent(
    arm: ArmDriver, policy: dict[str, Any], change: dict[str, Any]
) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy | change])))
    assert arm.properties("C1")["ipsecPolicies"] == [policy | change]


def test_more_than_one_policy_is_refused(arm: ArmDriver, policy: dict[str, Any]) -> None:
    refused = arm.put("connections/C1", arm.site("GwA", "Site", "k1", ipsecPolicies=[policy, policy]))
    assert refused.code == invented.TOO_MANY_POLICIES.code


@pytest.mark.parametrize(
    ("gateway", "properties", "code"),
    [
        pytest.param("GwBasic", {"policy": True}, invented.POLICY_ON_BASIC.code, id="Basic takes no custom policy"),
        pytest.param(
            "GwPolicy", {"policy": True}, invented.POLICY_ON_POLICY_BASED.code, id="PolicyBased takes no custom policy"
        ),
        pytest.param(
            "GwPolicy",
            {"connectionProtocol": "IKEv2"},
            invented.PROTOCOL_REFUSED.code,
            id="PolicyBased does IKEv1 only",
        ),
        pytest.param(
            "GwBasic",
            {"connectionProtocol": "IKEv1"},
            invented.PROTOCOL_REFUSED.code,
            id="Basic RouteBased has no IKEv1",
        ),
        pytest.param(
            "GwOld", {"connectionProtocol": "IKEv1"}, invented.PROTOCOL_REFUSED.code, id="HighPerformance has no IKEv1"
        ),
        pytest.param(
            "GwA",
            {"connectionProtocol": "IKEv1", "usePolicyBasedTrafficSelectors": True},
            invented.SELECTORS_WITH_IKEV1.code,
            id="policy-based selectors need IKEv2",
        ),
        pytest.param("GwA", {"dpdTimeoutSeconds": 8}, invented.BAD_ENUM.code, id="DPD below 9 seconds"),
        pytest.param("GwA", {"dpdTimeoutSeconds": 3601}, invented.BAD_ENUM.code, id="DPD above an hour"),
        pytest.param("GwA", {"routingWeight": 32001}, invented.BAD_ENUM.code, id="a routing weight too high"),
        pytest.param("GwA", {"connectionMode": "Both"}, invented.BAD_ENUM.code, id="an unknown mode"),
        pytest.param("GwA", {"enableBgp": "yes"}, invented.BAD_ENUM.code, id="a flag that is a text"),
        pytest.param("GwA", {"ipsecPolicies": {}}, invented.BAD_ENUM.code, id="a list that is an object"),
        pytest.param("GwA", {"sharedKey": "has-hyphen"}, invented.BAD_KEY.code, id="a hyphen in the key"),
        pytest.param("GwA", {"sharedKey": "x" * 129}, invented.BAD_KEY.code, id="a key of 129 characters"),
        pytest.param("Missing", {}, invented.REFERENCE_MISSING.code, id="a gateway that is not there"),
        pytest.param(
            "GwA", {"localNetworkGateway2": {"id": "Site"}}, invented.BAD_REFERENCE.code, id="a name instead of an id"
        ),
        pytest.param("GwA", {"connectionType": "IPSec"}, invented.BAD_ENUM.code, id="IPSec is not IPsec"),
        pytest.param(
            "GwA",
            {"connectionType": "Vnet2Vnet"},
            "GatewayConnectionMustHaveExactlyTwoEndpoints",
            id="Vnet2Vnet with a local gateway",
        ),
        pytest.param(
            "GwA",
            {"localNetworkGateway2": None},
            "GatewayConnectionMustHaveExactlyTwoEndpoints",
            id="only one end",
        ),
    ],
)
def test_bad_connections_are_refused_without_a_trace(
    arm: ArmDriver, policy: dict[str, Any], gateway: str, properties: dict[str, Any], code: str
) -> None:
    if properties.pop("policy", False):
        properties = {"ipsecPolicies": [policy], **properties}
    key = properties.pop("sharedKey", "k1")
    refused = arm.put("connections/C1", arm.site(gateway, "Site", key, **properties))
    assert (refused.status, refused.code) == (400, code)
    assert arm.get("connections").body == {"value": []}


def test_a_policy_based_gateway_defaults_to_ikev1(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwPolicy", "Site", "k1")))
    assert arm.properties("C1")["connectionProtocol"] == "IKEv1"
    assert arm.put("connections/C1", arm.site("GwPolicy", "Site", "k1", routingWeight=2)).status == 200


def test_vnet_to_vnet_needs_two_different_route_based_gateways(arm: ArmDriver) -> None:
    assert arm.put("connections/C1", arm.half("GwA", "GwPolicy", "k")).code == invented.VNET_ON_POLICY_BASED.code
    assert arm.put("connections/C1", arm.half("GwA", "GwA", "k")).code == invented.GATEWAY_TWICE.code


def test_a_policy_based_gateway_carries_one_connection(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwPolicy", "Site", "k1")))
    assert arm.put("connections/C2", arm.site("GwPolicy", "Silent", "k1")).code == invented.TUNNEL_LIMIT.code


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"connectionProtocol": "IKEv1"}, id="the IKE version"),
        pytest.param({"gateway": "GwB"}, id="the own gateway"),
        pytest.param({"local": "Silent"}, id="the peer"),
    ],
)
def test_what_is_fixed_at_creation_cannot_be_changed(arm: ArmDriver, change: dict[str, Any]) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    before = arm.get("connections/C1").body
    gateway, local = change.pop("gateway", "GwA"), change.pop("local", "Site")
    refused = arm.put("connections/C1", arm.site(gateway, local, "k1", **change))
    assert (refused.status, refused.code) == (400, invented.IMMUTABLE.code)
    assert arm.get("connections/C1").body["etag"] == before["etag"]


def test_a_resource_does_not_move_to_another_region(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    moved = arm.put("connections/C1", arm.site("GwA", "Site", "k1") | {"location": "West Europe"})
    assert (moved.status, moved.code) == (409, invented.LOCATION_CHANGED.code)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="no body"),
        pytest.param(b"{", id="half a body"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff\xfe\x00", id="not text"),
        pytest.param(b"[" * 100_000, id="nested beyond measure"),
        pytest.param(b'{"location": "eastus"}', id="no properties"),
        pytest.param(b'{"location": "eastus", "properties": 3}', id="properties that are a number"),
        pytest.param(b'{"location": "eastus", "tags": {"a": 1}, "properties": {}}', id="a tag that is a number"),
    ],
)
def test_unreadable_bodies_are_invalid_content(arm: ArmDriver, body: bytes) -> None:
    refused = arm.call("PUT", "connections/C1", body)
    assert (refused.status, refused.code) == (400, "InvalidRequestContent")


@pytest.mark.parametrize(
    ("version", "code"),
    [
        pytest.param(None, "MissingApiVersionParameter", id="none"),
        pytest.param("latest", "InvalidApiVersionParameter", id="not a date"),
        pytest.param("2015-06-15", "NoRegisteredProviderFound", id="too old"),
        pytest.param("2031-01-01", "NoRegisteredProviderFound", id="too new"),
    ],
)
def test_the_api_version_is_required_and_has_a_range(arm: ArmDriver, version: str | None, code: str) -> None:
    refused = arm.get("connections", version=version)
    assert (refused.status, refused.code) == (400, code)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/subscriptions/99999999-0000-0000-0000-000000000000", 404, invented.NO_SUBSCRIPTION.code),
        ("GET", "{group}x/providers/Microsoft.Network/connections", 404, "ResourceGroupNotFound"),
        ("GET", "connections/none", 404, "ResourceNotFound"),
        ("GET", "connections/none/sharedkey", 404, "ResourceNotFound"),
        ("GET", "virtualNetworkGateways/none/connections", 404, "ResourceNotFound"),
        ("GET", "applicationGateways/x", 404, invented.PATH_UNKNOWN.code),
        ("GET", "/favicon.ico", 404, invented.PATH_UNKNOWN.code),
        ("POST", "connections/none", 405, invented.METHOD_UNKNOWN.code),
        ("PUT", "connections/bad name", 400, invented.BAD_NAME.code),
    ],
)
def test_what_is_not_there_is_said_in_arms_shape(
    arm: ArmDriver, method: str, path: str, status: int, code: str
) -> None:
    answer = arm.call(method, path.format(group=arm.group), arm.site("GwA", "Site", "k1") if method == "PUT" else None)
    assert (answer.status, answer.code) == (status, code)


def test_provider_errors_are_pretty_printed_with_details_and_arms_own_are_compact(arm: ArmDriver) -> None:
    provider = arm.put("connections/C1", arm.half("GwA", "GwA", "k"))
    assert provider.raw is not None
    assert b'\r\n  "error": {' in provider.raw
    assert provider.body["error"]["details"] == []
    gateway = arm.get("connections/none")
    assert gateway.raw is not None
    assert gateway.raw.startswith(b'{"error":{"code":"ResourceNotFound"')
    assert gateway.headers["x-ms-failure-cause"] == "gateway"


def test_a_key_never_comes_back_in_a_refusal(arm: ArmDriver) -> None:
    refused = arm.put("connections/C1", arm.site("GwA", "Site", "very-secret"))
    assert refused.raw is not None
    assert b"very-secret" not in refused.raw
