"""Rules of the administrators: what they do not allow is neither read nor written, whenever they change."""

from collections.abc import AsyncIterator

import pytest

from azure_vpn_operator.domain.access import AccessRules, Identity, NamespaceEntry
from support.cases.pairs import half_spec
from support.world.core import (
    CONNECTION,
    KEY,
    NAMESPACE,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    Interference,
    arm_id,
    site_spec,
)

pytestmark = pytest.mark.slow

EVERYBODY = AccessRules((NamespaceEntry(names=("*",)),))
NOBODY = AccessRules()


def only_groups(*groups: str) -> AccessRules:
    return AccessRules((NamespaceEntry(names=(NAMESPACE,), resource_groups=frozenset(groups)),))


def asked(world: CoreHarness) -> set[str]:
    return {verb for _, verb in world.callers}


async def test_what_is_not_allowed_is_neither_read_nor_written(world: CoreHarness):
    world.set_access(NOBODY)
    world.set_up_site()
    await world.settle()
    assert world.callers == []
    assert world.ready() == ("False", "NotAllowed")
    assert world.condition("site6", "Stalled") == ("True", "NotAllowed")
    assert world.condition("site6", "Synced") == ("Unknown", "NotAllowed")
    assert f"namespace {NAMESPACE} may not" in world.message()
    document = world.document("site6")
    assert document is not None
    assert not document["status"]["halves"]
    assert not document["metadata"].get("finalizers")
    assert world.reasons_of_events() == ["NotAllowed"]


async def test_it_is_made_as_soon_as_it_is_allowed(world: CoreHarness):
    world.set_access(NOBODY)
    world.set_up_site()
    await world.settle()
    world.set_access(EVERYBODY)
    await world.advance(1)
    assert world.accepted() == {"put": 1}
    await world.settle()
    assert world.ready() == ("True", "UpToDate")


async def test_a_status_learns_nothing_once_it_is_denied(site: CoreHarness):
    before = site.document("site6")
    assert before is not None
    site.set_access(NOBODY)
    await site.advance(1)
    site.callers.clear()
    site.portal_edit("VNet1toSite6", ipsecPolicies=[])
    site.live("VNet1toSite6").tunnel = "NotConnected"
    await site.settle()
    after = site.document("site6")
    assert after is not None
    assert site.callers == []
    assert after["status"]["halves"] == before["status"]["halves"]
    assert site.ready() == ("False", "NotAllowed")

    site.set_access(EVERYBODY)
    await site.settle()
    assert site.ready() == ("True", "UpToDate")
    assert site.held()["ipsecPolicies"] != [], "the edit was drift, and is found once it may be looked for"


async def test_a_denial_survives_a_restart(site: CoreHarness):
    site.set_access(NOBODY)
    await site.restart()
    site.callers.clear()
    await site.settle()
    assert site.callers == []
    assert site.ready() == ("False", "NotAllowed")


async def test_denied_during_an_operation_it_is_not_looked_at_any_more_and_goes_on_later(site: CoreHarness):
    site.edit(POLICY, "site6", dhGroup="ECP256")
    await site.advance(1)
    assert site.accepted() == {"put": 1}
    site.set_access(NOBODY)
    await site.advance(0.5)
    site.callers.clear()
    await site.advance(300)
    assert site.callers == []
    assert site.ready() == ("False", "NotAllowed")

    site.set_access(EVERYBODY)
    await site.settle()
    assert site.accepted() == {"put": 1}, "the operation ended meanwhile, and nothing is left to do"
    assert site.ready() == ("True", "UpToDate")


async def test_who_writes_next_to_a_gateway_first_sees_whether_the_operation_of_the_denied_one_still_runs(
    site: CoreHarness,
):
    site.set_up_site("Site7", "site7")
    await site.settle()
    site.forget_journals()
    site.edit(CONNECTION, "site6", dpdTimeoutSeconds=40)
    await site.advance(1)
    rules = AccessRules((NamespaceEntry(names=(NAMESPACE,), resource_groups=frozenset({"testrg1", "other"})),))
    site.add_site("Site8", "Denied")
    site.edit(CONNECTION, "site6", tags={"a": "b"})
    site.set_access(NOBODY)
    await site.advance(1)
    site.set_access(rules)
    site.edit(CONNECTION, "site7", dpdTimeoutSeconds=40)
    await site.settle()
    assert all(sent.accepted for sent in site.sent), "no write ran into Azure's lock"
    assert site.ready("site7") == ("True", "UpToDate")


