"""Two objects whose gateways cross are one thing: they change together or not at all."""

from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.cases.pairs import half_spec
from support.sweeps import swept
from support.world.core import (
    AZURE_READS,
    AZURE_WRITES,
    CONNECTION,
    KEY,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    Interference,
)

pytestmark = pytest.mark.slow

REJECTED = Fault(FaultKind.REJECTED, "InvalidPolicy", "The policy is not to this gateway's liking.")


def set_up_pair(world: CoreHarness) -> None:
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(CONNECTION, "one", half_spec("1", "2"))
    world.apply(CONNECTION, "two", half_spec("2", "1"))


def policies(world: CoreHarness) -> tuple[str, str]:
    return (
        world.held("VNet1toVNet2", "TestRG1")["ipsecPolicies"][0]["dhGroup"],
        world.held("VNet2toVNet1", "TestRG2")["ipsecPolicies"][0]["dhGroup"],
    )


@pytest.fixture
async def pair():
    world = CoreHarness()
    await world.start()
    set_up_pair(world)
    await world.settle()
    world.forget_journals()
    yield world
    await world.stop()


async def test_both_halves_are_created_with_one_write_each():
    world = CoreHarness()
    await world.start()
    set_up_pair(world)
    await world.settle()

    assert world.accepted() == {"put": 2}
    for name in ("one", "two"):
        assert world.ready(name) == ("True", "UpToDate")
        assert world.condition(name, "PairInSync") == ("True", "InSync")
    await world.stop()


@pytest.mark.parametrize("after", swept(step / 2 for step in range(1, 32)))
@pytest.mark.parametrize(("first", "second"), [("one", "two"), ("two", "one")])
async def test_an_object_that_meets_its_other_half_in_the_middle_of_a_pass_is_not_written_twice(
    first: str, second: str, after: float
):
    world = CoreHarness()
    await world.start()
    set_up_pair(world)
    specs = {"one": half_spec("1", "2"), "two": half_spec("2", "1")}
    for name in (first, second):
        world.delete(CONNECTION, name)
    await world.settle()
    world.forget_journals()

    world.latency = lambda verb, _what: 2.0 if verb in AZURE_READS | AZURE_WRITES else 0.0
    world.apply(CONNECTION, first, specs[first])
    await world.advance(after)
    world.apply(CONNECTION, second, specs[second])
    await world.settle()

    assert [sent.verb for sent in world.sent] == ["put", "put"]
    assert {sent.name for sent in world.sent} == {"VNet1toVNet2", "VNet2toVNet1"}
    assert world.ready("one") == world.ready("two") == ("True", "UpToDate")
    await world.stop()


async def test_an_edit_of_the_policy_reaches_both_halves_with_one_write_each(pair: CoreHarness):
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.advance(1)
    assert pair.accepted() == {"put": 2}, "the second is sent as soon as the first is accepted"

    await pair.settle()
    assert policies(pair) == ("ECP256", "ECP256")
    assert pair.accepted() == {"put": 2}


async def test_where_azure_locks_both_gateways_the_second_goes_out_when_the_first_is_done(pair: CoreHarness):
    pair.azure.locks_peer = True
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.advance(pair.azure.operation_seconds - 1)
    assert pair.accepted() == {"put": 1}
    await pair.advance(12)
    assert pair.accepted() == {"put": 2}

    await pair.settle()
    assert policies(pair) == ("ECP256", "ECP256")
    assert len(pair.sent) == 3, (
        "one is tried at once, refused with a lock, and then not tried again before the first is done"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"ipsecPolicyRef": {"name": "other"}}, "PairPolicyMismatch", id="another policy"),
        pytest.param({"ipsecPolicyRef": None}, "PairPolicyMismatch", id="no policy"),
        pytest.param({"sharedKeySecretRef": {"name": "other-keys"}}, "PairKeyMismatch", id="another Secret"),
    ],
)
async def test_halves_that_disagree_are_both_held(pair: CoreHarness, change: dict[str, Any], reason: str):
    pair.apply(POLICY, "other", {**POLICY_SPEC, "dhGroup": "ECP384"})
    pair.put_key("AnotherCanaryKey", "other-keys")
    pair.edit(CONNECTION, "one", **change)
    await pair.settle()

    assert pair.sent == []
    for name in ("one", "two"):
        assert pair.condition(name, "PairInSync") == ("False", reason)
        assert pair.condition(name, "Stalled") is None
    assert "one" in pair.message("two", "PairInSync")
    assert "two" in pair.message("one", "PairInSync")

    pair.edit(CONNECTION, "two", **change)
    await pair.settle()
    assert pair.condition("one", "PairInSync") == ("True", "InSync")
    assert pair.ready("two") == ("True", "UpToDate")


async def test_a_half_that_azure_refuses_puts_the_other_back(pair: CoreHarness):
    def refuse_two(_number: int, verb: str, what: str) -> Interference | None:
        return Interference(fault=REJECTED) if verb == "put" and what == "VNet2toVNet1" else None

    pair.interfere = refuse_two
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle(quiet=60)
    assert policies(pair) == ("DHGroup24", "DHGroup24"), "at rest both are old"
    assert pair.ready("two") == ("False", "AzureRejected")
    assert pair.ready("one") == ("False", "PartnerNotReady")
    assert pair.condition("one", "Stalled") is None

    flips = pair.accepted()["put"]
    await pair.advance(4 * 3600)
    assert pair.accepted()["put"] == flips, "the refused half is tried first from now on, so the other one stays"

    await pair.restart()
    await pair.advance(3600)
    assert pair.accepted()["put"] == flips, "also after a restart"

    pair.interfere = lambda *_: None
    await pair.settle(quiet=2000)
    assert policies(pair) == ("ECP256", "ECP256")
    assert pair.ready("one") == ("True", "UpToDate")


