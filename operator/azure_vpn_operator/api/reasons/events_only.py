"""Reasons that only Events have: what was done, and tunnels that come and go."""

from typing import Final

from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

EVENTS_ONLY: Final = {
    Reason.CREATED: ReasonInfo(
        (),
        "Event: Azure accepted the creation of the connection.",
        "Nothing.",
    ),
    Reason.UPDATED: ReasonInfo(
        (),
        "Event: Azure accepted a change; the note names the fields.",
        "Nothing.",
    ),
    Reason.DRIFT_CORRECTED: ReasonInfo(
        (),
        "Event: somebody else's change was put back; the note names the fields.",
        "Find out who changes the connection outside Git.",
    ),
    Reason.SHARED_KEY_SET: ReasonInfo(
        (),
        "Event: Azure accepted a new shared key.",
        "Set the same key on the other side.",
    ),
    Reason.RESET_ACCEPTED: ReasonInfo(
        (),
        "Event: somebody asked for a reset by azvpn.dev/reset, and Azure has accepted it: the tunnel goes down and comes back.",
        "Nothing. The condition Connected says when it is back.",
    ),
    Reason.RESET_REFUSED: ReasonInfo(
        (),
        "Event: a reset that somebody asked for is not carried out; the note says what stops it. It is not tried again by itself.",
        "End what stops it, then set azvpn.dev/reset to another text.",
    ),
    Reason.RESET_FAILED: ReasonInfo(
        (),
        "Event: Azure failed to carry out a reset, or nobody knows whether it has. It is not tried again by itself.",
        "See whether the tunnel is up. If it is not, set azvpn.dev/reset to another text.",
    ),
    Reason.ADOPTED: ReasonInfo(
        (),
        "Event: an existing connection was taken over.",
        "Nothing.",
    ),
    Reason.DELETED: ReasonInfo(
        (),
        "Event: the connection is gone from Azure.",
        "Nothing.",
    ),
    Reason.RETAINED: ReasonInfo(
        (),
        "Event: the object goes, and the connection stays in Azure.",
        "Nothing.",
    ),
    Reason.TUNNEL_UP: ReasonInfo(
        (),
        "Event: the tunnel came up.",
        "Nothing.",
    ),
    Reason.TUNNEL_DOWN: ReasonInfo(
        (),
        "Event: the tunnel went down.",
        "See the condition Connected.",
    ),
    Reason.CHANGE_CONFIRMED: ReasonInfo(
        (),
        "Event: the tunnel works after a change; the note names the evidence.",
        "Nothing.",
    ),
    Reason.CONFIRMED_BY_STATUS: ReasonInfo(
        (),
        "Event: a change stays, since Azure says that the tunnel is up, or since nobody had a reason to bring it up; nothing proves that it works.",
        "Send something through the tunnel if you want to be sure. With the right Microsoft.Network/connections/getikesas/action "
        "the gateway is asked for its IKE SAs, which may prove it.",
    ),
    Reason.UNDO_DISARMED: ReasonInfo(
        (),
        "Event: a change was not confirmed when the object was suspended, or lost the right to write: it will not be undone.",
        "See whether the tunnel is up; put the old values back if it is not.",
    ),
}