@pytest.mark.parametrize("verb", ["get", "list_gateways", "list_local_gateways", "list_of_gateway", "write_finalizers"])
async def test_a_rule_that_changes_in_the_middle_of_a_pass_stops_its_write(verb: str):
    world = CoreHarness()
    changed = []

    def deny_meanwhile(_number: int, called: str, _what: str) -> Interference | None:
        if called == verb and not changed:
            changed.append(called)
            world.set_access(NOBODY)
        return None

    await world.start()
    world.set_up_site()
    world.interfere = deny_meanwhile
    await world.settle()
    assert changed
    assert world.sent == []
    assert world.ready() == ("False", "NotAllowed")
    await world.stop()


async def test_deleting_what_is_no_longer_allowed_lets_go_and_leaves_azure_alone(site: CoreHarness):
    site.set_access(NOBODY)
    await site.settle()
    site.forget_journals()
    site.delete(CONNECTION, "site6")
    await site.advance(2)
    assert site.document("site6") is None
    assert site.callers == []
    assert site.tags()["azvpn-owner"] == f"it/{NAMESPACE}/site6"
    about = [note for name, note in site.cluster.events if name == "site6"]
    assert [note.reason.value for note in about] == ["Retained"]
    assert "stays in Azure" in about[0].note
    assert "may not" in about[0].note


async def test_denied_while_it_is_being_deleted_it_does_not_hang(site: CoreHarness):
    site.live("VNet1toSite6").document["tags"]["azvpn-hold"] = "yes"
    site.delete(CONNECTION, "site6")
    await site.advance(30)
    assert site.document("site6") is not None
    site.set_access(NOBODY)
    await site.advance(2)
    assert site.document("site6") is None
    assert site.accepted() == {}


async def test_a_gateway_that_only_azure_names_counts_too(world: CoreHarness):
    other = world.add_gateway("VictimGW", "Victims")
    world.set_up_site()
    await world.settle()
    world.portal_edit("VNet1toSite6", virtualNetworkGateway1={"id": str(other)})
    world.set_access(only_groups("testrg1"))
    await world.settle()
    assert world.ready() == ("False", "NotAllowed")
    assert "Victim" not in str(world.document("site6"))


# -- pairs


ONE_GROUP_BOTH_GATEWAYS = AccessRules(
    (
        NamespaceEntry(
            names=(NAMESPACE,),
            resource_groups=frozenset({"testrg1"}),
            gateways=(
                "vnet1gw",
                arm_id("virtualNetworkGateways", "VNet2GW", "TestRG2").key,
            ),
        ),
    )
)
"""Both gateways, but connections in the first group only: the second half is denied, and the first is not."""


