"""The pairs of prefixes that a policy-based device must have."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import TrafficSelectors, VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.passes.traffic_selectors import find_selectors
from azure_vpn_operator.domain.rules.gateway import LocalGatewayFacts
from support.builders import SITE_ID, a_connection, a_fault, a_snapshot, a_vnet_connection


def _site(*prefixes: str) -> LocalGatewayFacts:
    return LocalGatewayFacts(ArmId.parse(SITE_ID), (), prefixes)


def _found(**facts: Any) -> TrafficSelectors | None:
    subject = facts.pop("subject", None) or a_connection(usePolicyBasedTrafficSelectors=True)
    return find_selectors(a_snapshot(subject, **facts))


def test_the_how_tos_example_has_all_combinations():
    told = _found(
        local_gateway=_site("10.1.0.0/16", "10.2.0.0/16"), own_prefixes=Present(("192.168.0.0/16", "172.16.0.0/16"))
    )

    assert told is not None
    assert told.source == "AddressSpaces"
    assert set(told.pairs) == {
        "192.168.0.0/16 <=> 10.1.0.0/16",
        "172.16.0.0/16 <=> 10.1.0.0/16",
        "192.168.0.0/16 <=> 10.2.0.0/16",
        "172.16.0.0/16 <=> 10.2.0.0/16",
    }
    assert told.more is None


def test_order_in_azure_means_nothing():
    one = _found(
        local_gateway=_site("10.2.0.0/16", "10.1.0.0/16"), own_prefixes=Present(("10.10.0.0/16", "10.9.0.0/16"))
    )
    other = _found(
        local_gateway=_site("10.1.0.0/16", "10.2.0.0/16"), own_prefixes=Present(("10.9.0.0/16", "10.10.0.0/16"))
    )

    assert one == other, "else a status is written because Azure shuffles a list"


def test_between_virtual_networks_both_address_spaces_count():
    told = _found(
        subject=a_vnet_connection(usePolicyBasedTrafficSelectors=True),
        own_prefixes=Present(("10.1.0.0/16",)),
        peer_prefixes=Present(("10.2.0.0/16",)),
    )

    assert told is not None
    assert told.pairs == ("10.1.0.0/16 <=> 10.2.0.0/16",)


def test_custom_selectors_are_paired_each_for_itself_and_as_the_ranges_meant():
    selectors = [
        {"localAddressRanges": ["10.0.0.5/24"], "remoteAddressRanges": ["10.8.0.0/16", "10.9.0.0/16"]},
        {"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.9.0.0/16"]},
    ]

    told = _found(subject=a_connection(usePolicyBasedTrafficSelectors=True, trafficSelectorPolicies=selectors))

    assert told is not None
    assert (told.source, told.pairs) == (
        "Spec",
        ("10.0.0.0/24 <=> 10.8.0.0/16", "10.0.0.0/24 <=> 10.9.0.0/16", "10.1.0.0/16 <=> 10.9.0.0/16"),
    )


def test_not_more_are_shown_than_a_person_compares():
    told = _found(
        local_gateway=_site(*[f"10.{n}.0.0/16" for n in range(20)]),
        own_prefixes=Present(("192.168.0.0/16", "172.16.0.0/16")),
    )

    assert told is not None
    assert (len(told.pairs), told.more) == (32, 8)


def test_without_policy_based_selectors_the_device_needs_none():
    assert _found(subject=a_connection(), local_gateway=_site("10.1.0.0/16")) is None


_KNOWN = {"trafficSelectors": {"source": "AddressSpaces", "pairs": ["10.0.0.0/16 <=> 10.1.0.0/16"]}}


@pytest.mark.parametrize(
    ("read", "words"),
    [
        pytest.param(Unreadable(a_fault(FaultKind.FORBIDDEN)), "virtualNetworks/read", id="the right is missing"),
        pytest.param(Absent(), "there is none", id="the network is not there"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_right_that_is_missing(read: Any, words: str):
    told = _found(local_gateway=_site("10.1.0.0/16"), own_prefixes=read)

    assert told is not None
    assert told.pairs == ()
    assert words in (told.message or "")


@pytest.mark.parametrize(
    "read", [Unreadable(a_fault(FaultKind.UNAVAILABLE)), NotRead()], ids=["unavailable", "not read"]
)
def test_one_failed_read_says_nothing(read: Any):
    before = VpnConnectionStatus.model_validate(_KNOWN)

    told = _found(local_gateway=_site("10.1.0.0/16"), own_prefixes=read, previous=before)

    assert told == before.traffic_selectors


def test_prefixes_in_a_form_that_nobody_knows_are_shown_as_they_are():
    told = _found(local_gateway=_site("odd"), own_prefixes=Present(("10.0.0.0/16", "also odd")))

    assert told is not None
    assert told.pairs == ("10.0.0.0/16 <=> odd", "also odd <=> odd")
