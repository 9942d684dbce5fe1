"""What tools for GitOps make of the objects (kstatus), from the first second on: InProgress, Failed, Current, Terminating."""

import asyncio

from support.world.side_by_side import side_by_side
from support.world.tenant import Document, Tenant, condition


def kstatus(document: Document) -> str:
    """The verdict of sigs.k8s.io/cli-utils/pkg/kstatus for a custom resource, as its documentation describes it."""
    metadata, status = document["metadata"], document.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    if "observedGeneration" in status and status["observedGeneration"] != metadata["generation"]:
        return "InProgress"
    conditions = {item["type"]: item["status"] for item in status.get("conditions") or []}
    if conditions.get("Stalled") == "True":
        return "Failed"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if "Ready" in conditions and conditions["Ready"] != "True":
        return "InProgress"
    return "Current"


async def _seen(tenant: Tenant, until: str, kind: str = "VpnConnection", name: str = "c1") -> list[str]:
    """Each verdict once, in order, until the last one is this."""
    verdicts: list[str] = []
    for _ in range(2000):
        verdict = kstatus(await tenant.get(name, kind))
        if not verdicts or verdicts[-1] != verdict:
            verdicts.append(verdict)
        if verdict == until:
            return verdicts
        await asyncio.sleep(0.01)
    raise AssertionError(f"never {until}: {verdicts}")


@side_by_side
async def test_a_good_object_is_in_progress_until_it_is_current(tenant: Tenant):
    created = await tenant.create(tenant.connection())
    assert created["status"]["observedGeneration"] == -1
    assert kstatus(created) == "InProgress"
    assert await _seen(tenant, "Current") in (["InProgress", "Current"], ["Current"])
    assert condition(await tenant.get(), "Ready")["status"] == "True"

    edited = await tenant.edit(routingWeight=8)
    assert kstatus(edited) == "InProgress"
    assert await _seen(tenant, "Current") == ["InProgress", "Current"]
    live = await tenant.in_azure()
    assert live is not None
    assert live["properties"]["routingWeight"] == 8, "not Current before Azure holds it"


@side_by_side
async def test_a_bad_object_fails_and_mending_it_makes_it_current(tenant: Tenant):
    created = await tenant.create(tenant.connection(sharedKeySecretRef=None))
    assert kstatus(created) == "InProgress"
    assert await _seen(tenant, "Failed") in (["InProgress", "Failed"], ["Failed"])
    assert condition(await tenant.get(), "Stalled")["reason"] == "SharedKeyRequired"

    await tenant.edit(sharedKeySecretRef={"name": "key"})
    assert "Failed" not in await _seen(tenant, "Current"), "an edit is no failure before it has been tried"


@side_by_side
async def test_waiting_for_what_may_still_come_is_in_progress(tenant: Tenant):
    await tenant.create(tenant.connection(ipsecPolicyRef={"name": "later"}))
    await tenant.until_reason("PolicyNotFound")
    assert kstatus(await tenant.get()) == "InProgress"


@side_by_side
async def test_a_policy_is_current_as_soon_as_it_is_checked(tenant: Tenant):
    created = await tenant.create(tenant.policy())
    assert kstatus(created) == "InProgress"
    assert (await _seen(tenant, "Current", "IpsecPolicy", "p1"))[-1] == "Current"


@side_by_side
async def test_an_object_that_goes_is_terminating(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    await tenant.delete()
    assert kstatus(await tenant.get()) == "Terminating"
    await tenant.until_gone()
