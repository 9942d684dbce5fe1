"""Reasons of PairInSync: the two halves of a VNet-to-VNet pair, and what one does because of the other."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

PAIR_IN_SYNC: Final = {
    Reason.IN_SYNC: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _T),),
        "Both halves want and hold the same.",
        "Nothing.",
    ),
    Reason.PARTNER_UPDATING: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F),),
        "Both objects agree; at least one half is not in Azure yet.",
        "Wait.",
    ),
    Reason.PARTNER_NOT_MANAGED: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _U),),
        "No VpnConnection of this namespace makes the other half, and it was not looked for in Azure.",
        "See the other conditions: what they name comes first. An object that only observes does not look for the other half.",
    ),
    Reason.PARTNER_MISSING: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F),),
        "No VpnConnection of this namespace makes the other half, and Azure has no connection that leads back.",
        "Create the other half: a VpnConnection of your own, spec.reverse, or a connection of whoever has the peer's gateway.",
    ),
    Reason.PARTNER_UNREADABLE: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _U),),
        "Somebody else makes the other half, and what it holds cannot be read; the message says why.",
        "Grant the operator's identity Microsoft.Network/virtualNetworkGateways/connections/read on the peer's gateway, or compare by hand.",
    ),
    Reason.FOREIGN_HALF_DIFFERS: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F),),
        "Somebody else makes the other half, and it differs in what both must hold alike: the tunnel cannot come up. It is never written from here.",
        "Agree with whoever has the other half on the fields that the message names.",
    ),
    Reason.DUPLICATE_PAIR: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F), (ConditionType.READY, _F), (ConditionType.SYNCED, _F)),
        "More than one VpnConnection crosses this one between the same gateways.",
        "Delete the ones that are not meant.",
    ),
    Reason.PAIR_POLICY_MISMATCH: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F), (ConditionType.READY, _F), (ConditionType.SYNCED, _F)),
        "The two halves name IpsecPolicies of different values: the tunnel cannot come up.",
        "Name the same IpsecPolicy on both objects.",
    ),
    Reason.PAIR_KEY_MISMATCH: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F), (ConditionType.READY, _F), (ConditionType.SYNCED, _F)),
        "The two halves name different Secrets or entries.",
        "Name the same Secret and entry on both objects.",
    ),
    Reason.PAIR_PROTOCOL_MISMATCH: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F), (ConditionType.READY, _F), (ConditionType.SYNCED, _F)),
        "The two halves differ in the IKE version.",
        "Set the same connectionProtocol on both objects.",
    ),
    Reason.PAIR_BOTH_RESPONDERS: ReasonInfo(
        ((ConditionType.PAIR_IN_SYNC, _F), (ConditionType.READY, _F), (ConditionType.SYNCED, _F)),
        "Both halves are ResponderOnly: nobody starts the tunnel.",
        "Set connectionMode of one of them to Default or InitiatorOnly.",
    ),
    Reason.PARTNER_NOT_READY: ReasonInfo(
        ((ConditionType.READY, _F), (ConditionType.SYNCED, _F)),
        "A change of this half waits, since the other half of the pair cannot change now.",
        "See the message: it names what holds the other half.",
    ),
    Reason.PAIR_PUT_BACK: ReasonInfo(
        ((ConditionType.READY, _F), (ConditionType.SYNCED, _F), (ConditionType.RECONCILING, _T)),
        "Azure refused the other half after this one had changed, so this one goes back to what the other still holds.",
        "Correct what Azure refuses; the other half says what that is.",
    ),
}
