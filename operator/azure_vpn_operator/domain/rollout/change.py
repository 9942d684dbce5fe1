"""The life of a change that takes a tunnel down: recorded before it is sent, in force, then confirmed, or failed and undone.

All of it follows from the object's status and what Azure shows, so a restart at any moment loses no undo and starts none that is not due.
A change that has failed stays recorded until something else is wanted, or somebody asks to try it again: the values that failed are not
sent again by themselves.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import (
    ChangeCause,
    ChangeState,
    KnownGood,
    TunnelChange,
    TunnelSettings,
)
from azure_vpn_operator.api.vpn_connection import OnFailure, VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole
from azure_vpn_operator.domain.azure.installation import effective_policies
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.pairs.pairing import find_disagreement
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.requests import is_retry_requested
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, PolicyFound, Snapshot
from azure_vpn_operator.domain.rollout.evidence import (
    Judgement,
    Verdict,
    is_back,
    judge_half,
    judge_until_rekey,
)
from azure_vpn_operator.domain.rollout.settings import half_of, same, same_in_all, settings_of, wanted_settings
from azure_vpn_operator.domain.rollout.terms import Terms

_NOTE_LIMIT = 1000
_FAILED = frozenset({"Failed", "Canceled"})


_VERDICTS: Final = {
    Reason.CHANGE_CONFIRMED: Verdict.CONFIRMED,
    Reason.CONFIRMED_BY_STATUS: Verdict.UNPROVEN,
    Reason.CHANGE_FAILED: Verdict.FAILED,
}


def verdict_in(view: ChangeView) -> Verdict | None:
    """The verdict that this pass is the first to know; None if there is none."""
    return next((_VERDICTS[note.reason] for note in view.news if note.reason in _VERDICTS), None)


def stand(halves: Sequence[Snapshot], *, again: bool = False) -> ChangeView:
    """How the change of one object stands, before any verdict: whether it is in force, is given up, or has come to its end.

    `again`: what has failed may be sent again, since the other object of the pair is to change.
    """
    first, halves = halves[0], [half for half in halves if not half.released]
    change, good = first.previous.change, first.previous.last_known_good
    if change is None:
        return ChangeView(None, good)
    if first.metadata.deletion_timestamp is not None or not halves:
        return ChangeView(change, good)
    if _is_disarmed(first):
        return _disarm(change, good)
    if change.is_failed:
        return _stand_failed(first, halves, change, good, again=again)
    if (found := _lives(halves)) is None:
        return ChangeView(change, good)
    if _hold(found, change.to):
        anew = change.state is ChangeState.CONFIRMING and _has_recovered(halves, found)
        if change.in_force_since is None or anew:
            change = _in_force(first, change)
        return ChangeView(change, good)
    return _not_in_force(first, found, change, good)


def judge(halves: Sequence[Snapshot], view: ChangeView, terms: Terms) -> Sequence[Judgement]:
    """The judgements on an object's halves; none unless its change is in force and waits for a verdict."""
    change = view.change
    if change is None or change.is_failed:
        return ()
    if change.state is ChangeState.SENT:
        return (Judgement(Verdict.OPEN, terms.hold_down_seconds, "the change is not in force yet"),)
    found = []
    for half in halves:
        if half.released:
            continue
        live = half.live.value if isinstance(half.live, Present) else None
        if live is None or live.listed or not live.settled or live.connection_status is None:
            found.append(Judgement(Verdict.OPEN, half.cadence.recent, "Azure has not told of the tunnel yet"))
        elif change.state is ChangeState.PROVISIONAL:
            found.append(
                judge_until_rekey(half, change, live, terms, armed=_wants_rekey_proof(half) or not change.changes_pfs)
            )
        else:
            found.append(judge_half(half, change, live, terms))
    return tuple(found)


