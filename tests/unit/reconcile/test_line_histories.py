"""Random histories with a line in front of the gateways: policy edits, direct edits and a pair, with and without crashes and faults."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import Accepted
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference, site_spec

pytestmark = pytest.mark.slow

SITES = ("S0", "S1", "S2", "S3")
PAIR = {
    "azureName": "AtoB",
    "resourceGroup": "TestRG1",
    "virtualNetworkGateway": {"name": "VNet1GW"},
    "peerVirtualNetworkGateway": {"name": "VNet2GW"},
    "ipsecPolicyRef": {"name": "site6"},
    "sharedKeySecretRef": {"name": "keys"},
    "reverse": {"azureName": "BtoA"},
}
IN_AZURE = {**{site.lower(): (f"VNet1to{site}",) for site in SITES}, "pair": ("AtoB", "BtoA")}
"""The connections of each object. All but BtoA are on VNet1GW, so whoever changes waits for the others."""
DOWN = Fault(FaultKind.UNAVAILABLE, "ServerTimeout", "Try later.")
PATIENCE = 5.0
"""Seconds in which an edit must have taken its place in the line."""


class History:
    """One history: what was asked for, what Azure was sent, and which law that broke."""

    def __init__(self, seed: int, *, disturbed: bool) -> None:
        self.dice = random.Random(seed)
        self.disturbed = disturbed
        self.world = CoreHarness(seed=seed, recent_interval=20)
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
        self.world.azure.put = self._watched  # type: ignore[method-assign]

    async def begin(self) -> None:
        world = self.world
        world.azure.operation_seconds = self.dice.choice([8.0, 20.0])
        world.add_gateway("VNet2GW")
        await world.start()
        for site in SITES:
            world.add_site(site)
            world.set_up_site(site, site.lower())
        world.apply(CONNECTION, "pair", PAIR)
        await world.settle()
        self.puts.clear()
        world.forget_journals()

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

    def act(self) -> None:
        world, name = self.world, self.dice.choice(sorted(IN_AZURE))
        match self.dice.randrange(6 if self.disturbed else 4):
            case 0 | 1:
                self.group = self.dice.choice([g for g in ("DHGroup24", "ECP256", "ECP384") if g != self.group])
                world.edit(POLICY, "site6", dhGroup=self.group)
                self.changes.update(list(IN_AZURE))
            case 2 | 3:
                self.weights[name] += 1
                world.edit(CONNECTION, name, routingWeight=self.weights[name])
                self.changes[name] += 1
                self.edited.setdefault(name, world.clock.monotonic())
            case 4:
                crash_at = len(world.calls) + self.dice.randrange(1, 30)
                lost = self.dice.random() < 0.5
                world.interfere = lambda number, _verb, _what: (
                    Interference(crash=True, carried_out=lost) if number == crash_at else None
                )
            case 5:
                share = self.dice.choice([0.2, 0.5])
                rolls = random.Random(self.dice.random())
                world.interfere = lambda _number, verb, _what: (
                    Interference(fault=DOWN, carried_out=rolls.random() < 0.5)
                    if verb in {"get", "put", "list_group"} and rolls.random() < share
                    else None
                )

    async def play(self) -> None:
        await self.begin()
        for _ in range(self.dice.randrange(3, 8)):
            self.act()
            await self.world.advance(self.dice.choice([0.5, 7.0, 25.0, 60.0]))
        self.world.interfere = lambda *_: None
        await self.world.settle(quiet=900.0)
        self._look_at_the_end()
        await self.world.stop()

    def _look_at_the_end(self) -> None:
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


@pytest.mark.parametrize("disturbed", [False, True], ids=["in peace", "with crashes and faults"])
@pytest.mark.parametrize("seed", range(120))
async def test_a_line_loses_nobody_writes_nothing_twice_and_keeps_its_order(seed: int, disturbed: bool):
    history = History(seed, disturbed=disturbed)
    await history.play()
    assert not history.broken, "\n".join(history.broken)


async def test_the_laws_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    """A line that knows no urgency, and a history that asks for nothing: both are noticed."""
    history = History(0, disturbed=False)
    await history.begin()
    connection = next(known for known in history.world.azure.world if known.name == "VNet1toS0")
    body = {"location": "eastus", "tags": {}, "properties": history.world.held("VNet1toS0")}
    history.edited["pair"] = -100.0
    await history.world.azure.put(connection, body)
    history._look_at_the_end()
    await history.world.abandon()
    del monkeypatch
    assert [text.split(" ", 1)[1] for text in history.broken] == [
        "was written without a difference",
        "was written before ['pair'], which somebody has edited",
        "was to change 0 times, and was written 1",
    ]


def test_sites_share_a_gateway():
    assert all(site_spec(site)["virtualNetworkGateway"] == PAIR["virtualNetworkGateway"] for site in SITES)
