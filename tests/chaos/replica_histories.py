"""Seeded random histories with two replicas: edits all the time, and whoever leads is killed, paused, robbed of its Lease or cut off."""

import random
from collections.abc import Callable, Sequence
from typing import Final

from chaos import playing
from chaos.playing import TALLY, Act, Failure, conclude
from support.world.core import AZURE_READS, AZURE_WRITES
from support.world.replica_world import SITES, ReplicaWorld

ACTS: Final = 16
PAUSES: Final = (0.0, 0.5, 3.0, 10.0, 28.0, 40.0, 90.0)
STANDSTILLS: Final = (2.0, 14.0, 16.0, 29.0, 31.0, 60.0, 200.0)
LONG_ENOUGH: Final = 1200.0

ReplicaAct = Act[ReplicaWorld]


def draw(seed: int) -> tuple[ReplicaAct, ...]:
    """The acts of a history."""
    dice = random.Random(f"acts of {seed}")
    return tuple(dice.choice(_DRAWERS)(dice) for _ in range(ACTS))


async def play(seed: int, acts: Sequence[ReplicaAct]) -> Failure[ReplicaWorld] | None:
    """Play one history; None if all is well."""
    world = ReplicaWorld(seed=seed, max_disruptions=0, confirm_within_seconds=60)
    ways = random.Random(f"ways of {seed}")
    slowest = ways.choice([0.0, 2.0, 20.0])
    world.azure.operation_seconds = ways.choice([5.0, 20.0])

    async def played() -> Sequence[str]:
        await world.begin()
        world.latency = lambda verb, _: slowest * ways.random() ** 4 if verb in AZURE_READS | AZURE_WRITES else 0.0
        for act in acts:
            act.do(world)
            await world.advance(act.pause)
        world.end_of_trouble()
        world.latency = lambda _verb, _what: 0.0
        await world.advance(LONG_ENOUGH)
        await world.settle(quiet=600)
        found = world.wrong_at_the_end()
        TALLY.update(changes=len(world.sent), leaders=len(world.led), crashes=world.crashes)
        await world.stop()
        return found

    return await conclude("replicas", seed, acts, played(), leave=world.abandon, broken=world.broken)


def run(seed: int) -> str | None:
    """Play one history in an event loop of its own; the report of a failure, or None."""
    return playing.run(play, seed, draw(seed))


def _act(dice: random.Random, text: str, do: Callable[[ReplicaWorld], None]) -> ReplicaAct:
    return Act(text, do, dice.choice(PAUSES))


def _edit(dice: random.Random) -> ReplicaAct:
    number, weight = dice.randrange(SITES), dice.randrange(1, 100)
    return _act(dice, f"s{number} gets the weight {weight}", lambda world: world.edit_site(number, weight))


def _edit_policy(dice: random.Random) -> ReplicaAct:
    seconds = dice.choice([3600, 7200, 14400])
    return _act(dice, f"the policy lasts {seconds} s", lambda world: world.edit_policy(seconds))


def _kill(dice: random.Random) -> ReplicaAct:
    return _act(dice, "the leader is killed", lambda world: world.kill_leader())


def _end(dice: random.Random) -> ReplicaAct:
    return _act(dice, "the leader ends in order", lambda world: world.end_leader())


def _pause(dice: random.Random) -> ReplicaAct:
    seconds = dice.choice(STANDSTILLS)
    return _act(dice, f"the leader stands still for {seconds:g} s", lambda world: world.stand_still(seconds))


def _steal(dice: random.Random) -> ReplicaAct:
    return _act(dice, "the Lease is stolen", lambda world: world.steal())


def _cut_off(dice: random.Random) -> ReplicaAct:
    seconds = dice.choice(STANDSTILLS)
    return _act(dice, f"the Lease is out of reach for {seconds:g} s", lambda world: world.lose_api_server(seconds))


_DRAWERS: Final = (_edit, _edit, _edit, _edit_policy, _kill, _end, _pause, _pause, _steal, _cut_off)
