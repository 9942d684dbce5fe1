"""Asking a gateway for its BGP sessions: a POST that Azure answers by a long-running operation, looked at once per call.

Azure's own client takes the result from the address in `Location` (202 until it is there, then 200 with the sessions), so that one is
followed. Where there is only `Azure-AsyncOperation`, the finished operation's `properties.output` is the result, as with other actions.
"""

from collections.abc import Mapping
from typing import Any, Final

from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.classify import fault_of_operation
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.names import VIRTUAL_NETWORK_GATEWAYS
from azure_vpn_operator.ports import BgpAnswer, BgpPending

_ACTION: Final = "getBgpPeerStatus"
_ENDED_BADLY: Final = frozenset({"Failed", "Canceled"})


async def ask_for_sessions(session: ArmSession, gateway: ArmId) -> BgpAnswer:
    """Send the question."""
    answer = await session.send(
        "POST",
        session.address(gateway, _ACTION),
        subscription=gateway.subscription,
        resource=VIRTUAL_NETWORK_GATEWAYS,
    )
    return answer if isinstance(answer, Fault) else _read(session, answer, None)


async def look_for_sessions(session: ArmSession, gateway: ArmId, url: str) -> BgpAnswer:
    """Look once whether the answer is there."""
    answer = await session.send("GET", url, subscription=gateway.subscription, resource="operations")
    return answer if isinstance(answer, Fault) else _read(session, answer, url)


def _read(session: ArmSession, answer: Answer, url: str | None) -> BgpAnswer:
    document = answer.document if isinstance(answer.document, Mapping) else {}
    status = document.get("status")
    if status in _ENDED_BADLY:
        return fault_of_operation(session.without_keys(document), request_id=answer.request_id)
    if answer.status == 202 or (isinstance(status, str) and status != "Succeeded"):
        headers = answer.headers
        address = url or headers.get("location") or headers.get("azure-asyncoperation")
        return BgpPending(address, answer.wait) if address else _unreadable("no address to look at", answer)
    if status == "Succeeded":
        properties = document.get("properties")
        output = properties.get("output") if isinstance(properties, Mapping) else None
        document = output if isinstance(output, Mapping) else {}
    items = document.get("value")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        return _unreadable("no list of sessions", answer)
    sessions = tuple(_session(item) for item in items)
    return _unreadable("a session without neighbor", answer) if None in sessions else tuple(s for s in sessions if s)


def _session(item: Mapping[str, Any]) -> BgpSession | None:
    neighbor, local, asn, state = (item.get(name) for name in ("neighbor", "localAddress", "asn", "state"))
    if not isinstance(neighbor, str) or not neighbor:
        return None
    return BgpSession(
        local_address=local if isinstance(local, str) else "",
        neighbor=neighbor,
        asn=asn if isinstance(asn, int) and not isinstance(asn, bool) else None,
        state=state if isinstance(state, str) and state else "Unknown",
    )


def _unreadable(text: str, answer: Answer) -> Fault:
    message = f"Not understood: {text}."
    return Fault(FaultKind.UNREADABLE, "UnexpectedDocument", message, None, answer.request_id)
