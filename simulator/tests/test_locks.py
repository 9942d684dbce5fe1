"""One operation at a time: who is locked out while one runs, and with which answer."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.testing import ArmDriver

Make = Callable[..., ArmDriver]


def busy_details(answer: Any) -> str:
    [detail] = answer.body["error"]["details"]
    assert detail["code"] == "ReferencedResourceNotProvisioned"
    return str(detail["message"])


def test_a_second_write_through_the_same_gateway_conflicts_and_names_the_operation(arm: ArmDriver) -> None:
    first = arm.put("connections/C1", arm.site("GwA", "Site", "k1"))

    refused = arm.put("connections/C2", arm.site("GwA", "Silent", "k1"))

    assert (refused.status, refused.code) == (409, "AnotherOperationInProgress")
    assert first.headers["Azure-AsyncOperation"] in refused.body["error"]["message"]
    assert arm.get("connections/C2").status == 404
    arm.finish(first)
    assert arm.put("connections/C2", arm.site("GwA", "Silent", "k1")).status == 201


def test_another_gateway_is_free_meanwhile(arm: ArmDriver) -> None:
    arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    assert arm.put("connections/C2", arm.site("GwB", "Silent", "k1")).status == 201


def test_the_conflict_can_be_a_retryable_error_instead(make_arm: Make) -> None:
    arm = make_arm(options={"gatewayBusyAnswer": "RetryableError"})
    arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    refused = arm.put("connections/C2", arm.site("GwA", "Silent", "k1"))
    assert (refused.status, refused.code) == (429, "RetryableError")
    assert "Retry-After" not in refused.headers
    assert "PutVirtualNetworkGatewayConnectionOperation" in busy_details(refused)


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "sharedkey", "reset", "resetconnection"])
def test_every_kind_of_write_waits_its_turn(arm: ArmDriver, method: str) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    arm.put("connections/C2", arm.site("GwA", "Silent", "k1"))
    answer = {
        "PATCH": lambda: arm.call("PATCH", "connections/C1", {"tags": {}}),
        "DELETE": lambda: arm.call("DELETE", "connections/C1"),
        "sharedkey": lambda: arm.put("connections/C1/sharedkey", {"value": "k2"}),
        "reset": lambda: arm.call("POST", "connections/C1/sharedkey/reset", {"keyLength": 16}),
        "resetconnection": lambda: arm.call("POST", "connections/C1/resetconnection"),
    }[method]()
    assert (answer.status, answer.code) == (409, "AnotherOperationInProgress")
    assert arm.get("connections/C1/sharedkey").body == {"value": "k1"}


def test_by_default_a_pair_locks_the_own_gateway_only(arm: ArmDriver) -> None:
    arm.put("connections/ab", arm.half("GwA", "GwB", "pair"))
    assert arm.put("connections/ba", arm.half("GwB", "GwA", "pair")).status == 201


def test_where_a_pair_locks_both_gateways_the_second_half_is_retryable(make_arm: Make) -> None:
    arm = make_arm(options={"pairLocks": "both"})
    first = arm.put("connections/ab", arm.half("GwA", "GwB", "pair"))
    refused = arm.put("connections/c", arm.half("GwActive", "GwB", "pair"))
    assert (refused.status, refused.code) == (429, "RetryableError")
    assert "GwB" in busy_details(refused)
    assert arm.put("connections/ba", arm.half("GwB", "GwA", "pair")).code == "AnotherOperationInProgress"
    arm.finish(first)
    assert arm.put("connections/ba", arm.half("GwB", "GwA", "pair")).status == 201


def test_after_a_key_operation_has_succeeded_the_connection_is_still_updating_for_a_while(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    changed = arm.put("connections/C1/sharedkey", {"value": "k2"})

    assert arm.finish(changed, 10) == {"status": "Succeeded"}

    assert arm.properties("C1")["provisioningState"] == "Updating"
    assert arm.put("connections/C1", arm.site("GwA", "Site", None)).code == "AnotherOperationInProgress"
    arm.wait(8)
    assert arm.properties("C1")["provisioningState"] == "Succeeded"
    assert arm.put("connections/C1", arm.site("GwA", "Site", None, routingWeight=4)).status == 200


def test_a_local_gateway_that_is_updating_cannot_be_referred_to(arm: ArmDriver) -> None:
    body = {"location": "eastus", "properties": {"gatewayIpAddress": "203.0.113.9"}}
    written = arm.put("localNetworkGateways/New", body)
    refused = arm.put("connections/C1", arm.site("GwA", "New", "k1"))
    assert "PutLocalNetworkGatewayOperation" in busy_details(refused)
    arm.finish(written)
    assert arm.put("connections/C1", arm.site("GwA", "New", "k1")).status == 201


def test_a_gateway_that_is_written_is_busy(arm: ArmDriver) -> None:
    written = arm.put("virtualNetworkGateways/GwA", {"location": "eastus", "tags": {"a": "b"}, "properties": {}})
    assert arm.put("connections/C1", arm.site("GwA", "Site", "k1")).code == "AnotherOperationInProgress"
    assert arm.call("POST", "virtualNetworkGateways/GwA/reset").code == "AnotherOperationInProgress"
    arm.finish(written)
    assert arm.get("virtualNetworkGateways/GwA").body["tags"] == {"a": "b"}
