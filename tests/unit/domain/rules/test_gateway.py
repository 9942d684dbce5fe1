from typing import Any

import pytest

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.api.vpn_connection import VpnConnectionSpec
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, check_gateway, gateway_warnings
from support.cases.objects import NETWORK, connection, policy, vnet_connection

_POLICY = IpsecPolicySpec.model_validate(policy()["spec"])
_CONFIGURATION = f"{NETWORK}/virtualNetworkGateways/VNet1GW/ipConfigurations/default"
# The how-to's list, one by one.
_SKUS = [
    "VpnGw1",
    "VpnGw2",
    "VpnGw3",
    "VpnGw4",
    "VpnGw5",
    "VpnGw1AZ",
    "VpnGw2AZ",
    "VpnGw3AZ",
    "VpnGw4AZ",
    "VpnGw5AZ",
    "Standard",
    "HighPerformance",
]


def _gateway(name: str = "VNet1GW", **changes: Any) -> GatewayFacts:
    facts = {
        "id": ArmId.parse(f"{NETWORK}/virtualNetworkGateways/{name}"),
        "location": "westeurope",
        "sku": "VpnGw2AZ",
        "vpn_type": "RouteBased",
        "gateway_type": "Vpn",
        "active_active": False,
        "enable_bgp": False,
        "bgp_asn": None,
        "provisioning_state": "Succeeded",
        "ip_configuration_ids": (_CONFIGURATION,),
    }
    return GatewayFacts(**(facts | changes))


def _spec(**changes: Any) -> VpnConnectionSpec:
    return VpnConnectionSpec.model_validate(connection(**changes)["spec"])


def _rules(
    document: dict[str, Any],
    with_policy: IpsecPolicySpec | None,
    gateway: GatewayFacts,
    peer: GatewayFacts | None = None,
) -> list[tuple[str, str]]:
    spec = VpnConnectionSpec.model_validate(document["spec"])
    refusals = check_gateway(spec, with_policy, gateway, peer)
    return [(found.rule, found.field) for refusal in refusals for found in refusal.violations]


@pytest.mark.parametrize("sku", _SKUS)
def test_custom_policy_works_on_every_sku_of_the_how_to(sku: str):
    assert _rules(connection(), _POLICY, _gateway(sku=sku)) == []
    assert _rules(connection(), _POLICY, _gateway(sku=sku.upper())) == []


@pytest.mark.parametrize(
    ("why", "document", "with_policy", "gateway", "expected"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            (
                "Basic cannot have a custom policy",
                connection(),
                _POLICY,
                _gateway(sku="Basic"),
                [("policy-needs-sku", "spec.ipsecPolicyRef")],
            ),
            ("Basic can have the Default policy", connection(), None, _gateway(sku="Basic"), []),
            (
                "PolicyBased cannot have a custom policy",
                connection(),
                _POLICY,
                _gateway(vpn_type="PolicyBased"),
                [("policy-needs-route-based", "spec.ipsecPolicyRef")],
            ),
            (
                "PolicyBased can have the Default policy",
                connection(),
                None,
                _gateway(vpn_type="PolicyBased", sku="Basic"),
                [],
            ),
            (
                "a PolicyBased Basic gateway breaks both",
                connection(),
                _POLICY,
                _gateway(vpn_type="PolicyBased", sku="Basic"),
                [("policy-needs-route-based", "spec.ipsecPolicyRef"), ("policy-needs-sku", "spec.ipsecPolicyRef")],
            ),
            ("an unknown SKU is not refused", connection(), _POLICY, _gateway(sku="VpnGw6AZ"), []),
            (
                "an ExpressRoute gateway has no VPN",
                connection(),
                None,
                _gateway(gateway_type="ExpressRoute"),
                [("gateway-is-vpn", "spec.virtualNetworkGateway")],
            ),
            ("IKEv1 works on VpnGw2AZ", connection(connectionProtocol="IKEv1"), _POLICY, _gateway(), []),
            (
                "IKEv1 does not work on Standard",
                connection(connectionProtocol="IKEv1"),
                None,
                _gateway(sku="Standard"),
                [("ikev1-needs-sku", "spec.connectionProtocol")],
            ),
            (
                "IKEv1 does not work on HighPerformance",
                connection(connectionProtocol="IKEv1"),
                None,
                _gateway(sku="HighPerformance"),
                [("ikev1-needs-sku", "spec.connectionProtocol")],
            ),
            (
                "IKEv1 does not work on RouteBased Basic",
                connection(connectionProtocol="IKEv1"),
                None,
                _gateway(sku="Basic"),
                [("ikev1-needs-sku", "spec.connectionProtocol")],
            ),
            (
                "IKEv1 is what PolicyBased speaks",
                connection(connectionProtocol="IKEv1"),
                None,
                _gateway(sku="Basic", vpn_type="PolicyBased"),
                [],
            ),
            (
                "IKEv2 does not work on PolicyBased",
                connection(connectionProtocol="IKEv2"),
                None,
                _gateway(sku="Basic", vpn_type="PolicyBased"),
                [("ikev2-needs-route-based", "spec.connectionProtocol")],
            ),
            (
                "policy-based selectors are for RouteBased",
                connection(usePolicyBasedTrafficSelectors=True),
                None,
                _gateway(vpn_type="PolicyBased"),
                [("selectors-need-route-based", "spec.usePolicyBasedTrafficSelectors")],
            ),
            (
                "DPD is for RouteBased",
                connection(dpdTimeoutSeconds=30),
                None,
                _gateway(vpn_type="PolicyBased"),
                [("dpd-needs-route-based", "spec.dpdTimeoutSeconds")],
            ),
            (
                "BGP needs a gateway with BGP",
                connection(enableBgp=True),
                None,
                _gateway(),
                [("bgp-needs-gateway", "spec.enableBgp")],
            ),
            (
                "BGP on a gateway with BGP",
                connection(enableBgp=True),
                None,
                _gateway(enable_bgp=True, bgp_asn=65010),
                [],
            ),
        ]
    ],
)
def test_gateway_decides(
    why: str,
    document: dict[str, Any],
    with_policy: IpsecPolicySpec | None,
    gateway: GatewayFacts,
    expected: list[tuple[str, str]],
):
    assert _rules(document, with_policy, gateway) == expected, why


