"""The strongSwan form with every combination that a policy can have, against a gateway that is set to Azure's side of it.

Phase 1 and phase 2 are negotiated one after the other, in exchanges of their own, and neither knows the other's algorithms (PFSMM,
which names phase 1's group, is turned into that group on both sides before). So every combination of phase 1 with one of phase 2,
and every one of phase 2 with one of phase 1, are all that can differ.
"""

from collections.abc import Iterable, Mapping

import pytest

from azure_vpn_simulator.strongswan.proposals import IKE_ENCRYPTION, IPSEC
from support.azure_gateway import azure_side, esp_proposal, ike_proposal
from support.gateway_pair import GatewayPair
from support.pages import DOCS
from support.peer_configs import (
    IKE_ENCRYPTIONS,
    IPSEC_ENCRYPTIONS,
    NAME,
    a_configuration,
    ike_combinations,
    in_azure,
    ipsec_combinations,
)

GUIDE = DOCS / "guides" / "configure-the-other-side.md"
NOTHING = "No configuration is written"

ONE_OF_EACH = [
    ("DES", "MD5", "DHGroup1", "None", "MD5", "PFS1"),
    ("DES3", "SHA1", "DHGroup2", "DES", "SHA1", "PFS2"),
    ("AES128", "SHA256", "DHGroup14", "DES3", "SHA256", "PFS2048"),
    ("AES192", "SHA384", "DHGroup2048", "AES128", "SHA256", "PFS14"),
    ("AES256", "SHA384", "DHGroup24", "AES192", "SHA1", "PFS24"),
    ("GCMAES128", "SHA256", "ECP256", "AES256", "SHA256", "PFSMM"),
    ("GCMAES256", "GCMAES256", "ECP384", "GCMAES128", "GCMAES128", "ECP256"),
    ("GCMAES256", "SHA384", "ECP384", "GCMAES192", "GCMAES192", "ECP384"),
    ("AES256", "SHA256", "DHGroup14", "GCMAES256", "GCMAES256", "None"),
    ("GCMAES128", "GCMAES128", "ECP256", "AES256", "SHA1", "None"),
]
GROUPS = {
    "modp768": "MODP_768",
    "modp1024": "MODP_1024",
    "modp2048": "MODP_2048",
    "modp2048s256": "MODP_2048_256",
    "ecp256": "ECP_256",
    "ecp384": "ECP_384",
}
"""As strongSwan shows what has been negotiated."""
FIELDS = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity", "pfsGroup")


def can_be_negotiated(values: Mapping[str, str]) -> bool:
    """By IKE itself: it needs a group, and a GCMAES is the integrity of a GCMAES only."""
    policy = in_azure(values)
    if policy["dhGroup"] == "None":
        return False
    return policy["ikeEncryption"].startswith("GCM") or not policy["ikeIntegrity"].startswith("GCM")


def negotiate(pair: GatewayPair, values: Mapping[str, str]) -> None:
    """Bring the tunnel up, use it, renew its keys, use it again."""
    policy = in_azure(values)
    ike, esp = ike_proposal(policy), esp_proposal(policy)
    pair.load(azure_side([ike], [esp]), a_configuration("strongswan", values).text)

    assert pair.is_up(NAME), pair.said()
    first = pair.child(NAME)
    assert first is not None
    assert first.group == "", "the first IPsec SA has no key exchange of its own"
    assert pair.traffic_passes()
    outcome = pair.device.rekey(NAME, "net-1")
    assert outcome.succeeded, outcome.said
    renewed = pair.child(NAME)
    assert renewed is not None
    assert renewed.group == (GROUPS[esp.split("-")[-1]] if policy["pfsGroup"] != "None" else "")
    assert pair.traffic_passes()


@pytest.mark.parametrize("row", ONE_OF_EACH, ids="-".join)
def test_a_tunnel_comes_up_with_each_value_and_survives_a_rekey(pair: GatewayPair, row: tuple[str, ...]):
    negotiate(pair, dict(zip(FIELDS, row, strict=True)))


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("encryption", IKE_ENCRYPTIONS)
def test_every_combination_of_phase_1_comes_up(pair: GatewayPair, encryption: str):
    done = [negotiate(pair, values) for values in ike_combinations(encryption) if can_be_negotiated(values)]

    assert len(done) == (42 if encryption.startswith("GCM") else 28)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("encryption", IPSEC_ENCRYPTIONS)
def test_every_combination_of_phase_2_comes_up(pair: GatewayPair, encryption: str):
    done = [negotiate(pair, values) for values in ipsec_combinations(encryption)]

    assert len(done) == (9 if encryption.startswith("GCM") else 27)


@pytest.mark.parametrize("encryption", IKE_ENCRYPTIONS)
def test_what_ike_cannot_negotiate_is_refused_with_the_reason(encryption: str):
    impossible = [values for values in ike_combinations(encryption) if not can_be_negotiated(values)]

    for values in impossible:
        rendered = a_configuration("strongswan", values)
        assert NOTHING in rendered.text
        assert any(field in refusal for refusal in rendered.refusals for field in ("dhGroup", "ikeIntegrity"))


def test_the_guide_says_how_many_there_are():
    phase_1 = [values for encryption in IKE_ENCRYPTION for values in ike_combinations(encryption)]
    phase_2 = [values for encryption in IPSEC for values in ipsec_combinations(encryption)]
    negotiated = [values for values in phase_1 if can_be_negotiated(values)]
    text = " ".join(GUIDE.read_text(encoding="utf-8").split())

    assert f"{len(negotiated)} of the {len(phase_1)} combinations of phase 1" in text
    assert f"all {len(phase_2)} of phase 2" in text


def test_each_value_is_in_the_short_run():
    """What is quick leaves no value out."""
    rows: Iterable[dict[str, str]] = (dict(zip(FIELDS, row, strict=True)) for row in ONE_OF_EACH)
    tried = {(field, value) for row in rows for field, value in row.items()}
    wanted = {
        (field, value)
        for combinations, encryptions in ((ike_combinations, IKE_ENCRYPTION), (ipsec_combinations, IPSEC))
        for encryption in encryptions
        for values in combinations(encryption)
        for field, value in values.items()
    }

    assert wanted - tried == {("dhGroup", "None")}
