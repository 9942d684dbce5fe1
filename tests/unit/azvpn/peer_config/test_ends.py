"""What a device has to know of both ends: from the spec and the status, from what the user says, else placeholders."""

from typing import Any

import pytest

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.peer_config.devices import render
from azure_vpn_operator.azvpn.peer_config.ends import Given, peer_side
from azure_vpn_operator.azvpn.peer_config.in_force import values_in_force
from azure_vpn_operator.azvpn.peer_config.peer_side import Bgp, Initiation, PeerSide, Selector
from azure_vpn_operator.domain.rules.validation import read_connection
from azure_vpn_operator.domain.rules.violations import Invalid
from support.builders import GATEWAY_ID, a_document, a_policy
from support.cases.objects import DROP
from support.peer_configs import a_configuration, a_side

CUSTOM_BGP = [
    {"ipConfigurationId": f"{GATEWAY_ID}/ipConfigurations/{name}", "customBgpIpAddress": address}
    for name, address in (("one", "169.254.21.1"), ("two", "169.254.22.1"))
]
BGP_PEERS = {"peers": [{"address": "10.6.0.254", "asn": 65010, "state": "Connected"}]}


def side(given: Given | None = None, status: dict[str, Any] | None = None, **spec: Any) -> PeerSide:
    connection = read_connection(a_document(**spec) | {"status": status or {}})
    assert not isinstance(connection, Invalid)
    return peer_side(
        connection, values_in_force(connection, a_policy(), as_written=False), given or Given(), shared_key=None
    )


def half(**values: Any) -> dict[str, Any]:
    return {"halves": [{"role": "Forward", **values}]}


def told(pairs: list[str], more: int | None = None) -> dict[str, Any]:
    return {"trafficSelectors": {"source": "AddressSpaces", "pairs": pairs, **({"more": more} if more else {})}}


@pytest.mark.parametrize(
    ("given", "status", "addresses"),
    [
        pytest.param(Given(), {}, ("AZURE_ADDRESS",), id="nothing is known"),
        pytest.param(
            Given(),
            half(tunnels=[{"name": "a", "status": "Connected"}, {"name": "b", "status": "Connected"}]),
            ("AZURE_ADDRESS_1", "AZURE_ADDRESS_2"),
            id="an active-active gateway has two tunnels",
        ),
        pytest.param(
            Given(azure_addresses=("192.0.2.1",)),
            half(tunnels=[{"name": "a", "status": "Connected"}, {"name": "b", "status": "Connected"}]),
            ("192.0.2.1",),
            id="what the user says is so",
        ),
    ],
)
def test_there_is_a_tunnel_for_each_address_of_azure(given: Given, status: dict[str, Any], addresses: tuple[str, ...]):
    assert side(given, status).azure_addresses == addresses


SELECTORS = [
    {"localAddressRanges": ["10.1.0.0/16", "10.2.0.0/16"], "remoteAddressRanges": ["10.6.0.0/16"]},
    {"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.6.0.0/16", "10.7.0.0/16"]},
]


