"""Reasons of PolicyResolved: the IpsecPolicy that the connection names."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

POLICY_RESOLVED: Final = {
    Reason.POLICY_FOUND: ReasonInfo(
        ((ConditionType.POLICY_RESOLVED, _T),),
        "The named IpsecPolicy exists and is valid.",
        "Nothing.",
    ),
    Reason.DEFAULT_POLICY: ReasonInfo(
        ((ConditionType.POLICY_RESOLVED, _T),),
        "No policy is named: Azure's Default policy applies.",
        "Nothing. Name an IpsecPolicy to fix the algorithms.",
    ),
    Reason.POLICY_NOT_FOUND: ReasonInfo(
        (
            (ConditionType.POLICY_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _U),
        ),
        "The named IpsecPolicy does not exist yet. Azure is kept as it is.",
        "Create the IpsecPolicy in the same namespace, or correct spec.ipsecPolicyRef.",
    ),
    Reason.POLICY_INVALID: ReasonInfo(
        (
            (ConditionType.POLICY_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
        ),
        "The named IpsecPolicy breaks a rule. Azure keeps the last good policy.",
        "Correct the IpsecPolicy; its own message names the fields.",
    ),
}
