"""Taking over what Azure already has, and letting go of it."""

from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.world.core import (
    CONNECTION,
    KEY,
    OWNER,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    connection_id,
    site_spec,
    wire_connection,
)

pytestmark = pytest.mark.slow

FINALIZER = "azvpn.dev/connection"
FOREIGN = "other-installation/network/site6"


async def meet(
    world: CoreHarness, *, tags: dict[str, str] | None = None, spec: dict[str, Any] | None = None, **properties: Any
) -> None:
    """An object for a connection that Azure already has."""
    world.put_key()
    world.apply(POLICY, "site6", POLICY_SPEC)
    body = wire_connection(tags=tags, **properties)
    world.azure.add_connection(connection_id("VNet1toSite6"), body, key=KEY)
    world.apply(CONNECTION, "site6", site_spec(**(spec or {})))
    await world.settle()


@pytest.mark.parametrize(
    ("spec", "properties", "writes", "ready"),
    [
        pytest.param({}, {}, {"patch_tags": 1}, "UpToDate", id="equal, WhenEqual by default: one patch"),
        pytest.param({"adoptionPolicy": "Always"}, {}, {"patch_tags": 1}, "UpToDate", id="equal, Always: one patch"),
        pytest.param({"adoptionPolicy": "Never"}, {}, {}, "AdoptionRefused", id="equal, Never: refused"),
        pytest.param({}, {"routingWeight": 9}, {}, "AdoptionRefused", id="different, WhenEqual: refused"),
        pytest.param({"adoptionPolicy": "Always"}, {"routingWeight": 9}, {"put": 1}, "UpToDate", id="different, Always: one put"),
        pytest.param({"adoptionPolicy": "Never"}, {"routingWeight": 9}, {}, "AdoptionRefused", id="different, Never: refused"),
        pytest.param({}, {"connectionProtocol": "IKEv1"}, {"patch_tags": 1}, "UpToDate", id="IKE version: Azure's if the spec has none"),
        pytest.param(
            {"connectionProtocol": "IKEv2", "adoptionPolicy": "Always"}, {"connectionProtocol": "IKEv1"}, {}, "RecreateRequired",
            id="another IKE version: cannot be changed",
        ),
        pytest.param({"tags": {"a": "b"}}, {}, {}, "AdoptionRefused", id="a missing tag is a difference"),
    ],
)  # fmt: skip
async def test_what_nobody_owns(
    world: CoreHarness, spec: dict[str, Any], properties: dict[str, Any], writes: dict[str, int], ready: str
):
    await meet(world, tags={"team": "x"}, spec=spec, **properties)
    assert dict(world.accepted()) == writes
    found = world.ready()
    assert found is not None
    assert found[1] == ready
    assert world.tags()["team"] == "x"
    assert ("azvpn-owner" in world.tags()) is bool(writes)


async def test_anothers_connection_is_never_written(world: CoreHarness):
    await meet(world, tags={"azvpn-owner": FOREIGN}, spec={"adoptionPolicy": "Always"}, routingWeight=3)
    assert world.ready() == ("False", "OwnedByAnother")
    assert not world.sent
    assert FOREIGN in world.message()


@pytest.mark.parametrize(
    ("annotation", "owner"),
    [
        pytest.param(FOREIGN, f"{OWNER}/site6", id="the exact owner: taken over"),
        pytest.param("other-installation/network/site", FOREIGN, id="another owner: not taken over"),
    ],
)
async def test_adopt_from_names_the_owner_exactly(world: CoreHarness, annotation: str, owner: str):
    await meet(world, tags={"azvpn-owner": FOREIGN})
    world.annotate("site6", adopt_from=annotation)
    await world.settle()
    assert world.tags()["azvpn-owner"] == owner


async def test_two_objects_for_one_connection_do_not_fight(site: CoreHarness):
    site.apply(CONNECTION, "second", site_spec(routingWeight=40))
    await site.settle()
    assert site.ready("second") == ("False", "OwnedByAnother")
    assert site.ready() == ("True", "UpToDate")
    assert not site.sent
    site.delete(CONNECTION, "second")
    await site.settle()
    assert site.document("second") is None
    assert not site.sent


async def test_a_deletion_is_one_delete_and_leaves_nothing(site: CoreHarness):
    site.delete(CONNECTION, "site6")
    await site.advance(5.0)
    assert site.ready() == ("False", "Deleting")
    await site.settle()
    assert site.document("site6") is None
    assert not site.azure.world
    assert site.accepted() == {"delete": 1}
    assert site.reasons_of_events()[-1] == "Deleted"


