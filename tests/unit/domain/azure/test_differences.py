"""What counts as a difference between an object and Azure, and what putting it right does."""

from typing import Any

import pytest

from azure_vpn_operator.domain.azure.differences import VALUE_LIMIT, find_differences
from azure_vpn_operator.domain.passes.steps import Put
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import GATEWAY_ID, OWNER, a_connection, a_gateway, a_live_connection, a_policy, a_snapshot
from support.cases.objects import DROP, SUBSCRIPTION


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"dhGroup": "DHGroup14"}, {"dhGroup": "DHGroup2048"}, id="DHGroup14 is DHGroup2048"),
        pytest.param({"dhGroup": "DHGroup2048"}, {"dhGroup": "DHGroup14"}, id="and the other way round"),
        pytest.param({"pfsGroup": "PFS14"}, {"pfsGroup": "PFS2048"}, id="PFS14 is PFS2048"),
        pytest.param(
            {}, {"ikeEncryption": "aes256", "dhGroup": "DHGROUP24"}, id="Azure's case of an algorithm means nothing"
        ),
    ],
)
def test_spellings_of_one_policy_are_no_difference(wanted: dict[str, str], found: dict[str, str]):
    live = a_live_connection(ipsecPolicies=[a_policy().spec.wire() | found])
    assert type(plan(a_snapshot(policy=a_policy(**wanted), live=live))).__name__ == "Settled"


_SELECTORS = [
    {"localAddressRanges": ["10.1.0.0/16", "10.2.0.0/16"], "remoteAddressRanges": ["10.3.0.0/16"]},
    {"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.4.0.0/16"]},
]


