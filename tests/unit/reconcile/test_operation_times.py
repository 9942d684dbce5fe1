import random

import pytest

from azure_vpn_operator.domain.passes.snapshot import OperationKind
from azure_vpn_operator.reconcile.operation_times import OperationTimes, OperationType

UPDATE = OperationType("sub", OperationKind.PUT)


def follow(times: OperationTimes, takes: float, of: OperationType = UPDATE) -> tuple[float, int]:
    """Look at an operation as its estimate says until it has ended; returns when that was seen, and after how many looks."""
    age, early = times.expected(of) or 2.0, 0
    running_at = None
    while age < takes:
        early, running_at = early + 1, age
        age += times.next_step(of, age, early)
    times.learn(of, running_at=running_at, ended_by=age)
    return age, early + 1


def test_only_the_first_operation_of_a_kind_is_explored():
    times = OperationTimes()
    assert times.expected(UPDATE) is None
    assert times.explore(UPDATE)
    assert not times.explore(UPDATE), "one is enough"
    assert times.explore(OperationType("other", OperationKind.PUT)), "another subscription may be slower"
    assert times.explore(OperationType("sub", OperationKind.PUT, creating=True))
    follow(times, 45.0)
    assert not times.explore(UPDATE)


@pytest.mark.parametrize("takes", [3.0, 9.0, 45.0, 600.0])
def test_after_some_operations_the_end_is_seen_within_a_tenth_and_with_few_looks(takes: float):
    times = OperationTimes()
    for _ in range(12):
        follow(times, takes)
    looks = 0
    for _ in range(20):
        seen, count = follow(times, takes)
        assert seen - takes <= takes / 10
        looks += count
    assert looks <= 30, "mostly one look"


@pytest.mark.parametrize("seed", range(10))
def test_operations_that_take_now_longer_now_shorter_are_seen_soon_on_average(seed: int):
    times, dice = OperationTimes(), random.Random(seed)
    late = looks = 0.0
    for number in range(120):
        takes = dice.uniform(36.0, 54.0)
        seen, count = follow(times, takes)
        if number >= 20:
            late, looks = late + seen - takes, looks + count
    assert late / 100 <= 45.0 / 5
    assert looks / 100 <= 4


def test_an_estimate_that_has_become_too_long_comes_down():
    times = OperationTimes()
    for _ in range(5):
        follow(times, 90.0)
    for _ in range(40):
        seen, _ = follow(times, 30.0)
    assert seen <= 60.0
