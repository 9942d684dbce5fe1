"""The headers that tell who answered: Resource Manager itself, or the network provider behind it."""

from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.testing import BASE_URL, Answer, ArmDriver
from azure_vpn_simulator.wire import Request

SERVICE = "x-ms-arm-service-request-id"
PROVIDERS = "/subscriptions/22222222-2222-4222-8222-222222222222/providers"


def ids(answer: Answer) -> tuple[str | None, ...]:
    names = ("x-ms-request-id", "x-ms-correlation-request-id", SERVICE)
    return tuple(answer.headers.get(name) for name in names)


def counters(answer: Answer) -> set[str]:
    return {name for name in answer.headers if name.startswith("x-ms-ratelimit-remaining-")}


def rights(*actions: str) -> list[dict[str, Any]]:
    principal = {"name": "engineer", "clientId": "3" * 36, "objectId": "4" * 36, "clientSecret": "s"}
    return [{**principal, "rights": [{"scope": "/", "actions": list(actions)}]}]


@pytest.mark.parametrize(
    ("method", "path", "settings", "code"),
    [
        pytest.param("GET", "connections/none", {}, "ResourceNotFound", id="a missing connection"),
        pytest.param("PATCH", "connections/none", {}, "ResourceNotFound", id="a write of it"),
        pytest.param("POST", "connections/none/getikesas", {}, "ResourceNotFound", id="an action of it"),
        pytest.param("GET", "connections/none/sharedkey", {}, "ResourceNotFound", id="what is below it"),
        pytest.param("GET", "virtualNetworkGateways/none", {}, "ResourceNotFound", id="a missing gateway"),
        pytest.param("GET", "virtualNetworkGateways/none/connections", {}, "ResourceNotFound", id="its connections"),
        pytest.param("GET", "localNetworkGateways/none", {}, "ResourceNotFound", id="a missing local gateway"),
        pytest.param(
            "GET", "{group}x/providers/Microsoft.Network/connections", {}, "ResourceGroupNotFound", id="group"
        ),
        pytest.param("GET", "/subscriptions/9", {}, "SubscriptionNotFound", id="a missing subscription"),
        pytest.param("GET", "applicationGateways/x", {}, "InvalidResourceType", id="an unknown type"),
        pytest.param("GET", f"{PROVIDERS}/Microsoft.Other", {}, "InvalidResourceType", id="an unknown provider"),
        pytest.param("GET", "connections/C1", {"principals": rights("none")}, "AuthorizationFailed", id="no right"),
        pytest.param(
            "PATCH", "connections/C1", {"locks": [{"scope": "/", "level": "ReadOnly"}]}, "ScopeLocked", id="a lock"
        ),
        pytest.param(
            "PATCH",
            "connections/C1",
            {"policies": [{"name": "p", "scope": "/", "effect": "Deny"}]},
            "RequestDisallowedByPolicy",
            id="Azure Policy",
        ),
    ],
)
def test_resource_managers_own_refusal_has_one_id_and_tells_nothing_of_quotas(
    make_arm: Callable[..., ArmDriver], method: str, path: str, settings: dict[str, Any], code: str
) -> None:
    arm = make_arm()
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    arm.change(**settings)
    refused = arm.call(method, path.format(group=arm.group), None if method == "GET" else {})

    assert refused.code == code
    request, correlation, service = ids(refused)
    assert request == correlation
    assert service is None
    assert counters(refused) == set()
    assert refused.headers["x-ms-failure-cause"] == "gateway"
    assert refused.raw is not None
    assert refused.raw.startswith(b'{"error":')


def test_who_is_refused_for_want_of_quota_is_told_that_none_is_left(make_arm: Callable[..., ArmDriver]) -> None:
    arm = make_arm(options={"throttling": {"reads": {"size": 1, "refillPerSecond": 0.01}}})
    arm.get("connections")
    refused = arm.get("connections")
    assert refused.status == 429
    assert refused.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    assert ids(refused)[2] is None


