import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from azure_vpn_operator.runtime.supervisor import Supervisor
from support.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def for_ever() -> None:
    await asyncio.Event().wait()


def until(event: asyncio.Event, name: str, ended: list[str]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await event.wait()
            ended.append(name)
        except asyncio.CancelledError:
            ended.append(f"{name} cancelled")
            raise

    return run


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.__dict__["part"]) for record in caplog.records]


async def test_an_orderly_end_stops_the_parts_in_reverse_order(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    supervisor, stop, ended = Supervisor(clock), asyncio.Event(), list[str]()
    for name in ("lease", "worker"):
        event = asyncio.Event()
        supervisor.add(name, until(event, name, ended), stop=event.set)
    supervisor.add("watcher", until(asyncio.Event(), "watcher", ended))
    running = asyncio.create_task(supervisor.run(stop))
    await clock.settle()
    assert ended == []
    stop.set()
    assert await running == 0
    assert ended == ["watcher cancelled", "worker", "lease"]
    assert records(caplog) == []


async def test_a_part_that_fails_ends_the_others_and_is_logged_once(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    ended: list[str] = []

    async def fails() -> None:
        await clock.sleep(5)
        raise RuntimeError("boom")

    supervisor = Supervisor(clock)
    supervisor.add("server", until(asyncio.Event(), "server", ended))
    supervisor.add("poller", fails)
    running = asyncio.create_task(supervisor.run(asyncio.Event()))
    await clock.advance(5)
    assert await running == 1
    assert ended == ["server cancelled"]
    assert records(caplog) == [("ERROR", "poller")]
    assert "RuntimeError: boom" in caplog.text


@pytest.mark.parametrize(("may_end", "code"), [(False, 1), (True, 0)])
async def test_a_part_that_ends_unasked_is_a_failure_unless_it_may(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, may_end: bool, code: int
):
    async def ends() -> None:
        await clock.sleep(5)

    supervisor, stop = Supervisor(clock), asyncio.Event()
    supervisor.add("once", ends, may_end=may_end)
    supervisor.add("other", for_ever)
    running = asyncio.create_task(supervisor.run(stop))
    await clock.advance(6)
    stop.set()
    assert await running == code
    assert records(caplog) == ([] if may_end else [("ERROR", "once")])


async def test_a_part_that_somebody_else_cancels_is_a_failure(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    supervisor = Supervisor(clock)
    supervisor.add("worker", for_ever)
    running = asyncio.create_task(supervisor.run(asyncio.Event()))
    await clock.settle()
    next(task for task in asyncio.all_tasks() if task.get_name() == "worker").cancel()
    assert await running == 1
    assert records(caplog) == [("ERROR", "worker")]


async def test_a_slow_part_is_cancelled_and_the_others_still_end_by_themselves(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    supervisor, stop, ended = Supervisor(clock, shutdown_timeout=20), asyncio.Event(), list[str]()
    lease_stop = asyncio.Event()
    supervisor.add("lease", until(lease_stop, "lease", ended), stop=lease_stop.set)
    supervisor.add("slow", until(asyncio.Event(), "slow", ended), stop=lambda: None)
    running = asyncio.create_task(supervisor.run(stop))
    await clock.settle()
    stop.set()
    await clock.advance(19)
    assert ended == []
    await clock.advance(1)
    assert await running == 0
    assert sorted(ended) == ["lease", "slow cancelled"]
    assert records(caplog) == [("WARNING", "slow")]


async def test_a_part_that_cannot_be_ended_is_left_behind_and_said(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                logging.getLogger(__name__).debug("not now")

    supervisor, stop = Supervisor(clock, shutdown_timeout=20), asyncio.Event()
    supervisor.add("stubborn", stubborn)
    running = asyncio.create_task(supervisor.run(stop))
    await clock.settle()
    stop.set()
    await clock.advance(24)
    assert await running == 1
    assert records(caplog) == [("WARNING", "stubborn"), ("ERROR", "stubborn")]
    released.set()
    await clock.settle()


async def test_a_failure_during_the_end_is_said_and_counts(clock: FakeClock, caplog: pytest.LogCaptureFixture):
    async def fails_to_clean_up() -> None:
        try:
            await for_ever()
        finally:
            raise OSError("cannot release the lease")

    supervisor, stop = Supervisor(clock), asyncio.Event()
    supervisor.add("lease", fails_to_clean_up)
    running = asyncio.create_task(supervisor.run(stop))
    await clock.settle()
    stop.set()
    assert await running == 1
    assert records(caplog) == [("ERROR", "lease")]


async def test_cancelling_the_supervisor_cancels_its_parts(clock: FakeClock):
    ended: list[str] = []
    supervisor = Supervisor(clock)
    supervisor.add("worker", until(asyncio.Event(), "worker", ended))
    running = asyncio.create_task(supervisor.run(asyncio.Event()))
    await clock.settle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["worker cancelled"]


async def test_a_part_without_a_sign_of_life_makes_the_process_unhealthy(clock: FakeClock):
    supervisor, stop = Supervisor(clock), asyncio.Event()
    supervisor.add("poller", for_ever, progress_within=60)
    supervisor.add("worker", for_ever)
    assert supervisor.unhealthy() == ()
    assert supervisor.last_progress("poller") is None
    running = asyncio.create_task(supervisor.run(stop))
    await clock.advance(60)
    assert supervisor.unhealthy() == ()
    await clock.advance(1)
    assert supervisor.unhealthy() == ("poller made no progress for 61 s",)
    supervisor.progress("poller")
    assert supervisor.unhealthy() == ()
    assert supervisor.last_progress("poller") == clock.monotonic()
    stop.set()
    assert await running == 0


async def test_a_blocked_event_loop_is_measured_and_forgotten_after_a_minute(clock: FakeClock):
    supervisor, stop = Supervisor(clock, lag_interval=1, lag_limit=30), asyncio.Event()
    supervisor.add("worker", for_ever)
    running = asyncio.create_task(supervisor.run(stop))
    await clock.advance(3)
    assert supervisor.event_loop_lag == 0
    clock.jump(41)
    await clock.advance(0)
    assert supervisor.event_loop_lag == 40
    assert supervisor.unhealthy() == ("the event loop is 40 s late",)
    await clock.advance(2)
    assert supervisor.unhealthy() == (), "it recovered: no reason to restart"
    assert supervisor.event_loop_lag == 40
    await clock.advance(60)
    assert supervisor.event_loop_lag == 0
    stop.set()
    assert await running == 0


def test_checks_of_others_are_asked_too(clock: FakeClock):
    supervisor, stuck = Supervisor(clock), list[str]()
    supervisor.add_check("queue", lambda: stuck[0] if stuck else None)
    assert supervisor.unhealthy() == ()
    stuck.append("a pass takes 900 s")
    assert supervisor.unhealthy() == ("queue: a pass takes 900 s",)


def test_names_are_unique(clock: FakeClock):
    supervisor = Supervisor(clock)
    supervisor.add("worker", for_ever)
    with pytest.raises(ValueError, match="a part worker already"):
        supervisor.add("worker", for_ever)
