"""One pass over a VpnConnection: gather, plan, apply at most one write, summarize, report. One exit, one status write."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.announcements import announce
from azure_vpn_operator.domain.cadence import next_look
from azure_vpn_operator.domain.drift import new_drift
from azure_vpn_operator.domain.faults import Fault, FaultKind
from azure_vpn_operator.domain.finalizers import CONNECTION_FINALIZER
from azure_vpn_operator.domain.planning import plan
from azure_vpn_operator.domain.reporting import build_status
from azure_vpn_operator.domain.snapshot import Snapshot
from azure_vpn_operator.domain.steps import (
    AddFinalizer,
    Delete,
    LetGo,
    PatchTags,
    Put,
    ReleaseFinalizer,
    SetKey,
    Settled,
    Step,
    Wait,
)
from azure_vpn_operator.domain.verdicts import Accepted, Busy, Outcome, Summary, judge
from azure_vpn_operator.ports import EventsPort, ObjectsPort, StatusWrite
from azure_vpn_operator.reconcile.gather import Gatherer, policy_mark
from azure_vpn_operator.reconcile.memory import ConnectionMemory
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader, stored_connection_status
from azure_vpn_operator.reconcile.triggers import keys_to_look_at, own_annotations
from azure_vpn_operator.reconcile.writing import Writer
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)

CONFLICT_RETRY_SECONDS = 0.5
API_SERVER_RETRY_SECONDS = 5.0
PATIENCE_TO_LET_GO = timedelta(minutes=10)
_PASSING = frozenset({FaultKind.BUSY, FaultKind.THROTTLED, FaultKind.UNAVAILABLE, FaultKind.UNREADABLE})


@dataclass(frozen=True, slots=True)
class PassResult:
    """What the queue needs to know. `again_in` None: nothing to do until something happens."""

    again_in: float | None
    failed: bool = False
    settled: bool = False
    """The object is in peace: the next look is no hurry."""


class ConnectionReconciler:
    """The passes over VpnConnections. Any number may run at once, each for another key."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        reader: Reader,
        gatherer: Gatherer,
        writer: Writer,
        objects: ObjectsPort,
        events: EventsPort,
        clock: Clock,
        enqueue: Callable[[Iterable[ObjectKey]], None],
        on_drift: Callable[[str, str], None],
    ) -> None:
        """Take the ports; `on_drift` is told namespace and effect of each drift when it is first seen."""
        self._store = store
        self._reader = reader
        self._gatherer = gatherer
        self._writer = writer
        self._objects = objects
        self._events = events
        self._clock = clock
        self._enqueue = enqueue
        self._on_drift = on_drift
        self._memories: dict[ObjectKey, ConnectionMemory] = {}

    def memory_of(self, key: ObjectKey) -> ConnectionMemory:
        """What this process remembers of the connection."""
        return self._memories.setdefault(key, ConnectionMemory())

    async def reconcile(self, key: ObjectKey, priority: Priority) -> PassResult:
        """Do one pass."""
        document = self._store.get(key)
        if document is None:
            self._forget(key)
            return PassResult(None)
        memory = self.memory_of(key)
        snapshot = await self._gatherer.gather(key, document, memory)
        step = plan(snapshot)
        if isinstance(step, AddFinalizer) or (isinstance(step, ReleaseFinalizer) and not _is_deleting(snapshot)):
            adjusted = await self._adjust_finalizer(key, snapshot, step)
            if isinstance(adjusted, PassResult):
                return adjusted
            snapshot, step = adjusted, plan(adjusted)
        if isinstance(step, ReleaseFinalizer):
            return await self._let_the_object_go(key, snapshot, step)
        log.debug("decided", extra={"step": type(step).__name__, "reason": getattr(step, "reason", None)})
        outcome: Outcome = None
        if isinstance(step, Put | PatchTags | SetKey | Delete | LetGo):
            if self._is_outdated(key, snapshot):
                return PassResult(0.0)
            memory.sent_tags |= _tags_of(snapshot, step)
            outcome = await self._writer.write(key, snapshot, step, memory, priority)
        else:
            self._writer.nothing_to_write(key, snapshot)
        if isinstance(step, LetGo) and not _is_worth_waiting_for(snapshot, outcome):
            return await self._let_the_object_go(key, snapshot, _after_letting_go(outcome))
        summary = judge(snapshot, step, outcome)
        if summary.failed:
            memory.failures += 1
        elif not isinstance(step, Wait) and not isinstance(outcome, Accepted):
            # How a write ends is not known before its operation has ended: until then earlier failures count.
            memory.failures = 0
        if isinstance(step, Put | PatchTags) and isinstance(outcome, Accepted):
            memory.count_accepted_write(self._clock.now())
            memory.sent_tags = _tags_of(snapshot, step)
        elif isinstance(step, Settled):
            memory.forgive()
        return await self._report(key, snapshot, step, outcome, summary)

    def _is_outdated(self, key: ObjectKey, snapshot: Snapshot) -> bool:
        """Whether object or policy has changed while this pass was reading, or somebody has asked it to wait."""
        document = self._store.get(key)
        if document is None:
            return True
        now = self._reader.connection(document).metadata
        same = _wishes(now) == _wishes(snapshot.metadata)
        policy = self._gatherer.look_up_policy(key.namespace, snapshot.subject)
        return not same or policy_mark(policy) != policy_mark(snapshot.policy)

    async def _adjust_finalizer(
        self, key: ObjectKey, snapshot: Snapshot, step: AddFinalizer | ReleaseFinalizer
    ) -> Snapshot | PassResult:
        others = tuple(name for name in snapshot.metadata.finalizers if name != CONNECTION_FINALIZER)
        wanted = (*others, CONNECTION_FINALIZER) if isinstance(step, AddFinalizer) else others
        metadata = snapshot.metadata
        written = await self._objects.write_finalizers(
            CONNECTION, key.namespace, key.name, metadata.resource_version, wanted
        )
        if isinstance(written, Fault):
            return self._api_server_failed(key, written)
        if written.document is None:
            return PassResult(CONFLICT_RETRY_SECONDS if written.result is StatusWrite.CONFLICT else None)
        self._take(key, written.document)
        return replace(snapshot, metadata=self._reader.connection(written.document).metadata)

    async def _let_the_object_go(self, key: ObjectKey, snapshot: Snapshot, step: ReleaseFinalizer) -> PassResult:
        status = snapshot.previous
        notes = announce(snapshot, step, None, status)
        document = self._store.get(key)
        if document is not None and notes:
            await self._events.record(document, notes)
        adjusted = await self._adjust_finalizer(key, snapshot, step)
        if isinstance(adjusted, PassResult):
            return adjusted
        log.info("released the object", extra={"reason": step.reason, "note": step.note})
        self._writer.forget(key)
        return PassResult(None)

    async def _report(
        self, key: ObjectKey, snapshot: Snapshot, step: Step, outcome: Outcome, summary: Summary
    ) -> PassResult:
        status = build_status(snapshot, step, summary)
        again_in = next_look(snapshot, summary, status)
        notes = announce(snapshot, step, outcome, status)
        if (effect := new_drift(snapshot, step, outcome)) is not None:
            self._on_drift(key.namespace, effect.value)
        document = self._store.get(key)
        if document is None:
            return PassResult(0.0)
        if notes:
            await self._events.record(document, notes)
        if status == stored_connection_status(document):
            return PassResult(again_in, failed=summary.failed, settled=summary.ready)
        problem = await self._write_status(key, snapshot.metadata.resource_version, status)
        return problem or PassResult(again_in, failed=summary.failed, settled=summary.ready)

    async def _write_status(self, key: ObjectKey, version: str, status: VpnConnectionStatus) -> PassResult | None:
        written = await self._objects.write_status(CONNECTION, key.namespace, key.name, version, status.wire())
        if isinstance(written, Fault):
            return self._api_server_failed(key, written)
        match written.result:
            case StatusWrite.WRITTEN:
                if written.document is not None:
                    self._take(key, written.document)
                return None
            case StatusWrite.CONFLICT:
                return PassResult(CONFLICT_RETRY_SECONDS)
            case StatusWrite.GONE:
                return PassResult(None)

    def _take(self, key: ObjectKey, document: Document) -> None:
        """Our own write is known at once, and wakes only others: this pass has already acted on it."""
        change = self._store.put(CONNECTION, document)
        self._enqueue(other for other in keys_to_look_at(change, self._reader) if other != key)

    def _api_server_failed(self, key: ObjectKey, fault: Fault) -> PassResult:
        level = logging.ERROR if fault.kind is FaultKind.FORBIDDEN else logging.WARNING
        log.log(level, "could not write to the API server", extra={"fault": str(fault), "object": str(key)})
        return PassResult(fault.retry_after or API_SERVER_RETRY_SECONDS, failed=True)

    def _forget(self, key: ObjectKey) -> None:
        self._memories.pop(key, None)
        self._reader.forget(key)
        self._writer.forget(key)


