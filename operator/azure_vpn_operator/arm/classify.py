"""Azure's error answers read into a `Fault`: the code decides, the HTTP status only where the code is unknown or missing.

Status alone misleads: 429 is quota or a lock, 409 is a lock, a management lock or a real conflict, 403 is a missing right or
a denial by Azure Policy.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, safe_message

_KINDS: Final[Mapping[FaultKind, tuple[str, ...]]] = {
    FaultKind.BUSY: (
        "AnotherOperationInProgress",
        "RetryableError",
        "RetryableErrorDueToAnotherOperation",
        "ReferencedResourceNotProvisioned",
    ),
    FaultKind.THROTTLED: (
        "SubscriptionRequestsThrottled",
        "TenantRequestsThrottled",
        "ResourceRequestsThrottled",
        "TooManyRequests",
    ),
    FaultKind.UNAUTHENTICATED: (
        "AuthenticationFailed",
        "AuthenticationFailedMissingToken",
        "AuthenticationFailedInvalidHeader",
        "ExpiredAuthenticationToken",
        "InvalidAuthenticationToken",
        "InvalidAuthenticationTokenTenant",
        "InvalidAuthenticationTokenAudience",
        "AuthorizationRequiredError",
        "InvalidTokenError",
    ),
    FaultKind.FORBIDDEN: (
        "AuthorizationFailed",
        "AuthorizationPermissionMismatch",
        "InsufficientAccessError",
        "InsufficientAccountPermissions",
        "LinkedAccessCheckFailed",
        "LinkedAuthorizationFailed",
    ),
    FaultKind.LOCKED: ("ScopeLocked", "CannotDeleteLockedResource"),
    FaultKind.DENIED_BY_POLICY: ("RequestDisallowedByPolicy",),
    FaultKind.NOT_FOUND: (
        "InvalidResourceReference",
        "NotFound",
        "ParentResourceNotFound",
        "ResourceGroupNotFound",
        "ResourceNotFound",
        "SubscriptionNotFound",
        "WorkspaceNotFoundError",
    ),
    FaultKind.CONFLICT: (
        "Conflict",
        "OperationCanceled",
        "OperationPreempted",
        "PreconditionFailed",
        "RequestConflict",
        "ResourceGroupBeingDeleted",
    ),
    FaultKind.REJECTED: (
        "BadArgumentError",
        "BadRequest",
        "GatewayConnectionMustHaveExactlyTwoEndpoints",
        "InvalidApiVersionParameter",
        "InvalidParameter",
        "InvalidRequestContent",
        "InvalidRequestFormat",
        "InvalidResourceLocation",
        "InvalidResourceType",
        "LocationRequired",
        "MissingSubscriptionRegistration",
        "NoRegisteredProviderFound",
        "OperationNotAllowed",
        "ReadOnlyDisabledSubscription",
        "ResourceQuotaExceeded",
        "SubscriptionNotRegistered",
    ),
    FaultKind.UNAVAILABLE: (
        "BadGateway",
        "GatewayTimeout",
        "InternalError",
        "InternalServerError",
        "OperationTimedOut",
        "PartialError",
        "ServerBusy",
        "ServerTimeout",
        "ServiceUnavailable",
    ),
}
_KIND_OF_CODE: Final = {code.lower(): kind for kind, codes in _KINDS.items() for code in codes}

_KIND_OF_STATUS: Final = {
    401: FaultKind.UNAUTHENTICATED,
    403: FaultKind.FORBIDDEN,
    404: FaultKind.NOT_FOUND,
    408: FaultKind.UNAVAILABLE,
    409: FaultKind.CONFLICT,
    410: FaultKind.NOT_FOUND,
    412: FaultKind.CONFLICT,
    423: FaultKind.LOCKED,
    429: FaultKind.THROTTLED,
}
_DETAILS_SHOWN: Final = 3

_UNSTEADY: Final = (
    (re.compile(r"\s*To retrieve status of the operation use uri:?\s*\S+", re.IGNORECASE), ""),
    (re.compile(r"https://\S+/operation(?:s|results)/[^\s'\"]+", re.IGNORECASE), "(an operation)"),
    (re.compile(r"after '?\d+'? (?:second|minute|hour)s?", re.IGNORECASE), "later"),
)
"""What differs between two answers that mean the same: addresses of operations, and times that Retry-After says better."""

ABSENT_CODES: Final = frozenset({"resourcenotfound", "notfound", "resourcegroupnotfound"})
"""Codes (lower case) by which Azure says that the addressed resource itself does not exist. A 404 without one of them proves nothing."""


def kind_of(status: int, *codes: str) -> FaultKind:
    """The kind of an error answer; `codes` from the outer error inwards, the first known one counts.

    Status 429 is quota whatever the code, unless the code names a lock.
    """
    known = next((kind for code in codes if (kind := _KIND_OF_CODE.get(code.lower()))), None)
    if status == 429 and known is not FaultKind.BUSY:
        return FaultKind.THROTTLED
    return known or _kind_of_status(status)


def fault_of_error(status: int, document: object, *, retry_after: float | None = None, request_id: str = "") -> Fault:
    """Read an error document (`{"error": {…}}`, or the bare error) that came with an HTTP status."""
    error = _error_of(document)
    nested = [detail for detail in _dicts(error.get("details")) if detail is not error]
    codes = [_text(part.get("code")) for part in (error, *nested)]
    return Fault(
        kind=kind_of(status, *codes),
        code=codes[0] or f"HTTP{status}",
        message=safe_message(_steady(_message(error, nested))),
        retry_after=retry_after,
        request_id=request_id,
    )


def fault_of_operation(document: Mapping[str, Any], *, request_id: str = "") -> Fault:
    """Read the error of an operation that ended in Failed or Canceled. Such a document came with status 200."""
    status = _text(document.get("status"))
    if not isinstance(document.get("error"), Mapping):
        code = "OperationCanceled" if status == "Canceled" else "OperationFailed"
        return Fault(kind_of(400, code), code, f"Azure ended the operation with {status}.", request_id=request_id)
    fault = fault_of_error(400, document, request_id=request_id)
    return (
        fault if fault.code != "HTTP400" else Fault(fault.kind, "OperationFailed", fault.message, request_id=request_id)
    )


def fault_of_other_answer(
    status: int, content_type: str, *, retry_after: float | None = None, request_id: str = ""
) -> Fault:
    """Judge an answer whose body is not JSON: most often somebody between us and Azure wrote it."""
    if 300 <= status < 400:
        return Fault(
            FaultKind.UNSUPPORTED,
            f"HTTP{status}",
            "The answer is a redirect; it is not followed.",
            request_id=request_id,
        )
    kind = _kind_of_status(status)
    if kind not in {FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.UNAUTHENTICATED}:
        kind = FaultKind.UNREADABLE
    message = f"The answer with status {status} is {content_type or 'of no declared type'}, not JSON."
    return Fault(kind, f"HTTP{status}", safe_message(message), retry_after, request_id)


def _kind_of_status(status: int) -> FaultKind:
    if status >= 500:
        return FaultKind.UNAVAILABLE
    if status in _KIND_OF_STATUS:
        return _KIND_OF_STATUS[status]
    return FaultKind.REJECTED if 400 <= status < 500 else FaultKind.UNREADABLE


def _error_of(document: object) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        return {}
    inner = document.get("error")
    return inner if isinstance(inner, Mapping) else document


def _message(error: Mapping[str, Any], nested: Sequence[Mapping[str, Any]]) -> str:
    parts = [_text(error.get("message"))]
    for assignment in _policy_assignments(error, nested):
        if assignment not in parts[0]:
            parts.insert(0, f"Policy assignment {assignment}.")
    parts += [
        text for detail in nested[:_DETAILS_SHOWN] if (text := _text(detail.get("message"))) and text not in parts[-1]
    ]
    return " ".join(part for part in parts if part)


def _steady(text: str) -> str:
    for pattern, instead in _UNSTEADY:
        text = pattern.sub(instead, text)
    return text


def _policy_assignments(error: Mapping[str, Any], nested: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in (error, *nested):
        for extra in _dicts(part.get("additionalInfo")):
            info = extra.get("info")
            if isinstance(info, Mapping):
                name = _text(info.get("policyAssignmentDisplayName")) or _text(info.get("policyAssignmentName"))
                if name:
                    yield name


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
