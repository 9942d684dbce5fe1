"""Where a connection stands with the target of its policy: behind, moving, done, failed, or out of it for reasons of its own."""

from collections.abc import Sequence
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import PolicyRevision, RevisionState
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState, TunnelChange
from azure_vpn_operator.domain.pairs.pairing import DISAGREEMENTS
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from azure_vpn_operator.domain.rollout.waves import Member, Standing

_UNCONFIRMED: Final = frozenset({ChangeState.SENT, ChangeState.CONFIRMING, ChangeState.ROLLING_BACK})
_FAILED: Final = frozenset({Reason.ROLLED_BACK, Reason.CHANGE_FAILED})
_HELD: Final = DISAGREEMENTS | {Reason.CHANGES_PAUSED, Reason.PARTNER_NOT_READY, Reason.GATEWAY_NOT_FOUND}
"""What keeps a change from being written until somebody does something."""
_WORST_FIRST: Final = (
    Standing.FAILED,
    Standing.SKIPPED,
    Standing.MOVING,
    Standing.BEHIND,
    Standing.PROVISIONAL,
    Standing.DONE,
)


def member_of(holder: PolicyHolder, target: PolicyRevision) -> Member:
    """Where an object stands, by its status alone."""
    connected = find_condition(holder.status.conditions, ConditionType.CONNECTED)
    good, change = holder.status.last_known_good, holder.status.change
    seems_to_work = change is not None and change.state is ChangeState.PROVISIONAL and not change.changes_pfs
    return Member(
        holder.metadata.name,
        _standing(holder, target),
        healthy=connected is not None and connected.reason == Reason.ALL_TUNNELS_UP,
        moved=seems_to_work or bool(good is not None and good.confirmed and good.time >= target.since),
        in_flight=change is not None and change.state in _UNCONFIRMED,
        leaving=holder.holds_failure_before(target),
    )


def combine_members(name: str, parts: Sequence[Member]) -> Member:
    """The member that the objects of a tunnel are together: it stands where the worst of them does."""
    worst = min((part.standing for part in parts), key=_WORST_FIRST.index)
    return Member(
        name,
        worst,
        healthy=all(part.healthy for part in parts),
        moved=worst is Standing.DONE and any(part.moved for part in parts),
        in_flight=worst is Standing.BEHIND and any(part.in_flight for part in parts),
        leaving=worst is Standing.BEHIND and any(part.leaving for part in parts),
    )


def _standing(holder: PolicyHolder, target: PolicyRevision) -> Standing:
    change, assigned = holder.status.change, holder.status.policy
    if not holder.takes_part:
        return Standing.SKIPPED
    held = assigned is not None and assigned.hash == target.hash and assigned.name == holder.policy
    failed = change if held and change is not None and change.is_failed else None
    if failed is not None and _is_its_failure(failed, target):
        return Standing.FAILED
    if _has_own_trouble(holder, failed):
        return Standing.SKIPPED
    if failed is not None or not held or holder.waits_for_window:
        return Standing.BEHIND
    if change is not None and change.state is ChangeState.PROVISIONAL:
        return Standing.PROVISIONAL if change.changes_pfs else Standing.DONE
    synced = find_condition(holder.status.conditions, ConditionType.SYNCED)
    in_azure = synced is not None and synced.status is ConditionStatus.TRUE
    return Standing.DONE if in_azure and change is None else Standing.MOVING


def _has_own_trouble(holder: PolicyHolder, failed: TunnelChange | None) -> bool:
    """Whether it stands still for a reason that has nothing to do with the policy; an earlier change that failed is none."""
    stalled = find_condition(holder.status.conditions, ConditionType.STALLED)
    if stalled is not None:
        return failed is None or stalled.reason not in _FAILED
    ready, change = find_condition(holder.status.conditions, ConditionType.READY), holder.status.change
    return (change is None or change.is_failed) and ready is not None and ready.reason in _HELD


def _is_its_failure(change: TunnelChange, target: PolicyRevision) -> bool:
    """Whether the rollout of the target has failed with this change: it has sent the target's values, and not before the target was set.

    Once all hold the values, a change that has begun since is the object's own, such as a connection that has come to the policy.
    """
    if change.end_time is None or change.end_time < target.since or change.to.ipsec_policies != (target.values,):
        return False
    return target.state is not RevisionState.CURRENT or change.start_time < target.since
