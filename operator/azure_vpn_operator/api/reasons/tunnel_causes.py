"""Reasons of Connected that name why a tunnel is down; `kubectl azvpn explain` gives the same ones."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_DOWN: Final = ((ConditionType.CONNECTED, ConditionStatus.FALSE),)

TUNNEL_CAUSES: Final = {
    Reason.KEY_MISMATCH: ReasonInfo(
        _DOWN,
        "The two ends have different shared keys: the keys of both halves were compared, or IKE's log says that the proof of the key was refused.",
        "Set the same key on both sides: see the guide about rotating keys. If the log is the only evidence, see also which identity the device expects of the gateway.",
    ),
    Reason.POLICY_MISMATCH: ReasonInfo(
        _DOWN,
        "The two ends have no algorithms in common; the message names the field, or the phase.",
        "Set the same values on both sides: `kubectl azvpn peer-config NAME --format table` prints what the device has to have.",
    ),
    Reason.DEFAULT_POLICY_GROUP2: ReasonInfo(
        _DOWN,
        "This end has Azure's Default policy, whose one Diffie-Hellman group is 2, and the other end wants another group.",
        "Name an IpsecPolicy with the other end's group; nothing else changes the group that Azure offers.",
    ),
    Reason.PROTOCOL_MISMATCH: ReasonInfo(
        _DOWN,
        "One end speaks IKEv1 and the other IKEv2.",
        "Set the same version on both sides. Azure cannot change connectionProtocol in place: the connection has to be deleted and made anew.",
    ),
    Reason.BOTH_RESPONDER_ONLY: ReasonInfo(
        _DOWN,
        "Both ends wait to be called, so nobody starts the tunnel.",
        "Set connectionMode of one end to Default or InitiatorOnly.",
    ),
    Reason.BOTH_INITIATOR_ONLY: ReasonInfo(
        _DOWN,
        "Both ends call and neither answers.",
        "Set connectionMode of one end to Default or ResponderOnly.",
    ),
    Reason.SELECTOR_MISMATCH: ReasonInfo(
        _DOWN,
        "The two ends do not agree on which addresses the tunnel is for.",
        "Give both ends the same pairs of ranges, each seen from its side: `status.trafficSelectors` lists Azure's. A policy-based device needs usePolicyBasedTrafficSelectors.",
    ),
    Reason.PFS_MISMATCH_AT_REKEY: ReasonInfo(
        _DOWN,
        "The PFS groups of the two ends differ. IKEv2 first uses the group when the IPsec keys are renewed, so the tunnel came up and went down one lifetime later.",
        "Set the same pfsGroup on both sides.",
    ),
    Reason.GATEWAY_UPDATING: ReasonInfo(
        _DOWN,
        "The tunnel is down while Azure carries out an operation on its gateway; while that runs, nothing else can be told.",
        "Wait until the operation ends (a change of the SKU may take 45 minutes); then the reason says what is left.",
    ),
    Reason.UNKNOWN_PEER_SIDE: ReasonInfo(
        _DOWN,
        "The tunnel is down, and why is not known: Azure does not tell, and what the other side has cannot be seen from here.",
        "Run `kubectl azvpn explain NAME`: it says what it may be, what it is not, and what would tell. Otherwise compare policy, shared key and IKE version with the other side, and see that it is reachable.",
    ),
}
