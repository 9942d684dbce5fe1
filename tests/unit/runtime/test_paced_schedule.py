"""Who is looked at when, on a budget: the law of the budget, the order, and that nobody starves."""

import asyncio
import itertools
import math
from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azure_vpn_operator.runtime.paced_schedule import MOST_UNDER_WAY, Budget, PacedSchedule
from support.fakes.clock import FakeClock

NEVER = -math.inf


class Looks:
    """A schedule with one budget for all lanes; what it releases is noted, and done at once unless told otherwise."""

    def __init__(self, per_second: float = 1.0, burst: float = 1.0) -> None:
        self.clock = FakeClock()
        self.budget = Budget(per_second, burst)
        self.released: list[tuple[float, str]] = []
        self.on_release: Callable[[str], None] = lambda key: self.schedule.done(key)  # noqa: PLW0108 (made below)
        self.schedule: PacedSchedule[str, str] = PacedSchedule(self.clock, lambda _lane: self.budget, self._release)
        self.running = asyncio.ensure_future(self.schedule.run())

    def _release(self, key: str) -> None:
        self.released.append((self.clock.monotonic() - 1000.0, key))
        self.on_release(key)

    @property
    def names(self) -> str:
        return "".join(key for _, key in self.released)

    def plan(self, key: str, after: float = 0.0, known_at: float = NEVER, lane: str = "lane", cost: int = 1) -> None:
        self.schedule.plan(key, lane, after=after, known_at=known_at, cost=cost)

    async def stop(self) -> None:
        assert not self.running.done()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@pytest.fixture
async def looks() -> Looks:
    return Looks()


async def test_each_is_released_at_its_time_if_the_budget_allows(looks: Looks):
    looks.plan("b", after=20.0)
    looks.plan("a", after=10.0)
    await looks.clock.advance(30.0)
    assert looks.released == [(10.0, "a"), (20.0, "b")]
    await looks.stop()


async def test_of_those_that_are_due_the_one_known_least_recently_goes_first(looks: Looks):
    for key, known_at in (("a", 5.0), ("b", 3.0), ("c", NEVER), ("d", 4.0)):
        looks.plan(key, known_at=known_at)
    await looks.clock.advance(10.0)
    assert looks.names == "cbda"
    assert [at for at, _ in looks.released] == pytest.approx([0.0, 1.0, 2.0, 3.0])
    await looks.stop()


async def test_a_later_plan_replaces_an_earlier_one(looks: Looks):
    looks.plan("a", after=10.0)
    looks.plan("a", after=50.0)
    await looks.clock.advance(40.0)
    assert looks.released == []
    looks.plan("a", after=1.0)
    await looks.clock.advance(60.0)
    assert looks.released == [(41.0, "a")]
    await looks.stop()


async def test_a_look_for_another_reason_supersedes_the_plan_and_what_is_gone_is_never_released(looks: Looks):
    looks.plan("a", after=10.0)
    looks.plan("b", after=10.0)
    looks.schedule.done("a")
    looks.schedule.forget("b")
    await looks.clock.advance(100.0)
    assert looks.released == []
    assert looks.schedule.cost_of_round("lane") == 1, "a is still looked at, b is not"
    looks.schedule.forget("a")
    assert looks.schedule.cost_of_round("lane") == looks.schedule.cost_of_round("other") == 0
    await looks.stop()


async def test_lanes_share_nothing(looks: Looks):
    for number in range(3):
        looks.plan(f"{number}", lane="busy")
    looks.plan("x", lane="free")
    await looks.clock.advance(0.0)
    assert [key for _, key in looks.released] == ["0", "x"]
    await looks.stop()


async def test_a_key_that_costs_more_or_moves_to_another_lane_is_counted_anew(looks: Looks):
    looks.plan("a", cost=1)
    looks.plan("a", cost=2)
    assert looks.schedule.cost_of_round("lane") == 2
    looks.plan("a", lane="other", cost=2)
    assert (looks.schedule.cost_of_round("lane"), looks.schedule.cost_of_round("other")) == (0, 2)
    await looks.stop()


