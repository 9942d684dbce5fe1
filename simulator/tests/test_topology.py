"""The topology file: what it may say, how mistakes are told, and how changes are merged."""

import ipaddress
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.topology import TopologyError, load_topology, parse_topology

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"


def group(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["subscriptions"][0]["resourceGroups"][0]
    return found


@pytest.mark.parametrize(
    ("break_it", "where"),
    [
        pytest.param(lambda d: d.update(tenant="x"), "tenant: Extra inputs", id="an unknown key"),
        pytest.param(lambda d: d.pop("tenantId"), "tenantId: Field required", id="a missing key"),
        pytest.param(
            lambda d: group(d)["localNetworkGateways"][0]["device"].pop("key"),
            "subscriptions[0].resourceGroups[0].localNetworkGateways[0].device.key",
            id="a device without a key",
        ),
        pytest.param(
            lambda d: group(d)["virtualNetworkGateways"].append({"name": "gwa"}),
            "virtualNetworkGateways of Net: gwa is there twice",
            id="a name twice, whatever its case",
        ),
        pytest.param(
            lambda d: group(d).update(
                connections=[
                    {"name": "C", "virtualNetworkGateway": "GwA", "localNetworkGateway": "No", "sharedKey": "k"}
                ]
            ),
            "connection C of Net names localNetworkGateways No, which is not there",
            id="a connection to nowhere",
        ),
        pytest.param(
            lambda d: group(d).update(connections=[{"name": "C", "virtualNetworkGateway": "GwA", "sharedKey": "k"}]),
            "connections[0]: Value error, exactly one of localNetworkGateway",
            id="a connection with one end",
        ),
        pytest.param(
            lambda d: d.update(options={"durations": {"create": -1}}), "options.durations.create", id="a negative time"
        ),
    ],
)
def test_mistakes_are_told_with_their_place(document: dict[str, Any], break_it: Any, where: str) -> None:
    break_it(document)
    with pytest.raises(TopologyError) as mistake:
        parse_topology(document)
    assert where in str(mistake.value)


def test_mistakes_never_show_a_secret(document: dict[str, Any]) -> None:
    group(document)["localNetworkGateways"][0]["device"]["key"] = "has space"
    document["principals"][0]["clientSecret"] = ["deep-secret"]
    with pytest.raises(TopologyError) as mistake:
        parse_topology(document)
    assert "has space" not in str(mistake.value)
    assert "deep-secret" not in str(mistake.value)


def test_a_file_is_read_and_its_mistakes_carry_its_name(tmp_path: Path, document: dict[str, Any]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(document))
    assert load_topology(str(file)).tenant_id == document["tenantId"]
    file.write_text("tenantId: [")
    with pytest.raises(TopologyError, match=r"mine\.yaml:1:12"):
        load_topology(str(file))
    file.write_text("tenantId: x")
    with pytest.raises(TopologyError, match=r"mine\.yaml: tenantId"):
        load_topology(str(file))
    with pytest.raises(TopologyError, match=r"absent\.yaml: No such file"):
        load_topology(str(tmp_path / "absent.yaml"))


def test_the_demo_has_what_the_samples_use() -> None:
    demo = load_topology("demo")
    groups = {g.name: g for g in demo.subscriptions[0].resource_groups}
    keys = {r.name: r.device.key for g in groups.values() for r in g.local_network_gateways if r.device}
    assert keys["Site6"] == "Demo.Site6.Key.not.for.use"
    assert keys["Site7"] == "Demo.Site7.Key.not.for.use"
    assert {keys[f"site-{i:02}"] for i in range(1, 21)} == {"Demo.Fleet.Key.not.for.use"}
    gateways = {r.name: (name, r.sku, r.vpn_type) for name, g in groups.items() for r in g.virtual_network_gateways}
    assert gateways["VNet1GW"] == ("TestRG1", "VpnGw2AZ", "RouteBased")
    assert gateways["VNet2GW"] == ("TestRG2", "VpnGw2AZ", "RouteBased")
    assert gateways["VNet3GW"] == ("TestRG3", "VpnGw2AZ", "RouteBased")
    assert gateways["LabGW"][1:] == ("Basic", "RouteBased")
    assert gateways["LegacyGW"][2] == "PolicyBased"


def test_the_demos_networks_do_not_overlap() -> None:
    groups = load_topology("demo").subscriptions[0].resource_groups
    prefixes = [ipaddress.ip_network(p) for g in groups for n in g.virtual_networks for p in n.address_space]
    prefixes += [ipaddress.ip_network(p) for g in groups for n in g.virtual_network_gateways for p in n.address_space]
    prefixes += [ipaddress.ip_network(p) for g in groups for n in g.local_network_gateways for p in n.address_space]
    assert not [(a, b) for a, b in itertools.combinations(prefixes, 2) if a.overlaps(b)]


@pytest.fixture
def preset(document: dict[str, Any]) -> ArmDriver:
    group(document)["connections"] = [
        {
            "name": "Old",
            "virtualNetworkGateway": "GwA",
            "localNetworkGateway": "Site",
            "sharedKey": "k1",
            "tags": {"made": "by hand"},
            "properties": {"routingWeight": 4, "authenticationType": "Certificate"},
        }
    ]
    return ArmDriver(document, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Net")


def test_a_connection_of_the_topology_is_there_from_the_start_and_connects(preset: ArmDriver) -> None:
    found = preset.get("connections/Old").body
    assert found["tags"] == {"made": "by hand"}
    assert found["properties"]["routingWeight"] == 4
    assert found["properties"]["authenticationType"] == "Certificate"
    assert found["properties"]["provisioningState"] == "Succeeded"
    preset.wait(5)
    assert preset.status("Old") == "Connected"
    assert preset.get("connections/Old/sharedkey").body == {"value": "k1"}


def test_a_bad_preset_connection_is_a_mistake_of_the_topology(document: dict[str, Any]) -> None:
    group(document)["connections"] = [
        {
            "name": "Old",
            "virtualNetworkGateway": "GwA",
            "localNetworkGateway": "Site",
            "sharedKey": "k1",
            "properties": {"ipsecPolicies": [{"ikeEncryption": "AES256"}]},
        }
    ]
    with pytest.raises(TopologyError, match="connection Old of Net: The IPsec policy is incomplete"):
        ArmDriver(document, "")


def test_a_change_touches_only_what_it_names(preset: ArmDriver) -> None:
    site = {"name": "Site", "device": {"outage": True}}
    new = {"name": "New", "device": {"key": "k9"}}
    rows = {"localNetworkGateways": [site, new], "virtualNetworkGateways": [{"name": "GwA", "sku": "VpnGw5AZ"}]}
    preset.change(subscriptions=[{"id": SUBSCRIPTION, "resourceGroups": [{"name": "Net", **rows}]}])

    assert preset.get("virtualNetworkGateways/GwA").body["properties"]["sku"]["name"] == "VpnGw5AZ"
    assert preset.get("virtualNetworkGateways/GwB").body["properties"]["sku"]["name"] == "VpnGw2AZ"
    assert preset.get("localNetworkGateways/New").status == 200
    assert preset.get("connections/Old").body["tags"] == {"made": "by hand"}


def test_the_shown_topology_has_no_secret_and_can_be_put_back_as_it_is(preset: ArmDriver) -> None:
    preset.wait(5)
    shown = preset.azure.installation.shown()
    text = yaml.safe_dump(shown)
    for secret in ("k1", "secret-1", "header-1"):
        assert f" {secret}\n" not in text
    preset.azure.installation.update(shown)
    assert preset.status("Old") == "Connected"
    assert preset.azure.world.topology.principals[0].client_secret == "secret-1"


def test_a_change_with_a_bad_connection_changes_nothing(arm: ArmDriver) -> None:
    bad = {"name": "C", "virtualNetworkGateway": "GwA", "localNetworkGateway": "Site", "sharedKey": "k1"}
    rows = {"connections": [{**bad, "properties": {"routingWeight": -1}}], "localNetworkGateways": [{"name": "New"}]}
    before = arm.azure.installation.shown()
    with pytest.raises(TopologyError, match="connection C of Net"):
        arm.change(subscriptions=[{"id": SUBSCRIPTION, "resourceGroups": [{"name": "Net", **rows}]}])
    assert arm.azure.installation.shown() == before
    assert arm.get("localNetworkGateways/New").status == 404


def test_no_secret_is_in_any_representation(arm: ArmDriver, document: dict[str, Any]) -> None:
    group(document)["connections"] = [
        {"name": "C", "virtualNetworkGateway": "GwA", "localNetworkGateway": "Site", "sharedKey": "canary"}
    ]
    text = repr(parse_topology(document))
    for secret in ("canary", "'k1'", "secret-1", "header-1"):
        assert secret not in text
    arm.put("connections/C1", arm.site("GwA", "Site", "canary"))
    arm.wait(60)
    resource = arm.azure.world.store.find(f"{arm.network}/connections/C1")
    assert resource is not None
    assert "canary" not in repr(resource)


def test_a_change_that_makes_no_topology_changes_nothing(arm: ArmDriver) -> None:
    before = arm.azure.installation.shown()
    with pytest.raises(TopologyError):
        arm.change(tenantId="short", locks=[{"scope": "/", "level": "ReadOnly"}])
    assert arm.azure.installation.shown() == before


def test_a_json_file_is_read_as_json_and_its_mistakes_carry_their_place(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(document))
    assert load_topology(str(file)) == parse_topology(document)
    file.write_text('{"tenantId": nothing}')
    with pytest.raises(TopologyError, match=r"mine\.json:1:14"):
        load_topology(str(file))
    file.write_text("{}")
    with pytest.raises(TopologyError, match=r"mine\.json: tenantId: "):
        load_topology(str(file))


def test_a_change_leaves_every_part_that_it_does_not_name_the_very_same(preset: ArmDriver) -> None:
    def parts() -> dict[str, object]:
        [net] = preset.azure.world.topology.subscriptions[0].resource_groups
        rows = (*net.virtual_network_gateways, *net.local_network_gateways, *net.connections)
        return {row.name: row for row in rows} | {"principal": preset.azure.world.topology.principals[0]}

    before = parts()
    preset.change(
        subscriptions=[
            {
                "id": SUBSCRIPTION,
                "resourceGroups": [{"name": "Net", "localNetworkGateways": [{"name": "Site", "tags": {}}]}],
            }
        ]
    )
    after = parts()
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] is not before[name]} == {"Site"}


def test_a_secret_among_the_properties_of_a_connection_is_masked_too(document: dict[str, Any]) -> None:
    row = {"name": "C", "virtualNetworkGateway": "GwA", "localNetworkGateway": "Site", "sharedKey": "canary"}
    group(document)["connections"] = [
        {
            **row,
            "properties": {"sharedKey": "canary", "routingWeight": 1, "certificateAuthentication": [{"key": "canary"}]},
        }
    ]
    shown = ArmDriver(document, "").azure.installation.shown()
    [connection] = group(shown)["connections"]
    assert connection["properties"] == {
        "sharedKey": "***",
        "routingWeight": 1,
        "certificateAuthentication": [{"key": "***"}],
    }
    assert connection["sharedKey"] == "***"