def conclude(first: Snapshot, view: ChangeView, judgement: Judgement, terms: Terms) -> ChangeView:
    """What a verdict makes of the change of an object. What is not in force yet can only fail, with the other object of a pair."""
    change = view.change
    if change is None or change.is_failed:
        return view
    if change.state is ChangeState.SENT and judgement.verdict is not Verdict.FAILED:
        return view
    if change.state is ChangeState.PROVISIONAL and judgement.verdict in {Verdict.CONFIRMED, Verdict.UNPROVEN}:
        return ChangeView(None, _proven(first, change.to))
    until, why = _armed_until(first, change, judgement, terms)
    if until is not None and judgement.verdict in {Verdict.CONFIRMED, Verdict.UNPROVEN}:
        note = _note(
            Reason.CHANGE_CONFIRMED,
            f"the tunnel works with the new {_what(change)}: {judgement.text}; {why}, so the undo stays armed until "
            f"{until:%Y-%m-%dT%H:%M:%SZ}",
        )
        armed = {"state": ChangeState.PROVISIONAL, "wait_until": until}
        return ChangeView(change.model_copy(update=armed), view.known_good, news=(note,))
    match judgement.verdict:
        case Verdict.OPEN:
            return ChangeView(change, view.known_good, look_in=judgement.look_in, text=judgement.text)
        case Verdict.CONFIRMED:
            note = _note(Reason.CHANGE_CONFIRMED, f"the tunnel works with the new {_what(change)}: {judgement.text}")
            return ChangeView(None, _proven(first, change.to), news=(note,))
        case Verdict.UNPROVEN:
            note = _note(Reason.CONFIRMED_BY_STATUS, f"the new {_what(change)} stay: {judgement.text}")
            return ChangeView(None, _proven(first, change.to), news=(note,))
        case Verdict.FAILED:
            return _fail(first, view, change, judgement, terms)


def _in_force(first: Snapshot, change: TunnelChange) -> TunnelChange:
    now = first.now.replace(microsecond=0)
    lifetime = _first_rekey(change) if _wants_rekey_proof(first) else None
    return change.model_copy(
        update={
            "state": ChangeState.CONFIRMING,
            "in_force_since": now,
            "wait_until": now + timedelta(seconds=lifetime) if lifetime is not None else None,
        }
    )


def _armed_until(
    first: Snapshot, change: TunnelChange, judgement: Judgement, terms: Terms
) -> tuple[datetime | None, str]:
    """Until when a change that seems to work can still fail, and why; None if it cannot."""
    if change.wait_until is not None and _wants_rekey_proof(first):
        return change.wait_until, "the PFS group is first used at a rekey"
    if judgement.weak and change.in_force_since is not None:
        return change.in_force_since + timedelta(seconds=terms.within_seconds), "Azure's counters may be late"
    return None, ""


def _first_rekey(change: TunnelChange) -> float | None:
    """Seconds after which a changed PFS group has been used; None if it does not change."""
    return float(change.to.ipsec_policies[0].sa_life_time_seconds) if change.changes_pfs else None


def _wants_rekey_proof(first: Snapshot) -> bool:
    return isinstance(first.policy, PolicyFound) and first.policy.assignment.rekey_proof


def _lives(halves: Sequence[Snapshot]) -> dict[HalfRole, LiveConnection] | None:
    """What Azure shows of all halves at rest; None if one is not read, or something is running."""
    found = {}
    for half in halves:
        if isinstance(half.operation, OpenOperation) or not isinstance(half.live, Present):
            return None
        if half.live.value.listed or not half.live.value.settled:
            return None
        found[half.role] = half.live.value
    return found


def _hold(found: dict[HalfRole, LiveConnection], settings: TunnelSettings) -> bool:
    """Whether all halves have these values in Azure."""
    return all(same(settings_of(live), half_of(settings, role)) for role, live in found.items())


def _has_recovered(halves: Sequence[Snapshot], found: Mapping[HalfRole, LiveConnection]) -> bool:
    """Whether a write that had failed, and showed all the same, is carried out only now: the tunnel has not known the values before."""
    failed = any(half.half.provisioning_state in _FAILED for half in halves)
    return failed and _are_carried_out(found)


def _are_carried_out(found: Mapping[HalfRole, LiveConnection]) -> bool:
    return all(live.provisioning_state not in _FAILED for live in found.values())


def _is_disarmed(first: Snapshot) -> bool:
    subject = first.subject
    if not isinstance(subject, VpnConnection) or first.denial is not None:
        return first.denial is not None
    return subject.spec.suspend or not effective_policies(subject.spec, first.installation).may_write


def _disarm(change: TunnelChange, good: KnownGood | None) -> ChangeView:
    if change.state in {ChangeState.ROLLED_BACK, ChangeState.FAILED}:
        return ChangeView(change, good)
    note = _note(
        Reason.UNDO_DISARMED,
        f"the new {_what(change)} stay in Azure whatever becomes of the tunnel: nothing may be written for this object any more",
        warning=True,
    )
    # An undo that is given up half-way is not begun again when writing is allowed again: a person has taken over.
    kept = change.model_copy(update={"state": ChangeState.FAILED}) if change.is_failed else None
    return ChangeView(kept, good, news=(note,))


