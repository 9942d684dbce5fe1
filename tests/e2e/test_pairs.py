"""VNet-to-VNet on the real processes: a pair changes together or not at all, as two objects and as one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from support.world.side_by_side import side_by_side
from support.world.tenant import Document, Tenant, condition, is_ready_and_connected

ONE, TWO = "one", "two"
HALVES = (ONE, TWO)
POLICY = {"ipsecPolicyRef": {"name": "p1"}}
REVERSE: Document = {"azureName": TWO}
SLOW = 10
"""Time scale at which an update takes 4.5 s: long enough to tell "at once" from "after the other"."""


def half(tenant: Tenant, name: str, **spec: Any) -> Document:
    gateway, peer = ("gw", "gw-b") if name == ONE else ("gw-b", "gw")
    ends = {"virtualNetworkGateway": {"name": gateway}, "peerVirtualNetworkGateway": {"name": peer}}
    return tenant.connection(name, **{**ends, "localNetworkGateway": None, **POLICY, **spec})


async def make_two_objects(tenant: Tenant, **spec: Any) -> None:
    await tenant.apply(tenant.policy(), *(half(tenant, name, **spec) for name in HALVES))
    await tenant.until_ready(*HALVES)


async def make_owned_pair(tenant: Tenant, **spec: Any) -> None:
    await tenant.apply(tenant.policy(), half(tenant, ONE, reverse=REVERSE, **spec))
    await tenant.until_ready(ONE)


async def groups_in_azure(tenant: Tenant) -> list[str]:
    found = []
    for name in HALVES:
        live = await tenant.in_azure(name)
        assert live is not None
        policies = live["properties"]["ipsecPolicies"]
        found.append(policies[0]["dhGroup"] if policies else "Default")
    return found


async def keys_in_azure(tenant: Tenant) -> list[str]:
    found = []
    for name in HALVES:
        status, answer = await tenant.azure("GET", f"connections/{name}/sharedkey")
        assert status == 200, answer
        found.append(str(answer["value"]))
    return found


async def until_both_hold(tenant: Tenant, group: str) -> None:
    async def so() -> bool:
        return await groups_in_azure(tenant) == [group, group]

    await tenant.eventually(so, what=f"both halves hold {group}")


def pair_of(document: Mapping[str, Any]) -> tuple[str, str]:
    found = condition(document, "PairInSync")
    return found.get("status", ""), found.get("reason", "")


@side_by_side
async def test_two_objects_are_made_with_one_write_each_and_are_in_sync(tenant: Tenant):
    await make_two_objects(tenant)

    assert sorted(await tenant.writes()) == [("PUT", ONE), ("PUT", TWO)]
    for name in HALVES:
        document = await tenant.until(lambda found: pair_of(found) == ("True", "InSync"), name)
        assert document["status"]["summary"]["tunnel"] == "1/1"


@side_by_side
async def test_an_edit_of_the_policy_is_one_write_for_each_half_of_two_objects(tenant: Tenant):
    await make_two_objects(tenant)
    since = await tenant.now()

    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    await until_both_hold(tenant, "ECP256")
    await tenant.until_ready(*HALVES)

    assert sorted(await tenant.writes(since)) == [("PUT", ONE), ("PUT", TWO)]


@side_by_side
async def test_one_object_makes_changes_and_deletes_both_halves(tenant: Tenant):
    await make_owned_pair(tenant)
    document = await tenant.until(lambda found: pair_of(found) == ("True", "InSync"), ONE)
    assert document["status"]["summary"]["tunnel"] == "2/2"
    assert [(item["role"], item["id"].rpartition("/")[2]) for item in document["status"]["halves"]] == [
        ("Forward", ONE),
        ("Reverse", TWO),
    ]

    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    await until_both_hold(tenant, "ECP256")
    await tenant.until_ready(ONE)
    await tenant.delete(ONE)
    await tenant.until_gone(ONE)

    assert [await tenant.in_azure(name) for name in HALVES] == [None, None]
    assert sorted(await tenant.writes()) == sorted(
        (method, name) for name in HALVES for method in ("PUT", "PUT", "DELETE")
    )


@side_by_side
async def test_while_two_objects_disagree_neither_is_written_and_both_say_so(tenant: Tenant):
    await make_two_objects(tenant)
    await tenant.apply(tenant.policy("p2", dhGroup="ECP384"))
    since = await tenant.now()

    await tenant.edit(ONE, ipsecPolicyRef={"name": "p2"})
    for name in HALVES:
        found = await tenant.until_reason("PairPolicyMismatch", name, of="PairInSync")
        message = condition(found, "PairInSync")["message"]
        assert all(word in message for word in ("ipsecPolicyRef", ONE, TWO)), message
        assert condition(found, "Stalled") == {}
    await asyncio.sleep(2)
    assert await tenant.writes(since) == []

    await tenant.edit(TWO, ipsecPolicyRef={"name": "p2"})
    await until_both_hold(tenant, "ECP384")
    await tenant.until_ready(*HALVES)
    assert sorted(await tenant.writes(since)) == [("PUT", ONE), ("PUT", TWO)]


@side_by_side
async def test_if_azure_refuses_one_half_the_other_is_put_back(tenant: Tenant):
    await make_two_objects(tenant)
    since = await tenant.now()
    await tenant.add_fault(
        "status", method="PUT", path=f"connections/{TWO}$", status=400, code="InvalidPolicy", message="Not here."
    )

    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    refused = await tenant.until(lambda found: condition(found, "Stalled") != {}, TWO, what="refused")
    assert "Not here." in condition(refused, "Ready")["message"]
    await until_both_hold(tenant, "DHGroup24")
    held = await tenant.until_reason("PartnerNotReady", ONE)
    await tenant.until(lambda found: condition(found, "Connected")["status"] == "True", ONE)

    assert TWO in condition(held, "Ready")["message"]
    assert await tenant.writes(since) == [("PUT", ONE), ("PUT", TWO), ("PUT", ONE)]

    await tenant.mend()
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP384")
    await until_both_hold(tenant, "ECP384")
    await tenant.until_ready(*HALVES)


@side_by_side
async def test_what_others_break_on_the_reverse_half_is_mended_there_and_named(tenant: Tenant):
    await make_owned_pair(tenant)
    since = await tenant.now()

    await tenant.change_in_azure(TWO, ipsecPolicies=[])
    await until_both_hold(tenant, "DHGroup24")
    await tenant.until_ready(ONE)

    assert await tenant.writes(since) == [("PUT", TWO)]
    assert (await tenant.until_event("DriftCorrected", ONE))["note"] == f"{TWO}: differing: ipsecPolicies"


@side_by_side
async def test_a_new_key_in_the_secret_reaches_both_halves_and_nothing_else_is_written(tenant: Tenant):
    await make_two_objects(tenant)
    since = await tenant.now()
    new = "E2E.Pair.Key.4711"

    await tenant.set_secret(new)

    async def rotated() -> bool:
        return await keys_in_azure(tenant) == [new, new]

    await tenant.eventually(rotated, what="both halves have the new key")
    for name in HALVES:
        await tenant.until(is_ready_and_connected, name)
    assert sorted(await tenant.writes(since)) == [("PUT", f"{ONE}/sharedkey"), ("PUT", f"{TWO}/sharedkey")]


@side_by_side
async def test_without_a_secret_both_halves_get_one_key_that_only_azure_knows_and_a_new_one_on_request(tenant: Tenant):
    await make_owned_pair(tenant, sharedKeySecretRef=None)
    first = await keys_in_azure(tenant)
    since = await tenant.now()

    await tenant.annotate(ONE, rotate_key="once")

    async def rotated() -> bool:
        keys = await keys_in_azure(tenant)
        return keys[0] == keys[1] != first[0]

    await tenant.eventually(rotated, what="another key in both halves")
    document = await tenant.until_ready(ONE)
    second = await keys_in_azure(tenant)
    await asyncio.sleep(2)

    assert first[0] == first[1]
    assert sorted(await tenant.writes(since)) == [("PUT", f"{ONE}/sharedkey"), ("PUT", f"{TWO}/sharedkey")]
    assert document["status"]["lastHandled"]["rotateKey"] == "once"
    seen = str(document) + str(await tenant.events()) + tenant.log()
    assert not any(key in seen for key in (*first, *second))


@side_by_side
async def test_a_reset_of_an_owned_pair_resets_both_halves_one_after_the_other_and_once(tenant: Tenant):
    await make_owned_pair(tenant)
    since = await tenant.now()

    await tenant.annotate(ONE, reset="once")
    await tenant.until(lambda found: [item["state"] for item in found["status"].get("resets", [])] == ["Done"] * 2, ONE)
    document = await tenant.until(is_ready_and_connected, ONE)
    await asyncio.sleep(2)

    assert document["status"]["lastHandled"]["reset"] == "once"
    resets = [f"{ONE}/resetconnection", f"{TWO}/resetconnection"]
    posts = [path for _, path in await tenant.writes(since) if path in resets]
    assert posts == resets
    assert not [path for verb, path in await tenant.writes(since) if verb != "POST"]


@side_by_side
async def test_from_two_objects_to_one_and_back_only_tags_are_written(tenant: Tenant):
    await make_two_objects(tenant)
    since = await tenant.now()

    await tenant.edit(TWO, deletionPolicy="Retain")
    await tenant.delete(TWO)
    await tenant.until_gone(TWO)
    await tenant.edit(ONE, reverse=REVERSE)
    document = await tenant.until_ready(ONE)
    assert [item["role"] for item in document["status"]["halves"]] == ["Forward", "Reverse"]

    await tenant.edit(ONE, reverse=None)
    document = await tenant.until_ready(ONE)
    await tenant.until(lambda found: len(found["status"]["halves"]) == 1, ONE)
    await tenant.apply(half(tenant, TWO))
    await tenant.until_ready(*HALVES)

    assert await tenant.writes(since) == [("PATCH", TWO)] * 4


@asynccontextmanager
async def slow_clock(tenant: Tenant, locks: str) -> AsyncIterator[None]:
    """Slow enough to see an order; `locks` is what a write to a half occupies in Azure: `own` gateway, or `both`."""
    await tenant.control("PUT", "/topology", {"options": {"pairLocks": locks}})
    await tenant.control("POST", "/clock", {"scale": SLOW})
    try:
        yield
    finally:
        await tenant.control("POST", "/clock", {"scale": 60})
        await tenant.control("PUT", "/topology", {"options": {"pairLocks": "own"}})


async def accepted_puts(tenant: Tenant, since: int) -> list[tuple[str, datetime]]:
    return [
        (entry["path"].rpartition("/")[2], datetime.fromisoformat(entry["time"]))
        for entry in await tenant.requests(since, method="PUT")
        if entry["status"] in {200, 201}
    ]


async def test_the_second_half_follows_at_once_or_where_azure_locks_both_gateways_as_soon_as_it_can(
    spare_tenant: Tenant,
):
    tenant = spare_tenant
    await make_two_objects(tenant)
    gaps = []
    for locks, group in (("own", "ECP256"), ("both", "ECP384")):
        since = await tenant.now()
        async with slow_clock(tenant, locks):
            await tenant.edit("p1", "IpsecPolicy", dhGroup=group)
            await until_both_hold(tenant, group)
        await tenant.until_ready(*HALVES)
        (first, began), (second, followed) = await accepted_puts(tenant, since)
        assert {first, second} == set(HALVES)
        gaps.append((followed - began).total_seconds())

    assert gaps[0] < 1
    assert 4 < gaps[1] < 8


async def test_killed_between_the_halves_of_a_change_it_ends_in_both_new(spare_tenant: Tenant):
    tenant = spare_tenant
    await make_two_objects(tenant)
    since = await tenant.now()

    async with slow_clock(tenant, "both"):
        await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")

        async def half_done() -> bool:
            return len(await accepted_puts(tenant, since)) == 1

        await tenant.eventually(half_done, what="the first half is sent")
        tenant.stack.operator.kill()
        assert sorted(await groups_in_azure(tenant)) != ["DHGroup24", "DHGroup24"]
        await tenant.stack.start_operator()
        await until_both_hold(tenant, "ECP256")
    await tenant.until_ready(*HALVES)

    assert sorted(name for name, _ in await accepted_puts(tenant, since)) == [ONE, TWO]