@pytest.mark.parametrize("path", ["/tenants", "/subscriptions", "{group}", f"{PROVIDERS}/Microsoft.Network"])
def test_what_resource_manager_answers_itself_has_one_id_and_counts(arm: ArmDriver, path: str) -> None:
    answer = arm.get(path.format(group=arm.group))
    request, correlation, service = ids(answer)
    assert answer.status == 200
    assert request == correlation
    assert service is None
    assert counters(answer)


def test_who_is_not_known_gets_resource_managers_own_refusal(arm: ArmDriver) -> None:
    request = Request("GET", f"{arm.network}/connections", {"api-version": "2026-03-01"}, {}, b"", BASE_URL)
    reply = arm.azure.refused(request, ArmError(401, "AuthenticationFailed", "Who are you?"))
    assert reply.headers["x-ms-request-id"] == reply.headers["x-ms-correlation-request-id"]
    assert SERVICE not in reply.headers


@pytest.mark.parametrize(
    ("version", "has"),
    [
        pytest.param("2018-11-01", False, id="2018"),
        pytest.param("2019-09-01", False, id="the last one without"),
        pytest.param("2019-10-01", True, id="from October 2019 on"),
        pytest.param("2026-03-01", True, id="today"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("GET", "connections/C1", None, 200, id="read"),
        pytest.param("GET", "connections", None, 200, id="list"),
        pytest.param("GET", "virtualNetworkGateways/GwA", None, 200, id="a gateway"),
        pytest.param("PUT", "connections/C1", {}, 200, id="replace"),
        pytest.param("PATCH", "connections/C1", {"tags": {"a": "b"}}, 200, id="tags"),
        pytest.param("POST", "connections/C1/resetconnection", None, 202, id="an action"),
        pytest.param("DELETE", "connections/C1", None, 202, id="delete"),
        pytest.param("PUT", "connections/C2", {"gateway": "GwA", "peer": "GwA"}, 400, id="the provider's refusal"),
        pytest.param("GET", f"{PROVIDERS}/Microsoft.Network/locations/x/operations/y", None, 404, id="a poll"),
    ],
)
def test_what_the_provider_answers_has_its_own_id_since_october_2019(
    arm: ArmDriver, method: str, path: str, body: Any, status: int, version: str, has: bool
) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    if method == "PUT":
        body = arm.half("GwA", "GwA", "k1") if body else arm.site("GwA", "Site", "k1", routingWeight=7)
    answer = arm.call(method, path, body, version=version)

    assert answer.status == status
    request, correlation, service = ids(answer)
    assert (service is not None) is has
    assert len({request, correlation, service}) == 3
    assert answer.headers["x-ms-routing-request-id"].endswith(f":{correlation}")
    assert counters(answer)


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("DELETE", "connections/C1", 204, id="a deleted connection"),
        pytest.param("DELETE", "localNetworkGateways/Silent", 204, id="a deleted local gateway"),
        pytest.param("POST", "connections/C1/resetconnection", 200, id="an action"),
    ],
)
def test_the_result_of_an_operation_repeats_the_headers_of_its_start(
    make_arm: Callable[..., ArmDriver], method: str, path: str, status: int, opaque: bool
) -> None:
    arm = make_arm(options={"opaqueOperationUrls": opaque})
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    start = arm.call(method, path)
    assert arm.finish(start)["status"] == "Succeeded"
    poll = arm.get(start.headers["Azure-AsyncOperation"])
    result = arm.get(start.headers["Location"])

    assert result.status == status
    assert ids(result) == ids(start)
    assert ids(result)[0] == start.headers["Location"].partition("?")[0].rpartition("/")[2]
    for name in ("Location", "Azure-AsyncOperation", "Azure-AsyncNotification"):
        assert result.headers[name] == start.headers[name]
    assert "Retry-After" not in result.headers
    assert result.headers["x-ms-ratelimit-remaining-subscription-reads"]
    assert not set(ids(poll)) & set(ids(start))
