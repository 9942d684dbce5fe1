"""Python and the API server give the same verdict about objects that nobody thought of."""

import ipaddress
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from azure_vpn_operator.domain.azure.addresses import is_cidr, is_ip
from azure_vpn_operator.domain.rules.validation import check_connection_update, read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid, Violation
from support.cases.objects import (
    DROP,
    NETWORK,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    Document,
    connection,
    observed,
    pair_connection,
    policy,
)
from support.world.api_server import Answer, ApiServer, open_api_server
from workbench.control_plane.plane import ControlPlane

_SCHEMA = {"type", "enum", "range", "length", "items", "required"}
_TOO_SMALL = {"range", "length", "items"}

pytestmark = pytest.mark.timeout(300)
many = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane, azvpn_crds: None) -> Iterator[ApiServer]:
    with open_api_server(control_plane, f"agreement-{uuid.uuid4().hex[:8]}") as opened:
        yield opened


def _assert_agreement(answer: Answer, violations: tuple[Violation, ...]) -> None:
    rules = {found.rule for found in violations}
    assert (answer.refusal is not None) == bool(rules), (answer.refusal, violations)
    if answer.is_complete:
        ours = rules - _SCHEMA
        assert ours <= answer.rules, (answer.refusal, violations)
        # Where a value is too small the server asks our rules as well; Python leaves it at one violation.
        assert ours == answer.rules or rules & _TOO_SMALL, (answer.refusal, violations)


def _violations(read: object) -> tuple[Violation, ...]:
    return read.violations if isinstance(read, Invalid) else ()


