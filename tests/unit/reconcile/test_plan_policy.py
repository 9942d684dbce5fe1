"""managementPolicy Plan: what would be written is said, nothing is, and turning to Enforce does exactly that."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, connection_id, site_spec, wire_connection

pytestmark = pytest.mark.slow

OWN_TAG = {"azvpn-owner": "it/network/site6"}


@pytest.fixture
async def world() -> AsyncIterator[CoreHarness]:
    harness = CoreHarness()
    await harness.start()
    yield harness
    await harness.stop()


def said(world: CoreHarness, name: str = "site6") -> str:
    document = world.document(name)
    assert document is not None
    return str(document["status"]["conditions"][0]["message"])


@pytest.mark.parametrize(
    ("there", "spec", "words", "synced", "verbs"),
    [
        pytest.param(None, {}, "would create the connection", "False", {"put": 1}, id="a creation"),
        pytest.param(
            {"tags": OWN_TAG, "routingWeight": 3},
            {},
            "would change routingWeight; the tunnel would stay up",
            "False",
            {"put": 1},
            id="a change that drops nothing",
        ),
        pytest.param(
            {"tags": OWN_TAG, "ipsecPolicies": []},
            {},
            "would change ipsecPolicies; the tunnel would drop for a moment",
            "False",
            {"put": 1},
            id="a change that drops the tunnel",
        ),
        pytest.param(
            {"tags": {}},
            {},
            "would take the connection over, and change tags[azvpn-owner]; the tunnel would stay up",
            "False",
            {"patch_tags": 1},
            id="an adoption",
        ),
        pytest.param({"tags": OWN_TAG}, {}, "nothing would be written", "True", {}, id="nothing"),
    ],
)
async def test_what_is_planned_is_done_once_it_is_enforced(
    world: CoreHarness,
    there: dict[str, Any] | None,
    spec: dict[str, Any],
    words: str,
    synced: str,
    verbs: dict[str, int],
):
    if there is not None:
        world.azure.add_connection(connection_id("VNet1toSite6"), wire_connection(**there), key="CanaryKey4Site6")
    world.set_up_site(managementPolicy="Plan", **spec)
    await world.settle()
    assert world.ready() == ("True", "Planned")
    assert said(world) == f"planned only; {words}"
    assert world.condition("site6", "Synced") is not None
    assert (world.condition("site6", "Synced") or ("", ""))[0] == synced
    document = world.document("site6")
    assert document is not None
    assert "finalizers" not in document["metadata"]
    assert not world.sent
    world.edit(CONNECTION, "site6", managementPolicy=None)
    await world.settle()
    assert dict(world.accepted()) == verbs
    assert world.ready() == ("True", "UpToDate")


async def test_what_enforce_would_refuse_is_refused_by_the_same_words(world: CoreHarness):
    world.azure.add_connection(
        connection_id("VNet1toSite6"), wire_connection(tags=OWN_TAG, connectionProtocol="IKEv1"), key="x"
    )
    world.set_up_site(managementPolicy="Plan", connectionProtocol="IKEv2")
    await world.settle()
    planned = (world.ready(), said(world))
    assert planned[0] == ("False", "RecreateRequired")
    world.edit(CONNECTION, "site6", managementPolicy="Enforce")
    await world.settle()
    assert (world.ready(), said(world)) == planned
    assert not world.sent


async def test_turning_to_plan_lets_go_of_the_finalizer_and_shows_the_next_edit_of_a_policy(world: CoreHarness):
    world.set_up_site()
    await world.settle()
    world.edit(CONNECTION, "site6", managementPolicy="Plan")
    await world.settle()
    world.forget_journals()
    world.edit(POLICY, "site6", dhGroup="ECP384")
    await world.settle()
    assert world.ready() == ("True", "Planned")
    assert "ipsecPolicies[0].dhGroup" in said(world)
    document = world.document("site6")
    assert document is not None
    assert not document["metadata"].get("finalizers")
    assert not world.sent
    world.delete(CONNECTION, "site6")
    await world.settle()
    assert not world.sent
    assert world.live("VNet1toSite6").document["tags"] == OWN_TAG, "Azure stays as it is"


@pytest.mark.parametrize("change", [{"dhGroup": "ECP384"}, {}], ids=["which have to move together", "at rest"])
async def test_two_planned_halves_are_planned_as_a_pair(world: CoreHarness, change: dict[str, str]):
    world.put_key()
    world.add_gateway("VNet2GW")
    world.apply(POLICY, "pair", POLICY_SPEC)
    for name, own, other in (("there", "VNet1GW", "VNet2GW"), ("back", "VNet2GW", "VNet1GW")):
        world.apply(
            CONNECTION,
            name,
            site_spec(
                azureName=name,
                localNetworkGateway=None,
                virtualNetworkGateway={"name": own},
                peerVirtualNetworkGateway={"name": other},
                ipsecPolicyRef={"name": "pair"},
            ),
        )
    await world.settle()
    for name in ("there", "back"):
        world.edit(CONNECTION, name, managementPolicy="Plan")
    await world.settle()
    world.forget_journals()
    if change:
        world.edit(POLICY, "pair", **change)
    await world.settle()
    words = "ipsecPolicies[0].dhGroup" if change else "nothing would be written"
    assert [words in said(world, name) for name in ("there", "back")] == [True, True]
    world.apply(POLICY, "other", {**POLICY_SPEC, "dhGroup": "DHGroup14"})
    world.edit(CONNECTION, "back", ipsecPolicyRef={"name": "other"})
    await world.settle()
    assert world.ready("back") == ("False", "PairPolicyMismatch")
    assert world.ready("there") == (("False", "PairPolicyMismatch") if change else ("True", "Planned"))
    assert not world.sent


@pytest.mark.parametrize("cap", ["Plan", "Observe"])
async def test_the_cap_says_what_it_has_made_of_the_object(cap: str):
    world = CoreHarness(max_management_policy=cap)
    await world.start()
    world.set_up_site()
    world.azure.add_connection(connection_id("VNet1toSite6"), wire_connection(tags=OWN_TAG, routingWeight=3), key="x")
    await world.settle()
    assert world.ready() == ("True", "ManagementPolicyCapped")
    assert ("planned only" in said(world)) is (cap == "Plan")
    assert not world.sent
    await world.stop()
