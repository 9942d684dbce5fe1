"""At most one replica may write at any moment, whatever happens to the API server, the clocks and the processes."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from azure_vpn_operator.app.leadership import Leadership, LeadershipLostError
from azure_vpn_operator.app.sharding import OverlapError
from azure_vpn_operator.ports import LeaseClaim
from azure_vpn_operator.runtime.fence import WRITE_SECONDS
from support.fakes.clock import FakeClock
from support.fakes.lease import FakeLease, StoredLease

DURATION = 30.0
OWN = LeaseClaim("azure-vpn-operator", "north", frozenset())


class OwnClock:
    """A machine's own clocks, which can stand still or be set while the world goes on."""

    def __init__(self, world: FakeClock) -> None:
        """Right at first."""
        self._world = world
        self.wall_error = timedelta(0)
        self.slept = 0.0
        """Seconds that the monotonic clock did not count, since the machine slept."""

    def monotonic(self):
        return self._world.monotonic() - self.slept

    def now(self):
        return self._world.now() + self.wall_error

    async def sleep(self, seconds: float) -> None:
        await self._world.sleep(seconds)


@dataclass
class Replica:
    """One process."""

    name: str
    world: FakeClock
    stored: StoredLease
    clock: OwnClock = field(init=False)
    lease: FakeLease = field(init=False)
    lead: Leadership = field(init=False)
    task: asyncio.Task[None] | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, number: int) -> None:
        self.clock = OwnClock(self.world)
        self.lease = FakeLease(self.stored)
        self.gate.set()
        self.lease.before = self._pass_gate
        self.lead = Leadership(self.lease, f"{self.name}-{number}", self.clock, duration=DURATION, own=OWN)
        self.task = asyncio.create_task(self.lead.run())

    async def _pass_gate(self) -> None:
        await self.gate.wait()

    async def kill(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None

    @property
    def may_write(self) -> bool:
        """Whether a write that takes as long as it may could begin now."""
        return self.task is not None and not self.task.done() and self.lead.covers(WRITE_SECONDS)


def two() -> tuple[FakeClock, StoredLease, Replica, Replica]:
    world, stored = FakeClock(), StoredLease()
    one, other = Replica("one", world, stored), Replica("two", world, stored)
    one.start(0)
    other.start(0)
    return world, stored, one, other


async def seconds_until(world: FakeClock, replica: Replica, limit: float = 120.0) -> float:
    passed = 0.0
    while not replica.lead.leads and passed < limit:
        await world.advance(0.5)
        passed += 0.5
    return passed


async def test_one_leads_and_the_other_stands_by():
    world, stored, one, other = two()
    await world.advance(300)
    assert one.lead.leads
    assert not other.lead.leads
    assert one.may_write
    assert stored.record is not None
    assert stored.record.transitions == 0
    for replica in (one, other):
        await replica.kill()


async def test_a_killed_leader_is_followed_within_the_leases_duration_and_five_seconds():
    world, _, one, other = two()
    await world.advance(63)
    await one.kill()
    assert await seconds_until(world, other) <= DURATION + 5
    await other.kill()


async def test_a_leader_that_lets_go_is_followed_within_seconds():
    world, _, one, other = two()
    await world.advance(60)
    await one.kill()
    await one.lead.release()
    assert not one.lead.leads
    assert await seconds_until(world, other) <= 3
    await other.kill()


async def test_an_api_server_that_is_away_for_long_takes_the_leadership_and_gives_it_back():
    world, stored, one, other = two()
    await world.advance(60)
    for replica in (one, other):
        replica.lease.away = True
    await world.advance(DURATION)
    assert not one.lead.leads
    await world.advance(600)
    for replica in (one, other):
        replica.lease.away = False
    await world.advance(40)
    assert one.lead.leads != other.lead.leads
    assert stored.record is not None
    for replica in (one, other):
        await replica.kill()


async def test_a_leader_whose_api_server_does_not_answer_writes_nothing_that_might_end_too_late():
    world, _, one, other = two()
    await world.advance(60)
    one.lease.away = True
    await world.advance(DURATION - WRITE_SECONDS + 1)
    assert one.lead.leads
    assert not one.may_write
    assert not other.may_write
    for replica in (one, other):
        await replica.kill()


async def test_a_leader_that_is_followed_ends():
    world, _, one, other = two()
    await world.advance(60)
    one.lease.away = True
    await world.advance(60)
    assert other.lead.leads
    one.lease.away = False
    await world.advance(10)
    assert one.task is not None
    assert isinstance(one.task.exception(), LeadershipLostError)
    assert not one.lead.leads
    await other.kill()


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
async def test_a_clock_that_is_set_costs_at_most_the_time_until_the_next_renewal(step: float):
    world, stored, one, other = two()
    await world.advance(60)
    one.clock.wall_error = timedelta(seconds=step)
    await world.advance(10)
    assert one.may_write
    await world.advance(300)
    assert one.lead.leads
    assert not other.lead.leads
    assert stored.record is not None
    assert stored.record.transitions == 0
    for replica in (one, other):
        await replica.kill()


async def test_a_machine_that_slept_does_not_write_when_it_wakes():
    world, _, one, other = two()
    await world.advance(61)
    one.gate.clear()
    await world.advance(90)
    one.clock.slept = 90.0
    assert other.lead.leads
    assert not one.may_write, "its monotonic clock says that nothing has happened, its wall clock does not"
    for replica in (one, other):
        await replica.kill()


async def test_an_installation_that_works_where_another_one_does_leads_nothing():
    world, stored = FakeClock(), StoredLease()
    replica = Replica("one", world, stored)
    replica.start(0)
    replica.lease.claims = [LeaseClaim("south", "south", frozenset({"a"}), world.now() + timedelta(seconds=30))]
    await world.advance(10)
    assert replica.task is not None
    assert isinstance(replica.task.exception(), OverlapError)
    assert not replica.lead.leads
    assert stored.record is not None
    assert stored.record.holder == ""


async def test_nothing_is_written_before_others_could_be_looked_for_however_long_that_takes():
    world, stored = FakeClock(), StoredLease()
    replica = Replica("one", world, stored)
    replica.start(0)
    replica.lease.claims = [LeaseClaim("south", "south", frozenset({"a"}), world.now() + timedelta(hours=1))]
    look, asked = replica.lead.check_overlap, []

    async def late() -> None:
        asked.append(world.now())
        if len(asked) == 1:
            raise TimeoutError
        await look()

    replica.lead.check_overlap = late  # type: ignore[method-assign]
    await world.advance(10)
    assert len(asked) == 2
    assert not replica.may_write
    assert replica.task is not None
    assert isinstance(replica.task.exception(), OverlapError)


async def test_who_waits_to_lead_is_let_go_at_the_end():
    world, _, one, other = two()
    await world.advance(10)
    waiting = asyncio.create_task(other.lead.until_leading())
    await world.advance(10)
    assert not waiting.done()
    other.lead.end()
    await world.advance(0)
    assert waiting.done()
    for replica in (one, other):
        await replica.kill()


async def _be_killed(replica: Replica, _dice: random.Random, _number: int) -> None:
    await replica.kill()


async def _be_started(replica: Replica, _dice: random.Random, number: int) -> None:
    if replica.task is None or replica.task.done():
        replica.start(number)


async def _lose_the_api_server(replica: Replica, dice: random.Random, _number: int) -> None:
    replica.lease.away = dice.random() < 0.6


async def _get_no_answers(replica: Replica, dice: random.Random, _number: int) -> None:
    replica.lease.deaf = dice.random() < 0.6


async def _have_the_clock_set(replica: Replica, dice: random.Random, _number: int) -> None:
    replica.clock.wall_error = timedelta(seconds=dice.choice([-7200, -20, 20, 7200]))


async def _stand_still(replica: Replica, dice: random.Random, _number: int) -> None:
    if dice.random() < 0.5:
        replica.gate.clear()
    else:
        replica.gate.set()


async def _sleep(replica: Replica, dice: random.Random, _number: int) -> None:
    slept = dice.choice([5, 20, 100])
    replica.gate.clear()
    for _ in range(slept):
        await replica.world.advance(1.0)
    replica.clock.slept += slept
    replica.gate.set()


TROUBLES = (
    _be_killed,
    _be_started,
    _lose_the_api_server,
    _get_no_answers,
    _have_the_clock_set,
    _stand_still,
    _sleep,
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
async def test_there_are_never_two_that_may_write_and_in_peace_there_is_one(seed: int):
    dice, world, stored = random.Random(seed), FakeClock(), StoredLease()
    replicas = [Replica(f"r{number}", world, stored) for number in range(3)]
    for replica in replicas:
        replica.start(0)
    for number in range(1, 60):
        await dice.choice(TROUBLES)(dice.choice(replicas), dice, number)
        for _ in range(dice.choice([1, 3, 10, 40])):
            await world.advance(1.0)
            assert sum(replica.may_write for replica in replicas) <= 1, (seed, number)
    for number in (98, 99):
        for replica in replicas:
            replica.lease.away = replica.lease.deaf = False
            replica.gate.set()
            await _be_started(replica, dice, number)
        await world.advance(100)
    assert sum(replica.may_write for replica in replicas) == 1
    for replica in replicas:
        await replica.kill()
