"""From objects to links and gateways."""

from typing import Any

from azure_vpn_operator.domain.overview.model import Attention, TunnelState
from support.cases.maps import a_connection, a_pair, a_site, a_status
from support.world.status_page import Fleet


def half(
    name: str, one: str, other: str, *, status: dict[str, Any] | None = None, namespace: str = "network"
) -> dict[str, Any]:
    spec = {
        "azureName": f"{one}to{other}",
        "resourceGroup": "TestRG1",
        "virtualNetworkGateway": {"name": one},
        "peerVirtualNetworkGateway": {"name": other},
        "ipsecPolicyRef": {"name": "vnets"},
    }
    return a_connection(name, spec, status or a_status(names=(f"{one}to{other}",)), namespace=namespace)


def links_of(*documents: dict[str, Any]) -> list[tuple[str, tuple[str, ...], str | None]]:
    fleet = Fleet()
    fleet.put(documents)
    return [(link.id, link.objects, link.site) for link in fleet.map().links]


def test_a_site_is_a_link_from_its_gateway():
    fleet = Fleet()
    fleet.put([a_site("site6", "Site6")])
    (link,), (gateway,) = fleet.map().links, fleet.map().gateways
    assert (link.gateway, link.peer, link.site, link.policy) == (gateway.id, None, "Site6", "branches")
    assert (gateway.name, gateway.resource_group) == ("VNet1GW", "TestRG1")


def test_two_objects_that_cross_are_one_link():
    assert links_of(half("a", "VNet1GW", "VNet2GW"), half("b", "VNet2GW", "VNet1GW")) == [
        ("network/a", ("a", "b"), None)
    ]


def test_the_worse_half_speaks_for_a_pair():
    down = a_status(connected=("False", "NotConnected", "the half that leads back is down"), tunnels=(0, 1))
    fleet = Fleet()
    fleet.put([half("a", "VNet1GW", "VNet2GW"), half("b", "VNet2GW", "VNet1GW", status=down)])
    (link,) = fleet.map().links
    assert (link.tunnel, link.up, link.total, link.attention) == (TunnelState.DOWN, 1, 2, Attention.PROBLEM)
    assert link.message == "the half that leads back is down"
    assert [part.object for part in link.halves] == ["a", "b"]


def test_an_owned_pair_is_one_link_with_two_halves():
    fleet = Fleet()
    fleet.put([a_pair("p", "VNet1GW", "VNet3GW", other_group="TestRG3")])
    (link,) = fleet.map().links
    assert [part.gateway for part in link.halves] == ["VNet1GW", "VNet3GW"]
    assert (link.up, link.total) == (2, 2)
    assert {(gateway.name, gateway.resource_group) for gateway in fleet.map().gateways} == {
        ("VNet1GW", "TestRG1"),
        ("VNet3GW", "TestRG3"),
    }


def test_three_objects_between_two_gateways_are_three_links():
    found = links_of(half("a", "VNet1GW", "VNet2GW"), half("b", "VNet2GW", "VNet1GW"), half("c", "VNet1GW", "VNet2GW"))
    assert [link for link, _, _ in found] == ["network/a", "network/b", "network/c"]


def test_two_objects_in_the_same_direction_are_two_links():
    assert len(links_of(half("a", "VNet1GW", "VNet2GW"), half("c", "VNet1GW", "VNet2GW"))) == 2


def test_halves_of_two_namespaces_are_two_links():
    assert len(links_of(half("a", "VNet1GW", "VNet2GW"), half("b", "VNet2GW", "VNet1GW", namespace="other"))) == 2


def test_an_object_that_only_observes_gets_its_ends_from_azures_answer():
    status = a_status(summary={"gateway": "VNet1GW", "peer": "Site9", "reason": "Observed", "message": ""})
    fleet = Fleet()
    fleet.put(
        [
            a_connection("seen", {"managementPolicy": "Observe", "azureName": "X", "resourceGroup": "TestRG1"}, status),
            a_site("site6", "Site6"),
        ]
    )
    seen = next(link for link in fleet.map().links if link.objects == ("seen",))
    assert (seen.site, seen.observed) == ("Site9", True)
    assert [gateway.id for gateway in fleet.map().gateways] == [seen.gateway]


def test_a_name_from_azure_that_is_no_name_makes_no_gateway():
    status = a_status(summary={"gateway": "../<b>", "reason": "Observed"})
    fleet = Fleet()
    fleet.put(
        [a_connection("seen", {"managementPolicy": "Observe", "azureName": "X", "resourceGroup": "TestRG1"}, status)]
    )
    assert [link.gateway for link in fleet.map().links] == [None]


def test_an_object_that_breaks_a_rule_is_shown_with_what_is_wrong():
    status = a_status(
        ready=("False", "InvalidSpec", "spec.resourceGroup is wrong"), extra={"Stalled": ("True", "InvalidSpec", "")}
    )
    fleet = Fleet()
    fleet.put([a_connection("bad", {"azureName": "a/b", "localNetworkGateway": {"name": "Site6"}}, status)])
    (link,) = fleet.map().links
    assert (link.gateway, link.attention, link.message) == (None, Attention.PROBLEM, "spec.resourceGroup is wrong")


def test_equal_objects_give_an_equal_map():
    one, other = Fleet(), Fleet()
    for fleet in (one, other):
        fleet.put([a_site("site6", "Site6"), a_pair("p", "VNet1GW", "VNet3GW")])
    assert one.map() == other.map()


def test_a_map_is_the_same_whether_or_not_others_were_drawn_before():
    fleet, fresh = Fleet(), Fleet()
    fleet.put(
        [half("a", "VNet1GW", "VNet2GW"), half("b", "VNet2GW", "VNet1GW"), a_site("c", "Site6"), a_site("d", "Site7")]
    )
    before = {link.id: link for link in fleet.map().links}
    changed = half(
        "b", "VNet2GW", "VNet1GW", status=a_status(connected=("False", "NotConnected", "down"), tunnels=(0, 1))
    )
    fleet.put([changed])
    fleet.remove("d")
    fresh.put([half("a", "VNet1GW", "VNet2GW"), changed, a_site("c", "Site6")])
    assert fleet.map() == fresh.map()
    after = {link.id: link for link in fleet.map().links}
    assert [after[name] is before[name] for name in ("network/c", "network/a")] == [True, False], (
        "only what changed is drawn"
    )


def test_no_key_and_no_spec_is_on_the_map():
    """Only what the model names gets out, and the model has no place for a reference to a Secret."""
    fleet = Fleet()
    fleet.put([a_site("site6", "Site6", tags={"costs": "canary-tag"}, sharedKeySecretRef={"name": "canary-secret"})])
    assert "canary" not in fleet.map().model_dump_json()
