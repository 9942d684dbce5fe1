import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.work_queue import QueueClosed, WorkQueue
from support.fakes.clock import FakeClock


@dataclass
class Recorder:
    events: list[tuple[str, float]] = field(default_factory=list)

    def on_add(self) -> None:
        self.events.append(("add", 0))

    def on_get(self, queue_seconds: float) -> None:
        self.events.append(("get", queue_seconds))

    def on_done(self, work_seconds: float) -> None:
        self.events.append(("done", work_seconds))

    def on_retry(self) -> None:
        self.events.append(("retry", 0))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def drain(queue: WorkQueue[str]) -> list[str]:
    taken = []
    while len(queue):
        key = await queue.get()
        queue.done(key)
        taken.append(key)
    return taken


@pytest.mark.parametrize(
    ("adds", "order"),
    [
        pytest.param([("a", Priority.EDIT), ("b", Priority.EDIT)], ["a", "b"], id="first come, first served"),
        pytest.param([("a", Priority.EDIT), ("a", Priority.EDIT)], ["a"], id="a waiting key is not queued twice"),
        pytest.param(
            [("a", Priority.EDIT), ("b", Priority.EDIT), ("a", Priority.EDIT)],
            ["a", "b"],
            id="a waiting key that changes again keeps its place",
        ),
        pytest.param(
            [("a", Priority.RESYNC), ("b", Priority.ROLLOUT), ("c", Priority.EDIT), ("d", Priority.UNDO)],
            ["d", "c", "b", "a"],
            id="an undo goes before edits, edits before rollouts, rollouts before a resync",
        ),
        pytest.param(
            [("a", Priority.RESYNC), ("b", Priority.RESYNC), ("b", Priority.EDIT)],
            ["b", "a"],
            id="a waiting key that somebody edits moves forward",
        ),
        pytest.param(
            [("a", Priority.EDIT), ("b", Priority.EDIT), ("a", Priority.RESYNC)],
            ["a", "b"],
            id="a resync does not push an edit back",
        ),
    ],
)
async def test_keys_come_out_by_priority_then_arrival(
    clock: FakeClock, adds: list[tuple[str, Priority]], order: list[str]
):
    queue = WorkQueue[str](clock)
    for key, priority in adds:
        queue.add(key, priority=priority)
    assert await drain(queue) == order


async def test_a_flood_of_one_group_does_not_delay_the_others(clock: FakeClock):
    queue = WorkQueue[str](clock, group_of=lambda key: key.split("/")[0])
    for n in range(100):
        queue.add(f"noisy/{n}")
    queue.add("quiet/0")
    queue.add("calm/0")
    assert (await drain(queue))[:4] == ["noisy/0", "quiet/0", "calm/0", "noisy/1"]


async def test_groups_share_within_a_priority_only(clock: FakeClock):
    queue = WorkQueue[str](clock, group_of=lambda key: key.split("/")[0])
    queue.add("a/resync", priority=Priority.RESYNC)
    queue.add("b/1")
    queue.add("b/2")
    assert await drain(queue) == ["b/1", "b/2", "a/resync"]


