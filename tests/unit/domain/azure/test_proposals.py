"""Azure's names as transforms of IKEv2, typed from IANA's registry and from Azure's page about VPN devices."""

import itertools

import pytest

from azure_vpn_operator.api.algorithms import DhGroup, IkeEncryption, IkeIntegrity, IpsecEncryption, PfsGroup
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy, canonical_policy
from azure_vpn_operator.domain.azure.proposals import (
    DEFAULT_ESP_ACCEPTED,
    DEFAULT_ESP_OFFERED,
    DEFAULT_IKE,
    Encryption,
    EspProposal,
    Group,
    Hash,
    IkeProposal,
    proposals_of,
)
from support.builders import SITE6_POLICY


def a_policy(**values: object) -> CanonicalPolicy:
    return canonical_policy({**SITE6_POLICY, **values})


@pytest.mark.parametrize(
    ("values", "ike"),
    [
        pytest.param(
            {},
            IkeProposal(Encryption.AES_CBC_256, Hash.SHA384, (Hash.SHA384,), Group.MODP_2048_S256),
            id="the how-to's Site6",
        ),
        pytest.param(
            {"ikeEncryption": "GCMAES128", "ikeIntegrity": "SHA256", "dhGroup": "ECP256"},
            IkeProposal(Encryption.AES_GCM_128, None, (Hash.SHA256,), Group.ECP_256),
            id="with GCM the integrity names the pseudo-random function",
        ),
        pytest.param(
            {"ikeEncryption": "GCMAES256", "ikeIntegrity": "GCMAES256", "dhGroup": "ECP384"},
            IkeProposal(Encryption.AES_GCM_256, None, (Hash.SHA384, Hash.SHA256), Group.ECP_384),
            id="GCM as integrity names none, so a device offers both",
        ),
        pytest.param(
            {"ikeEncryption": "DES3", "ikeIntegrity": "MD5", "dhGroup": "DHGroup2048"},
            IkeProposal(Encryption.DES3, Hash.MD5, (Hash.MD5,), Group.MODP_2048),
            id="the other spelling of group 14",
        ),
    ],
)
def test_phase_1(values: dict[str, str], ike: IkeProposal):
    found = proposals_of(a_policy(**values))

    assert (found.ike, found.unnegotiable) == ((ike,), ())


@pytest.mark.parametrize(
    ("values", "esp"),
    [
        pytest.param({}, EspProposal(Encryption.AES_CBC_256, Hash.SHA256, None), id="None is no group of its own"),
        pytest.param(
            {"pfsGroup": "PFSMM"},
            EspProposal(Encryption.AES_CBC_256, Hash.SHA256, Group.MODP_2048_S256),
            id="PFSMM is the group of phase 1",
        ),
        pytest.param(
            {"ipsecEncryption": "GCMAES192", "ipsecIntegrity": "GCMAES192", "pfsGroup": "PFS14"},
            EspProposal(Encryption.AES_GCM_192, None, Group.MODP_2048),
            id="GCM has no integrity beside it",
        ),
        pytest.param(
            {"ipsecEncryption": "None", "ipsecIntegrity": "SHA1", "pfsGroup": "PFS24"},
            EspProposal(Encryption.NULL, Hash.SHA1, Group.MODP_2048_S256),
            id="no encryption is NULL",
        ),
    ],
)
def test_phase_2(values: dict[str, str], esp: EspProposal):
    found = proposals_of(a_policy(**values))

    assert (found.esp, found.unnegotiable) == ((esp,), ())


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        pytest.param({"dhGroup": "None"}, ["dhGroup"], id="IKE needs a group"),
        pytest.param({"dhGroup": "None", "pfsGroup": "PFSMM"}, ["dhGroup", "pfsGroup"], id="and so does PFSMM"),
        pytest.param({"ikeIntegrity": "GCMAES256"}, ["ikeIntegrity"], id="GCM as integrity of another encryption"),
        pytest.param({"ikeEncryption": "AES512"}, ["ikeEncryption"], id="a value of a later release: encryption"),
        pytest.param({"ikeIntegrity": "SHA3"}, ["ikeIntegrity"], id="integrity"),
        pytest.param({"dhGroup": "MLKEM768"}, ["dhGroup"], id="group"),
        pytest.param({"ipsecEncryption": "AES512"}, ["ipsecEncryption"], id="IPsec encryption"),
        pytest.param({"ipsecIntegrity": "SHA3"}, ["ipsecIntegrity"], id="IPsec integrity"),
        pytest.param({"ipsecEncryption": "GCMAES256"}, ["ipsecIntegrity"], id="half of a GCM pair"),
        pytest.param({"ipsecIntegrity": "GCMAES256"}, ["ipsecIntegrity"], id="the other half"),
        pytest.param({"pfsGroup": "PFS99"}, ["pfsGroup"], id="group of phase 2"),
    ],
)
def test_what_no_proposal_can_be_made_of_is_said(values: dict[str, str], fields: list[str]):
    found = proposals_of(a_policy(**values))

    assert [fault.field for fault in found.unnegotiable] == fields
    assert not found.ike or not found.esp


@pytest.mark.parametrize("encryption", IkeEncryption)
def test_every_phase_1_of_the_api_is_a_proposal_or_says_why_not(encryption: str):
    for integrity, group in itertools.product(IkeIntegrity, DhGroup):
        found = proposals_of(a_policy(ikeEncryption=encryption, ikeIntegrity=str(integrity), dhGroup=str(group)))
        assert bool(found.ike) != bool(found.unnegotiable)


@pytest.mark.parametrize("encryption", IpsecEncryption)
def test_every_phase_2_of_the_api_is_a_proposal(encryption: str):
    integrity = encryption if encryption.startswith("GCM") else "SHA256"
    for group in PfsGroup:
        found = proposals_of(a_policy(ipsecEncryption=encryption, ipsecIntegrity=integrity, pfsGroup=str(group)))
        assert found.esp
        assert (found.esp[0].pfs is None) == (group == "None")


def test_default_policy_is_the_table_of_azures_page():
    found = proposals_of(None)

    assert (found.ike, found.esp) == (DEFAULT_IKE, DEFAULT_ESP_OFFERED)
    assert {proposal.group for proposal in DEFAULT_IKE} == {Group.MODP_1024}
    assert {(str(proposal.encryption), str(proposal.integrity)) for proposal in DEFAULT_IKE} == set(
        itertools.product(("AES-CBC-256", "AES-CBC-128", "3DES-CBC"), ("SHA1", "SHA2-256"))
    )
    assert len(DEFAULT_ESP_OFFERED) == 6
    assert len(set(DEFAULT_ESP_ACCEPTED)) == 26
    assert set(DEFAULT_ESP_OFFERED) < set(DEFAULT_ESP_ACCEPTED)
    groups = [0 if proposal.pfs is None else int(proposal.pfs) for proposal in DEFAULT_ESP_ACCEPTED]
    assert {group: groups.count(group) for group in groups} == {0: 8, 1: 5, 2: 6, 14: 5, 24: 2}