def _stand_failed(
    first: Snapshot, halves: Sequence[Snapshot], change: TunnelChange, good: KnownGood | None, *, again: bool
) -> ChangeView:
    found = _lives(halves)
    if again or is_asked_again(halves, change):
        # Until the tunnel is seen to be back it is down for this change, and what comes next has to bring it back.
        over = change.state is ChangeState.ROLLED_BACK and found is not None and _all_back(change, found)
        return ChangeView(None, good, unfinished=None if over else change)
    if found is None:
        return ChangeView(change, good)
    back = good is not None and _hold(found, good.settings) and _are_carried_out(found)
    if change.state is ChangeState.ROLLING_BACK and back:
        change = change.model_copy(update={"state": ChangeState.ROLLED_BACK})
        note = _note(Reason.ROLLED_BACK, f"Azure holds the {_what(change)} from before again", warning=True)
        return ChangeView(change, good, news=(note,))
    in_force = _hold(found, change.to)
    if change.state is ChangeState.FAILED and in_force and _all_back(change, found):
        note = _note(Reason.CHANGE_CONFIRMED, f"the tunnel came back with the new {_what(change)} after all")
        return ChangeView(None, _proven(first, change.to), news=(note,))
    return ChangeView(change, good)


def _all_back(change: TunnelChange, found: Mapping[HalfRole, LiveConnection]) -> bool:
    return all(is_back(change, *item) for item in found.items())


def is_asked_again(halves: Sequence[Snapshot], failed: TunnelChange) -> bool:
    """Whether something else is wanted of an object than what has failed, or somebody asks to try it again.

    What the objects of a pair want cannot be written as long as they disagree: until then an undo goes on.
    """
    if is_retry_requested(halves[0].metadata, halves[0].previous.last_handled):
        return True
    if failed.state is ChangeState.ROLLING_BACK and find_disagreement(halves[0].pair) is not None:
        return False
    wishes = {half.role: wanted_settings(half.subject, half.target, half.policy) for half in halves}
    return any(wish is not None and not same(wish, half_of(failed.to, role)) for role, wish in wishes.items())


def _not_in_force(
    first: Snapshot, found: dict[HalfRole, LiveConnection], change: TunnelChange, good: KnownGood | None
) -> ChangeView:
    """Azure holds something else at rest: the change was never carried out, or somebody else has changed the connection."""
    unsent = _hold(found, change.from_)
    proven = good is None or _hold(found, good.settings)
    if not unsent or proven:
        return ChangeView(None, good, unfinished=None if unsent else change)
    # It was to follow a change that is not confirmed, and that one is in force still.
    kept = {"state": ChangeState.CONFIRMING, "to": change.from_, "in_force_since": first.now.replace(microsecond=0)}
    return ChangeView(change.model_copy(update=kept), good)


def _fail(first: Snapshot, view: ChangeView, change: TunnelChange, judgement: Judgement, terms: Terms) -> ChangeView:
    what = _what(change)
    ended = first.now.replace(microsecond=0)
    failed = _note(Reason.CHANGE_FAILED, f"{judgement.text}: the other side does not take the new {what}", warning=True)
    good = _other_values(view.known_good, change)
    if terms.on_failure is OnFailure.ROLLBACK and change.cause is not ChangeCause.KEY and good is not None:
        undone = change.model_copy(update={"state": ChangeState.ROLLING_BACK, "end_time": ended})
        note = _note(Reason.ROLLING_BACK, f"the {what} from before are put back", warning=True)
        return ChangeView(undone, good, text=judgement.text, news=(failed, note))
    stays = change.model_copy(update={"state": ChangeState.FAILED, "end_time": ended})
    return ChangeView(stays, view.known_good, text=judgement.text, news=(failed,))


def _other_values(good: KnownGood | None, change: TunnelChange) -> KnownGood | None:
    """What can be put back: the values that worked, else those from before; None if neither is anything else."""
    if good is not None and not same_in_all(good.settings, change.to):
        return good
    if same_in_all(change.from_, change.to):
        return None
    return KnownGood(time=change.start_time, settings=change.from_)


def _proven(first: Snapshot, settings: TunnelSettings) -> KnownGood:
    return KnownGood(time=first.now.replace(microsecond=0), settings=settings, confirmed=True)


def _what(change: TunnelChange) -> str:
    match change.cause:
        case ChangeCause.KEY:
            return "shared key"
        case ChangeCause.POLICY:
            return "policy values"
        case _:
            return "values"


def _note(reason: Reason, text: str, *, warning: bool = False) -> EventNote:
    return EventNote(warning=warning, reason=reason, action="Confirm", note=text[:_NOTE_LIMIT])
