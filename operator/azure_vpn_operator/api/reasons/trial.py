"""Reasons of a change that takes the tunnel down: while it has to prove itself, and after it has failed."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE

TRIAL: Final = {
    Reason.WAITING_FOR_WINDOW: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "A change, or the deletion, takes down a tunnel that is up, and no window of spec.changeWindows is open for as long as it may take. Reading, reporting and undoing go on, and so do writes that take no tunnel down.",
        "Wait: the message says when the next window opens. If none is ever long enough, make one longer or confirm.withinSeconds shorter. To change it now, remove spec.changeWindows.",
    ),
    Reason.WAITING_FOR_BUDGET: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
        ),
        "A change takes the tunnel down, and as many changes as the setting maxDisruptions allows are not confirmed yet.",
        "Wait: it begins when one of them is confirmed or undone. Raise maxDisruptions if your sites can stand it.",
    ),
    Reason.SITE_BUSY: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
        ),
        "A change takes the tunnel down, and another change at the same site is not confirmed yet. A site is a local network gateway, a pair of gateways, or the label azvpn.dev/site.",
        "Wait.",
    ),
    Reason.FLEET_HALTED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
        ),
        "3 of the last 10 changes did not bring their tunnels back, so no more tunnels are taken down. 15 minutes after the last failure one change is tried; if its tunnel comes back, the others go on.",
        "Look at the connections whose reason is RolledBack or ChangeFailed. Undoing goes on, and so do writes that take no tunnel down.",
    ),
    Reason.WAITING_FOR_ROLLOUT: ReasonInfo(
        ((ConditionType.READY, _T),),
        "The IpsecPolicy has new values, which reach its connections in waves; this one holds those from before until its turn.",
        "Nothing. The policy's condition RolledOut says how far it has come.",
    ),
    Reason.ROLLOUT_STOPPED: ReasonInfo(
        ((ConditionType.READY, _T),),
        "The IpsecPolicy has new values, and a tunnel did not come back with them: this connection holds those from before, also if it was the one.",
        "See the policy's condition RolledOut.",
    ),
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
            (ConditionType.SYNCED, _F),
        ),
        "The tunnel did not come back after a change, and the change stays in Azure: because of confirm.onFailure Pause, or because it is a shared key, which only goes forward. If somebody edits the connection in Azure after that, the values that failed are not sent again. Also an Event, whenever a change fails.",
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
