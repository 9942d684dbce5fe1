"""Rights, management locks and Azure Policy."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.testing import ArmDriver

Make = Callable[..., ArmDriver]


def principal(*rights: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "limited",
        "clientId": "55555555-5555-4555-8555-555555555555",
        "objectId": "66666666-6666-4666-8666-666666666666",
        "rights": list(rights),
    }


def limited(make_arm: Make, document: dict[str, Any], *rights: dict[str, Any], **changes: Any) -> ArmDriver:
    arm = make_arm(principals=[*document["principals"], principal(*rights)], **changes)
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    arm.principal = "limited"
    return arm


def test_without_rights_nothing_is_allowed_and_the_answer_names_action_and_scope(
    make_arm: Make, document: dict[str, Any]
) -> None:
    arm = limited(make_arm, document)
    refused = arm.get("connections/C1")
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert "'Microsoft.Network/connections/read'" in refused.body["error"]["message"]
    assert f"'{arm.network}/connections/C1'" in refused.body["error"]["message"]
    assert arm.get("/subscriptions").body == {"value": []}


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "connections", "connections/read"),
        ("PUT", "connections/C1", "connections/write"),
        ("PATCH", "connections/C1", "connections/write"),
        ("DELETE", "connections/C1", "connections/delete"),
        ("PUT", "connections/C1/sharedkey", "connections/sharedKey/write"),
        ("POST", "connections/C1/sharedkey/reset", "connections/sharedKey/reset/action"),
        ("POST", "connections/C1/resetconnection", "connections/resetconnection/action"),
        ("POST", "connections/C1/getikesas", "connections/getikesas/action"),
        ("GET", "virtualNetworkGateways/GwA", "virtualNetworkGateways/read"),
        ("GET", "virtualNetworkGateways/GwA/connections", "virtualNetworkGateways/connections/read"),
        ("GET", "localNetworkGateways/Site", "localNetworkGateways/read"),
    ],
)
def test_each_request_needs_its_own_action(
    make_arm: Make, document: dict[str, Any], method: str, path: str, action: str
) -> None:
    everything_else = {"actions": ["*"], "notActions": [f"microsoft.network/{action.upper()}"]}
    arm = limited(make_arm, document, everything_else)
    refused = arm.call(method, path, {"value": "k2", "keyLength": 9, "tags": {}, **arm.site("GwA", "Site", "k1")})
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert f"'Microsoft.Network/{action}'" in refused.body["error"]["message"]


def test_a_right_holds_at_its_scope_and_below_only(make_arm: Make, document: dict[str, Any]) -> None:
    inside = limited(
        make_arm, document, {"scope": "/subscriptions/22222222-2222-4222-8222-222222222222", "actions": ["*"]}
    )
    assert inside.get("connections/C1").status == 200
    group = inside.group
    other = limited(make_arm, document, {"scope": f"{group}-other", "actions": ["*"]})
    assert other.get("connections/C1").code == "AuthorizationFailed"


@pytest.mark.parametrize(
    ("options", "status", "body"),
    [
        pytest.param({}, 200, {"value": []}, id="an empty array where a text is expected"),
        pytest.param({"sharedKeyWithoutRight": "error"}, 500, None, id="an internal error"),
    ],
)
def test_a_key_that_may_not_be_read(
    make_arm: Make, document: dict[str, Any], options: dict[str, Any], status: int, body: Any
) -> None:
    arm = limited(make_arm, document, {"actions": ["Microsoft.Network/connections/read"]}, options=options)
    answer = arm.get("connections/C1/sharedkey")
    assert answer.status == status
    assert body is None or answer.body == body


def test_writing_a_connection_needs_the_right_to_write_its_gateways(make_arm: Make, document: dict[str, Any]) -> None:
    rights = {"actions": ["Microsoft.Network/connections/*", "*/read"]}
    arm = limited(make_arm, document, rights)
    refused = arm.put("connections/C1", arm.site("GwA", "Site", None, routingWeight=1))
    assert (refused.status, refused.code) == (403, "LinkedAuthorizationFailed")
    assert f"{arm.network}/virtualNetworkGateways/GwA" in refused.body["error"]["message"]
    relaxed = limited(make_arm, document, rights, options={"linkedAuthorization": False})
    assert relaxed.put("connections/C1", relaxed.site("GwA", "Site", None, routingWeight=1)).status == 200


@pytest.mark.parametrize(
    ("level", "write", "delete"),
    [
        pytest.param("ReadOnly", 409, 409, id="ReadOnly stops writes and deletes"),
        pytest.param("CanNotDelete", 200, 409, id="CanNotDelete stops deletes only"),
    ],
)
def test_a_management_lock(arm: ArmDriver, level: str, write: int, delete: int) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    arm.change(locks=[{"name": "keep", "scope": arm.group, "level": level}])
    written = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    assert written.status == write
    refused = arm.call("DELETE", "connections/C1")
    assert (refused.status, refused.code) == (delete, "ScopeLocked")
    assert arm.group in refused.body["error"]["message"]
    arm.change(locks=[])
    assert arm.call("DELETE", "connections/C1").status == 202


def test_a_lock_that_forbids_writes_forbids_key_changes_and_resets_but_no_reads(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    arm.change(locks=[{"scope": f"{arm.network}/connections/C1", "level": "ReadOnly"}])
    assert arm.put("connections/C1/sharedkey", {"value": "k2"}).code == "ScopeLocked"
    assert arm.call("POST", "connections/C1/resetconnection").code == "ScopeLocked"
    assert arm.get("connections/C1/sharedkey").body == {"value": "k1"}


def test_azure_policy_denies_with_the_assignment_in_the_answer_unless_the_tag_is_there(arm: ArmDriver) -> None:
    arm.change(policies=[{"name": "need-owner", "scope": arm.group, "effect": "Deny", "unlessTag": "owner"}])
    refused = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    assert (refused.status, refused.code) == (403, "RequestDisallowedByPolicy")
    [info] = refused.body["error"]["additionalInfo"]
    assert info["type"] == "PolicyViolation"
    assert info["info"]["policyAssignmentName"] == "need-owner"
    tagged = arm.site("GwA", "Site", "k1") | {"tags": {"owner": "net"}}
    assert arm.put("connections/C1", tagged).status == 201


def test_azure_policy_adds_tags_that_were_not_sent(arm: ArmDriver) -> None:
    arm.change(
        policies=[{"name": "cost", "scope": "/", "effect": "Modify", "addTags": {"costCenter": "42", "a": "theirs"}}]
    )
    body = arm.site("GwA", "Site", "k1") | {"tags": {"a": "mine"}}
    created = arm.put("connections/C1", body)
    assert created.body["tags"] == {"costCenter": "42", "a": "mine"}
    arm.finish(created)
    assert arm.put("connections/C1", body).body["properties"]["provisioningState"] == "Succeeded"
