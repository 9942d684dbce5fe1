"""Refusals of the API server (`kind: Status` documents) read into a `Fault`."""

from collections.abc import Mapping
from typing import Any, Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, safe_message

_KIND_OF_STATUS: Final = {
    401: FaultKind.UNAUTHENTICATED,
    403: FaultKind.FORBIDDEN,
    404: FaultKind.NOT_FOUND,
    408: FaultKind.UNAVAILABLE,
    409: FaultKind.CONFLICT,
    410: FaultKind.CONFLICT,
    412: FaultKind.CONFLICT,
    429: FaultKind.THROTTLED,
}
OBJECT_NOT_FOUND: Final = "NotFound"
"""The code of a fault if the API server says that the named object does not exist."""
TYPE_NOT_FOUND: Final = "ResourceTypeNotFound"
"""The code of a fault if the API server does not know the path, as without the CustomResourceDefinition."""


def fault_of_status(status: int, document: object, *, retry_after: float | None = None) -> Fault:
    """Read a refusal; a body that is no Status document did not come from the API server itself."""
    if not isinstance(document, Mapping) or document.get("kind") != "Status":
        return _fault_of_other(status, retry_after)
    details = document.get("details")
    details = details if isinstance(details, Mapping) else {}
    code = str(document.get("reason") or f"HTTP{status}")
    if status == 404 and not details.get("name"):
        code = TYPE_NOT_FOUND
    seconds: Any = details.get("retryAfterSeconds")
    if retry_after is None and isinstance(seconds, int):
        retry_after = float(seconds)
    return Fault(_kind(status), code, safe_message(str(document.get("message") or "")), retry_after)


def _fault_of_other(status: int, retry_after: float | None) -> Fault:
    kind = _kind(status)
    if kind not in {FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.UNAUTHENTICATED}:
        kind = FaultKind.UNREADABLE
    return Fault(kind, f"HTTP{status}", "The answer is not one of a Kubernetes API server.", retry_after)


def _kind(status: int) -> FaultKind:
    if status >= 500:
        return FaultKind.UNAVAILABLE
    return _KIND_OF_STATUS.get(status, FaultKind.REJECTED if status >= 400 else FaultKind.UNREADABLE)
