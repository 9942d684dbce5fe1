"""Laws of pairs on the whole core: sides do not matter, nobody waits for ever, and a gateway has one operation at a time."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.runtime.line import Line
from azure_vpn_operator.runtime.priority import Priority
from support.fakes.clock import FakeClock
from support.sweeps import swept
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference

pytestmark = pytest.mark.slow

OPERATION_SECONDS = 30.0
REJECTED = Fault(FaultKind.REJECTED, "InvalidPolicy", "The policy is not to this gateway's liking.")


def half_spec(own: str, peer: str, **changes: Any) -> dict[str, Any]:
    spec = {
        "azureName": f"{own}to{peer}",
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": own},
        "peerVirtualNetworkGateway": {"name": peer},
        "ipsecPolicyRef": {"name": "pair"},
        "sharedKeySecretRef": {"name": "keys"},
        "driftPolicy": "Correct",
    } | changes
    return {name: value for name, value in spec.items() if value is not None}


# Symmetry

SIDES = {"GwA": "GwB", "GwB": "GwA", "first": "second", "second": "first"}


def swapped(name: str, *, swap: bool) -> str:
    return SIDES[name] if swap else name


def change_key(world: CoreHarness, key: str, names: Iterable[str]) -> None:
    """Change it and have both looked at: by time it is found sooner by one half or the other."""
    world.put_key(key)
    for name in sorted(names):
        world.annotate(name, reconcile_at=str(world.clock.monotonic()))


async def play_history(seed: int, *, swap: bool) -> tuple[list[Any], list[Any]]:
    """One random history with the names of the two sides as they are, or swapped; what each side comes to, side A first."""
    dice = random.Random(seed)
    world = CoreHarness(seed=seed, workers=1)
    world.azure.locks_peer = seed % 2 == 0
    side = {"a": swapped("first", swap=swap), "b": swapped("second", swap=swap)}
    gateway = {"a": swapped("GwA", swap=swap), "b": swapped("GwB", swap=swap)}
    azure_name = {"a": f"{gateway['a']}to{gateway['b']}", "b": f"{gateway['b']}to{gateway['a']}"}
    for name in gateway.values():
        world.add_gateway(name)
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(POLICY, "other", {**POLICY_SPEC, "dhGroup": "ECP256"})
    await world.start()
    for own, peer in (("a", "b"), ("b", "a")):
        world.apply(CONNECTION, side[own], half_spec(gateway[own], gateway[peer]))
    await world.advance(120)
    refused: set[str] = set()
    world.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if verb == "put" and what in {azure_name[one] for one in refused} else None
    )
    for _ in range(8):
        one, act, pause = dice.choice("ab"), dice.randrange(7), dice.choice([1.0, 40.0, 200.0])
        seconds, weight = dice.choice([3600, 7200]), dice.choice([1, 2])
        held = world.azure.world.get(next(k for k in world.azure.world if k.name == azure_name[one]))
        settled = held is not None and held.document["properties"]["provisioningState"] == "Succeeded"
        match act:
            case 0:
                world.edit(POLICY, "pair", saLifeTimeSeconds=seconds)
            case 1:
                world.edit(CONNECTION, side[one], ipsecPolicyRef={"name": dice.choice(["pair", "other"])})
            case 2:
                world.edit(CONNECTION, side[one], routingWeight=weight)
            case 3:
                change_key(world, f"Key{dice.randrange(3)}", side.values())
            case 4 if settled:
                world.portal_edit(azure_name[one], ipsecPolicies=[])
            case 5:
                refused ^= {one}
            case 6:
                await world.restart()
        await world.advance(pause)
    refused.clear()
    await world.advance(4000)
    await world.settle()
    found = []
    for one in "ab":
        properties = world.held(azure_name[one])
        document = world.document(side[one])
        assert document is not None
        conditions = {c["type"]: (c["status"], c["reason"]) for c in document["status"]["conditions"]}
        found.append(
            (
                properties["ipsecPolicies"],
                properties["routingWeight"],
                world.live(azure_name[one]).key,
                conditions,
                document["spec"]["ipsecPolicyRef"],
            )
        )
    await world.stop()
    return found[0], found[1]


@pytest.mark.parametrize("seed", swept(range(8)))
async def test_swapping_the_names_of_the_two_sides_changes_nothing_but_the_names(seed: int):
    assert await play_history(seed, swap=False) == await play_history(seed, swap=True)


# The line


class Party:
    """Pairs over random gateways that all want to change at once, each some times, as the gateways' line holds them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clock = FakeClock()
        self.woken: list[str] = []
        self.line: Line[str] = Line(self.clock, lambda holder, *_: self.woken.append(holder))
        gateways = [f"gateway-{number}" for number in range(50)]
        # Half of the pairs share five hubs, so there are long queues and cycles among them.
        pools = (gateways[:5], gateways)
        self.wanted = {f"pair-{number}": frozenset(self.dice.sample(pools[number % 2], 2)) for number in range(60)}
        self.changes_left = dict.fromkeys(self.wanted, 3)
        self.ends: dict[str, float] = {}

    def running(self) -> Iterator[tuple[str, str]]:
        for holder in self.ends:
            for gateway in self.wanted[holder]:
                yield gateway, holder

    def ask(self, holder: str) -> None:
        if self.changes_left[holder] == 0 or holder in self.ends:
            return
        if not self.line.enter(
            holder, self.wanted[holder], priority=self.dice.choice([Priority.EDIT, Priority.ROLLOUT])
        ):
            return
        busy = dict(self.running())
        assert not self.wanted[holder] & busy.keys(), f"{holder} got what {busy} holds"
        if self.dice.random() < 0.2:
            # Azure refuses the write: nothing runs, and the reservation is given back at once.
            self.line.release(holder)
            return
        self.ends[holder] = self.clock.monotonic() + self.dice.uniform(1.0, 60.0)

    def end_operations(self) -> None:
        for holder in [name for name, ends in self.ends.items() if ends <= self.clock.monotonic()]:
            del self.ends[holder]
            self.changes_left[holder] -= 1
            self.line.forget(holder)

    def play(self) -> None:
        for _ in range(6000):
            if not any(self.changes_left.values()):
                return
            asking, self.woken = self.woken, []
            # Some who are told have gone to sleep and come back by time only.
            for holder in (name for name in asking if self.dice.random() < 0.9):
                self.ask(holder)
            self.ask(self.dice.choice(sorted(self.wanted)))
            self.clock.jump(1.0)
            self.end_operations()


