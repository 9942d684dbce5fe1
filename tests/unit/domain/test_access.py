"""What a namespace may touch in Azure, by the administrators' rules."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.domain.access import (
    EVERYTHING,
    AccessRules,
    Identity,
    NamespaceEntry,
    Touched,
    check_access,
    touched_by,
)
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from support.builders import a_connection, a_live_connection, an_installation

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"


def gateway(name: str, group: str = "rg-a", subscription: str = ONE) -> ArmId:
    return ArmId.build(subscription, group, "virtualNetworkGateways", name)


def touched(group: str = "rg-a", subscription: str = ONE, **more: Any) -> Touched:
    return Touched(ArmId.build(subscription, group, "connections", "c1"), **more)


def rules(**entry: Any) -> AccessRules:
    return AccessRules((NamespaceEntry(names=("team-a",), **entry),))


GROUP_A = {"resource_groups": frozenset({"rg-a"})}
HUB = str(gateway("hub", "rg-hub", TWO)).lower()


@pytest.mark.parametrize(
    ("access", "what", "rule"),
    [
        pytest.param(EVERYTHING, touched(), None, id="without rules all is as it was before there were any"),
        pytest.param(
            AccessRules(), touched(), "default", id="who is not named may nothing, unless the default says so"
        ),
        pytest.param(rules(), touched(subscription=TWO), None, id="an entry that restricts nothing allows all"),
        pytest.param(rules(subscriptions=frozenset({ONE})), touched(), None, id="its own subscription"),
        pytest.param(
            rules(subscriptions=frozenset({ONE})),
            touched(subscription=TWO),
            "namespaces[0].subscriptions",
            id="another subscription",
        ),
        pytest.param(rules(subscriptions=frozenset()), touched(), "namespaces[0].subscriptions", id="an empty list"),
        pytest.param(rules(**GROUP_A), touched("RG-A"), None, id="Azure does not tell cases apart"),
        pytest.param(rules(**GROUP_A), touched("rg-b"), "namespaces[0].resourceGroups", id="another group"),
        pytest.param(
            rules(**GROUP_A),
            touched(gateways=(gateway("own"), gateway("victim", "rg-b"))),
            "namespaces[0].resourceGroups",
            id="a peer gateway elsewhere is somebody else's, though the connection is not",
        ),
        pytest.param(
            rules(**GROUP_A, gateways=(HUB,)),
            touched(gateways=(gateway("hub", "rg-hub", TWO),)),
            None,
            id="a gateway allowed by id is allowed wherever it lies",
        ),
        pytest.param(
            rules(**GROUP_A, gateways=(HUB,)),
            touched("rg-hub", TWO, gateways=(gateway("hub", "rg-hub", TWO),)),
            "namespaces[0].resourceGroups",
            id="a gateway's id opens no group for connections",
        ),
        pytest.param(
            rules(gateways=(HUB,)),
            touched(gateways=(gateway("hub"),)),
            "namespaces[0].gateways",
            id="same name elsewhere",
        ),
        pytest.param(
            rules(gateways=("gw-a-*",)),
            touched(gateways=(gateway("GW-A-1"),)),
            None,
            id="a pattern, without regard to case",
        ),
        pytest.param(
            rules(gateways=("gw-a-*",)),
            touched(gateways=(gateway("gw-b"),)),
            "namespaces[0].gateways",
            id="a name that the pattern does not fit",
        ),
        pytest.param(
            rules(**GROUP_A, gateways=("gw-*",)),
            touched(gateways=(gateway("gw-1", "rg-b"),)),
            "namespaces[0].resourceGroups",
            id="a name alone says nothing about whose gateway it is",
        ),
        pytest.param(
            rules(**GROUP_A, gateways=("gw-*",)),
            touched(local_gateways=(ArmId.build(ONE, "rg-a", "localNetworkGateways", "site"),)),
            None,
            id="local network gateways go by group, not by the list of gateways",
        ),
        pytest.param(
            rules(**GROUP_A),
            touched(local_gateways=(ArmId.build(ONE, "rg-b", "localNetworkGateways", "site"),)),
            "namespaces[0].resourceGroups",
            id="a local network gateway of another group",
        ),
    ],
)
def test_rule(access: AccessRules, what: Touched, rule: str | None):
    denial = check_access(access, "team-a", what)
    assert (denial.rule if denial is not None else None) == rule


@pytest.mark.parametrize(
    ("namespace", "place"),
    [("team-a", 0), ("team-b", 1), ("team-b-2", 1), ("teamb", None), ("TEAM-A", None), ("other", None)],
)
def test_a_namespace_follows_the_first_entry_that_fits(namespace: str, place: int | None):
    access = AccessRules((NamespaceEntry(names=("team-a",)), NamespaceEntry(names=("x", "team-*"))))
    found = access.entry_of(namespace)
    assert (found[0] if found is not None else None) == place


def test_an_identity_comes_from_the_entry_and_is_the_operators_own_otherwise():
    red = Identity("red", client_secret_file="/secrets/red")
    access = AccessRules((NamespaceEntry(names=("team-a",), identity=red), NamespaceEntry(names=("*",))))
    assert [access.identity_of(name) for name in ("team-a", "team-b")] == [red, None]
    assert access.identities == {red}


def test_a_denial_names_the_rule_and_what_to_do_and_not_what_else_is_allowed():
    access = AccessRules(
        (
            NamespaceEntry(names=("team-z",), resource_groups=frozenset({"secret-group-z"})),
            NamespaceEntry(
                names=("team-a",), resource_groups=frozenset({"secret-group"}), gateways=(HUB, "secret-gw-*")
            ),
        )
    )
    denial = check_access(access, "team-a", touched())
    assert denial is not None
    assert denial.message == (
        "the namespace team-a may not use the resource group rg-a for the connection c1 (namespaces[1].resourceGroups): "
        "ask the operator's administrators to allow it, or name something else"
    )


def test_a_gateway_that_only_azure_names_is_not_named_in_the_denial():
    found = gateway("victim", "rg-b")
    what = touched(gateways=(gateway("own"), found), found=frozenset({found.key}))
    denial = check_access(rules(**GROUP_A), "team-a", what)
    assert denial is not None
    assert "victim" not in denial.message
    assert "rg-b" not in denial.message


def test_everything_that_the_object_names_and_azure_shows_is_touched():
    subject = a_connection(ingressNatRules=[{"id": f"{gateway('nat-gw', 'rg-c')}/natRules/r1"}])
    target = resolve_target(subject, an_installation())
    assert isinstance(target, Target)
    read = replace(a_live_connection(), gateway_id=str(gateway("other", "rg-b")))
    found = touched_by(target.connection, subject, target, Present(read))
    assert {item.name for item in found.gateways} == {"VNet1GW", "nat-gw", "other"}
    assert {item.name for item in found.local_gateways} == {"Site6"}
    assert found.found == {gateway("other", "rg-b").key}


names = st.sampled_from(["gw-1", "gw-2", "hub"])
groups = st.sampled_from(["rg-a", "rg-b"])
subscriptions = st.sampled_from([ONE, TWO])
gateways = st.builds(gateway, names, groups, subscriptions)
patterns = st.one_of(st.sampled_from(["gw-*", "gw-1", "*"]), gateways.map(lambda found: found.key))
entries = st.builds(
    NamespaceEntry,
    names=st.lists(st.sampled_from(["team-a", "team-*", "other"]), min_size=1, max_size=2).map(tuple),
    subscriptions=st.none() | st.frozensets(subscriptions),
    resource_groups=st.none() | st.frozensets(groups),
    gateways=st.none() | st.lists(patterns, max_size=3).map(tuple),
)
everything_touched = st.builds(
    lambda group, subscription, used: touched(group, subscription, gateways=tuple(used)),
    groups,
    subscriptions,
    st.lists(gateways, max_size=2),
)


@st.composite
def narrowed(draw: st.DrawFn) -> tuple[AccessRules, AccessRules]:
    """Rules, and the same with something taken away."""
    before = AccessRules(tuple(draw(st.lists(entries, max_size=3))), draw(st.booleans()))
    after = []
    for entry in before.entries:
        changes: dict[str, Any] = {}
        for field, all_of in (("subscriptions", subscriptions), ("resource_groups", groups)):
            kept = getattr(entry, field)
            if draw(st.booleans()):
                fewer = draw(st.frozensets(all_of))
                changes[field] = fewer if kept is None else kept & fewer
        if draw(st.booleans()):
            names_only = st.lists(st.sampled_from(["gw-*", "gw-1"]), max_size=2).map(tuple)
            kept = entry.gateways
            changes["gateways"] = (
                draw(names_only) if kept is None else tuple(item for item in kept if draw(st.booleans()))
            )
        after.append(replace(entry, **changes))
    return before, AccessRules(tuple(after), before.allow_others and draw(st.booleans()))


@given(narrowed(), everything_touched)
def test_taking_something_away_never_allows_more(pair: tuple[AccessRules, AccessRules], what: Touched):
    before, after = pair
    if check_access(after, "team-a", what) is None:
        assert check_access(before, "team-a", what) is None


@given(st.lists(entries, max_size=3), everything_touched, st.data())
def test_touching_more_is_never_allowed_when_touching_less_is_not(
    found: list[NamespaceEntry], what: Touched, data: Any
):
    access = AccessRules(tuple(found))
    less = replace(what, gateways=tuple(item for item in what.gateways if data.draw(st.booleans())))
    if check_access(access, "team-a", less) is not None:
        assert check_access(access, "team-a", what) is not None
