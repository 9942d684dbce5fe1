"""When a reset is sent, what stops it, and what is said of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.base import LastHandled
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import (
    ConnectionHalf,
    HalfRole,
    ResetRecord,
    ResetState,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Unreadable
from azure_vpn_operator.domain.passes.reset_view import SentReset
from azure_vpn_operator.domain.passes.snapshot import OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import AddFinalizer, Blocked, Hold, PatchTags, Refuse, Reset, Settled, Step
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy, judge, judge_before
from azure_vpn_operator.domain.planning.resets import plan_resets, settle_answer, view_reset
from azure_vpn_operator.domain.reporting.halves import HalfReport
from azure_vpn_operator.domain.reporting.resets import reset_after
from support.builders import (
    CONNECTION_ID,
    NOW,
    a_broken_connection,
    a_connection,
    a_fault,
    a_live_connection,
    a_snapshot,
    an_open_operation,
)

SETTLED = Settled(Reason.UP_TO_DATE, "as wanted")


def a_record(state: ResetState, token: str = "a", **changes: Any) -> ResetRecord:
    return ResetRecord(role=HalfRole.FORWARD, token=token, state=state, time=NOW - timedelta(seconds=20), **changes)


def remembering(*records: ResetRecord, handled: str | None = None) -> VpnConnectionStatus:
    return VpnConnectionStatus(
        observed_generation=3,
        halves=(ConnectionHalf(role=HalfRole.FORWARD, id=CONNECTION_ID),),
        resets=records,
        last_handled=LastHandled(reset=handled) if handled else None,
    )


def asked(
    token: str | None = "a",
    *records: ResetRecord,
    handled: str | None = None,
    spec: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    **facts: Any,
) -> Snapshot:
    """A connection in peace, with a request to reset it."""
    request = {"azvpn.dev/reset": token} if token else {}
    subject = a_connection(annotations={**request, **(annotations or {})}, **(spec or {}))
    facts = {"previous": remembering(*records, handled=handled), **facts}
    sent = facts.pop("sent_reset", None)
    return replace(a_snapshot(subject, **facts), sent_reset=sent)


SENT, WAITS, DONE = (a_record(state) for state in (ResetState.SENT, ResetState.WAITS, ResetState.DONE))


@pytest.mark.parametrize(
    ("snapshot", "due"),
    [
        pytest.param(asked(None), False, id="nobody asks"),
        pytest.param(asked("a"), True, id="a new token"),
        pytest.param(asked("b", DONE, handled="a"), True, id="another token"),
        pytest.param(asked("a", DONE, handled="a"), False, id="a token acts once"),
        pytest.param(asked("a", SENT, handled="a"), False, id="it may have been sent before a crash"),
        pytest.param(asked("a", WAITS, handled="a"), True, id="it waits for its turn"),
        pytest.param(asked("a", handled="a"), False, id="a half that came later is not meant"),
        pytest.param(asked("a" * 2000, handled="a" * 1024), False, id="a long token is remembered cut"),
        pytest.param(asked("a", live=Unreadable(a_fault())), True, id="what cannot be read is waited for"),
    ],
)
def test_when_a_reset_is_due(snapshot: Snapshot, due: bool):
    assert (view_reset(snapshot).due is not None) == due


def with_owner(**tags: str) -> Any:
    return a_live_connection(tags=tags)


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        pytest.param(asked(spec={"suspend": True}), "spec.suspend", id="suspended"),
        pytest.param(asked(annotations={"azvpn.dev/hold-until": "2027-01-01T00:00:00Z"}), "held until", id="held"),
        pytest.param(asked(annotations={"azvpn.dev/hold-until": "soon"}), "RFC 3339", id="held by an odd text"),
        pytest.param(asked(spec={"managementPolicy": "Observe"}), "managementPolicy is Observe", id="only observed"),
        pytest.param(asked(live=Absent()), "no such connection", id="nothing is there"),
        pytest.param(asked(previous=VpnConnectionStatus()), "first time", id="a restored object has an old request"),
    ],
)
def test_what_stops_a_reset_ends_the_request(snapshot: Snapshot, text: str):
    view = view_reset(snapshot)
    assert view.due is None
    assert view.record is not None
    assert (view.record.state, view.record.token) == (ResetState.REFUSED, "a")
    assert text in (view.record.message or "")
    assert [note.reason for note in view.news] == [Reason.RESET_REFUSED]


def test_a_connection_that_is_not_ours_is_not_reset():
    view = view_reset(asked(live=a_live_connection(tags={})))
    assert view.record is not None
    assert "not this object's" in (view.record.message or "")


def test_an_object_that_breaks_a_rule_is_not_reset():
    broken = a_broken_connection(annotations={"azvpn.dev/reset": "a"})
    view = view_reset(a_snapshot(broken, previous=remembering()))
    assert view.record is not None
    assert "breaks a rule" in (view.record.message or "")


@pytest.mark.parametrize(
    ("snapshot", "state"),
    [
        pytest.param(asked("a", SENT, handled="a", sent_reset=SentReset("a")), ResetState.DONE, id="it has ended"),
        pytest.param(
            asked("a", SENT, handled="a", sent_reset=SentReset("a", a_fault())), ResetState.FAILED, id="it has failed"
        ),
        pytest.param(asked("a", SENT, handled="a"), ResetState.FAILED, id="another process sent it, or did not"),
        pytest.param(
            asked("a", SENT, handled="a", sent_reset=SentReset("z")), ResetState.FAILED, id="an older one was sent"
        ),
        pytest.param(
            asked("a", SENT, handled="a", operation=an_open_operation(OperationKind.RESET), live=NotRead()),
            ResetState.SENT,
            id="it runs",
        ),
    ],
)
def test_what_has_become_of_one_that_was_sent(snapshot: Snapshot, state: ResetState):
    record = view_reset(snapshot).record
    assert record is not None
    assert record.state is state


def test_a_request_that_waited_and_was_taken_back_is_forgotten():
    assert view_reset(asked(None, WAITS, handled="a")).record is None


def viewed(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, reset=view_reset(snapshot))


@pytest.mark.parametrize(
    ("step", "resets"),
    [
        pytest.param(SETTLED, True, id="in peace"),
        pytest.param(Hold(Reason.WAITING_FOR_WINDOW, "closed"), True, id="a change waits for a window"),
        pytest.param(Refuse(Reason.DRIFT_DETECTED, "differs"), True, id="a person has to look at something else"),
        pytest.param(Blocked(a_fault(), "could not read the Secret"), True, id="something else cannot be read"),
        pytest.param(PatchTags(Reason.UPDATING, {}, ()), False, id="a write goes first"),
        pytest.param(AddFinalizer(), False, id="the finalizer comes first"),
    ],
)
def test_it_goes_when_nothing_else_is_written(step: Step, resets: bool):
    (planned,) = plan_resets([(viewed(asked()), step)])
    assert isinstance(planned, Reset) == resets


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"live": a_live_connection(provisioningState="Updating")}, id="Azure is changing it"),
        pytest.param({"live": Unreadable(a_fault())}, id="it cannot be read"),
        pytest.param({"operation": an_open_operation(OperationKind.PUT), "live": NotRead()}, id="a change runs"),
    ],
)
def test_it_waits_for_what_cannot_be_reset_now(facts: dict[str, Any]):
    snapshot = viewed(asked(**facts))
    assert plan_resets([(snapshot, SETTLED)]) == [SETTLED]
    record = reset_after(HalfReport(snapshot, SETTLED, judge(snapshot, SETTLED, None)))
    assert record is not None
    assert record.state is ResetState.WAITS


def test_halves_go_one_after_the_other_whatever_their_order():
    one = viewed(asked())
    other = replace(one, role=HalfRole.REVERSE)
    assert [type(step) for step in plan_resets([(other, SETTLED), (one, SETTLED)])] == [Settled, Reset]


RESET = Reset(SETTLED)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        pytest.param(Accepted(10.0), ResetState.SENT, id="Azure took it"),
        pytest.param(Busy("another"), ResetState.WAITS, id="the gateway is busy"),
        pytest.param(a_fault(FaultKind.BUSY), ResetState.WAITS, id="Azure says that it is"),
        pytest.param(a_fault(FaultKind.THROTTLED), ResetState.WAITS, id="too many requests"),
        pytest.param(a_fault(FaultKind.FORBIDDEN), ResetState.REFUSED, id="a right is missing"),
        pytest.param(a_fault(FaultKind.LOCKED), ResetState.REFUSED, id="a management lock"),
        pytest.param(a_fault(FaultKind.NOT_FOUND), ResetState.REFUSED, id="gone meanwhile"),
        pytest.param(a_fault(FaultKind.UNAVAILABLE), ResetState.FAILED, id="no answer: it may run"),
    ],
)
def test_what_is_remembered_of_azures_answer(outcome: Any, state: ResetState):
    snapshot, step, told = settle_answer(viewed(asked()), RESET, outcome)
    summary = judge(snapshot, step, told)
    record = reset_after(HalfReport(snapshot, step, summary))
    assert record is not None
    assert (record.token, record.state) == ("a", state)
    assert summary.ready == (state in {ResetState.REFUSED, ResetState.FAILED}), "what is refused changes nothing else"
    assert summary.synced == "True"


def test_it_is_remembered_as_sent_before_the_call():
    snapshot = viewed(asked())
    record = reset_after(HalfReport(snapshot, RESET, judge_before(snapshot, RESET)))
    assert record is not None
    assert record.state is ResetState.SENT
