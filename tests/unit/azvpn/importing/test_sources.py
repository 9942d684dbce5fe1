"""Connections out of other people's files, and what cannot be taken from there."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.azvpn.arguments.importing import add_arguments
from azure_vpn_operator.azvpn.importing.arm_expressions import Scope, UnknownExpressionError
from azure_vpn_operator.azvpn.importing.arm_template import read_template, read_template_document
from azure_vpn_operator.azvpn.importing.command import run
from azure_vpn_operator.azvpn.importing.found import Found, SourceError
from azure_vpn_operator.azvpn.importing.manifests import Options, make_manifests
from azure_vpn_operator.azvpn.importing.terraform import read_state, read_state_document

SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Hub/providers/Microsoft.Network"
KEY = "Canary.Key.That.Nobody.May.See"
POLICY = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "ECP384",
    "saLifeTimeSeconds": 14400,
    "saDataSizeKilobytes": 102400000,
}


def attributes(**changes: Any) -> dict[str, Any]:
    """Of one azurerm_virtual_network_gateway_connection, as a state has them: absent ones are null."""
    return {
        "id": f"{GROUP}/connections/ToLyon",
        "name": "ToLyon",
        "resource_group_name": "Hub",
        "location": "westeurope",
        "type": "IPsec",
        "virtual_network_gateway_id": f"{GROUP}/virtualNetworkGateways/HubGw",
        "local_network_gateway_id": f"{GROUP}/localNetworkGateways/Lyon",
        "peer_virtual_network_gateway_id": None,
        "express_route_circuit_id": None,
        "connection_protocol": "IKEv2",
        "connection_mode": "Default",
        "routing_weight": 10,
        "dpd_timeout_seconds": 30,
        "enable_bgp": False,
        "local_azure_ip_address_enabled": False,
        "use_policy_based_traffic_selectors": False,
        "express_route_gateway_bypass": False,
        "shared_key": KEY,
        "authorization_key": None,
        "custom_bgp_addresses": [],
        "egress_nat_rule_ids": None,
        "ingress_nat_rule_ids": [],
        "ipsec_policy": [
            {
                "dh_group": "ECP384",
                "ike_encryption": "AES256",
                "ike_integrity": "SHA384",
                "ipsec_encryption": "GCMAES256",
                "ipsec_integrity": "GCMAES256",
                "pfs_group": "ECP384",
                "sa_datasize": 102400000,
                "sa_lifetime": 14400,
            }
        ],
        "traffic_selector_policy": [],
        "tags": {"env": "prod"},
        "timeouts": None,
        **changes,
    }


def state_file(*instances: dict[str, Any], **changes: Any) -> dict[str, Any]:
    resource = {
        "mode": "managed",
        "type": "azurerm_virtual_network_gateway_connection",
        "name": "lyon",
        "instances": [{"attributes": each} for each in instances],
        **changes,
    }
    gateway = {
        "mode": "managed",
        "type": "azurerm_virtual_network_gateway",
        "name": "gw",
        "instances": [{"attributes": {}}],
    }
    return {"version": 4, "terraform_version": "1.9.0", "resources": [gateway, resource]}


def shown(**values: Any) -> dict[str, Any]:
    """What `terraform show -json` prints."""
    resource = {
        "address": "module.vpn.azurerm_virtual_network_gateway_connection.lyon",
        "mode": "managed",
        "type": "azurerm_virtual_network_gateway_connection",
        "values": attributes(**values),
    }
    return {"format_version": "1.0", "values": {"root_module": {"child_modules": [{"resources": [resource]}]}}}


def template(properties: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """As `az group export` writes it."""
    resource = {
        "type": "Microsoft.Network/connections",
        "apiVersion": "2024-05-01",
        "name": "[parameters('connections_ToLyon_name')]",
        "location": "westeurope",
        "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworkGateways', parameters('gw'))]"],
        "properties": {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {
                "id": "[resourceId('Microsoft.Network/virtualNetworkGateways', parameters('gw'))]",
                "properties": {},
            },
            "localNetworkGateway2": {
                "id": "[concat(resourceId('Microsoft.Network/localNetworkGateways', 'Lyon'))]",
                "properties": {},
            },
            "connectionProtocol": "IKEv2",
            "routingWeight": 10,
            "dpdTimeoutSeconds": 30,
            "ipsecPolicies": [POLICY],
            "sharedKey": "[parameters('key')]",
            **(properties or {}),
        },
        **changes,
    }
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {
            "connections_ToLyon_name": {"defaultValue": "ToLyon", "type": "String"},
            "gw": {"defaultValue": "HubGw", "type": "String"},
            "key": {"type": "SecureString", "defaultValue": KEY},
        },
        "variables": {},
        "resources": [{"type": "Microsoft.Network/virtualNetworkGateways", "name": "x"}, resource],
    }


def nested(inner: dict[str, Any]) -> dict[str, Any]:
    """As `bicep build` writes a module: symbolic names, and a deployment in another group."""
    deployment = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "vpn",
        "resourceGroup": "[variables('group')]",
        "properties": {"mode": "Incremental", "parameters": {"gw": {"value": "OtherGw"}}, "template": inner},
    }
    return {"languageVersion": "2.0", "variables": {"group": "Hub"}, "resources": {"vpn": deployment}}


def read_arm(document: dict[str, Any], **parameters: Any) -> Found:
    return read_template_document(document, "t.json", SUBSCRIPTION, "Hub", parameters)


@pytest.mark.parametrize(
    ("found", "gateway"),
    [
        pytest.param(read_state_document(state_file(attributes()), "s"), "HubGw", id="a Terraform state"),
        pytest.param(read_state_document(shown(), "s"), "HubGw", id="terraform show -json, in a module"),
        pytest.param(read_arm(template()), "HubGw", id="an exported template"),
        pytest.param(read_arm(template(), gw="GivenGw"), "GivenGw", id="a template with a parameter file"),
        pytest.param(read_arm(nested(template())), "OtherGw", id="a Bicep module"),
    ],
)
def test_the_same_connection_out_of_each_source(found: Found, gateway: str):
    manifests = make_manifests(found, Options())

    policy, connection = manifests.objects
    assert manifests.notes == ()
    assert policy["spec"] == POLICY
    assert connection["metadata"] == {"name": "tolyon"}
    tags = {"tags": {"env": "prod"}} if "tags" in connection["spec"] else {}
    assert connection["spec"] == {
        "azureName": "ToLyon",
        "resourceGroup": "Hub",
        "subscriptionId": SUBSCRIPTION,
        "virtualNetworkGateway": {"name": gateway},
        "localNetworkGateway": {"name": "Lyon"},
        "connectionProtocol": "IKEv2",
        "dpdTimeoutSeconds": 30,
        "routingWeight": 10,
        "ipsecPolicyRef": {"name": "tolyon"},
        "sharedKeySecretRef": {"name": "tolyon-key"},
        **tags,
    }
    assert manifests.secrets == ("tolyon-key",)
    assert KEY not in repr(manifests) + repr(found)


@pytest.mark.parametrize(
    ("found", "place", "words"),
    [
        pytest.param(
            read_state_document(state_file(attributes(type="ExpressRoute", local_network_gateway_id=None)), "s"),
            "s: azurerm_virtual_network_gateway_connection.lyon",
            "connectionType ExpressRoute",
            id="a kind that is not ours",
        ),
        pytest.param(
            read_state_document(state_file(attributes(new_switch=True)), "s"),
            "s: azurerm_virtual_network_gateway_connection.lyon",
            "the attribute new_switch is not known",
            id="an attribute of a newer provider",
        ),
        pytest.param(
            read_state_document(state_file(attributes(custom_bgp_addresses=[{"primary": "169.254.21.1"}])), "s"),
            "s: azurerm_virtual_network_gateway_connection.lyon",
            "custom_bgp_addresses",
            id="addresses without the ids that Azure has",
        ),
        pytest.param(
            read_state_document(state_file(attributes(virtual_network_gateway_id=None)), "s"),
            "s: azurerm_virtual_network_gateway_connection.lyon",
            "virtualNetworkGateway1 is missing",
            id="half a connection",
        ),
        pytest.param(
            read_arm(template({"authenticationType": "Certificate"})),
            "t.json: resources[1]",
            "cannot say authenticationType",
            id="a certificate instead of a key",
        ),
        pytest.param(
            read_arm(template({"newSwitch": True})),
            "t.json: resources[1]",
            "newSwitch",
            id="a property that is not known",
        ),
        pytest.param(
            read_arm(template(name="[uniqueString('x')]")),
            "t.json: resources[1]",
            "uniqueString",
            id="a name out of a hash",
        ),
        pytest.param(
            read_arm(template(copy={"name": "loop", "count": 2})), "t.json: resources[1]", "copy", id="a loop"
        ),
        pytest.param(
            read_arm({**template(), "parameters": {}}),
            "t.json: resources[1]",
            "--parameters",
            id="a parameter without a value",
        ),
    ],
)
def test_what_cannot_be_said_is_named_with_its_place(found: Found, place: str, words: str):
    notes = make_manifests(found, Options()).notes

    assert any(note.place == place and words in note.what for note in notes), notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("resource x {}", "not JSON", id="a configuration is no state"),
        pytest.param("{}", "neither a state", id="something else"),
        pytest.param('{"version": 3}', "neither a state", id="a state of an old Terraform"),
    ],
)
def test_a_file_that_is_no_state_says_what_to_give(tmp_path: Path, text: str, words: str):
    path = tmp_path / "terraform.tfstate"
    path.write_text(text)

    with pytest.raises(SourceError, match=words):
        read_state(path)
    with pytest.raises(SourceError, match=r"not JSON|no resources"):
        read_template(path, SUBSCRIPTION, "Hub")
    with pytest.raises(SourceError, match="No such file"):
        read_state(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("plain", "plain", id="no expression"),
        pytest.param("[[not one]", "[not one]", id="an escaped bracket"),
        pytest.param("['it''s']", "it's", id="an apostrophe"),
        pytest.param("[concat('a', 'b', 1)]", "ab1", id="concat"),
        pytest.param("[format('{0}-{1}', 'a', toUpper('b'))]", "a-B", id="format"),
        pytest.param("[variables('v').names[1]]", "two", id="members"),
        pytest.param("[resourceGroup().name]", "Hub", id="the group"),
        pytest.param("[subscription().subscriptionId]", SUBSCRIPTION, id="the subscription"),
        pytest.param("[if(true(), 'yes', 'no')]", "yes", id="if"),
        pytest.param(
            "[resourceId('other', 'Microsoft.Network/virtualNetworkGateways/natRules', 'gw', 'r1')]",
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Network/virtualNetworkGateways/gw/natRules/r1",
            id="an id in another group",
        ),
    ],
)
def test_expressions(text: str, value: object):
    assert Scope(SUBSCRIPTION, "Hub", variables={"v": {"names": ["one", "two"]}}).resolve(text) == value


@pytest.mark.parametrize(
    "text",
    ["[reference('x').y]", "[concat('a']", "[]", "[variables('gone')]", "[parameters('gone')]", "['a' 'b']", "[%]"],
)
def test_an_expression_that_is_not_understood_is_no_guess(text: str):
    with pytest.raises(UnknownExpressionError):
        Scope(SUBSCRIPTION, "Hub").resolve(text)


def test_a_policy_that_several_share_is_one_object_with_a_name_of_its_own():
    two = [attributes(name=name, id=f"{GROUP}/connections/{name}") for name in ("A", "B")]
    manifests = make_manifests(read_state_document(state_file(*two), "s"), Options(namespace="network"))

    policy, *connections = manifests.objects
    assert policy["metadata"] == {"name": "aes256-sha384-ecp384-gcmaes256-ecp384", "namespace": "network"}
    assert [each["spec"]["ipsecPolicyRef"]["name"] for each in connections] == [policy["metadata"]["name"]] * 2


def test_names_that_kubernetes_does_not_take_are_made_fit_and_each_once():
    names = ("To_Lyon", "To.Lyon", "ToLyon")
    each = [attributes(name=name, id=f"{GROUP}/connections/{name}", ipsec_policy=[]) for name in names]
    manifests = make_manifests(read_state_document(state_file(*each), "s"), Options(keys=False))

    assert [found["metadata"]["name"] for found in manifests.objects] == ["to-lyon", "to-lyon-2", "tolyon"]
    assert [found["spec"]["azureName"] for found in manifests.objects] == list(names)


def call(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def test_a_folder_has_a_file_for_each_object_and_a_kustomization(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    state = tmp_path / "terraform.tfstate"
    state.write_text(json.dumps(state_file(attributes(), attributes(type="ExpressRoute", name="er"))))

    code = call("--terraform-state", str(state), "--observe", "--output-dir", str(tmp_path / "out"))

    assert code == 1, "one of them is left out"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "ipsecpolicy-tolyon.yaml",
        "kustomization.yaml",
        "vpnconnection-tolyon.yaml",
    ]
    assert "managementPolicy: Observe" in (tmp_path / "out" / "vpnconnection-tolyon.yaml").read_text()
    said = capsys.readouterr().err
    assert "1 connections and 1 policies" in said
    assert "ExpressRoute" in said
    assert all(KEY not in path.read_text() for path in (tmp_path / "out").iterdir())
