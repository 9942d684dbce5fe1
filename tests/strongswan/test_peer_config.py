"""The strongSwan form of `peer-config` against a gateway that plays Azure: what comes up, what does not, and what is said then."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from azure_vpn_operator.azvpn.peer_config.devices import render
from azure_vpn_operator.domain.azure.proposals import Group, Hash
from azure_vpn_simulator.strongswan.daemon import wait_until
from support.azure_gateway import (
    AZURE_ADDRESS,
    DEFAULT_AS_INITIATOR,
    DEFAULT_AS_RESPONDER,
    DEFAULT_IKE,
    DEVICE_ADDRESS,
    KEY,
    azure_side,
    esp_proposal,
    ike_proposal,
)
from support.gateway_pair import AZURE_HOSTS, DEVICE_HOSTS, GatewayPair
from support.pages import ROOT
from support.peer_configs import NAME, a_configuration, a_side, in_azure

SITE6 = (["aes256-sha384-modp2048s256"], ["aes256-sha256"])
"""The how-to's policy for Site6, as the how-to has it."""
RANGES = (("10.1.0.0/16", "10.2.0.0/16"), ("10.6.0.0/16", "10.7.0.0/16"))
"""Behind Azure, and behind the device."""
PAIRS = [(azure, device) for azure in RANGES[0] for device in RANGES[1]]
SELECTORS = [{"localAddressRanges": list(RANGES[0]), "remoteAddressRanges": list(RANGES[1])}]


def printed(*arguments: str) -> str:
    """What the command prints for files and these arguments, as a user calls it."""
    command = [sys.executable, "-m", "azure_vpn_operator.azvpn.cli", "peer-config", *arguments]
    command += ["--format", "strongswan", "--show-key"]
    command += ["--azure-address", AZURE_ADDRESS, "--peer-address", DEVICE_ADDRESS]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_sample_with_a_policy_works_as_it_is_printed(pair: GatewayPair):
    printed_text = printed("vnet1-to-site6", "-f", "manifests/samples/site-to-site")

    pair.load(azure_side(*SITE6, key="Demo.Site6.Key.not.for.use"), printed_text)

    assert pair.is_up("vnet1-to-site6"), pair.said()
    assert pair.traffic_passes()


def test_sample_with_the_default_policy_works_as_it_is_printed(pair: GatewayPair):
    azure = azure_side(DEFAULT_IKE, DEFAULT_AS_RESPONDER, key="Demo.Site7.Key.not.for.use")

    pair.load(azure, printed("vnet1-to-site7", "-f", "manifests/samples/default-policy"))

    assert pair.is_up("vnet1-to-site7"), pair.said()
    assert pair.traffic_passes()
    outcome = pair.device.rekey("vnet1-to-site7", "net-1")
    assert outcome.succeeded, outcome.said
    assert pair.traffic_passes()


def test_azure_begins_with_its_default_policy(pair: GatewayPair):
    device = a_configuration("strongswan", default_policy=True, connectionMode="InitiatorOnly").text
    pair.load(azure_side(DEFAULT_IKE, DEFAULT_AS_INITIATOR), device)

    outcome = pair.azure.initiate("azure", "azure-1")

    assert outcome.succeeded, outcome.said
    assert pair.traffic_passes()
    renewed = pair.azure.rekey("azure", "azure-1")
    assert renewed.succeeded, renewed.said
    assert pair.traffic_passes()


def test_a_device_that_always_has_pfs_gets_along_with_the_default_policy_as_long_as_it_begins(pair: GatewayPair):
    """What the form for AWS says in a note; here a strongSwan has those proposals."""
    side = a_side(default_policy=True)
    assert {(proposal.pfs, proposal.integrity) for proposal in side.esp_with_pfs} == {
        (Group.MODP_2048, Hash.SHA256),
        (Group.MODP_2048, Hash.SHA1),
    }
    text = re.sub("esp_proposals = .*", "esp_proposals = aes256-sha256-modp2048", render(side, "strongswan").text)
    pair.load(azure_side(DEFAULT_IKE, DEFAULT_AS_RESPONDER), text)

    assert pair.is_up(NAME), pair.said()
    assert pair.device.rekey(NAME, "net-1").succeeded
    assert pair.traffic_passes()

    azure = azure_side(DEFAULT_IKE, DEFAULT_AS_INITIATOR)
    pair.load(azure, text.replace("start_action = start", "start_action = none"))
    assert pair.azure.initiate("azure", "azure-1").succeeded, "the first SA has no group of its own"
    assert "NO_PROPOSAL_CHOSEN" in pair.azure.rekey("azure", "azure-1").said


