"""Seeded random histories over pairs: what people, Azure and bad luck do, one act after the other; then the faults end.

A history is a list of acts that is drawn before it begins, and dice for faults and delays that depend on the seed alone: so an act can be
left out and the rest played again, which is how a failure is made short.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from chaos import playing
from chaos.pair_world import (
    OBJECTS,
    POLICIES,
    SECRETS,
    TUNNELS,
    PairWorld,
    broken_promises,
    mixed_tunnels,
    spec_of,
)
from chaos.playing import Act, Failure, conclude
from support.world.core import (
    AZURE_READS,
    AZURE_WRITES,
    CONNECTION,
    NAMESPACE,
    POLICY,
    POLICY_SPEC,
    Interference,
)

ACTS = 14
BORDER = AZURE_READS | AZURE_WRITES | {"poll", "read", "write_status", "write_finalizers", "list_all"}
PAUSES = (0.0, 0.5, 4.0, 15.0, 40.0, 200.0)
SLOWEST = (0.0, 0.5, 3.0, 20.0)
"""Seconds of the slowest call to Azure, one of these for each history."""
LONG_ENOUGH = 4000.0
"""Seconds after which everything that is tried again only now and then has been tried again."""


PairAct = Act["PlayedHistory"]

_RECORDS_OF_KEYS: Final = frozenset({"write_status", "poll", "get_shared_key"})
"""Without these the operator cannot know, or keep, that a key has arrived: it may rightly send it once more."""


class PlayedHistory:
    """One history while it is played."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(f"faults of {seed}")
        self.world = PairWorld(seed=seed, locks_peer=seed % 2 == 0)
        self.world.interfere = self._interfere
        self.faults_per_call = 0.0
        self.crashes_per_call = 0.0
        self._ways = random.Random(f"ways of {seed}")
        self._slowest = self._ways.choice(SLOWEST)
        self.world.latency = self._draw_latency

    def _draw_latency(self, verb: str, _what: str) -> float:
        """Most answers of Azure are quick, and a few take so long that the world is another one when they come."""
        return self._slowest * self._ways.random() ** 4 if verb in AZURE_READS | AZURE_WRITES else 0.0

    def _interfere(self, _number: int, verb: str, what: str) -> Interference | None:
        if verb not in BORDER:
            return None
        found = self._draw_interference() or self.world.refusal(verb, what)
        if verb == "put_shared_key" and found is not None and found.carried_out:
            self.world.lost_keys.add(what)
        if found is not None and verb in _RECORDS_OF_KEYS:
            self.world.doubt_keys_of(what)
        return found

    def _draw_interference(self) -> Interference | None:
        if self.dice.random() < self.crashes_per_call:
            return Interference(crash=True, carried_out=self.dice.random() < 0.5)
        if self.dice.random() < self.faults_per_call:
            fault = Fault(self.dice.choice(list(FaultKind)), "Random", "as the dice say")
            return Interference(fault=fault, carried_out=self.dice.random() < 0.3)
        return None

    def end_of_trouble(self) -> None:
        """No more faults but the refusals."""
        self.faults_per_call = self.crashes_per_call = self.world.watch_lag = 0.0
        self.world.azure.operation_fault = None

    def agree(self) -> None:
        """Let the objects of a pair name one policy: an edit may have met an object that was being deleted."""
        for tunnel in TUNNELS:
            found = [document for name in tunnel.objects if (document := self.world.document(name)) is not None]
            for document in found[1:]:
                reference = found[0]["spec"]["ipsecPolicyRef"]
                self.world.edit(CONNECTION, document["metadata"]["name"], ipsecPolicyRef=reference)

    async def play(self, acts: Sequence[PairAct]) -> Iterator[str]:
        """Play it and look at the end; returns what was wrong."""
        world = self.world
        await world.start()
        await world.advance(90)
        for act in acts:
            act.do(self)
            await world.advance(act.pause)
        self.end_of_trouble()
        self.agree()
        if world.refused:
            # What is refused for good is tried again now and then, so this never becomes quite still.
            await world.advance(LONG_ENOUGH)
            if mixed := [f"while {sorted(world.refused)} is refused: {found}" for found in mixed_tunnels(world)]:
                return iter(mixed)
            world.refused.clear()
        await world.advance(LONG_ENOUGH)
        await world.settle_for_good(quiet=600)
        if broken := list(broken_promises(world)):
            return iter(broken)
        world.forget_journals()
        await world.advance(LONG_ENOUGH)
        late = [f"written at rest: {write}" for write in (*world.sent, *world.cluster.writes)]
        await world.stop()
        return iter([*late, *(f"{name} was sent the key that it had" for name in world.repeated_keys)])


def draw(seed: int) -> tuple[PairAct, ...]:
    """The acts of a history."""
    dice = random.Random(f"acts of {seed}")
    drawn: list[PairAct] = []
    while len(drawn) < ACTS:
        drawn += dice.choice(_DRAWERS)(dice)
    return tuple(drawn)


async def play(seed: int, acts: Sequence[PairAct]) -> Failure["PlayedHistory"] | None:
    """Play one history; None if all is well."""
    history = PlayedHistory(seed)
    return await conclude("pairs", seed, acts, history.play(acts), leave=history.world.abandon)


def run(seed: int) -> str | None:
    """Play one history in an event loop of its own; the report of a failure, or None."""
    return playing.run(play, seed, draw(seed))


# What may happen. Each function draws one or two acts.


def _act(dice: random.Random, text: str, do: Callable[[PlayedHistory], None], pause: float | None = None) -> PairAct:
    return Act(text, do, dice.choice(PAUSES) if pause is None else pause)


