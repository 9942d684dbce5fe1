"""The shared key: rotated through the Secret, never written anywhere else, and never to be read anywhere."""

import asyncio
import base64
import uuid

from support.world.side_by_side import side_by_side
from support.world.tenant import Tenant, condition, is_ready_and_connected


@side_by_side
async def test_a_new_key_in_the_secret_is_one_sharedkey_call_and_the_tunnel_comes_back(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since = await tenant.now()
    new = "E2E.Rotated.Key.4711"

    await tenant.change_topology({"name": "site-1", "device": {"key": new}})
    await tenant.until(lambda found: condition(found, "Connected").get("status") == "False")
    await tenant.set_secret(new)

    async def is_rotated() -> bool:
        return ("PUT", "c1/sharedkey") in await tenant.writes(since)

    await tenant.eventually(is_rotated, what="the call")
    await tenant.until(is_ready_and_connected)
    await asyncio.sleep(3)

    assert await tenant.writes(since) == [("PUT", "c1/sharedkey")]
    await tenant.until_event("SharedKeySet")


@side_by_side
async def test_a_secret_that_changes_otherwise_rotates_nothing(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since = await tenant.now()

    secret = tenant.secret()
    await tenant.apply({**secret, "metadata": {**secret["metadata"], "labels": {"team": "network"}}})
    await asyncio.sleep(3)

    assert await tenant.writes(since) == []


@side_by_side
async def test_a_malformed_key_is_refused_without_being_quoted_and_without_a_write(tenant: Tenant):
    bad = f"with space {uuid.uuid4().hex}"
    await tenant.apply(tenant.secret("bad", bad), tenant.connection(sharedKeySecretRef={"name": "bad"}))

    refused = await tenant.until_reason("SharedKeyInvalid")

    assert condition(refused, "Stalled")["reason"] == "SharedKeyInvalid"
    assert bad not in str(refused["status"])
    assert await tenant.writes() == []


@side_by_side
async def test_a_key_that_goes_missing_keeps_the_connection_as_it_is(tenant: Tenant):
    await tenant.apply(tenant.secret("gone"), tenant.connection(sharedKeySecretRef={"name": "gone"}))
    await tenant.until_ready()
    since = await tenant.now()

    deleted = await tenant.kubectl("delete", "secret", "gone")
    assert deleted.code == 0, deleted.err
    await tenant.until(lambda found: condition(found, "CredentialsResolved").get("reason") == "SecretNotFound")
    await tenant.edit(routingWeight=5)
    await tenant.until(is_ready_and_connected, what="a key is needed for creation and rotation only")

    assert await tenant.writes(since) == [("PUT", "c1")]


@side_by_side
async def test_the_key_is_nowhere_to_be_read(tenant: Tenant):
    keys = [f"Canary.{uuid.uuid4().hex}" for _ in range(3)]
    first, second, foreign = keys
    await tenant.change_topology({"name": "site-1", "device": {"key": first}})
    await tenant.apply(tenant.secret("canary", first), tenant.connection(sharedKeySecretRef={"name": "canary"}))
    await tenant.until_ready()
    async with tenant.fault("garbage", method="PUT", path="sharedkey", count=1):
        await tenant.set_secret(second, "canary")
        await tenant.change_topology({"name": "site-1", "device": {"key": second}})
        await tenant.until_reason("AzureAnswerUnreadable")
    await tenant.until_ready()
    # An error that quotes the key back, and a key that a colleague has set, which the operator reads to compare it.
    async with tenant.fault("status", method="PUT", path="c1$", status=400, code="InvalidKey", message=f"bad {second}"):
        await tenant.edit(routingWeight=4)
        await tenant.until_reason("AzureRejected")
    await tenant.edit(routingWeight=5)
    await tenant.until_ready()
    status, _ = await tenant.azure("PUT", "connections/c1/sharedkey", {"value": foreign})
    assert status in {200, 201, 202}
    await tenant.until_settled()
    await tenant.annotate(reconcile_at="2026-11-23T13:00:00Z")
    await asyncio.sleep(3)

    everything = {
        "log": tenant.log(),
        "events": str(await tenant.events()),
        "objects": str(await tenant.get()),
        "metrics": (await tenant.scrape())[1],
        "journal": str(await tenant.control("GET", "/journal?since=0")),
        "topology": str(await tenant.control("GET", "/topology")),
        "kubectl describe": (await tenant.kubectl("describe", "vpnconn,ipsecpol,events")).out,
        "kubectl get": (await tenant.kubectl("get", "vpnconn,events", "-o", "yaml")).out,
    }
    assert '"level": "debug"' in everything["log"], "at DEBUG most is said"
    for key in keys:
        for spelling in (key, base64.b64encode(key.encode()).decode()):
            assert [where for where, text in everything.items() if spelling in text] == []
