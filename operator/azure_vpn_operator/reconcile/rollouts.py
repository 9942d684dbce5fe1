"""Which values of its policy each connection is assigned: those of the spec once it may move, those from before until then.

Who may move is decided by the pass over the policy and kept in memory only: a connection that has begun says so in its status.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, PolicyRevision, RevisionState
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState, PolicyValues, TunnelChange
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.pairs.pairing import DISAGREEMENTS
from azure_vpn_operator.domain.passes.pauses import find_pause
from azure_vpn_operator.domain.passes.snapshot import Assignment, Held, PolicyFound
from azure_vpn_operator.domain.rollout.revisions import (
    assigned_values,
    find_revision,
    wants_rekey_proof,
    with_values,
)
from azure_vpn_operator.domain.rollout.waves import Member, Standing
from azure_vpn_operator.domain.rollout.window_gate import find_closed_for
from azure_vpn_operator.reconcile.memory import Memories
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord
from azure_vpn_operator.runtime.keys import ObjectKey

_UNCONFIRMED: Final = frozenset({ChangeState.SENT, ChangeState.CONFIRMING, ChangeState.ROLLING_BACK})
_FAILED: Final = frozenset({Reason.ROLLED_BACK, Reason.CHANGE_FAILED})
_HELD: Final = DISAGREEMENTS | {Reason.CHANGES_PAUSED, Reason.PARTNER_NOT_READY, Reason.GATEWAY_NOT_FOUND}
"""What keeps a change from being written until somebody does something."""
_AT_ONCE: Final = 200
"""Connections that are looked at in one go."""


@dataclass(frozen=True, slots=True)
class Grants:
    """Who may move to which values of a policy."""

    target: str
    holders: frozenset[ObjectKey]


@dataclass(frozen=True, slots=True)
class _LastLook:
    """Where the connections of a policy stood: of most nothing has changed at the next look, and there may be thousands."""

    target: PolicyRevision
    members: dict[ObjectKey, tuple[ConnectionRecord, Member]] = field(default_factory=dict)


class Rollouts:
    """The rollouts of all policies, as far as they are not in a status."""

    def __init__(self, installation: Installation, reader: Reader, memories: Memories) -> None:
        self._installation = installation
        self._reader = reader
        self._memories = memories
        self._grants: dict[ObjectKey, Grants] = {}
        self._looks: dict[ObjectKey, _LastLook] = {}
        """By policy."""

    def grant(self, policy: ObjectKey, grants: Grants) -> frozenset[ObjectKey]:
        """Let these move; returns those that may move from now on."""
        before = self._grants.get(policy)
        self._grants[policy] = grants
        known = before.holders if before is not None and before.target == grants.target else frozenset()
        return grants.holders - known

    def forget(self, policy: ObjectKey) -> None:
        """The policy is gone, or nothing of it is on its way."""
        self._grants.pop(policy, None)
        self._looks.pop(policy, None)

    def assign(self, key: ObjectKey, name: str, found: PolicyRecord, policy: IpsecPolicy) -> PolicyFound:
        """The policy as the connection is to hold it now."""
        revisions = found.status.revisions
        wanted = canonical_policy(policy.spec).hash
        unit = self._reader.unit_of(key)
        records = [record for member in unit if (record := self._reader.record(member)) is not None]
        target = find_revision(revisions, wanted)
        failed = target is not None and target.state is RevisionState.FAILED
        grants = self._grants.get(ObjectKey(policy.KIND, key.namespace, name))
        current = grants if grants is not None and grants.target == wanted else None
        granted = current is not None and unit[0] in current.holders
        put_back = failed and any(_is_put_back(record) for record in records)
        begun = not put_back and any(
            _held(record, name) == wanted and not _waits_for_window(record) for record in records
        )
        own = self._reader.record(key)
        values = assigned_values(
            policy,
            revisions,
            _good_hash(own) if put_back else _held(own, name),
            may_move=(granted and not failed) or begun,
            recall=lambda held: self._recall(key, own, held),
        )
        assignment = Assignment(
            held=None if values is None else Held.STOPPED if failed else Held.WAITS,
            undecided=values is not None and target is None,
            rekey_proof=wants_rekey_proof(policy, revisions),
        )
        return PolicyFound(policy if values is None else with_values(policy, values), assignment)

    def held_values(
        self, users: Iterable[ObjectKey], policy: IpsecPolicy, revisions: Iterable[PolicyRevision]
    ) -> list[PolicyValues | None]:
        """The values of the policy that those were assigned which hold none of its revisions; None where they are not known."""
        known, found = {canonical_policy(policy.spec).hash, *(revision.hash for revision in revisions)}, []
        for key in users:
            record = self._reader.record(key)
            held = _held(record, policy.metadata.name)
            if held is not None and held not in known:
                found.append(self._recall(key, record, held))
        return found

    def _recall(self, key: ObjectKey, record: ConnectionRecord | None, held: str) -> PolicyValues | None:
        """The values of the policy with this hash, by what the connection's status keeps and what Azure was last seen to hold."""
        known: list[PolicyValues] = []
        if record is not None and record.status.last_known_good is not None:
            known += record.status.last_known_good.settings.ipsec_policies
        if record is not None and record.status.change is not None:
            known += (*record.status.change.from_.ipsec_policies, *record.status.change.to.ipsec_policies)
        for memory in self._memories.of_object(key).values():
            known += (PolicyValues.model_validate(policy.wire()) for policy in memory.seen_policies)
        return next((values for values in known if canonical_policy(values.wire()).hash == held), None)

    async def members(
        self, policy: ObjectKey, users: Iterable[ObjectKey], target: PolicyRevision, now: datetime
    ) -> list[Member]:
        """Where those who use a policy stand with the target's values; a pair is one member, under its first name.

        Others get their turn meanwhile.
        """
        last = self._looks.get(policy)
        before = last.members if last is not None and last.target == target else {}
        look = self._looks[policy] = _LastLook(target)
        units: dict[ObjectKey, list[Member]] = {}
        for number, key in enumerate(users, 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            record = self._reader.record(key)
            if record is not None:
                seen, member = before.get(key, (None, None))
                if member is None or seen is not record:
                    member = _member(key, record, target)
                look.members[key] = record, member
                units.setdefault(self._reader.unit_of(key)[0], []).append(member)
        return [self._at(now, holder, _combine(holder, parts)) for holder, parts in units.items()]

    def _at(self, now: datetime, holder: ObjectKey, member: Member) -> Member:
        """The member, with what its change has to wait for at this moment. A tunnel that is down waits for no window."""
        if member.standing is not Standing.BEHIND:
            return member
        records = [record for key in self._reader.unit_of(holder) if (record := self._reader.record(key)) is not None]
        if any(_is_paused(record, now) for record in records):
            return replace(member, standing=Standing.SKIPPED)
        if not any(record.wanted.spec is not None and record.wanted.spec.change_windows for record in records):
            return member
        subjects = [record.subject for record in records if isinstance(record.subject, VpnConnection)]
        closed = find_closed_for(subjects, self._installation, now)
        if closed is None or all(_is_down(record) for record in records):
            return member
        return replace(member, closed=True, opens=closed.opens)

    def rekey_until(self, namespace: str, names: Iterable[str]) -> datetime | None:
        """Until when one of these has to survive a rekey; None if none has to."""
        records = (self._reader.record(ObjectKey(CONNECTION, namespace, name)) for name in names)
        changes = (record.status.change for record in records if record is not None)
        return max((change.wait_until for change in changes if change and change.wait_until), default=None)

    def unread(self, users: Iterable[ObjectKey]) -> int:
        """How many of them this process has not read since the start: until then nobody may move."""
        return sum(
            any(memory.last_read is None for memory in known.values()) or not known
            for known in (self._memories.of_object(key) for key in users)
        )


def _is_put_back(record: ConnectionRecord) -> bool:
    """Whether the values from before its last change are in Azure again."""
    change = record.status.change
    return change is not None and change.state is ChangeState.ROLLED_BACK


def _waits_for_window(record: ConnectionRecord) -> bool:
    """Whether it could be moved, if a change window were open: then it does not hold what it says that it is assigned."""
    ready = record.condition(ConditionType.READY)
    return ready is not None and ready.reason == Reason.WAITING_FOR_WINDOW


def _is_paused(record: ConnectionRecord, now: datetime) -> bool:
    """Whether the object says that nothing is to be written; what a tag in Azure says is known to its pass only."""
    annotations = record.metadata.annotations
    return find_pause(suspend=False, annotations=annotations, live_tags={}, now=now) is not None


def _is_down(record: ConnectionRecord) -> bool:
    connected = record.condition(ConditionType.CONNECTED)
    return connected is not None and connected.status == ConditionStatus.FALSE


def _good_hash(record: ConnectionRecord | None) -> str | None:
    """Hash of the policy with which the tunnel is known to work."""
    good = record.status.last_known_good if record is not None else None
    if good is None or not good.settings.ipsec_policies:
        return None
    return canonical_policy(good.settings.ipsec_policies[0].wire()).hash


def _held(record: ConnectionRecord | None, policy: str) -> str | None:
    """Hash of the values of this policy that the connection was assigned last."""
    if record is None or record.status.policy is None or record.status.policy.name != policy:
        return None
    return record.status.policy.hash


_ORDER = (
    Standing.FAILED,
    Standing.SKIPPED,
    Standing.MOVING,
    Standing.BEHIND,
    Standing.PROVISIONAL,
    Standing.DONE,
)


def _combine(holder: ObjectKey, parts: list[Member]) -> Member:
    worst = min((part.standing for part in parts), key=_ORDER.index)
    return Member(
        holder.name,
        worst,
        healthy=all(part.healthy for part in parts),
        moved=worst is Standing.DONE and any(part.moved for part in parts),
        in_flight=worst is Standing.BEHIND and any(part.in_flight for part in parts),
    )


def _member(key: ObjectKey, record: ConnectionRecord, target: PolicyRevision) -> Member:
    connected = record.condition("Connected")
    healthy = connected is not None and connected.reason == "AllTunnelsUp"
    good = record.status.last_known_good
    change = record.status.change
    seems_to_work = change is not None and change.state is ChangeState.PROVISIONAL and not change.changes_pfs
    moved = seems_to_work or bool(good is not None and good.confirmed and good.time >= target.since)
    in_flight = change is not None and change.state in _UNCONFIRMED
    return Member(key.name, _standing(record, target), healthy, moved, in_flight)


def _standing(record: ConnectionRecord, target: PolicyRevision) -> Standing:
    change, policy = record.status.change, record.status.policy
    spec = record.wanted.spec
    if not record.writable or spec is None or spec.suspend:
        return Standing.SKIPPED
    held = policy is not None and policy.hash == target.hash and policy.name == record.wanted.policy
    failed = change if held and change is not None and change.is_failed else None
    if failed is not None and _is_its_failure(failed, target):
        return Standing.FAILED
    if _has_own_trouble(record, failed):
        return Standing.SKIPPED
    if failed is not None or not held or _waits_for_window(record):
        return Standing.BEHIND
    if change is not None and change.state is ChangeState.PROVISIONAL:
        return Standing.PROVISIONAL if change.changes_pfs else Standing.DONE
    return Standing.DONE if record.is_synced and change is None else Standing.MOVING


def _has_own_trouble(record: ConnectionRecord, failed: TunnelChange | None) -> bool:
    """Whether it stands still for a reason that has nothing to do with the policy; an earlier change that failed is none."""
    stalled, ready = record.condition(ConditionType.STALLED), record.condition(ConditionType.READY)
    if stalled is not None:
        return failed is None or stalled.reason not in _FAILED
    change = record.status.change
    return (change is None or change.is_failed) and ready is not None and ready.reason in _HELD


def _is_its_failure(change: TunnelChange, target: PolicyRevision) -> bool:
    """Whether the rollout of the target has failed with this change: it has sent the target's values, and not before the target was set.

    Once all hold the values, a change that has begun since is the object's own, such as a connection that has come to the policy.
    """
    if change.end_time is None or change.end_time < target.since or change.to.ipsec_policies != (target.values,):
        return False
    return target.state is not RevisionState.CURRENT or change.start_time < target.since