def _edit_policy(dice: random.Random) -> list[PairAct]:
    policy, seconds, group = dice.choice(POLICIES), dice.choice([3600, 7200, 14400]), dice.choice(["ECP256", "ECP384"])
    spec = {**POLICY_SPEC, "saLifeTimeSeconds": seconds, "dhGroup": group}
    return [_act(dice, f"policy {policy} becomes {group}, {seconds}", lambda h: h.world.apply(POLICY, policy, spec))]


def _change_reference(dice: random.Random) -> list[PairAct]:
    """Both objects of a pair in the end, but not at the same time, as a GitOps tool does it."""
    tunnel, policy = dice.choice(TUNNELS), dice.choice(POLICIES)
    return [
        _act(dice, f"{name} names policy {policy}", _editing(name, ipsecPolicyRef={"name": policy}))
        for name in dice.sample(tunnel.objects, len(tunnel.objects))
    ]


def _edit_spec(dice: random.Random) -> list[PairAct]:
    name, weight, tag = dice.choice(OBJECTS), dice.choice([None, 1, 2]), dice.choice([None, {"t": "1"}])
    return [_act(dice, f"{name}: weight {weight}, tags {tag}", _editing(name, routingWeight=weight, tags=tag))]


def _editing(name: str, **changes: object) -> Callable[[PlayedHistory], None]:
    def edit(history: PlayedHistory) -> None:
        if history.world.document(name) is not None:
            history.world.edit(CONNECTION, name, **changes)

    return edit


def _rotate(dice: random.Random) -> list[PairAct]:
    secret, key = dice.choice(SECRETS), f"Key{dice.randrange(4)}"
    return [_act(dice, f"Secret {secret} becomes {key}", lambda h: h.world.put_key(key, secret))]


def _label_secret(dice: random.Random) -> list[PairAct]:
    secret = dice.choice(SECRETS)

    def label(history: PlayedHistory) -> None:
        _, entries = history.world.cluster.secrets[NAMESPACE, secret]
        history.world.put_key(entries["sharedKey"].decode(), secret)

    return [_act(dice, f"Secret {secret} gets a label", label)]


def _label_object(dice: random.Random) -> list[PairAct]:
    name, value = dice.choice(OBJECTS), str(dice.random())

    def label(history: PlayedHistory) -> None:
        if history.world.document(name) is not None:
            history.world.set_metadata(name, labels={"some": value})

    return [_act(dice, f"{name} gets a label", label)]


def _delete(dice: random.Random) -> list[PairAct]:
    name, again = dice.choice(OBJECTS), dice.random() < 0.7

    def delete(history: PlayedHistory) -> None:
        if history.world.document(name) is not None:
            history.world.delete(CONNECTION, name)

    def create(history: PlayedHistory) -> None:
        document = history.world.document(name)
        if document is None:
            partner = next((p for t in TUNNELS if name in t.objects for p in t.objects if p != name), None)
            found = history.world.document(partner) if partner else None
            policy = found["spec"]["ipsecPolicyRef"]["name"] if found else "p"
            history.world.apply(CONNECTION, name, spec_of(name, policy))

    acts = [_act(dice, f"{name} is deleted", delete)]
    return [*acts, _act(dice, f"{name} is made again, if it is gone", create)] if again else acts


def _portal(dice: random.Random) -> list[PairAct]:
    tunnel = dice.choice(TUNNELS)
    half, what = dice.choice(tunnel.halves), dice.choice(["weight", "policy", "tags", "key", "delete"])

    def change(history: PlayedHistory) -> None:
        held = history.world.azure.world.get(half.id)
        if held is None or held.document["properties"]["provisioningState"] != "Succeeded":
            return
        match what:
            case "weight":
                held.document["properties"]["routingWeight"] = 7
            case "policy":
                held.document["properties"]["ipsecPolicies"] = []
            case "tags":
                held.document["tags"].pop("t", None)
            case "key":
                held.key = "FromThePortal"
            case "delete":
                del history.world.azure.world[half.id]

    return [_act(dice, f"portal: {what} of {half.azure_name}", change)]


def _trouble(dice: random.Random) -> list[PairAct]:
    faults, crashes = dice.choice([0.0, 0.0, 0.05, 0.3]), dice.choice([0.0, 0.01, 0.03])
    lag, fails = dice.choice([0.0, 0.0, 3.0]), dice.random() < 0.2

    def begin(history: PlayedHistory) -> None:
        history.faults_per_call, history.crashes_per_call, history.world.watch_lag = faults, crashes, lag
        history.world.azure.operation_fault = Fault(FaultKind.REJECTED, "Random", "failed") if fails else None

    text = f"faults {faults}, crashes {crashes} of the calls, watch late by {lag:g} s, operations {'fail' if fails else 'end well'}"
    return [_act(dice, text, begin)]


def _refuse(dice: random.Random) -> list[PairAct]:
    half = dice.choice([half for tunnel in TUNNELS for half in tunnel.halves])
    return [_act(dice, f"from now on {half.azure_name} is refused", lambda h: h.world.refused.add(half.azure_name))]


def _crash(dice: random.Random) -> list[PairAct]:
    def crash(history: PlayedHistory) -> None:
        life = history.world.lives[-1]
        if not life.over:
            history.world.crash(life)

    return [_act(dice, "the operator crashes", crash)]


_DRAWERS: Sequence[Callable[[random.Random], list[PairAct]]] = (
    _edit_policy,
    _edit_policy,
    _change_reference,
    _change_reference,
    _edit_spec,
    _rotate,
    _rotate,
    _label_secret,
    _label_object,
    _delete,
    _portal,
    _portal,
    _trouble,
    _refuse,
    _crash,
)
