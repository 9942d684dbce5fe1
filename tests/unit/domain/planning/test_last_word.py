"""When a read fails: what was said last stands for a while, and never covers up something new."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.conditions import ConditionStatus
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import HalfRole, KeyRecord, VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.domain.passes.snapshot import INTERVALS_UNTIL_UNKNOWN, Attempts, Cadence, PolicyFound, Snapshot
from azure_vpn_operator.domain.passes.verdicts import Progress, Summary, judge
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.reporting.status import build_status
from support.builders import NOW, a_connection, a_failed_operation, a_fault, a_policy, a_snapshot

CADENCE = Cadence(steady=300.0)
JUST_READ = Attempts(last_read=NOW - timedelta(seconds=300))
LONG_AGO = Attempts(last_read=NOW - timedelta(seconds=300 * INTERVALS_UNTIL_UNKNOWN + 1))


def at_rest(**subject: Any) -> tuple[Snapshot, VpnConnectionStatus]:
    snapshot = a_snapshot(a_connection(**subject))
    step = plan(snapshot)
    return snapshot, build_status(snapshot, step, judge(snapshot, step, None))


def unread(kind: FaultKind = FaultKind.UNAVAILABLE, **changes: Any) -> Snapshot:
    """The pass after one at rest: the connection cannot be read."""
    snapshot, status = at_rest()
    given = {"live": Unreadable(a_fault(kind)), "previous": status, "attempts": JUST_READ, "cadence": CADENCE}
    return replace(snapshot, **{**given, **changes})


def judged(snapshot: Snapshot) -> Summary:
    return judge(snapshot, plan(snapshot), None)


@pytest.mark.parametrize("kind", [FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.UNREADABLE])
def test_the_status_of_an_object_at_rest_does_not_change(kind: FaultKind):
    snapshot = unread(kind)
    step = plan(snapshot)
    summary = judge(snapshot, step, None)
    assert build_status(snapshot, step, summary) == snapshot.previous
    assert summary.failed, "it counts as a failure, and is read again soon"
    assert summary.next_look < CADENCE.recent


def test_each_failure_makes_the_next_read_wait_longer():
    delays = [judged(unread(attempts=replace(JUST_READ, failures=failures))).next_look for failures in (0, 1, 2, 3, 50)]
    assert delays == sorted(delays)
    assert delays[0] < delays[2] < delays[-1] == 300


def policy_edit() -> dict[str, Any]:
    return {"policy": PolicyFound(a_policy(dhGroup="ECP256"))}


def with_metadata(**changes: Any) -> dict[str, Any]:
    snapshot, _ = at_rest()
    return {"metadata": snapshot.metadata.model_copy(update=changes)}


def with_key(record: KeyRecord) -> dict[str, Any]:
    _, status = at_rest()
    half = next(half for half in status.halves if half.role is HalfRole.FORWARD)
    previous = status.model_copy(update={"halves": (half.model_copy(update={"key": record}),)})
    return {"previous": previous, "key_digest": "name:new"}


def not_ready() -> dict[str, Any]:
    snapshot = unread(FaultKind.FORBIDDEN)
    return {"previous": build_status(snapshot, plan(snapshot), judged(snapshot))}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"attempts": LONG_AGO}, id="it was not read for three intervals"),
        pytest.param(with_metadata(generation=99), id="the object was edited"),
        pytest.param(policy_edit(), id="its policy was edited"),
        pytest.param({"policy": Absent()}, id="its policy is gone"),
        pytest.param(with_key(KeyRecord(digest="name:old")), id="its Secret has another key"),
        pytest.param(with_key(KeyRecord(digest="name:old", pending="name:new")), id="a key is on its way"),
        pytest.param(with_metadata(annotations={"azvpn.dev/reconcile-at": "1"}), id="a person asks for a look"),
        pytest.param(with_metadata(annotations={"azvpn.dev/rotate-key": "1"}), id="a person asks for a key"),
        pytest.param({"operation": a_failed_operation()}, id="a change has failed"),
        pytest.param({"previous": VpnConnectionStatus()}, id="nothing was said before"),
        pytest.param(not_ready(), id="it was not ready before"),
    ],
)
def test_something_new_is_not_covered_up(changes: dict[str, Any]):
    summary = judged(unread(**changes))
    assert not summary.ready
    assert summary.progress is not Progress.NONE or summary.reason is Reason.POLICY_NOT_FOUND


@pytest.mark.parametrize(
    "kind", [k for k in FaultKind if k not in {FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.UNREADABLE}]
)
def test_a_cause_that_does_not_pass_by_itself_is_said_at_once(kind: FaultKind):
    assert not judged(unread(kind)).ready


def test_an_observer_keeps_what_it_has_seen():
    snapshot, status = at_rest(finalizers=(), managementPolicy="Observe", routingWeight=77)
    snapshot = replace(snapshot, live=Unreadable(a_fault()), previous=status, attempts=JUST_READ, cadence=CADENCE)
    summary = judged(snapshot)
    assert (summary.reason, summary.synced) == (Reason.OBSERVED, ConditionStatus.FALSE)
    assert summary.differences == status.differences != ()
