"""Azure belongs to several people: drift, adoption, holds, deletion. The colleague works with Azure's REST interface."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.world.side_by_side import side_by_side
from support.world.tenant import Document, Tenant, condition, is_ready, is_ready_and_connected

OWNER = "azvpn-owner"


@side_by_side
async def test_a_harmless_change_in_the_portal_is_put_back(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since = await tenant.now()

    await tenant.change_in_azure(routingWeight=99)
    await tenant.eventually(lambda: _is(tenant, "routingWeight", 0), what="the weight is back")
    await tenant.until_ready()

    assert await tenant.writes(since) == [("PUT", "c1")]
    await tenant.until_event("DriftCorrected")


@side_by_side
async def test_a_lost_tag_is_put_back_by_the_tags_alone_and_other_tags_are_kept(tenant: Tenant):
    await tenant.apply(tenant.connection(tags={"team": "network"}))
    await tenant.until_ready()
    since = await tenant.now()

    await tenant.change_in_azure(tags={"cost": "4711"})
    expected = {"team": "network", "cost": "4711", OWNER: f"demo/{tenant.namespace}/c1"}

    async def tags_are_back() -> bool:
        live = await tenant.in_azure()
        return live is not None and live["tags"] == expected

    await tenant.eventually(tags_are_back, what="the tags")
    await tenant.until_ready()
    assert await tenant.writes(since) == [("PATCH", "c1")]


@side_by_side
async def test_a_change_that_would_drop_the_tunnel_when_put_back_is_reported_only(tenant: Tenant):
    # A device that is back at once: a tunnel that is looked at while the edit has it down may be put right.
    await tenant.change_topology({"name": "site-1", "device": {"delaySeconds": 0}})
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    await tenant.until(lambda found: condition(found, "Connected")["status"] == "True")
    since = await tenant.now()

    await tenant.change_in_azure(ipsecPolicies=[])
    found = await tenant.until_reason("DriftDetected")

    assert condition(found, "Stalled")["reason"] == "DriftDetected"
    assert condition(found, "Synced")["status"] == "False"
    assert [item["path"] for item in found["status"]["differences"]] == ["ipsecPolicies"]
    assert await tenant.writes(since) == []

    await tenant.edit(driftPolicy="Correct")
    await tenant.until_ready()
    assert await tenant.writes(since) == [("PUT", "c1")]
    live = await tenant.in_azure()
    assert live is not None
    assert live["properties"]["ipsecPolicies"][0]["dhGroup"] == "DHGroup24"


@side_by_side
async def test_with_drift_policy_report_nothing_is_put_back(tenant: Tenant):
    await tenant.apply(tenant.connection(driftPolicy="Report"))
    await tenant.until_ready()
    since = await tenant.now()

    await tenant.change_in_azure(routingWeight=99)
    await tenant.until_reason("DriftDetected")
    await asyncio.sleep(2)

    assert await tenant.writes(since) == []


@side_by_side
async def test_a_connection_deleted_in_the_portal_is_created_again(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since = await tenant.now()

    assert (await tenant.azure("DELETE", "connections/c1"))[0] in {200, 202}

    async def is_created_again() -> bool:
        # The moment without it may be shorter than any poll: only the write proves that it was gone.
        return await tenant.writes(since) == [("PUT", "c1")]

    await tenant.eventually(is_created_again, what="created again")
    await tenant.until_ready()
    assert await tenant.in_azure() is not None
    assert await tenant.writes(since) == [("PUT", "c1")]


@pytest.mark.parametrize(
    ("live", "spec", "reason", "writes"),
    [
        pytest.param({}, {}, "UpToDate", ["PATCH"], id="an equal one gets our tag and nothing else"),
        pytest.param({"routingWeight": 5}, {}, "AdoptionRefused", [], id="a different one is left alone"),
        pytest.param(
            {"routingWeight": 5}, {"adoptionPolicy": "Always"}, "UpToDate", ["PUT"], id="Always makes it what we say"
        ),
        pytest.param({}, {"adoptionPolicy": "Never"}, "AdoptionRefused", [], id="Never takes nothing over"),
        pytest.param(
            {"routingWeight": 5}, {"managementPolicy": "Observe"}, "Observed", [], id="Observe reports the difference"
        ),
    ],
)
@side_by_side
async def test_a_connection_that_azure_already_has(
    tenant: Tenant, live: Document, spec: Document, reason: str, writes: list[str]
):
    await tenant.put_in_azure("c1", tenant.body(tags={"cost": "4711"}, **live))

    await tenant.apply(tenant.connection(**spec))
    await tenant.until_reason(reason)
    await asyncio.sleep(1.5)

    assert [method for method, _ in await tenant.writes()] == writes
    found = await tenant.in_azure()
    assert found is not None
    assert found["tags"] == {"cost": "4711"} | ({OWNER: f"demo/{tenant.namespace}/c1"} if writes else {})
    assert found["properties"]["routingWeight"] == (0 if "PUT" in writes else live.get("routingWeight", 0))


@side_by_side
async def test_another_owners_connection_is_not_touched_before_it_is_handed_over(tenant: Tenant):
    foreign = "other/team/c1"
    await tenant.put_in_azure("c1", tenant.body(tags={OWNER: foreign}))
    await tenant.apply(tenant.connection(adoptionPolicy="Always"))
    await tenant.until_reason("OwnedByAnother")
    await asyncio.sleep(1.5)
    assert await tenant.writes() == []

    await tenant.annotate(adopt_from="other/team/c2")
    await asyncio.sleep(1.5)
    assert await tenant.writes() == [], "that is not the owner's tag"

    await tenant.annotate(adopt_from=foreign)
    await tenant.until_ready()
    assert await tenant.writes() == [("PATCH", "c1")]


@side_by_side
async def test_a_hold_in_azure_stops_all_writes_until_it_is_lifted(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    live = await tenant.in_azure()
    assert live is not None
    since = await tenant.now()

    await tenant.change_in_azure(tags={**live["tags"], "azvpn-hold": "do not touch, INC-4711"})
    await tenant.until(
        lambda found: is_ready(found) and condition(found, "Paused").get("reason") == "HeldInAzure",
        what="paused, and Ready since nothing is due",
    )
    await tenant.edit(routingWeight=3)
    held = await tenant.until_reason("ChangesPaused")
    assert condition(held, "Stalled") == {}
    assert [item["path"] for item in held["status"]["differences"]] == ["routingWeight"]

    await tenant.delete()
    await tenant.until_reason("DeletionHeld")
    await asyncio.sleep(1.5)
    assert await tenant.writes(since) == []

    await tenant.change_in_azure(tags=live["tags"])
    await tenant.until_gone()
    assert await tenant.writes(since) == [("DELETE", "c1")]


@side_by_side
async def test_suspend_stops_writes_and_reads_go_on(tenant: Tenant):
    await tenant.apply(tenant.connection(suspend=True))
    await tenant.until_reason("ChangesPaused")
    assert await tenant.writes() == []

    await tenant.edit(suspend=False)
    await tenant.until_ready()
    await tenant.edit(suspend=True, routingWeight=3)
    held = await tenant.until_reason("ChangesPaused")
    assert held["status"]["observedGeneration"] == held["metadata"]["generation"]
    since = await tenant.now()
    await asyncio.sleep(3)
    assert {request["method"] for request in await tenant.requests(since)} == {"GET"}

    await tenant.delete()
    await tenant.until_gone()
    assert await tenant.writes(since) == [], "a suspended object goes, and Azure stays"
    assert await tenant.in_azure() is not None


@side_by_side
async def test_a_hold_with_an_end_ends_by_itself(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since = await tenant.now()
    await tenant.annotate(hold_until="2020-01-01T00:00:00Z")
    await tenant.annotate(hold_until="not a time")
    await tenant.edit(routingWeight=3)
    await tenant.until_reason("HoldInvalid", of="Paused")
    await tenant.until_reason("ChangesPaused")
    assert await tenant.writes(since) == []

    await tenant.annotate(hold_until=_in_seconds(6))
    await tenant.until_reason("HeldUntil", of="Paused")
    assert await tenant.writes(since) == []
    await tenant.until_ready()
    assert await tenant.writes(since) == [("PUT", "c1")]


@pytest.mark.parametrize(
    ("policy", "writes"),
    [pytest.param("Delete", ["DELETE"], id="Delete"), pytest.param("Retain", ["PATCH"], id="Retain removes our tag")],
)
@side_by_side
async def test_deleting_the_object(tenant: Tenant, policy: str, writes: list[str]):
    await tenant.apply(tenant.connection(deletionPolicy=policy, tags={"team": "network"}))
    await tenant.until_ready()
    since = await tenant.now()

    await tenant.delete()
    await tenant.until_gone()

    assert [method for method, _ in await tenant.writes(since)] == writes
    live = await tenant.in_azure()
    assert (live is None) == (policy == "Delete")
    if live is not None:
        assert live["tags"] == {"team": "network"}


@side_by_side
async def test_deleting_while_azure_is_still_creating_waits_for_that_and_deletes(tenant: Tenant):
    await tenant.apply(tenant.connection())

    async def is_created() -> bool:
        return await tenant.writes() == [("PUT", "c1")]

    await tenant.eventually(is_created, what="the PUT")
    await tenant.delete()
    await tenant.until_gone()

    assert await tenant.writes() == [("PUT", "c1"), ("DELETE", "c1")]
    assert await tenant.in_azure() is None


@side_by_side
async def test_an_object_made_anew_at_once_does_not_lose_its_connection(tenant: Tenant):
    await tenant.apply(tenant.connection())
    first = await tenant.until_ready()

    await tenant.delete()
    await tenant.until_gone()
    await tenant.apply(tenant.connection())
    second = await tenant.until_ready()

    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert [method for method, _ in await tenant.writes()] == ["PUT", "DELETE", "PUT"]


@side_by_side
async def test_a_tunnel_that_goes_down_and_comes_back_is_said_and_ready_stays(tenant: Tenant):
    await tenant.apply(tenant.connection(dpdTimeoutSeconds=9))
    await tenant.until_ready()
    since = await tenant.now()

    await tenant.change_topology({"name": "site-1", "device": {"outage": True}})
    down = await tenant.until(lambda found: condition(found, "Connected").get("status") == "False")
    assert is_ready(down), "Azure holds what the object says; the other side is another matter"
    assert down["status"]["summary"]["tunnel"] == "0/1"
    await tenant.change_topology({"name": "site-1", "device": {"outage": False}})
    await tenant.until(is_ready_and_connected)

    assert await tenant.writes(since) == []
    for reason in ("TunnelDown", "TunnelUp"):
        await tenant.until_event(reason)


@side_by_side
async def test_reconcile_at_asks_for_one_look_now(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()

    await tenant.annotate(reconcile_at="2026-11-23T12:00:00Z")
    seen = await tenant.until(
        lambda found: (found["status"].get("lastHandled") or {}).get("reconcileAt") == "2026-11-23T12:00:00Z"
    )
    assert is_ready(seen)


async def _is(tenant: Tenant, name: str, value: Any) -> bool:
    live = await tenant.in_azure()
    return live is not None and live["properties"][name] == value


def _in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
