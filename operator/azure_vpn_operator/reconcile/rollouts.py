"""Who may move to the new values of a policy, and what each connection is assigned meanwhile.

Who may move is decided by the pass over the policy and kept in memory only: a connection that has begun says so in its status.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, PolicyRevision
from azure_vpn_operator.api.tunnel_change import PolicyValues
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.passes.snapshot import PolicyFound
from azure_vpn_operator.domain.rollout.assignment import assign
from azure_vpn_operator.domain.rollout.standing import combine_members, member_of
from azure_vpn_operator.domain.rollout.waves import Member, Standing
from azure_vpn_operator.domain.rollout.window_gate import find_closed_for
from azure_vpn_operator.reconcile.memory import Memories
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord
from azure_vpn_operator.runtime.keys import ObjectKey

_AT_ONCE: Final = 100
"""Connections that are looked at in one go: others get their turn in between."""


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

    def grant_all(self, policy: ObjectKey) -> None:
        """Let all its connections move to its values at once: for one who asks what will be in the end, and writes nothing."""
        record = self._reader.policy_record(policy)
        if record is None or not isinstance(record.subject, IpsecPolicy):
            return
        users = self._reader.users_of_policy(policy.namespace, policy.name)
        target = canonical_policy(record.subject.spec).hash
        self.grant(policy, Grants(target, frozenset(self._reader.unit_of(user)[0] for user in users)))

    def forget(self, policy: ObjectKey) -> None:
        """The policy is gone, or nothing of it is on its way."""
        self._grants.pop(policy, None)
        self._looks.pop(policy, None)

    def assign(self, key: ObjectKey, found: PolicyRecord, policy: IpsecPolicy) -> PolicyFound:
        """The policy as the connection is to hold it now."""
        unit = self._reader.unit_of(key)
        own = self._reader.record(key)
        grants = self._grants.get(ObjectKey(policy.KIND, key.namespace, policy.metadata.name))
        wanted = canonical_policy(policy.spec).hash
        return assign(
            policy,
            found.status.revisions,
            [record.holder for member in unit if (record := self._reader.record(member)) is not None],
            own.holder if own is not None else None,
            granted=_plans_only(own) or (grants is not None and grants.target == wanted and unit[0] in grants.holders),
            recall=lambda held: self._recall(key, held),
        )

    def held_values(
        self, users: Iterable[ObjectKey], policy: IpsecPolicy, revisions: Iterable[PolicyRevision]
    ) -> list[PolicyValues | None]:
        """The values of the policy that those were assigned which hold none of its revisions; None where they are not known."""
        known, found = {canonical_policy(policy.spec).hash, *(revision.hash for revision in revisions)}, []
        for key in users:
            record = self._reader.record(key)
            held = record.holder.held_hash(policy.metadata.name) if record is not None else None
            if held is not None and held not in known:
                found.append(self._recall(key, held))
        return found

    def _recall(self, key: ObjectKey, held: str) -> PolicyValues | None:
        record = self._reader.record(key)
        memories = self._memories.of_object(key).values()
        seen = (policy for memory in memories for policy in memory.seen_policies)
        return record.holder.recall(held, seen) if record is not None else None

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
                    member = member_of(record.holder, target)
                look.members[key] = record, member
                units.setdefault(self._reader.unit_of(key)[0], []).append(member)
        found = []
        for number, (holder, parts) in enumerate(units.items(), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            found.append(self._at(now, holder, combine_members(holder.name, parts)))
        return found

    def _at(self, now: datetime, holder: ObjectKey, member: Member) -> Member:
        """The member, with what its change has to wait for at this moment. A tunnel that is down waits for no window."""
        if member.standing is not Standing.BEHIND:
            return member
        records = [record for key in self._reader.unit_of(holder) if (record := self._reader.record(key)) is not None]
        if any(record.holder.is_paused(now) for record in records):
            return replace(member, standing=Standing.SKIPPED)
        if not any(record.wanted.spec is not None and record.wanted.spec.change_windows for record in records):
            return member
        subjects = [record.subject for record in records if isinstance(record.subject, VpnConnection)]
        closed = find_closed_for(subjects, self._installation, now)
        if closed is None or all(record.holder.is_down for record in records):
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


def _plans_only(record: ConnectionRecord | None) -> bool:
    """Whether the object only says what would be written: it waits for nobody."""
    return record is not None and record.wanted.management is ManagementPolicy.PLAN
