"""What a pass comes to: progress, and when to look again."""

import pytest

from azure_vpn_operator.domain.azure.faults import VERDICTS, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.domain.passes.snapshot import Attempts, Cadence
from azure_vpn_operator.domain.passes.verdicts import IN_LINE_SECONDS, Accepted, Busy, judge
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import a_connection, a_fault, a_snapshot
from support.checkers import run_pass


def outage(failures: int, kind: FaultKind, retry_after: float | None = None) -> float:
    fault = a_fault(kind, retry_after=retry_after)
    return run_pass(a_snapshot(live=Unreadable(fault), attempts=Attempts(failures=failures))).summary.next_look


@pytest.mark.parametrize("kind", FaultKind)
def test_delay_grows_and_is_bounded(kind: FaultKind):
    delays = [outage(failures, kind) for failures in (0, 1, 2, 5, 60)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (VERDICTS[kind].retry_seconds, VERDICTS[kind].max_retry_seconds)


def test_azures_own_wish_is_obeyed_when_it_is_longer():
    assert outage(0, FaultKind.THROTTLED, retry_after=77.0) == 77.0
    assert outage(0, FaultKind.THROTTLED, retry_after=1.0) == 10.0


def test_a_fault_counts_as_a_failure_and_a_busy_gateway_does_not():
    snapshot = a_snapshot(a_connection(routingWeight=5))
    assert run_pass(snapshot, a_fault()).summary.failed
    assert not run_pass(snapshot, Busy("network/other")).summary.failed
    assert not run_pass(snapshot, Accepted(10.0)).summary.failed


def test_a_write_is_looked_at_when_azure_says():
    assert run_pass(a_snapshot(a_connection(routingWeight=5)), Accepted(42.0)).summary.next_look == 42.0


def test_waiting_looks_often_and_refusing_seldom():
    cadence = Cadence(steady=300.0, recent=30.0)
    assert run_pass(a_snapshot(policy=Absent(), cadence=cadence)).summary.next_look == 30.0
    assert run_pass(a_snapshot(cadence=cadence)).summary.next_look == 300.0
    busy = run_pass(a_snapshot(a_connection(routingWeight=5), cadence=cadence), Busy("x"))
    assert busy.summary.next_look == IN_LINE_SECONDS, "it is told when its turn has come"
    assert busy.summary.message == "waits for its turn at the gateway, which is busy with x"
    assert Busy("x", ahead=4).message.endswith("busy with x; 4 more come before this one")


@pytest.mark.parametrize(
    ("kind", "written"),
    [(kind, kind in {FaultKind.UNAVAILABLE, FaultKind.UNREADABLE, FaultKind.UNSUPPORTED}) for kind in FaultKind],
)
def test_a_lost_answer_may_be_a_write(kind: FaultKind, written: bool):
    assert run_pass(a_snapshot(a_connection(routingWeight=5)), a_fault(kind)).summary.written is written


def test_a_lost_read_is_no_write():
    assert not run_pass(a_snapshot(live=Unreadable(a_fault()))).summary.written


def test_a_write_without_its_answer_is_a_mistake_of_the_caller():
    snapshot = a_snapshot(live=Absent())
    with pytest.raises(ValueError, match="answer"):
        judge(snapshot, plan(snapshot), None)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FaultKind.LOCKED, "The scope is locked by keep-vpn"),
        (FaultKind.DENIED_BY_POLICY, "Policy assignment no-ikev1."),
        (FaultKind.FORBIDDEN, "does not have authorization to perform action 'Microsoft.Network/connections/write'"),
    ],
)
def test_denials_quote_what_denies(kind: FaultKind, text: str):
    record = run_pass(a_snapshot(a_connection(routingWeight=5)), a_fault(kind, "Code", message=text))
    assert record.summary.message == f"could not update the connection: Code: {text}"