@pytest.mark.parametrize(
    ("prepare", "writes", "stays"),
    [
        pytest.param(lambda w: w.edit(CONNECTION, "site6", deletionPolicy="Retain"), {"patch_tags": 1}, True, id="Retain: one patch"),
        pytest.param(lambda w: w.edit(CONNECTION, "site6", suspend=True), {}, True, id="suspended: Azure stays as it is"),
        pytest.param(lambda w: w.edit(CONNECTION, "site6", managementPolicy="Observe"), {}, True, id="observed: Azure stays as it is"),
        pytest.param(lambda w: w.tags().pop("azvpn-owner"), {}, True, id="without our tag: Azure stays as it is"),
        pytest.param(lambda w: w.tags().update({"azvpn-owner": FOREIGN}), {}, True, id="another's: Azure stays as it is"),
        pytest.param(lambda w: w.portal_delete("VNet1toSite6"), {}, False, id="gone already"),
        pytest.param(lambda w: w.cluster.secrets.clear(), {"delete": 1}, False, id="the Secret is gone"),
        pytest.param(lambda w: w.delete(POLICY, "site6"), {"delete": 1}, False, id="the policy goes first"),
        pytest.param(lambda w: w.azure.gateways.clear(), {"delete": 1}, False, id="the gateway is gone"),
        pytest.param(lambda w: w.edit(CONNECTION, "site6", dpdTimeoutSeconds=1), {"delete": 1}, False, id="the object is invalid"),
        pytest.param(lambda w: w.edit(CONNECTION, "site6", azureName="Elsewhere"), {"delete": 1}, False, id="another name"),
    ],
)  # fmt: skip
async def test_what_a_deletion_does_to_azure(site: CoreHarness, prepare: Any, writes: dict[str, int], stays: bool):
    prepare(site)
    site.delete(CONNECTION, "site6")
    await site.settle()
    assert site.document("site6") is None
    assert dict(site.accepted()) == writes
    assert bool(site.azure.world) is stays
    if writes == {"patch_tags": 1}:
        assert "azvpn-owner" not in site.tags()


async def test_a_deletion_removes_the_owner_tag_even_if_the_gateway_is_busy(site: CoreHarness):
    site.set_up_site("Site7", "site7")
    await site.settle()
    site.edit(CONNECTION, "site6", deletionPolicy="Retain")
    site.edit(CONNECTION, "site7", routingWeight=3)
    await site.advance(1.0)
    assert site.azure.operations_in_progress == 1
    site.delete(CONNECTION, "site6")
    await site.settle()
    assert site.document("site6") is None
    assert "azvpn-owner" not in site.tags()


async def test_retain_lets_go_even_if_azure_denies_the_tag(site: CoreHarness):
    site.edit(CONNECTION, "site6", deletionPolicy="Retain")
    await site.settle()
    site.azure.fail("patch_tags", Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no"), times=100)
    site.delete(CONNECTION, "site6")
    await site.settle()
    assert site.document("site6") is None
    assert site.reasons_of_events()[-1] == "Retained"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(Fault(FaultKind.LOCKED, "ScopeLocked", "CanNotDelete"), "ManagementLock", id="a lock"),
        pytest.param(
            Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "delete"), "AzureForbidden", id="a missing right"
        ),
    ],
)
async def test_a_denied_deletion_stalls_and_retain_lets_the_object_go(site: CoreHarness, fault: Fault, reason: str):
    site.azure.fail("delete", fault, times=1000)
    site.delete(CONNECTION, "site6")
    await site.advance(600.0)
    assert site.condition("site6", "Stalled") == ("True", reason)
    site.edit(CONNECTION, "site6", deletionPolicy="Retain")
    await site.settle()
    assert site.document("site6") is None
    assert "azvpn-owner" not in site.tags()


async def test_a_deletion_whose_operation_fails_is_repeated_slower_and_slower(site: CoreHarness):
    site.azure.operation_fault = Fault(FaultKind.UNAVAILABLE, "InternalServerError", "could not delete")
    site.delete(CONNECTION, "site6")
    await site.advance(3600.0)
    assert 3 <= site.accepted()["delete"] <= 20
    while site.azure.operations_in_progress:
        await site.advance(1.0)
    await site.advance(20.0)
    assert site.ready() == ("False", "AzureUnavailable")
    site.azure.operation_fault = None
    await site.settle()
    assert site.document("site6") is None
    assert not site.azure.world


