"""How the changes of a unit stand: judged together, with the gateway's other connections as the control group.

The two objects of a pair have a change each, and one fate: the time begins when the last one is in force, what fails takes both back, and
both are tried again or none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState, KnownGood, PolicyValues, TunnelChange
from azure_vpn_operator.api.vpn_connection import OnFailure, VpnConnection
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.pairs.pairing import find_disagreement
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.planning.keys import hold_different_keys
from azure_vpn_operator.domain.rollout.change import conclude, is_asked_again, judge, stand
from azure_vpn_operator.domain.rollout.evidence import Judgement, Verdict, combine_judgements
from azure_vpn_operator.domain.rollout.gateway_event import Neighbour, find_end, new_deadline
from azure_vpn_operator.domain.rollout.settings import wanted_settings
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

    @property
    def on_failure(self) -> OnFailure | None:
        """What the object wants to become of a change that fails; None if it is not valid."""
        return self.terms.on_failure if isinstance(self.first.subject, VpnConnection) else None


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
        objects = _wait_for_all_keys(_stand_together([_object(key, halves) for key in unit]))
        began = _in_force_since(objects)
        judgements = [
            part
            for item in objects
            if isinstance(item.first.subject, VpnConnection)
            for part in judge(item.snapshots, _with_time_from(item.view, began), item.terms)
        ]
        if judgements:
            objects = self._conclude(unit, objects, combine_judgements(judgements))
        views = {
            item.key: _beside(item.view, [other.view for other in objects if other is not item]) for item in objects
        }
        return [replace(snapshot, change_view=views[half.object]) for half, snapshot in halves]

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._asked.pop(key, None)

    def _conclude(self, unit: Sequence[ObjectKey], objects: Sequence[_Object], verdict: Judgement) -> list[_Object]:
        later = None
        if verdict.verdict is Verdict.FAILED:
            extended = [
                self._give_time(unit, item, item.view.change, verdict) for item in objects if _is_confirming(item)
            ]
            later = next((view for view in extended if view is not None), None)
        paused = any(item.on_failure is OnFailure.PAUSE for item in objects)
        concluded = []
        for item in objects:
            if _is_open(item) and (fate := _fate_of_other(item, objects)) is not None:
                view = conclude(item.first, item.view, fate, _terms(item, paused=paused))
            elif later is not None and _is_confirming(item):
                view = replace(item.view, look_in=later.look_in, text=later.text, gateway_event=later.gateway_event)
            elif later is None and _is_open(item):
                view = conclude(item.first, item.view, verdict, _terms(item, paused=paused))
            else:
                view = item.view
            concluded.append(replace(item, view=view))
        return _put_back_alike(concluded)

    def _give_time(
        self, unit: Sequence[ObjectKey], item: _Object, change: TunnelChange | None, verdict: Judgement
    ) -> ChangeView | None:
        """The view of a change that may not be to blame; None if it is."""
        if change is None:
            return None
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


def _beside(view: ChangeView, others: Sequence[ChangeView]) -> ChangeView:
    """The view of an object, with what it means that the other object of the pair is being changed."""
    changes = [change for other in others if (change := other.change or other.unfinished) is not None]
    return replace(view, shared=bool(changes), shared_tunnel=any(change.tunnels for change in changes))


def _stand_together(objects: list[_Object]) -> list[_Object]:
    """The objects, each tried again if another of the unit is: they hold the same policy, or the tunnel stays down."""
    again = {item.key for item in objects if any(_draws_along(other, item) for other in objects if other is not item)}
    return [replace(item, view=stand(item.snapshots, again=True)) if item.key in again else item for item in objects]


def _wait_for_all_keys(objects: list[_Object]) -> list[_Object]:
    """The objects, none with a key in force as long as one half is still to get it.

    Azure's settings do not show a key, and one half alone cannot bring the tunnel up. If nothing can be written for a half until
    somebody acts, the time goes on: an unfinished change keeps others waiting.
    """
    if any(map(_needs_somebody, objects)) or not hold_different_keys(
        [half for item in objects for half in item.snapshots]
    ):
        return objects
    return [replace(item, view=_not_in_force_yet(item.view)) for item in objects]


def _needs_somebody(item: _Object) -> bool:
    found = [
        find_condition(item.first.previous.conditions, kind) for kind in (ConditionType.STALLED, ConditionType.PAUSED)
    ]
    return any(condition is not None and condition.status is ConditionStatus.TRUE for condition in found)


def _not_in_force_yet(view: ChangeView) -> ChangeView:
    change = view.change
    if change is None or change.cause is not ChangeCause.KEY or change.state is not ChangeState.CONFIRMING:
        return view
    return replace(
        view, change=change.model_copy(update={"state": ChangeState.SENT, "in_force_since": None, "wait_until": None})
    )


def _draws_along(other: _Object, item: _Object) -> bool:
    """Whether an object's failed change is to be tried again, since the other object goes to another policy than is put back here."""
    failed, good = item.view.change, item.view.known_good
    if failed is None or not failed.is_failed or failed.end_time is None or good is None:
        return False
    policies = _moves_to(other, failed.end_time)
    return policies is not None and policies != good.settings.ipsec_policies


