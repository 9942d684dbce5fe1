"""Reasons of RolledOut: how far the values of an IpsecPolicy have come."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE

ROLLED_OUT: Final = {
    Reason.ROLLED_OUT: ReasonInfo(
        ((ConditionType.ROLLED_OUT, _T),),
        "Every connection that uses the policy and could be moved holds its values, and no change is open.",
        "Nothing. status.skippedConnections counts those that take no part.",
    ),
    Reason.ROLLING_OUT: ReasonInfo(
        (
            (ConditionType.ROLLED_OUT, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "The values are on their way: one connection first, then waves that double.",
        "Wait. status.updatedConnections and confirmedConnections count.",
    ),
    Reason.ROLLOUT_PAUSED: ReasonInfo(
        (
            (ConditionType.ROLLED_OUT, _F),
            (ConditionType.READY, _F),
        ),
        "spec.rollout.paused is true, and not all connections hold the values yet: no further one moves; what has begun is confirmed or undone.",
        "Set it to false to go on.",
    ),
    Reason.WAITING_FOR_REKEY: ReasonInfo(
        (
            (ConditionType.ROLLED_OUT, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "The PFS group changes, which is first used at a rekey: the first connection has to survive one before the others move.",
        "Wait, or set the annotation azvpn.dev/rollout-continue to a new value; spec.rollout.rekeyProof None turns it off.",
    ),
    Reason.PROVISIONAL: ReasonInfo(
        ((ConditionType.ROLLED_OUT, _T),),
        "Every connection that could be moved holds the values and works with them. The PFS group has changed, and for some the first rekey, at which it is used, is still to come: until then the undo stays armed.",
        "Nothing.",
    ),
    Reason.ROLLOUT_FAILED: ReasonInfo(
        (
            (ConditionType.ROLLED_OUT, _F),
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
        ),
        "The tunnel of a connection did not come back with the new values. No further connection gets them; those that were not confirmed were put back, and confirmed ones keep them.",
        "Have the other side changed, then set the annotation azvpn.dev/rollout-retry on the policy to a new value; or change the values, or put the old ones back.",
    ),
}