@pytest.mark.parametrize("hold", ["annotation", "tag"])
async def test_a_hold_makes_a_deletion_wait(site: CoreHarness, hold: str):
    if hold == "tag":
        site.tags()["azvpn-hold"] = "on call"
    else:
        site.annotate("site6", hold_until="2026-01-02T00:00:00Z")
    site.delete(CONNECTION, "site6")
    await site.settle()
    assert site.ready() == ("False", "DeletionHeld")
    assert not site.sent
    if hold == "tag":
        site.tags().pop("azvpn-hold")
    else:
        site.annotate("site6", hold_until=None)
    await site.settle()
    assert site.document("site6") is None
    assert site.accepted() == {"delete": 1}


async def test_a_finalizer_of_others_is_left_to_them(site: CoreHarness):
    site.set_metadata("site6", finalizers=["other/one", FINALIZER])
    site.delete(CONNECTION, "site6")
    await site.settle()
    document = site.document("site6")
    assert document is not None
    assert document["metadata"]["finalizers"] == ["other/one"]
    assert site.accepted() == {"delete": 1}
    assert not site.azure.world


async def test_a_policy_in_use_is_held_until_nobody_names_it(site: CoreHarness):
    site.set_up_site("Site7", "site7")
    await site.settle()
    site.delete(POLICY, "site6")
    await site.settle()
    assert site.ready("site6", POLICY) == ("False", "DeletionWaitsForReferences")
    site.edit(CONNECTION, "site6", ipsecPolicyRef=None)
    await site.settle()
    assert site.document("site6", POLICY) is not None
    site.delete(CONNECTION, "site7")
    await site.settle()
    assert site.document("site6", POLICY) is None
    assert site.held()["ipsecPolicies"] == []


async def test_an_unused_policy_goes_at_once(world: CoreHarness):
    world.apply(POLICY, "alone", POLICY_SPEC)
    await world.settle()
    document = world.document("alone", POLICY)
    assert document is not None
    assert "finalizers" not in document["metadata"]
    assert world.condition("alone", "InUse", POLICY) == ("False", "NotReferenced")
    world.delete(POLICY, "alone")
    await world.settle()
    assert world.document("alone", POLICY) is None


async def test_an_object_that_is_deleted_while_it_is_created_leaves_nothing(world: CoreHarness):
    world.set_up_site()
    await world.advance(3.0)
    world.delete(CONNECTION, "site6")
    await world.settle()
    assert world.document("site6") is None
    assert not world.azure.world
    assert world.accepted() == {"put": 1, "delete": 1}


async def test_an_object_that_is_deleted_and_applied_again_under_another_uid(site: CoreHarness):
    site.delete(CONNECTION, "site6")
    await site.settle()
    site.apply(CONNECTION, "site6", site_spec())
    await site.settle()
    assert site.ready() == ("True", "UpToDate")
    assert site.accepted() == {"delete": 1, "put": 1}


async def test_adopted_ikev1_connection_that_is_deleted_in_azure_comes_back_as_ikev1(world: CoreHarness):
    await meet(world, tags={"team": "x"}, connectionProtocol="IKEv1")
    assert world.ready() == ("True", "UpToDate")
    world.portal_delete("VNet1toSite6")

    await world.settle()

    assert world.held()["connectionProtocol"] == "IKEv1"
    assert world.ready() == ("True", "UpToDate")
    assert world.reasons_of_events().count("DriftCorrected") == 1, "somebody deleted it: that is drift, and said"


async def test_adopted_ikev1_connection_comes_back_as_ikev1_after_a_restart(world: CoreHarness):
    await meet(world, tags={"team": "x"}, connectionProtocol="IKEv1")
    world.portal_delete("VNet1toSite6")

    await world.restart()
    await world.settle()

    assert world.held()["connectionProtocol"] == "IKEv1"


async def test_adopted_ikev1_connection_warns_although_the_spec_names_no_version(world: CoreHarness):
    await meet(world, tags={"team": "x"}, connectionProtocol="IKEv1")

    document = world.document("site6")
    assert document is not None
    assert "ikev1-deprecated" in {warning["id"] for warning in document["status"]["warnings"]}
