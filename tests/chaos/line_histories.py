"""Seeded random histories with a line in front of the gateways: edits of a policy and of objects, in peace or with crashes."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import Accepted
from chaos import playing
from chaos.playing import TALLY, Act, Failure, conclude
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference

SITES: Final = ("S0", "S1", "S2", "S3")
PAIR: Final[Mapping[str, Any]] = {
    "azureName": "AtoB",
    "resourceGroup": "TestRG1",
    "virtualNetworkGateway": {"name": "VNet1GW"},
    "peerVirtualNetworkGateway": {"name": "VNet2GW"},
    "ipsecPolicyRef": {"name": "site6"},
    "sharedKeySecretRef": {"name": "keys"},
    "reverse": {"azureName": "BtoA"},
}
IN_AZURE: Final = {**{site.lower(): (f"VNet1to{site}",) for site in SITES}, "pair": ("AtoB", "BtoA")}
"""The connections of each object. All but BtoA are on VNet1GW, so whoever changes waits for the others."""
GROUPS: Final = ("DHGroup24", "ECP256", "ECP384")
DOWN: Final = Fault(FaultKind.UNAVAILABLE, "ServerTimeout", "Try later.")
PATIENCE: Final = 5.0
"""Seconds in which an edit must have taken its place in the line."""
PAUSES: Final = (0.5, 7.0, 25.0, 60.0)
QUIET: Final = 900.0

LineAct = Act["PlayedLine"]


class PlayedLine:
    """One history while it is played: what was asked for, what Azure was sent, and which law that broke."""

    def __init__(self, seed: int, *, disturbed: bool) -> None:
        self.disturbed = disturbed
        self.world = CoreHarness(seed=seed, recent_interval=20)
        self.world.azure.operation_seconds = random.Random(f"operations of {seed}").choice([8.0, 20.0])
        self.edited: dict[str, float] = {}
        """Objects with an edit of their own that has not been sent yet, and since when."""
        self.busy_until: dict[str, float] = {}
        """Until when an operation of the object's own runs: before that it has no place in the line."""
        self.changes: Counter[str] = Counter()
        """How often each object was to become another one."""
        self.puts: Counter[str] = Counter()
        self.broken: list[str] = []
        self.weights = dict.fromkeys(IN_AZURE, 0)
        self.group = POLICY_SPEC["dhGroup"]
        self._put = self.world.azure.put
        self.world.azure.put = self._watched  # type: ignore[method-assign]  # looked at on its way

    async def begin(self) -> None:
        """Bring all of it up."""
        world = self.world
        world.add_gateway("VNet2GW")
        await world.start()
        for site in SITES:
            world.add_site(site)
            world.set_up_site(site, site.lower())
        world.apply(CONNECTION, "pair", PAIR)
        await world.settle()
        self.puts.clear()
        world.forget_journals()

    async def play(self, acts: Sequence[LineAct]) -> list[str]:
        """Play it and look at the end; returns what was wrong."""
        await self.begin()
        for act in acts:
            act.do(self)
            await self.world.advance(act.pause)
        self.world.interfere = lambda *_: None
        await self.world.settle(quiet=QUIET)
        self.look_at_the_end()
        TALLY.update(changes=self.puts.total(), crashes=self.world.crashes)
        await self.world.stop()
        return self.broken

    def edit_policy(self, group: str) -> None:
        """Change the policy that all use; nothing if it is so already."""
        if group != self.group:
            self.group = group
            self.world.edit(POLICY, "site6", dhGroup=group)
            self.changes.update(list(IN_AZURE))

    def edit(self, name: str) -> None:
        """Change one object."""
        self.weights[name] += 1
        self.world.edit(CONNECTION, name, routingWeight=self.weights[name])
        self.changes[name] += 1
        self.edited.setdefault(name, self.world.clock.monotonic())

    def crash(self, after: int, *, carried_out: bool) -> None:
        """Kill the process at one of the next calls."""
        at = len(self.world.calls) + after
        self.world.interfere = lambda number, _verb, _what: (
            Interference(crash=True, carried_out=carried_out) if number == at else None
        )

    def fail(self, share: float, rolls: random.Random) -> None:
        """Let this share of the calls to Azure fail from now on; half of them take place all the same."""
        self.world.interfere = lambda _number, verb, _what: (
            Interference(fault=DOWN, carried_out=rolls.random() < 0.5)
            if verb in {"get", "put", "list_group"} and rolls.random() < share
            else None
        )

    def look_at_the_end(self) -> None:
        """Look whether Azure holds what the objects say, at no more than one write for each change."""
        for object_, names in IN_AZURE.items():
            if self.world.ready(object_) != ("True", "UpToDate"):
                self.broken.append(f"{object_} ends {self.world.ready(object_)}: {self.world.message(object_)}")
            for name in names:
                held = self.world.held(name)
                if (held["ipsecPolicies"][0]["dhGroup"], held["routingWeight"]) != (self.group, self.weights[object_]):
                    self.broken.append(f"{name} does not hold what {object_} wants")
                if self.puts[name] > self.changes[object_]:
                    self.broken.append(
                        f"{name} was to change {self.changes[object_]} times, and was written {self.puts[name]}"
                    )

    async def _watched(self, connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        before = self.world.azure.world.get(connection)
        held = dict(before.document["properties"]) if before is not None else {}
        answer = await self._put(connection, body)
        if isinstance(answer, Accepted):
            self._judge(connection.name, held, self.world.azure.world[connection].document["properties"])
        elif not self.disturbed:
            self.broken.append(f"Azure refused a write of {connection.name}: {answer}")
        return answer

    def _judge(self, name: str, held: dict[str, Any], now: dict[str, Any]) -> None:
        object_ = next(key for key, names in IN_AZURE.items() if name in names)
        self.puts[name] += 1
        if {**held, "provisioningState": ""} == {**now, "provisioningState": ""}:
            self.broken.append(f"{name} was written without a difference")
        moment = self.world.clock.monotonic()
        waits = [
            other
            for other, since in self.edited.items()
            if other != object_ and moment - max(since, self.busy_until.get(other, 0.0)) > PATIENCE
        ]
        self.busy_until[object_] = moment + self.world.azure.operation_seconds
        if waits and object_ not in self.edited and name != "BtoA" and not self.disturbed:
            self.broken.append(f"{name} was written before {waits}, which somebody has edited")
        self.edited.pop(object_, None)


def draw(seed: int, *, disturbed: bool) -> tuple[LineAct, ...]:
    """The acts of a history: edits alone, or crashes and faults among them."""
    dice = random.Random(f"{'disturbed' if disturbed else 'peaceful'} acts of {seed}")
    drawers = (*_EDITS, _crash, _fail) if disturbed else _EDITS
    return tuple(dice.choice(drawers)(dice) for _ in range(dice.randrange(3, 8)))


async def play(seed: int, acts: Sequence[LineAct], *, disturbed: bool) -> Failure[PlayedLine] | None:
    """Play one history; None if all is well."""
    history = PlayedLine(seed, disturbed=disturbed)
    return await conclude("lines", seed, acts, history.play(acts), leave=history.world.abandon, broken=history.broken)


def run(seed: int) -> str | None:
    """Play the two histories of a seed, each in an event loop of its own; the report of a failure, or None."""
    for disturbed in (False, True):

        async def played(seed: int, acts: Sequence[LineAct], disturbed: bool = disturbed) -> Failure[PlayedLine] | None:
            return await play(seed, acts, disturbed=disturbed)

        if (report := playing.run(played, seed, draw(seed, disturbed=disturbed))) is not None:
            return report
    return None


def _act(dice: random.Random, text: str, do: Callable[[PlayedLine], None]) -> LineAct:
    return Act(text, do, dice.choice(PAUSES))


def _edit_policy(dice: random.Random) -> LineAct:
    group = dice.choice(GROUPS)
    return _act(dice, f"the policy gets {group}", lambda history: history.edit_policy(group))


def _edit(dice: random.Random) -> LineAct:
    name = dice.choice(sorted(IN_AZURE))
    return _act(dice, f"{name} gets another weight", lambda history: history.edit(name))


def _crash(dice: random.Random) -> LineAct:
    after, lost = dice.randrange(1, 30), dice.random() < 0.5
    return _act(
        dice, f"the process is killed {after} calls later", lambda history: history.crash(after, carried_out=lost)
    )


def _fail(dice: random.Random) -> LineAct:
    share, seed = dice.choice([0.2, 0.5]), dice.random()
    return _act(
        dice, f"{share:.0%} of the calls fail from now on", lambda history: history.fail(share, random.Random(seed))
    )


_EDITS: Final = (_edit_policy, _edit_policy, _edit, _edit)
"""Half of them are edits of the policy; of the disturbed ones, a third."""