def _wishes(metadata: ObjectMeta) -> tuple[object, ...]:
    return metadata.uid, metadata.generation, metadata.deletion_timestamp, own_annotations(metadata.annotations)


def _tags_of(snapshot: Snapshot, step: Step) -> frozenset[str]:
    """Names of the spec's tags that the step sends."""
    if isinstance(step, Put | PatchTags) and isinstance(snapshot.subject, VpnConnection):
        return frozenset(snapshot.subject.spec.tags)
    return frozenset()


def _is_deleting(snapshot: Snapshot) -> bool:
    return snapshot.metadata.deletion_timestamp is not None


def _is_worth_waiting_for(snapshot: Snapshot, outcome: Outcome) -> bool:
    """Whether the owner tag may go if we try again soon. Letting go must always work: so only for some minutes."""
    deleted = snapshot.metadata.deletion_timestamp
    if deleted is None or snapshot.now - deleted > PATIENCE_TO_LET_GO:
        return False
    return isinstance(outcome, Busy) or (isinstance(outcome, Fault) and outcome.kind in _PASSING)


def _after_letting_go(outcome: Outcome) -> ReleaseFinalizer:
    if isinstance(outcome, Accepted):
        return ReleaseFinalizer(Reason.RETAINED, "the connection stays in Azure; our owner tag is removed")
    return ReleaseFinalizer(Reason.RETAINED, "the connection stays in Azure; its owner tag could not be removed")
