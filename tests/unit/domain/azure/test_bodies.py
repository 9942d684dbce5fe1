"""The body of the PUT: complete each time, and without the key."""

from typing import Any

import pytest

from azure_vpn_operator.domain.azure.bodies import build_put_body, read_put_body
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from support.builders import (
    GATEWAY_ID,
    PEER_ID,
    SITE6_POLICY,
    SITE_ID,
    a_connection,
    a_live_connection,
    a_policy,
    a_vnet_connection,
    an_installation,
)
from support.cases.objects import DROP


def body_of(subject: Any, *, policy: Any = None, protocol: str = "IKEv2") -> dict[str, Any]:
    target = resolve_target(subject, an_installation())
    assert isinstance(target, Target)
    return build_put_body(subject.spec, target, policy, "westeurope", {"azvpn-owner": "x"}, protocol)


def test_the_whole_body_of_the_how_tos_connection():
    assert body_of(a_connection(), policy=a_policy().spec) == {
        "location": "westeurope",
        "tags": {"azvpn-owner": "x"},
        "properties": {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": GATEWAY_ID},
            "localNetworkGateway2": {"id": SITE_ID},
            "connectionProtocol": "IKEv2",
            "connectionMode": "Default",
            "routingWeight": 0,
            "enableBgp": False,
            "useLocalAzureIpAddress": False,
            "usePolicyBasedTrafficSelectors": False,
            "ipsecPolicies": [SITE6_POLICY],
            "trafficSelectorPolicies": [],
            "gatewayCustomBgpIpAddresses": [],
            "ingressNatRules": [],
            "egressNatRules": [],
        },
    }


def test_everything_that_a_spec_can_say():
    selectors = [{"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.2.0.0/16"]}]
    said = {
        "connectionProtocol": "IKEv1",
        "connectionMode": "InitiatorOnly",
        "routingWeight": 7,
        "dpdTimeoutSeconds": 30,
        "enableBgp": True,
        "useLocalAzureIpAddress": True,
        "trafficSelectorPolicies": selectors,
        "gatewayCustomBgpIpAddresses": [
            {"ipConfigurationId": f"{GATEWAY_ID}/ipConfigurations/default", "customBgpIpAddress": "169.254.21.5"}
        ],
    }
    properties = body_of(a_connection(**said), protocol="IKEv1")["properties"]
    assert {name: properties[name] for name in said} == said


def test_nat_rules_by_name_belong_to_the_connections_gateway():
    rules = {"ingressNatRules": [{"name": "in"}], "egressNatRules": [{"id": f"{GATEWAY_ID}/natRules/out"}]}
    properties = body_of(a_connection(**rules))["properties"]
    assert properties["ingressNatRules"] == [{"id": f"{GATEWAY_ID}/natRules/in"}]
    assert properties["egressNatRules"] == [{"id": f"{GATEWAY_ID}/natRules/out"}]


def test_the_default_policy_is_an_empty_list_and_not_an_absent_one():
    assert body_of(a_connection())["properties"]["ipsecPolicies"] == []


def test_aliases_are_sent_in_the_spelling_that_all_clients_know():
    (policy,) = body_of(a_connection(), policy=a_policy(dhGroup="DHGroup2048", pfsGroup="PFS14").spec)["properties"][
        "ipsecPolicies"
    ]
    assert (policy["dhGroup"], policy["pfsGroup"]) == ("DHGroup14", "PFS2048")


def test_a_peer_takes_the_place_of_the_site():
    properties = body_of(a_vnet_connection())["properties"]
    assert properties["virtualNetworkGateway2"] == {"id": PEER_ID}
    assert "localNetworkGateway2" not in properties
    assert properties["connectionType"] == "Vnet2Vnet"


def test_a_body_needs_both_ends():
    subject = a_connection(managementPolicy="Observe", localNetworkGateway=DROP)
    with pytest.raises(ValueError, match="other end"):
        body_of(subject)


def test_a_body_is_read_as_azure_will_show_it():
    subject = a_connection()
    target = resolve_target(subject, an_installation())
    assert isinstance(target, Target)
    live = read_put_body(body_of(subject, policy=a_policy().spec), target)
    assert live.provisioning_state == "Succeeded"
    assert live.policies == a_live_connection().policies
