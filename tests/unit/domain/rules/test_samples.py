"""The samples are valid, complete, and say what the how-to says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.mirror import mirrored
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from azure_vpn_operator.domain.rules.shared_key import check_shared_key
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from support.cases.objects import SUBSCRIPTION

_SAMPLES = Path(__file__).parents[4] / "manifests" / "samples"
_NAMES = ["default-policy", "site-to-site", "vnet-to-vnet"]


def _load(sample: str) -> list[dict[str, Any]]:
    listed = yaml.safe_load((_SAMPLES / sample / "kustomization.yaml").read_text())["resources"]
    return [document for name in listed for document in yaml.safe_load_all((_SAMPLES / sample / name).read_text())]


def _of_kind(sample: str, kind: str) -> dict[str, dict[str, Any]]:
    return {document["metadata"]["name"]: document for document in _load(sample) if document["kind"] == kind}


@pytest.mark.parametrize("sample", _NAMES)
def test_every_file_is_listed(sample: str):
    listed = yaml.safe_load((_SAMPLES / sample / "kustomization.yaml").read_text())["resources"]

    assert sorted([*listed, "kustomization.yaml"]) == sorted(path.name for path in (_SAMPLES / sample).iterdir())


@pytest.mark.parametrize("sample", _NAMES)
def test_every_object_is_valid_and_in_the_namespace(sample: str):
    for document in _load(sample):
        if document["kind"] == "Namespace":
            assert document["metadata"]["name"] == "network"
            continue
        assert document["metadata"]["namespace"] == "network"
        if document["kind"] == "IpsecPolicy":
            assert not isinstance(read_policy(document), Invalid)
        elif document["kind"] == "VpnConnection":
            assert not isinstance(read_connection(document), Invalid)
            assert "subscriptionId" not in document["spec"]


@pytest.mark.parametrize("sample", _NAMES)
def test_what_is_referred_to_is_in_the_same_sample(sample: str):
    policies, secrets = _of_kind(sample, "IpsecPolicy"), _of_kind(sample, "Secret")
    connections = _of_kind(sample, "VpnConnection")

    assert connections
    for document in connections.values():
        spec = document["spec"]
        assert spec.get("ipsecPolicyRef", {}).get("name") in {*policies, None}
        if "reverse" not in spec:
            assert "sharedKey" in secrets[spec["sharedKeySecretRef"]["name"]]["stringData"]


@pytest.mark.parametrize("sample", _NAMES)
def test_key_is_usable_and_says_that_it_is_for_the_demo(sample: str):
    text = (_SAMPLES / sample / "secret.yaml").read_text()

    assert "demo only" in text
    for secret in _of_kind(sample, "Secret").values():
        key = secret["stringData"]["sharedKey"]
        assert check_shared_key(key.encode()) is None
        assert key.endswith("not.for.use")


def test_site_to_site_sample_is_the_how_tos():
    spec = _of_kind("site-to-site", "IpsecPolicy")["site6"]["spec"]
    connection = _of_kind("site-to-site", "VpnConnection")["vnet1-to-site6"]["spec"]

    assert spec == {
        "ikeEncryption": "AES256",
        "ikeIntegrity": "SHA384",
        "dhGroup": "DHGroup24",
        "ipsecEncryption": "AES256",
        "ipsecIntegrity": "SHA256",
        "pfsGroup": "None",
        "saLifeTimeSeconds": 30000,
        "saDataSizeKilobytes": 102400000,
    }
    assert (connection["azureName"], connection["dpdTimeoutSeconds"]) == ("VNet1toSite6", 45)


def test_vnet_to_vnet_sample_is_the_how_tos_and_both_halves_agree():
    spec = _of_kind("vnet-to-vnet", "IpsecPolicy")["vnet-pair"]["spec"]
    connections = _of_kind("vnet-to-vnet", "VpnConnection")
    one, other = connections["vnet1-to-vnet2"]["spec"], connections["vnet2-to-vnet1"]["spec"]

    assert spec == {
        "ikeEncryption": "AES128",
        "ikeIntegrity": "SHA1",
        "dhGroup": "DHGroup14",
        "ipsecEncryption": "GCMAES128",
        "ipsecIntegrity": "GCMAES128",
        "pfsGroup": "PFS14",
        "saLifeTimeSeconds": 14400,
        "saDataSizeKilobytes": 102400000,
    }
    for same in ("ipsecPolicyRef", "sharedKeySecretRef", "dpdTimeoutSeconds"):
        assert one[same] == other[same]
    assert one["virtualNetworkGateway"]["name"] == other["peerVirtualNetworkGateway"]["name"] == "VNet1GW"
    assert other["virtualNetworkGateway"]["name"] == one["peerVirtualNetworkGateway"]["name"] == "VNet2GW"
    assert (one["resourceGroup"], one["peerVirtualNetworkGateway"]["resourceGroup"]) == ("TestRG1", "TestRG2")
    assert (other["resourceGroup"], other["peerVirtualNetworkGateway"]["resourceGroup"]) == ("TestRG2", "TestRG1")


def test_owned_pair_leads_to_the_third_network_with_the_pairs_policy_and_a_key_that_nobody_knows():
    owned = _of_kind("vnet-to-vnet", "VpnConnection")["vnet1-vnet3"]
    read = read_connection(owned)
    assert not isinstance(read, Invalid)
    forward = resolve_target(read, Installation("demo", subscription_id=SUBSCRIPTION))
    assert isinstance(forward, Target)
    reverse = resolve_target(mirrored(read, forward), Installation("demo"))
    assert isinstance(reverse, Target)

    assert [(half.connection.resource_group, half.connection.name) for half in (forward, reverse)] == [
        ("TestRG1", "VNet1toVNet3"),
        ("TestRG3", "VNet3toVNet1"),
    ]
    assert [(half.resource_group, half.name) for half in (forward.gateway, reverse.gateway) if half] == [
        ("TestRG1", "VNet1GW"),
        ("TestRG3", "VNet3GW"),
    ]
    assert owned["spec"]["ipsecPolicyRef"] == {"name": "vnet-pair"}
    assert "sharedKeySecretRef" not in owned["spec"]


def test_default_policy_sample_names_no_policy():
    assert _of_kind("default-policy", "IpsecPolicy") == {}
    assert "ipsecPolicyRef" not in _of_kind("default-policy", "VpnConnection")["vnet1-to-site7"]["spec"]
