"""Seeded random histories of everything at once: at the end Azure is what the objects say, and then nothing is written any more."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from chaos import playing
from chaos.playing import TALLY, Act, Failure, conclude
from support.world.core import (
    AZURE_READS,
    AZURE_WRITES,
    CONNECTION,
    OWNER,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    Interference,
    site_spec,
)

STEPS: Final = 40
NAMES: Final = ("a", "b", "c", "d")
POLICIES: Final = ("p", "q")
PAUSES: Final = (0.0, 0.5, 4.0, 15.0, 40.0, 200.0)
AN_HOUR_AND_MORE: Final = 4000.0
"""A key that could not be compared is asked for again after an hour."""
BORDER: Final = AZURE_READS | AZURE_WRITES | {"poll", "read", "write_status", "write_finalizers", "list_all", "record"}


class PlayedObjects:
    """One world, and dice. Two gateways carry four connections; two policies; one Secret each."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = CoreHarness(seed=seed)
        self.faults_per_call = 0.0
        self.crashes_per_call = 0.0
        self.left_in_azure: set[str] = set()
        """Objects that were deleted while suspended."""
        for name in NAMES:
            self.world.add_site(f"Site-{name}")
            self.world.put_key(f"key{name}0", name=f"keys-{name}")
        self.world.add_gateway("GW2")
        self.world.interfere = self.interfere

    def interfere(self, _number: int, verb: str, _what: str) -> Interference | None:
        if verb not in BORDER:
            return None
        if self.dice.random() < self.crashes_per_call:
            return Interference(crash=True, carried_out=self.dice.random() < 0.5)
        if verb != "record" and self.dice.random() < self.faults_per_call:
            fault = Fault(self.dice.choice(list(FaultKind)), "Random", "as the dice say")
            return Interference(fault=fault, carried_out=self.dice.random() < 0.3)
        return None

    def spec(self, name: str) -> dict[str, Any]:
        return site_spec(
            f"Site-{name}",
            virtualNetworkGateway={"name": "VNet1GW" if name in "ab" else "GW2"},
            ipsecPolicyRef=self.dice.choice([None, {"name": "p"}, {"name": "q"}]),
            sharedKeySecretRef={"name": f"keys-{name}"},
            routingWeight=self.dice.choice([None, 1, 2]),
            dpdTimeoutSeconds=self.dice.choice([None, 30]),
            driftPolicy="Correct",
            adoptionPolicy="Always",
            suspend=self.dice.choice([None, None, None, True]),
            tags=self.dice.choice([None, {"t": "1"}]),
        )

    def step(self) -> str:
        name = self.dice.choice(NAMES)
        act: Callable[[str], str] = self.dice.choice(
            [
                self.apply,
                self.apply,
                self.edit_policy,
                self.delete,
                self.portal,
                self.rotate,
                self.trouble,
                self.restart,
                self.annotate,
            ]
        )
        return act(name)

    def apply(self, name: str) -> str:
        document = self.world.document(name)
        if document is not None and "deletionTimestamp" in document["metadata"]:
            return "nothing"
        spec = self.spec(name)
        self.world.apply(CONNECTION, name, spec)
        return f"apply {name} {spec}"

    def edit_policy(self, _name: str) -> str:
        policy = self.dice.choice(POLICIES)
        document = self.world.document(policy, POLICY)
        if document is not None and ("deletionTimestamp" in document["metadata"] or self.dice.random() < 0.2):
            self.world.delete(POLICY, policy)
            return f"delete policy {policy}"
        seconds = self.dice.choice([3600, 7200, 14400])
        self.world.apply(POLICY, policy, {**POLICY_SPEC, "saLifeTimeSeconds": seconds})
        return f"policy {policy} {seconds}"

    def delete(self, name: str) -> str:
        document = self.world.document(name)
        if document is not None:
            self.world.delete(CONNECTION, name)
            if document["spec"].get("suspend"):
                self.left_in_azure.add(f"VNet1toSite-{name}")
        return f"delete {name}"

    def portal(self, name: str) -> str:
        try:
            if self.world.held(f"VNet1toSite-{name}")["provisioningState"] != "Succeeded":
                return "nothing"
        except KeyError:
            return "nothing"
        what = self.dice.choice(["weight", "policy", "tags", "foreign"])
        match what:
            case "weight":
                self.world.portal_edit(f"VNet1toSite-{name}", routingWeight=self.dice.choice([7, 8]))
            case "policy":
                self.world.portal_edit(f"VNet1toSite-{name}", ipsecPolicies=[])
            case "tags":
                self.world.tags(f"VNet1toSite-{name}").pop("t", None)
            case "foreign":
                self.world.tags(f"VNet1toSite-{name}")["foreign"] = "yes"
        return f"portal {what} {name}"

    def rotate(self, name: str) -> str:
        self.world.put_key(f"key{name}{self.dice.randrange(5)}", name=f"keys-{name}")
        return f"rotate {name}"

    def annotate(self, name: str) -> str:
        if self.world.document(name) is None:
            return "nothing"
        token = str(self.dice.random())
        self.world.annotate(name, reconcile_at=token)
        return f"reconcile-at {name}"

    def trouble(self, _name: str) -> str:
        self.faults_per_call = self.dice.choice([0.0, 0.0, 0.1, 0.5])
        self.crashes_per_call = self.dice.choice([0.0, 0.0, 0.02])
        self.world.watch_lag = self.dice.choice([0.0, 0.0, 3.0])
        fails = self.dice.random() < 0.2
        self.world.azure.operation_fault = Fault(FaultKind.REJECTED, "Random", "failed") if fails else None
        return f"trouble {self.faults_per_call} {self.crashes_per_call} {self.world.watch_lag} {fails}"

    def restart(self, _name: str) -> str:
        life = self.world.lives[-1]
        if not life.over:
            self.world.crash(life)
        return "restart"

    def end_of_trouble(self) -> None:
        self.faults_per_call = self.crashes_per_call = self.world.watch_lag = 0.0
        self.world.azure.operation_fault = None
        for name in NAMES:
            document = self.world.document(name)
            if document is not None and "deletionTimestamp" not in document["metadata"]:
                self.world.edit(CONNECTION, name, suspend=None)
        for policy in POLICIES:
            if (found := self.world.document(policy, POLICY)) is None:
                self.world.apply(POLICY, policy, POLICY_SPEC)
            else:
                assert "deletionTimestamp" not in found["metadata"] or self.users_of(policy)

    def users_of(self, policy: str) -> list[str]:
        found = [self.world.document(name) for name in NAMES]
        return [d["metadata"]["name"] for d in found if d and d["spec"].get("ipsecPolicyRef") == {"name": policy}]


