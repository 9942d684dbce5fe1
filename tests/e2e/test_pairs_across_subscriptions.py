"""Pairs whose halves lie in two subscriptions and regions, on the real processes: one thing all the same.

The groups of the two subscriptions have the same name, and so have the gateways and, in some tests, the halves: whoever
forgets the subscription takes one for the other.
"""

import pytest

from support.world.side_by_side import side_by_side
from support.world.tenant import Document, Tenant, condition, is_ready_and_connected
from support.world.topology import FAR
from workbench.bench.figures import is_write

NEAR_SIDE, FAR_SIDE = "near", "far"
SIDES = (NEAR_SIDE, FAR_SIDE)
NAME = "pair"
POLICY = {"ipsecPolicyRef": {"name": "p1"}}
NAMES = pytest.mark.parametrize(
    "far_name",
    [
        pytest.param(NAME, id="only-the-subscription-tells-the-halves-apart"),
        pytest.param("back", id="another-name"),
    ],
)


def owned(tenant: Tenant, far_name: str) -> Document:
    """One object for both halves."""
    elsewhere = {"resourceGroup": tenant.group, "subscriptionId": FAR}
    peer = {"name": "gw", **elsewhere}
    spec = {"peerVirtualNetworkGateway": peer, "reverse": {"azureName": far_name, **elsewhere}, **POLICY}
    return tenant.connection(NAME, localNetworkGateway=None, **spec)


def one_of_two(tenant: Tenant, side: str) -> Document:
    """One of two objects. The far one says where it is by its gateway alone."""
    near, far = (
        {"name": "gw", "resourceGroup": tenant.group, "subscriptionId": subscription}
        for subscription in (tenant.subscription, FAR)
    )
    own, peer = ({"name": "gw"}, far) if side == NEAR_SIDE else (far, near)
    where = {"azureName": NAME, "resourceGroup": tenant.group if side == NEAR_SIDE else None}
    spec = {"virtualNetworkGateway": own, "peerVirtualNetworkGateway": peer, **where, **POLICY}
    return tenant.connection(side, localNetworkGateway=None, **spec)


async def live_halves(tenant: Tenant, far_name: str) -> dict[str, Document]:
    found = {
        NEAR_SIDE: await tenant.in_azure(NAME),
        FAR_SIDE: await tenant.in_subscription(FAR).in_azure(far_name),
    }
    return {side: document for side, document in found.items() if document is not None}


async def until_both_hold(tenant: Tenant, far_name: str, group: str) -> None:
    async def so() -> bool:
        halves = await live_halves(tenant, far_name)
        held = [half["properties"]["ipsecPolicies"] for half in halves.values()]
        return [policies[0]["dhGroup"] if policies else "Default" for policies in held] == [group, group]

    await tenant.eventually(so, what=f"both halves hold {group}")


async def keys_in_azure(tenant: Tenant, far_name: str) -> list[str]:
    found = []
    for place, name in ((tenant, NAME), (tenant.in_subscription(FAR), far_name)):
        status, answer = await place.azure("GET", f"connections/{name}/sharedkey")
        assert status == 200, answer
        found.append(str(answer["value"]))
    return found


async def writes_by_side(tenant: Tenant, since: int = 0) -> list[tuple[str, str, str]]:
    """Method, side, and what follows the connection's name; in order of the sides."""
    found = []
    for entry in await tenant.requests(since):
        if is_write(entry):
            side = FAR_SIDE if f"/subscriptions/{FAR}/" in entry["path"] else NEAR_SIDE
            rest = entry["path"].rpartition("/connections/")[2].partition("/")[2]
            found.append((entry["method"], side, rest))
    return sorted(found)


def once_each(method: str, rest: str = "") -> list[tuple[str, str, str]]:
    return sorted((method, side, rest) for side in SIDES)


