"""From the planned halves of a unit to writes that were sent: gateways first, then what a crash must not forget, then the calls."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from azure_vpn_operator.domain.keys.records import needs_intent
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Delete, LetGo, PatchTags, Put, Reset, SetKey, Step, Wait
from azure_vpn_operator.domain.passes.verdicts import IN_LINE_SECONDS, Accepted, Outcome, judge_before
from azure_vpn_operator.domain.planning.pair_stages import with_stage
from azure_vpn_operator.domain.planning.pairs import hold_back
from azure_vpn_operator.domain.planning.resets import settle_answer
from azure_vpn_operator.domain.reporting.halves import HalfReport
from azure_vpn_operator.domain.reporting.status import build_status
from azure_vpn_operator.domain.rollout.beginning import begin
from azure_vpn_operator.domain.rollout.record import needs_record
from azure_vpn_operator.domain.rollout.window_gate import hold_outside_windows, waits_for_window
from azure_vpn_operator.reconcile.disruptions import Disruptions, NoPlace
from azure_vpn_operator.reconcile.facts.gather import Gatherer, mark_of
from azure_vpn_operator.reconcile.halves import HalfInPass, halves_of, line_priority, stage_of, tags_sent_by
from azure_vpn_operator.reconcile.memory import HalfKey
from azure_vpn_operator.reconcile.pass_result import PassResult
from azure_vpn_operator.reconcile.reading import Reader, Store
from azure_vpn_operator.reconcile.turns import Turns
from azure_vpn_operator.reconcile.writes.azure_writer import Order, Writer
from azure_vpn_operator.reconcile.writes.object_writer import ObjectWriter
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority


class Sender:
    """Sends what a pass has decided."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        gatherer: Gatherer,
        turns: Turns,
        disruptions: Disruptions,
        writer: Writer,
        objects: ObjectWriter,
    ) -> None:
        self._store = store
        self._reader = reader
        self._gatherer = gatherer
        self._turns = turns
        self._disruptions = disruptions
        self._writer = writer
        self._object_writer = objects

    def hold_outside_windows(self, unit: Sequence[ObjectKey], halves: list[HalfInPass]) -> list[HalfInPass]:
        """The halves with what they may do now: no tunnel that is up is taken down outside of a change window.

        Who waits for one stands nowhere else.
        """
        steps = hold_outside_windows([(half.snapshot, half.step) for half in halves])
        held = [replace(half, step=step) for half, step in zip(halves, steps, strict=True)]
        if any(waits_for_window(half.step) for half in held):
            self._disruptions.leave(unit[0])
        return held

    def hold_without_place(
        self, unit: Sequence[ObjectKey], halves: list[HalfInPass], priority: Priority
    ) -> list[HalfInPass]:
        """The halves with what they may do now: no tunnel is taken down without a place among those that may be down."""
        begins = any(begin([(half.snapshot, half.step) for half in halves_of(key, halves)]) is not None for key in unit)
        if not begins:
            return halves
        held = self._disruptions.enter(unit, line_priority(halves, priority))
        if held is None:
            return halves
        self._turns.note_planned(unit[0], {half.key: half.mark for half in halves})
        return [replace(half, step=_wait_for_place(half.step, held)) for half in halves]

    async def send(
        self, holder: ObjectKey, halves: list[HalfInPass], priority: Priority
    ) -> "list[HalfInPass] | PassResult":
        """Send the writes of the unit, in order; each half comes back with its outcome."""
        writers = [half for half in halves if half.writes]
        if not writers:
            self._writer.nothing_to_write(holder, [half.key for half in halves])
            # The next one need not wait until this one has told its status.
            self._writer.give_back(holder, {half.key: half.memory for half in halves})
            return halves
        if any(self.is_outdated(half.key.object, half.snapshot) for half in halves):
            # The newer version is looked at in the next pass, which is due already.
            return PassResult(0.0)
        unit = [half.snapshot for half in halves]
        if not self._writer.may_write(holder, unit):
            # The access rules have changed since this pass began: the next one will say so.
            return PassResult(0.0)
        orders = _orders(halves)
        together = not any(isinstance(half.step, Delete | LetGo) for half in writers)
        batches = [orders] if together else [[order] for order in orders]
        outcomes: dict[HalfKey, Outcome] = {}
        for batch in batches:
            stopped = await self._writer.reserve(holder, batch, unit, line_priority(writers, priority))
            if stopped is not None:
                outcomes |= {order.key: stopped for order in batch}
                continue
            foretold = await self._foretell(halves)
            if isinstance(foretold, PassResult):
                return foretold
            halves = foretold
            sending = {order.key for order in batch}
            for half in halves:
                if half.key in sending:
                    half.memory.sent_tags |= tags_sent_by(half.snapshot, half.step)
            answers = await self._writer.send(
                holder, [order for order in _orders(halves) if order.key in sending], unit
            )
            if answers[0] is None:
                return PassResult(0.0)
            outcomes |= {order.key: answer for order, answer in zip(batch, answers, strict=True)}
        if self._writer.waits(holder):
            self._turns.note_planned(holder, {half.key: half.mark for half in halves})
        done = []
        for half in halves:
            outcome = outcomes.get(half.key)
            step = hold_back(half.step) if half.key in outcomes and outcome is None else half.step
            snapshot, step, outcome = settle_answer(half.snapshot, step, outcome)
            done.append(replace(half, snapshot=snapshot, step=step, outcome=outcome))
        return done

    def is_outdated(self, key: ObjectKey, snapshot: Snapshot) -> bool:
        """Whether object or policy has changed while this pass was reading, or somebody has asked it to wait."""
        document = self._store.get(key)
        if document is None:
            return True
        now = self._reader.connection(document).metadata
        policy = self._gatherer.look_up_policy(key, snapshot.subject)
        return mark_of(now, policy) != mark_of(snapshot.metadata, snapshot.policy)

    async def _foretell(self, halves: list[HalfInPass]) -> "list[HalfInPass] | PassResult":
        """Store what a crash must not make us forget before the first call.

        That is which key is about to be written, that it was asked for, that a reset was, and what a change that takes the tunnel
        down replaces.
        """
        told = halves
        stage = stage_of([replace(half, outcome=Accepted(0.0)) if half.writes else half for half in halves])
        for key in sorted({half.key.object for half in halves if half.writes}):
            own = halves_of(key, halves)
            steps = [(half.snapshot, half.step) for half in own]
            resets = any(isinstance(half.step, Reset) for half in own)
            if not (resets or any(needs_intent(*item) for item in steps) or needs_record(steps)):
                continue
            reports = [
                HalfReport(half.snapshot, half.step, with_stage(judge_before(half.snapshot, half.step), stage))
                for half in own
            ]
            forward = reports[0]
            status = build_status(
                forward.snapshot, forward.step, forward.summary, reports[1] if len(reports) > 1 else None
            )
            version = forward.snapshot.metadata.resource_version
            if (ended := await self._object_writer.write_status(key, version, status)) is not None:
                return ended
            document = self._store.get(key)
            if document is None:
                return PassResult(0.0)
            for half in own:
                half.memory.untold = None
                if needs_intent(half.snapshot, half.step):
                    half.memory.key.forget()
            changed = {"resource_version": self._reader.connection(document).metadata.resource_version}
            told = [
                replace(
                    half,
                    snapshot=replace(
                        half.snapshot, metadata=half.snapshot.metadata.model_copy(update=changed), previous=status
                    ),
                )
                if half.key.object == key
                else half
                for half in told
            ]
        return told


def _wait_for_place(step: Step, held: NoPlace) -> Step:
    if isinstance(step, SetKey) or (isinstance(step, Put) and not step.creating):
        return Wait(held.reason, held.message, IN_LINE_SECONDS, getattr(step, "differences", ()))
    return step


def _orders(halves: Iterable[HalfInPass]) -> list[Order]:
    return [
        Order(half.key, half.snapshot, half.step, half.memory)
        for half in halves
        if isinstance(half.step, Put | PatchTags | SetKey | Reset | Delete | LetGo)
    ]
