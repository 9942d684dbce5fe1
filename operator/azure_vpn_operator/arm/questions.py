"""Questions to a gateway: a POST that Azure answers by a long-running operation, looked at once per call.

Azure's own client takes the result from the address in `Location` (202 until it is there, then 200 with the result), so that one is
followed. Where there is only `Azure-AsyncOperation`, the finished operation's `properties.output` is the result, as with other actions.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.classify import fault_of_operation
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError
from azure_vpn_operator.ports import Pending

T = TypeVar("T")

_ENDED_BADLY: Final = frozenset({"Failed", "Canceled"})


async def ask(
    session: ArmSession, asked: ArmId, action: str, *, resource: str, read: Callable[[object], T]
) -> T | Pending | Fault:
    """Send the question; `read` raises `UnreadableDocumentError`."""
    address = session.address(asked, action)
    answer = await session.send("POST", address, subscription=asked.subscription, resource=resource)
    return answer if isinstance(answer, Fault) else _read(session, answer, None, read)


async def look(session: ArmSession, asked: ArmId, url: str, *, read: Callable[[object], T]) -> T | Pending | Fault:
    """Look once whether the answer is there; `read` raises `UnreadableDocumentError`."""
    answer = await session.send("GET", url, subscription=asked.subscription, resource="operations")
    return answer if isinstance(answer, Fault) else _read(session, answer, url, read)


def _read(session: ArmSession, answer: Answer, url: str | None, read: Callable[[object], T]) -> T | Pending | Fault:
    result = answer.document
    operation = result if isinstance(result, Mapping) else {}
    status = operation.get("status")
    if status in _ENDED_BADLY:
        return fault_of_operation(session.without_keys(operation), request_id=answer.request_id)
    if answer.status == 202 or (isinstance(status, str) and status != "Succeeded"):
        headers = answer.headers
        address = url or headers.get("location") or headers.get("azure-asyncoperation")
        return Pending(address, answer.wait) if address else _unreadable("no address to look at", answer)
    if status == "Succeeded":
        properties = operation.get("properties")
        result = properties.get("output") if isinstance(properties, Mapping) else None
    try:
        return read(result)
    except UnreadableDocumentError as error:
        return _unreadable(str(error), answer)


def _unreadable(text: str, answer: Answer) -> Fault:
    message = f"Not understood: {text}."
    return Fault(FaultKind.UNREADABLE, "UnexpectedDocument", message, None, answer.request_id)
