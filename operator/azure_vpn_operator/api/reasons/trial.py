"""Reasons of a change that takes the tunnel down: while it has to prove itself, and after it has failed."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE

TRIAL: Final = {
    Reason.CONFIRMING: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _T),
        ),
        "A change that takes the tunnel down is in force in Azure, and it is not proven yet that the tunnel works with it.",
        "Wait: at most for spec.confirm.withinSeconds. A tunnel through which nothing goes may take all of it.",
    ),
    Reason.GATEWAY_EVENT: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _T),
        ),
        "The tunnel is down after a change, and so are other connections of the gateway that nobody has changed: it is the gateway, and the change gets its whole time once they are back.",
        "Look at the gateway if this lasts.",
    ),
    Reason.CHANGE_FAILED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _T),
        ),
        "The tunnel did not come back after a change, and the change stays in Azure: because of confirm.onFailure Pause, or because it is a shared key, which only goes forward. Also an Event, whenever a change fails.",
        "Have the other side changed, or change the values (or the key in the Secret). The connection recovers by itself when the tunnel does.",
    ),
    Reason.ROLLING_BACK: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
        ),
        "The tunnel did not come back after a change: the values with which it worked before are put back.",
        "Wait: Azure takes about a minute.",
    ),
    Reason.ROLLED_BACK: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _T),
        ),
        "The tunnel did not come back after a change, and Azure holds the values from before again. status.differences says what the object wants otherwise; it is not tried again by itself.",
        "Have the other side changed, then set the annotation azvpn.dev/rollout-retry to a new value; or change the values, or put the old ones back.",
    ),
}
