"""One pass: gather, plan, apply at most one write per half, summarize, report. One exit, one status write per object.

A pass is about a unit: one connection, the two halves that one object owns, or two objects whose halves make one tunnel.
"""

import logging
from collections import ChainMap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.keys.records import writes_key
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, Snapshot
from azure_vpn_operator.domain.passes.steps import (
    AddFinalizer,
    Hold,
    LetGo,
    PatchTags,
    Planned,
    Put,
    Refuse,
    ReleaseFinalizer,
    Reset,
    SetKey,
    Settled,
    Step,
    Wait,
)
from azure_vpn_operator.domain.passes.verdicts import Accepted, Outcome, judge
from azure_vpn_operator.domain.planning.drift import new_drift
from azure_vpn_operator.domain.planning.pair_stages import Stage, with_stage
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.planning.preview import only_planned
from azure_vpn_operator.domain.planning.resets import view_reset
from azure_vpn_operator.domain.reporting.announcements import announce, announce_write
from azure_vpn_operator.domain.reporting.cadence import next_look
from azure_vpn_operator.domain.reporting.flaps import count_flaps
from azure_vpn_operator.domain.reporting.halves import HalfReport, combine
from azure_vpn_operator.domain.reporting.status import build_status
from azure_vpn_operator.domain.rollout.change import verdict_in
from azure_vpn_operator.domain.rollout.overlay import under_trial
from azure_vpn_operator.domain.rollout.window_gate import waits_for_window
from azure_vpn_operator.ports import AnyVersion, EventsPort
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.facts.gather import Gatherer, mark_of
from azure_vpn_operator.reconcile.facts.keys import KeyLanes
from azure_vpn_operator.reconcile.halves import (
    HalfInPass,
    coordinated,
    halves_of,
    is_deleting,
    stage_of,
    stand_on_lists,
    tags_sent_by,
    with_resets,
)
from azure_vpn_operator.reconcile.letting_go import after_letting_go, is_worth_waiting_for
from azure_vpn_operator.reconcile.memory import ConnectionMemory, HalfKey, Memories
from azure_vpn_operator.reconcile.pass_result import PassResult, combine_results
from azure_vpn_operator.reconcile.reading import Reader, Store, stored_connection_status
from azure_vpn_operator.reconcile.sending import Sender
from azure_vpn_operator.reconcile.timed_reads import knowledge_after
from azure_vpn_operator.reconcile.trials import Trials
from azure_vpn_operator.reconcile.triggers import Look
from azure_vpn_operator.reconcile.turns import Turns
from azure_vpn_operator.reconcile.writes.azure_writer import Writer
from azure_vpn_operator.reconcile.writes.object_writer import ObjectWriter
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.exclusion import Exclusion
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)

TURN_RETRY_SECONDS = 1.0


