"""Which Events a pass publishes: transitions only, never a state that was there before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Delete, PatchTags, Put, ReleaseFinalizer, Reset, SetKey, Step
from azure_vpn_operator.domain.passes.verdicts import Accepted, Outcome

NOTE_LIMIT = 1000
_WAITS: Final = {
    ConditionType.READY: {
        Reason.GATEWAY_NOT_FOUND,
        Reason.NOT_FOUND_IN_AZURE,
        Reason.OPERATION_FAILED,
        Reason.KEY_ROTATION_STOPPED,
    },
    ConditionType.POLICY_RESOLVED: {Reason.POLICY_NOT_FOUND, Reason.POLICY_INVALID},
    ConditionType.CREDENTIALS_RESOLVED: {
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_KEY_NOT_FOUND,
        Reason.SECRET_UNREADABLE,
        Reason.SHARED_KEY_INVALID,
        Reason.KEY_UNVERIFIED,
    },
    ConditionType.BGP_ESTABLISHED: {Reason.BGP_FORBIDDEN},
    ConditionType.PAIR_IN_SYNC: {
        Reason.DUPLICATE_PAIR,
        Reason.PAIR_POLICY_MISMATCH,
        Reason.PAIR_KEY_MISMATCH,
        Reason.PAIR_PROTOCOL_MISMATCH,
        Reason.PAIR_BOTH_RESPONDERS,
        Reason.FOREIGN_HALF_DIFFERS,
    },
}
"""Reasons that are told when they begin, although the object is not stalled by them."""

_TOLD_WITH_THE_VERDICT: Final = frozenset({Reason.ROLLED_BACK, Reason.CHANGE_FAILED})


def announce(snapshot: Snapshot, step: Step, outcome: Outcome, status: VpnConnectionStatus) -> tuple[EventNote, ...]:
    """The Events of a pass: accepted writes, the begin of a stall, a wait or a pause, readiness, and tunnels and BGP that come and go."""
    return (
        *snapshot.change_view.news,
        *_cut(snapshot.reset.news),
        *announce_write(step, outcome),
        *_cut(_transitions(snapshot.previous, status)),
    )


def announce_write(step: Step, outcome: Outcome, half: str | None = None) -> tuple[EventNote, ...]:
    """The Event of an accepted write; `half` names the connection where the object alone does not say which it is."""
    prefix = f"{half}: " if half is not None else ""
    return _cut(replace(note, note=prefix + note.note) for note in _writes(step, outcome))


def _cut(notes: Iterable[EventNote]) -> tuple[EventNote, ...]:
    return tuple(
        EventNote(warning=note.warning, reason=note.reason, action=note.action, note=note.note[:NOTE_LIMIT])
        for note in notes
    )


def _writes(step: Step, outcome: Outcome) -> Iterator[EventNote]:
    if isinstance(step, ReleaseFinalizer) and step.reason is not None:
        yield EventNote(warning=False, reason=step.reason, action="Release", note=step.note)
    if not isinstance(outcome, Accepted):
        return
    match step:
        case Put(drift=True) | PatchTags(drift=True) | SetKey(drift=True):
            yield EventNote(warning=True, reason=Reason.DRIFT_CORRECTED, action="Update", note=step.why)
        case Put(creating=True):
            yield EventNote(warning=False, reason=Reason.CREATED, action="Create", note="Azure accepted the creation")
        case Put(reason=Reason.ADOPTING) | PatchTags(reason=Reason.ADOPTING):
            yield EventNote(warning=False, reason=Reason.ADOPTED, action="Adopt", note=step.why)
        case Put() | PatchTags():
            yield EventNote(warning=False, reason=Reason.UPDATED, action="Update", note=step.why)
        case SetKey():
            yield EventNote(warning=False, reason=Reason.SHARED_KEY_SET, action="SetSharedKey", note=step.why)
        case Reset():
            note = "Azure accepted the reset: the tunnel goes down and comes back"
            yield EventNote(warning=False, reason=Reason.RESET_ACCEPTED, action="Reset", note=note)
        case Delete():
            yield EventNote(warning=False, reason=Reason.DELETING, action="Delete", note="Azure accepted the deletion")
        case _:
            pass


def _transitions(before: VpnConnectionStatus, after: VpnConnectionStatus) -> Iterator[EventNote]:
    stalled = _news(before, after, ConditionType.STALLED)
    if stalled is not None and stalled.reason not in _TOLD_WITH_THE_VERDICT:
        yield EventNote(warning=True, reason=Reason(stalled.reason), action="Reconcile", note=stalled.message)
    ready = find_condition(after.conditions, ConditionType.READY)
    was_ready = find_condition(before.conditions, ConditionType.READY)
    if (
        ready is not None
        and ready.status is ConditionStatus.TRUE
        and (was_ready is None or was_ready.status is not ready.status)
    ):
        yield EventNote(warning=False, reason=Reason(ready.reason), action="Reconcile", note=ready.message)
    yield from _waits(before, after)
    yield from _tunnel_transitions(before, after)
    yield from _bgp_transitions(before, after)


def _waits(before: VpnConnectionStatus, after: VpnConnectionStatus) -> Iterator[EventNote]:
    """What an object has begun to wait for; what has stalled it has been told already."""
    stalled = find_condition(after.conditions, ConditionType.STALLED)
    for kind, told in _WAITS.items():
        found = _news(before, after, kind)
        if found is not None and found.reason in told and (stalled is None or stalled.reason != found.reason):
            yield EventNote(warning=True, reason=Reason(found.reason), action="Reconcile", note=found.message)
    paused = _news(before, after, ConditionType.PAUSED)
    if paused is not None and paused.status is ConditionStatus.TRUE:
        reason = Reason(paused.reason)
        yield EventNote(warning=reason is Reason.HOLD_INVALID, reason=reason, action="Pause", note=paused.message)


def _news(before: VpnConnectionStatus, after: VpnConnectionStatus, kind: ConditionType) -> Condition | None:
    """The condition, if it is there for a reason that it did not have before."""
    now, was = find_condition(after.conditions, kind), find_condition(before.conditions, kind)
    return now if now is not None and (was is None or was.reason != now.reason) else None


def _tunnel_transitions(before: VpnConnectionStatus, after: VpnConnectionStatus) -> Iterator[EventNote]:
    """What a change of ours does to a tunnel for a moment is no news: that it ended was told, and what stays down is told then."""
    connected = find_condition(after.conditions, ConditionType.CONNECTED)
    was_connected = find_condition(before.conditions, ConditionType.CONNECTED)
    if connected is None or connected.reason == Reason.RENEGOTIATING:
        return
    was_renegotiating = was_connected is not None and was_connected.reason == Reason.RENEGOTIATING
    was_up = was_renegotiating or (was_connected is not None and was_connected.status is ConditionStatus.TRUE)
    if connected.status is ConditionStatus.TRUE and not was_up:
        yield EventNote(warning=False, reason=Reason.TUNNEL_UP, action="Observe", note=connected.message)
    if connected.status is ConditionStatus.FALSE and was_up:
        yield EventNote(warning=True, reason=Reason.TUNNEL_DOWN, action="Observe", note=connected.message)
    if connected.reason == Reason.REDUNDANCY_LOST and (
        was_connected is None or was_connected.reason != connected.reason
    ):
        yield EventNote(warning=True, reason=Reason.REDUNDANCY_LOST, action="Observe", note=connected.message)


def _bgp_transitions(before: VpnConnectionStatus, after: VpnConnectionStatus) -> Iterator[EventNote]:
    now, was = (find_condition(status.conditions, ConditionType.BGP_ESTABLISHED) for status in (after, before))
    if now is None:
        return
    was_up = was is not None and was.status is ConditionStatus.TRUE
    if now.status is ConditionStatus.TRUE and not was_up:
        yield EventNote(warning=False, reason=Reason.BGP_ESTABLISHED, action="Observe", note=now.message)
    if now.status is ConditionStatus.FALSE and was_up:
        yield EventNote(warning=True, reason=Reason.BGP_NOT_ESTABLISHED, action="Observe", note=now.message)
