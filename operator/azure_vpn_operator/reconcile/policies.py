"""One pass over an IpsecPolicy. No call to Azure is possible here: a policy acts only through the connections that name it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.finalizers import POLICY_FINALIZER
from azure_vpn_operator.domain.reporting.policy import (
    NAMES_SHOWN,
    PolicySnapshot,
    PolicyUsers,
    build_policy_status,
    wanted_finalizers,
)
from azure_vpn_operator.ports import EventsPort, ObjectsPort, StatusWrite, Written
from azure_vpn_operator.reconcile.pass_result import API_SERVER_RETRY_SECONDS, CONFLICT_RETRY_SECONDS, PassResult
from azure_vpn_operator.reconcile.reading import POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import PolicyRecord
from azure_vpn_operator.reconcile.triggers import Look, looks_after
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey

log = logging.getLogger(__name__)


class PolicyReconciler:
    """The passes over IpsecPolicies."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        objects: ObjectsPort,
        events: EventsPort,
        clock: Clock,
        enqueue: Callable[[Iterable[Look]], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._objects = objects
        self._events = events
        self._clock = clock
        self._enqueue = enqueue

    async def reconcile(self, key: ObjectKey) -> PassResult:
        """Do one pass: the finalizer first, since it guards the policy, then the status."""
        record = self._record(key)
        if record is None:
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
        return await self._report(key, record, snapshot)

    async def _report(self, key: ObjectKey, record: PolicyRecord, snapshot: PolicySnapshot) -> PassResult:
        status = build_policy_status(snapshot)
        if status == snapshot.previous:
            return PassResult(None)
        notes = _announce(snapshot, {condition.reason: condition.message for condition in status.conditions})
        if notes:
            await self._events.record(record.reference, notes)
        written = await self._objects.write_status(
            POLICY, key.namespace, key.name, snapshot.metadata.resource_version, status.wire()
        )
        return self._take(key, written) or PassResult(None)

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
    """Only what went wrong is an Event, when it begins."""
    before = {condition.reason for condition in snapshot.previous.conditions}
    return [
        EventNote(warning=True, reason=reason, action="Reconcile", note=now[reason][:1000])
        for reason in (Reason.INVALID_SPEC, Reason.DELETION_WAITS_FOR_REFERENCES)
        if reason in now and reason not in before
    ]