async def test_a_half_goes_back_also_while_a_new_key_is_due(pair: CoreHarness):
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if (verb, what) == ("put", "VNet2toVNet1") else None
    )
    pair.put_key("ANewCanaryKey")
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.advance(3600)
    assert policies(pair) == ("DHGroup24", "DHGroup24")

    pair.interfere = lambda *_: None
    await pair.settle(quiet=2000)
    assert policies(pair) == ("ECP256", "ECP256")
    assert {held.key for held in pair.azure.world.values()} == {"ANewCanaryKey"}


async def test_a_change_of_the_key_goes_to_both_halves_in_one_window(pair: CoreHarness):
    pair.put_key("ANewCanaryKey")
    await pair.settle()

    assert pair.accepted() == {"put_shared_key": 2}
    assert {held.key for held in pair.azure.world.values()} == {"ANewCanaryKey"}
    assert KEY not in {held.key for held in pair.azure.world.values()}


async def test_drift_on_one_half_is_mended_on_that_half(pair: CoreHarness):
    pair.live("VNet2toVNet1", "TestRG2").tunnel = "NotConnected"
    pair.portal_edit("VNet2toVNet1", "TestRG2", ipsecPolicies=[])
    await pair.settle()

    assert [sent.name for sent in pair.sent] == ["VNet2toVNet1"]
    assert policies(pair) == ("DHGroup24", "DHGroup24")


async def test_deleting_one_half_waits_for_nobody(pair: CoreHarness):
    pair.delete(CONNECTION, "one")
    await pair.settle()

    assert pair.accepted() == {"delete": 1}
    assert pair.document("one") is None
    assert pair.condition("two", "PairInSync") == ("False", "PartnerMissing")


async def test_a_half_whose_partner_is_suspended_waits(pair: CoreHarness):
    pair.edit(CONNECTION, "two", suspend=True)
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle()
    assert pair.sent == []
    assert pair.ready("one") == ("False", "PartnerNotReady")

    pair.edit(CONNECTION, "two", suspend=None)
    await pair.settle()
    assert policies(pair) == ("ECP256", "ECP256")


async def test_three_halves_are_one_too_many(pair: CoreHarness):
    pair.apply(CONNECTION, "three", half_spec("2", "1", azureName="Another"))
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle()
    assert pair.sent == []
    assert pair.condition("one", "PairInSync") == ("False", "DuplicatePair")


@pytest.mark.parametrize("number", swept(range(1, 40)))
async def test_after_a_crash_at_any_call_both_halves_are_new(number: int):
    world = CoreHarness()
    await world.start()
    set_up_pair(world)
    await world.settle()
    before = len(world.calls)
    world.interfere = lambda n, _verb, _what: Interference(crash=True) if n == before + number else None
    world.edit(POLICY, "pair", dhGroup="ECP256")
    await world.settle()

    assert policies(world) == ("ECP256", "ECP256")
    assert world.ready("one") == ("True", "UpToDate")
    await world.stop()


async def test_adopted_ikev1_halves_are_left_alone_and_the_one_that_is_deleted_comes_back_as_ikev1():
    world = CoreHarness()
    await world.start()
    set_up_pair(world)
    for name in ("one", "two"):
        world.edit(CONNECTION, name, connectionProtocol="IKEv1")
    await world.settle()
    for name in ("one", "two"):
        world.edit(CONNECTION, name, connectionProtocol=None)
    await world.settle()
    world.forget_journals()
    world.portal_delete("VNet2toVNet1", "TestRG2")

    await world.settle()

    assert world.held("VNet2toVNet1", "TestRG2")["connectionProtocol"] == "IKEv1"
    assert world.accepted() == {"put": 1}
    for name in ("one", "two"):
        assert world.condition(name, "PairInSync") == ("True", "InSync")
    await world.stop()


@pytest.mark.parametrize(
    ("modes", "warned"),
    [
        pytest.param(("InitiatorOnly", "InitiatorOnly"), True, id="both call, and neither answers"),
        pytest.param(("InitiatorOnly", "Default"), False, id="one of them answers too"),
        pytest.param(("ResponderOnly", "InitiatorOnly"), False, id="one calls, one answers"),
    ],
)
async def test_halves_that_both_only_call_are_warned_of_on_both(
    pair: CoreHarness, modes: tuple[str, str], warned: bool
):
    for name, mode in zip(("one", "two"), modes, strict=True):
        pair.edit(CONNECTION, name, connectionMode=mode)
    await pair.settle()

    for name in ("one", "two"):
        document = pair.document(name)
        assert document is not None
        warnings = {warning["id"] for warning in document["status"].get("warnings", [])}
        assert ("both-initiators" in warnings) is warned
        assert pair.ready(name) == ("True", "UpToDate")
