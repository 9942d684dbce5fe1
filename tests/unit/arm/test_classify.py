"""Recordings and documents of Azure say which code means what; the table below is that knowledge, one verdict per name."""

from typing import Any

import pytest

from azure_vpn_operator.arm.classify import fault_of_error, fault_of_operation, fault_of_other_answer, kind_of
from azure_vpn_operator.domain.azure.faults import MESSAGE_LIMIT, FaultKind


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        pytest.param(409, "AnotherOperationInProgress", "Busy", id="a lock, though the SDK calls every 409 'exists'"),
        pytest.param(400, "AnotherOperationInProgress", "Busy", id="virtual WAN reports the same lock as 400"),
        pytest.param(429, "RetryableError", "Busy", id="a gateway in Updating: a lock, not quota"),
        pytest.param(429, "RetryableErrorDueToAnotherOperation", "Busy", id="the target is locked, not quota"),
        pytest.param(429, "ReferencedResourceNotProvisioned", "Busy", id="the inner code of RetryableError alone"),
        pytest.param(400, "ReferencedResourceNotProvisioned", "Busy", id="the same as 400"),
        pytest.param(429, "SubscriptionRequestsThrottled", "Throttled", id="the principal's bucket is empty"),
        pytest.param(429, "TooManyRequests", "Throttled", id="a provider's own limit"),
        pytest.param(429, "OperationNotAllowed", "Throttled", id="some providers throttle under this name"),
        pytest.param(409, "OperationNotAllowed", "Rejected", id="otherwise it is a quota of resources"),
        pytest.param(429, "SomethingNew", "Throttled", id="an unknown 429 is quota"),
        pytest.param(429, "", "Throttled", id="a 429 without code is quota"),
        pytest.param(503, "ServerBusy", "Unavailable", id="overload without quota"),
        pytest.param(401, "InvalidAuthenticationToken", "Unauthenticated", id="token not accepted"),
        pytest.param(401, "ExpiredAuthenticationToken", "Unauthenticated", id="clock skew"),
        pytest.param(401, "InvalidAuthenticationTokenTenant", "Unauthenticated", id="the subscription moved"),
        pytest.param(401, "", "Unauthenticated", id="401 without code"),
        pytest.param(403, "AuthorizationFailed", "Forbidden", id="no role"),
        pytest.param(403, "LinkedAuthorizationFailed", "Forbidden", id="no right on the linked gateway"),
        pytest.param(403, "RequestDisallowedByPolicy", "DeniedByPolicy", id="403 that is no missing right"),
        pytest.param(403, "", "Forbidden", id="403 without code"),
        pytest.param(409, "ScopeLocked", "Locked", id="a management lock, not a conflict"),
        pytest.param(404, "ResourceNotFound", "NotFound", id="Resource Manager's word"),
        pytest.param(404, "NotFound", "NotFound", id="the provider's word"),
        pytest.param(404, "ResourceGroupNotFound", "NotFound", id="the group is gone"),
        pytest.param(404, "SubscriptionNotFound", "NotFound", id="the subscription"),
        pytest.param(400, "InvalidResourceReference", "NotFound", id="a gateway named in the body does not exist"),
        pytest.param(404, "InvalidResourceType", "Rejected", id="404 for something no waiting brings into being"),
        pytest.param(409, "MissingSubscriptionRegistration", "Rejected", id="409 that a person has to solve"),
        pytest.param(409, "ResourceGroupBeingDeleted", "Conflict", id="passes by itself"),
        pytest.param(409, "SomethingNew", "Conflict", id="an unknown 409"),
        pytest.param(412, "PreconditionFailed", "Conflict", id="someone else was faster"),
        pytest.param(400, "InvalidRequestFormat", "Rejected", id="malformed"),
        pytest.param(400, "VpnConnectionSomethingNew", "Rejected", id="an unknown 400 is a refusal of what we said"),
        pytest.param(422, "", "Rejected", id="an unknown 4xx"),
        pytest.param(500, "InternalServerError", "Unavailable", id="whether a write took effect is not known"),
        pytest.param(500, "SomethingNew", "Unavailable", id="an unknown 5xx"),
        pytest.param(503, "ServerTimeout", "Unavailable", id="recorded for network resources"),
        pytest.param(504, "", "Unavailable", id="a gateway in between gave up"),
        pytest.param(408, "", "Unavailable", id="request timeout"),
        pytest.param(400, "anotheroperationinprogress", "Busy", id="spelling in lower case"),
    ],
)
def test_code_decides_before_status(status: int, code: str, kind: str):
    assert kind_of(status, code) == kind


def test_first_known_code_counts_from_outside_in():
    assert kind_of(400, "Wrapper", "ScopeLocked", "AuthorizationFailed") is FaultKind.LOCKED


def test_lock_behind_retryable_error_names_the_resource_that_is_busy():
    fault = fault_of_error(
        429,
        {
            "error": {
                "code": "RetryableError",
                "message": "A retryable error occured.",
                "details": [
                    {
                        "code": "ReferencedResourceNotProvisioned",
                        "message": "Cannot proceed with operation because resource GW1 is not in Succeeded state.",
                    }
                ],
            }
        },
        retry_after=7.0,
    )
    assert (fault.kind, fault.code, fault.retry_after) == (FaultKind.BUSY, "RetryableError", 7.0)
    assert fault.message.endswith("because resource GW1 is not in Succeeded state.")


