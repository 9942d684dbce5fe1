"""Every reason the operator can give, with its conditions, meaning and what to do. `docs/reference/reasons.md` is generated from this.

Reasons are API: dashboards and pipelines match on them. A test holds every status that is written to this table.

Size: one table of texts, kept in one place on purpose.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType


class Reason(StrEnum):
    """CamelCase reasons of conditions and Events; `REASONS` explains each."""

    UP_TO_DATE = "UpToDate"
    OBSERVED = "Observed"
    VALID = "Valid"

    INVALID_SPEC = "InvalidSpec"
    SUBSCRIPTION_REQUIRED = "SubscriptionRequired"
    SHARED_KEY_REQUIRED = "SharedKeyRequired"
    IDENTITY_CHANGED = "IdentityChanged"
    MANAGEMENT_POLICY_CAPPED = "ManagementPolicyCapped"

    POLICY_FOUND = "PolicyFound"
    DEFAULT_POLICY = "DefaultPolicy"
    POLICY_NOT_FOUND = "PolicyNotFound"
    POLICY_INVALID = "PolicyInvalid"

    KEY_FOUND = "KeyFound"
    KEY_NOT_MANAGED = "KeyNotManaged"
    KEY_UNVERIFIED = "KeyUnverified"
    KEY_NOT_READABLE = "KeyNotReadable"
    KEY_IS_RANDOM = "KeyIsRandom"
    KEY_ROTATION_WAITS = "KeyRotationWaits"
    KEY_ROTATION_STOPPED = "KeyRotationStopped"
    SECRET_NOT_FOUND = "SecretNotFound"
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"
    SECRET_UNREADABLE = "SecretUnreadable"
    SECRET_NOT_READ = "SecretNotRead"
    SHARED_KEY_INVALID = "SharedKeyInvalid"

    GATEWAY_NOT_FOUND = "GatewayNotFound"
    GATEWAY_NOT_READY = "GatewayNotReady"
    GATEWAY_UNSUITABLE = "GatewayUnsuitable"
    GATEWAY_BUSY = "GatewayBusy"
    THROTTLED = "Throttled"
    AZURE_AUTHENTICATION_FAILED = "AzureAuthenticationFailed"
    AZURE_FORBIDDEN = "AzureForbidden"
    MANAGEMENT_LOCK = "ManagementLock"
    DENIED_BY_AZURE_POLICY = "DeniedByAzurePolicy"
    AZURE_RESOURCE_NOT_FOUND = "AzureResourceNotFound"
    AZURE_REJECTED = "AzureRejected"
    AZURE_CONFLICT = "AzureConflict"
    AZURE_UNAVAILABLE = "AzureUnavailable"
    AZURE_ANSWER_UNREADABLE = "AzureAnswerUnreadable"
    OPERATION_FAILED = "OperationFailed"
    OPERATION_STUCK = "OperationStuck"
    CHANGE_NOT_KEPT = "ChangeNotKept"

    CREATING = "Creating"
    UPDATING = "Updating"
    UPDATED_ELSEWHERE = "UpdatedElsewhere"
    ADOPTING = "Adopting"
    SETTING_SHARED_KEY = "SettingSharedKey"
    DRIFT_DETECTED = "DriftDetected"
    DIFFERENCES_OBSERVED = "DifferencesObserved"
    NOT_FOUND_IN_AZURE = "NotFoundInAzure"
    RECREATE_REQUIRED = "RecreateRequired"
    UNSUPPORTED_PROPERTY = "UnsupportedProperty"

    NOT_ALLOWED = "NotAllowed"
    OWNED_BY_ANOTHER = "OwnedByAnother"
    ADOPTION_REFUSED = "AdoptionRefused"

    NOT_PAUSED = "NotPaused"
    SUSPENDED = "Suspended"
    HELD_UNTIL = "HeldUntil"
    HELD_IN_AZURE = "HeldInAzure"
    HOLD_INVALID = "HoldInvalid"
    CHANGES_PAUSED = "ChangesPaused"

    ALL_TUNNELS_UP = "AllTunnelsUp"
    REDUNDANCY_LOST = "RedundancyLost"
    NOT_CONNECTED = "NotConnected"
    CONNECTING = "Connecting"
    PEER_HALF_MISSING = "PeerHalfMissing"
    STATUS_UNKNOWN = "StatusUnknown"
    STATUS_NOT_READ = "StatusNotRead"
    NOT_CREATED = "NotCreated"

    BGP_ESTABLISHED = "BgpEstablished"
    BGP_NOT_ESTABLISHED = "BgpNotEstablished"
    BGP_NOT_READ = "BgpNotRead"
    BGP_FORBIDDEN = "BgpForbidden"
    BGP_PEER_UNKNOWN = "BgpPeerUnknown"

    IN_SYNC = "InSync"
    PARTNER_UPDATING = "PartnerUpdating"
    PARTNER_NOT_MANAGED = "PartnerNotManaged"
    PARTNER_MISSING = "PartnerMissing"
    PARTNER_UNREADABLE = "PartnerUnreadable"
    FOREIGN_HALF_DIFFERS = "ForeignHalfDiffers"
    DUPLICATE_PAIR = "DuplicatePair"
    PAIR_POLICY_MISMATCH = "PairPolicyMismatch"
    PAIR_KEY_MISMATCH = "PairKeyMismatch"
    PAIR_PROTOCOL_MISMATCH = "PairProtocolMismatch"
    PAIR_BOTH_RESPONDERS = "PairBothResponders"
    PARTNER_NOT_READY = "PartnerNotReady"
    PAIR_PUT_BACK = "PairPutBack"

    DELETING = "Deleting"
    DELETION_HELD = "DeletionHeld"

    REFERENCED = "Referenced"
    NOT_REFERENCED = "NotReferenced"
    DELETION_WAITS_FOR_REFERENCES = "DeletionWaitsForReferences"

    CREATED = "Created"
    UPDATED = "Updated"
    DRIFT_CORRECTED = "DriftCorrected"
    SHARED_KEY_SET = "SharedKeySet"
    ADOPTED = "Adopted"
    DELETED = "Deleted"
    RETAINED = "Retained"
    TUNNEL_UP = "TunnelUp"
    TUNNEL_DOWN = "TunnelDown"


@dataclass(frozen=True, slots=True)
class ReasonInfo:
    """What a reason means. `conditions` is empty for reasons that only Events have."""

    conditions: tuple[tuple[ConditionType, ConditionStatus], ...]
    meaning: str
    action: str
    """What the user should do."""


_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

REASONS: Final[dict[Reason, ReasonInfo]] = {
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
        "The object asks for more than the operator's setting maxManagementPolicy allows, so it only observes.",
        "Raise maxManagementPolicy if writing is wanted.",
    ),
    Reason.POLICY_FOUND: ReasonInfo(
        ((ConditionType.POLICY_RESOLVED, _T),),
        "The named IpsecPolicy exists and is valid.",
        "Nothing.",
    ),
    Reason.DEFAULT_POLICY: ReasonInfo(
        ((ConditionType.POLICY_RESOLVED, _T),),
        "No policy is named: Azure's Default policy applies.",
        "Nothing. Name an IpsecPolicy to fix the algorithms.",
    ),
    Reason.POLICY_NOT_FOUND: ReasonInfo(
        (
            (ConditionType.POLICY_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _U),
        ),
        "The named IpsecPolicy does not exist yet. Azure is kept as it is.",
        "Create the IpsecPolicy in the same namespace, or correct spec.ipsecPolicyRef.",
    ),
    Reason.POLICY_INVALID: ReasonInfo(
        (
            (ConditionType.POLICY_RESOLVED, _F),
            (ConditionType.READY, _F),
            (ConditionType.STALLED, _T),
            (ConditionType.SYNCED, _U),
        ),
        "The named IpsecPolicy breaks a rule. Azure keeps the last good policy.",
        "Correct the IpsecPolicy; its own message names the fields.",
    ),
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
        "The object only observes, and Azure differs from it; status.differences says where.",
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
    Reason.NOT_PAUSED: ReasonInfo(
        ((ConditionType.PAUSED, _F),),
        "Nobody asked for a pause.",
        "Nothing.",
    ),
    Reason.SUSPENDED: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "spec.suspend is true.",
        "Set spec.suspend to false to go on.",
    ),
    Reason.HELD_UNTIL: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "The annotation azvpn.dev/hold-until lies in the future.",
        "Wait, or remove the annotation.",
    ),
    Reason.HELD_IN_AZURE: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "The connection in Azure carries the tag azvpn-hold.",
        "Remove the tag in Azure to go on.",
    ),
    Reason.HOLD_INVALID: ReasonInfo(
        ((ConditionType.PAUSED, _T),),
        "The annotation azvpn.dev/hold-until is not a time; to be safe it counts as a hold.",
        "Write the time as RFC 3339, for instance 2026-01-31T06:00:00Z.",
    ),
    Reason.CHANGES_PAUSED: ReasonInfo(
        (
            (ConditionType.READY, _F),
            (ConditionType.SYNCED, _F),
        ),
        "Azure differs from the object, and a pause keeps it so.",
        "End the pause that the condition Paused names.",
    ),
    Reason.ALL_TUNNELS_UP: ReasonInfo(
        ((ConditionType.CONNECTED, _T),),
        "Every tunnel is up.",
        "Nothing.",
    ),
    Reason.REDUNDANCY_LOST: ReasonInfo(
        ((ConditionType.CONNECTED, _T),),
        "At least one tunnel is up and at least one is down.",
        "Look at the device, or at the gateway instance, of the tunnel in status.halves[].tunnels.",
    ),
    Reason.NOT_CONNECTED: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "Azure says that the tunnel is down.",
        "Compare policy, shared key and IKE version with the other side; see whether the device is reachable.",
    ),
    Reason.CONNECTING: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "Azure is trying to bring the tunnel up.",
        "Wait a minute; then as for NotConnected.",
    ),
    Reason.PEER_HALF_MISSING: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "A VNet-to-VNet tunnel needs a connection from each side; no VpnConnection of this namespace makes the other half, and the tunnel is down.",
        "Create the connection from the other gateway with the same policy and key.",
    ),
    Reason.STATUS_UNKNOWN: ReasonInfo(
        ((ConditionType.CONNECTED, _U),),
        "Azure does not tell (yet) whether the tunnel is up.",
        "Wait.",
    ),
    Reason.STATUS_NOT_READ: ReasonInfo(
        ((ConditionType.CONNECTED, _U),),
        "Azure could not be read for a while, so the last known state is too old to be shown as true.",
        "See the reason of Ready.",
    ),
    Reason.NOT_CREATED: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "Azure has no such connection.",
        "See the reason of Ready.",
    ),
    Reason.BGP_ESTABLISHED: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _T),),
        "Every BGP session with the other end is up.",
        "Nothing.",
    ),
    Reason.BGP_NOT_ESTABLISHED: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _F),),
        "At least one BGP session with the other end is not up, or the gateway has none with one of its addresses.",
        "While Connected is not True, bring the tunnel up first. Else compare AS numbers and BGP peering addresses of both ends.",
    ),
    Reason.BGP_NOT_READ: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _U),),
        "Azure has not told yet how the BGP sessions stand, or could not be asked; the message says why.",
        "Wait a minute. If it stays, see what the message says.",
    ),
    Reason.BGP_FORBIDDEN: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _U),),
        "The operator's identity lacks the right to read the gateway's BGP sessions.",
        "Grant it Microsoft.Network/virtualNetworkGateways/getBgpPeerStatus/action on the gateway; else this stays Unknown, and nothing else suffers.",
    ),
    Reason.BGP_PEER_UNKNOWN: ReasonInfo(
        ((ConditionType.BGP_ESTABLISHED, _U),),
        "The other end has no BGP peering address in Azure, so its sessions cannot be told from those of others.",
        "Set bgpSettings of the local network gateway, or enable BGP on the peer's gateway.",
    ),
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
    Reason.REFERENCED: ReasonInfo(
        ((ConditionType.IN_USE, _T),),
        "VpnConnections name this policy; it cannot be deleted before they stop.",
        "Nothing.",
    ),
    Reason.NOT_REFERENCED: ReasonInfo(
        ((ConditionType.IN_USE, _F),),
        "No VpnConnection names this policy.",
        "Nothing.",
    ),
    Reason.DELETION_WAITS_FOR_REFERENCES: ReasonInfo(
        ((ConditionType.READY, _F),),
        "The policy is being deleted while VpnConnections still name it.",
        "Remove spec.ipsecPolicyRef from the connections that the message names, or delete them.",
    ),
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
