"""What people read while a pair changes, and how often that is written."""

from collections.abc import AsyncIterator

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.cases.pairs import half_spec
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference

REJECTED = Fault(FaultKind.REJECTED, "InvalidPolicy", "The policy is not to this gateway's liking.")


@pytest.fixture
async def pair() -> AsyncIterator[CoreHarness]:
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(CONNECTION, "one", half_spec("1", "2"))
    world.apply(CONNECTION, "two", half_spec("2", "1"))
    await world.settle()
    world.forget_journals()
    yield world
    await world.stop()


def told(world: CoreHarness, name: str) -> list[str]:
    """The messages of Reconciling that were written for an object, in order."""
    return [
        condition["message"]
        for write in world.cluster.writes
        if write.what == "status" and write.name == name and write.kind == CONNECTION
        for condition in write.value["conditions"]
        if condition["type"] == "Reconciling"
    ]


async def test_both_accepted_is_told_on_both_objects_and_written_few_times(pair: CoreHarness):
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle()
    for name in ("one", "two"):
        messages = told(pair, name)
        assert messages[0].startswith("both halves change: ")
        assert len(set(messages)) <= 3
        written = [write for write in pair.cluster.writes if write.what == "status" and write.name == name]
        assert len(written) <= 6


async def test_where_azure_locks_both_the_first_says_that_it_is_the_first(pair: CoreHarness):
    pair.azure.locks_peer = True
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle()
    for name in ("one", "two"):
        assert any(message.startswith("the first of two halves changes: ") for message in told(pair, name))
    for name in ("one", "two"):
        written = [write for write in pair.cluster.writes if write.what == "status" and write.name == name]
        assert len(written) <= 8
        assert len(set(told(pair, name))) <= 5


async def test_putting_back_is_told(pair: CoreHarness):
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if (verb, what) == ("put", "VNet2toVNet1") else None
    )
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.advance(280)
    assert any(
        message.startswith("putting back, since Azure refuses the other half: ") for message in told(pair, "one")
    )
