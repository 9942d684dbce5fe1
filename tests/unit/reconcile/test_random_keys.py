"""An owned pair without a Secret has a random key that is in Azure and nowhere else."""

from typing import Any

import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import SharedKey
from azure_vpn_operator.domain.rules.shared_key import check_shared_key
from azure_vpn_operator.reconcile.facts.random_keys import make_key
from support.sweeps import swept
from support.world.core import (
    AZURE_READS,
    AZURE_WRITES,
    CONNECTION,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    Interference,
    connection_id,
)

pytestmark = pytest.mark.slow

ONE, TWO = connection_id("VNet1toVNet2", "TestRG1"), connection_id("VNet2toVNet1", "TestRG2")
SPEC = {
    "azureName": "VNet1toVNet2",
    "resourceGroup": "TestRG1",
    "virtualNetworkGateway": {"name": "VNet1GW"},
    "peerVirtualNetworkGateway": {"name": "VNet2GW", "resourceGroup": "TestRG2"},
    "ipsecPolicyRef": {"name": "pair"},
    "reverse": {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"},
}


def prepare(world: CoreHarness) -> None:
    world.add_gateway("VNet2GW", "TestRG2")
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(CONNECTION, "pair", SPEC)


def key_of(world: CoreHarness) -> str:
    """The key of both halves, which must be one."""
    keys = {world.azure.world[half].key for half in (ONE, TWO)}
    assert len(keys) == 1, "two different keys at rest"
    (key,) = keys
    assert key not in str(world.cluster.documents)
    assert key not in str(world.cluster.events)
    return key


@pytest.fixture
async def pair():
    world = CoreHarness()
    await world.start()
    prepare(world)
    await world.settle()
    assert world.ready("pair") == ("True", "UpToDate")
    world.forget_journals()
    yield world
    await world.stop()


def test_azure_takes_such_a_key_and_its_name_tells_nothing_of_it():
    made = [make_key() for _ in range(50)]
    assert all(check_shared_key(item.key.value.encode()) is None and len(item.key.value) >= 32 for item in made)
    assert len({item.key for item in made} | {SharedKey(item.generation) for item in made}) == 100
    assert all(item.key.value not in repr(item) for item in made)


async def test_both_halves_are_made_with_one_key(pair: CoreHarness):
    assert len(key_of(pair)) >= 32
    assert pair.condition("pair", "CredentialsResolved") == ("True", "KeyIsRandom")


async def test_nothing_but_a_request_changes_it(pair: CoreHarness):
    before = key_of(pair)
    for _ in range(3):
        await pair.restart()
        await pair.advance(4000)
        pair.annotate("pair", reconcile_at=str(len(pair.calls)))
        await pair.settle()
    assert pair.sent == []
    for token in ("a", "b"):
        pair.forget_journals()
        pair.annotate("pair", rotate_key=token)
        await pair.settle()
        await pair.restart()
        await pair.settle()
        assert pair.accepted() == {"put_shared_key": 2}
        assert key_of(pair) != before
        before = key_of(pair)


async def test_where_azure_locks_both_gateways_both_get_the_same_key(pair: CoreHarness):
    pair.azure.locks_peer = True
    before = key_of(pair)
    pair.annotate("pair", rotate_key="a")
    await pair.settle()
    assert key_of(pair) != before
    assert pair.accepted() == {"put_shared_key": 2}


@pytest.mark.parametrize("after", swept(step / 2 for step in range(1, 20)))
async def test_an_edit_while_the_key_is_on_its_way_does_not_make_it_go_twice(pair: CoreHarness, after: float):
    pair.latency = lambda verb, _what: 2.0 if verb in AZURE_READS | AZURE_WRITES else 0.0
    pair.annotate("pair", rotate_key="a")
    await pair.advance(after)
    pair.set_metadata("pair", labels={"some": "label"})
    await pair.settle()
    key_of(pair)
    assert pair.accepted() == {"put_shared_key": 2}
    assert pair.ready("pair") == ("True", "UpToDate")


async def test_a_half_that_was_deleted_comes_back_with_a_key_that_both_have(pair: CoreHarness):
    before = key_of(pair)
    pair.portal_delete("VNet2toVNet1", "TestRG2")
    await pair.settle()
    assert key_of(pair) != before
    assert pair.ready("pair") == ("True", "UpToDate")


FORBIDDEN = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "Keys may not be read.")


