"""What `plan` says is exactly what Azure is then sent: the same core is asked first, and let do it afterwards."""

import asyncio
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azure_vpn_operator.app.core import Core, Ports
from azure_vpn_operator.azvpn.planning.asking import foresee_all
from azure_vpn_operator.azvpn.planning.foreseen import Action, Foreseen
from azure_vpn_operator.azvpn.planning.objects import Files, Name, overlay
from azure_vpn_operator.azvpn.planning.reading import NoEvents, ObjectsInMemory
from azure_vpn_operator.domain.access import EVERYTHING, AccessRules, NamespaceEntry
from azure_vpn_operator.telemetry.metrics import Metrics
from support.world.core import CONNECTION, NAMESPACE, POLICY, CoreHarness, connection_id, site_spec

Edit = Callable[[dict[Name, dict[str, Any]]], None]
VERBS = {
    Action.CREATE: "put",
    Action.CHANGE: "put",
    Action.TAG: "patch_tags",
    Action.SET_KEY: "put_shared_key",
    Action.DELETE: "delete",
}
SITES = {"Site6": "site6", "Site7": "site7"}


def of_connection(site: str, **changes: Any) -> Edit:
    """Set fields of a connection in the files; None removes one."""

    def edit(files: dict[Name, dict[str, Any]]) -> None:
        spec = files[CONNECTION, NAMESPACE, SITES[site]]["spec"]
        spec |= changes
        for field in [name for name, value in spec.items() if value is None]:
            del spec[field]

    return edit


def of_policy(**changes: Any) -> Edit:
    def edit(files: dict[Name, dict[str, Any]]) -> None:
        files[POLICY, NAMESPACE, "site6"]["spec"] |= changes

    return edit


EDITS = st.one_of(
    st.builds(
        of_connection,
        st.sampled_from(list(SITES)),
        routingWeight=st.integers(0, 3),
        dpdTimeoutSeconds=st.sampled_from([None, 30, 45]),
    ),
    st.builds(
        of_connection,
        st.sampled_from(list(SITES)),
        connectionMode=st.sampled_from(["Default", "ResponderOnly"]),
        usePolicyBasedTrafficSelectors=st.booleans(),
    ),
    st.builds(of_connection, st.sampled_from(list(SITES)), ipsecPolicyRef=st.sampled_from([None, {"name": "site6"}])),
    st.builds(of_connection, st.sampled_from(list(SITES)), tags=st.sampled_from([{}, {"team": "core"}, {"a": "1"}])),
    st.builds(
        of_connection,
        st.sampled_from(list(SITES)),
        managementPolicy=st.sampled_from(["Enforce", "Plan", "Observe"]),
        suspend=st.booleans(),
    ),
    st.builds(of_connection, st.sampled_from(list(SITES)), connectionProtocol=st.sampled_from(["IKEv1", "IKEv2"])),
    st.builds(of_connection, st.sampled_from(list(SITES)), localNetworkGateway=st.just({"name": "Nowhere"})),
    st.builds(of_policy, dhGroup=st.sampled_from(["DHGroup24", "ECP384"]), pfsGroup=st.sampled_from(["None", "PFS24"])),
)
MEANWHILE = st.sampled_from(["nothing", "portal edit", "portal deletion", "new key", "second site gone"])


def the_files(world: CoreHarness) -> dict[Name, dict[str, Any]]:
    """The manifests as Git has them."""
    return {
        (kind, namespace, name): {
            "apiVersion": "azvpn.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": deepcopy(document["spec"]),
        }
        for (kind, namespace, name), document in world.cluster.documents.items()
    }


async def ask(world: CoreHarness, files: dict[Name, dict[str, Any]], rules: AccessRules = EVERYTHING) -> list[Foreseen]:
    """Ask what applying the files would do. Nothing that is decided reaches Azure or the API server."""
    before = (deepcopy(world.cluster.documents), len(world.sent), len(world.azure.writes))
    objects = overlay(list(world.cluster.documents.values()), Files(files, {}), datetime.now(UTC))
    ports = Ports(
        connections=world.azure,
        gateways=world.azure,
        objects=ObjectsInMemory(objects),
        secrets=world.cluster,
        digest_keys=world.cluster,
        events=NoEvents(),
    )
    core = Core(world.settings, world.environment, ports, world.clock, Metrics(version="test"), rules)
    found = await foresee_all(core, files, lambda _done, _total: None)
    assert (world.cluster.documents, len(world.sent), len(world.azure.writes)) == before
    return found


def writes_in(found: list[Foreseen]) -> list[tuple[str, str]]:
    """The writes that were foretold, as the journal has them."""
    told: list[tuple[str, str]] = []
    for item in found:
        name = item.connection.rpartition("/")[2]
        if item.action in VERBS:
            told.append((VERBS[item.action], name))
        if item.then_sets_key:
            told.append(("put_shared_key", name))
    return sorted(told)


def apply(world: CoreHarness, files: dict[Name, dict[str, Any]]) -> None:
    for (kind, _, name), document in files.items():
        known = world.cluster.documents.get((kind, NAMESPACE, name))
        if known is None or known["spec"] != document["spec"]:
            world.apply(kind, name, document["spec"])