def wrong_at_the_end(history: PlayedObjects) -> list[str]:
    """Say where Azure is not what the objects say."""
    world = history.world
    wanted = {f"VNet1toSite-{name}" for name in NAMES if world.document(name) is not None}
    made = {known.name for known, held in world.azure.world.items() if "azvpn-owner" in held.document["tags"]}
    if not wanted <= made <= wanted | history.left_in_azure:
        return [f"{sorted(wanted)} are wanted, and there are {sorted(made)}"]
    wrong = []
    for name in NAMES:
        if (document := world.document(name)) is None:
            continue
        spec, azure_name = document["spec"], f"VNet1toSite-{name}"
        held, tags = world.held(azure_name), world.tags(azure_name)
        reference = spec.get("ipsecPolicyRef")
        policy = world.document(reference["name"], POLICY) if reference else None
        pairs = {
            "ipsecPolicies": (held["ipsecPolicies"], [policy["spec"]] if policy else []),
            "routingWeight": (held["routingWeight"], spec.get("routingWeight", 0)),
            "dpdTimeoutSeconds": (held.get("dpdTimeoutSeconds"), spec.get("dpdTimeoutSeconds")),
            "owner": (tags["azvpn-owner"], f"{OWNER}/{name}"),
            "key": (
                world.live(azure_name).key.encode(),
                world.cluster.secrets["network", f"keys-{name}"][1]["sharedKey"],
            ),
            "Ready": (world.ready(name), ("True", "UpToDate")),
        }
        if azure_name not in history.left_in_azure or "tags" in spec:
            # What another object of the name left there is not known to be ours.
            pairs["tag t"] = (tags.get("t"), spec.get("tags", {}).get("t"))
        wrong += [f"{name}: {what} is {is_}, not {shall}" for what, (is_, shall) in pairs.items() if is_ != shall]
    return wrong


async def play(seed: int) -> Failure[PlayedObjects] | None:
    """Play one history; None if all is well. What comes next depends on what has been, so no act can be left out."""
    history, acts = PlayedObjects(seed), list[Act[PlayedObjects]]()
    world, found = history.world, list[str]()

    async def played() -> Sequence[str]:
        await world.start()
        for _ in range(STEPS):
            text, pause = history.step(), history.dice.choice(PAUSES)
            acts.append(Act(text, lambda _: None, pause))
            await world.advance(pause)
        await asyncio.sleep(0)
        history.end_of_trouble()
        await world.advance(AN_HOUR_AND_MORE)
        await world.settle_for_good()
        found.extend(wrong_at_the_end(history))
        world.forget_journals()
        await world.advance(AN_HOUR_AND_MORE)
        found.extend(f"written in peace: {written}" for written in (*world.sent, *world.cluster.writes))
        TALLY.update(crashes=world.crashes)
        await world.stop()
        return found

    return await conclude("objects", seed, acts, played(), leave=world.abandon, broken=found)


def run(seed: int) -> str | None:
    """Play one history in an event loop of its own; the report of a failure, or None."""

    async def played(seed: int, _: Sequence[Act[PlayedObjects]]) -> Failure[PlayedObjects] | None:
        return await play(seed)

    return playing.run(played, seed, (), short=False)
