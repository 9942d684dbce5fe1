"""Resets that people ask for: when one is sent, what stops it, and what is known of it afterwards.

A reset takes a tunnel down for a moment, so it happens at most once for each request, and only at the time at which somebody asked for
it: what is stopped (a pause, an object that may not write, a refusal of Azure) is over, and does not happen when the pause ends. What only
has to wait (a gateway that is busy, a write of the pass that goes first) is sent when its turn has come.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole, ResetRecord, ResetState
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.installation import effective_policies
from azure_vpn_operator.domain.azure.live_connection import TERMINAL_STATES
from azure_vpn_operator.domain.azure.lookups import Absent, Present
from azure_vpn_operator.domain.azure.ownership import Ownership, judge_ownership
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.requests import is_reset_requested, reset_token
from azure_vpn_operator.domain.passes.reset_view import ResetView
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Blocked, Hold, Refuse, Reset, Settled, Step, Wait
from azure_vpn_operator.domain.passes.verdicts import Outcome
from azure_vpn_operator.domain.rules.violations import Invalid

_TRIED_AGAIN: Final = frozenset({FaultKind.BUSY, FaultKind.THROTTLED})
"""Azure has certainly not carried it out, and will soon."""
_ORDER: Final = tuple(HalfRole)
_TEXT_LIMIT: Final = 900
_AtRest = Refuse | Hold | Wait | Blocked | Settled


def plan_resets(halves: Sequence[tuple[Snapshot, Step]]) -> list[Step]:
    """The steps of the halves of a unit, in the same order, at most one of them a reset; each has its view of the request.

    A write of the pass goes before it, an undo above all. The halves of a pair are reset one after the other.
    """
    steps = [step for _, step in halves]
    if any(not isinstance(step, _AtRest) or isinstance(half.operation, OpenOperation) for half, step in halves):
        return steps
    ready = [half for half, _ in halves if half.reset.due is not None and _can_be_sent(half)]
    first = min(ready, key=lambda half: (half.metadata.name, _ORDER.index(half.role)), default=None)
    return [Reset(step) if half is first and isinstance(step, _AtRest) else step for half, step in halves]


def view_reset(snapshot: Snapshot) -> ResetView:
    """How the last request to reset a half stands, by what was read."""
    known = _look_at_sent(snapshot)
    token = reset_token(snapshot.metadata)
    if token is None or snapshot.released or snapshot.metadata.deletion_timestamp is not None:
        waits = known.record is not None and known.record.state is ResetState.WAITS
        return replace(known, record=None) if waits else known
    if not _is_due(snapshot, token):
        return known
    if (text := _find_stop(snapshot)) is not None:
        return _end(snapshot, token, ResetState.REFUSED, text)
    return replace(known, due=token)


def settle_answer(snapshot: Snapshot, step: Step, outcome: Outcome) -> tuple[Snapshot, Step, Outcome]:
    """What a half comes to after its write: a reset that Azure did not take for good leaves all else as it is."""
    if not isinstance(step, Reset) or not isinstance(outcome, Fault) or outcome.kind in _TRIED_AGAIN:
        return snapshot, step, outcome
    token = snapshot.reset.due or ""
    if outcome.outcome_unknown:
        view = _end(snapshot, token, ResetState.FAILED, f"nobody knows whether Azure carries it out: {outcome}")
    else:
        view = _end(snapshot, token, ResetState.REFUSED, f"Azure refuses it: {outcome}")
    return replace(snapshot, reset=view), step.instead_of, None


def _is_due(snapshot: Snapshot, token: str) -> bool:
    """Whether this half is still to be reset: also the second one of a pair, once the request is taken up."""
    if not is_reset_requested(snapshot.metadata, snapshot.previous):
        return False
    known = _record(snapshot)
    return known is None or known.token != token or known.state is ResetState.WAITS


def _record(snapshot: Snapshot) -> ResetRecord | None:
    return next((record for record in snapshot.previous.resets if record.role is snapshot.role), None)


def _look_at_sent(snapshot: Snapshot) -> ResetView:
    """What has become of a reset that was sent: only the process that sent it can tell."""
    record, sent, operation = _record(snapshot), snapshot.sent_reset, snapshot.operation
    if record is None or record.state is not ResetState.SENT:
        return ResetView(record)
    if isinstance(operation, OpenOperation) and operation.kind is OperationKind.RESET:
        return ResetView(record)
    if sent is None or sent.token != record.token:
        text = "the operator was started anew meanwhile, and does not know whether Azure has carried it out"
        return _end(snapshot, record.token, ResetState.FAILED, text)
    if sent.fault is not None:
        return _end(snapshot, record.token, ResetState.FAILED, f"Azure could not carry it out: {sent.fault}")
    return ResetView(record.model_copy(update={"state": ResetState.DONE, "time": _now(snapshot)}))


def _find_stop(snapshot: Snapshot) -> str | None:
    """Why the half is not reset now, nor later for this request; None if nothing is known that stops it."""
    subject, target, live = snapshot.subject, snapshot.target, snapshot.live
    if snapshot.previous.observed_generation < 0:
        return "the operator sees the object for the first time, and the request may be an old one"
    if isinstance(subject, Invalid):
        return f"the object breaks a rule: {subject}"
    if not isinstance(target, Target):
        return target.message if isinstance(target, Unresolved) else "its connection is not known"
    if snapshot.denial is not None:
        return snapshot.denial.message
    if snapshot.half.id is not None and snapshot.half.id.lower() != target.connection.key:
        return f"the object now resolves to {target.connection}, and so far it was {snapshot.half.id}"
    if (text := _who_forbids(snapshot, subject)) is not None:
        return text
    if isinstance(live, Absent):
        return "Azure has no such connection"
    if isinstance(live, Present) and judge_ownership(live.value.tags, snapshot.owner, {}) is not Ownership.OURS:
        return "the connection in Azure is not this object's"
    return None


def _who_forbids(snapshot: Snapshot, subject: VpnConnection) -> str | None:
    policies = effective_policies(subject.spec, snapshot.installation)
    if not policies.may_write:
        return f"managementPolicy is {policies.management}: nothing is written to Azure"
    return snapshot.pause.message if snapshot.pause is not None else None


def _can_be_sent(snapshot: Snapshot) -> bool:
    """Whether connection and gateways are seen at rest."""
    live = snapshot.live
    ends = (end.value for end in (snapshot.gateway, snapshot.peer_gateway) if isinstance(end, Present))
    at_rest = all(end.provisioning_state in TERMINAL_STATES for end in ends)
    return at_rest and isinstance(live, Present) and live.value.settled and not live.value.listed


def _end(snapshot: Snapshot, token: str, state: ResetState, text: str) -> ResetView:
    refused = state is ResetState.REFUSED
    record = ResetRecord(role=snapshot.role, token=token, state=state, time=_now(snapshot), message=text[:_TEXT_LIMIT])
    note = EventNote(
        warning=True,
        reason=Reason.RESET_REFUSED if refused else Reason.RESET_FAILED,
        action="Reset",
        note=f"{'not reset' if refused else 'the reset failed'}: {text[:_TEXT_LIMIT]}",
    )
    return ResetView(record, news=(note,))


def _now(snapshot: Snapshot) -> datetime:
    return snapshot.now.replace(microsecond=0)
