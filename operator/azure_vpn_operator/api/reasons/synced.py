"""Reasons of Synced: how the connection in Azure compares with the object, and what is being done about it."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

SYNCED: Final = {
    Reason.CREATING: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "The connection is being created.",
        "Wait.",
    ),
    Reason.UPDATING: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "A change is on its way to Azure.",
        "Wait: Azure takes about a minute.",
    ),
    Reason.UPDATED_ELSEWHERE: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _U),
            (ConditionType.RECONCILING, _T),
        ),
        "Azure is carrying out a change that this process did not start.",
        "Wait.",
    ),
    Reason.ADOPTING: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "An existing connection is being taken over.",
        "Wait.",
    ),
    Reason.SETTING_SHARED_KEY: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "The shared key is being set.",
        "Wait.",
    ),
    Reason.RESETTING: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
            (ConditionType.RECONCILING, _T),
        ),
        "Azure is resetting the connection, since somebody asked for it by azvpn.dev/reset: its tunnels go down and come back.",
        "Wait.",
    ),
    Reason.DRIFT_DETECTED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
            (ConditionType.STALLED, _T),
        ),
        "Azure differs from the object, somebody else changed it, and driftPolicy does not let us put it back now.",
        "Accept the difference into the object, or put it back in Azure, or set driftPolicy to Correct.",
    ),
    Reason.DIFFERENCES_OBSERVED: ReasonInfo(
        ((ConditionType.SYNCED, _F),),
        "The object only observes or plans, and Azure differs from it; status.differences says where.",
        "Nothing, or change one of the two.",
    ),
    Reason.NOT_FOUND_IN_AZURE: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "The object only observes, and Azure has no such connection.",
        "Check azureName and resourceGroup.",
    ),
    Reason.RECREATE_REQUIRED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "Azure differs in a property that cannot be changed in place. The operator never deletes and creates anew.",
        "Delete the connection yourself in a quiet hour; the operator then creates it as the object says. Or correct the object.",
    ),
    Reason.UNSUPPORTED_PROPERTY: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "The connection in Azure uses a property that this kind cannot express; a write would reset it, so none is made.",
        "Remove the property in Azure, or set managementPolicy to Observe.",
    ),
    Reason.OWNED_BY_ANOTHER: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "The tag azvpn-owner names another owner.",
        "Delete the other object with deletionPolicy Retain. If it no longer exists, set the annotation azvpn.dev/adopt-from to the value of the tag.",
    ),
    Reason.ADOPTION_REFUSED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "Azure already has this connection, nobody owns it, and adoptionPolicy does not let us take it over as it is.",
        "Make the object equal to the connection (status.differences says where it is not), or set adoptionPolicy to Always.",
    ),
    Reason.CHANGES_PAUSED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "Azure differs from the object, and a pause keeps it so.",
        "End the pause that the condition Paused names.",
    ),
    Reason.CHANGE_NOT_KEPT: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _F),
        ),
        "Azure took the change three times and showed other values each time: something changes them on the way or at once afterwards, "
        "for instance an Azure Policy with the effect modify.",
        "Look for who changes the fields that the message names; give the object the values that Azure keeps.",
    ),
    Reason.DELETING: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.RECONCILING, _T),
            (ConditionType.SYNCED, _F),
        ),
        "The connection is being deleted in Azure.",
        "Wait.",
    ),
    Reason.DELETION_HELD: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "The deletion in Azure waits for a hold to end.",
        "End the hold that the condition Paused names.",
    ),
}
