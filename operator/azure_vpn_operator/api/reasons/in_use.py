"""Reasons of InUse: who names an IpsecPolicy."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE

IN_USE: Final = {
    Reason.REFERENCED: ReasonInfo(
        ((ConditionType.IN_USE, _T),),
        "VpnConnections name this policy; it cannot be deleted before they stop.",
        "Nothing.",
    ),
    Reason.NOT_REFERENCED: ReasonInfo(
        ((ConditionType.IN_USE, _F),),
        "No VpnConnection names this policy.",
        "Nothing.",
    ),
}
