"""One pass over an IpsecPolicy. No call to Azure is possible here: a policy acts only through the connections that name it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.finalizers import POLICY_FINALIZER
from azure_vpn_operator.domain.reporting.policy import (
    PolicySnapshot,
    PolicyUser,
    build_policy_status,
    wanted_finalizers,
)
from azure_vpn_operator.ports import EventsPort, ObjectsPort, StatusWrite, Written
from azure_vpn_operator.reconcile.pass_result import API_SERVER_RETRY_SECONDS, CONFLICT_RETRY_SECONDS, PassResult
from azure_vpn_operator.reconcile.reading import POLICY, Reader, stored_connection_status, stored_policy_status
from azure_vpn_operator.reconcile.triggers import Look, looks_after
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore

log = logging.getLogger(__name__)


class PolicyReconciler:
    """The passes over IpsecPolicies."""

    def __init__(
        self,
        *,
        store: ObjectStore,
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
        document = self._store.get(key)
        if document is None:
            self._reader.forget(key)
            return PassResult(None)
        snapshot = self._gather(key, document)
        finalizers = wanted_finalizers(snapshot)
        if finalizers is not None:
            written = await self._objects.write_finalizers(
                POLICY, key.namespace, key.name, snapshot.metadata.resource_version, finalizers
            )
            if (ended := self._take(key, written)) is not None:
                return ended
            if POLICY_FINALIZER not in finalizers and snapshot.metadata.deletion_timestamp is not None:
                return PassResult(None)
            document = self._store.get(key) or document
            snapshot = replace(snapshot, metadata=self._reader.policy(document).metadata)
        return await self._report(key, document, snapshot)

    async def _report(self, key: ObjectKey, document: Document, snapshot: PolicySnapshot) -> PassResult:
        status = build_policy_status(snapshot)
        if status == snapshot.previous:
            return PassResult(None)
        notes = _announce(snapshot, {condition.reason: condition.message for condition in status.conditions})
        if notes:
            await self._events.record(document, notes)
        written = await self._objects.write_status(
            POLICY, key.namespace, key.name, snapshot.metadata.resource_version, status.wire()
        )
        return self._take(key, written) or PassResult(None)

    def _gather(self, key: ObjectKey, document: Document) -> PolicySnapshot:
        subject = self._reader.policy(document)
        users = []
        for user in self._reader.users_of_policy(key.namespace, key.name):
            stored = self._store.get(user)
            status = stored_connection_status(stored) if stored is not None else None
            synced = status is not None and any(c.type == "Synced" and c.status == "True" for c in status.conditions)
            held = status.policy.hash if status is not None and status.policy is not None and synced else None
            users.append(PolicyUser(user.name, held))
        return PolicySnapshot(
            now=self._clock.now(),
            metadata=subject.metadata,
            subject=subject,
            previous=stored_policy_status(document),
            users=tuple(users),
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