@pytest.mark.parametrize(
    ("changes", "configuration", "expected"),
    [
        pytest.param(
            {"active_active": True},
            _CONFIGURATION.upper(),
            [],
            id="an active-active gateway's own configuration, in any case",
        ),
        pytest.param({}, _CONFIGURATION, ["bgp-address-needs-active-active"], id="one instance only"),
        pytest.param(
            {"active_active": True},
            f"{_CONFIGURATION}2",
            ["bgp-address-ip-configuration"],
            id="a configuration that the gateway lacks",
        ),
    ],
)
def test_custom_bgp_addresses_need_an_active_active_gateway_and_its_configurations(
    changes: dict[str, Any], configuration: str, expected: list[str]
):
    addresses = [{"ipConfigurationId": configuration, "customBgpIpAddress": "169.254.21.1"}]
    document = connection(enableBgp=True, gatewayCustomBgpIpAddresses=addresses)

    assert [rule for rule, _ in _rules(document, None, _gateway(enable_bgp=True, **changes))] == expected


@pytest.mark.parametrize(
    ("gateway", "peer", "expected"),
    [
        pytest.param(_gateway(), _gateway("VNet2GW"), [], id="two RouteBased gateways"),
        pytest.param(_gateway(), None, [], id="a peer that is not known yet"),
        pytest.param(
            _gateway(vpn_type="PolicyBased"),
            None,
            [("vnet-to-vnet-needs-route-based", "spec.virtualNetworkGateway")],
            id="PolicyBased here",
        ),
        pytest.param(
            _gateway(),
            _gateway("VNet2GW", vpn_type="PolicyBased"),
            [("vnet-to-vnet-needs-route-based", "spec.peerVirtualNetworkGateway")],
            id="PolicyBased there",
        ),
        pytest.param(
            _gateway(),
            _gateway("VNet2GW", gateway_type="ExpressRoute"),
            [("gateway-is-vpn", "spec.peerVirtualNetworkGateway")],
            id="no VPN gateway there",
        ),
        pytest.param(
            _gateway(),
            _gateway("VNET1GW"),
            [("gateway-is-not-its-peer", "spec.peerVirtualNetworkGateway")],
            id="one gateway under two spellings",
        ),
    ],
)
def test_both_gateways_of_a_pair_decide(
    gateway: GatewayFacts, peer: GatewayFacts | None, expected: list[tuple[str, str]]
):
    assert _rules(vnet_connection(), None, gateway, peer) == expected


def _told(document: dict[str, Any], with_policy: IpsecPolicySpec | None, *gateways: GatewayFacts) -> str:
    own, *peer = gateways
    spec = VpnConnectionSpec.model_validate(document["spec"])
    return ". ".join(str(refusal) for refusal in check_gateway(spec, with_policy, own, next(iter(peer), None)))


def test_refusal_names_the_gateway_and_what_it_is_and_the_fix():
    assert _told(connection(), _POLICY, _gateway(sku="Basic")) == (
        "VNet1GW is Vpn, RouteBased, Basic, and cannot carry the connection: spec.ipsecPolicyRef: a custom policy needs a "
        "gateway of SKU VpnGw1 to 5, VpnGw1AZ to 5AZ, Standard or HighPerformance, not Basic [policy-needs-sku]; "
        "leave ipsecPolicyRef out"
    )


def test_refusal_names_a_gateway_once_and_each_field_once_however_many_rules_fail():
    document = connection(connectionProtocol="IKEv2", dpdTimeoutSeconds=45)

    told = _told(document, _POLICY, _gateway(vpn_type="PolicyBased", sku="Basic"))

    assert told.count("VNet1GW") == 1
    assert [told.count(field) for field in ("spec.ipsecPolicyRef", "spec.connectionProtocol", "spec.dpd")] == [1, 1, 1]
    assert told.count("leave ipsecPolicyRef out") == 1, "one fix for both rules"
    assert "set connectionProtocol: IKEv1" in told


