"""Whether BGP runs over a connection, by what Azure says of its sessions, and what to show while Azure has not said it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import BgpPeer, BgpState
from azure_vpn_operator.domain.azure.bgp_sessions import (
    ESTABLISHED,
    BgpFacts,
    BgpSession,
    addresses_without_session,
    sessions_with,
)
from azure_vpn_operator.domain.azure.faults import FaultKind, verdict
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.passes.findings import Finding, recall
from azure_vpn_operator.domain.passes.snapshot import INTERVALS_UNTIL_UNKNOWN, Snapshot

READ_RIGHT: Final = "Microsoft.Network/virtualNetworkGateways/getBgpPeerStatus/action"
_PEERS_LIMIT: Final = 16
_TEXT_LIMIT: Final = 64
_LARGEST_ASN: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class BgpView:
    """The condition BgpEstablished, and the sessions to show beside it."""

    finding: Finding
    state: BgpState | None


def find_bgp(snapshot: Snapshot) -> BgpView | None:
    """The sessions over the connection; None unless the spec asks for BGP."""
    if not isinstance(snapshot.subject, VpnConnection) or not snapshot.subject.spec.enable_bgp:
        return None
    if isinstance(snapshot.live, Absent):
        return _not_read("Azure has no such connection")
    match snapshot.bgp:
        case None:
            return _last_word(snapshot)
        case BgpFacts(addresses=Present(addresses), sessions=sessions) if addresses:
            match sessions:
                case Present(found):
                    return _judge(found, addresses)
                case Unreadable(fault) if fault.kind is FaultKind.FORBIDDEN:
                    text = f"the operator may not read the gateway's BGP sessions; grant its identity {READ_RIGHT}: {fault}"
                    return _unknown(Reason.BGP_FORBIDDEN, text)
                case Unreadable(fault):
                    return _not_read(f"could not read the gateway's BGP sessions: {fault}")
                case NotRead() | Absent():
                    return _last_word(snapshot)
        case BgpFacts(addresses=Unreadable(fault)):
            if verdict(fault).stalled:
                return _not_read(f"could not read the other end's BGP address: {fault}")
            return _last_word(snapshot)
        case BgpFacts():
            text = "the other end has no BGP peering address in Azure, so its sessions cannot be told from others"
            return _unknown(Reason.BGP_PEER_UNKNOWN, text)


def _judge(sessions: tuple[BgpSession, ...], addresses: tuple[str, ...]) -> BgpView:
    found = sessions_with(sessions, addresses)
    down = [f"{session.neighbor} is {session.state}" for session in found if session.state != ESTABLISHED]
    down += [f"{address} has no session" for address in addresses_without_session(found, addresses)]
    peers = tuple(
        BgpPeer(
            address=session.neighbor[:_TEXT_LIMIT],
            asn=session.asn if session.asn is not None and 0 <= session.asn <= _LARGEST_ASN else None,
            state=session.state[:_TEXT_LIMIT],
        )
        for session in found[:_PEERS_LIMIT]
    )
    state = BgpState(peers=peers)
    if down:
        text = f"not established: {', '.join(dict.fromkeys(down))}"
        return BgpView(_finding(ConditionStatus.FALSE, Reason.BGP_NOT_ESTABLISHED, text), state)
    text = f"the session with {found[0].neighbor} is up" if len(found) == 1 else f"all {len(found)} sessions are up"
    return BgpView(_finding(ConditionStatus.TRUE, Reason.BGP_ESTABLISHED, text), state)


def _last_word(snapshot: Snapshot) -> BgpView:
    """After a restart, and while an operation runs, nothing has been told yet: what was said before stands for a while."""
    last_read = snapshot.attempts.last_read
    limit = timedelta(seconds=INTERVALS_UNTIL_UNKNOWN * snapshot.cadence.steady)
    if last_read is not None and snapshot.now - last_read > limit:
        return _not_read("Azure could not be read for three intervals")
    before = recall(snapshot.previous.conditions, ConditionType.BGP_ESTABLISHED)
    if before is None:
        return _not_read("Azure has not told yet")
    return BgpView(before, next((half.bgp for half in snapshot.previous.halves), None))


def _not_read(text: str) -> BgpView:
    return _unknown(Reason.BGP_NOT_READ, text)


def _unknown(reason: Reason, text: str) -> BgpView:
    return BgpView(_finding(ConditionStatus.UNKNOWN, reason, text), None)


def _finding(status: ConditionStatus, reason: Reason, text: str) -> Finding:
    return Finding(ConditionType.BGP_ESTABLISHED, status, reason, text)
