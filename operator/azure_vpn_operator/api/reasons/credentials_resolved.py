"""Reasons of CredentialsResolved: the shared key, its Secret, and whose turn a new key is."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

CREDENTIALS_RESOLVED: Final = {
    Reason.KEY_FOUND: ReasonInfo(
        ((ConditionType.CREDENTIALS_RESOLVED, _T),),
        "The Secret holds a well-formed key.",
        "Nothing.",
    ),
    Reason.KEY_NOT_MANAGED: ReasonInfo(
        ((ConditionType.CREDENTIALS_RESOLVED, _T),),
        "No sharedKeySecretRef is set: the key in Azure is left alone.",
        "Nothing.",
    ),
    Reason.KEY_UNVERIFIED: ReasonInfo(
        ((ConditionType.CREDENTIALS_RESOLVED, _T),),
        "The key could not be compared with Azure's, since the operator may not read keys there. It was not written.",
        "Grant Microsoft.Network/connections/sharedKey/action to have it compared, or set the annotation azvpn.dev/rotate-key "
        "to have the Secret's key written.",
    ),
    Reason.KEY_NOT_READABLE: ReasonInfo(
        ((ConditionType.CREDENTIALS_RESOLVED, _T),),
        "The key is the one that was last written to Azure. Keys may not be read there, so a change made in Azure is not noticed.",
        "Grant Microsoft.Network/connections/sharedKey/action, if such changes are to be found.",
    ),
    Reason.KEY_IS_RANDOM: ReasonInfo(
        ((ConditionType.CREDENTIALS_RESOLVED, _T),),
        "The object owns both halves and names no Secret: their key is random, and nobody but Azure knows it.",
        "Nothing. The annotation azvpn.dev/rotate-key makes a new one.",
    ),
    Reason.KEY_ROTATION_WAITS: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "The Secret has a new key, and its users get it one after the other; the message names the one that comes first.",
        "Wait.",
    ),
    Reason.KEY_ROTATION_STOPPED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "A connection that was given the Secret's new key has not come back, so the other users of the Secret keep their old key.",
        "Give the other side of the connection that the message names the new key. To go on without it, set "
        "azvpn.dev/rotate-key on the connections that are to have the new key all the same.",
    ),
    Reason.SECRET_NOT_FOUND: ReasonInfo(
        (
            (ConditionType.CREDENTIALS_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "The named Secret does not exist yet. Only creation and a change of key wait for it.",
        "Create the Secret in the same namespace.",
    ),
    Reason.SECRET_KEY_NOT_FOUND: ReasonInfo(
        (
            (ConditionType.CREDENTIALS_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "The Secret exists but lacks the named entry.",
        "Add the entry, or correct spec.sharedKeySecretRef.key.",
    ),
    Reason.SECRET_UNREADABLE: ReasonInfo(
        (
            (ConditionType.CREDENTIALS_RESOLVED, _U),
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "The API server does not let the operator read the Secret, or did not answer.",
        "Grant the operator `get` on the Secret.",
    ),
    Reason.SECRET_NOT_READ: ReasonInfo(
        ((ConditionType.CREDENTIALS_RESOLVED, _U),),
        "The object only observes (managementPolicy Observe), so the Secret is not read.",
        "Nothing.",
    ),
    Reason.SHARED_KEY_INVALID: ReasonInfo(
        (
            (ConditionType.CREDENTIALS_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "Azure would refuse the key: length or characters.",
        "Use 1 to 128 printable ASCII characters without space, hyphen and tilde; the message says which rule is broken.",
    ),
}
