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
}
