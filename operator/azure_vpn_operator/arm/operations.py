"""One look at a long-running operation."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.classify import fault_of_operation
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import Accepted, OperationState, OperationStatus

_ENDED_BADLY: Final = frozenset({"Failed", "Canceled"})


def read_acceptance(answer: Answer) -> Accepted:
    """Read the answer to a write: where its operation can be looked at, if one was started."""
    url = answer.headers.get("azure-asyncoperation") or answer.headers.get("location")
    return Accepted(operation_url=url or None, retry_after=answer.wait if url else 0.0)


async def look_at_operation(session: ArmSession, url: str, subscription: str) -> OperationState | Fault:
    """Ask once how an operation stands; both of Azure's forms (a status document, or a result that is not there yet) are understood."""
    answer = await session.send("GET", url, subscription=subscription, resource="operations")
    if isinstance(answer, Fault):
        # Azure forgets operations after a while, and when the same write is sent again.
        return OperationState(OperationStatus.GONE) if answer.kind is FaultKind.NOT_FOUND else answer
    status = _status(answer.document)
    if status is not None:
        return _state(status, answer, session)
    if answer.status == 202:
        return OperationState(OperationStatus.IN_PROGRESS, answer.wait)
    if answer.status == 204 or _is_result_address(url):
        return OperationState(OperationStatus.SUCCEEDED)
    return Fault(
        FaultKind.UNREADABLE,
        "NoOperationStatus",
        "The answer about the operation has no status.",
        None,
        answer.request_id,
    )


def _state(status: str, answer: Answer, session: ArmSession) -> OperationState:
    if status == "Succeeded":
        return OperationState(OperationStatus.SUCCEEDED)
    if status in _ENDED_BADLY:
        fault = fault_of_operation(session.without_keys(answer.document), request_id=answer.request_id)
        return OperationState(OperationStatus.FAILED, fault=fault)
    return OperationState(OperationStatus.IN_PROGRESS, answer.wait)


def _status(document: object) -> str | None:
    if not isinstance(document, Mapping):
        return None
    status: Any = document.get("status")
    return status if isinstance(status, str) and status else None


def _is_result_address(url: str) -> bool:
    return "/operationresults/" in urlsplit(url).path.lower()
