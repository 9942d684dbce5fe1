"""Waiting for what Azure is doing already, and when that has taken too long."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Refuse, Wait

STUCK_AFTER: Final = timedelta(minutes=30)
UPDATE_POLL_SECONDS: Final = 10.0


def wait_for_operation(snapshot: Snapshot, operation: OpenOperation) -> Wait | Refuse:
    """Nothing is written while an operation of ours is open; after half an hour a person should look."""
    if is_stuck(snapshot, operation):
        return Refuse(Reason.OPERATION_STUCK, _stuck_message("Updating"))
    reason, text = _describe(operation)
    wait = Wait(reason, operation.why or text, operation.retry_after)
    if operation.kind is not OperationKind.RESET:
        return wait
    synced = find_condition(snapshot.previous.conditions, ConditionType.SYNCED)
    held = synced is not None and synced.status is ConditionStatus.TRUE
    return replace(wait, applied_hash=snapshot.half.applied_hash) if held else wait


def wait_for_update(snapshot: Snapshot, live: LiveConnection, reason: Reason) -> Wait | Refuse:
    """The same for an operation that only the connection's provisioningState shows."""
    since = snapshot.attempts.updating_since
    if since is not None and snapshot.now - since > STUCK_AFTER:
        return Refuse(Reason.OPERATION_STUCK, _stuck_message(live.provisioning_state))
    text = f"Azure shows the connection as {live.provisioning_state}; waiting for that to end"
    return Wait(reason, text, min(UPDATE_POLL_SECONDS, snapshot.cadence.recent))


def is_stuck(snapshot: Snapshot, operation: OpenOperation) -> bool:
    """Whether the operation has been open for too long."""
    return snapshot.now - operation.since > STUCK_AFTER


def _describe(operation: OpenOperation) -> tuple[Reason, str]:
    match operation.kind:
        case OperationKind.PUT if operation.creating:
            return Reason.CREATING, "Azure is creating the connection"
        case OperationKind.PUT:
            return Reason.UPDATING, "Azure is updating the connection"
        case OperationKind.TAGS:
            return Reason.UPDATING, "Azure is updating the tags"
        case OperationKind.SHARED_KEY:
            return Reason.SETTING_SHARED_KEY, "Azure is setting the shared key"
        case OperationKind.RESET:
            return Reason.RESETTING, "Azure is resetting the connection"
        case OperationKind.DELETE:
            return Reason.DELETING, "Azure is deleting the connection"


def _stuck_message(state: str) -> str:
    return f"Azure has shown the connection as {state} for more than {int(STUCK_AFTER.total_seconds() // 60)} minutes"
