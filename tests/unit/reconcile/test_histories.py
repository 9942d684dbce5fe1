"""Random histories of everything at once: at the end Azure is what the objects say, and then nothing is written any more."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
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

pytestmark = pytest.mark.slow

SEEDS = range(16)
STEPS = 40
NAMES = ("a", "b", "c", "d")
POLICIES = ("p", "q")
BORDER = AZURE_READS | AZURE_WRITES | {"poll", "read", "write_status", "write_finalizers", "list_all", "record"}


class History:
    """One world, and dice. Two gateways carry four connections; two policies; one Secret each."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = CoreHarness(seed=seed)
        self.story: list[str] = []
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

    def step(self) -> None:
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
        self.story.append(f"{self.world.clock.monotonic():.0f}: {act(name)}")

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


def assert_live_is_desired(history: History) -> None:
    world = history.world
    wanted = {f"VNet1toSite-{name}" for name in NAMES if world.document(name) is not None}
    made = {known.name for known, held in world.azure.world.items() if "azvpn-owner" in held.document["tags"]}
    assert wanted <= made <= wanted | history.left_in_azure
    for name in NAMES:
        document = world.document(name)
        if document is None:
            continue
        spec, azure_name = document["spec"], f"VNet1toSite-{name}"
        held = world.held(azure_name)
        reference = spec.get("ipsecPolicyRef")
        policy = world.document(reference["name"], POLICY) if reference else None
        assert held["ipsecPolicies"] == ([policy["spec"]] if policy else []), name
        assert held["routingWeight"] == spec.get("routingWeight", 0), name
        assert held.get("dpdTimeoutSeconds") == spec.get("dpdTimeoutSeconds"), name
        if azure_name not in history.left_in_azure or "tags" in spec:
            # What another object of the name left there is not known to be ours.
            assert world.tags(azure_name).get("t") == spec.get("tags", {}).get("t"), name
        assert world.tags(azure_name)["azvpn-owner"] == f"{OWNER}/{name}"
        key = world.cluster.secrets["network", f"keys-{name}"][1]["sharedKey"]
        assert world.live(azure_name).key.encode() == key, name
        assert world.ready(name) == ("True", "UpToDate"), name


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_history_ends_as_the_objects_say_and_then_in_peace(seed: int):
    history = History(seed)
    await history.world.start()
    try:
        for _ in range(STEPS):
            history.step()
            await history.world.advance(history.dice.choice([0.0, 0.5, 4.0, 15.0, 40.0, 200.0]))
        await asyncio.sleep(0)
        history.end_of_trouble()
        await history.world.advance(4000.0)  # a key that could not be compared is asked for again after an hour
        await history.world.settle_for_good()
        assert_live_is_desired(history)
        history.world.forget_journals()
        await history.world.advance(4000.0)
        assert not history.world.sent
        assert not history.world.cluster.writes
        await history.world.stop()
    except AssertionError as error:
        error.add_note("\n".join(history.story))
        raise