def _moves_to(item: _Object, since: datetime) -> tuple[PolicyValues, ...] | None:
    """The policy that an object is being changed to, or is to be changed to again, since a time; None if it stays as it is."""
    change = item.first.previous.change
    if change is None:
        return None
    if not change.is_failed:
        return change.to.ipsec_policies if change.start_time > since else None
    if item.view.change is not None or not is_asked_again(item.snapshots, change):
        return None
    if find_disagreement(item.first.pair) is not None:
        return None
    wish = wanted_settings(item.first.subject, item.first.target, item.first.policy)
    return wish.ipsec_policies if wish is not None else None


def _in_force_since(objects: Sequence[_Object]) -> datetime | None:
    """Since when all objects' changes are in force that are."""
    times = [
        item.view.change.in_force_since for item in objects if item.view.change is not None and _is_confirming(item)
    ]
    return max((time for time in times if time is not None), default=None)


def _with_time_from(view: ChangeView, began: datetime | None) -> ChangeView:
    if view.change is None or view.change.state is not ChangeState.CONFIRMING:
        return view
    return replace(view, change=view.change.model_copy(update={"in_force_since": began}))


def _is_open(item: _Object) -> bool:
    """Whether the object's change may still fail."""
    return (
        item.view.change is not None
        and not item.view.change.is_failed
        and isinstance(item.first.subject, VpnConnection)
    )


def _is_confirming(item: _Object) -> bool:
    """Whether the object's change is in force, and may still fail."""
    return item.view.change is not None and item.view.change.state in {ChangeState.CONFIRMING, ChangeState.PROVISIONAL}


def _fate_of_other(item: _Object, objects: Sequence[_Object]) -> Judgement | None:
    """The verdict on a change whose counterpart in the pair's other object has one already; None if it has none.

    Both are judged together, but a crash may have kept the second status from being stored.
    """
    change = item.view.change
    for other in objects:
        if other is item or change is None:
            continue
        failed, good = other.view.change, other.view.known_good
        if failed is not None:
            if other.view.undoes and failed.end_time is not None and failed.end_time >= change.start_time:
                return Judgement(Verdict.FAILED, 0.0, f"the other half, {other.key.name}, is taken back")
        elif good is not None and _is_proof(good, change):
            return Judgement(Verdict.CONFIRMED, 0.0, f"the other half, {other.key.name}, is confirmed")
    return None


def _is_proof(good: KnownGood, change: TunnelChange) -> bool:
    """Whether what the other object of the pair has proved is this change's policy, since it began."""
    in_force = change.in_force_since is not None and good.time >= change.in_force_since
    return bool(good.confirmed) and in_force and good.settings.ipsec_policies == change.to.ipsec_policies


def _put_back_alike(objects: list[_Object]) -> list[_Object]:
    """The objects with one policy to put back in both: the one that was proven last, should they remember different ones."""
    goods = [item.view.known_good for item in objects if item.view.undoes and item.view.known_good is not None]
    if len({good.settings.ipsec_policies for good in goods}) < 2:
        return objects
    policies = max(goods, key=lambda good: (bool(good.confirmed), good.time)).settings.ipsec_policies
    return [
        replace(item, view=replace(item.view, known_good=_with_policies(item.view.known_good, policies)))
        if item.view.undoes
        else item
        for item in objects
    ]


def _with_policies(good: KnownGood | None, policies: tuple[PolicyValues, ...]) -> KnownGood | None:
    if good is None:
        return None
    return good.model_copy(update={"settings": good.settings.model_copy(update={"ipsec_policies": policies})})


def _terms(item: _Object, *, paused: bool) -> Terms:
    """The object's terms; a pair whose objects differ stays as it is, since half an undo helps nobody."""
    return replace(item.terms, on_failure=OnFailure.PAUSE) if paused else item.terms


def _neighbour(record: ConnectionRecord) -> Neighbour | None:
    connected = record.condition("Connected")
    if connected is None or connected.status == "Unknown":
        return None
    return Neighbour(connected.status == "True", connected.last_transition_time)
