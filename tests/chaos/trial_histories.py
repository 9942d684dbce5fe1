"""Seeded random histories over a fleet whose devices refuse some values: hours of edits, bad luck, faults and crashes, and their end."""

import logging
import random
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from chaos import playing
from chaos.playing import TALLY, Act, Failure, conclude
from support.fakes.azure import BUSY
from support.world.core import (
    AZURE_READS,
    AZURE_WRITES,
    CONNECTION,
    NAMESPACE,
    POLICY,
    POLICY_SPEC,
    Interference,
    NeverSettlesError,
)
from support.world.trial_world import (
    DPD,
    GROUPS,
    LONGEST_DROP,
    OBJECTS,
    POLICIES,
    SECRETS,
    SITES,
    UNITS,
    TrialWorld,
    values_of,
)

ACTS: Final = 12
PAUSES: Final = (0.0, 1.0, 20.0, 45.0, 90.0, 200.0, 620.0, 900.0)
LAGS: Final = (0.0, 0.0, 20.0, 120.0, 300.0)
LIMITS: Final = (0, 1, 2, 3, 10)
FAULTS: Final = (
    BUSY,
    Fault(FaultKind.UNAVAILABLE, "ServerTimeout", "Try later."),
    Fault(FaultKind.THROTTLED, "TooManyRequests", "Slowly.", retry_after=20.0),
)
BORDER: Final = AZURE_READS | AZURE_WRITES | {"poll", "read", "write_status", "write_finalizers", "list_all"}
QUIET: Final = 2000.0
"""Seconds after which everything that is tried again only now and then has been tried again."""
LONGEST: Final = 8 * 3600.0


TrialAct = Act["PlayedTrial"]


