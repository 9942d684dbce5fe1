"""The other half of an owned pair is the same tunnel, seen from the other end."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azure_vpn_operator.api.vpn_connection import ReverseHalf, VpnConnection
from azure_vpn_operator.domain.azure.bodies import build_put_body
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.mirror import find_clash, mirrored
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from azure_vpn_operator.domain.rules.validation import read_connection
from azure_vpn_operator.domain.rules.violations import Invalid
from support.builders import a_policy, an_installation
from support.cases.objects import DROP, OTHER_SUBSCRIPTION, SUBSCRIPTION, Document, connection, pair_connection


def _id(kind: str, name: str, group: str, subscription: str = SUBSCRIPTION) -> ArmId:
    return ArmId.build(subscription, group, kind, name)


def _read(document: Document) -> VpnConnection:
    read = read_connection(document)
    assert not isinstance(read, Invalid), read.violations
    return read


def _resolve(subject: VpnConnection, default: str | None = SUBSCRIPTION) -> Target:
    target = resolve_target(subject, an_installation(subscription_id=default))
    assert isinstance(target, Target)
    return target


def _reverse(document: Document) -> tuple[VpnConnection, Target]:
    subject = _read(document)
    half = mirrored(subject, _resolve(subject))
    return half, _resolve(half)


def test_half_of_the_how_tos_pair_leads_back():
    half, target = _reverse(pair_connection())

    assert target == Target(
        connection=_id("connections", "VNet2toVNet1", "TestRG2"),
        gateway=_id("virtualNetworkGateways", "VNet2GW", "TestRG2"),
        local_gateway=None,
        peer_gateway=_id("virtualNetworkGateways", "VNet1GW", "TestRG1"),
    )
    assert half.spec.reverse is None


@pytest.mark.parametrize(
    ("document", "connection_id", "gateway", "peer"),
    [
        pytest.param(
            pair_connection({"resourceGroup": DROP}),
            _id("connections", "VNet2toVNet1", "TestRG1"),
            _id("virtualNetworkGateways", "VNet2GW", "TestRG2"),
            _id("virtualNetworkGateways", "VNet1GW", "TestRG1"),
            id="an absent resource group is the connection's, not the peer gateway's",
        ),
        pytest.param(
            pair_connection(
                {"resourceGroup": DROP},
                resourceGroup=DROP,
                virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "hub"},
                peerVirtualNetworkGateway={"name": "VNet2GW"},
            ),
            _id("connections", "VNet2toVNet1", "hub"),
            _id("virtualNetworkGateways", "VNet2GW", "hub"),
            _id("virtualNetworkGateways", "VNet1GW", "hub"),
            id="the connection's resource group may be its gateway's",
        ),
        pytest.param(
            pair_connection(subscriptionId=OTHER_SUBSCRIPTION),
            _id("connections", "VNet2toVNet1", "TestRG2", OTHER_SUBSCRIPTION),
            _id("virtualNetworkGateways", "VNet2GW", "TestRG2", OTHER_SUBSCRIPTION),
            _id("virtualNetworkGateways", "VNet1GW", "TestRG1", OTHER_SUBSCRIPTION),
            id="an absent subscription is the connection's, not the operator's setting",
        ),
        pytest.param(
            pair_connection(
                {"subscriptionId": OTHER_SUBSCRIPTION},
                peerVirtualNetworkGateway={
                    "name": "VNet2GW",
                    "resourceGroup": "TestRG2",
                    "subscriptionId": OTHER_SUBSCRIPTION,
                },
            ),
            _id("connections", "VNet2toVNet1", "TestRG2", OTHER_SUBSCRIPTION),
            _id("virtualNetworkGateways", "VNet2GW", "TestRG2", OTHER_SUBSCRIPTION),
            _id("virtualNetworkGateways", "VNet1GW", "TestRG1"),
            id="across subscriptions each gateway stays where it is",
        ),
        pytest.param(
            pair_connection({"azureName": "vnet1-to-site6"}, azureName=DROP),
            _id("connections", "vnet1-to-site6", "TestRG2"),
            _id("virtualNetworkGateways", "VNet2GW", "TestRG2"),
            _id("virtualNetworkGateways", "VNet1GW", "TestRG1"),
            id="the half has its own name, whatever the object's is",
        ),
    ],
)
def test_names_that_are_absent_are_the_connections(
    document: Document, connection_id: ArmId, gateway: ArmId, peer: ArmId
):
    _, target = _reverse(document)

    assert target == Target(connection_id, gateway, None, peer)


_OWN: dict[str, Any] = {
    "connectionMode": "InitiatorOnly",
    "routingWeight": 7,
    "dpdTimeoutSeconds": 31,
    "tags": {"side": "one"},
}
_NAT = [{"name": "a"}]
_BGP = [
    {
        "ipConfigurationId": str(_id("virtualNetworkGateways", "VNet1GW", "TestRG1")) + "/ipConfigurations/default",
        "customBgpIpAddress": "169.254.21.1",
    }
]


@pytest.mark.parametrize(
    ("reverse", "expected"),
    [
        pytest.param({}, _OWN, id="as the connection where nothing is said"),
        pytest.param(
            {"connectionMode": "ResponderOnly", "routingWeight": 9, "dpdTimeoutSeconds": 40, "tags": {"side": "two"}},
            {"connectionMode": "ResponderOnly", "routingWeight": 9, "dpdTimeoutSeconds": 40, "tags": {"side": "two"}},
            id="its own where something is said",
        ),
        pytest.param({"routingWeight": 0}, _OWN | {"routingWeight": 0}, id="a weight of zero is something said"),
        pytest.param({"tags": {}}, _OWN | {"tags": {}}, id="no tags is something said"),
    ],
)
def test_half_has_settings_of_its_own(reverse: Document, expected: Document):
    half, _ = _reverse(pair_connection(reverse, **_OWN))

    wire = half.spec.wire()
    assert {name: wire[name] for name in _OWN} == expected


def test_nat_rules_and_bgp_addresses_belong_to_one_gateway_and_are_not_inherited():
    half, _ = _reverse(
        pair_connection(ingressNatRules=_NAT, egressNatRules=_NAT, gatewayCustomBgpIpAddresses=_BGP, enableBgp=True)
    )

    assert half.spec.ingress_nat_rules == half.spec.egress_nat_rules == half.spec.gateway_custom_bgp_ip_addresses == ()


def test_nat_rule_by_name_is_one_of_the_peers_gateway():
    half, target = _reverse(pair_connection({"egressNatRules": _NAT}))

    properties = build_put_body(half.spec, target, None, "westus", {}, "IKEv2")["properties"]
    assert properties["egressNatRules"] == [{"id": f"{target.gateway}/natRules/a"}]


def test_what_is_local_here_is_remote_there():
    selectors = [{"localAddressRanges": ["10.11.0.0/16", "10.12.0.0/16"], "remoteAddressRanges": ["10.21.0.0/16"]}]

    half, _ = _reverse(pair_connection(usePolicyBasedTrafficSelectors=True, trafficSelectorPolicies=selectors))

    assert half.spec.wire()["trafficSelectorPolicies"] == [
        {"localAddressRanges": ["10.21.0.0/16"], "remoteAddressRanges": ["10.11.0.0/16", "10.12.0.0/16"]}
    ]


def test_an_observer_without_a_gateway_watches_a_half_without_a_peer():
    half, target = _reverse(pair_connection(managementPolicy="Observe", virtualNetworkGateway=DROP))

    assert target.gateway == _id("virtualNetworkGateways", "VNet2GW", "TestRG2")
    assert (target.peer_gateway, half.spec.peer_virtual_network_gateway) == (None, None)


def test_object_that_owns_one_half_has_no_other():
    subject = _read(connection())

    with pytest.raises(ValueError, match="only one half"):
        mirrored(subject, _resolve(subject))


def test_halves_that_the_default_subscription_makes_one_are_told():
    """Whether the default is the named subscription, the rules cannot know."""
    subject = _read(
        pair_connection({"azureName": "vnet1tovnet2", "resourceGroup": "testRG1", "subscriptionId": SUBSCRIPTION})
    )

    def clash(default: str) -> str | None:
        forward = _resolve(subject, default)
        found = find_clash(forward, _resolve(mirrored(subject, forward), default))
        return found.reason if found is not None else None

    assert (clash(SUBSCRIPTION), clash(OTHER_SUBSCRIPTION)) == ("InvalidSpec", None)


_NAMES = st.sampled_from(["a", "VNet1", "x_1"])
_GROUPS = st.sampled_from(["TestRG1", "testrg1", "TestRG2"])
_SUBSCRIPTIONS = st.sampled_from([SUBSCRIPTION, OTHER_SUBSCRIPTION])
_GATEWAYS = st.fixed_dictionaries(
    {"name": _NAMES}, optional={"resourceGroup": _GROUPS, "subscriptionId": _SUBSCRIPTIONS}
) | st.builds(
    lambda name, group, subscription: {"id": str(_id("virtualNetworkGateways", name, group, subscription))},
    _NAMES,
    _GROUPS,
    _SUBSCRIPTIONS,
)
_RANGES = st.lists(st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "fd00::/8"]), min_size=1, max_size=2)
_BGP_LISTS = st.sampled_from([[], _BGP])
_NAT_LISTS = st.sampled_from([[], _NAT])
_PER_HALF: dict[str, st.SearchStrategy[Any]] = {
    "connectionMode": st.sampled_from(["Default", "InitiatorOnly", "ResponderOnly"]),
    "routingWeight": st.integers(0, 3),
    "dpdTimeoutSeconds": st.integers(9, 60),
    "ingressNatRules": _NAT_LISTS,
    "egressNatRules": _NAT_LISTS,
    "gatewayCustomBgpIpAddresses": _BGP_LISTS,
    "tags": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", ""])),
}
_REVERSES = st.fixed_dictionaries(
    {"azureName": _NAMES}, optional={"resourceGroup": _GROUPS, "subscriptionId": _SUBSCRIPTIONS, **_PER_HALF}
)
_SHARED: dict[str, st.SearchStrategy[Any]] = {
    "azureName": _NAMES,
    "subscriptionId": _SUBSCRIPTIONS,
    "ipsecPolicyRef": st.just({"name": "vnet-pair"}),
    "sharedKeySecretRef": st.just({"name": "key", "key": "psk"}),
    "connectionType": st.just("Vnet2Vnet"),
    "connectionProtocol": st.sampled_from(["IKEv1", "IKEv2"]),
    "usePolicyBasedTrafficSelectors": st.booleans(),
    "trafficSelectorPolicies": st.lists(
        st.fixed_dictionaries({"localAddressRanges": _RANGES, "remoteAddressRanges": _RANGES}), max_size=2
    ),
    "enableBgp": st.booleans(),
    "useLocalAzureIpAddress": st.booleans(),
    "adoptionPolicy": st.sampled_from(["Never", "Always"]),
    "suspend": st.booleans(),
}


@st.composite
def _pairs(draw: st.DrawFn) -> VpnConnection:
    spec = draw(
        st.fixed_dictionaries(
            {
                "resourceGroup": _GROUPS,
                "virtualNetworkGateway": _GATEWAYS,
                "peerVirtualNetworkGateway": _GATEWAYS,
                "reverse": _REVERSES,
            },
            optional={**_SHARED, **_PER_HALF},
        )
    )
    read = read_connection({**pair_connection(), "spec": spec})
    assume(not isinstance(read, Invalid))
    assert not isinstance(read, Invalid)
    # The rule cannot tell that a gateway is its own peer while only one of them names its subscription.
    target = _resolve(read)
    assume(target.gateway != target.peer_gateway)
    return read


_MIRRORED = {
    "azure_name",
    "subscription_id",
    "resource_group",
    "virtual_network_gateway",
    "peer_virtual_network_gateway",
    "reverse",
    "traffic_selector_policies",
    *(field for field in ReverseHalf.model_fields),
}


@given(subject=_pairs())
def test_gateways_are_swapped_and_the_half_is_where_it_is_said_to_be(subject: VpnConnection):
    forward = _resolve(subject)
    reverse, half = _resolve(mirrored(subject, forward)), subject.spec.reverse

    assert half is not None
    assert (reverse.gateway, reverse.peer_gateway) == (forward.peer_gateway, forward.gateway)
    assert reverse.gateway_ids == forward.gateway_ids
    assert reverse.connection_type == forward.connection_type
    assert reverse.connection == ArmId.build(
        half.subscription_id or forward.connection.subscription,
        half.resource_group or forward.connection.resource_group,
        "connections",
        half.azure_name,
    )


@given(subject=_pairs())
def test_all_that_is_no_half_of_anything_is_the_same(subject: VpnConnection):
    half = mirrored(subject, _resolve(subject))

    assert half.spec.model_dump(exclude=_MIRRORED) == subject.spec.model_dump(exclude=_MIRRORED)
    assert (half.metadata, half.status) == (subject.metadata, subject.status)
    assert half.spec.ipsec_policy_ref == subject.spec.ipsec_policy_ref
    assert half.spec.shared_key_secret_ref == subject.spec.shared_key_secret_ref


@given(subject=_pairs())
def test_mirroring_twice_gives_the_first_half_back(subject: VpnConnection):
    forward = _resolve(subject)
    half = mirrored(subject, forward)
    names = {"azure_name": forward.connection.name, "resource_group": forward.connection.resource_group}
    place = {"subscription_id": forward.connection.subscription, **names}
    own = {field: getattr(subject.spec, field) for field in ReverseHalf.model_fields if field not in place}
    owned = half.model_copy(update={"spec": half.spec.model_copy(update={"reverse": ReverseHalf(**place, **own)})})

    back = mirrored(owned, _resolve(owned))

    assert _resolve(back) == forward
    differing = {"virtual_network_gateway", "peer_virtual_network_gateway", "reverse", *place}
    # What the first half leaves to Azure's default, and the second one names, has no way back: absent means the same here.
    for field in ("connection_mode", "routing_weight", "dpd_timeout_seconds"):
        if getattr(subject.spec, field) is None:
            differing.add(field)
    assert back.spec.model_dump(exclude=differing) == subject.spec.model_dump(exclude=differing)


@given(subject=_pairs())
def test_half_is_an_object_that_everybody_accepts(subject: VpnConnection):
    half = mirrored(subject, _resolve(subject))

    assert _read({"metadata": {"name": "x"}, "spec": half.spec.wire()}).spec == half.spec


@given(subject=_pairs())
def test_both_bodies_hold_one_policy_and_opposite_selectors(subject: VpnConnection):
    forward = _resolve(subject)
    half = mirrored(subject, forward)
    policy = a_policy().spec

    one = build_put_body(subject.spec, forward, policy, "eastus", {}, "IKEv2")["properties"]
    other = build_put_body(half.spec, _resolve(half), policy, "westus", {}, "IKEv2")["properties"]

    for same in (
        "ipsecPolicies",
        "connectionProtocol",
        "connectionType",
        "enableBgp",
        "useLocalAzureIpAddress",
        "usePolicyBasedTrafficSelectors",
    ):
        assert one[same] == other[same]
    assert (one["virtualNetworkGateway1"], one["virtualNetworkGateway2"]) == (
        other["virtualNetworkGateway2"],
        other["virtualNetworkGateway1"],
    )
    assert [(item["localAddressRanges"], item["remoteAddressRanges"]) for item in one["trafficSelectorPolicies"]] == [
        (item["remoteAddressRanges"], item["localAddressRanges"]) for item in other["trafficSelectorPolicies"]
    ]
