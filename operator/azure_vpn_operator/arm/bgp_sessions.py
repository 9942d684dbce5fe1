"""The answer to the question for a gateway's BGP sessions, as values."""

from collections.abc import Mapping
from typing import Any, Final

from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError

BGP_ACTION: Final = "getBgpPeerStatus"


def read_sessions(document: object) -> tuple[BgpSession, ...]:
    """Read the list of sessions; raises `UnreadableDocumentError`."""
    items = document.get("value") if isinstance(document, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise UnreadableDocumentError("no list of sessions")
    return tuple(_session(item) for item in items)


def _session(item: Mapping[str, Any]) -> BgpSession:
    neighbor, local, state = (item.get(name) for name in ("neighbor", "localAddress", "state"))
    if not isinstance(neighbor, str) or not neighbor:
        raise UnreadableDocumentError("a session without neighbor")
    return BgpSession(
        local_address=local if isinstance(local, str) else "",
        neighbor=neighbor,
        asn=_number(item.get("asn")),
        state=state if isinstance(state, str) and state else "Unknown",
        routes_received=_number(item.get("routesReceived")),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
