"""The names of all reasons, and what has to be said of each.

Reasons are API: dashboards and pipelines match on them. The texts are in the module of the condition that a reason is about.
"""

from dataclasses import dataclass
from enum import StrEnum

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType


class Reason(StrEnum):
    """CamelCase reasons of conditions and Events; `azure_vpn_operator.api.reasons.REASONS` explains each."""

    UP_TO_DATE = "UpToDate"
    OBSERVED = "Observed"
    PLANNED = "Planned"
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
    RESETTING = "Resetting"
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
    RENEGOTIATING = "Renegotiating"
    PEER_HALF_MISSING = "PeerHalfMissing"
    KEY_MISMATCH = "KeyMismatch"
    POLICY_MISMATCH = "PolicyMismatch"
    DEFAULT_POLICY_GROUP2 = "DefaultPolicyGroup2"
    PROTOCOL_MISMATCH = "ProtocolMismatch"
    BOTH_RESPONDER_ONLY = "BothResponderOnly"
    BOTH_INITIATOR_ONLY = "BothInitiatorOnly"
    SELECTOR_MISMATCH = "SelectorMismatch"
    PFS_MISMATCH_AT_REKEY = "PfsMismatchAtRekey"
    GATEWAY_UPDATING = "GatewayUpdating"
    UNKNOWN_PEER_SIDE = "UnknownPeerSide"
    FLAPPING = "Flapping"
    NO_TRAFFIC = "NoTraffic"
    STATUS_UNKNOWN = "StatusUnknown"
    STATUS_NOT_READ = "StatusNotRead"
    TUNNEL_NOT_READ = "TunnelNotRead"
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

    WAITING_FOR_WINDOW = "WaitingForWindow"
    WAITING_FOR_BUDGET = "WaitingForBudget"
    SITE_BUSY = "SiteBusy"
    FLEET_HALTED = "FleetHalted"
    WAITING_FOR_ROLLOUT = "WaitingForRollout"
    ROLLOUT_STOPPED = "RolloutStopped"
    CONFIRMING = "Confirming"
    GATEWAY_EVENT = "GatewayEvent"
    CHANGE_FAILED = "ChangeFailed"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"

    DELETING = "Deleting"
    DELETION_HELD = "DeletionHeld"

    ROLLED_OUT = "RolledOut"
    ROLLING_OUT = "RollingOut"
    ROLLOUT_PAUSED = "RolloutPaused"
    WAITING_FOR_REKEY = "WaitingForRekey"
    PROVISIONAL = "Provisional"
    ROLLOUT_FAILED = "RolloutFailed"

    REFERENCED = "Referenced"
    NOT_REFERENCED = "NotReferenced"
    DELETION_WAITS_FOR_REFERENCES = "DeletionWaitsForReferences"

    CREATED = "Created"
    UPDATED = "Updated"
    DRIFT_CORRECTED = "DriftCorrected"
    SHARED_KEY_SET = "SharedKeySet"
    RESET_ACCEPTED = "ResetAccepted"
    RESET_REFUSED = "ResetRefused"
    RESET_FAILED = "ResetFailed"
    ADOPTED = "Adopted"
    DELETED = "Deleted"
    RETAINED = "Retained"
    TUNNEL_UP = "TunnelUp"
    TUNNEL_DOWN = "TunnelDown"
    CHANGE_CONFIRMED = "ChangeConfirmed"
    CONFIRMED_BY_STATUS = "ConfirmedByStatus"
    UNDO_DISARMED = "UndoDisarmed"


@dataclass(frozen=True, slots=True)
class ReasonInfo:
    """What a reason means. `conditions` is empty for reasons that only Events have, or only `kubectl azvpn explain` gives."""

    conditions: tuple[tuple[ConditionType, ConditionStatus], ...]
    meaning: str
    action: str
    """What the user should do."""
    explained_only: bool = False
    """No condition and no Event has it: `kubectl azvpn explain` gives it."""
