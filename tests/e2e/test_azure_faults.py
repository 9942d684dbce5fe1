"""Azure answers badly, or not at all: the reason stands on the object, other objects go on, and it heals by itself."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.world.tenant import Document, Tenant, condition
from support.world.topology import group_name


@dataclass(frozen=True)
class Answer:
    """A bad answer and the reason that people read."""

    action: str
    reason: str
    more: Document = field(default_factory=dict)
    stalled: bool = False


ANSWERS = {
    "403": Answer("status", "AzureForbidden", {"status": 403, "code": "AuthorizationFailed"}, stalled=True),
    "404 of the subscription": Answer(
        "status", "AzureResourceNotFound", {"status": 404, "code": "SubscriptionNotFound"}
    ),
    "409": Answer("status", "AzureConflict", {"status": 409, "code": "Conflict"}),
    "409 that is a lock of the gateway": Answer(
        "status", "GatewayBusy", {"status": 409, "code": "AnotherOperationInProgress"}
    ),
    "429": Answer("status", "Throttled", {"status": 429, "code": "TooManyRequests", "retryAfter": 1}),
    "500": Answer("status", "AzureUnavailable", {"status": 500, "code": "InternalServerError"}),
    "reset": Answer("reset", "AzureUnavailable"),
    "hang": Answer("hang", "AzureUnavailable"),
    "HTML": Answer("html", "AzureUnavailable"),
    "HTML as 200": Answer("html", "AzureAnswerUnreadable", {"status": 200}),
    "garbage": Answer("garbage", "AzureAnswerUnreadable"),
    "empty": Answer("empty", "AzureAnswerUnreadable"),
}


async def test_each_bad_answer_to_each_call_has_its_reason_and_heals(tenant: Tenant, group_numbers: Iterator[int]):
    """Every pair of a call and an answer has a resource group of its own, and all go on side by side with one in peace."""
    calls = {
        "PUT of the connection": ("PUT", "/connections/c[0-9]+$"),
        "GET of the connection": ("GET", "/connections/c[0-9]+$"),
    }
    cases = [(call, answer, tenant.in_group(group_name(next(group_numbers)))) for call in calls for answer in ANSWERS]
    await tenant.apply(tenant.connection("peace"))
    await tenant.until_ready("peace")

    async def suffer(number: int) -> tuple[str, Document]:
        call, answer, part = cases[number]
        method, path = calls[call]
        what = ANSWERS[answer]
        name = f"c{number}"
        await part.add_fault(what.action, method=method, path=path, **what.more)
        await part.apply(part.connection(name))
        found = await part.until_reason(_reason(call, answer), name)
        return f"{answer} to {call}", found

    found = dict(await asyncio.gather(*(suffer(number) for number in range(len(cases)))))
    await tenant.edit("peace", routingWeight=9)
    await tenant.until_ready("peace")
    await tenant.mend()
    # What a person has to mend is looked at again slowly, so people say that they have.
    for number, (_, _, part) in enumerate(cases):
        await part.annotate(f"c{number}", reconcile_at="mended")
    await asyncio.gather(*(part.until_ready(f"c{number}") for number, (_, _, part) in enumerate(cases)))

    assert {why: condition(shown, "Stalled") != {} for why, shown in found.items()} == {
        f"{answer} to {call}": ANSWERS[answer].stalled or _reason(call, answer) == "ChangeNotKept"
        for call, answer, _ in cases
    }
    for why, shown in found.items():
        assert condition(shown, "Ready")["message"], why


async def test_an_answer_lost_after_azure_has_acted_is_found_out_by_reading(tenant: Tenant):
    await tenant.add_fault("dropAfterProcessing", method="PUT", path="/connections/c1$", count=1)
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    assert await tenant.writes() == [("PUT", "c1")], "it was there when the operator looked"

    await tenant.add_fault("dropAfterProcessing", method="PATCH", path="/connections/c1$", count=1)
    await tenant.edit(tags={"team": "network"})
    await tenant.until_ready()
    assert await tenant.writes() == [("PUT", "c1"), ("PATCH", "c1")]

    await tenant.add_fault("dropAfterProcessing", method="DELETE", path="/connections/c1$", count=1)
    await tenant.delete()
    await tenant.until_gone()
    assert await tenant.writes() == [("PUT", "c1"), ("PATCH", "c1"), ("DELETE", "c1")]
    assert await tenant.in_azure() is None


LISTS = {"the list of the group": "/connections$", "the list of the gateway": "/virtualNetworkGateways/gw/connections$"}
UNREADABLE = ("403", "500", "reset", "HTML as 200", "garbage", "empty")


async def test_lists_that_fail_break_nothing_that_does_not_need_them(tenant: Tenant, group_numbers: Iterator[int]):
    cases = [
        (which, answer, tenant.in_group(group_name(next(group_numbers)))) for which in LISTS for answer in UNREADABLE
    ]

    async def suffer(number: int) -> list[tuple[str, str]]:
        which, answer, part = cases[number]
        what, name = ANSWERS[answer], f"c{number}"
        await part.apply(part.connection(name))
        await part.until_ready(name)
        since = await part.now()
        await part.add_fault(what.action, method="GET", path=LISTS[which], **what.more)
        await part.edit(name, routingWeight=2)
        await part.until_ready(name)
        return await part.writes(since)

    written = await asyncio.gather(*(suffer(number) for number in range(len(cases))))
    assert written == [[("PUT", f"c{number}")] for number in range(len(cases))]


async def test_an_operation_that_cannot_be_read_is_followed_by_the_connection_itself(
    tenant: Tenant, group_numbers: Iterator[int]
):
    parts = [tenant.in_group(group_name(next(group_numbers))) for _ in UNREADABLE]
    # Operations live beside all groups: each of these faults strikes two of the looks that follow, whoever's they are.
    for answer in UNREADABLE:
        what = ANSWERS[answer]
        await tenant.add_fault(what.action, method="GET", path="/operations/", everywhere=True, count=2, **what.more)
    names = [f"c{number}" for number in range(len(parts))]
    await asyncio.gather(*(part.apply(part.connection(name)) for part, name in zip(parts, names, strict=True)))
    await asyncio.gather(*(part.until_ready(name) for part, name in zip(parts, names, strict=True)))

    assert [await part.writes() for part in parts] == [[("PUT", name)] for name in names]


async def test_a_change_that_azure_takes_and_then_fails_is_tried_again_and_then_said(tenant: Tenant):
    await tenant.add_fault("failOperation", method="PUT", code="VpnGatewayBroken", message="The instance is broken.")
    await tenant.apply(tenant.connection())
    refused = await tenant.until(lambda found: condition(found, "Stalled") != {})

    assert condition(refused, "Ready")["reason"] == "OperationFailed"
    assert "VpnGatewayBroken" in condition(refused, "Ready")["message"]
    assert len(await tenant.writes()) == 3

    await tenant.mend()
    await tenant.annotate(reconcile_at="mended")
    await tenant.until_ready()
    assert len(await tenant.writes()) == 4


async def test_a_gateway_that_is_missing_holds_what_needs_it_and_nothing_else(tenant: Tenant):
    await tenant.apply(
        tenant.connection("lost", virtualNetworkGateway={"name": "nobody"}),
        tenant.connection("nowhere", localNetworkGateway={"name": "nobody"}),
        tenant.connection("c1"),
    )
    await tenant.until_ready("c1")
    for name in ("lost", "nowhere"):
        held = await tenant.until_reason("GatewayNotFound", name)
        assert condition(held, "Stalled") == {}
    assert await tenant.writes() == [("PUT", "c1")]


async def test_a_gateway_that_cannot_do_it_is_refused_before_any_write(tenant: Tenant):
    lab = {"resourceGroup": "LabRG", "localNetworkGateway": {"name": "LabSite"}}
    await tenant.apply(
        tenant.policy(),
        tenant.connection(
            "basic",
            **lab,
            virtualNetworkGateway={"name": "LabGW"},
            ipsecPolicyRef={"name": "p1"},
            azureName="e2e-basic",
        ),
        tenant.connection(
            "legacy",
            resourceGroup="LabRG",
            localNetworkGateway=None,
            virtualNetworkGateway={"name": "LegacyGW"},
            peerVirtualNetworkGateway={"name": "gw", "resourceGroup": tenant.group},
            azureName="e2e-legacy",
        ),
    )
    for name, words in (("basic", "Basic"), ("legacy", "RouteBased")):
        refused = await tenant.until_reason("GatewayUnsuitable", name)
        assert condition(refused, "Stalled")["reason"] == "GatewayUnsuitable"
        assert words in condition(refused, "Ready")["message"]
    lab_rg = tenant.in_group("LabRG")
    assert await lab_rg.writes(path="e2e-") == []


async def test_a_management_lock_is_named_and_lifting_it_heals(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    lock = {
        "name": "no-deletes",
        "level": "CanNotDelete",
        "scope": f"{tenant.scope}/providers/Microsoft.Network/connections/c1",
    }
    await tenant.control("PUT", "/topology", {"locks": [lock]})
    try:
        await tenant.delete()
        locked = await tenant.until_reason("ManagementLock")
        assert condition(locked, "Stalled")["reason"] == "ManagementLock"
    finally:
        await tenant.control("PUT", "/topology", {"locks": []})
    await tenant.edit(deletionPolicy="Retain")
    await tenant.until_gone()
    assert await tenant.in_azure() is not None


def _reason(call: str, answer: str) -> str:
    # A success without a body is how Azure accepts some writes; only reading tells that nothing came of it.
    return "ChangeNotKept" if (call, answer) == ("PUT of the connection", "empty") else ANSWERS[answer].reason