async def test_changes_during_a_pass_lead_to_exactly_one_more(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a", priority=Priority.RESYNC)
    assert await queue.get() == "a"
    queue.add("a", priority=Priority.RESYNC)
    queue.add("a", priority=Priority.UNDO)
    queue.add("a", priority=Priority.EDIT)
    assert len(queue) == 0, "nobody else may work on the key meanwhile"
    queue.done("a")
    assert await queue.get() == "a"
    assert queue.priority_of("a") is Priority.UNDO
    queue.done("a")
    assert len(queue) == 0


async def test_a_key_in_the_hands_of_a_worker_is_given_to_nobody_else(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a")
    await queue.get()
    queue.add("a")
    second = asyncio.create_task(queue.get())
    await clock.advance(100)
    assert not second.done()
    queue.done("a")
    await clock.settle()
    assert second.result() == "a"


@pytest.mark.parametrize(
    ("adds", "due"),
    [
        pytest.param([10.0], 10, id="a delayed key waits for its time"),
        pytest.param([10.0, 60.0], 10, id="a later time does not replace an earlier one"),
        pytest.param([60.0, 10.0], 10, id="an earlier time replaces a later one"),
        pytest.param([10.0, 0.0], 0, id="an immediate request does not wait for the delayed one"),
        pytest.param([-5.0], 0, id="a time in the past is now"),
    ],
)
async def test_a_waiting_worker_gets_the_key_when_it_is_due(clock: FakeClock, adds: list[float], due: float):
    queue = WorkQueue[str](clock)
    getter = asyncio.create_task(queue.get())
    await clock.settle()
    for after in adds:
        queue.add("a", after=after)
    if due:
        await clock.advance(due - 0.001)
        assert not getter.done()
        await clock.advance(0.001)
    await clock.settle()
    assert getter.result() == "a"
    queue.done("a")
    await clock.advance(1000)
    assert len(queue) == queue.delayed == 0, "one request was left of all"


async def test_many_workers_share_the_delayed_keys_as_they_become_due(clock: FakeClock):
    queue = WorkQueue[str](clock)
    taken: list[tuple[str, float]] = []

    async def work() -> None:
        while True:
            key = await queue.get()
            taken.append((key, clock.monotonic() - 1000))
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(3)]
    for n in (5, 1, 3, 2, 4):
        queue.add(str(n), after=n)
    await clock.advance(10)
    assert taken == [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("5", 5)]
    queue.shutdown()
    assert all(isinstance(end, QueueClosed) for end in await asyncio.gather(*workers, return_exceptions=True))


async def test_a_worker_still_waiting_gets_the_next_key_while_the_other_is_busy(clock: FakeClock):
    queue = WorkQueue[str](clock)
    getters = [asyncio.create_task(queue.get()) for _ in range(2)]
    queue.add("a", after=1)
    queue.add("b", after=2)
    await clock.advance(1)
    assert [getter.done() for getter in getters] == [True, False]
    await clock.advance(1)
    assert [getter.result() for getter in getters] == ["a", "b"]


async def test_a_delayed_key_keeps_the_best_priority_asked_for(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a", priority=Priority.UNDO, after=10)
    queue.add("b", priority=Priority.EDIT)
    queue.add("a", priority=Priority.RESYNC)
    assert await drain(queue) == ["a", "b"]


async def test_a_time_that_comes_during_the_pass_leads_to_one_after_it(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a")
    await queue.get()
    queue.add("a", after=5)
    clock.jump(6)
    assert len(queue) == 0
    queue.done("a")
    assert await drain(queue) == ["a"]


async def test_a_change_during_the_pass_is_not_delayed_by_the_retry_the_pass_asks_for(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("a", after=300)
    queue.done("a")
    assert await drain(queue) == ["a"]
    assert queue.delayed == 0


async def test_forgetting_a_delay_leaves_ready_keys_alone(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("later", after=5)
    queue.add("now")
    assert queue.forget_delay("later")
    assert not queue.forget_delay("now")
    assert not queue.forget_delay("unknown")
    clock.jump(10)
    assert await drain(queue) == ["now"]


async def test_a_forgotten_delay_does_not_come_back_with_a_new_one(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a", after=5)
    queue.forget_delay("a")
    queue.add("a", after=60)
    clock.jump(10)
    assert len(queue) == 0
    clock.jump(50)
    assert len(queue) == 1


async def test_cancelling_a_worker_loses_no_key(clock: FakeClock):
    queue = WorkQueue[str](clock)
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await clock.settle()
    queue.add("a")  # wakes the first ...
    first.cancel()  # ... which is cancelled before it runs
    await clock.settle()
    assert second.result() == "a"
    assert queue.processing == {"a"}


async def test_a_worker_cancelled_while_it_waits_is_not_woken_for_a_key(clock: FakeClock):
    queue = WorkQueue[str](clock)
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await clock.settle()
    first.cancel()
    queue.add("a")
    await clock.settle()
    assert second.result() == "a"
    assert first.cancelled()


async def test_no_timer_is_left_when_nobody_waits(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a", after=60)
    getter = asyncio.create_task(queue.get())
    await clock.settle()
    assert clock.sleepers == 1
    getter.cancel()
    await clock.settle()
    assert clock.sleepers == 0


async def test_shutdown_hands_out_nothing_more_but_lets_a_pass_end(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a")
    await queue.get()
    waiting = asyncio.create_task(queue.get())
    await clock.settle()
    queue.shutdown()
    queue.add("b")
    queue.done("a")
    with pytest.raises(QueueClosed):
        await waiting
    with pytest.raises(QueueClosed):
        await queue.get()
    assert queue.closed
    assert len(queue) == 0


async def test_done_refuses_a_key_that_nobody_has(clock: FakeClock):
    queue = WorkQueue[str](clock)
    queue.add("a")
    with pytest.raises(ValueError, match="a is not being processed"):
        queue.done("a")


async def test_the_observer_hears_durations_and_each_key_once(clock: FakeClock):
    recorder = Recorder()
    queue = WorkQueue[str](clock, observer=recorder)
    queue.add("a")
    queue.add("a")
    clock.jump(2)
    await queue.get()
    clock.jump(3)
    queue.add("a", after=10)
    queue.done("a")
    clock.jump(14)
    await queue.get()
    assert recorder.events == [("add", 0), ("get", 2), ("retry", 0), ("done", 3), ("add", 0), ("get", 4)]


async def test_figures_for_the_metrics(clock: FakeClock):
    queue = WorkQueue[str](clock)
    for key in ("a", "b"):
        queue.add(key)
        await queue.get()
        clock.jump(2)
    queue.add("c", priority=Priority.RESYNC)
    queue.add("d", priority=Priority.UNDO, after=60)
    assert queue.depth_by_priority() == {0: 0, 1: 0, 2: 0, 3: 0, 4: 1}
    assert queue.unfinished_work_seconds() == 6
    assert queue.longest_running_processor_seconds() == 4
    assert queue.delayed == 1
    clock.jump(60)
    assert queue.depth_by_priority()[0] == 1


async def test_rescheduling_over_and_over_does_not_grow_the_queue(clock: FakeClock):
    queue = WorkQueue[str](clock)
    for n in range(20_000, 0, -1):
        queue.add("a", after=float(n))
    assert len(queue._delays) < 1000
    assert queue.delayed == 1


KEYS = st.sampled_from("abcd")
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), KEYS, st.sampled_from(list(Priority)), st.sampled_from([0.0, 0.0, 1.0, 2.5, 7.0, 30.0])
        ),
        st.tuples(st.just("take")),
        st.tuples(st.just("done")),
        st.tuples(st.just("pass"), st.sampled_from([0.5, 1.0, 3.0])),
    ),
    max_size=60,
)


@given(OPERATIONS)
def test_it_behaves_like_a_plain_table_of_keys(operations: list[tuple[Any, ...]]):
    """The model: per key the best priority, the earliest time, and who works on it; the best ready key is taken."""

    async def run() -> None:
        clock = FakeClock()
        queue = WorkQueue[str](clock)
        wanted: dict[str, tuple[Priority, float]] = {}
        working: list[str] = []
        for name, *arguments in operations:
            match name:
                case "add":
                    key, priority, after = arguments
                    queue.add(key, priority=priority, after=after)
                    best, due = wanted.get(key, (priority, float("inf")))
                    wanted[key] = (min(best, priority), min(due, clock.monotonic() + after))
                case "pass":
                    clock.jump(arguments[0])
                case "done" if working:
                    queue.done(working.pop(0))
                case "take":
                    ready = {k: p for k, (p, due) in wanted.items() if due <= clock.monotonic() and k not in working}
                    assert len(queue) == len(ready)
                    if ready:
                        key = await queue.get()
                        assert ready[key] == min(ready.values())
                        assert queue.priority_of(key) == ready[key]
                        del wanted[key]
                        working.append(key)
            assert queue.processing == set(working)
        for key in working:
            queue.done(key)
        clock.jump(100)
        assert sorted(await drain(queue)) == sorted(wanted)

    asyncio.run(run())
