"""One pass over an IpsecPolicy. No call to Azure is possible here: a policy acts only through the connections that name it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, RevisionState
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.finalizers import POLICY_FINALIZER
from azure_vpn_operator.domain.passes.requests import is_continue_requested, is_retry_requested
from azure_vpn_operator.domain.reporting.policy import (
    NAMES_SHOWN,
    PolicyRollout,
    PolicySnapshot,
    PolicyUsers,
    build_policy_status,
    wanted_finalizers,
)
from azure_vpn_operator.domain.rollout.revisions import (
    conclude_wave,
    find_current,
    find_revision,
    recall_revisions,
    rollout_terms,
    set_target,
    wave_terms,
    with_continue,
)
from azure_vpn_operator.domain.rollout.waves import plan_wave
from azure_vpn_operator.ports import EventsPort, ObjectsPort, StatusWrite, Written
from azure_vpn_operator.reconcile.pass_result import API_SERVER_RETRY_SECONDS, CONFLICT_RETRY_SECONDS, PassResult
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import PolicyRecord
from azure_vpn_operator.reconcile.rollouts import Grants, Rollouts
from azure_vpn_operator.reconcile.triggers import Look, looks_after
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)

UNREAD_RETRY_SECONDS: Final = 5.0
SAFETY_LOOK_SECONDS: Final = 60.0
"""A rollout goes on whenever a connection has come further; it looks by itself only in case that this is ever lost."""
_WARNINGS: Final = (Reason.INVALID_SPEC, Reason.DELETION_WAITS_FOR_REFERENCES, Reason.ROLLOUT_FAILED)
_NEWS: Final = (Reason.ROLLING_OUT, Reason.WAITING_FOR_REKEY, Reason.ROLLOUT_PAUSED, Reason.ROLLED_OUT)
_OF_ROLLOUTS: Final = frozenset({*_NEWS, Reason.ROLLOUT_FAILED})


class PolicyReconciler:
    """The passes over IpsecPolicies."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        objects: ObjectsPort,
        events: EventsPort,
        rollouts: Rollouts,
        clock: Clock,
        enqueue: Callable[[Iterable[Look]], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._objects = objects
        self._events = events
        self._rollouts = rollouts
        self._clock = clock
        self._enqueue = enqueue

    async def reconcile(self, key: ObjectKey) -> PassResult:
        """Do one pass: the finalizer first, since it guards the policy, then the status, then let those move whose turn it is."""
        record = self._record(key)
        if record is None:
            self._rollouts.forget(key)
            return PassResult(None)
        snapshot = self._gather(key, record)
        finalizers = wanted_finalizers(snapshot)
        if finalizers is not None:
            written = await self._objects.write_finalizers(
                POLICY, key.namespace, key.name, snapshot.metadata.resource_version, finalizers
            )
            if (ended := self._take(key, written)) is not None:
                return ended
            if POLICY_FINALIZER not in finalizers and snapshot.metadata.deletion_timestamp is not None:
                return PassResult(None)
            record = self._record(key) or record
            snapshot = replace(snapshot, metadata=record.metadata)
        rollout = await self._look_at_rollout(key, snapshot)
        snapshot = replace(snapshot, rollout=rollout)
        ended = await self._report(key, record, snapshot)
        return ended if ended is not None else self._go_on(key, snapshot)

    async def _look_at_rollout(self, key: ObjectKey, snapshot: PolicySnapshot) -> PolicyRollout | None:
        """Where the policy's values are. All connections are looked at only while not all of them hold the values."""
        policy = snapshot.subject
        if not isinstance(policy, IpsecPolicy):
            return None
        metadata, handled, revisions = snapshot.metadata, snapshot.previous.last_handled, snapshot.previous.revisions
        place = (key.namespace, key.name)
        users = list(self._reader.users_of_policy(*place))
        held = [] if find_current(revisions) is not None else self._rollouts.held_values(users, policy, revisions)
        target = set_target(
            policy,
            recall_revisions(revisions, (values for values in held if values is not None), snapshot.now),
            snapshot.now,
            others_held=bool(held),
            retry=is_retry_requested(metadata, handled),
        )
        if is_continue_requested(metadata, handled):
            target = with_continue(target)
        at_rest = snapshot.users.updated == snapshot.users.count and not self._reader.count_provisional(*place)
        if target.revision.state is RevisionState.CURRENT and at_rest:
            return PolicyRollout(target)
        members = await self._rollouts.members(key, users, target.revision, snapshot.now)
        wave = plan_wave(members, wave_terms(policy, target.revisions))
        target = conclude_wave(target, wave, snapshot.now)
        return PolicyRollout(
            target,
            wave,
            paused=rollout_terms(policy.spec).paused,
            unread=self._rollouts.unread(users) if target.revision.state is RevisionState.TARGET else 0,
            rekey_until=self._rollouts.rekey_until(key.namespace, wave.moving)
            if not target.revision.continued
            else None,
        )

    def _go_on(self, key: ObjectKey, snapshot: PolicySnapshot) -> PassResult:
        """Let those move whose turn it is, and have all looked at for whom something has ended."""
        rollout = snapshot.rollout
        if rollout is None or rollout.wave is None:
            self._rollouts.forget(key)
            return PassResult(None)
        state, before = rollout.target.revision.state, snapshot.previous.revisions
        known = find_revision(before, rollout.target.revision.hash)
        if state is not RevisionState.TARGET:
            self._rollouts.forget(key)
            if known is None or known.state is not state:
                users = self._reader.users_of_policy(key.namespace, key.name)
                if state is RevisionState.CURRENT:
                    # To those who hold the values nothing has happened.
                    values = rollout.target.revision.hash
                    at_rest = set(self._reader.holders_of_policy(key.namespace, key.name, values))
                    users = (user for user in users if user not in at_rest)
                self._enqueue(Look(user, Priority.ROLLOUT) for user in users)
            return PassResult(None)
        names = rollout.wave.next if not rollout.unread else ()
        holders = frozenset(ObjectKey(CONNECTION, key.namespace, name) for name in names)
        grants = Grants(rollout.target.revision.hash, holders)
        fresh = self._rollouts.grant(key, grants)
        if known is None or (known.state, known.since) != (state, rollout.target.revision.since):
            # Those who have to wait say so.
            self._enqueue(
                Look(user, Priority.ROLLOUT) for user in self._reader.users_of_policy(key.namespace, key.name)
            )
        self._enqueue(Look(holder, Priority.ROLLOUT) for holder in sorted(fresh))
        if rollout.unread:
            return PassResult(UNREAD_RETRY_SECONDS)
        opens = rollout.wave.opens
        opens_in = (opens - snapshot.now).total_seconds() if opens is not None else SAFETY_LOOK_SECONDS
        return PassResult(min(opens_in, SAFETY_LOOK_SECONDS))

    async def _report(self, key: ObjectKey, record: PolicyRecord, snapshot: PolicySnapshot) -> PassResult | None:
        """Store the status if it is another one; a result if the pass ends here."""
        status = build_policy_status(snapshot)
        if status == snapshot.previous:
            return None
        notes = _announce(snapshot, {condition.reason: condition.message for condition in status.conditions})
        if notes:
            await self._events.record(record.reference, notes)
        written = await self._objects.write_status(
            POLICY, key.namespace, key.name, snapshot.metadata.resource_version, status.wire()
        )
        return self._take(key, written)

    def _record(self, key: ObjectKey) -> PolicyRecord | None:
        found = self._store.get(key)
        return found if isinstance(found, PolicyRecord) else None

    def _gather(self, key: ObjectKey, record: PolicyRecord) -> PolicySnapshot:
        place, subject = (key.namespace, key.name), record.subject
        values = canonical_policy(subject.spec).hash if isinstance(subject, IpsecPolicy) else None
        return PolicySnapshot(
            now=self._clock.now(),
            metadata=record.metadata,
            subject=subject,
            previous=record.status,
            users=PolicyUsers(
                count=self._reader.count_users_of_policy(*place),
                first_names=tuple(user.name for user in self._reader.first_users_of_policy(*place, NAMES_SHOWN)),
                updated=self._reader.count_holders_of_policy(*place, values) if values is not None else 0,
            ),
        )

    def _take(self, key: ObjectKey, written: Written | Fault) -> PassResult | None:
        """Keep what was written; a result if the pass ends here."""
        if isinstance(written, Fault):
            log.warning("could not write to the API server", extra={"fault": str(written), "object": str(key)})
            return PassResult(written.retry_after or API_SERVER_RETRY_SECONDS, failed=True)
        if written.document is None:
            return PassResult(CONFLICT_RETRY_SECONDS if written.result is StatusWrite.CONFLICT else None)
        change = self._store.put(POLICY, written.document)
        self._enqueue(look for look in looks_after(change, self._reader) if look.key != key)
        return None


def _announce(snapshot: PolicySnapshot, now: dict[str, str]) -> list[EventNote]:
    """What went wrong, and how a rollout begins and ends, when it does."""
    before = {condition.reason for condition in snapshot.previous.conditions}
    told = [*_WARNINGS, *_NEWS] if before & _OF_ROLLOUTS else _WARNINGS
    return [
        EventNote(warning=reason in _WARNINGS, reason=reason, action="Reconcile", note=now[reason][:1000])
        for reason in told
        if reason in now and reason not in before
    ]
