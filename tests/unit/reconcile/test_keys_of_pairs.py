"""Two objects, one tunnel, one key: it goes to both halves in one window, and only forward."""

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.keys.digest import DigestKey
from support.cases.pairs import half_spec
from support.sweeps import swept
from support.world.core import CONNECTION, KEY, POLICY, POLICY_SPEC, CoreHarness, Interference

pytestmark = pytest.mark.slow

NEW = "ANewCanaryKey"
FORBIDDEN = Fault(FaultKind.FORBIDDEN, "SharedKeyNotReadable", "The key may not be read.")
REJECTED = Fault(FaultKind.REJECTED, "InvalidKey", "Not this one.")


async def a_pair() -> CoreHarness:
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(CONNECTION, "one", half_spec("1", "2"))
    world.apply(CONNECTION, "two", half_spec("2", "1"))
    await world.settle()
    world.forget_journals()
    return world


@pytest.fixture
async def pair():
    world = await a_pair()
    yield world
    await world.stop()


def keys(world: CoreHarness) -> set[str]:
    return {held.key for held in world.azure.world.values()}


def unreadable(_number: int, verb: str, _what: str) -> Interference | None:
    return Interference(fault=FORBIDDEN) if verb == "get_shared_key" else None


async def test_both_are_written_in_one_window(pair: CoreHarness):
    pair.put_key(NEW)
    pair.annotate("one", reconcile_at="1")
    await pair.advance(1)
    assert pair.accepted() == {"put_shared_key": 2}
    await pair.settle()
    assert keys(pair) == {NEW}
    assert pair.accepted() == {"put_shared_key": 2}


async def test_where_azure_locks_both_gateways_the_second_goes_when_the_first_is_done(pair: CoreHarness):
    pair.azure.locks_peer = True
    pair.put_key(NEW)
    await pair.settle()
    assert keys(pair) == {NEW}
    assert pair.accepted() == {"put_shared_key": 2}


async def test_a_half_that_is_refused_is_tried_again_and_the_other_is_not_put_back(pair: CoreHarness):
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if verb == "put_shared_key" and what == "VNet2toVNet1" else None
    )
    pair.put_key(NEW)
    pair.annotate("one", reconcile_at="1")
    await pair.settle(quiet=60)
    assert keys(pair) == {KEY, NEW}
    pair.interfere = lambda *_: None
    await pair.settle(quiet=2000)
    assert keys(pair) == {NEW}
    assert pair.accepted() == {"put_shared_key": 2}


async def test_a_request_on_one_half_reaches_the_other_if_that_one_is_unverified(pair: CoreHarness):
    pair.interfere = unreadable
    pair.cluster.digest_key = DigestKey(b"another digest key, made after the namespace was lost")
    await pair.restart()
    pair.put_key(NEW)
    await pair.settle()
    assert pair.sent == []
    pair.annotate("two", rotate_key="now")
    await pair.settle()
    assert keys(pair) == {NEW}
    assert pair.accepted() == {"put_shared_key": 2}


async def test_a_half_that_is_paused_holds_the_other(pair: CoreHarness):
    pair.edit(CONNECTION, "two", suspend=True)
    await pair.settle()
    pair.put_key(NEW)
    await pair.settle()
    assert pair.sent == []
    pair.edit(CONNECTION, "two", suspend=False)
    await pair.settle()
    assert keys(pair) == {NEW}


async def test_a_pair_is_one_among_the_users_of_a_secret(pair: CoreHarness):
    pair.set_up_site()
    await pair.settle()
    pair.forget_journals()
    pair.put_key(NEW)
    await pair.settle()
    assert [sent.name for sent in pair.sent] == ["VNet1toVNet2", "VNet2toVNet1", "VNet1toSite6"]


async def test_drift_of_the_key_on_one_half_is_mended_on_that_half(pair: CoreHarness):
    pair.live("VNet2toVNet1", "TestRG2").tunnel = "NotConnected"
    pair.live("VNet2toVNet1", "TestRG2").key = "changed in the portal"
    await pair.advance(2 * 3600)
    await pair.settle()
    assert [sent.name for sent in pair.sent] == ["VNet2toVNet1"]
    assert keys(pair) == {KEY}


async def test_a_secret_that_is_changed_back_meanwhile_is_not_sent_to_the_half_that_still_waits(pair: CoreHarness):
    pair.azure.locks_peer = True
    pair.put_key(NEW)
    pair.annotate("one", reconcile_at="1")
    await pair.advance(2)
    assert keys(pair) == {KEY, NEW}
    pair.put_key(KEY)
    await pair.settle()
    assert keys(pair) == {KEY}
    assert [sent.name for sent in pair.sent if sent.accepted] == ["VNet1toVNet2", "VNet1toVNet2"]


async def test_while_azure_refuses_the_policy_of_one_half_both_still_get_a_new_key(pair: CoreHarness):
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if verb == "put" and what == "VNet2toVNet1" else None
    )
    pair.apply(POLICY, "pair", {**POLICY_SPEC, "dhGroup": "ECP384"})
    await pair.settle(quiet=60)
    pair.forget_journals()
    pair.put_key(NEW)
    await pair.settle(quiet=60)
    assert keys(pair) == {NEW}
    assert pair.accepted() == {"put_shared_key": 2}
    assert pair.ready("two") == ("False", "AzureRejected")


async def test_a_refused_change_is_tried_again_at_the_refused_half_alone(pair: CoreHarness):
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if verb == "put" and what == "VNet2toVNet1" else None
    )
    pair.apply(POLICY, "pair", {**POLICY_SPEC, "dhGroup": "ECP384"})
    await pair.settle(quiet=60)
    pair.forget_journals()
    await pair.advance(7200)
    tried = {name for verb, name in pair.calls if verb == "put"}
    assert tried == {"VNet2toVNet1"}, "the tunnel of the other half is not dropped each time"


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("number", swept(range(1, 24)))
async def test_after_a_crash_at_any_call_both_hold_the_new_key(number: int, readable: bool):
    world = await a_pair()

    def interfere(called: int, verb: str, what: str) -> Interference | None:
        if called == number and not world.crashes:
            return Interference(crash=True, carried_out=bool(number % 2))
        return None if readable else unreadable(called, verb, what)

    world.interfere = interfere
    world.put_key(NEW)
    world.annotate("one", reconcile_at="1")
    await world.settle()
    assert keys(world) == {NEW}
    assert world.ready("one") == world.ready("two") == ("True", "UpToDate")
    assert world.accepted()["put_shared_key"] <= (2 if readable else 4)
    assert world.accepted()["put"] == 0
    await world.stop()