class PlayedTrial:
    """One history while it is played."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(f"faults of {seed}")
        self.world = TrialWorld(seed=seed, max_disruptions=self.dice.choice(LIMITS))
        self.world.azure.locks_peer = seed % 2 == 0
        self.world.azure.operation_seconds = self.dice.choice([8.0, 30.0])
        self.faults_per_call = self.crashes_per_call = 0.0
        self.kinds: tuple[Fault, ...] = FAULTS
        self.crash_in = 0
        """Calls until the next crash."""
        self.crash_again_in = 0
        self._lag_of_watch = 0.0
        for device in self.world.devices.values():
            device.end.groups = {"DHGroup24", *(group for group in GROUPS if self.dice.random() < 0.5)}
            device.end.default = self.dice.random() < 0.6
            device.end.dpd = {45, *(seconds for seconds in DPD if seconds and self.dice.random() < 0.6)}
            device.shows_times = self.dice.random() < 0.5

    async def play(self, acts: Sequence[TrialAct]) -> list[str]:
        """Play it and look at the end; returns what was wrong."""
        world = self.world
        for unit in UNITS:
            world.devices[unit.name].end.groups.add("DHGroup24")
        await world.begin()
        world.interfere = self._interfere
        for act in acts:
            _ = world.azure.operations_in_progress
            act.do(self)
            world.users_have_acted()
            await world.advance(act.pause)
            world.forgive_taints()
        self._end_of_trouble()
        await world.settle_for_good(quiet=QUIET, bound=LONGEST)
        found = [*world.broken, *world.wrong_at_the_end()]
        TALLY.update(
            changes=world.begun,
            confirmed=world.confirmed,
            failed=world.undone,
            crashes=world.crashes,
            hours=round((world.clock.monotonic() - 1000) / 3600),
        )
        await world.stop()
        return found

    def _end_of_trouble(self) -> None:
        world = self.world
        self.faults_per_call = self.crashes_per_call = world.watch_lag = 0.0
        self.crash_in = self.crash_again_in = 0
        world.azure.operation_fault = None
        world.down_for = 0.0
        for policy in POLICIES:
            if world.document(policy, POLICY) is None:
                world.apply(POLICY, policy, POLICY_SPEC)
        for name in OBJECTS:
            if (document := world.document(name)) is not None and "deletionTimestamp" not in document["metadata"]:
                world.annotate(name, hold_until=None)
                world.edit(CONNECTION, name, suspend=None)
        one, two = (world.document(name) for name in ("one", "two"))
        if one is not None and two is not None:
            world.edit(CONNECTION, "two", ipsecPolicyRef=one["spec"].get("ipsecPolicyRef"))
        world.users_have_acted()

    def _interfere(self, _number: int, verb: str, _what: str) -> Interference | None:
        if verb not in BORDER:
            return None
        if self.crash_in:
            self.crash_in -= 1
            if not self.crash_in:
                self.crash_in, self.crash_again_in = self.crash_again_in, 0
                return Interference(crash=True, carried_out=self.dice.random() < 0.5)
        if self.dice.random() < self.crashes_per_call:
            return Interference(crash=True, carried_out=self.dice.random() < 0.5)
        if verb in AZURE_READS | AZURE_WRITES | {"poll"} and self.dice.random() < self.faults_per_call:
            fault = self.dice.choice(self.kinds)
            return Interference(fault=fault, carried_out=fault.outcome_unknown and self.dice.random() < 0.4)
        return None


def draw(seed: int) -> tuple[TrialAct, ...]:
    """The acts of a history."""
    dice = random.Random(f"acts of {seed}")
    drawn: list[TrialAct] = []
    while len(drawn) < ACTS:
        drawn += dice.choice(_DRAWERS)(dice)
    return tuple(drawn)


class _Listener(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None and isinstance(record.exc_info[1], Exception):
            self._found.append("".join(traceback.format_exception(record.exc_info[1])[-3:]))


@contextmanager
def _passes_that_fail(found: list[str]) -> Iterator[None]:
    """A pass that ends by an exception is tried again, and seen by the log only."""
    logger, listener = logging.getLogger("azure_vpn_operator.app.loops"), _Listener(found)
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)


async def play(
    seed: int, acts: Sequence[TrialAct], *, history: PlayedTrial | None = None
) -> Failure["PlayedTrial"] | None:
    """Play one history; None if all is well."""
    history = history or PlayedTrial(seed)
    world = history.world

    async def played() -> Sequence[str]:
        try:
            with _passes_that_fail(world.broken):
                return await history.play(acts)
        except NeverSettlesError:
            return ["it never ends", *world.broken, *world.wrong_at_the_end()]

    return await conclude("trials", seed, acts, played(), leave=world.abandon, broken=world.broken)


def run(seed: int) -> str | None:
    """Play one history in an event loop of its own; the report of a failure, or None."""
    return playing.run(play, seed, draw(seed))


# What may happen. Each function draws one or more acts.


def _act(dice: random.Random, text: str, do: Callable[[PlayedTrial], None], pause: float | None = None) -> TrialAct:
    return Act(text, do, dice.choice(PAUSES) if pause is None else pause)


def _editing(name: str, **changes: object) -> Callable[[PlayedTrial], None]:
    def edit(history: PlayedTrial) -> None:
        document = history.world.document(name)
        if document is not None and "deletionTimestamp" not in document["metadata"]:
            history.world.edit(CONNECTION, name, **changes)

    return edit


def _edit_policy(dice: random.Random) -> list[TrialAct]:
    policy, group, seconds = dice.choice(POLICIES), dice.choice(GROUPS), dice.choice([3600, 14400])
    spec = {**POLICY_SPEC, "dhGroup": group, "saLifeTimeSeconds": seconds}
    return [_act(dice, f"policy {policy} becomes {group}, {seconds}", lambda h: h.world.apply(POLICY, policy, spec))]


def _lose_policy(dice: random.Random) -> list[TrialAct]:
    policy, group = dice.choice(POLICIES), dice.choice(GROUPS)

    def lose(history: PlayedTrial) -> None:
        history.world.cluster.documents.pop((POLICY, NAMESPACE, policy), None)
        history.world.pump()

    return [
        _act(dice, f"policy {policy} is gone", lose),
        _act(
            dice,
            f"policy {policy} is back with {group}",
            lambda h: h.world.apply(POLICY, policy, {**POLICY_SPEC, "dhGroup": group}),
        ),
    ]


def _change_reference(dice: random.Random) -> list[TrialAct]:
    unit, policy = dice.choice(UNITS), dice.choice([*POLICIES, *POLICIES, None])
    reference = {"name": policy} if policy else None
    return [
        _act(dice, f"{name} names policy {policy}", _editing(name, ipsecPolicyRef=reference))
        for name in dice.sample(unit.objects, len(unit.objects))
    ]


def _edit_spec(dice: random.Random) -> list[TrialAct]:
    name = dice.choice(OBJECTS)
    match dice.randrange(4):
        case 0:
            weight = dice.choice([None, 1, 2])
            return [_act(dice, f"{name}: weight {weight}", _editing(name, routingWeight=weight))]
        case 1 if name in SITES:
            mode = dice.choice([None, "InitiatorOnly", "ResponderOnly"])

            def turn(history: PlayedTrial) -> None:
                _editing(name, connectionMode=mode)(history)
                if mode == "ResponderOnly":
                    history.world.taint(name, "nobody may begin")

            return [_act(dice, f"{name}: mode {mode}", turn)]
        case _:
            seconds = dice.choice(DPD)
            return [_act(dice, f"{name}: dpd {seconds}", _editing(name, dpdTimeoutSeconds=seconds))]


def _edit_all(dice: random.Random) -> list[TrialAct]:
    seconds = dice.choice(DPD)
    acts = [_act(dice, f"{name}: dpd {seconds}", _editing(name, dpdTimeoutSeconds=seconds), 0.0) for name in SITES]
    return [*acts[:-1], _act(dice, f"{SITES[-1]}: dpd {seconds}", _editing(SITES[-1], dpdTimeoutSeconds=seconds))]


def _suspend(dice: random.Random) -> list[TrialAct]:
    name = dice.choice(OBJECTS)

    def suspend(history: PlayedTrial) -> None:
        _editing(name, suspend=True)(history)
        history.world.taint(name, "suspended")

    return [
        _act(dice, f"{name} is suspended", suspend),
        _act(dice, f"{name} goes on", _editing(name, suspend=None)),
    ]


def _hold(dice: random.Random) -> list[TrialAct]:
    name = dice.choice(OBJECTS)

    def annotate(value: str | None) -> Callable[[PlayedTrial], None]:
        def do(history: PlayedTrial) -> None:
            if history.world.document(name) is not None:
                history.world.annotate(name, hold_until=value)

        return do

    return [
        _act(dice, f"{name} is held", annotate("2030-01-01T00:00:00Z")),
        _act(dice, f"{name} is let go", annotate(None)),
    ]


def _retry(dice: random.Random) -> list[TrialAct]:
    name, token = dice.choice(OBJECTS), str(dice.random())

    def retry(history: PlayedTrial) -> None:
        if history.world.document(name) is not None:
            history.world.annotate(name, rollout_retry=token)
            history.world.allow_again(name)

    return [_act(dice, f"{name}: rollout-retry", retry)]


def _delete(dice: random.Random) -> list[TrialAct]:
    name = dice.choice(OBJECTS)

    def delete(history: PlayedTrial) -> None:
        if history.world.document(name) is not None:
            history.world.delete(CONNECTION, name)
            history.world.taint(name, "deleted")

    def create(history: PlayedTrial) -> None:
        if history.world.document(name) is None:
            history.world.create(name)

    return [_act(dice, f"{name} is deleted", delete), _act(dice, f"{name} is made again, if it is gone", create)]


def _rotate(dice: random.Random) -> list[TrialAct]:
    secret, key, known = dice.choice(SECRETS), f"Key{dice.randrange(3)}", dice.random() < 0.6

    def rotate(history: PlayedTrial) -> None:
        world = history.world
        for unit in UNITS:
            if unit.secret == secret and (known or len(unit.connections) == 2):
                world.devices[unit.name].end.keys.add(key)
            elif unit.secret == secret and key not in world.devices[unit.name].end.keys:
                world.taint(unit.name, "its device does not know the key")
        world.put_key(key, secret)

    return [
        _act(dice, f"Secret {secret} becomes {key}, which the devices {'know' if known else 'do not know'}", rotate)
    ]


def _portal(dice: random.Random) -> list[TrialAct]:
    connection = dice.choice([name for unit in UNITS for name in unit.connections])
    seconds, group = dice.choice([30, 60, 120]), dice.choice(GROUPS)
    policy = dice.random() < 0.3

    def edit(history: PlayedTrial) -> None:
        world = history.world
        held = next((item for known, item in world.azure.world.items() if known.name == connection), None)
        if held is None or held.document["properties"]["provisioningState"] != "Succeeded" or held.device is None:
            return
        changes = {"ipsecPolicies": [{**POLICY_SPEC, "dhGroup": group}]} if policy else {"dpdTimeoutSeconds": seconds}
        before = values_of(held.document)
        world.portal_edit(connection, **changes)
        if values_of(held.document) != before:
            held.device.negotiate({}, "", world.clock.monotonic())
            world.note_portal(connection)

    text = group if policy else f"dpd {seconds}"
    return [_act(dice, f"portal: {text} on {connection}", edit)]


def _drop(dice: random.Random) -> list[TrialAct]:
    unit, seconds, often = dice.choice(UNITS), dice.choice([15.0, 60.0, LONGEST_DROP]), dice.choice([1, 1, 2, 3])
    return [
        _act(dice, f"the tunnel of {unit.name} drops for {seconds:g} s", lambda h: h.world.drop(unit.name, seconds))
        for _ in range(often)
    ]


def _fail_over(dice: random.Random) -> list[TrialAct]:
    gateway, seconds = f"GW{dice.randrange(3)}", dice.choice([15.0, LONGEST_DROP])

    def fail(history: PlayedTrial) -> None:
        for unit in UNITS:
            if gateway in unit.gateways:
                history.world.drop(unit.name, seconds)

    return [_act(dice, f"{gateway} is away for {seconds:g} s", fail)]


def _change_report(dice: random.Random) -> list[TrialAct]:
    lag, units, times = dice.choice(LAGS), dice.sample(UNITS, dice.randrange(1, len(UNITS) + 1)), dice.random() < 0.5

    def change(history: PlayedTrial) -> None:
        for unit in units:
            history.world.devices[unit.name].lag = lag
            history.world.devices[unit.name].shows_times = times

    names = ", ".join(sorted(unit.name for unit in units))
    return [_act(dice, f"Azure reports {lag:g} s late {'with' if times else 'without'} times of {names}", change)]


def _silence(dice: random.Random) -> list[TrialAct]:
    unit, silent = dice.choice(UNITS), dice.random() < 0.7

    def silence(history: PlayedTrial) -> None:
        for known, held in history.world.azure.world.items():
            if known.name in unit.connections:
                held.ingress_bytes = 0 if silent else None

    return [_act(dice, f"{unit.name} {'is silent' if silent else 'sends again'}", silence)]


def _repair(dice: random.Random) -> list[TrialAct]:
    unit, group = dice.choice(UNITS), dice.choice(GROUPS)

    def repair(history: PlayedTrial) -> None:
        device = history.world.devices[unit.name]
        device.end.groups.add(group)
        device.repair()

    return [_act(dice, f"the device of {unit.name} takes {group} from now on", repair)]


def _trouble(dice: random.Random) -> list[TrialAct]:
    faults, crashes = dice.choice([0.0, 0.0, 0.1, 0.4]), dice.choice([0.0, 0.0, 0.005, 0.02])
    lag, fails, down = dice.choice([0.0, 0.0, 2.0, 20.0]), dice.random() < 0.2, dice.choice([0.0, 0.0, 30.0, 700.0])
    kinds = tuple(dice.sample(FAULTS, dice.randrange(1, len(FAULTS) + 1)))

    def begin(history: PlayedTrial) -> None:
        history.faults_per_call, history.crashes_per_call, history.kinds = faults, crashes, kinds
        history.world.watch_lag, history.world.down_for = lag, down
        history.world.azure.operation_fault = Fault(FaultKind.REJECTED, "Random", "failed") if fails else None

    text = (
        f"faults {faults} ({', '.join(fault.code for fault in kinds)}), crashes {crashes} of the calls, back after {down:g} s, "
        f"watch late by {lag:g} s, operations {'fail' if fails else 'end well'}"
    )
    return [_act(dice, text, begin)]


def _peace(dice: random.Random) -> list[TrialAct]:
    def end(history: PlayedTrial) -> None:
        history.faults_per_call = history.crashes_per_call = history.world.watch_lag = history.world.down_for = 0.0
        history.world.azure.operation_fault = None

    return [_act(dice, "the trouble ends", end)]


def _crash(dice: random.Random) -> list[TrialAct]:
    first, again = dice.randrange(1, 60), dice.choice([0, dice.randrange(1, 20)])

    def crash(history: PlayedTrial) -> None:
        history.crash_in, history.crash_again_in = first, again

    return [_act(dice, f"a crash in {first} calls{f', and one {again} calls later' if again else ''}", crash)]


def _limit(dice: random.Random) -> list[TrialAct]:
    limit = dice.choice(LIMITS)

    def restart(history: PlayedTrial) -> None:
        world = history.world
        world.settings = world.settings.model_copy(update={"max_disruptions": limit})
        if not world.lives[-1].over:
            world.crash(world.lives[-1])

    return [_act(dice, f"a restart with maxDisruptions {limit}", restart)]


_DRAWERS: Sequence[Callable[[random.Random], list[TrialAct]]] = (
    *(_edit_policy,) * 5,
    _lose_policy,
    *(_change_reference,) * 3,
    *(_edit_spec,) * 4,
    _edit_all,
    _suspend,
    _hold,
    *(_retry,) * 2,
    _delete,
    _rotate,
    *(_portal,) * 2,
    *(_drop,) * 2,
    _fail_over,
    *(_change_report,) * 3,
    _silence,
    _repair,
    *(_trouble,) * 2,
    _peace,
    *(_crash,) * 3,
    _limit,
)
