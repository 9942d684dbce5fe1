"""Letting a half go that has left the spec: our owner tag is removed, and the connection stays in Azure as it is."""

from dataclasses import replace

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.differences import find_differences
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.azure.ownership import Ownership, judge_ownership, tags_without_owner
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, Snapshot
from azure_vpn_operator.domain.passes.steps import Blocked, Hold, PatchTags, Settled, Step
from azure_vpn_operator.domain.planning.waiting import wait_for_operation, wait_for_update


def plan_release(snapshot: Snapshot) -> Step:
    """Remove the tag if it is ours; Settled once there is nothing of ours on it any more."""
    if snapshot.denial is not None:
        return Settled(Reason.UP_TO_DATE, "the reverse half is no longer ours; its owner tag could not be removed")
    if isinstance(snapshot.operation, OpenOperation):
        return wait_for_operation(snapshot, snapshot.operation)
    match snapshot.live:
        case Present(live) if judge_ownership(live.tags, snapshot.owner, {}) is Ownership.OURS:
            return _plan_present(snapshot, live)
        case Unreadable(fault):
            return Blocked(fault, "could not read the reverse half, which is to be let go")
        case Present() | Absent() | NotRead():
            return Settled(Reason.UP_TO_DATE, "the reverse half is no longer ours")


def _plan_present(snapshot: Snapshot, live: LiveConnection) -> Step:
    if (pause := snapshot.pause) is not None:
        return Hold(Reason.CHANGES_PAUSED, f"{pause.message}; the reverse half is let go afterwards")
    if not live.settled:
        return wait_for_update(snapshot, live, Reason.UPDATED_ELSEWHERE)
    tags = tags_without_owner(live.tags)
    wanted = replace(live, tags=tags)
    return PatchTags(Reason.UPDATING, tags, find_differences(wanted, live), why="spec.reverse was removed: let go")
