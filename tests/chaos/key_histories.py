"""Seeded random histories of shared keys: edits, faults, crashes and restarts over two connections that use one Secret."""

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from chaos import playing
from chaos.playing import TALLY, Act, Failure, conclude
from support.world.core import CONNECTION, KEY, POLICY, CoreHarness, Interference

ACTS: Final = 25
PAUSES: Final = (1.0, 20.0, 400.0)
NAMES: Final = ("site6", "site7")
FORBIDDEN: Final = Fault(FaultKind.FORBIDDEN, "SharedKeyNotReadable", "The key may not be read.")
LOST: Final = Fault(FaultKind.UNAVAILABLE, "ReadTimeout", "No answer.")

KeyAct = Act["PlayedKeys"]


class PlayedKeys:
    """One history while it is played."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(f"faults of {seed}")
        self.world = CoreHarness(seed=seed)
        self.readable = seed % 2 == 0
        self.bytes_now = KEY
        self.for_nothing: list[str] = []
        """Connections whose key was written although Azure had it."""
        self.kills = 0
        self._put = self.world.azure.put_shared_key

    async def begin(self) -> None:
        """Bring both connections up."""
        await self.world.start()
        for name in NAMES:
            self.world.set_up_site(name.capitalize(), name, driftPolicy="Correct")
        await self.world.settle()
        self.world.azure.put_shared_key = self._put_shared_key  # type: ignore[method-assign]  # looked at on its way
        self.world.interfere = self._interfere

    def put_key(self, key: str) -> None:
        """Write the Secret."""
        self.bytes_now = key
        self.world.put_key(key)

    def kill(self) -> None:
        """Kill the process between two calls."""
        self.kills += 1
        self.world.crash(self.world.lives[-1])

    async def _put_shared_key(self, connection: Any, key: Any) -> Any:
        if self.world.azure.world[connection].key == key.value:
            self.for_nothing.append(connection.name)
        return await self._put(connection, key)

    def _interfere(self, _number: int, verb: str, _what: str) -> Interference | None:
        if verb == "get_shared_key" and not self.readable:
            return Interference(fault=FORBIDDEN)
        if verb == "put_shared_key":
            lost = self.readable and self.dice.random() < 0.2
            return Interference(fault=LOST, carried_out=self.dice.random() < 0.5) if lost else None
        if self.dice.random() < 0.01:
            return Interference(crash=True)
        return Interference(fault=LOST) if verb == "get" and self.dice.random() < 0.02 else None

    async def play(self, acts: Sequence[KeyAct]) -> list[str]:
        """Play it and look at the end; returns what was wrong."""
        world = self.world
        await self.begin()
        for act in acts:
            act.do(self)
            await world.advance(act.pause)
        world.interfere = (lambda *_: None) if self.readable else self._keys_may_not_be_read
        await world.settle(quiet=700)
        found = self._wrong_at_the_end()
        TALLY.update(changes=len(world.sent), crashes=world.crashes)
        await world.stop()
        return found

    def _wrong_at_the_end(self) -> list[str]:
        world, found = self.world, []
        # Who may not read Azure's key cannot know whether a call before a crash was carried out, and repeats it once.
        if len(self.for_nothing) > (0 if self.readable else world.crashes - self.kills):
            found.append(f"written although Azure had it: {self.for_nothing}")
        if any(held.key != self.bytes_now for held in world.azure.world.values()):
            found.append("Azure does not hold the bytes of the Secret")
        if world.ready("site7") != ("True", "UpToDate"):
            found.append(f"site7 ends {world.ready('site7')}: {world.message('site7')}")
        if "CanaryKey" in str(world.cluster.documents):
            found.append("a key is in an object")
        return found

    @staticmethod
    def _keys_may_not_be_read(_number: int, verb: str, _what: str) -> Interference | None:
        return Interference(fault=FORBIDDEN) if verb == "get_shared_key" else None


def draw(seed: int) -> tuple[KeyAct, ...]:
    """The acts of a history."""
    dice = random.Random(f"acts of {seed}")
    return tuple(dice.choice(_DRAWERS)(dice) for _ in range(ACTS))


async def play(seed: int, acts: Sequence[KeyAct]) -> Failure[PlayedKeys] | None:
    """Play one history; None if all is well."""
    history = PlayedKeys(seed)
    return await conclude("keys", seed, acts, history.play(acts), leave=history.world.abandon)


def run(seed: int) -> str | None:
    """Play one history in an event loop of its own; the report of a failure, or None."""
    return playing.run(play, seed, draw(seed))


def _act(dice: random.Random, text: str, do: Callable[[PlayedKeys], None]) -> KeyAct:
    return Act(text, do, dice.choice(PAUSES))


def _put_another(dice: random.Random) -> KeyAct:
    key = f"CanaryKey{dice.randrange(3)}"
    return _act(dice, f"the Secret gets key {key[-1]}", lambda history: history.put_key(key))


def _put_again(dice: random.Random) -> KeyAct:
    return _act(dice, "the Secret is written as it is", lambda history: history.put_key(history.bytes_now))


def _edit_policy(dice: random.Random) -> KeyAct:
    seconds = 3600 + dice.randrange(3)
    return _act(
        dice,
        f"the policy lasts {seconds} s",
        lambda history: history.world.edit(POLICY, "site6", saLifeTimeSeconds=seconds),
    )


def _edit(dice: random.Random) -> KeyAct:
    name, weight = dice.choice(NAMES), dice.randrange(4)
    return _act(
        dice,
        f"{name} gets the weight {weight}",
        lambda history: history.world.edit(CONNECTION, name, routingWeight=weight),
    )


def _restart(dice: random.Random) -> KeyAct:
    return _act(dice, "the process is killed", lambda history: history.kill())


def _ask(dice: random.Random) -> KeyAct:
    name, token = dice.choice(NAMES), str(dice.random())
    return _act(dice, f"{name} is asked for", lambda history: history.world.annotate(name, reconcile_at=token))


_DRAWERS: Final = (_put_another, _put_again, _edit_policy, _edit, _restart, _ask)