class ConnectionReconciler:
    """The passes over VpnConnections. Any number may run at once, each for another key."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        gatherer: Gatherer,
        turns: Turns,
        trials: Trials,
        disruptions: Disruptions,
        sender: Sender,
        writer: Writer,
        objects: ObjectWriter,
        events: EventsPort,
        memories: Memories,
        clock: Clock,
        enqueue: Callable[[Iterable[Look]], None],
        on_drift: Callable[[str, str], None],
        on_verdict: Callable[[str, str], None],
    ) -> None:
        """Take the ports; `on_drift` is told namespace and effect of each drift when it is first seen.

        `on_verdict` is told namespace and verdict of each change that took a tunnel down, once that is stored.
        """
        self._store = store
        self._reader = reader
        self._gatherer = gatherer
        self._turns = turns
        self._trials = trials
        self._disruptions = disruptions
        self._sender = sender
        self._writer = writer
        self._object_writer = objects
        self._memories = memories
        self._events = events
        self._clock = clock
        self._enqueue = enqueue
        self._on_drift = on_drift
        self._on_verdict = on_verdict
        self._lanes = KeyLanes()
        self._exclusion = Exclusion()

    async def reconcile(self, key: ObjectKey, priority: Priority) -> PassResult:
        """Do one pass over the unit that the object belongs to."""
        unit = self._reader.unit_of(key)
        if key != unit[0]:
            # A pair is one key in the queue.
            self._disruptions.leave(key)
            self._enqueue([Look(unit[0], priority)])
            return PassResult(None)
        # The other half may still be in a pass of its own, from before it had a partner: what that one sends is not known yet.
        async with self._exclusion.hold(unit):
            if self._store.get(key) is None:
                self._forget(key)
                return PassResult(None)
            if self._reader.unit_of(key) != unit:
                return PassResult(0.0)
            self._writer.join(key, [half for member in unit for half in self._memories.of_object(member)], unit)
            waiting = await self._turns.wait(unit, priority)
            if waiting is not None:
                return waiting
            try:
                return await self._pass(unit, priority)
            finally:
                halves = [self._memories.of_object(member) for member in unit]
                self._writer.give_back(key, dict(ChainMap(*halves)))
                if not (self._writer.waits(key) or self._disruptions.waits(key)):
                    self._disruptions.leave(key)

    async def preview(self, key: ObjectKey) -> "Sequence[HalfInPass] | PassResult":
        """What a pass over the object's unit would do now: the same reads and the same decision, and no write to Azure.

        A change that would wait for its window says so. A PassResult: something is missing, or has changed meanwhile.
        """
        unit = self._reader.unit_of(key)
        halves = await self._prepare_unit(unit, from_list=False)
        if isinstance(halves, PassResult):
            return halves
        return with_resets(self._sender.hold_outside_windows(unit, halves))

    async def _pass(self, unit: Sequence[ObjectKey], priority: Priority) -> PassResult:
        halves = await self._prepare_unit(unit, from_list=priority is Priority.RESYNC)
        if isinstance(halves, PassResult):
            return halves
        self._wake_those_ahead(halves)
        halves = self._sender.hold_outside_windows(unit, halves)
        halves = with_resets(self._sender.hold_without_place(unit, halves, priority))
        try:
            if not self._may_rotate(unit[0], halves):
                return PassResult(TURN_RETRY_SECONDS)
            sent = await self._sender.send(unit[0], halves, priority)
            if isinstance(sent, PassResult):
                return sent
            stage = stage_of(sent)
            return combine_results([await self._conclude(member, halves_of(member, sent), stage) for member in unit])
        finally:
            self._lanes.leave(unit[0])

    async def _prepare_unit(self, unit: Sequence[ObjectKey], *, from_list: bool) -> "list[HalfInPass] | PassResult":
        """Gather and plan all halves together; what was seen in a list only is read by a GET before anything is done about it."""
        gathered: list[tuple[HalfKey, Snapshot]] = []
        for member in unit:
            found = await self._gather(member, from_list=from_list)
            if isinstance(found, PassResult):
                return found
            gathered += found
        judged = self._trials.judge(unit, gathered)
        snapshots = [replace(snapshot, reset=view_reset(snapshot)) for snapshot in judged]
        read = [(half, snapshot) for (half, _), snapshot in zip(gathered, snapshots, strict=True)]
        halves: list[HalfInPass] = []
        for member in unit:
            planned = await self._plan(member, [item for item in read if item[0].object == member])
            if isinstance(planned, PassResult):
                return planned
            halves += planned
        halves = [replace(half, step=under_trial(half.snapshot, half.step)) for half in coordinated(halves)]
        halves = [replace(half, step=only_planned(half.snapshot, half.step)) for half in halves]
        return halves if stand_on_lists(halves) else await self._prepare_unit(unit, from_list=False)

    async def _gather(self, key: ObjectKey, *, from_list: bool) -> list[tuple[HalfKey, Snapshot]] | PassResult:
        """Read everything about the object's halves."""
        document = self._reader.record(key)
        if document is None:
            return PassResult(0.0)
        found = []
        for role in self._reader.halves_of(document):
            half_key = HalfKey(key, role)
            memory = self._memories.of(half_key)
            snapshot = await self._gatherer.gather(half_key, document, memory, from_list=from_list)
            if snapshot.denial is not None:
                self._writer.abandon(half_key)
            found.append((half_key, snapshot))
        return found

    async def _plan(
        self, key: ObjectKey, gathered: Sequence[tuple[HalfKey, Snapshot]]
    ) -> "list[HalfInPass] | PassResult":
        """Plan the object's halves, each by itself, with the object's finalizer put right first."""
        document = self._reader.record(key)
        if document is None:
            return PassResult(0.0)
        halves = []
        for half_key, snapshot in gathered:
            step = plan(snapshot)
            log.debug("decided", extra={"step": type(step).__name__, "reason": getattr(step, "reason", None)})
            halves.append(HalfInPass(half_key, snapshot, step, self._memories.of(half_key)))
        adding = any(isinstance(half.step, AddFinalizer) for half in halves)
        releasing = all(isinstance(half.step, ReleaseFinalizer) for half in halves) and not is_deleting(halves[0])
        if not (adding or releasing):
            return halves
        adjusted = await self._object_writer.set_finalizer(key, self._reader.record(key) or document, present=adding)
        if isinstance(adjusted, PassResult):
            return adjusted
        metadata = self._reader.connection(adjusted).metadata
        planned = []
        for half in halves:
            snapshot = replace(half.snapshot, metadata=metadata)
            planned.append(replace(half, snapshot=snapshot, step=plan(snapshot)))
        return planned

    def _may_rotate(self, holder: ObjectKey, halves: Sequence[HalfInPass]) -> bool:
        """Whether it is still this unit's turn to get the Secret's new key. What was decided may be older than the store."""
        rotating = [
            (half, half.snapshot.subject.spec.shared_key_secret_ref.name)
            for half in halves
            if isinstance(half.step, SetKey)
            and not (half.step.requested or half.step.drift)
            and isinstance(half.snapshot.subject, VpnConnection)
            and half.snapshot.subject.spec.shared_key_secret_ref is not None
        ]
        if not self._lanes.enter(holder, {(half.key.object.namespace, secret) for half, secret in rotating}):
            return False
        return not any(self._gatherer.turn_of(half.key, half.snapshot).reason is not None for half, _ in rotating)

    def _wake_those_ahead(self, halves: Sequence[HalfInPass]) -> None:
        """Have the connection looked at that comes first, if it does not know of the new key yet."""
        for half in halves:
            after = half.snapshot.key_turn.after
            if isinstance(half.step, Hold) and after is not None and half.step.reason is half.snapshot.key_turn.reason:
                first = ObjectKey(half.key.object.kind, half.key.object.namespace, after)
                if self._reader.is_ready(first):
                    self._enqueue([Look(first, Priority.ROLLOUT)])

    async def _conclude(self, key: ObjectKey, halves: Sequence[HalfInPass], stage: Stage | None) -> PassResult:
        """End the pass over one object: let it go, or write its status."""
        if all(isinstance(half.step, ReleaseFinalizer | LetGo) for half in halves) and not any(
            isinstance(half.step, LetGo) and is_worth_waiting_for(half.snapshot, half.outcome) for half in halves
        ):
            return await self._let_the_object_go(key, halves)
        reports = []
        for half in halves:
            step = half.step
            if isinstance(step, ReleaseFinalizer):
                # This half is dealt with; the object stays for the other one.
                step = Settled(Reason.DELETING, step.note)
            summary = judge(half.snapshot, step, half.outcome)
            self._remember(half.memory, half.snapshot, step, half.outcome, failed=summary.failed)
            reports.append(HalfReport(half.snapshot, step, with_stage(summary, stage)))
        return await self._report(key, reports, [half.outcome for half in halves])

    def _remember(
        self, memory: ConnectionMemory, snapshot: Snapshot, step: Step, outcome: Outcome, *, failed: bool
    ) -> None:
        if failed:
            memory.failures += 1
        elif not isinstance(step, Wait) and not isinstance(outcome, Accepted):
            # How a write ends is not known before its operation has ended: until then earlier failures count.
            memory.failures = 0
        if isinstance(step, Put | PatchTags) and isinstance(outcome, Accepted):
            memory.count_accepted_write(self._clock.now())
            memory.sent_tags = tags_sent_by(snapshot, step)
        elif isinstance(step, Settled) or getattr(step, "applied_hash", None) is not None:
            memory.forgive()
        if isinstance(step, Settled | Planned | Hold | Refuse) and not waits_for_window(step):
            memory.looked_at = mark_of(snapshot.metadata, snapshot.policy)

    async def _report(self, key: ObjectKey, reports: Sequence[HalfReport], outcomes: Sequence[Outcome]) -> PassResult:
        forward, reverse = reports[0], reports[1] if len(reports) > 1 else None
        snapshot = forward.snapshot
        status = build_status(snapshot, forward.step, forward.summary, reverse)
        summary = combine(forward, reverse) if reverse is not None else forward.summary
        again_in = next_look(snapshot, summary, status)
        notes = announce(snapshot, forward.step, outcomes[0], status)
        if reverse is not None:
            notes += (*reverse.snapshot.reset.news, *announce_write(reverse.step, outcomes[1], reverse.name))
        for report, outcome in zip(reports, outcomes, strict=True):
            if (effect := new_drift(report.snapshot, report.step, outcome)) is not None:
                self._on_drift(key.namespace, effect.value)
        document = self._store.get(key)
        if document is None:
            return PassResult(0.0)
        if notes:
            await self._events.record(document.reference, notes)
        running = any(_runs(report.snapshot, outcome) for report, outcome in zip(reports, outcomes, strict=True))
        result = PassResult(
            again_in,
            failed=summary.failed,
            settled=summary.ready,
            exact=running,
            alarm_in=self._until([report.step for report in reports]),
            knowledge=knowledge_after(key, reports, summary, self._memories),
        )
        ended = None
        before = stored_connection_status(document)
        if status != before:
            version = snapshot.metadata.resource_version
            # That Azure has taken a key is known to nobody else: an edit must not keep it from being stored. So is a reset's end.
            surely = _has_sent_key(reports, outcomes) or any(map(_tells_of_reset, reports))
            told = AnyVersion(snapshot.metadata.uid) if surely else version
            ended = await self._object_writer.write_status(key, told, status)
            if ended is None and told != version and self._sender.is_outdated(key, snapshot):
                # The store has the edit with the answer, so the watch brings no news of it.
                result = PassResult(0.0)
            if ended is None:
                for report in reports:
                    role = report.snapshot.role
                    self._memories.of(HalfKey(key, role)).flaps += count_flaps(before, status, role)
        if ended is None and (verdict := verdict_in(snapshot.change_view)) is not None:
            self._on_verdict(key.namespace, verdict.value)
        for report in reports:
            role = report.snapshot.role
            half = next((half for half in status.halves if half.role is role), None)
            memory = self._memories.of(HalfKey(key, role))
            memory.untold = (snapshot.metadata.uid, half) if ended is not None else None
        return ended or result

    def _until(self, steps: Iterable[Step]) -> float | None:
        """Seconds until what is waited for is there, as far as that is known."""
        times = [step.until for step in steps if isinstance(step, Hold) and step.until is not None]
        return max((min(times) - self._clock.now()).total_seconds(), 0.0) if times else None

    async def _let_the_object_go(self, key: ObjectKey, halves: Sequence[HalfInPass]) -> PassResult:
        document = self._reader.record(key)
        if document is None:
            return PassResult(None)
        steps = [after_letting_go(half.outcome) if isinstance(half.step, LetGo) else half.step for half in halves]
        notes = [note for step in steps for note in announce_write(step, None)]
        if notes:
            await self._events.record(document.reference, notes)
        released = await self._object_writer.set_finalizer(key, document, present=False)
        if isinstance(released, PassResult):
            return released
        log.info("released the object", extra={"note": "; ".join(note.note for note in notes)})
        self._turns.forget(key)
        self._writer.forget(key, [half.key for half in halves])
        return PassResult(None)

    def _forget(self, key: ObjectKey) -> None:
        self._gatherer.random_keys.forget(key)
        self._trials.forget(key)
        self._disruptions.leave(key)
        self._turns.forget(key)
        self._writer.forget(key, self._memories.of_object(key))
        self._memories.forget(key)


def _runs(snapshot: Snapshot, outcome: Outcome) -> bool:
    return isinstance(outcome, Accepted) or isinstance(snapshot.operation, OpenOperation)


def _tells_of_reset(report: HalfReport) -> bool:
    view = report.snapshot.reset
    return isinstance(report.step, Reset) or view.record not in (None, *report.snapshot.previous.resets)


def _has_sent_key(reports: Sequence[HalfReport], outcomes: Sequence[Outcome]) -> bool:
    return any(
        writes_key(report.step) and isinstance(outcome, Accepted)
        for report, outcome in zip(reports, outcomes, strict=True)
    )
