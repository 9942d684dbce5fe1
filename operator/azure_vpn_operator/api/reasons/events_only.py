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
