"""Which steps of a unit have to wait for a change window: those that begin to take down a tunnel that is up, whatever their cause.

An undo never waits, nor does what brings a change to its end that has begun: the second half of a pair goes on, however late it is.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause
from azure_vpn_operator.api.vpn_connection import ChangeWindow, VpnConnection
from azure_vpn_operator.domain.azure.differences import drops_tunnel
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.lookups import Absent, Present
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Delete, Hold, Put, SetKey, Step
from azure_vpn_operator.domain.passes.tunnel_health import may_be_up
from azure_vpn_operator.domain.rollout.beginning import settings_after
from azure_vpn_operator.domain.rollout.settings import half_of, same
from azure_vpn_operator.domain.rollout.terms import terms_of
from azure_vpn_operator.domain.rollout.windows import OPERATION, Closed, find_closed, time_for_change
from azure_vpn_operator.domain.rules.change_windows import read_duration

_NEVER_OPEN = ChangeWindow(start="never", duration="never")
"""What stands for a window that cannot be read."""


def hold_outside_windows(halves: Sequence[tuple[Snapshot, Step]]) -> list[Step]:
    """The steps of the halves of a unit, in the same order; those that have to wait for a window say so instead."""
    steps = [step for _, step in halves]
    if all(not _windows_of(half) for half, _ in halves):
        return steps
    change = _closed_to_changes(halves)
    held: list[Step] = []
    for half, step in halves:
        if change is not None and _drops(half, step):
            held.append(_wait(change, message_of_wait(change), step))
        elif isinstance(step, Delete) and (closed := _closed_to_deletion(half, halves)) is not None:
            held.append(_wait(closed, _message_of_deletion(closed), step))
        else:
            held.append(step)
    return held


def waits_for_window(step: Step) -> bool:
    """Whether the step is to wait for a window."""
    return isinstance(step, Hold) and step.reason is Reason.WAITING_FOR_WINDOW


def find_closed_for(subjects: Iterable[VpnConnection], installation: Installation, now: datetime) -> Closed | None:
    """Why a change that takes the tunnel of these objects down may not begin now."""
    found = list(subjects)
    if not any(subject.spec.change_windows for subject in found):
        return None
    needed = max(time_for_change(terms_of(subject.spec, installation)) for subject in found)
    return find_closed([subject.spec.change_windows for subject in found], now, needed)


def never_opens(subject: VpnConnection, installation: Installation, now: datetime) -> bool:
    """Whether no window of the coming week is long enough for a change."""
    windows, needed = subject.spec.change_windows, time_for_change(terms_of(subject.spec, installation))
    if any((read_duration(window.duration) or timedelta(0)) >= needed for window in windows):
        return False
    closed = find_closed([windows], now, needed)
    return closed is not None and closed.opens is None


def message_of_wait(closed: Closed) -> str:
    """What is said of a change that waits."""
    return f"a change takes down a tunnel that is up, and waits for a change window: {closed.message}"


def _message_of_deletion(closed: Closed) -> str:
    return (
        "the deletion takes down a tunnel that is up, and waits for a change window (deletionPolicy: Retain lets the object go at "
        f"once): {closed.message}"
    )


def _wait(closed: Closed, text: str, step: Step) -> Hold:
    return Hold(Reason.WAITING_FOR_WINDOW, text, getattr(step, "differences", ()), until=closed.opens)


def _closed_to_changes(halves: Sequence[tuple[Snapshot, Step]]) -> Closed | None:
    begins = any(_drops(half, step) and not _goes_on(half, step, halves) for half, step in halves)
    snapshots = [half for half, _ in halves if half.metadata.deletion_timestamp is None]
    if not begins or not _is_up(snapshots):
        return None
    subjects = {_name(half): half.subject for half in snapshots if isinstance(half.subject, VpnConnection)}
    return find_closed_for(subjects.values(), snapshots[0].installation, max(half.now for half in snapshots))


def _closed_to_deletion(half: Snapshot, halves: Sequence[tuple[Snapshot, Step]]) -> Closed | None:
    """A deletion waits for the object's own windows only: never for the other object of a pair."""
    own = [other for other, _ in halves if _name(other) == _name(half)]
    begun = any(
        isinstance(other.operation, OpenOperation) and other.operation.kind is OperationKind.DELETE for other in own
    )
    if begun or not _is_up(own):
        return None
    return find_closed([_windows_of(half)], half.now, OPERATION)


def _drops(half: Snapshot, step: Step) -> bool:
    """Whether the step begins to take the tunnel down, if it is up: none that puts something back."""
    match step:
        case Put(creating=False, reason=reason, differences=differences):
            return reason not in {Reason.ROLLING_BACK, Reason.PAIR_PUT_BACK} and drops_tunnel(differences)
        case SetKey():
            return isinstance(half.live, Present)
        case _:
            return False


def _goes_on(half: Snapshot, step: Step, halves: Sequence[tuple[Snapshot, Step]]) -> bool:
    """Whether the step brings a change to its end that another half of the unit has begun, and is not proven."""
    return any(
        other is not half and not _drops(other, other_step) and _is_part_of_its_change(half, step, other)
        for other, other_step in halves
    )


def _is_part_of_its_change(half: Snapshot, step: Step, other: Snapshot) -> bool:
    change = other.change_view.change
    if change is None or not change.is_open:
        return False
    if isinstance(step, SetKey):
        return change.cause is ChangeCause.KEY
    wanted = settings_after(half, step)
    if _name(other) == _name(half):
        return same(wanted, half_of(change.to, half.role))
    theirs = half_of(change.to, other.role)
    return theirs is not None and theirs.ipsec_policies == wanted.ipsec_policies


def _is_up(halves: Sequence[Snapshot]) -> bool:
    """Whether the tunnel may be up: not if a half is missing, or the halves hold different policies, whatever Azure says of it."""
    kept = [half for half in halves if not half.released]
    lives = [half.live.value for half in kept if isinstance(half.live, Present)]
    if any(isinstance(half.live, Absent) for half in kept) or len({live.policies for live in lives}) > 1:
        return False
    return any(may_be_up(half, half.live.value) for half in kept if isinstance(half.live, Present))


def _name(half: Snapshot) -> tuple[str, str]:
    """The object that the half is of."""
    return half.metadata.namespace, half.metadata.name


def _windows_of(half: Snapshot) -> Sequence[ChangeWindow]:
    """The object's windows, also if the rest of its spec breaks a rule: then it can still be deleted."""
    if isinstance(half.subject, VpnConnection):
        return half.subject.spec.change_windows
    given = half.raw_spec.get("changeWindows")
    if not given:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        return (_NEVER_OPEN,)
    return tuple(_read_window(item) for item in given)


def _read_window(item: Any) -> ChangeWindow:
    try:
        return ChangeWindow.model_validate(item)
    except ValidationError:
        return _NEVER_OPEN
