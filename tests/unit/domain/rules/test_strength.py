import pytest

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.domain.rules.strength import strength

_FIELDS = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity", "pfsGroup")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(
            "AES256 SHA384 ECP384 GCMAES256 GCMAES256 ECP384", "CNSA", id="RFC 9206 with AES in CBC mode for IKE"
        ),
        pytest.param("GCMAES256 SHA384 ECP384 GCMAES256 GCMAES256 ECP384", "CNSA", id="RFC 9206 with GCM for IKE"),
        pytest.param("AES256 SHA384 ECP384 GCMAES256 GCMAES256 PFSMM", "CNSA", id="PFS with the same group as phase 1"),
        pytest.param("AES256 SHA384 ECP256 GCMAES256 GCMAES256 ECP384", "Strong", id="one 128 bit group"),
        pytest.param("AES256 SHA384 ECP384 AES256 SHA256 ECP384", "Strong", id="CBC mode for the traffic"),
        pytest.param("AES128 SHA256 ECP256 AES128 SHA256 ECP256", "Strong", id="128 bits everywhere"),
        pytest.param("AES256 SHA384 DHGroup14 GCMAES256 GCMAES256 PFS14", "Good", id="group 14 is about 112 bits"),
        pytest.param("AES256 SHA384 DHGroup2048 GCMAES256 GCMAES256 PFS2048", "Good", id="group 14 by its other name"),
        pytest.param("AES256 SHA384 ECP384 GCMAES256 GCMAES256 None", "Good", id="no forward secrecy"),
        pytest.param("AES256 SHA384 DHGroup24 AES256 SHA256 None", "Weak", id="the how-to's first example"),
        pytest.param("AES128 SHA1 DHGroup14 GCMAES128 GCMAES128 PFS14", "Weak", id="the how-to's second example"),
        pytest.param("AES256 SHA384 ECP384 GCMAES256 GCMAES256 PFS2", "Weak", id="forward secrecy over group 2"),
        pytest.param("DES3 SHA384 ECP384 GCMAES256 GCMAES256 ECP384", "Weak", id="triple DES"),
        pytest.param("AES256 MD5 ECP384 GCMAES256 GCMAES256 ECP384", "Broken", id="MD5"),
        pytest.param("AES256 SHA384 None GCMAES256 GCMAES256 ECP384", "Broken", id="no group in phase 1"),
        pytest.param(
            "AES256 SHA384 DHGroup1 GCMAES256 GCMAES256 PFSMM", "Broken", id="forward secrecy over a broken group"
        ),
        pytest.param("AES256 SHA384 ECP384 None SHA256 ECP384", "Broken", id="no encryption"),
        pytest.param("AES256 SHA384 ECP384 DES SHA256 ECP384", "Broken", id="DES"),
    ],
)
def test_policy_is_as_strong_as_its_weakest_algorithm(values: str, expected: str):
    assert strength(IpsecPolicySpec.model_validate(dict(zip(_FIELDS, values.split(), strict=True))).wire()) == expected