@pytest.mark.parametrize(
    ("mode", "begins"),
    [
        pytest.param("Default", True, id="either may begin, so the device does"),
        pytest.param("ResponderOnly", True, id="Azure only answers, so the device begins"),
        pytest.param("InitiatorOnly", False, id="only Azure begins, so the device waits"),
    ],
)
def test_device_begins_unless_only_azure_does(pair: GatewayPair, mode: str, begins: bool):
    pair.load(azure_side(*SITE6), a_configuration("strongswan", connectionMode=mode).text)

    if begins:
        assert pair.is_up(NAME), pair.said()
    else:
        assert pair.device.sas() == ()
        assert pair.azure.initiate("azure", "azure-1").succeeded
    assert pair.traffic_passes()


def test_lifetimes_are_those_of_the_policy(pair: GatewayPair):
    device = a_configuration("strongswan", {"saLifeTimeSeconds": 7200}).text
    pair.load(azure_side(*SITE6), device)

    assert pair.is_up(NAME), pair.said()
    child = pair.child(NAME)
    assert child is not None
    assert 7100 < child.lifetime <= 7200


def test_every_pair_of_ranges_has_a_tunnel_and_nothing_else_passes(pair: GatewayPair):
    spec = {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": SELECTORS}
    pair.load(azure_side(*SITE6, selectors=PAIRS[:3]), a_configuration("strongswan", **spec).text)

    for number in (1, 3, 2):
        assert pair.is_up(NAME, f"net-{number}"), pair.said()
    reached = {
        (azure, device): pair.traffic_passes(device, azure, seconds=0.5)
        for azure in AZURE_HOSTS
        for device in DEVICE_HOSTS
    }
    assert reached == {
        ("10.1.0.1", "10.6.0.1"): True,
        ("10.1.0.1", "10.7.0.1"): True,
        ("10.2.0.1", "10.6.0.1"): True,
        ("10.2.0.1", "10.7.0.1"): False,
    }, "Azure's side has not got the last pair"


def test_active_active_gateway_gets_two_tunnels(pair: GatewayPair):
    second = "203.0.113.3"
    pair.azure.ip("address", "replace", f"{second}/32", "dev", "up0")
    pair.device.ip("route", "replace", f"{second}/32", "dev", "up0")
    both = azure_side(*SITE6) + azure_side(*SITE6, address=second).replace("azure", "other")
    device = a_configuration("strongswan", given={"azure_addresses": (AZURE_ADDRESS, second)}).text

    pair.load(both, device)

    for number in (1, 2):
        assert pair.is_up(f"{NAME}-{number}"), pair.said()


def test_ikev1(pair: GatewayPair):
    spec = {"connectionProtocol": "IKEv1"}
    pair.load(
        azure_side(["aes256-sha256-modp2048"], ["aes128gcm16-modp2048"], version=1),
        a_configuration(
            "strongswan",
            {
                "ikeIntegrity": "SHA256",
                "dhGroup": "DHGroup14",
                "ipsecEncryption": "GCMAES128",
                "ipsecIntegrity": "GCMAES128",
                "pfsGroup": "PFS2048",
            },
            **spec,
        ).text,
    )

    assert pair.is_up(NAME), pair.said()
    assert pair.traffic_passes()


@pytest.mark.parametrize(
    "key",
    [
        pytest.param('a"b\\c', id="quote and backslash"),
        pytest.param("0x41424344", id="looks like hexadecimal"),
        pytest.param("0sQUJDRA==", id="looks like base64"),
        pytest.param("#a{b}c=d,e:f;g$h'i", id="signs of the file's syntax"),
        pytest.param(
            "".join(chr(code) for code in range(33, 127) if chr(code) not in "-~"), id="every sign Azure takes"
        ),
    ],
)
def test_any_key_that_azure_takes_arrives_as_it_is(pair: GatewayPair, key: str):
    pair.load(azure_side(*SITE6, key=key), a_configuration("strongswan", key=key).text)

    assert pair.is_up(NAME), pair.said()


@dataclass(frozen=True)
class Mismatch:
    """Another value in Azure, and what the device is told."""

    why: str
    says: str
    azure: Mapping[str, str] = field(default_factory=dict)
    """Other values of Azure's policy."""
    key: str = KEY
    selectors: tuple[tuple[str, str], ...] = tuple(PAIRS)


@pytest.mark.parametrize(
    "mismatch",
    [
        pytest.param(mismatch, id=mismatch.why)
        for mismatch in (
            Mismatch("phase 1: encryption", "received NO_PROPOSAL_CHOSEN", {"ikeEncryption": "AES128"}),
            Mismatch("phase 1: integrity", "received NO_PROPOSAL_CHOSEN", {"ikeIntegrity": "SHA256"}),
            Mismatch("phase 1: group", "received NO_PROPOSAL_CHOSEN", {"dhGroup": "DHGroup14"}),
            Mismatch("shared key", "received AUTHENTICATION_FAILED", key="Another.1234567890"),
            Mismatch("phase 2: encryption", "received NO_PROPOSAL_CHOSEN", {"ipsecEncryption": "AES128"}),
            Mismatch("phase 2: integrity", "received NO_PROPOSAL_CHOSEN", {"ipsecIntegrity": "SHA1"}),
            Mismatch(
                "phase 2: GCM",
                "received NO_PROPOSAL_CHOSEN",
                {"ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES256"},
            ),
            Mismatch("selectors", "received TS_UNACCEPTABLE", selectors=(("10.3.0.0/16", "10.8.0.0/16"),)),
        )
    ],
)
def test_what_does_not_fit_fails_with_its_notify(pair: GatewayPair, mismatch: Mismatch):
    policy = in_azure(mismatch.azure)
    azure = azure_side([ike_proposal(policy)], [esp_proposal(policy)], key=mismatch.key, selectors=mismatch.selectors)
    spec: dict[str, Any] = {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": SELECTORS}

    pair.load(azure, a_configuration("strongswan", **spec).text)

    assert pair.hears(mismatch.says), pair.said()
    assert pair.child(NAME) is None
    assert not pair.traffic_passes(seconds=0.2)


@pytest.mark.parametrize(
    ("in_azure_group", "on_the_device"),
    [
        pytest.param("ECP384", "PFS2048", id="another group"),
        pytest.param("PFS2048", "None", id="none on the device"),
        pytest.param("None", "PFS2048", id="none in Azure"),
    ],
)
def test_a_wrong_pfs_group_shows_at_the_rekey_and_not_before(
    pair: GatewayPair, in_azure_group: str, on_the_device: str
):
    policy = in_azure({"pfsGroup": in_azure_group})
    azure = azure_side([ike_proposal(policy)], [esp_proposal(policy)])
    pair.load(azure, a_configuration("strongswan", {"pfsGroup": on_the_device}).text)
    assert pair.is_up(NAME), pair.said()
    assert pair.traffic_passes(), "the tunnel comes up and works"

    outcome = pair.device.rekey(NAME, "net-1")

    assert not outcome.succeeded
    assert "received NO_PROPOSAL_CHOSEN" in outcome.said


def test_traffic_is_in_the_tunnel_and_nowhere_else(pair: GatewayPair):
    pair.load(azure_side(*SITE6), a_configuration("strongswan", connectionMode="InitiatorOnly").text)
    assert not pair.traffic_passes(seconds=0.2), "there is no other way between the two"

    assert pair.azure.initiate("azure", "azure-1").succeeded

    assert pair.traffic_passes()
    assert wait_until(lambda: (found := pair.child(NAME)) is not None and found.bytes_in > 0, seconds=5)
