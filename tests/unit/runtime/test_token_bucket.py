import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.token_bucket import TokenBucket, TokenBuckets
from support.fakes.clock import FakeClock

URGENT, LATER = 0, 3


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def take_all(bucket: TokenBucket) -> int:
    taken = 0
    while bucket.remaining >= 1:
        assert bucket.try_take() == 0
        taken += 1
    return taken


def test_a_full_bucket_gives_its_capacity_then_says_how_long_to_wait(clock: FakeClock):
    bucket = TokenBucket(5, 2, clock)
    assert take_all(bucket) == 5
    assert bucket.try_take() == pytest.approx(0.5)


def test_the_wait_it_tells_is_enough(clock: FakeClock):
    bucket = TokenBucket(5, 3, clock)
    take_all(bucket)
    clock.jump(bucket.try_take(4))
    assert bucket.try_take(4) == 0


def test_it_never_holds_more_than_its_capacity(clock: FakeClock):
    bucket = TokenBucket(5, 2, clock)
    clock.jump(1000)
    assert take_all(bucket) == 5


def test_those_refused_are_told_different_times(clock: FakeClock):
    bucket = TokenBucket(10, 10, clock)
    take_all(bucket)
    assert [bucket.try_take() for _ in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_an_urgent_request_does_not_queue_behind_the_others(clock: FakeClock):
    bucket = TokenBucket(10, 10, clock)
    take_all(bucket)
    for _ in range(100):
        bucket.try_take(priority=LATER)
    assert bucket.try_take(priority=URGENT) == pytest.approx(0.1)
    assert bucket.try_take(priority=LATER) > 10


def test_kept_or_missed_promises_are_not_counted_for_ever(clock: FakeClock):
    bucket = TokenBucket(10, 10, clock)
    take_all(bucket)
    for _ in range(10):
        bucket.try_take()
    clock.jump(1.0)
    take_all(bucket)
    assert bucket.try_take() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("taken", "server_says", "capacity", "remaining"),
    [
        pytest.param(10, 3, 100, 3, id="less than expected is believed: others share the limit"),
        pytest.param(10, 95, 100, 90, id="more than expected may be requests under way: nothing gained"),
        pytest.param(10, 1099, 1099, 1089, id="more than the capacity: the limit is larger than configured"),
        pytest.param(10, 0, 100, 0, id="nothing left"),
        pytest.param(10, -1, 100, 0, id="a negative figure is nothing left"),
    ],
)
def test_it_learns_from_what_the_server_says(
    clock: FakeClock, taken: int, server_says: int, capacity: float, remaining: float
):
    bucket = TokenBucket(100, 10, clock)
    bucket.try_take(taken)
    bucket.observe_remaining(server_says)
    assert (bucket.capacity, bucket.remaining) == (capacity, remaining)


def test_a_refusal_blocks_until_retry_after_and_then_starts_slowly(clock: FakeClock):
    bucket = TokenBucket(100, 10, clock)
    bucket.observe_throttled(17)
    assert bucket.blocked_for == 17
    assert bucket.remaining == 0
    assert bucket.try_take() == 17
    clock.jump(16.9)
    assert bucket.try_take() > 0
    clock.jump(0.1)
    assert bucket.try_take() == 0
    assert bucket.try_take() > 0


def test_a_shorter_refusal_does_not_lift_a_longer_one(clock: FakeClock):
    bucket = TokenBucket(100, 10, clock)
    bucket.observe_throttled(60)
    bucket.observe_throttled(1)
    assert bucket.blocked_for == 60


@pytest.mark.parametrize("n", [0, -1, 101])
def test_a_request_that_can_never_be_served_is_refused(clock: FakeClock, n: int):
    with pytest.raises(ValueError, match="fit into the bucket"):
        TokenBucket(100, 10, clock).try_take(n)


@pytest.mark.parametrize(("capacity", "refill"), [(0, 1), (1, 0), (-1, 1)])
def test_impossible_limits_are_refused(clock: FakeClock, capacity: float, refill: float):
    with pytest.raises(ValueError, match="must be positive"):
        TokenBucket(capacity, refill, clock)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 5)), max_size=80))
def test_in_any_window_no_more_is_taken_than_the_server_allows(requests: list[tuple[float, int]]):
    clock = FakeClock()
    capacity, refill = 10, 2.0
    bucket = TokenBucket(capacity, refill, clock)
    taken: list[tuple[float, int]] = []
    for pause, n in requests:
        clock.jump(pause)
        if bucket.try_take(n) == 0:
            taken.append((clock.monotonic(), n))
    for start, (since, _) in enumerate(taken):
        total = 0
        for at, n in taken[start:]:
            total += n
            assert total <= capacity + refill * (at - since) + 1e-3


def test_each_key_has_a_bucket_of_its_own(clock: FakeClock):
    buckets = TokenBuckets[tuple[str, str]](lambda key: TokenBucket(100 if key[1] == "reads" else 10, 1, clock))
    assert take_all(buckets.get(("sub", "writes"))) == 10
    assert buckets.get(("sub", "reads")).remaining == 100
    assert buckets.get(("sub", "writes")).remaining == 0
    assert dict(buckets.items()).keys() == {("sub", "writes"), ("sub", "reads")}