@pytest.mark.parametrize(
    ("spec", "status", "given", "pairs"),
    [
        pytest.param({}, {}, Given(), [("0.0.0.0/0", "0.0.0.0/0")], id="route-based: any to any"),
        pytest.param(
            {"trafficSelectorPolicies": SELECTORS},
            {},
            Given(),
            [("0.0.0.0/0", "0.0.0.0/0")],
            id="ranges without the flag are not used by Azure",
        ),
        pytest.param(
            {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": SELECTORS},
            told(["10.9.0.0/16 <=> 10.8.0.0/16"]),
            Given(azure_prefixes=("10.5.0.0/16",), device_prefixes=("10.6.0.0/16",)),
            [("10.6.0.0/16", "10.1.0.0/16"), ("10.6.0.0/16", "10.2.0.0/16"), ("10.7.0.0/16", "10.1.0.0/16")],
            id="the spec's own, each pair once",
        ),
        pytest.param(
            {"usePolicyBasedTrafficSelectors": True},
            told(["10.1.0.0/16 <=> 10.6.0.0/16", "10.1.0.0/16 <=> 10.7.0.0/16"]),
            Given(),
            [("10.6.0.0/16", "10.1.0.0/16"), ("10.7.0.0/16", "10.1.0.0/16")],
            id="those of the status, where Azure's range is first",
        ),
        pytest.param(
            {"usePolicyBasedTrafficSelectors": True},
            {},
            Given(azure_prefixes=("10.1.0.0/16", "10.2.0.0/16"), device_prefixes=("10.6.0.0/16",)),
            [("10.6.0.0/16", "10.1.0.0/16"), ("10.6.0.0/16", "10.2.0.0/16")],
            id="all pairs of what the user says",
        ),
        pytest.param(
            {"usePolicyBasedTrafficSelectors": True},
            {},
            Given(azure_prefixes=("10.1.0.0/16",)),
            [("DEVICE_PREFIX", "10.1.0.0/16")],
            id="a placeholder for what nobody says",
        ),
    ],
)
def test_selectors(spec: dict[str, Any], status: dict[str, Any], given: Given, pairs: list[tuple[str, str]]):
    assert side(given, status, **spec).selectors == tuple(Selector(device, azure) for device, azure in pairs)


def test_pairs_that_the_status_leaves_out_are_said():
    found = side(status=told(["10.1.0.0/16 <=> 10.6.0.0/16"], more=8), usePolicyBasedTrafficSelectors=True)

    assert any("8 more" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("mode", "initiation"),
    [
        pytest.param(DROP, Initiation.EITHER, id="nothing is said"),
        pytest.param("Default", Initiation.EITHER, id="Default"),
        pytest.param("ResponderOnly", Initiation.DEVICE, id="ResponderOnly"),
        pytest.param("InitiatorOnly", Initiation.AZURE, id="InitiatorOnly"),
    ],
)
def test_who_begins_is_seen_from_the_device(mode: Any, initiation: Initiation):
    assert side(connectionMode=mode).initiation is initiation


@pytest.mark.parametrize(
    ("spec", "status", "version"),
    [
        pytest.param({}, {}, 2, id="IKEv2 unless something else is said"),
        pytest.param({"connectionProtocol": "IKEv1"}, {}, 1, id="the spec says it"),
        pytest.param({}, half(connectionProtocol="IKEv1"), 1, id="an adopted connection has what Azure has"),
    ],
)
def test_ike_version(spec: dict[str, Any], status: dict[str, Any], version: int):
    assert side(status=status, **spec).ike_version == version


@pytest.mark.parametrize(
    ("given", "status", "spec", "bgp"),
    [
        pytest.param(Given(), {}, {}, None, id="without BGP"),
        pytest.param(
            Given(),
            half(bgp=BGP_PEERS),
            {"enableBgp": True},
            Bgp("AZURE_ASN", ("AZURE_BGP_ADDRESS",), "65010", "10.6.0.254"),
            id="the status tells the device's own end",
        ),
        pytest.param(
            Given(
                azure_asn="65515",
                azure_bgp_addresses=("10.1.255.30",),
                device_asn="65011",
                device_bgp_address="10.6.0.1",
            ),
            half(bgp=BGP_PEERS),
            {"enableBgp": True},
            Bgp("65515", ("10.1.255.30",), "65011", "10.6.0.1"),
            id="the user says it all",
        ),
        pytest.param(
            Given(azure_addresses=("192.0.2.1", "192.0.2.2"), azure_bgp_addresses=("169.254.21.1",)),
            {},
            {"enableBgp": True},
            Bgp("AZURE_ASN", ("169.254.21.1", "AZURE_BGP_ADDRESS_2"), "DEVICE_ASN", "DEVICE_BGP_ADDRESS"),
            id="one for each tunnel, whatever the user says",
        ),
        pytest.param(
            Given(),
            {},
            {"enableBgp": True, "gatewayCustomBgpIpAddresses": CUSTOM_BGP},
            Bgp("AZURE_ASN", ("169.254.21.1", "169.254.22.1"), "DEVICE_ASN", "DEVICE_BGP_ADDRESS"),
            id="the spec's own, one for each instance of the gateway",
        ),
    ],
)
def test_bgp(given: Given, status: dict[str, Any], spec: dict[str, Any], bgp: Bgp | None):
    assert side(given, status, **spec).bgp == bgp


@pytest.mark.parametrize(("dpd", "probes"), [(45, 15), (30, 10), (9, 3), (3600, 1200)])
def test_device_probes_so_that_three_lost_ones_take_as_long_as_azure_waits(dpd: int, probes: int):
    assert side(dpdTimeoutSeconds=dpd).probes_every == probes


@pytest.mark.parametrize(
    ("given", "spec", "says"),
    [
        pytest.param(
            Given(azure_addresses=("192.0.2.1",)),
            {"enableBgp": True, "gatewayCustomBgpIpAddresses": CUSTOM_BGP},
            "of 2 BGP addresses of Azure 1 are used",
            id="fewer tunnels than addresses",
        ),
        pytest.param(Given(azure_asn="65515"), {}, "does not use BGP", id="BGP that the connection has not got"),
    ],
)
def test_what_is_not_used_is_said(given: Given, spec: dict[str, Any], says: str):
    assert any(says in remark for remark in side(given, **spec).remarks)


def test_other_end_of_a_vnet_to_vnet_connection_is_no_device():
    with pytest.raises(ToolError, match="there is no device to configure"):
        side(localNetworkGateway=DROP, peerVirtualNetworkGateway={"name": "VNet2GW"})


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"ipsecPolicyRef": DROP}, "group 2 only, which is weak", id="Default policy"),
        pytest.param(
            {"ipsecPolicyRef": DROP, "connectionProtocol": "IKEv1"}, "type PolicyBased has other lists", id="with IKEv1"
        ),
        pytest.param(
            {"ipsecPolicyRef": DROP, "managementPolicy": "Observe", "sharedKeySecretRef": DROP},
            "Azure may hold any",
            id="an observer names no policy",
        ),
        pytest.param({"egressNatRules": [{"name": "out"}]}, "after the translation", id="NAT rules"),
    ],
)
def test_what_people_should_know_is_said(spec: dict[str, Any], says: str):
    assert any(says in remark for remark in side(**spec).remarks)


def test_placeholders_are_explained_where_they_are_used_and_nowhere_else():
    text = render(side(Given(device_address="192.0.2.6")), "strongswan").text

    assert "#   AZURE_ADDRESS: az network vnet-gateway show --resource-group TestRG1 --name VNet1GW" in text
    assert "#   SHARED_KEY: key sharedKey of Secret site6-key; --show-key puts it in" in text
    assert "DEVICE_ADDRESS" not in text
    assert "DEVICE_ASN" not in text


def test_names_are_fit_for_devices():
    assert side().label == "vnet1-to-site6"
    assert side().short_label(13) == "net1-to-site6", "the end, in which names differ"


@pytest.mark.parametrize("key", ["Secret1.not.for.use", None], ids=["asked for", "not asked for"])
def test_key_is_in_the_text_if_asked_for_and_in_no_repr(key: str | None):
    assert "Secret1" not in repr(a_side(key=key))
    assert ("Secret1.not.for.use" in a_configuration("strongswan", key=key).text) == (key is not None)
