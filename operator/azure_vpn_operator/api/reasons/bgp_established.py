"""Reasons of BgpEstablished: whether the BGP sessions are up."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

BGP_ESTABLISHED: Final = {
    Reason.BGP_ESTABLISHED: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _T),),
        "Every BGP session with the other end is up.",
        "Nothing.",
    ),
    Reason.BGP_NOT_ESTABLISHED: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _F),),
        "At least one BGP session with the other end is not up, or the gateway has none with one of its addresses.",
        "While Connected is not True, bring the tunnel up first. Else compare AS numbers and BGP peering addresses of both ends.",
    ),
    Reason.BGP_NOT_READ: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _U),),
        "Azure has not told yet how the BGP sessions stand, or could not be asked; the message says why.",
        "Wait a minute. If it stays, see what the message says.",
    ),
    Reason.BGP_FORBIDDEN: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _U),),
        "The operator's identity lacks the right to read the gateway's BGP sessions.",
        "Grant it Microsoft.Network/virtualNetworkGateways/getBgpPeerStatus/action on the gateway; else this stays Unknown, and nothing else suffers.",
    ),
    Reason.BGP_PEER_UNKNOWN: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _U),),
        "The other end has no BGP peering address in Azure, so its sessions cannot be told from those of others.",
        "Set bgpSettings of the local network gateway, or enable BGP on the peer's gateway.",
    ),
}
