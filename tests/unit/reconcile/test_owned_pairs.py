"""One object that owns both halves of a VNet-to-VNet tunnel."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.sweeps import swept
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference

pytestmark = pytest.mark.slow

REJECTED = Fault(FaultKind.REJECTED, "InvalidPolicy", "The policy is not to this gateway's liking.")
ONE, TWO = ("VNet1toVNet3", "TestRG1"), ("VNet3toVNet1", "TestRG3")


def pair_spec(**changes: Any) -> dict[str, Any]:
    spec = {
        "azureName": "VNet1toVNet3",
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": "VNet1GW"},
        "peerVirtualNetworkGateway": {"name": "VNet3GW", "resourceGroup": "TestRG3"},
        "ipsecPolicyRef": {"name": "pair"},
        "sharedKeySecretRef": {"name": "keys"},
        "reverse": {"azureName": "VNet3toVNet1", "resourceGroup": "TestRG3"},
    } | changes
    return {name: value for name, value in spec.items() if value is not None}


def groups_of(world: CoreHarness) -> tuple[str, str]:
    return tuple(world.held(*half)["ipsecPolicies"][0]["dhGroup"] for half in (ONE, TWO))  # type: ignore[return-value]


@pytest.fixture
async def empty() -> AsyncIterator[CoreHarness]:
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet3GW", "TestRG3")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    yield world
    await world.stop()


@pytest.fixture
async def pair(empty: CoreHarness) -> CoreHarness:
    empty.apply(CONNECTION, "pair", pair_spec())
    await empty.settle()
    assert empty.ready("pair") == ("True", "UpToDate")
    empty.forget_journals()
    return empty


async def test_one_object_makes_both_halves_with_one_write_each(empty: CoreHarness):
    empty.apply(
        CONNECTION,
        "pair",
        pair_spec(
            trafficSelectorPolicies=[{"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.3.0.0/16"]}]
        ),
    )
    await empty.settle()

    assert empty.accepted() == {"put": 2}
    assert empty.ready("pair") == ("True", "UpToDate")
    assert empty.condition("pair", "PairInSync") == ("True", "InSync")
    one, two = empty.held(*ONE), empty.held(*TWO)
    assert one["ipsecPolicies"] == two["ipsecPolicies"]
    assert two["virtualNetworkGateway1"]["id"].endswith("/VNet3GW")
    assert (
        one["trafficSelectorPolicies"][0]["localAddressRanges"]
        == two["trafficSelectorPolicies"][0]["remoteAddressRanges"]
    )
    assert empty.live(*ONE).key == empty.live(*TWO).key
    document = empty.document("pair")
    assert document is not None
    assert [(half["role"], half["id"].rsplit("/", 1)[-1]) for half in document["status"]["halves"]] == [
        ("Forward", "VNet1toVNet3"),
        ("Reverse", "VNet3toVNet1"),
    ]
    assert empty.tags(*ONE) == empty.tags(*TWO) == {"azvpn-owner": "it/network/pair"}


async def test_an_edit_reaches_both_halves_at_once(pair: CoreHarness):
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.advance(1)
    assert pair.accepted() == {"put": 2}
    await pair.settle()
    assert groups_of(pair) == ("ECP256", "ECP256")
    assert pair.accepted() == {"put": 2}


async def test_nothing_is_written_in_peace(pair: CoreHarness):
    await pair.advance(4 * 3600)
    assert pair.sent == []
    assert pair.cluster.writes == []


async def test_a_refused_half_puts_the_other_back(pair: CoreHarness):
    pair.interfere = lambda _n, verb, what: (
        Interference(fault=REJECTED) if (verb, what) == ("put", "VNet3toVNet1") else None
    )
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle(quiet=60)
    assert groups_of(pair) == ("DHGroup24", "DHGroup24")
    assert pair.ready("pair") == ("False", "AzureRejected")
    assert "VNet3toVNet1" in pair.message("pair")

    flips = pair.accepted()["put"]
    await pair.restart()
    await pair.advance(4 * 3600)
    assert pair.accepted()["put"] == flips

    pair.interfere = lambda *_: None
    await pair.settle(quiet=2000)
    assert groups_of(pair) == ("ECP256", "ECP256")


async def test_the_reverse_half_deleted_in_azure_is_made_again(pair: CoreHarness):
    pair.portal_delete(*TWO)
    await pair.settle()
    assert [sent.name for sent in pair.sent] == ["VNet3toVNet1"]
    assert pair.ready("pair") == ("True", "UpToDate")


async def test_drift_on_the_reverse_half_is_named_as_such(pair: CoreHarness):
    pair.edit(CONNECTION, "pair", driftPolicy="Report")
    await pair.settle()
    pair.portal_edit(*TWO, ipsecPolicies=[])
    await pair.settle()
    assert pair.sent == []
    assert pair.ready("pair") == ("False", "DriftDetected")
    document = pair.document("pair")
    assert document is not None
    assert [difference["path"] for difference in document["status"]["differences"]] == ["reverse.ipsecPolicies"]


async def test_a_tunnel_is_up_only_if_both_ends_say_so(pair: CoreHarness):
    pair.live(*TWO).tunnel = "NotConnected"
    await pair.advance(400)
    status = pair.condition("pair", "Connected")
    assert status is not None
    assert status[0] == "False"
    assert "VNet3toVNet1" in pair.message("pair", "Connected")


async def test_deleting_the_object_deletes_both_halves(pair: CoreHarness):
    pair.delete(CONNECTION, "pair")
    await pair.settle()
    assert pair.accepted() == {"delete": 2}
    assert pair.document("pair") is None
    assert pair.azure.world == {}


async def test_retain_keeps_both_halves_without_our_tag(pair: CoreHarness):
    pair.edit(CONNECTION, "pair", deletionPolicy="Retain")
    pair.delete(CONNECTION, "pair")
    await pair.settle()
    assert pair.document("pair") is None
    assert pair.accepted() == {"patch_tags": 2}
    assert (pair.tags(*ONE), pair.tags(*TWO)) == ({}, {})


async def test_removing_reverse_lets_that_half_go_and_touches_no_tunnel(pair: CoreHarness):
    pair.edit(CONNECTION, "pair", reverse=None)
    await pair.settle()
    assert pair.accepted() == {"patch_tags": 1}
    assert (pair.tags(*ONE), pair.tags(*TWO)) == ({"azvpn-owner": "it/network/pair"}, {})
    document = pair.document("pair")
    assert document is not None
    assert [half["role"] for half in document["status"]["halves"]] == ["Forward"]
    assert pair.ready("pair") == ("True", "UpToDate")


async def test_from_two_objects_to_one_and_back_without_touching_the_tunnel(pair: CoreHarness):
    pair.edit(CONNECTION, "pair", reverse=None)
    await pair.settle()
    other = {
        "azureName": "VNet3toVNet1",
        "resourceGroup": "TestRG3",
        "virtualNetworkGateway": {"name": "VNet3GW"},
        "peerVirtualNetworkGateway": {"name": "VNet1GW", "resourceGroup": "TestRG1"},
        "ipsecPolicyRef": {"name": "pair"},
        "sharedKeySecretRef": {"name": "keys"},
        "deletionPolicy": "Retain",
    }
    pair.apply(CONNECTION, "other", other)
    await pair.settle()
    assert pair.ready("other") == ("True", "UpToDate")
    assert pair.condition("pair", "PairInSync") == ("True", "InSync")

    pair.delete(CONNECTION, "other")
    await pair.settle()
    pair.edit(CONNECTION, "pair", reverse={"azureName": "VNet3toVNet1", "resourceGroup": "TestRG3"})
    await pair.settle()
    assert pair.ready("pair") == ("True", "UpToDate")
    assert set(pair.accepted()) == {"patch_tags"}


@pytest.mark.parametrize("number", swept(range(1, 30)))
async def test_after_a_crash_at_any_call_of_an_edit_both_halves_are_new(pair: CoreHarness, number: int):
    before = len(pair.calls)
    pair.interfere = lambda n, _verb, _what: Interference(crash=True) if n == before + number else None
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle()
    assert groups_of(pair) == ("ECP256", "ECP256")
    assert pair.ready("pair") == ("True", "UpToDate")


@pytest.mark.parametrize("number", swept(range(1, 30)))
async def test_after_a_crash_at_any_call_of_a_creation_both_halves_are_there(empty: CoreHarness, number: int):
    before = len(empty.calls)
    empty.interfere = lambda n, _verb, _what: Interference(crash=True) if n == before + number else None
    empty.apply(CONNECTION, "pair", pair_spec())
    await empty.settle()
    assert groups_of(empty) == ("DHGroup24", "DHGroup24")
    assert empty.ready("pair") == ("True", "UpToDate")


@pytest.mark.parametrize("number", swept(range(1, 30)))
async def test_after_a_crash_at_any_call_of_a_deletion_nothing_is_left(pair: CoreHarness, number: int):
    before = len(pair.calls)
    pair.interfere = lambda n, _verb, _what: Interference(crash=True) if n == before + number else None
    pair.delete(CONNECTION, "pair")
    await pair.settle()
    assert pair.document("pair") is None
    assert pair.azure.world == {}


async def test_the_new_half_of_an_adopted_ikev1_tunnel_is_ikev1_too(empty: CoreHarness):
    empty.apply(CONNECTION, "pair", pair_spec(connectionProtocol="IKEv1"))
    await empty.settle()
    empty.edit(CONNECTION, "pair", connectionProtocol=None)
    await empty.settle()
    empty.portal_delete(*TWO)

    await empty.settle()

    assert [empty.held(*half)["connectionProtocol"] for half in (ONE, TWO)] == ["IKEv1", "IKEv1"]
    assert empty.ready("pair") == ("True", "UpToDate")


@pytest.mark.parametrize(
    ("forward", "reverse", "warned"),
    [
        pytest.param("InitiatorOnly", "InitiatorOnly", True, id="both call, and neither answers"),
        pytest.param("InitiatorOnly", None, True, id="an absent mode of the reverse half is the forward half's"),
        pytest.param("InitiatorOnly", "ResponderOnly", False, id="one calls, one answers"),
        pytest.param("Default", "InitiatorOnly", False, id="Default does both"),
    ],
)
async def test_owned_halves_that_both_only_call_are_warned_of(
    empty: CoreHarness, forward: str, reverse: str | None, warned: bool
):
    half = {"azureName": TWO[0], "resourceGroup": TWO[1]} | ({"connectionMode": reverse} if reverse else {})
    empty.apply(CONNECTION, "pair", pair_spec(connectionMode=forward, reverse=half))
    await empty.settle()

    document = empty.document("pair")
    assert document is not None
    assert ("both-initiators" in {warning["id"] for warning in document["status"].get("warnings", [])}) is warned
    assert empty.ready("pair") == ("True", "UpToDate"), "a warning refuses nothing"
