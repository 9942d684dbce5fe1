"""The other half of our tunnel belongs to somebody else: compared and reported, never written, and holding nobody.

The somebody is another team's namespace over the same resource group, or a colleague who uses Azure without the operator.
"""

import itertools
from collections.abc import Iterator, Sequence

import pytest

from support.world.side_by_side import side_by_side
from support.world.tenant import Document, Tenant, condition, is_ready
from support.world.topology import KEY

OURS, THEIRS = "ours", "their-half"
POLICY = {"ipsecPolicyRef": {"name": "p1"}}
THEIR_GROUP = "ECP384"
NEW_KEY = "E2E.Ours.Key.4711"


def half(tenant: Tenant, name: str, *, back: bool = False, **spec: object) -> Document:
    """A half between the group's two gateways; `back` leads from the second one to the first."""
    gateway, peer = ("gw-b", "gw") if back else ("gw", "gw-b")
    ends = {"virtualNetworkGateway": {"name": gateway}, "peerVirtualNetworkGateway": {"name": peer}}
    return tenant.connection(name, **{**ends, "localNetworkGateway": None, **POLICY, **spec})


def pair_of(document: Document) -> tuple[str, str]:
    found = condition(document, "PairInSync")
    return found.get("status", ""), found.get("reason", "")


class Looks:
    """Asks for new looks at our half: by itself the other half is looked at every few minutes only."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._tokens: Iterator[int] = itertools.count()

    async def until_pair(self, status: str, reason: str) -> Document:
        """Our half, once a new look has led to this condition."""
        shown: tuple[str, str] = ("", "")

        async def is_so() -> bool:
            nonlocal shown
            token = f"look-{next(self._tokens)}"
            await self._tenant.annotate(OURS, reconcile_at=token)
            found = await self._tenant.until(
                lambda found: found["status"].get("lastHandled", {}).get("reconcileAt") == token, OURS
            )
            shown = pair_of(found)
            return shown == (status, reason)

        try:
            await self._tenant.eventually(is_so)
        except AssertionError:
            raise AssertionError(f"PairInSync is {shown} and not {(status, reason)}") from None
        return await self._tenant.get(OURS)


async def held_by_ours(tenant: Tenant) -> str:
    live = await tenant.in_azure(OURS)
    assert live is not None
    assert live["tags"]["azvpn-owner"] == f"demo/{tenant.namespace}/{OURS}"
    return str(live["properties"]["ipsecPolicies"][0]["dhGroup"])


async def make_ours(tenant: Tenant, **spec: object) -> None:
    await tenant.apply(tenant.policy(), half(tenant, OURS, **spec))
    await tenant.until(is_ready, OURS)


async def change_ours(tenant: Tenant) -> None:
    """Policy and key of our half change, and nobody can hold it."""
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")

    async def has_policy() -> bool:
        return await held_by_ours(tenant) == "ECP256"

    await tenant.eventually(has_policy, what="our half holds its new policy")
    await tenant.set_secret(NEW_KEY)

    async def has_key() -> bool:
        _, answer = await tenant.azure("GET", f"connections/{OURS}/sharedkey")
        return bool(answer["value"] == NEW_KEY)

    await tenant.eventually(has_key, what="our half has its new key")
    # The other end has neither: Azure holds what is wanted, and the tunnel stays down.
    await tenant.until(lambda found: condition(found, "Synced").get("status") == "True", OURS)


async def assert_nothing_is_told(tenant: Tenant, *secrets: str) -> None:
    """Neither the object nor its Events say anything that belongs to the others."""
    told = str(await tenant.get(OURS)) + str(await tenant.events(OURS))
    assert [secret for secret in (*secrets, THEIRS, THEIR_GROUP, NEW_KEY, KEY) if secret in told] == []


@side_by_side
async def test_a_half_of_another_namespace_is_compared_and_reported_and_holds_nobody(tenant: Tenant):
    await make_ours(tenant)
    looks = Looks(tenant)
    await looks.until_pair("False", "PartnerMissing")

    async with tenant.neighbour() as other:
        await other.apply(other.policy("p1"), half(other, THEIRS, back=True))
        await other.until(is_ready, THEIRS)
        await looks.until_pair("True", "InSync")
        await other.until(lambda found: pair_of(found) == ("True", "InSync"), THEIRS)

        since = await tenant.now()
        await other.edit("p1", "IpsecPolicy", dhGroup=THEIR_GROUP)
        found = await looks.until_pair("False", "ForeignHalfDiffers")
        assert "ipsecPolicies" in condition(found, "PairInSync")["message"]
        assert condition(found, "Stalled") == {}
        assert await tenant.writes(since) == [("PUT", THEIRS)], "each writes its own, and waits for nobody"

        await assert_nothing_is_told(tenant, other.namespace)
        await change_ours(tenant)
        await assert_nothing_is_told(tenant, other.namespace)
        assert await tenant.writes(since) == [("PUT", THEIRS), ("PUT", OURS), ("PUT", f"{OURS}/sharedkey")]

        await tenant.delete(OURS)
        await tenant.until_gone(OURS)
        assert await tenant.in_azure(THEIRS) is not None


@side_by_side
async def test_a_half_that_no_operator_made_is_compared_and_reported_and_never_written(tenant: Tenant):
    await make_ours(tenant)
    looks = Looks(tenant)
    await looks.until_pair("False", "PartnerMissing")
    since = await tenant.now()
    policy = {**tenant.policy()["spec"], "dhGroup": THEIR_GROUP, "saDataSizeKilobytes": 102400000}
    theirs = tenant.body(
        tags={"team": "secret-team"},
        connectionType="Vnet2Vnet",
        localNetworkGateway2=None,
        virtualNetworkGateway1={"id": f"{tenant.scope}/providers/Microsoft.Network/virtualNetworkGateways/gw-b"},
        virtualNetworkGateway2={"id": f"{tenant.scope}/providers/Microsoft.Network/virtualNetworkGateways/gw"},
        ipsecPolicies=[policy],
    )

    await tenant.put_in_azure(THEIRS, theirs)
    await looks.until_pair("False", "ForeignHalfDiffers")
    await assert_nothing_is_told(tenant, "secret-team")

    await tenant.change_in_azure(THEIRS, ipsecPolicies=[{**policy, "dhGroup": "DHGroup24"}])
    await looks.until_pair("True", "InSync")
    await tenant.until(lambda found: condition(found, "Connected").get("status") == "True", OURS)

    before = await tenant.in_azure(THEIRS)
    await change_ours(tenant)
    await tenant.delete(OURS)
    await tenant.until_gone(OURS)
    after = await tenant.in_azure(THEIRS)
    assert before is not None
    assert after is not None
    assert after["etag"] == before["etag"], "not so much as a tag was written"
    assert await tenant.writes(since) == [("PUT", OURS), ("PUT", f"{OURS}/sharedkey"), ("DELETE", OURS)]


# What a team that may use both gateways can do to our half: nothing.

_THEIR_POLICY = {"ipsecPolicyRef": {"name": "weak"}}
ATTEMPTS = {
    "another-policy": [{"back": True, **_THEIR_POLICY}],
    "a-policy-that-is-not-there": [{"back": True, "ipsecPolicyRef": {"name": "nowhere"}}],
    "another-secret": [{"back": True, "sharedKeySecretRef": {"name": "other"}}],
    "suspended": [{"back": True, "suspend": True}],
    "two-of-them": [{"back": True, **_THEIR_POLICY}, {"back": True, **_THEIR_POLICY}],
    "beside-ours-in-the-same-direction": [{**_THEIR_POLICY}],
    "an-owned-pair-over-both": [{"back": True, "reverse": {"azureName": "their-front"}, **_THEIR_POLICY}],
}


@side_by_side
@pytest.mark.parametrize("specs", ATTEMPTS.values(), ids=ATTEMPTS.keys())
async def test_another_namespace_cannot_hold_ours(tenant: Tenant, specs: Sequence[Document]):
    await make_ours(tenant)
    async with tenant.neighbour() as other:
        await other.apply(
            other.policy("p1"), other.policy("weak", dhGroup=THEIR_GROUP), other.secret("other", "E2E.Their.Key.1")
        )
        names = [f"{THEIRS}-{number}" for number in range(len(specs))]
        await other.apply(*(half(other, name, **spec) for name, spec in zip(names, specs, strict=True)))
        for name in names:
            await other.until(lambda found: condition(found, "Ready") != {}, name, what="seen by the operator")

        await change_ours(tenant)

        await assert_nothing_is_told(tenant, other.namespace)


@side_by_side
async def test_another_namespace_cannot_take_ours(tenant: Tenant):
    await make_ours(tenant)
    since = await tenant.now()
    async with tenant.neighbour() as other:
        await other.apply(other.policy("weak", dhGroup=THEIR_GROUP))
        await other.apply(half(other, "thief", azureName=OURS, adoptionPolicy="Always", **_THEIR_POLICY))
        await other.until_reason("OwnedByAnother", "thief")
        assert await tenant.writes(since) == []

        await change_ours(tenant)
        await other.delete("thief")
        await other.until_gone("thief")

    assert await tenant.writes(since) == [("PUT", OURS), ("PUT", f"{OURS}/sharedkey")]
    assert await held_by_ours(tenant) == "ECP256"


@side_by_side
async def test_both_waiting_for_the_other_to_begin_is_told(tenant: Tenant):
    await make_ours(tenant, connectionMode="ResponderOnly")
    async with tenant.neighbour() as other:
        await other.apply(other.policy("p1"), half(other, THEIRS, back=True, connectionMode="ResponderOnly"))
        await other.until(is_ready, THEIRS)
        found = await Looks(tenant).until_pair("False", "ForeignHalfDiffers")
        assert "connectionMode" in condition(found, "PairInSync")["message"]
        await assert_nothing_is_told(tenant, other.namespace)


@side_by_side
async def test_where_the_peers_list_may_not_be_read_nothing_is_claimed_and_ours_is_made(tenant: Tenant):
    refusal = {"status": 403, "code": "AuthorizationFailed", "message": "The client has no authorization."}
    await tenant.add_fault("status", method="GET", path="virtualNetworkGateways/gw-b/connections", **refusal)
    async with tenant.neighbour() as other:
        await other.apply(other.policy("p1", dhGroup=THEIR_GROUP))
        await make_ours(tenant)

        found = await tenant.until(lambda found: pair_of(found) == ("Unknown", "PartnerUnreadable"), OURS)
        assert "may not read" in condition(found, "PairInSync")["message"]
        await change_ours(tenant)