@pytest.mark.parametrize(
    ("spec", "live"),
    [
        pytest.param({}, {"dpdTimeoutSeconds": 0}, id="0 is the default of dpdTimeoutSeconds"),
        pytest.param({"dpdTimeoutSeconds": 45}, {"dpdTimeoutSeconds": DROP}, id="45 said or left out"),
        pytest.param({}, {"connectionMode": DROP}, id="an absent connectionMode is Default"),
        pytest.param({"connectionMode": "Default"}, {}, id="the default said in the spec"),
        pytest.param({"routingWeight": 0}, {"routingWeight": DROP}, id="an absent weight is 0"),
        pytest.param({}, {"enableBgp": DROP, "useLocalAzureIpAddress": None}, id="absent and null flags are false"),
        pytest.param({}, {"trafficSelectorPolicies": None, "ingressNatRules": DROP}, id="absent lists are empty"),
        pytest.param(
            {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": _SELECTORS},
            {
                "usePolicyBasedTrafficSelectors": True,
                "trafficSelectorPolicies": [
                    {**_SELECTORS[1], "someNewField": 1},
                    {**_SELECTORS[0], "localAddressRanges": ["10.2.0.0/16", "10.1.0.0/16"]},
                ],
            },
            id="the order of selectors and ranges means nothing",
        ),
        pytest.param(
            {"ingressNatRules": [{"name": "in1"}, {"name": "in2"}]},
            {
                "ingressNatRules": [
                    {
                        "id": f"/SUBSCRIPTIONS/{SUBSCRIPTION}/resourceGroups/TESTRG1/providers/Microsoft.Network"
                        f"/virtualNetworkGateways/vnet1gw/natRules/{name}"
                    }
                    for name in ("IN2", "in1")
                ]
            },
            id="NAT rules by name or id, in any order and case",
        ),
        pytest.param(
            {},
            {
                "virtualNetworkGateway1": {
                    "id": f"/subscriptions/{SUBSCRIPTION}/resourcegroups/TESTRG1/providers/microsoft.network"
                    "/virtualnetworkgateways/VNET1GW"
                }
            },
            id="the case of a gateway's id means nothing",
        ),
        pytest.param(
            {},
            {"ingressBytesTransferred": 10**12, "etag": "x", "resourceGuid": "y"},
            id="counters are not configuration",
        ),
    ],
)
def test_no_difference_leads_to_no_write(spec: dict[str, Any], live: dict[str, Any]):
    assert type(plan(a_snapshot(a_connection(**spec), live=a_live_connection(**live)))).__name__ == "Settled"


@pytest.mark.parametrize(
    ("spec", "path", "effect"),
    [
        pytest.param({"connectionMode": "ResponderOnly"}, "connectionMode", "TunnelDrop", id="mode"),
        pytest.param({"routingWeight": 5}, "routingWeight", "None", id="a weight moves routes, not the tunnel"),
        pytest.param({"dpdTimeoutSeconds": 30}, "dpdTimeoutSeconds", "TunnelDrop", id="DPD"),
        pytest.param({"useLocalAzureIpAddress": True}, "useLocalAzureIpAddress", "TunnelDrop", id="private address"),
        pytest.param(
            {"usePolicyBasedTrafficSelectors": True}, "usePolicyBasedTrafficSelectors", "TunnelDrop", id="selector flag"
        ),
        pytest.param({"trafficSelectorPolicies": _SELECTORS}, "trafficSelectorPolicies", "TunnelDrop", id="selectors"),
        pytest.param({"ingressNatRules": [{"name": "n"}]}, "ingressNatRules", "TunnelDrop", id="NAT in"),
        pytest.param({"egressNatRules": [{"name": "n"}]}, "egressNatRules", "TunnelDrop", id="NAT out"),
        pytest.param({"ipsecPolicyRef": DROP}, "ipsecPolicies", "TunnelDrop", id="the policy"),
    ],
)
def test_each_field_is_one_difference_and_one_put(spec: dict[str, Any], path: str, effect: str):
    step = plan(a_snapshot(a_connection(**spec)))
    assert isinstance(step, Put)
    assert [(d.path, d.effect.value) for d in step.differences] == [(path, effect)]


def test_bgp_is_one_put_on_a_gateway_that_has_it():
    step = plan(a_snapshot(a_connection(enableBgp=True), gateway=a_gateway(enable_bgp=True)))
    assert isinstance(step, Put)
    assert [d.path for d in step.differences] == ["enableBgp"]


def test_equal_connections_have_no_differences():
    assert find_differences(a_live_connection(), a_live_connection(connectionStatus="NotConnected")) == ()


def test_a_value_is_shown_as_people_write_it():
    want = a_live_connection(enableBgp=True, tags={"azvpn-owner": OWNER, "team": "core"})
    have = a_live_connection(ipsecPolicies=[], tags={"azvpn-owner": OWNER, "old": "1"})
    shown = {d.path: (d.want, d.have) for d in find_differences(want, have)}
    assert shown == {
        "ipsecPolicies": ("AES256/SHA384/DHGroup24/AES256/SHA256/None/30000/102400000", "Default"),
        "enableBgp": ("true", "false"),
        "tags[team]": ("core", "(absent)"),
        "tags[old]": ("(absent)", "1"),
    }


def test_the_same_bgp_address_on_another_configuration_shows_where():
    def addresses(configuration: str) -> dict[str, Any]:
        item = {
            "ipConfigurationId": f"{GATEWAY_ID}/ipConfigurations/{configuration}",
            "customBgpIpAddress": "169.254.21.1",
        }
        return {"gatewayCustomBgpIpAddresses": [item]}

    (found,) = find_differences(a_live_connection(**addresses("one")), a_live_connection(**addresses("two")))
    assert (found.want, found.have) == ("169.254.21.1 on one", "169.254.21.1 on two")


def test_long_values_are_cut_to_what_the_status_can_hold():
    tags = {"azvpn-owner": OWNER, "n" * 512: "v" * 5000}
    (found,) = find_differences(a_live_connection(tags=tags), a_live_connection())
    assert len(found.path) == 256
    assert len(found.want) == VALUE_LIMIT == 1024


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_a_failed_connection_differs_in_its_state(state: str):
    found = find_differences(a_live_connection(), a_live_connection(provisioningState=state))
    assert [(d.path, d.want, d.have) for d in found] == [("provisioningState", "Succeeded", state)]


def test_a_running_operation_is_no_difference():
    assert find_differences(a_live_connection(), a_live_connection(provisioningState="Updating")) == ()