@pytest.mark.parametrize("half", [ONE, TWO])
async def test_a_key_that_somebody_changed_on_one_half_is_found_and_both_get_a_fresh_one(
    pair: CoreHarness, half: ArmId
):
    before = key_of(pair)
    pair.edit(CONNECTION, "pair", driftPolicy="Correct")
    pair.azure.world[half].key = "changed in the portal"
    await pair.advance(2 * 3600)
    await pair.settle()
    assert key_of(pair) not in {before, "changed in the portal"}
    assert pair.accepted() == {"put_shared_key": 2}
    assert pair.ready("pair") == ("True", "UpToDate")


async def test_while_the_tunnel_is_up_such_a_key_is_said_and_left_alone(pair: CoreHarness):
    pair.azure.world[TWO].key = "changed in the portal"
    pair.annotate("pair", reconcile_at="now")
    await pair.settle(quiet=60)
    assert pair.ready("pair") == ("False", "DriftDetected")
    assert pair.message("pair").startswith("the halves hold different keys: ")
    assert [(d["path"], d["want"]) for d in pair.document("pair")["status"]["differences"]] == [
        ("sharedKey", "one key in both halves")
    ]
    for held in (pair.azure.world[ONE], pair.azure.world[TWO]):
        held.tunnel = "NotConnected"
    await pair.settle(quiet=900)
    key_of(pair)
    assert pair.ready("pair") == ("True", "UpToDate")


async def test_halves_with_one_key_are_not_written_whoever_chose_it(pair: CoreHarness):
    for half in (ONE, TWO):
        pair.azure.world[half].key = "both changed in the portal"
    await pair.advance(3 * 3600)
    await pair.settle()
    assert pair.sent == []
    assert key_of(pair) == "both changed in the portal"


async def test_where_keys_may_not_be_read_the_condition_says_what_that_means(pair: CoreHarness):
    pair.interfere = lambda _n, verb, _what: Interference(fault=FORBIDDEN) if verb == "get_shared_key" else None
    await pair.advance(2 * 3600)
    await pair.settle()
    assert pair.condition("pair", "CredentialsResolved") == ("True", "KeyNotReadable")
    assert pair.message("pair", "CredentialsResolved").startswith(
        "no sharedKeySecretRef: both halves have one random key"
    )
    written = len(pair.cluster.writes)
    await pair.restart()
    await pair.advance(3 * 3600)
    assert pair.sent == []
    assert len(pair.cluster.writes) == written, "the restart does not forget what was found"


async def test_what_cannot_be_read_now_is_no_finding(pair: CoreHarness):
    before = key_of(pair)
    down = Fault(FaultKind.UNAVAILABLE, "", "no answer")
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=down) if verb == "get_shared_key" and what == TWO.name else None
    )
    await pair.advance(2 * 3600)
    await pair.settle(quiet=60)
    assert pair.condition("pair", "CredentialsResolved") == ("True", "KeyIsRandom")
    assert pair.sent == []
    assert key_of(pair) == before


async def test_two_connections_that_exist_are_adopted_with_the_key_they_have():
    world = CoreHarness()
    await world.start()
    prepare(world)
    await world.settle()
    for half in (ONE, TWO):
        world.azure.world[half].key = "known to its owner"
        world.azure.world[half].document["tags"] = {}
    documents = dict(world.azure.world.items())
    await world.stop()

    other = CoreHarness()
    await other.start()
    other.azure.world |= documents
    prepare(other)
    await other.settle()
    assert other.accepted() == {"patch_tags": 2}
    assert key_of(other) == "known to its owner"
    assert other.condition("pair", "CredentialsResolved") == ("True", "KeyNotManaged")
    await other.stop()


async def crash_at(number: int, act: Any, *, carried_out: bool) -> CoreHarness:
    world = CoreHarness()
    world.azure.operation_seconds = 12.0
    await world.start()
    prepare(world)
    if act is not None:
        await world.settle()
    before = len(world.calls) if act is not None else 0
    world.interfere = lambda n, _verb, _what: (
        Interference(crash=True, carried_out=carried_out) if n == before + number and not world.crashes else None
    )
    if act is not None:
        act(world)
    await world.settle()
    return world


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("number", swept(range(1, 26)))
async def test_a_crash_at_any_call_never_leaves_two_keys(number: int, carried_out: bool):
    for act in (None, lambda world: world.annotate("pair", rotate_key="a")):
        world = await crash_at(number, act, carried_out=carried_out)
        key_of(world)
        assert world.ready("pair") == ("True", "UpToDate")
        await world.stop()