def test_refusal_of_both_gateways_is_one_sentence_each():
    told = _told(vnet_connection(), None, _gateway(vpn_type="PolicyBased"), _gateway("VNet2GW", vpn_type="PolicyBased"))

    own, peer = told.split(". ")
    assert own.startswith("VNet1GW is ")
    assert peer.startswith("VNet2GW is ")
    assert (told.count("VNet1GW"), told.count("VNet2GW")) == (1, 1)


def test_every_fix_satisfies_its_rule():
    """Who does what a hint says gets rid of the violation that it comes with."""
    fixes: dict[str, dict[str, Any]] = {
        "set connectionProtocol: IKEv1": {"connection_protocol": "IKEv1"},
        "set connectionProtocol: IKEv2": {"connection_protocol": "IKEv2"},
        "set usePolicyBasedTrafficSelectors: false": {"use_policy_based_traffic_selectors": False},
        "leave dpdTimeoutSeconds out": {"dpd_timeout_seconds": None},
        "leave gatewayCustomBgpIpAddresses out": {"gateway_custom_bgp_ip_addresses": ()},
        "enable BGP on the gateway, or set enableBgp: false": {"enable_bgp": False},
        "leave ipsecPolicyRef out": {},
    }
    bgp = [{"ipConfigurationId": _CONFIGURATION, "customBgpIpAddress": "169.254.21.1"}]
    seen = set()
    for document in (
        connection(connectionProtocol="IKEv2", dpdTimeoutSeconds=45, usePolicyBasedTrafficSelectors=True),
        connection(connectionProtocol="IKEv1", enableBgp=True, gatewayCustomBgpIpAddresses=bgp),
    ):
        for gateway in (_gateway(vpn_type="PolicyBased", sku="Basic"), _gateway(sku="Standard")):
            spec = VpnConnectionSpec.model_validate(document["spec"])
            for refusal in check_gateway(spec, _POLICY, gateway, None):
                for found in refusal.violations:
                    assert found.hint is not None, found
                    fixed = VpnConnectionSpec.model_validate(spec.model_dump() | fixes[found.hint])
                    policy = None if found.hint == "leave ipsecPolicyRef out" else _POLICY
                    left = check_gateway(fixed, policy, gateway, None)
                    assert found.rule not in {one.rule for refusal in left for one in refusal.violations}
                    seen.add(found.hint)
    assert seen == set(fixes)


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        *[(f"VpnGw{size}AZ", None) for size in range(1, 6)],
        *[(f"VpnGw{size}", "sku-retiring") for size in range(1, 6)],
        ("Standard", "sku-retiring"),
        ("HighPerformance", "sku-retiring"),
        ("Basic", None),
        ("vpngw1az", None),
        ("VpnGw6AZ", "sku-unknown"),
        ("x" * 5000, "sku-unknown"),
    ],
)
def test_retiring_and_unknown_skus_are_warned_of(sku: str, expected: str | None):
    warnings = gateway_warnings(_spec(), _gateway(sku=sku), None)

    assert [(warning.id, warning.field) for warning in warnings] == (
        [(expected, "spec.virtualNetworkGateway")] if expected else []
    )


def test_sku_of_the_peer_is_warned_of_at_its_own_field():
    warnings = gateway_warnings(_spec(), _gateway(), _gateway("VNet2GW", sku="VpnGw2"))

    assert [(warning.id, warning.field) for warning in warnings] == [("sku-retiring", "spec.peerVirtualNetworkGateway")]
    assert "VNet2GW" in warnings[0].message


@pytest.mark.parametrize(
    ("why", "selectors", "sku", "peer_sku", "expected"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            ("Basic without selectors is nothing to speak of", False, "Basic", None, []),
            ("Basic with selectors is doubtful", True, "Basic", None, ["VNet1GW"]),
            ("the SKU is told in any case", True, "basic", None, ["VNet1GW"]),
            ("other SKUs have selectors", True, "VpnGw1AZ", None, []),
            ("the peer of an owned pair has the same selectors", True, "VpnGw1AZ", "Basic", ["VNet2GW"]),
            ("both ends", True, "Basic", "Basic", ["VNet1GW", "VNet2GW"]),
        ]
    ],
)
def test_selectors_on_basic_are_warned_of_by_name(
    why: str, selectors: bool, sku: str, peer_sku: str | None, expected: list[str]
):
    peer = _gateway("VNet2GW", sku=peer_sku) if peer_sku is not None else None

    warnings = gateway_warnings(_spec(usePolicyBasedTrafficSelectors=selectors), _gateway(sku=sku), peer)

    assert [warning.message.split(" has the SKU Basic")[0] for warning in warnings] == [
        f"gateway {name}" for name in expected
    ], why
    assert {(warning.id, warning.field) for warning in warnings} <= {
        ("selectors-basic-sku", "spec.usePolicyBasedTrafficSelectors")
    }
