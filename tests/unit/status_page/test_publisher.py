"""What a look at the map costs: nothing with nobody looking, and one drawing a second for all who do."""

import asyncio
import json
from collections.abc import Callable

import pytest

from azure_vpn_operator.domain.overview.model import FleetMap
from azure_vpn_operator.status_page.publisher import Publisher
from support.cases.maps import a_site, a_status
from support.fakes.clock import FakeClock
from support.world.status_page import Fleet

DOWN = a_status(connected=("False", "NotConnected", "down"))


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.fleet = Fleet()
        self.publisher = Publisher(self.fleet, self.clock)
        self.fleet.store.listen(lambda _: self.publisher.touch())
        self.fleet.put([a_site("site6", "Site6")])

    def change(self) -> None:
        status = DOWN if self.fleet.map().links[0].tunnel == "Up" else a_status()
        self.fleet.put([a_site("site6", "Site6", status=status)])


@pytest.fixture
def world() -> World:
    return World()


async def looking(world: World, known: str, within: float = 25.0) -> "asyncio.Task[str]":
    async def look() -> str:
        return (await world.publisher.edition(known, within)).etag

    task = asyncio.create_task(look())
    await world.clock.settle()
    return task


async def test_nothing_is_drawn_while_nobody_looks(world: World):
    for _ in range(100):
        world.change()
    await world.clock.advance(600)
    assert world.fleet.drawn == 0


async def test_all_who_look_get_one_drawing(world: World):
    editions = await asyncio.gather(*(world.publisher.edition() for _ in range(30)))
    assert len({edition.etag for edition in editions}) == 1
    assert world.fleet.drawn == 1


async def test_a_map_is_drawn_once_a_second_however_much_changes(world: World):
    for _ in range(10):
        for _ in range(20):
            world.change()
            await world.publisher.edition()
        await world.clock.advance(1.0)
    assert world.fleet.drawn == 10


async def test_a_map_that_takes_long_to_draw_is_drawn_less_often(world: World, monkeypatch: pytest.MonkeyPatch):
    """A tenth of the time at most, whatever the size of the fleet: here a drawing takes half a second."""
    gather = world.fleet.gather

    def slow() -> Callable[[], FleetMap]:
        draw = gather()
        world.clock.jump(0.5)
        return draw

    monkeypatch.setattr(world.fleet, "gather", slow)
    for _ in range(100):
        world.change()
        await world.publisher.edition()
        await world.clock.advance(0.5)
    assert 100 * 0.5 / 5 <= world.fleet.drawn <= 100 * 0.5 / 5 + 2


async def test_nothing_is_drawn_again_if_nothing_has_changed(world: World):
    first = await world.publisher.edition()
    await world.clock.advance(3600)
    assert await world.publisher.edition() is first
    assert world.fleet.drawn == 1


async def test_a_change_that_is_none_gives_the_same_map(world: World):
    first = await world.publisher.edition()
    await world.clock.advance(5)
    world.fleet.put([a_site("site6", "Site6")])
    assert (await world.publisher.edition()).etag == first.etag


async def test_who_knows_the_map_waits_for_the_next_one(world: World):
    known = (await world.publisher.edition()).etag
    waiting = await looking(world, known)
    await world.clock.advance(10)
    assert not waiting.done()
    world.change()
    await world.clock.advance(1.0)
    assert await waiting != known


async def test_who_waits_in_vain_gets_the_same_map_in_the_end(world: World):
    known = (await world.publisher.edition()).etag
    waiting = await looking(world, known, within=25.0)
    await world.clock.advance(24.5)
    assert not waiting.done()
    await world.clock.advance(1.0)
    assert await waiting == known
    assert world.fleet.drawn == 1


async def test_who_waits_is_told_of_what_is_no_object(world: World):
    """That this replica does not lead any more is in no object."""
    known = (await world.publisher.edition()).etag
    waiting = await looking(world, known)
    world.fleet.leads = False
    await world.clock.advance(1.0)
    assert await waiting != known
    assert json.loads((await world.publisher.edition()).body)["facts"]["leads"] is False


async def test_nobody_is_kept_waiting_at_the_end(world: World):
    known = (await world.publisher.edition()).etag
    waiting = await looking(world, known)
    world.publisher.end()
    assert await waiting == known


async def test_who_goes_away_leaves_nothing_behind(world: World):
    known = (await world.publisher.edition()).etag
    waiting = await looking(world, known)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await world.clock.settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_map_that_cannot_be_drawn_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch):
    before = await world.publisher.edition()
    await world.clock.advance(5)
    world.change()
    with monkeypatch.context() as broken:
        broken.setattr(world.fleet, "gather", lambda: _fail)
        with pytest.raises(RuntimeError):
            await world.publisher.edition()
    await world.clock.advance(1)
    assert (await world.publisher.edition()).etag != before.etag


def _fail() -> None:
    raise RuntimeError("cannot")
