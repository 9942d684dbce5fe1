"""Reasons of Ready and Synced that come from Azure: gateways that are not fit or busy, refusals, failed operations."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

AZURE_FAULTS: Final = {
    Reason.GATEWAY_NOT_FOUND: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "A gateway or local network gateway that the object names does not exist (yet).",
        "Create it, or correct the reference.",
    ),
    Reason.GATEWAY_NOT_READY: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "The gateway is still being created or changed.",
        "Wait: creating a gateway takes up to 45 minutes.",
    ),
    Reason.GATEWAY_UNSUITABLE: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "The gateway cannot do what the object wants: SKU, vpnType or its settings forbid it. Nothing was written.",
        "Change the gateway, or what the message names.",
    ),
    Reason.GATEWAY_BUSY: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "Another operation is running on the gateway; Azure takes one at a time.",
        "Wait.",
    ),
    Reason.THROTTLED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "The quota of requests of the subscription is used up.",
        "Wait; if it lasts, look for other clients of the same principal.",
    ),
    Reason.AZURE_AUTHENTICATION_FAILED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "Entra ID or the resource manager does not accept the operator's identity.",
        "Check the client id, the tenant, and the secret or the federated credential.",
    ),
    Reason.AZURE_FORBIDDEN: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "A right is missing; the message quotes the action.",
        "Assign a role that has the action; it takes some minutes to work.",
    ),
    Reason.MANAGEMENT_LOCK: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "A management lock in Azure is in the way; the message names it.",
        "Remove the lock, or set deletionPolicy Retain if the object is being deleted.",
    ),
    Reason.DENIED_BY_AZURE_POLICY: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "An Azure Policy assignment denies the change; the message names it.",
        "Change the object so that it complies, or ask for an exemption.",
    ),
    Reason.AZURE_RESOURCE_NOT_FOUND: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "Azure does not know the resource group or subscription (yet).",
        "Create it, or correct the names.",
    ),
    Reason.AZURE_REJECTED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "Azure refuses the request for what it says.",
        "Read Azure's text in the message and correct the object.",
    ),
    Reason.AZURE_CONFLICT: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
            (ConditionType.SYNCED, _U),
        ),
        "Azure reports a conflict that should pass.",
        "Wait; if it lasts, read Azure's text.",
    ),
    Reason.AZURE_UNAVAILABLE: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _U),
        ),
        "Azure did not answer, or with a server error. Of an object at rest this is said after three intervals without a good read.",
        "Wait; if it lasts, check the network path and Azure's status page.",
    ),
    Reason.AZURE_ANSWER_UNREADABLE: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
        ),
        "The answer is not what the API promises (for instance a proxy's HTML page).",
        "Check proxies between the operator and the resource manager.",
    ),
    Reason.OPERATION_FAILED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "Azure accepted the change and then failed to carry it out; the message has Azure's code. It is tried three times.",
        "Read Azure's text; change the spec to try again at once.",
    ),
    Reason.OPERATION_STUCK: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "Azure has been updating the connection for over 30 minutes.",
        "Look at the connection in the portal; a support request may be needed.",
    ),
}