_ODD = st.sampled_from(
    [
        None,
        "",
        "x",
        0,
        1,
        -1,
        1.5,
        45.0,
        27000.0,
        2**31,
        10**12,
        10**30,
        True,
        False,
        [],
        {},
        [None],
        [{}],
        {"a": None},
        {"name": "a"},
    ]
)
_ALGORITHMS = st.sampled_from(
    [
        "None",
        "DES",
        "DES3",
        "AES128",
        "AES192",
        "AES256",
        "GCMAES128",
        "GCMAES192",
        "GCMAES256",
        "MD5",
        "SHA1",
        "SHA256",
        "SHA384",
        "DHGroup1",
        "DHGroup2",
        "DHGroup14",
        "DHGroup2048",
        "DHGroup24",
        "ECP256",
        "ECP384",
        "PFS1",
        "PFS2",
        "PFS14",
        "PFS24",
        "PFS2048",
        "PFSMM",
        "GCMASE256",
        "aes256",
    ]
)
_POLICY_SPECS = st.fixed_dictionaries(
    {},
    optional={
        "ikeEncryption": _ALGORITHMS,
        "ikeIntegrity": _ALGORITHMS,
        "dhGroup": _ALGORITHMS,
        "ipsecEncryption": _ALGORITHMS,
        "ipsecIntegrity": _ALGORITHMS,
        "pfsGroup": _ALGORITHMS,
        "saLifeTimeSeconds": st.integers(-10, 180_000) | st.sampled_from([299, 300, 172799, 172800]),
        "saDataSizeKilobytes": st.sampled_from([0, 1, 1023, 1024, 2**31 - 1, 2**31]) | st.integers(0, 3000),
    },
)
_PAIRS = st.sampled_from(["AES256", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256", "None", "MD5", "SHA1", "AES128"])


@many
@given(spec=_POLICY_SPECS, odd=st.dictionaries(st.sampled_from(sorted(policy()["spec"])), _ODD, max_size=2))
def test_policies_are_judged_alike(server: ApiServer, spec: dict[str, Any], odd: dict[str, Any]):
    document = policy(**{**spec, **odd})

    _assert_agreement(server.try_create(document), _violations(read_policy(document)))


@many
@given(encryption=_PAIRS, integrity=_PAIRS, size=st.sampled_from([0, 512, 1024]))
def test_pairs_of_algorithms_are_judged_alike(server: ApiServer, encryption: str, integrity: str, size: int):
    document = policy(ipsecEncryption=encryption, ipsecIntegrity=integrity, saDataSizeKilobytes=size)

    _assert_agreement(server.try_create(document), _violations(read_policy(document)))


_NAMES = st.sampled_from(["VNet1GW", "vnet1gw", "VNet2GW", "Site6", "a.", "a/b", "", "x" * 80, "x" * 81]) | st.text(
    alphabet="aZ0._-/%(é\u212a\n ", min_size=1, max_size=4
)
_GROUPS = st.sampled_from(["TestRG1", "testrg1", "TestRG2", "a.", "rg(1)", "..", "x" * 91])
_SUBSCRIPTIONS = st.sampled_from([SUBSCRIPTION, OTHER_SUBSCRIPTION, SUBSCRIPTION.upper(), "x", SUBSCRIPTION[:-1] + "g"])
_IDS = st.builds(
    "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/{}/{}".format,
    st.sampled_from([SUBSCRIPTION, OTHER_SUBSCRIPTION]),
    _GROUPS,
    st.sampled_from(["virtualNetworkGateways", "localNetworkGateways", "VIRTUALNETWORKGATEWAYS"]),
    _NAMES,
) | st.text(alphabet="/ab.%", min_size=1, max_size=12)
_GATEWAYS = (
    st.fixed_dictionaries({"name": _NAMES}, optional={"resourceGroup": _GROUPS, "subscriptionId": _SUBSCRIPTIONS})
    | st.fixed_dictionaries({"id": _IDS})
    | st.fixed_dictionaries({}, optional={"name": _NAMES, "id": _IDS, "resourceGroup": _GROUPS})
)
_RANGES = st.lists(st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "0.0.0.0/0", "10.1.0.0", "fd00::/8", ""]), max_size=3)
_NAT = st.lists(
    st.fixed_dictionaries(
        {}, optional={"name": _NAMES, "id": st.just(f"{NETWORK}/virtualNetworkGateways/VNet1GW/natRules/a") | _IDS}
    ),
    max_size=2,
)
_BGP = st.lists(
    st.fixed_dictionaries(
        {
            "ipConfigurationId": st.just(f"{NETWORK}/virtualNetworkGateways/VNet1GW/ipConfigurations/a") | _IDS,
            "customBgpIpAddress": st.sampled_from(["169.254.21.1", "x", "::1"]),
        }
    ),
    max_size=2,
)
_TAGS = st.dictionaries(
    st.sampled_from(["env", "Env", "azvpn-owner", "AzVpn-x", "azvpn", "a/b", "a\\b", ""]) | st.text(max_size=3),
    st.sampled_from(["", "x", "x" * 257]),
    max_size=4,
)
_MODES = st.sampled_from(["Default", "InitiatorOnly", "ResponderOnly", "ResponderOnly"])
_REVERSES = st.fixed_dictionaries(
    {"azureName": _NAMES | st.sampled_from(["VNet1toVNet2", "vnet1tovnet2", "vnet1-to-site6"])},
    optional={
        "resourceGroup": _GROUPS,
        "subscriptionId": _SUBSCRIPTIONS,
        "connectionMode": _MODES,
        "routingWeight": st.integers(-5, 33_000),
        "dpdTimeoutSeconds": st.integers(0, 4000),
        "ingressNatRules": _NAT,
        "egressNatRules": _NAT,
        "gatewayCustomBgpIpAddresses": _BGP,
        "tags": _TAGS,
    },
)
_CONNECTION_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "azureName": _NAMES,
    "resourceGroup": _GROUPS,
    "subscriptionId": _SUBSCRIPTIONS,
    "virtualNetworkGateway": _GATEWAYS,
    "localNetworkGateway": _GATEWAYS,
    "peerVirtualNetworkGateway": _GATEWAYS,
    "connectionType": st.sampled_from(["IPsec", "Vnet2Vnet", "IPSec"]),
    "managementPolicy": st.sampled_from(["Enforce", "Observe", "Plan"]),
    "connectionProtocol": st.sampled_from(["IKEv1", "IKEv2"]),
    "usePolicyBasedTrafficSelectors": st.booleans(),
    "enableBgp": st.booleans(),
    "gatewayCustomBgpIpAddresses": _BGP,
    "ingressNatRules": _NAT,
    "egressNatRules": _NAT,
    "trafficSelectorPolicies": st.lists(
        st.fixed_dictionaries({"localAddressRanges": _RANGES, "remoteAddressRanges": _RANGES}), max_size=2
    ),
    "tags": _TAGS,
    "connectionMode": _MODES,
    "reverse": _REVERSES,
    "ipsecPolicyRef": st.fixed_dictionaries(
        {}, optional={"name": st.sampled_from(["a", "A", "a.b", "-a", "a..b", "x" * 64])}
    ),
    "sharedKeySecretRef": st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "a/b"])}, optional={"key": st.sampled_from(["psk", "a b", ""])}
    ),
    "dpdTimeoutSeconds": st.integers(0, 4000),
    "routingWeight": st.integers(-5, 33_000),
}


