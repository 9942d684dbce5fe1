"""What happens in Azure when the object is deleted. It never waits for pair, policy or Secret."""

from collections.abc import Mapping

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import DeletionPolicy, ManagementPolicy, VpnConnection
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.azure.ownership import Ownership, judge_ownership, tags_without_owner
from azure_vpn_operator.domain.passes.finalizers import CONNECTION_FINALIZER
from azure_vpn_operator.domain.passes.pauses import find_pause
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, OpenOperation, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Blocked, Delete, Hold, LetGo, Refuse, ReleaseFinalizer, Step, Wait
from azure_vpn_operator.domain.planning.waiting import is_stuck, wait_for_operation, wait_for_update


def plan_deletion(snapshot: Snapshot) -> Step:
    """DELETE only what is ours, enforced, not suspended and not retained; otherwise let the object go and leave Azure alone."""
    if CONNECTION_FINALIZER not in snapshot.metadata.finalizers:
        return Hold(Reason.DELETING, "waiting for the finalizers of others")
    if snapshot.denial is not None:
        # Whoever lost the right to a connection has lost the right to delete it, and the object must not hang for that.
        why = f"{snapshot.denial.message}; the connection stays in Azure as it is, with its owner tag"
        return ReleaseFinalizer(Reason.RETAINED, why)
    management, suspended, deletion = _wishes(snapshot)
    if management is not ManagementPolicy.ENFORCE or suspended:
        why = "spec.suspend is true" if suspended else f"nothing is written under managementPolicy {management}"
        return ReleaseFinalizer(Reason.RETAINED, f"{why}: the connection stays in Azure as it is")
    retain = deletion is DeletionPolicy.RETAIN
    match snapshot.operation:
        case OpenOperation() as operation if not retain or _ends_soon(snapshot, operation):
            return _wait_before_deleting(snapshot, operation, retain=retain)
        case FailedOperation(OperationKind.DELETE, fault) if not retain:
            return Blocked(fault, "Azure failed to delete the connection")
        case _:
            pass
    match snapshot.live:
        case Absent():
            return ReleaseFinalizer(Reason.DELETED, "the connection is gone from Azure")
        case Present(live):
            return _plan_present(snapshot, live, retain=retain)
        case Unreadable(fault) if not retain:
            return Blocked(fault, "could not read the connection, which is not deleted unread")
        case Unreadable() | NotRead():
            return ReleaseFinalizer(
                Reason.RETAINED, "the connection stays in Azure; its owner tag could not be removed"
            )


def _plan_present(snapshot: Snapshot, live: LiveConnection, *, retain: bool) -> Step:
    if judge_ownership(live.tags, snapshot.owner, {}) is not Ownership.OURS:
        return ReleaseFinalizer(Reason.RETAINED, "the connection does not carry our owner tag: it stays in Azure")
    pause = find_pause(suspend=False, annotations=snapshot.metadata.annotations, live_tags=live.tags, now=snapshot.now)
    if retain:
        # A hold stops writes, and letting go must always work: then the owner tag simply stays.
        if pause is not None:
            return ReleaseFinalizer(Reason.RETAINED, "the connection stays in Azure, with its owner tag")
        waiting = None if live.settled else wait_for_update(snapshot, live, Reason.UPDATED_ELSEWHERE)
        if isinstance(waiting, Refuse):
            return ReleaseFinalizer(Reason.RETAINED, "the connection stays in Azure, with its owner tag")
        return waiting or LetGo(tags_without_owner(live.tags))
    if pause is not None:
        return Hold(Reason.DELETION_HELD, pause.message)
    if not live.settled:
        return wait_for_update(snapshot, live, Reason.DELETING)
    return Delete()


def _wait_before_deleting(snapshot: Snapshot, operation: OpenOperation, *, retain: bool) -> Step:
    waiting = wait_for_operation(snapshot, operation)
    if isinstance(waiting, Refuse) or retain or operation.kind is OperationKind.DELETE:
        return waiting
    return Wait(Reason.DELETING, f"{waiting.message}; after that it is deleted", waiting.seconds)


def _ends_soon(snapshot: Snapshot, operation: OpenOperation) -> bool:
    """Whether it is worth waiting for, so that the owner tag can be removed; letting go never waits for what may not end."""
    return operation.kind is not OperationKind.DELETE and not is_stuck(snapshot, operation)


def _wishes(snapshot: Snapshot) -> tuple[ManagementPolicy, bool, DeletionPolicy]:
    """What the object wants, read field by field where the rest of its spec is invalid."""
    if isinstance(snapshot.subject, VpnConnection):
        policies = effective_policies(snapshot.subject.spec, snapshot.installation)
        return policies.management, snapshot.subject.spec.suspend, policies.deletion
    return _wishes_of_invalid(snapshot.raw_spec, snapshot.installation)


def _wishes_of_invalid(spec: object, installation: Installation) -> tuple[ManagementPolicy, bool, DeletionPolicy]:
    given = spec if isinstance(spec, Mapping) else {}
    management = given.get("managementPolicy", installation.management_policy.value)
    deletion = given.get("deletionPolicy", installation.deletion_policy.value)
    enforced = (
        management == ManagementPolicy.ENFORCE.value and installation.max_management_policy is ManagementPolicy.ENFORCE
    )
    return (
        ManagementPolicy.ENFORCE if enforced else ManagementPolicy.OBSERVE,
        given.get("suspend") is True,
        DeletionPolicy.DELETE if deletion == DeletionPolicy.DELETE.value else DeletionPolicy.RETAIN,
    )