async def play(edits: list[Edit], meanwhile: str) -> None:
    world = CoreHarness(drift_policy="Correct", max_disruptions=0)
    try:
        await world.start()
        world.set_up_site("Site6", "site6")
        if meanwhile != "second site gone":
            world.set_up_site("Site7", "site7")
        await world.settle()
        files = the_files(world)
        if meanwhile == "second site gone":
            files[CONNECTION, NAMESPACE, "site7"] = {
                "apiVersion": "azvpn.dev/v1alpha1",
                "kind": CONNECTION,
                "metadata": {"name": "site7", "namespace": NAMESPACE},
                "spec": site_spec("Site7"),
            }
        for edit in edits:
            edit(files)
        files[POLICY, NAMESPACE, "site6"]["spec"]["rollout"] = {"strategy": "AllAtOnce", "rekeyProof": "None"}
        world.forget_journals()
        match meanwhile:
            case "portal edit":
                world.portal_edit("VNet1toSite6", routingWeight=77)
            case "portal deletion":
                world.portal_delete("VNet1toSite6")
            case "new key":
                world.put_key("AnotherKey4Site6")
        found = await ask(world, files)
        apply(world, files)
        await world.settle()
        done = sorted((sent.verb, sent.name) for sent in world.sent if sent.accepted)
        assert writes_in(found) == done, [(item.object, item.action, item.message) for item in found]
        for item in found:
            if item.action is Action.CHANGE:
                held = world.azure.world[connection_id(item.connection.rpartition("/")[2])].document
                weight = [difference.want for difference in item.differences if difference.path == "routingWeight"]
                assert weight in ([], [str(held["properties"]["routingWeight"])])
        again = await ask(world, the_files(world))
        assert writes_in(again) == [], "what has been done is not foretold again"
    finally:
        await world.stop()


async def test_users_of_a_secret_all_get_its_new_key_in_the_end():
    await play([], "new key")


async def test_a_policy_that_breaks_a_rule_is_told_also_if_no_connection_uses_it():
    world = CoreHarness()
    await world.start()
    world.set_up_site()
    await world.settle()
    files = the_files(world)
    broken = deepcopy(files[POLICY, NAMESPACE, "site6"])
    broken["metadata"]["name"] = "next"
    broken["spec"] |= {"ipsecEncryption": "GCMAES256", "ipsecIntegrity": "SHA256"}
    (found,) = await ask(world, {(POLICY, NAMESPACE, "next"): broken})
    assert (found.object, found.action, found.reason) == ("network/next", Action.REFUSE, "PolicyInvalid")
    assert "spec.ipsecIntegrity" in found.message
    await world.stop()


async def test_what_the_access_file_forbids_is_refused():
    world = CoreHarness()
    await world.start()
    world.set_up_site()
    await world.settle()
    files = the_files(world)
    of_connection("Site6", routingWeight=5)(files)
    elsewhere = AccessRules((NamespaceEntry((NAMESPACE,), resource_groups=frozenset({"elsewhere"})),))
    (found,) = await ask(world, files, elsewhere)
    assert (found.action, found.reason) == (Action.REFUSE, "NotAllowed")
    await world.stop()


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples // 2, deadline=None)
@example([of_connection("Site7", managementPolicy="Plan")], "new key")
@given(st.lists(EDITS, min_size=1, max_size=4), MEANWHILE)
def test_what_plan_says_is_what_azure_is_sent(edits: list[Edit], meanwhile: str):
    asyncio.run(play(edits, meanwhile))


@pytest.mark.parametrize(
    ("edits", "meanwhile", "action", "effect"),
    [
        pytest.param(
            [of_connection("Site6", routingWeight=5)], "nothing", "Change", "None", id="a weight drops nothing"
        ),
        pytest.param(
            [of_policy(dhGroup="ECP384")], "nothing", "Change", "TunnelDrop", id="a policy's edit reaches its users"
        ),
        pytest.param([of_connection("Site6", tags={"a": "b"})], "nothing", "Tag", "None", id="tags alone are a PATCH"),
        pytest.param([], "new key", "SetKey", "TunnelDrop", id="a new key in the Secret"),
        pytest.param([], "portal deletion", "Create", "None", id="what is gone is created anew"),
        pytest.param([], "portal edit", "Change", "None", id="drift is put back"),
        pytest.param(
            [of_connection("Site6", connectionProtocol="IKEv1")],
            "nothing",
            "Refuse",
            "Recreate",
            id="what Azure cannot change in place is refused",
        ),
        pytest.param([of_connection("Site6", suspend=True, routingWeight=5)], "nothing", "Wait", "None", id="a pause"),
        pytest.param(
            [of_connection("Site6", managementPolicy="Plan", routingWeight=5)],
            "nothing",
            "Wait",
            "None",
            id="an object that only plans",
        ),
    ],
)
async def test_each_kind_of_answer(edits: list[Edit], meanwhile: str, action: str, effect: str):
    world = CoreHarness(drift_policy="Correct")
    await world.start()
    world.set_up_site()
    await world.settle()
    files = the_files(world)
    for edit in edits:
        edit(files)
    if meanwhile == "new key":
        world.put_key("AnotherKey4Site6")
    elif meanwhile == "portal deletion":
        world.portal_delete("VNet1toSite6")
    elif meanwhile == "portal edit":
        world.portal_edit("VNet1toSite6", routingWeight=77)
    (found,) = await ask(world, files)
    assert (found.object, found.action.value, found.effect.value) == ("network/site6", action, effect)
    await world.stop()