@st.composite
def _connections(draw: st.DrawFn) -> Document:
    """Draw the how-to's connection, an owned pair, or an observer, with a few fields changed or left out."""
    base = draw(
        st.sampled_from(
            [
                connection(),
                observed(),
                connection(connectionType="IPsec", subscriptionId=SUBSCRIPTION),
                pair_connection(),
                pair_connection({"resourceGroup": DROP}, connectionMode="ResponderOnly"),
            ]
        )
    )
    changed = draw(st.lists(st.sampled_from(sorted(_CONNECTION_FIELDS)), max_size=4, unique=True))
    dropped = draw(st.sets(st.sampled_from(sorted(base["spec"])), max_size=2))
    spec = {name: value for name, value in base["spec"].items() if name not in dropped}
    return {**base, "spec": {**spec, **{name: draw(_CONNECTION_FIELDS[name]) for name in changed}}}


@settings(many, max_examples=300)
@given(document=_connections())
def test_connections_are_judged_alike(server: ApiServer, document: Document):
    _assert_agreement(server.try_create(document), _violations(read_connection(document)))


@many
@given(
    document=_connections(),
    odd=st.dictionaries(st.sampled_from(sorted(_CONNECTION_FIELDS)), _ODD, min_size=1, max_size=2),
)
def test_odd_connections_are_judged_alike(server: ApiServer, document: Document, odd: dict[str, Any]):
    document = {**document, "spec": {**document["spec"], **odd}}

    _assert_agreement(server.try_create(document), _violations(read_connection(document)))


_UPDATES = st.fixed_dictionaries(
    {},
    optional={
        "azureName": st.sampled_from(["VNet1toSite6", "vnet1tosite6", "fuzz"]),
        "resourceGroup": st.sampled_from(["TestRG1", "testrg1", "TestRG2"]),
        "subscriptionId": st.sampled_from([SUBSCRIPTION, OTHER_SUBSCRIPTION]),
        "virtualNetworkGateway": st.sampled_from(
            [
                {"name": "VNet1GW"},
                {"name": "vnet1gw", "resourceGroup": "TestRG1"},
                {"name": "VNet1GW", "subscriptionId": SUBSCRIPTION},
                {"id": f"{NETWORK}/virtualNetworkGateways/VNet1GW"},
                {"id": f"{NETWORK}/virtualNetworkGateways/VNet1GW".replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)},
            ]
        ),
        "localNetworkGateway": st.sampled_from(
            [{"name": "Site6"}, {"name": "Site7"}, {"id": f"{NETWORK}/localNetworkGateways/site6"}]
        ),
        "peerVirtualNetworkGateway": st.sampled_from(
            [{"name": "VNet2GW"}, {"name": "VNet2GW", "resourceGroup": "TestRG2"}]
        ),
        "connectionProtocol": st.sampled_from(["IKEv1", "IKEv2"]),
        "managementPolicy": st.sampled_from(["Enforce", "Observe", "Observe"]),
        "reverse": st.fixed_dictionaries(
            {"azureName": st.sampled_from(["VNet2toVNet1", "vnet2tovnet1", "VNet1toSite6"])},
            optional={
                "resourceGroup": st.sampled_from(["TestRG1", "testrg1", "TestRG2"]),
                "subscriptionId": st.sampled_from([SUBSCRIPTION, OTHER_SUBSCRIPTION]),
            },
        ),
    },
)
_STATUSES = st.sampled_from(
    [
        None,
        {"halves": [{"role": "Forward", "id": f"{NETWORK}/connections/VNet1toSite6"}]},
        {"halves": [{"role": "Forward"}]},
        {
            "halves": [
                {"role": "Forward", "id": f"{NETWORK}/connections/VNet1toSite6"},
                {"role": "Reverse", "id": f"{NETWORK}/connections/VNet2toVNet1"},
            ]
        },
    ]
)