def test_denial_by_azure_policy_names_the_assignment_even_if_the_message_does_not():
    fault = fault_of_error(
        403,
        {
            "error": {
                "code": "RequestDisallowedByPolicy",
                "message": "Resource 'c1' was disallowed by policy.",
                "additionalInfo": [
                    {"type": "PolicyViolation", "info": {"policyAssignmentDisplayName": "No weak ciphers"}}
                ],
            }
        },
    )
    assert fault.kind is FaultKind.DENIED_BY_POLICY
    assert "No weak ciphers" in fault.message
    assert "disallowed by policy" in fault.message


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("No right. Correlation ID: {0}-0000-0000", "No right", id="ids of the request"),
        pytest.param(
            "Another operation is in progress. To retrieve status of the operation use uri: "
            "https://management.azure.com/subscriptions/s/providers/Microsoft.Network/locations/l/operations/{0}?x=y.",
            "Another operation is in progress.",
            id="address of the operation that holds the lock",
        ),
        pytest.param(
            "Blocked by https://management.azure.com/operationResults/{0} now",
            "Blocked by (an operation) now",
            id="address of an operation elsewhere in the text",
        ),
        pytest.param(
            "Too many requests. Please try again after '{0}' seconds.",
            "Too many requests. Please try again later.",
            id="time to wait, which has its own field",
        ),
    ],
)
def test_equal_refusals_read_equal_so_that_no_status_changes_with_each_try(template: str, text: str):
    for number in ("11111111", "22222222"):
        fault = fault_of_error(409, {"error": {"code": "X", "message": template.format(number)}})
        assert fault.message == text


def test_messages_are_bounded():
    assert len(fault_of_error(400, {"error": {"code": "X", "message": "m" * 10_000}}).message) <= MESSAGE_LIMIT


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="no body"),
        pytest.param([], id="a list"),
        pytest.param({"error": "text"}, id="an error that is a text"),
        pytest.param({"error": {"code": 7, "message": ["x"], "details": "d", "additionalInfo": 1}}, id="wrong types"),
        pytest.param({"error": {"details": [None, 3]}}, id="details that are no objects"),
    ],
)
def test_malformed_error_documents_fall_back_to_the_status(document: Any):
    fault = fault_of_error(409, document)
    assert (fault.kind, fault.code) == (FaultKind.CONFLICT, "HTTP409")


def test_bare_error_without_wrapper_is_understood():
    assert fault_of_error(409, {"code": "ScopeLocked", "message": "locked"}).kind is FaultKind.LOCKED


@pytest.mark.parametrize(
    ("document", "kind", "code"),
    [
        pytest.param(
            {"status": "Failed", "error": {"code": "AnotherOperationInProgress", "message": "m"}},
            FaultKind.BUSY,
            "AnotherOperationInProgress",
            id="a lock that shows only inside the operation",
        ),
        pytest.param(
            {"status": "Failed", "error": {"code": "SomethingNew", "message": "m"}},
            FaultKind.REJECTED,
            "SomethingNew",
            id="an unknown code is a refusal",
        ),
        pytest.param(
            {"status": "Failed", "error": {"code": "InternalServerError", "message": "m"}},
            FaultKind.UNAVAILABLE,
            "InternalServerError",
            id="Azure's own trouble",
        ),
        pytest.param({"status": "Failed"}, FaultKind.REJECTED, "OperationFailed", id="no error at all"),
        pytest.param({"status": "Failed", "error": {}}, FaultKind.REJECTED, "OperationFailed", id="an empty error"),
        pytest.param({"status": "Canceled"}, FaultKind.CONFLICT, "OperationCanceled", id="cancelled by someone"),
    ],
)
def test_error_of_an_operation(document: Any, kind: FaultKind, code: str):
    fault = fault_of_operation(document)
    assert (fault.kind, fault.code) == (kind, code)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(200, FaultKind.UNREADABLE, id="a login page of a proxy"),
        pytest.param(403, FaultKind.UNREADABLE, id="a proxy's refusal is not a missing right in Azure"),
        pytest.param(404, FaultKind.UNREADABLE, id="a proxy's 404 must not look like a missing connection"),
        pytest.param(409, FaultKind.UNREADABLE, id="not Azure's conflict"),
        pytest.param(302, FaultKind.UNSUPPORTED, id="a redirect is not followed"),
        pytest.param(401, FaultKind.UNAUTHENTICATED, id="the front end answers 401 without JSON"),
        pytest.param(429, FaultKind.THROTTLED, id="quota, whoever says it"),
        pytest.param(502, FaultKind.UNAVAILABLE, id="a load balancer's page"),
    ],
)
def test_answers_that_are_not_json(status: int, kind: FaultKind):
    assert fault_of_other_answer(status, "text/html").kind is kind
