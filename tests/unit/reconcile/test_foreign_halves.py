"""The other half belongs to somebody else: it is compared and reported, never written, and it holds nobody."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.cases.pairs import half_spec
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, arm_id, connection_id, wire_policy

pytestmark = pytest.mark.slow

FORBIDDEN = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "The client has no authorization.")
TENANT = "tenant-of-the-peer"
DIFFERS = ("False", "ForeignHalfDiffers")


def foreign_connection(**properties: Any) -> dict[str, Any]:
    def gateway(number: str) -> dict[str, str]:
        return {"id": str(arm_id("virtualNetworkGateways", f"VNet{number}GW", f"TestRG{number}"))}

    held = {
        "connectionType": "Vnet2Vnet",
        "virtualNetworkGateway1": gateway("2"),
        "virtualNetworkGateway2": gateway("1"),
        "connectionProtocol": "IKEv2",
        "connectionMode": "Default",
        "ipsecPolicies": [wire_policy()],
    } | properties
    return {"location": "eastus", "tags": {"azvpn-owner": "secret-installation/secret/name"}, "properties": held}


@pytest.fixture
async def lone() -> AsyncIterator[CoreHarness]:
    """One half whose peer's gateway belongs to somebody else; in peace but for the other half."""
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    world.apply(CONNECTION, "one", half_spec("1", "2"))
    await world.settle()
    world.forget_journals()
    yield world
    await world.stop()


@pytest.mark.parametrize(
    ("properties", "status", "reason", "names"),
    [
        pytest.param({}, "True", "InSync", "holds the same", id="the same"),
        pytest.param({"ipsecPolicies": [wire_policy(dhGroup="ECP384")]}, *DIFFERS, "ipsecPolicies", id="another policy"),
        pytest.param({"ipsecPolicies": []}, *DIFFERS, "ipsecPolicies", id="Azure's Default policy"),
        pytest.param({"connectionProtocol": "IKEv1"}, *DIFFERS, "connectionProtocol", id="another protocol"),
        pytest.param({"connectionMode": "ResponderOnly"}, "True", "InSync", "holds the same", id="one may be ResponderOnly"),
        pytest.param({"ipsecPolicies": [{"dhGroup": 1}]}, "Unknown", "PartnerUnreadable", "cannot be compared", id="an unknown form"),
    ],
)  # fmt: skip
async def test_a_foreign_half_is_compared_and_its_values_are_not_told(
    lone: CoreHarness, properties: dict[str, Any], status: str, reason: str, names: str
):
    assert lone.condition("one", "PairInSync") == ("False", "PartnerMissing")
    lone.azure.add_connection(connection_id("Theirs", "TestRG2"), foreign_connection(**properties))
    await lone.settle()

    assert lone.condition("one", "PairInSync") == (status, reason)
    message = lone.message("one", "PairInSync")
    assert names in message
    assert not any(secret in message for secret in ("Theirs", "secret", "ECP384", "IKEv1", "VNet2GW"))
    assert lone.ready("one") == ("True", "UpToDate"), "it holds nobody"
    assert lone.sent == []


async def test_both_being_responders_is_told(lone: CoreHarness):
    lone.edit(CONNECTION, "one", connectionMode="ResponderOnly")
    lone.azure.add_connection(connection_id("Theirs", "TestRG2"), foreign_connection(connectionMode="ResponderOnly"))
    await lone.settle()
    assert lone.condition("one", "PairInSync") == ("False", "ForeignHalfDiffers")
    assert "connectionMode" in lone.message("one", "PairInSync")


async def test_without_the_right_to_look_nothing_is_claimed(lone: CoreHarness):
    lone.azure.fail("list_of_gateway", FORBIDDEN, times=1000)
    await lone.settle()
    assert lone.condition("one", "PairInSync") == ("Unknown", "PartnerUnreadable")
    assert "may not read" in lone.message("one", "PairInSync")
    assert lone.ready("one") == ("True", "UpToDate")


async def test_in_peace_the_list_is_read_once_in_five_minutes(lone: CoreHarness):
    await lone.advance(3600)
    lone.azure.reads.clear()
    await lone.advance(3600)
    assert sum(verb == "list_of_gateway" for verb, _ in lone.azure.reads) <= 12


# What a tenant who has the peer's gateway can do to us: nothing.

CROSSING: dict[str, list[dict[str, Any]]] = {
    "another policy": [half_spec("2", "1", ipsecPolicyRef={"name": "weak"})],
    "another Secret": [half_spec("2", "1", sharedKeySecretRef={"name": "other"})],
    "ResponderOnly": [half_spec("2", "1", connectionMode="ResponderOnly")],
    "IKEv1": [half_spec("2", "1", connectionProtocol="IKEv1")],
    "suspended": [half_spec("2", "1", suspend=True)],
    "duplicates": [half_spec("2", "1"), half_spec("2", "1", azureName="Another")],
    "an owned pair over the same gateways": [
        half_spec("2", "1", azureName="Theirs", reverse={"azureName": "VNet1toVNet2", "resourceGroup": "TestRG1"})
    ],
    "our connection itself": [half_spec("1", "2", adoptionPolicy="Always", ipsecPolicyRef={"name": "weak"})],
}


@pytest.mark.parametrize("specs", CROSSING.values(), ids=CROSSING.keys())
async def test_a_tenant_of_another_namespace_cannot_hold_or_change_ours(lone: CoreHarness, specs: list[dict[str, Any]]):
    cluster = lone.cluster
    cluster.put_secret(TENANT, "keys", sharedKey=b"TenantKey")
    cluster.put_secret(TENANT, "other", sharedKey=b"OtherKey")
    cluster.create(POLICY, TENANT, "pair", POLICY_SPEC)
    cluster.create(POLICY, TENANT, "weak", {**POLICY_SPEC, "dhGroup": "DHGroup2"})
    for number, spec in enumerate(specs):
        cluster.create(CONNECTION, TENANT, f"theirs-{number}", spec)
    lone.pump()
    await lone.settle()
    ours = lone.live("VNet1toVNet2")
    assert ours.document["properties"]["ipsecPolicies"] == [POLICY_SPEC]
    assert ours.document["tags"]["azvpn-owner"] == "it/network/one"
    assert not [sent for sent in lone.sent if sent.name == "VNet1toVNet2"], "ours was touched"

    lone.edit(POLICY, "pair", dhGroup="ECP256")
    lone.put_key("ANewKeyOfOurs")
    await lone.settle()
    assert lone.ready("one") == ("True", "UpToDate"), "ours goes on changing"
    assert lone.held("VNet1toVNet2")["ipsecPolicies"][0]["dhGroup"] == "ECP256"
    assert lone.live("VNet1toVNet2").key == "ANewKeyOfOurs"
    assert "theirs" not in str(lone.document("one")), "names of the other namespace are not told"