@side_by_side
@NAMES
async def test_one_object_makes_changes_rotates_and_deletes_both_halves(tenant: Tenant, far_name: str):
    await tenant.apply(tenant.policy(), owned(tenant, far_name))
    document = await tenant.until_ready(NAME)
    document = await tenant.until(lambda found: condition(found, "PairInSync").get("reason") == "InSync", NAME)
    halves = await live_halves(tenant, far_name)
    assert [(half["role"], half["id"]) for half in document["status"]["halves"]] == [
        ("Forward", halves[NEAR_SIDE]["id"]),
        ("Reverse", halves[FAR_SIDE]["id"]),
    ]
    assert document["status"]["summary"]["tunnel"] == "2/2"
    assert {side: half["location"] for side, half in halves.items()} == {NEAR_SIDE: "eastus", FAR_SIDE: "westeurope"}
    ends = {
        side: [half["properties"][f"virtualNetworkGateway{n}"]["id"] for n in (1, 2)] for side, half in halves.items()
    }
    assert ends[NEAR_SIDE] == ends[FAR_SIDE][::-1]
    assert [FAR in end for end in ends[NEAR_SIDE]] == [False, True]
    assert {half["tags"]["azvpn-owner"] for half in halves.values()} == {f"demo/{tenant.namespace}/{NAME}"}
    assert await writes_by_side(tenant) == once_each("PUT")

    since = await tenant.now()
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    await until_both_hold(tenant, far_name, "ECP256")
    await tenant.until_ready(NAME)
    assert await writes_by_side(tenant, since) == once_each("PUT")

    since, new = await tenant.now(), "E2E.Far.Key.4711"
    await tenant.set_secret(new)

    async def rotated() -> bool:
        return await keys_in_azure(tenant, far_name) == [new, new]

    await tenant.eventually(rotated, what="both halves have the new key")
    await tenant.until_ready(NAME)
    assert await writes_by_side(tenant, since) == once_each("PUT", "sharedkey")

    since = await tenant.now()
    await tenant.delete(NAME)
    await tenant.until_gone(NAME)
    assert await live_halves(tenant, far_name) == {}
    assert await writes_by_side(tenant, since) == once_each("DELETE")


@side_by_side
async def test_what_others_break_on_the_far_half_is_mended_there_alone(tenant: Tenant):
    await tenant.apply(tenant.policy(), owned(tenant, NAME))
    await tenant.until_ready(NAME)
    since = await tenant.now()

    await tenant.in_subscription(FAR).change_in_azure(NAME, ipsecPolicies=[])
    await until_both_hold(tenant, NAME, "DHGroup24")
    await tenant.until_ready(NAME)

    assert await writes_by_side(tenant, since) == [("PUT", FAR_SIDE, "")]


@side_by_side
async def test_if_the_far_subscription_refuses_its_half_the_near_one_is_put_back(tenant: Tenant):
    await tenant.apply(tenant.policy(), owned(tenant, NAME))
    await tenant.until_ready(NAME)
    since = await tenant.now()
    refusal = {"status": 400, "code": "InvalidPolicy", "message": "Not in this region."}
    path = f"/{tenant.group}/.*connections/{NAME}$"
    await tenant.add_fault("status", method="PUT", everywhere=True, path=f"^/subscriptions/{FAR}/.*{path}", **refusal)

    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    refused = await tenant.until(lambda found: condition(found, "Stalled") != {}, NAME, what="refused")
    assert "Not in this region." in condition(refused, "Ready")["message"]
    await until_both_hold(tenant, NAME, "DHGroup24")
    await tenant.until(lambda found: condition(found, "Connected")["status"] == "True", NAME)

    accepted = [entry for entry in await tenant.requests(since, method="PUT") if entry["status"] < 300]
    assert all(FAR not in entry["path"] for entry in accepted)


@side_by_side
async def test_two_objects_are_a_pair_too(tenant: Tenant):
    await tenant.apply(tenant.policy(), *(one_of_two(tenant, side) for side in SIDES))
    await tenant.until_ready(*SIDES)
    for side in SIDES:
        await tenant.until(lambda found: condition(found, "PairInSync").get("reason") == "InSync", side)
    assert await writes_by_side(tenant) == once_each("PUT")

    since = await tenant.now()
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    await until_both_hold(tenant, NAME, "ECP256")
    for side in SIDES:
        await tenant.until(is_ready_and_connected, side)
    assert await writes_by_side(tenant, since) == once_each("PUT")

    await tenant.apply(tenant.policy("p2", dhGroup="ECP384"))
    since = await tenant.now()
    await tenant.edit(FAR_SIDE, ipsecPolicyRef={"name": "p2"})
    for side in SIDES:
        await tenant.until_reason("PairPolicyMismatch", side, of="PairInSync")
    assert await writes_by_side(tenant, since) == []
    await tenant.edit(NEAR_SIDE, ipsecPolicyRef={"name": "p2"})
    await until_both_hold(tenant, NAME, "ECP384")
    assert await writes_by_side(tenant, since) == once_each("PUT")
