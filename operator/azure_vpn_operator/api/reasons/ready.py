"""Reasons of Ready that come from the object itself and from what its namespace may use."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

READY: Final = {
    Reason.UP_TO_DATE: ReasonInfo(
        (
            (ConditionType.READY, _T),
            (ConditionType.SYNCED, _T),
        ),
        "Azure holds what the object says.",
        "Nothing.",
    ),
    Reason.OBSERVED: ReasonInfo(
        ((ConditionType.READY, _T),),
        "The object only observes (managementPolicy Observe); Azure was read.",
        "Nothing. Set managementPolicy to Enforce to let the operator write.",
    ),
    Reason.PLANNED: ReasonInfo(
        ((ConditionType.READY, _T),),
        "The object only plans (managementPolicy Plan): the message and status.differences say what would be written to Azure.",
        "If that is what you want, set managementPolicy to Enforce; else change the object.",
    ),
    Reason.VALID: ReasonInfo(
        ((ConditionType.READY, _T),),
        "The policy is valid.",
        "Nothing.",
    ),
    Reason.INVALID_SPEC: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
            (ConditionType.POLICY_RESOLVED, _U),
            (ConditionType.CREDENTIALS_RESOLVED, _U),
        ),
        "The object breaks one or more rules (it may be older than the rule).",
        "Correct the fields that the message names.",
    ),
    Reason.SUBSCRIPTION_REQUIRED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
        ),
        "Neither the object nor the operator's settings name a subscription.",
        "Set spec.subscriptionId, or give the operator AZURE_SUBSCRIPTION_ID.",
    ),
    Reason.SHARED_KEY_REQUIRED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "A connection must be created, and no sharedKeySecretRef is set; Azure would invent a key that nobody knows.",
        "Set spec.sharedKeySecretRef. An object that owns both halves (spec.reverse) needs none.",
    ),
    Reason.IDENTITY_CHANGED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
        ),
        "The object now resolves to another Azure connection than the one in status.halves.",
        "Put the old names back, or delete the object (deletionPolicy decides what happens in Azure) and create a new one.",
    ),
    Reason.MANAGEMENT_POLICY_CAPPED: ReasonInfo(
        ((ConditionType.READY, _T),),
        "The object asks for more than the operator's setting maxManagementPolicy allows, so it only observes or plans.",
        "Raise maxManagementPolicy if writing is wanted.",
    ),
    Reason.NOT_ALLOWED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
            (ConditionType.SYNCED, _F),
        ),
        "The installation's access rules do not let this namespace use the subscription, resource group or gateway that the message names. Nothing is read or written in Azure.",
        "Ask the operator's administrators to allow it in the access file, or name what the namespace may use. If the object is deleted meanwhile, the connection stays in Azure.",
    ),
    Reason.DELETION_WAITS_FOR_REFERENCES: ReasonInfo(
        ((ConditionType.READY, _F),),
        "The policy is being deleted while VpnConnections still name it.",
        "Remove spec.ipsecPolicyRef from the connections that the message names, or delete them.",
    ),
}
