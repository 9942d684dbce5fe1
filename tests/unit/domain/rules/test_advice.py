from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.api.vpn_connection import VpnConnectionSpec
from azure_vpn_operator.domain.rules.advice import connection_warnings, policy_warnings
from support.cases.crypto import BEST
from support.cases.objects import DROP, NETWORK, connection, pair_connection, policy, vnet_connection

_CLEAN = {
    **BEST,
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
}
_ENUMS = {
    "ikeEncryption": "DES DES3 AES128 AES192 AES256 GCMAES128 GCMAES256",
    "ikeIntegrity": "MD5 SHA1 SHA256 SHA384 GCMAES128 GCMAES256",
    "dhGroup": "None DHGroup1 DHGroup2 DHGroup14 DHGroup2048 ECP256 ECP384 DHGroup24",
    "ipsecEncryption": "None DES DES3 AES128 AES192 AES256 GCMAES128 GCMAES192 GCMAES256",
    "ipsecIntegrity": "MD5 SHA1 SHA256 GCMAES128 GCMAES192 GCMAES256",
    "pfsGroup": "None PFS1 PFS2 PFS2048 PFS14 PFS24 PFSMM ECP256 ECP384",
}


def _policy(**changes: Any) -> dict[str, Any]:
    return IpsecPolicySpec.model_validate(_CLEAN | changes).wire()


def _spec(document: dict[str, Any]) -> dict[str, Any]:
    return VpnConnectionSpec.model_validate(document["spec"]).wire()


def _ids(warnings: Any) -> list[tuple[str, str]]:
    return [(warning.id, warning.field.removeprefix("spec.")) for warning in warnings]


def test_policy_of_the_strongest_algorithms_has_no_warning():
    assert policy_warnings(_policy()) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"ikeEncryption": "DES"},
            [("broken-algorithm", "ikeEncryption"), ("ike-encryption-unlisted", "ikeEncryption")],
        ),
        (
            {"ikeEncryption": "DES3"},
            [("weak-algorithm", "ikeEncryption"), ("ike-encryption-unlisted", "ikeEncryption")],
        ),
        ({"ikeIntegrity": "MD5"}, [("broken-algorithm", "ikeIntegrity")]),
        ({"ikeIntegrity": "SHA1"}, [("weak-algorithm", "ikeIntegrity")]),
        ({"ikeIntegrity": "GCMAES256"}, [("ike-integrity-gcm", "ikeIntegrity")]),
        ({"dhGroup": "None"}, [("broken-algorithm", "dhGroup")]),
        ({"dhGroup": "DHGroup1"}, [("broken-algorithm", "dhGroup")]),
        ({"dhGroup": "DHGroup2"}, [("weak-algorithm", "dhGroup")]),
        ({"dhGroup": "DHGroup24"}, [("weak-algorithm", "dhGroup")]),
        ({"dhGroup": "DHGroup14"}, []),
        ({"dhGroup": "ECP256"}, []),
        ({"ipsecEncryption": "None", "ipsecIntegrity": "SHA256"}, [("broken-algorithm", "ipsecEncryption")]),
        (
            {"ipsecEncryption": "DES", "ipsecIntegrity": "MD5"},
            [("broken-algorithm", "ipsecEncryption"), ("broken-algorithm", "ipsecIntegrity")],
        ),
        (
            {"ipsecEncryption": "DES3", "ipsecIntegrity": "SHA1"},
            [("weak-algorithm", "ipsecEncryption"), ("weak-algorithm", "ipsecIntegrity")],
        ),
        ({"pfsGroup": "None"}, [("no-forward-secrecy", "pfsGroup")]),
        ({"pfsGroup": "PFS1"}, [("broken-algorithm", "pfsGroup")]),
        ({"pfsGroup": "PFS2"}, [("weak-algorithm", "pfsGroup")]),
        ({"pfsGroup": "PFS24"}, [("weak-algorithm", "pfsGroup")]),
        ({"pfsGroup": "PFS14"}, []),
        ({"pfsGroup": "PFSMM"}, [("pfs-main-mode", "pfsGroup")]),
        ({"pfsGroup": "PFSMM", "dhGroup": "DHGroup2"}, [("weak-algorithm", "dhGroup"), ("pfs-main-mode", "pfsGroup")]),
        ({"saLifeTimeSeconds": 3599}, [("short-lifetime", "saLifeTimeSeconds")]),
        ({"saLifeTimeSeconds": 3600}, []),
        ({"saDataSizeKilobytes": 1024}, [("small-data-size", "saDataSizeKilobytes")]),
        ({"saDataSizeKilobytes": 102400}, []),
        ({"saDataSizeKilobytes": 0}, []),
    ],
    ids=str,
)
def test_policy_is_warned_of(changes: dict[str, Any], expected: list[tuple[str, str]]):
    assert _ids(policy_warnings(_policy(**changes))) == expected