@pytest.fixture(params=["two objects", "owned"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[CoreHarness]:
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    if request.param == "owned":
        reverse = {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"}
        world.apply(CONNECTION, "one", half_spec("1", "2", reverse=reverse))
    else:
        world.apply(CONNECTION, "one", half_spec("1", "2"))
        world.apply(CONNECTION, "two", half_spec("2", "1"))
    await world.settle()
    assert world.accepted() == {"put": 2}
    world.forget_journals()
    yield world
    await world.stop()


async def test_one_denied_half_holds_the_pair(pair: CoreHarness):
    pair.set_access(ONE_GROUP_BOTH_GATEWAYS)
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    pair.edit(CONNECTION, "one", tags={"a": "b"})
    await pair.settle()
    assert pair.sent == []
    owned = pair.document("two") is None
    assert pair.ready("one") == (("False", "NotAllowed") if owned else ("False", "PartnerNotReady"))
    if not owned:
        assert pair.ready("two") == ("False", "NotAllowed")
        assert pair.condition("one", "Stalled") is None

    pair.set_access(EVERYBODY)
    await pair.settle()
    assert pair.ready("one") == ("True", "UpToDate")
    assert pair.held("VNet1toVNet2")["ipsecPolicies"] == pair.held("VNet2toVNet1", "TestRG2")["ipsecPolicies"]


async def test_a_pair_denied_between_its_gathering_and_its_writes_is_not_split(pair: CoreHarness):
    def deny_at_the_last_moment(_number: int, verb: str, what: str) -> Interference | None:
        if verb == "get" and what == "VNet2toVNet1":
            pair.set_access(ONE_GROUP_BOTH_GATEWAYS)
        return None

    pair.interfere = deny_at_the_last_moment
    pair.edit(POLICY, "pair", dhGroup="ECP256")
    await pair.settle()
    assert pair.sent == []


async def test_a_deleted_pair_loses_only_the_half_that_may_be_deleted():
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    reverse = {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"}
    world.apply(CONNECTION, "one", half_spec("1", "2", reverse=reverse))
    await world.settle()
    world.set_access(ONE_GROUP_BOTH_GATEWAYS)
    world.delete(CONNECTION, "one")
    await world.settle()
    assert world.document("one") is None
    assert {known.name for known in world.azure.world} == {"VNet2toVNet1"}
    await world.stop()


async def test_a_half_that_left_the_spec_and_is_denied_is_dropped_without_a_write():
    world = CoreHarness()
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    reverse = {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"}
    world.apply(CONNECTION, "one", half_spec("1", "2", reverse=reverse))
    await world.settle()
    world.forget_journals()
    world.set_access(ONE_GROUP_BOTH_GATEWAYS)
    world.edit(CONNECTION, "one", reverse=None)
    await world.settle()
    assert world.sent == []
    assert world.tags("VNet2toVNet1", "TestRG2") == {"azvpn-owner": f"it/{NAMESPACE}/one"}
    assert world.ready("one") == ("True", "UpToDate")
    await world.stop()


# -- identities

RED, BLUE = Identity("red", client_id="r"), Identity("blue", client_id="b")
TWO_TEAMS = AccessRules(
    (NamespaceEntry(names=("red",), identity=RED), NamespaceEntry(names=("blue",), identity=BLUE)), allow_others=True
)


def set_up_team(world: CoreHarness, namespace: str, site: str) -> None:
    world.cluster.put_secret(namespace, "keys", sharedKey=KEY.encode())
    world.cluster.create(POLICY, namespace, "site6", POLICY_SPEC)
    world.cluster.create(CONNECTION, namespace, "site", site_spec(site))
    world.pump()


@pytest.fixture
async def teams() -> AsyncIterator[CoreHarness]:
    world = CoreHarness()
    world.access_rules = TWO_TEAMS
    await world.start()
    set_up_team(world, "red", "Site6")
    set_up_team(world, "blue", "Site7")
    await world.settle()
    yield world
    await world.stop()


async def test_each_namespace_works_as_its_identity_and_shares_nothing_that_was_read(teams: CoreHarness):
    for name in ("red", "blue"):
        document = teams.cluster.get(CONNECTION, name, "site")
        assert document is not None
        assert document["status"]["conditions"][0]["reason"] == "UpToDate"
        calls = [verb for caller, verb in teams.callers if caller == name]
        assert calls.count("put") == 1
        assert calls.count("list_gateways") >= 1, "what the other one has read of the shared gateway is not used"
        assert "list_group" in calls, "the shared group is listed as each of them"
    assert {caller for caller, _ in teams.callers} == {"red", "blue"}


async def test_another_identity_takes_over_at_the_next_pass_and_forgets_what_was_read(teams: CoreHarness):
    teams.callers.clear()
    teams.set_access(AccessRules((NamespaceEntry(names=("red",)), NamespaceEntry(names=("blue",), identity=BLUE))))
    await teams.advance(1)
    assert ("operator", "get") in teams.callers
    assert ("operator", "list_gateways") in teams.callers
    teams.callers.clear()
    await teams.settle()
    assert "red" not in {caller for caller, _ in teams.callers}


async def test_an_operation_is_never_looked_at_as_somebody_else(teams: CoreHarness):
    teams.cluster.edit(POLICY, "red", "site6", {**POLICY_SPEC, "dhGroup": "ECP256"})
    teams.pump()
    await teams.advance(1)
    assert teams.azure.operations_in_progress
    teams.callers.clear()
    teams.set_access(AccessRules((NamespaceEntry(names=("*",), identity=BLUE),)))
    await teams.settle()
    assert {caller for caller, _ in teams.callers} == {"blue"}
    document = teams.cluster.get(CONNECTION, "red", "site")
    assert document is not None
    assert document["status"]["conditions"][0]["reason"] == "UpToDate"


async def test_who_waits_for_a_gateway_is_not_told_the_names_of_another_namespace(teams: CoreHarness):
    for namespace in ("red", "blue"):
        teams.cluster.edit(POLICY, namespace, "site6", {**POLICY_SPEC, "dhGroup": "ECP256"})
    teams.pump()
    await teams.advance(1)
    shown = {name: str(teams.cluster.get(CONNECTION, name, "site")["status"]) for name in ("red", "blue")}  # type: ignore[index]
    waiting = [name for name, status in shown.items() if "waits for its turn at the gateway" in status]
    assert len(waiting) == 1
    assert "a connection of another namespace" in shown[waiting[0]]
    await teams.settle()
