"""Reasons of Paused: who asked that nothing be written."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE

PAUSED: Final = {
    Reason.NOT_PAUSED: ReasonInfo(
        ((ConditionType.PAUSED, _F),),
        "Nobody asked for a pause.",
        "Nothing.",
    ),
    Reason.SUSPENDED: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "spec.suspend is true.",
        "Set spec.suspend to false to go on.",
    ),
    Reason.HELD_UNTIL: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "The annotation azvpn.dev/hold-until lies in the future.",
        "Wait, or remove the annotation.",
    ),
    Reason.HELD_IN_AZURE: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "The connection in Azure carries the tag azvpn-hold.",
        "Remove the tag in Azure to go on.",
    ),
    Reason.HOLD_INVALID: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "The annotation azvpn.dev/hold-until is not a time; to be safe it counts as a hold.",
        "Write the time as RFC 3339, for instance 2026-01-31T06:00:00Z.",
    ),
}
