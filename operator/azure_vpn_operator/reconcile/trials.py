"""How the changes of a unit stand: judged together, with the gateway's other connections as the control group."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.tunnel_change import ChangeState, TunnelChange
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.rollout.change import conclude, judge, stand
from azure_vpn_operator.domain.rollout.evidence import Judgement, Verdict, combine_judgements
from azure_vpn_operator.domain.rollout.gateway_event import Neighbour, find_end, new_deadline
from azure_vpn_operator.domain.rollout.terms import Terms, terms_of
from azure_vpn_operator.reconcile.memory import HalfKey, Memories
from azure_vpn_operator.reconcile.reading import Reader
from azure_vpn_operator.reconcile.records import ConnectionRecord
from azure_vpn_operator.reconcile.triggers import Look
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

NEIGHBOURS_ASKED: Final = 20
"""So many connections of a gateway are enough to tell whether it is the gateway."""
_FRESH_LOOK_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Object:
    key: ObjectKey
    halves: list[tuple[HalfKey, Snapshot]]
    view: ChangeView

    @property
    def snapshots(self) -> list[Snapshot]:
        return [snapshot for _, snapshot in self.halves]

    @property
    def first(self) -> Snapshot:
        return self.halves[0][1]

    @property
    def terms(self) -> Terms:
        subject = self.first.subject
        if not isinstance(subject, VpnConnection):
            raise ValueError("a change under way belongs to a valid object")
        return terms_of(subject.spec, self.first.installation)


class Trials:
    """Judges the changes that have to prove themselves."""

    def __init__(self, reader: Reader, memories: Memories, enqueue: Callable[[Iterable[Look]], None]) -> None:
        self._reader = reader
        self._memories = memories
        self._enqueue = enqueue
        self._asked: dict[ObjectKey, datetime] = {}
        """For which change the neighbours have been read anew."""

    def judge(self, unit: Sequence[ObjectKey], halves: Sequence[tuple[HalfKey, Snapshot]]) -> list[Snapshot]:
        """The same halves, in the same order, each with how its object's change stands now."""
        if all(snapshot.previous.change is None for _, snapshot in halves):
            return [
                replace(snapshot, change_view=ChangeView(None, snapshot.previous.last_known_good))
                for _, snapshot in halves
            ]
        objects = [_object(key, halves) for key in unit]
        judgements = [
            part
            for item in objects
            if isinstance(item.first.subject, VpnConnection)
            for part in judge(item.snapshots, item.view, item.terms)
        ]
        if judgements:
            verdict = combine_judgements(judgements)
            objects = [self._conclude(unit, item, verdict) for item in objects]
        moving = {item.key for item in objects if item.view.change is not None or item.view.unfinished is not None}
        views = {item.key: replace(item.view, shared=bool(moving - {item.key})) for item in objects}
        return [replace(snapshot, change_view=views[half.object]) for half, snapshot in halves]

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._asked.pop(key, None)

    def _conclude(self, unit: Sequence[ObjectKey], item: _Object, verdict: Judgement) -> _Object:
        change = item.view.change
        if change is None or change.state not in {ChangeState.CONFIRMING, ChangeState.PROVISIONAL}:
            return item
        if verdict.verdict is Verdict.FAILED:
            later = self._give_time(unit, item, change, verdict)
            if later is not None:
                return replace(item, view=later)
        return replace(item, view=conclude(item.first, item.view, verdict, item.terms))

    def _give_time(
        self, unit: Sequence[ObjectKey], item: _Object, change: TunnelChange, verdict: Judgement
    ) -> ChangeView | None:
        """The view of a change that may not be to blame; None if it is."""
        gateways = item.first.target.gateway_ids if isinstance(item.first.target, Target) else frozenset()
        around = [
            (key, record)
            for gateway in sorted(gateways)
            for key in self._reader.first_at_gateway(gateway, NEIGHBOURS_ASKED)
            if key not in unit and (record := self._reader.record(key)) is not None and record.status.change is None
        ]
        if self._asked.get(item.key) != change.start_time:
            self._asked[item.key] = change.start_time
            stale = [key for key, _ in around if self._is_stale(key, verdict.down_since)]
            if stale:
                self._enqueue(Look(key, Priority.DRIFT) for key in stale)
                return replace(item.view, look_in=_FRESH_LOOK_SECONDS, text=verdict.text)
        now = item.first.now
        neighbours = [found for _, record in around if (found := _neighbour(record)) is not None]
        over = find_end(change, neighbours, now)
        if over is None:
            return None
        left = new_deadline(change, over, timedelta(seconds=item.terms.within_seconds)) - now
        if left <= timedelta(0):
            return None
        look_in = min(left.total_seconds(), item.first.cadence.recent)
        return replace(item.view, look_in=look_in, text=verdict.text, gateway_event=True)

    def _is_stale(self, key: ObjectKey, down_since: datetime | None) -> bool:
        times = [memory.last_read for memory in self._memories.of_object(key).values()]
        return down_since is not None and any(read is None or read < down_since for read in times)


def _object(key: ObjectKey, halves: Sequence[tuple[HalfKey, Snapshot]]) -> _Object:
    own = [(half, snapshot) for half, snapshot in halves if half.object == key]
    return _Object(key, own, stand([snapshot for _, snapshot in own]))


def _neighbour(record: ConnectionRecord) -> Neighbour | None:
    connected = record.condition("Connected")
    if connected is None or connected.status == "Unknown":
        return None
    return Neighbour(connected.status == "True", connected.last_transition_time)
