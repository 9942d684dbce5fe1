"""Exactly one write for each real change, none where nothing changes: by the journal and by resourceVersions."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.world.side_by_side import side_by_side
from support.world.tenant import Document, Tenant, condition, is_ready, is_ready_and_connected
from support.world.topology import group_name
from workbench.bench.figures import is_write

SELECTORS = [{"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["172.17.0.0/24", "172.18.0.0/24"]}]


@side_by_side
async def test_spelling_a_value_otherwise_writes_nothing(tenant: Tenant):
    policy = {"dhGroup": "DHGroup14", "pfsGroup": "PFS14", "saDataSizeKilobytes": 102400000}
    await tenant.apply(tenant.policy(**policy), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    since = await tenant.now()

    respelled = {"dhGroup": "DHGroup2048", "pfsGroup": "PFS2048", "saDataSizeKilobytes": None}
    await tenant.edit("p1", "IpsecPolicy", **respelled)
    await tenant.edit(
        connectionMode="Default",
        dpdTimeoutSeconds=45,
        routingWeight=0,
        enableBgp=False,
        usePolicyBasedTrafficSelectors=False,
        trafficSelectorPolicies=[],
        connectionType="IPsec",
        virtualNetworkGateway={"name": "GW"},
    )
    await tenant.until(is_ready_and_connected)
    await tenant.until_reason("Valid", "p1", "IpsecPolicy")

    live = await tenant.in_azure()
    assert live is not None
    properties = live["properties"]
    shouted = {"id": properties["virtualNetworkGateway1"]["id"].upper()}
    reordered = {name: properties["ipsecPolicies"][0][name] for name in reversed(properties["ipsecPolicies"][0])}
    before = await tenant.get()
    await tenant.change_in_azure(virtualNetworkGateway1=shouted, ipsecPolicies=[reordered])
    await asyncio.sleep(4)
    after = await tenant.until_ready()

    assert await tenant.writes(since) == []
    assert after["status"]["halves"][0]["appliedHash"] == before["status"]["halves"][0]["appliedHash"]


@side_by_side
async def test_nothing_is_written_while_nothing_changes(tenant: Tenant):
    pair = {"localNetworkGateway": None, "ipsecPolicyRef": {"name": "p1"}}
    await tenant.apply(
        tenant.policy(),
        tenant.connection("a", ipsecPolicyRef={"name": "p1"}, tags={"team": "network"}, dpdTimeoutSeconds=30),
        tenant.connection("b", peerVirtualNetworkGateway={"name": "gw-b"}, **pair),
        tenant.connection(
            "c", virtualNetworkGateway={"name": "gw-b"}, peerVirtualNetworkGateway={"name": "gw"}, **pair
        ),
        tenant.connection("d", sharedKeySecretRef={"name": "missing"}, site=2),
    )
    await tenant.until_ready("a", "b", "c")
    await tenant.until_reason("SecretNotFound", "d")
    await tenant.until(_holds_everywhere(3), "p1", "IpsecPolicy")
    await tenant.until(lambda half: condition(half, "PairInSync").get("status") == "True", "b")
    await tenant.until(lambda half: condition(half, "PairInSync").get("status") == "True", "c")

    async def documents() -> dict[str, Document]:
        names = [("VpnConnection", name) for name in "abcd"] + [("IpsecPolicy", "p1")]
        found = {name: await tenant.get(name, kind) for kind, name in names}
        for document in found.values():
            # Whoever wrote last is told by the version; a failure is to show what was written.
            document["metadata"].pop("managedFields", None)
        return found

    async def at_rest() -> bool:
        """A tunnel that comes up, or counts as proven, is told a look later than Ready: on a busy machine seconds later."""
        now = await documents()
        await asyncio.sleep(3)
        return await documents() == now

    await tenant.eventually(at_rest, what="all of it is at rest")
    before, events, since = await documents(), len(await tenant.events()), await tenant.now()
    await asyncio.sleep(20)

    assert await documents() == before
    assert len(await tenant.events()) == events
    requests = await tenant.requests(since)
    assert {request["method"] for request in requests} == {"GET"}
    for name in "abcd":
        assert sum(request["path"].endswith(f"/connections/{name}") for request in requests) >= 3, name


@dataclass(frozen=True)
class Edit:
    """One field of the spec changed, and what the one write says then."""

    why: str
    change: Document
    expected: Document
    method: str = "PUT"
    before: Document = field(default_factory=dict)


EDITS = [
    Edit("who may start the tunnel", {"connectionMode": "InitiatorOnly"}, {"connectionMode": "InitiatorOnly"}),
    Edit("dead peer detection", {"dpdTimeoutSeconds": 30}, {"dpdTimeoutSeconds": 30}),
    Edit("weight of the routes", {"routingWeight": 20}, {"routingWeight": 20}),
    Edit("BGP", {"enableBgp": True}, {"enableBgp": True}),
    Edit("start from the private address", {"useLocalAzureIpAddress": True}, {"useLocalAzureIpAddress": True}),
    Edit(
        "selectors of a policy-based device",
        {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": SELECTORS},
        {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": SELECTORS},
        before={"ipsecPolicyRef": {"name": "p1"}},
    ),
    Edit("a policy is named", {"ipsecPolicyRef": {"name": "p1"}}, {"ipsecPolicies": [{"saLifeTimeSeconds": 30000}]}),
    Edit(
        "another policy is named",
        {"ipsecPolicyRef": {"name": "p2"}},
        {"ipsecPolicies": [{"saLifeTimeSeconds": 3600}]},
        before={"ipsecPolicyRef": {"name": "p1"}},
    ),
    Edit(
        "no policy is named any more: back to Azure's Default",
        {"ipsecPolicyRef": None},
        {"ipsecPolicies": []},
        before={"ipsecPolicyRef": {"name": "p1"}},
    ),
    Edit("a tag is added", {"tags": {"team": "network"}}, {"tags": {"team": "network"}}, method="PATCH"),
    Edit(
        "a tag gets another value",
        {"tags": {"team": "core"}},
        {"tags": {"team": "core"}},
        method="PATCH",
        before={"tags": {"team": "network"}},
    ),
    Edit(
        "a field goes away: back to Azure's default",
        {"dpdTimeoutSeconds": None},
        {"dpdTimeoutSeconds": None},
        before={"dpdTimeoutSeconds": 30},
    ),
    Edit(
        "several fields at once",
        {"connectionMode": "ResponderOnly", "routingWeight": 7, "tags": {"team": "core"}},
        {"connectionMode": "ResponderOnly", "routingWeight": 7},
    ),
]


async def test_each_mutable_field_is_one_write_with_the_new_value(tenant: Tenant, group_numbers: Iterator[int]):
    await tenant.apply(tenant.policy(), tenant.policy("p2", saLifeTimeSeconds=3600))
    parts = [tenant.in_group(group_name(next(group_numbers))) for _ in EDITS]

    async def edit(number: int) -> tuple[str, list[Document]]:
        case, part, name = EDITS[number], parts[number], f"c{number}"
        await part.apply(part.connection(name, **case.before))
        await part.until_ready(name)
        since = await part.now()
        await part.edit(name, **case.change)
        await part.until_ready(name)
        return case.why, [request for request in await part.requests(since) if is_write(request)]

    done = dict(await asyncio.gather(*(edit(number) for number in range(len(EDITS)))))

    assert {why: [request["method"] for request in sent] for why, sent in done.items()} == {
        case.why: [case.method] for case in EDITS
    }
    assert {why: _shown(sent[0], _case(why).expected) for why, sent in done.items()} == {
        case.why: case.expected for case in EDITS
    }
    for part, number in zip(parts, range(len(EDITS)), strict=True):
        live = await part.in_azure(f"c{number}")
        assert live is not None
        assert live["tags"]["azvpn-owner"] == f"demo/{tenant.namespace}/c{number}"


@side_by_side
async def test_an_edited_policy_is_one_put_for_each_connection_that_names_it(tenant: Tenant):
    names = ("a", "b", "c")
    reference = {"name": "p1"}
    await tenant.apply(
        tenant.policy(),
        *(tenant.connection(name, site=site, ipsecPolicyRef=reference) for site, name in enumerate(names, 1)),
        tenant.connection("other", site=4),
    )
    await tenant.until_ready(*names, "other")
    since = await tenant.now()

    await tenant.edit("p1", "IpsecPolicy", saLifeTimeSeconds=7200)
    await tenant.until(_holds_everywhere(3), "p1", "IpsecPolicy")
    await tenant.until_ready(*names)

    assert sorted(await tenant.writes(since)) == [("PUT", name) for name in names]
    for name in names:
        live = await tenant.in_azure(name)
        assert live is not None
        assert live["properties"]["ipsecPolicies"][0]["saLifeTimeSeconds"] == 7200


@side_by_side
async def test_edits_in_quick_succession_end_in_the_last_one(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since, begun = await tenant.now(), time.monotonic()

    for weight in range(1, 21):
        await tenant.edit(routingWeight=weight)
    await tenant.until_ready()
    taken = time.monotonic() - begun

    live = await tenant.in_azure()
    assert live is not None
    assert live["properties"]["routingWeight"] == 20
    # Azure asks to wait a second for each operation, and the next one begins after it.
    assert len(await tenant.writes(since)) <= 1 + taken


@side_by_side
async def test_a_policy_in_use_goes_only_after_the_last_reference(tenant: Tenant):
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    since = await tenant.now()

    await tenant.delete("p1", "IpsecPolicy")
    await tenant.until_reason("DeletionWaitsForReferences", "p1", "IpsecPolicy")
    await asyncio.sleep(2)
    assert await tenant.writes(since) == []
    assert is_ready(await tenant.get())

    await tenant.edit(ipsecPolicyRef=None)
    await tenant.until_gone("p1", "IpsecPolicy")
    await tenant.until_ready()
    assert await tenant.writes(since) == [("PUT", "c1")]
    live = await tenant.in_azure()
    assert live is not None
    assert live["properties"]["ipsecPolicies"] == []


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(("connection", "policy", "secret"), id="the connection first"),
        pytest.param(("secret", "connection", "policy"), id="the policy last"),
        pytest.param(("policy", "connection", "secret"), id="the secret last"),
    ],
)
@side_by_side
async def test_the_parts_may_come_in_any_order(tenant: Tenant, order: tuple[str, ...]):
    parts = {
        "connection": tenant.connection(ipsecPolicyRef={"name": "p1"}, sharedKeySecretRef={"name": "later"}),
        "policy": tenant.policy(),
        "secret": tenant.secret("later"),
    }
    reasons = {"policy": "PolicyNotFound", "secret": "SecretNotFound"}
    for number, part in enumerate(order):
        await tenant.apply(parts[part])
        missing = [other for other in ("policy", "secret") if other in order[number + 1 :]]
        if "connection" in order[: number + 1] and missing:
            held = await tenant.until_reason(reasons[missing[0]])
            assert condition(held, "Stalled") == {}, "what may still come is not a failure"
    await tenant.until_ready()

    assert await tenant.writes() == [("PUT", "c1")]


def _holds_everywhere(count: int) -> Callable[[Document], bool]:
    """Azure holds the latest generation of the policy for so many connections."""
    return lambda policy: (
        policy["status"]["observedGeneration"] == policy["metadata"]["generation"]
        and policy["status"]["updatedConnections"] == count
    )


def _case(why: str) -> Edit:
    return next(case for case in EDITS if case.why == why)


def _shown(request: Document, expected: Document) -> Document:
    """What the request says of the expected fields, and of nested ones no more than is expected."""
    body = {**request["body"].get("properties", {}), **request["body"]}
    return {name: _narrowed(body.get(name), value) for name, value in expected.items()}


def _narrowed(have: Any, want: Any) -> Any:
    if isinstance(have, dict) and isinstance(want, dict):
        return {name: _narrowed(have.get(name), value) for name, value in want.items()}
    if isinstance(have, list) and isinstance(want, list) and len(have) == len(want):
        return [_narrowed(*both) for both in zip(have, want, strict=True)]
    return have