def test_the_how_tos_own_examples_are_warned_of():
    first = IpsecPolicySpec.model_validate(policy()["spec"])

    assert _ids(policy_warnings(first.wire())) == [("weak-algorithm", "dhGroup"), ("no-forward-secrecy", "pfsGroup")]


@given(
    st.fixed_dictionaries({field: st.sampled_from(values.split()) for field, values in _ENUMS.items()}),
    st.integers(300, 172799),
    st.integers(0, 2**31 - 1),
)
def test_warnings_always_fit_into_a_status(values: dict[str, str], seconds: int, kilobytes: int):
    warnings = policy_warnings(_policy(**values, saLifeTimeSeconds=seconds, saDataSizeKilobytes=kilobytes))

    assert len(warnings) <= 16
    assert len({(warning.id, warning.field) for warning in warnings}) == len(warnings)


_BGP = [
    {
        "ipConfigurationId": f"{NETWORK}/virtualNetworkGateways/g/ipConfigurations/c",
        "customBgpIpAddress": "169.254.21.1",
    }
]


def _selectors(local: list[str], remote: list[str]) -> list[dict[str, list[str]]]:
    return [{"localAddressRanges": local, "remoteAddressRanges": remote}]


@pytest.mark.parametrize(
    ("why", "document", "expected"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            ("a plain connection", connection(), []),
            ("the how-to's DPD of 45 seconds", connection(dpdTimeoutSeconds=45), []),
            ("DPD of 30 seconds", connection(dpdTimeoutSeconds=30), []),
            ("DPD of 29 seconds", connection(dpdTimeoutSeconds=29), [("dpd-timeout", "dpdTimeoutSeconds")]),
            ("DPD of 46 seconds", connection(dpdTimeoutSeconds=46), [("dpd-timeout", "dpdTimeoutSeconds")]),
            ("IKEv1", connection(connectionProtocol="IKEv1"), [("ikev1-deprecated", "connectionProtocol")]),
            (
                "selectors without the flag",
                connection(trafficSelectorPolicies=_selectors(["10.0.0.0/8"], ["10.0.0.0/8"])),
                [("selectors-unused", "trafficSelectorPolicies")],
            ),
            (
                "selectors with the flag",
                connection(
                    usePolicyBasedTrafficSelectors=True,
                    trafficSelectorPolicies=_selectors(["10.0.0.0/8"], ["10.0.0.0/8"]),
                ),
                [],
            ),
            (
                "201 pairs of ranges",
                connection(
                    usePolicyBasedTrafficSelectors=True,
                    trafficSelectorPolicies=_selectors(["10.0.0.0/8"] * 67, ["10.0.0.0/8"] * 3),
                ),
                [("selector-pairs", "trafficSelectorPolicies")],
            ),
            (
                "200 pairs of ranges",
                connection(
                    usePolicyBasedTrafficSelectors=True,
                    trafficSelectorPolicies=_selectors(["10.0.0.0/8"] * 100, ["10.0.0.0/8"] * 2),
                ),
                [],
            ),
            (
                "bits behind the prefix",
                connection(
                    usePolicyBasedTrafficSelectors=True,
                    trafficSelectorPolicies=_selectors(["10.0.0.0/8"], ["10.0.0.1/8"]),
                ),
                [("selector-host-bits", "trafficSelectorPolicies")],
            ),
            ("a BGP address in the reserved range", connection(enableBgp=True, gatewayCustomBgpIpAddresses=_BGP), []),
            (
                "a BGP address outside the reserved range",
                connection(
                    enableBgp=True, gatewayCustomBgpIpAddresses=[_BGP[0] | {"customBgpIpAddress": "169.254.23.0"}]
                ),
                [("bgp-address-range", "gatewayCustomBgpIpAddresses")],
            ),
            (
                "a BGP address of IPv6",
                connection(enableBgp=True, gatewayCustomBgpIpAddresses=[_BGP[0] | {"customBgpIpAddress": "fd00::1"}]),
                [("bgp-address-range", "gatewayCustomBgpIpAddresses")],
            ),
            (
                "a BGP address between virtual networks",
                vnet_connection(enableBgp=True, gatewayCustomBgpIpAddresses=_BGP),
                [("bgp-address-vnet-to-vnet", "gatewayCustomBgpIpAddresses")],
            ),
            ("NAT to a site", connection(ingressNatRules=[{"name": "a"}]), []),
            (
                "NAT between virtual networks",
                vnet_connection(ingressNatRules=[{"name": "a"}]),
                [("nat-vnet-to-vnet", "ingressNatRules")],
            ),
            ("an owned pair", pair_connection(dpdTimeoutSeconds=45), []),
            (
                "an owned pair is warned once of what its halves share",
                pair_connection(dpdTimeoutSeconds=9),
                [("dpd-timeout", "dpdTimeoutSeconds")],
            ),
            (
                "the other half's DPD",
                pair_connection({"dpdTimeoutSeconds": 3600}, dpdTimeoutSeconds=45),
                [("dpd-timeout", "reverse.dpdTimeoutSeconds")],
            ),
            (
                "BGP address and NAT of the other half",
                pair_connection(
                    {
                        "gatewayCustomBgpIpAddresses": [_BGP[0] | {"customBgpIpAddress": "169.254.23.0"}],
                        "egressNatRules": [{"name": "a"}],
                    },
                    enableBgp=True,
                ),
                [
                    ("bgp-address-range", "reverse.gatewayCustomBgpIpAddresses"),
                    ("bgp-address-vnet-to-vnet", "reverse.gatewayCustomBgpIpAddresses"),
                    ("nat-vnet-to-vnet", "reverse.egressNatRules"),
                ],
            ),
            (
                "NAT with IKEv1",
                connection(egressNatRules=[{"name": "a"}], connectionProtocol="IKEv1"),
                [("ikev1-deprecated", "connectionProtocol"), ("nat-ikev1", "egressNatRules")],
            ),
        ]
    ],
)
def test_connection_is_warned_of(why: str, document: dict[str, Any], expected: list[tuple[str, str]]):
    assert _ids(connection_warnings(_spec(document), _policy())) == expected, why