@pytest.mark.parametrize("seed", swept(range(20)))
def test_sixty_pairs_over_fifty_gateways_all_finish_in_any_order_with_any_faults(seed: int):
    party = Party(seed)
    party.play()
    assert not any(party.changes_left.values()), "somebody waits for ever"


# One operation per gateway


@pytest.mark.parametrize("locks_peer", [False, True], ids=["Azure locks one gateway", "Azure locks both"])
@pytest.mark.parametrize("seed", swept(range(2)))
async def test_nothing_is_sent_to_a_gateway_that_is_busy_with_ours(seed: int, locks_peer: bool):
    dice = random.Random(seed)
    world = CoreHarness(seed=seed)
    world.azure.locks_peer = locks_peer
    await world.start()
    names = [f"Gw{number}" for number in range(7)]
    edges = dice.sample([(one, two) for one in names for two in names if one < two], 9)
    for name in names:
        world.add_gateway(name)
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    for one, two in edges:
        world.apply(CONNECTION, f"{one}-{two}".lower(), half_spec(one, two))
        world.apply(CONNECTION, f"{two}-{one}".lower(), half_spec(two, one))
    await world.settle()
    world.edit(POLICY, "pair", dhGroup="ECP256")
    await world.settle()

    groups = {held.document["properties"]["ipsecPolicies"][0]["dhGroup"] for held in world.azure.world.values()}
    assert groups == {"ECP256"}
    assert world.accepted() == {"put": 4 * len(edges)}, "one write for the creation and one for the edit of each half"
    refused = [sent for sent in world.sent if not sent.accepted]
    # Where Azure locks both, the second half is tried once at the first change, and after that waits for the first one.
    assert len(refused) <= (2 * len(edges) if locks_peer else 0)
    await world.stop()
