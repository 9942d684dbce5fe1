"""Which steps wait for a change window: those that begin to take down a tunnel that is up, and no others."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState, TunnelChange
from azure_vpn_operator.api.vpn_connection_status import HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.snapshot import KeyCheck, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Delete, Hold, Put, SetKey, Settled, Step, Wait
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.rollout.window_gate import hold_outside_windows, never_opens
from support.builders import (
    NOW,
    SITE6_POLICY,
    a_broken_connection,
    a_change,
    a_connection,
    a_known_good,
    a_live_connection,
    a_live_vnet_connection,
    a_policy,
    a_snapshot,
    a_vnet_connection,
    an_installation,
    an_open_operation,
)
from support.checkers import run_pass

# It is a Sunday, 12:00 UTC.
CLOSED = [{"start": "20:00", "duration": "2h"}]
OPEN = [{"start": "11:00", "duration": "2h"}]
ENDING = [{"start": "11:00", "duration": "1h10m"}]
OPENS = NOW + timedelta(hours=8)
NEW = a_policy(dhGroup="ECP256")
DOWN = {"connectionStatus": "NotConnected"}


def of(windows: Any = CLOSED, **spec: Any) -> Any:
    return a_connection(changeWindows=windows, **spec)


def waits(snapshot: Snapshot) -> bool:
    record = run_pass(snapshot) if isinstance(_step(snapshot), Hold) else None
    return record is not None and record.summary.reason is Reason.WAITING_FOR_WINDOW


def _step(snapshot: Snapshot) -> Step:
    return hold_outside_windows([(snapshot, plan(snapshot))])[0]


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(a_snapshot(of(), policy=NEW), id="another policy"),
        pytest.param(a_snapshot(of(dpdTimeoutSeconds=30)), id="a field of its own"),
        pytest.param(
            a_snapshot(of(routingWeight=5, dpdTimeoutSeconds=30)), id="with something that takes no tunnel down"
        ),
        pytest.param(a_snapshot(of(), key_check=KeyCheck.DIFFERENT, key_rotated=True), id="another key"),
        pytest.param(
            a_snapshot(of(adoptionPolicy="Always"), live=a_live_connection(tags={}, dpdTimeoutSeconds=30)),
            id="an adoption that changes",
        ),
        pytest.param(a_snapshot(of(deleting=True)), id="a deletion"),
        pytest.param(a_snapshot(of(ENDING), policy=NEW), id="too little of the window is left"),
        pytest.param(
            a_snapshot(
                of(), policy=NEW, live=a_live_connection(tunnelConnectionStatus=[
                    {"tunnel": "a", "connectionStatus": "Connected"}, {"tunnel": "b", "connectionStatus": "NotConnected"},
                ]),
            ),
            id="one of two tunnels is up",
        ),
    ],
)  # fmt: skip
def test_what_begins_to_take_down_a_tunnel_that_is_up_waits(snapshot: Snapshot):
    assert waits(snapshot)


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(a_snapshot(of(None), policy=NEW), id="there are no windows"),
        pytest.param(a_snapshot(of([]), policy=NEW), id="there is no window in the list"),
        pytest.param(a_snapshot(of(OPEN), policy=NEW), id="one is open"),
        pytest.param(a_snapshot(of(CLOSED + OPEN), policy=NEW), id="one of several is open"),
        pytest.param(a_snapshot(of(ENDING, deleting=True)), id="a deletion needs less time"),
        pytest.param(a_snapshot(of(), policy=NEW, live=a_live_connection(**DOWN)), id="the tunnel is down"),
        pytest.param(a_snapshot(of(), live=Absent()), id="it has to be created"),
        pytest.param(a_snapshot(of(routingWeight=5)), id="a write that takes no tunnel down"),
        pytest.param(a_snapshot(of(tags={"a": "b"})), id="tags"),
        pytest.param(
            a_snapshot(of(), live=a_live_connection(provisioningState="Failed")), id="a failed state put right"
        ),
        pytest.param(
            a_snapshot(of(deleting=True), live=a_live_connection(**DOWN)), id="a deletion, the tunnel is down"
        ),
        pytest.param(a_snapshot(of(deleting=True, deletionPolicy="Retain")), id="letting go"),
        pytest.param(a_snapshot(of()), id="nothing is to be written"),
    ],
)
def test_nothing_else_waits(snapshot: Snapshot):
    assert _step(snapshot) == plan(snapshot)


def test_who_waits_says_until_when_and_what_differs_and_is_read_as_in_peace():
    step = _step(a_snapshot(of(), policy=NEW))
    assert isinstance(step, Hold)
    assert step.until == OPENS
    assert [item.path for item in step.differences] == ["ipsecPolicies[0].dhGroup"]
    record = run_pass(a_snapshot(of(), policy=NEW))
    assert record.condition("Ready") == ("False", "WaitingForWindow")
    assert record.condition("Synced") == ("False", "WaitingForWindow")
    assert record.condition("Reconciling") is None
    assert record.condition("Stalled") is None
    assert record.next_look == 300.0


def test_a_deletion_that_waits_says_how_the_object_can_be_let_go():
    record = run_pass(a_snapshot(of(deleting=True)))
    assert record.condition("Ready") == ("False", "WaitingForWindow")
    assert "Retain" in record.summary.message
    assert "2026-03-01T20:00:00Z" in record.summary.message


def undoing(**changes: Any) -> Snapshot:
    """The tunnel is up with new values that have failed, say, since it came up too late: the old ones are put back."""
    change = a_change(ChangeState.ROLLING_BACK, end_time=NOW)
    previous = VpnConnectionStatus(change=change, last_known_good=a_known_good())
    made = a_snapshot(of(), previous=previous, **changes)
    return replace(made, change_view=ChangeView(change, a_known_good()))


def test_an_undo_never_waits():
    step = _step(undoing())
    assert isinstance(step, Put)
    assert step.reason is Reason.ROLLING_BACK


def test_a_change_that_is_not_proven_is_looked_at_while_the_next_one_waits():
    previous = VpnConnectionStatus(change=a_change(), last_known_good=a_known_good())
    record = run_pass(a_snapshot(of(dpdTimeoutSeconds=30), previous=previous))
    assert record.condition("Ready") == ("False", "WaitingForWindow")
    assert record.status.change == a_change()
    assert record.next_look <= 30.0


# --- objects that break a rule


@pytest.mark.parametrize(
    ("raw", "held"),
    [
        pytest.param({"changeWindows": CLOSED}, True, id="closed"),
        pytest.param({"changeWindows": OPEN}, False, id="open"),
        pytest.param({}, False, id="none"),
        pytest.param({"changeWindows": None}, False, id="null"),
        pytest.param({"changeWindows": []}, False, id="an empty list"),
        pytest.param({"changeWindows": [{**OPEN[0], "timeZone": "Europe/Nowhere"}]}, True, id="an unknown zone"),
        pytest.param({"changeWindows": [{"start": "11:00"}]}, True, id="a window without a duration"),
        pytest.param({"changeWindows": [7]}, True, id="a number for a window"),
        pytest.param({"changeWindows": "OPEN"}, True, id="a text for the list"),
        pytest.param({"changeWindows": {"start": "11:00"}}, True, id="an object for the list"),
    ],
)
def test_the_windows_of_an_object_that_breaks_a_rule_still_hold_its_deletion(raw: dict[str, Any], held: bool):
    spec = {"managementPolicy": "Enforce", "deletionPolicy": "Delete", **raw}
    snapshot = a_snapshot(a_broken_connection(deleting=True), raw_spec=spec, live=a_live_connection())
    assert isinstance(plan(snapshot), Delete)
    assert waits(snapshot) is held


# --- pairs

OTHER_POLICY = [{**SITE6_POLICY, "dhGroup": "ECP256"}]
WRITE = Settled(Reason.UP_TO_DATE, "")


def half(role: HalfRole = HalfRole.FORWARD, name: str = "one", windows: Any = CLOSED, **given: Any) -> Snapshot:
    """One half of a pair that wants the group ECP256 and does not hold it yet; the tunnel is up."""
    view = given.pop("view", ChangeView())
    made = a_snapshot(a_vnet_connection(changeWindows=windows), policy=NEW, **given)
    metadata = made.metadata.model_copy(update={"name": name})
    return replace(made, role=role, metadata=metadata, change_view=view)


def moved(**given: Any) -> Snapshot:
    """One that holds it."""
    return half(live=a_live_vnet_connection(ipsecPolicies=OTHER_POLICY), **given)


def running(**given: Any) -> Snapshot:
    """One whose PUT runs."""
    return half(operation=an_open_operation(), live=NotRead(), **given)


def underway(**changes: Any) -> ChangeView:
    """A change of both halves from DHGroup24 to ECP256 that is not proven."""
    old, new = a_change().to, a_change().from_
    change: TunnelChange = a_change(
        ChangeState.SENT,
        from_=old.model_copy(update={"reverse": old}),
        to=new.model_copy(update={"reverse": new}),
        **changes,
    )
    return ChangeView(change, a_known_good())


def held(*halves: Snapshot, steps: tuple[Step | None, ...] = (None, None)) -> list[bool]:
    planned = [(item, step or plan(item)) for item, step in zip(halves, steps, strict=True)]
    return [isinstance(step, Hold) for step in hold_outside_windows(planned)]


REVERSE = HalfRole.REVERSE
WAIT = Wait(Reason.UPDATING, "", 1.0)


def test_both_halves_wait():
    assert held(half(), half(role=REVERSE)) == [True, True]


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_second_half_goes_on_when_the_first_has_been_sent(name: str):
    role = REVERSE if name == "one" else HalfRole.FORWARD
    first, view = running(view=underway()), underway() if name == "one" else ChangeView(shared=True)
    assert held(first, half(role=role, name=name, view=view), steps=(WAIT, None)) == [False, False]


def test_the_second_half_waits_if_it_wants_something_else_than_what_was_sent():
    third = a_policy(dhGroup="ECP384")
    other = replace(half(role=REVERSE, view=underway()), policy=replace(half().policy, policy=third))
    assert held(running(view=underway()), other, steps=(WAIT, None)) == [False, True]


def test_a_half_goes_forward_that_holds_another_policy_than_the_other_one():
    assert held(moved(), half(role=REVERSE), steps=(WRITE, None)) == [False, False]


def test_a_key_goes_on_to_the_second_half_and_no_key_begins():
    key = SetKey("another")
    first = moved(view=underway(cause=ChangeCause.KEY))
    second = moved(role=REVERSE, view=underway(cause=ChangeCause.KEY))
    assert held(first, second, steps=(WRITE, key)) == [False, False]
    assert held(moved(view=underway()), moved(role=REVERSE, view=underway()), steps=(WRITE, key)) == [False, True]
    assert held(moved(), moved(role=REVERSE), steps=(key, key)) == [True, True]


def test_what_puts_a_half_back_does_not_wait():
    back = plan(half())
    assert isinstance(back, Put)
    back = replace(back, reason=Reason.PAIR_PUT_BACK)
    assert held(half(), half(role=REVERSE), steps=(back, WRITE)) == [False, False]


def test_a_tunnel_with_a_half_that_is_missing_is_not_up():
    assert held(half(), half(role=REVERSE, live=Absent())) == [False, False]


@pytest.mark.parametrize(
    ("one", "two", "both"),
    [
        pytest.param(OPEN, OPEN, False, id="both are open"),
        pytest.param(OPEN, None, False, id="the other one does not mind"),
        pytest.param(OPEN, CLOSED, True, id="the other one is closed"),
        pytest.param(None, CLOSED, True, id="only the other one minds"),
    ],
)
def test_two_objects_change_while_the_windows_of_both_are_open(one: Any, two: Any, both: bool):
    assert held(half(windows=one), half(name="two", windows=two)) == [both, both]


def deleting(**given: Any) -> Snapshot:
    made = half(**given)
    return replace(
        made, metadata=made.metadata.model_copy(update={"deletion_timestamp": datetime(2026, 3, 1, tzinfo=NOW.tzinfo)})
    )


def test_the_deletion_of_one_of_two_objects_asks_its_own_windows():
    assert held(deleting(windows=OPEN), moved(name="two"), steps=(Delete(), WRITE)) == [False, False]
    assert held(deleting(), moved(name="two", windows=OPEN), steps=(Delete(), WRITE)) == [True, False]


def test_both_halves_of_an_object_are_deleted_once_one_is():
    assert held(deleting(), deleting(role=REVERSE), steps=(Delete(), Delete())) == [True, True]
    gone = replace(deleting(), live=NotRead(), operation=an_open_operation(OperationKind.DELETE))
    assert held(gone, deleting(role=REVERSE), steps=(WAIT, Delete())) == [False, False]
    absent = replace(deleting(), live=Absent())
    assert held(absent, deleting(role=REVERSE), steps=(WRITE, Delete())) == [False, False]
    unread = replace(deleting(), live=Present(a_live_vnet_connection(tags={})))
    assert held(unread, deleting(role=REVERSE), steps=(WRITE, Delete())) == [False, True]


# --- advice


@pytest.mark.parametrize(
    ("windows", "within", "never"),
    [
        pytest.param(CLOSED, 600, False, id="long enough"),
        pytest.param(CLOSED, 2 * 3600, True, id="too short"),
        pytest.param([{"start": "20:00", "duration": "1h"}], 3600, True, id="as long as the proof alone"),
        pytest.param(
            [{"start": "20:00", "duration": "1h"}, {"start": "21:00", "duration": "1h"}], 3600, False, id="together"
        ),
        pytest.param([], 86400, False, id="none"),
    ],
)
def test_windows_that_are_all_too_short_are_told_before_a_change_waits(windows: Any, within: int, never: bool):
    subject = of(windows, confirm={"withinSeconds": within})
    assert never_opens(subject, an_installation(), NOW) is never
    warnings = run_pass(a_snapshot(subject)).status.warnings
    assert ("window-too-short" in {warning.id for warning in warnings}) is never