def test_default_policy_brings_its_weak_group_along():
    warnings = connection_warnings(_spec(connection(ipsecPolicyRef=DROP)), None)

    assert _ids(warnings) == [("default-policy-group-2", "ipsecPolicyRef")]


def test_default_policy_with_policy_based_selectors_is_doubtful():
    warnings = connection_warnings(_spec(connection(ipsecPolicyRef=DROP, usePolicyBasedTrafficSelectors=True)), None)

    assert _ids(warnings) == [
        ("default-policy-group-2", "ipsecPolicyRef"),
        ("selectors-default-policy", "usePolicyBasedTrafficSelectors"),
    ]


def test_missing_policy_is_not_the_default_policy():
    assert connection_warnings(_spec(connection()), None) == ()


@pytest.mark.parametrize(
    ("why", "ranges", "told"),
    [
        pytest.param(*case, id=case[0])
        for case in [
            ("the range that is meant", ["10.10.0.5/24"], "10.10.0.5/24 means 10.10.0.0/24;"),
            ("IPv6 too", ["2001:db8::1/32"], "2001:db8::1/32 means 2001:db8::/32;"),
            (
                "each range once, and only those with host bits",
                ["10.0.0.1/8", "10.1.0.0/16", "10.0.0.1/8", "10.2.3.4/16"],
                "10.0.0.1/8 means 10.0.0.0/8, 10.2.3.4/16 means 10.2.0.0/16;",
            ),
            (
                "not more than a person reads",
                [f"10.{n}.0.1/16" for n in range(100)],
                "10.4.0.1/16 means 10.4.0.0/16 and 95 more;",
            ),
        ]
    ],
)
def test_host_bits_are_told_with_the_range_meant(why: str, ranges: list[str], told: str):
    document = connection(
        usePolicyBasedTrafficSelectors=True, trafficSelectorPolicies=_selectors(["192.168.0.0/16"], ranges)
    )

    (warning,) = connection_warnings(_spec(document), _policy())

    assert told in warning.message, why
    assert warning.id == "selector-host-bits"


def test_longest_ranges_with_host_bits_fit_into_a_warning():
    ranges = [f"1111:2222:3333:4444:5555:6666:7777:{n:04x}/127" for n in range(1, 200, 2)]
    document = connection(
        usePolicyBasedTrafficSelectors=True, trafficSelectorPolicies=_selectors(["10.0.0.0/8"], ranges)
    )

    assert _ids(connection_warnings(_spec(document), _policy())) == [("selector-host-bits", "trafficSelectorPolicies")]
