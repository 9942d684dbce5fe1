from datetime import UTC, datetime, timedelta

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.passes.snapshot import KeyCheck
from azure_vpn_operator.reconcile.memory import FORGIVE_AFTER, RECHECK_KEY_AFTER, ConnectionMemory, KeyMemory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + FORGIVE_AFTER + timedelta(seconds=1)
FAULT = Fault(FaultKind.REJECTED, "Bad", "no")


def failed(times: int, kind: FaultKind = FaultKind.REJECTED) -> ConnectionMemory:
    memory = ConnectionMemory()
    memory.attempts(("wish",), NOW)
    for _ in range(times):
        memory.count_accepted_write(NOW)
        memory.count_failed_write(Fault(kind, "Bad", "no"), NOW)
    return memory


def test_failures_count_against_one_wish():
    memory = failed(2)
    memory.failures = 5
    same = memory.attempts(("wish",), NOW)
    assert (same.failed_writes, same.failures, same.last_failure) == (2, 5, FAULT)
    other = memory.attempts(("another wish",), NOW)
    assert (other.failed_writes, other.failures, other.last_failure) == (0, 0, None)


def test_a_lost_race_for_a_lock_is_no_failed_write():
    assert failed(9, FaultKind.BUSY).attempts(("wish",), NOW).failed_writes == 0


def test_time_gives_one_more_try_and_then_needs_time_again():
    memory = failed(3)
    assert memory.attempts(("wish",), NOW + FORGIVE_AFTER).failed_writes == 3
    assert memory.attempts(("wish",), LATER).failed_writes == 2
    assert memory.attempts(("wish",), LATER + timedelta(seconds=1)).failed_writes == 2
    memory.count_failed_write(FAULT, LATER)
    assert memory.attempts(("wish",), LATER + timedelta(minutes=29)).failed_writes == 3
    assert memory.attempts(("wish",), LATER + timedelta(minutes=31)).failed_writes == 2


def test_writes_without_effect_are_counted_until_azure_holds_what_is_wanted():
    memory = failed(0)
    for _ in range(3):
        memory.count_accepted_write(NOW)
    assert memory.attempts(("wish",), NOW).fruitless_writes == 3
    assert memory.attempts(("wish",), LATER).fruitless_writes == 2
    memory.forgive()
    assert memory.attempts(("wish",), NOW).fruitless_writes == 0


def test_a_write_that_failed_is_not_also_one_without_effect():
    assert failed(3).attempts(("wish",), NOW).fruitless_writes == 0


def test_what_was_never_read_counts_from_the_first_try():
    memory = ConnectionMemory(first_try=NOW)
    assert memory.attempts((), NOW).last_read == NOW
    memory.last_read = LATER
    assert memory.attempts((), NOW).last_read == LATER


@pytest.mark.parametrize(
    ("version", "age", "due"),
    [
        pytest.param("1", timedelta(0), False, id="just compared"),
        pytest.param("1", RECHECK_KEY_AFTER, False, id="an hour ago"),
        pytest.param("1", RECHECK_KEY_AFTER + timedelta(seconds=1), True, id="more than an hour ago"),
        pytest.param("2", timedelta(0), True, id="another version of the Secret"),
    ],
)
def test_when_the_key_is_compared_again(version: str, age: timedelta, due: bool):
    key = KeyMemory()
    assert key.due("1", NOW)
    key.remember("1", KeyCheck.EQUAL, NOW)
    assert key.due(version, NOW + age) is due


def test_only_a_key_that_was_seen_equal_counts_as_known():
    key = KeyMemory()
    key.remember("1", KeyCheck.UNREADABLE, NOW)
    assert key.equal_mark is None
    key.remember("1", KeyCheck.EQUAL, NOW)
    key.forget()
    assert key.due("1", NOW)
    assert key.equal_mark == "1"