async def test_nothing_goes_while_the_server_refuses(looks: Looks):
    looks.budget = Budget(1.0, 1.0, blocked_for=30.0)
    looks.plan("a")
    await looks.clock.advance(29.0)
    assert looks.released == []
    looks.budget = Budget(1.0, 1.0)
    await looks.clock.advance(2.0)
    assert looks.names == "a"
    await looks.stop()


async def test_those_under_way_are_few_and_one_that_is_done_lets_the_next_go():
    looks = Looks(per_second=1000.0, burst=1000.0)
    looks.on_release = lambda _key: None
    for number in range(MOST_UNDER_WAY + 5):
        looks.plan(f"{number}", known_at=number)
    await looks.clock.advance(60.0)
    assert len(looks.released) == MOST_UNDER_WAY
    looks.schedule.done("3")
    looks.schedule.done("7")
    await looks.clock.advance(1.0)
    assert len(looks.released) == MOST_UNDER_WAY + 2
    await looks.stop()


async def test_what_waits_costs_nothing():
    looks = Looks()
    for number in range(1000):
        looks.plan(f"{number}", after=300.0 + number)
    await looks.clock.settle()
    wakes = 0
    sleep = looks.clock.sleep

    async def counting(seconds: float) -> None:
        nonlocal wakes
        wakes += 1
        await sleep(seconds)

    looks.clock.sleep = counting  # type: ignore[method-assign]
    await looks.clock.advance(299.0)
    assert (wakes, looks.clock.sleepers) == (0, 1)
    await looks.stop()


async def test_stale_plans_do_not_pile_up(looks: Looks):
    for number in range(20_000):
        looks.plan("a", after=100.0 + number)
    (lane,) = looks.schedule._lanes.values()
    assert len(lane.later) + len(lane.due) < 1000
    await looks.stop()


KEYS = st.lists(st.tuples(st.floats(1.0, 60.0), st.integers(1, 2), st.floats(0.0, 3.0)), min_size=1, max_size=25)
"""Of each key: how often it would be looked at, what that costs, and how long a look takes."""


@settings(max_examples=25, deadline=None)
@given(KEYS, st.floats(0.2, 5.0), st.floats(1.0, 10.0), st.lists(st.floats(0.0, 150.0), max_size=10))
def test_the_budget_holds_over_any_interval_and_nobody_starves(
    keys: list[tuple[float, int, float]], per_second: float, burst: float, edits: list[float]
):
    """Looks for other reasons come in between; each look is followed by a plan for the next."""

    async def run() -> None:
        looks = Looks(per_second, burst)
        clock, schedule = looks.clock, looks.schedule
        looked: defaultdict[str, list[float]] = defaultdict(list)
        tasks: set[asyncio.Task[None]] = set()

        def look_over(key: str) -> None:
            interval, cost, _ = keys[int(key)]
            now = clock.monotonic()
            looked[key].append(now)
            schedule.done(key)
            schedule.plan(key, "lane", after=interval, known_at=now, cost=cost)

        async def look(key: str) -> None:
            await clock.sleep(keys[int(key)][2])
            look_over(key)

        looks.on_release = lambda key: tasks.add(asyncio.ensure_future(look(key)))
        for number, (_, cost, _) in enumerate(keys):
            looks.plan(str(number), cost=cost)
        for at in sorted(edits):
            await clock.advance(max(0.0, at - (clock.monotonic() - 1000.0)))
            look_over(str(int(at) % len(keys)))
        end = 250.0
        await clock.advance(end - (clock.monotonic() - 1000.0))
        spent = [(at, keys[int(key)][1]) for at, key in looks.released]
        for start, (first, _) in enumerate(spent):
            total = 0
            for at, cost in spent[start:]:
                total += cost
                assert total <= per_second * (at - first) + burst + 1.0 + 1e-3
        # A round of all, with those that are under way; looks that take long hold up the others only if many do.
        round_of_all = sum(cost for _, cost, _ in keys) / per_second
        slowest = 3.0 * (1 + len(keys) / MOST_UNDER_WAY)
        for number, (interval, _, _) in enumerate(keys):
            times = [1000.0, *looked[str(number)], 1000.0 + end]
            longest = max(later - earlier for earlier, later in itertools.pairwise(times))
            assert longest <= interval + 2 * round_of_all + slowest
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await looks.stop()

    asyncio.run(run())