@st.composite
def _pairs_of_specs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a spec that is mostly valid, and the same with some fields changed or left out."""
    needed = draw(st.sampled_from([observed()["spec"], connection()["spec"], pair_connection()["spec"]]))
    before = {**needed, **draw(_UPDATES)}
    dropped = draw(st.sets(st.sampled_from(sorted(before)), max_size=2))
    after = {name: value for name, value in {**before, **draw(_UPDATES)}.items() if name not in dropped}
    return before, after


@settings(many, max_examples=80)
@given(specs=_pairs_of_specs(), status=_STATUSES)
def test_updates_are_judged_alike(
    server: ApiServer, specs: tuple[dict[str, Any], dict[str, Any]], status: Document | None
):
    name = {"name": f"fuzz-{uuid.uuid4().hex[:12]}"}
    old, new = ({**connection(name), "spec": spec} for spec in specs)
    assume(not isinstance(read_connection(old), Invalid))
    stored = server.create(old, status)

    answer = server.try_update(stored, new)

    _assert_agreement(answer, (*_violations(read_connection(new)), *check_connection_update(new, stored)))


_ADDRESSES = (
    st.text(alphabet="0123456789./:abcdefABF%+- ", max_size=20)
    | st.ip_addresses().map(str)
    | st.ip_addresses(v=6).map(lambda address: address.exploded)
    | st.tuples(st.ip_addresses(), st.integers(-1, 130) | st.sampled_from(["08", "", "a", "\u0663"])).map(
        lambda parts: f"{parts[0]}/{parts[1]}"
    )
    | st.sampled_from(
        [
            "::",
            "::/0",
            "1::2::3/8",
            "1:2:3:4:5:6:7::/64",
            "::ffff:1.2.3.4",
            "::1.2.3.4/96",
            "0.0.0.0/0",
            "1.2.3.04/8",
            "::ffff:0:0/96",
        ]
    )
    | st.integers(0, 2**32 - 1).map(lambda number: f"::ffff:{ipaddress.IPv4Address(number)}")
)


@settings(many, max_examples=40)
@given(texts=st.lists(_ADDRESSES.filter(bool).map(lambda text: text[:45]), min_size=10, max_size=16))
def test_addresses_and_ranges_are_judged_alike(server: ApiServer, texts: list[str]):
    bgp = [
        {"ipConfigurationId": f"{NETWORK}/virtualNetworkGateways/g/ipConfigurations/a", "customBgpIpAddress": text}
        for text in texts
    ]
    selectors = [{"localAddressRanges": texts, "remoteAddressRanges": ["10.0.0.0/8"]}]
    document = connection(enableBgp=True, gatewayCustomBgpIpAddresses=bgp, trafficSelectorPolicies=selectors)

    refusal = server.try_create(document).refusal or ""

    for index, text in enumerate(texts):
        assert (f"spec.gatewayCustomBgpIpAddresses[{index}].customBgpIpAddress" not in refusal) == is_ip(text), text
        assert (f"spec.trafficSelectorPolicies[0].localAddressRanges[{index}]:" not in refusal) == is_cidr(text), text
