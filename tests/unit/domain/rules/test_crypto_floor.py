"""What each floor takes, value by value, and that the floors and the grades agree."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.domain.rules.crypto_floor import FLOORS, CryptoFloor, check_floor, floor_rules
from azure_vpn_operator.domain.rules.strength import Strength, strength
from support.cases.crypto import BEST, ENUMS


def policy(**values: str) -> dict[str, Any]:
    return {"kind": "IpsecPolicy", "metadata": {"name": "p"}, "spec": BEST | values}


def connection(**values: Any) -> dict[str, Any]:
    return {"kind": "VpnConnection", "metadata": {"name": "c"}, "spec": {"ipsecPolicyRef": {"name": "p"}, **values}}


def below(floor: CryptoFloor, document: dict[str, Any]) -> list[str]:
    return [violation.rule for violation in check_floor(floor, document)]


@pytest.mark.parametrize("floor", CryptoFloor)
def test_a_floor_names_every_algorithm_field_and_only_values_of_azure(floor: CryptoFloor):
    assert FLOORS[floor].keys() == ENUMS.keys()
    for field, accepted in FLOORS[floor].items():
        assert set(accepted.values) <= {str(value) for value in ENUMS[field]}
        assert len(set(accepted.values)) == len(accepted.values)
        assert accepted.source


@pytest.mark.parametrize(
    ("floor", "values", "rules"),
    [
        pytest.param(
            "recommended",
            {"ipsecEncryption": "None", "ipsecIntegrity": "SHA256"},
            ["floor-ipsec-encryption"],
            id="clear text",
        ),
        pytest.param(
            "recommended", {"ikeEncryption": "DES3"}, ["floor-ike-encryption"], id="3DES, which the RFCs leave behind"
        ),
        pytest.param(
            "recommended", {"ikeIntegrity": "SHA1"}, ["floor-ike-integrity"], id="SHA1, which is being phased out"
        ),
        pytest.param("recommended", {"dhGroup": "DHGroup24"}, ["floor-dh-group"], id="group 24, advised against"),
        pytest.param(
            "recommended",
            {"dhGroup": "DHGroup2", "pfsGroup": "PFS2"},
            ["floor-dh-group", "floor-pfs-group"],
            id="all that is wrong at once",
        ),
        pytest.param(
            "recommended", {"dhGroup": "DHGroup14", "pfsGroup": "None"}, [], id="group 14 without forward secrecy"
        ),
        pytest.param("recommended", {"ikeIntegrity": "GCMAES256"}, [], id="GCM where a hash is usual"),
        pytest.param(
            "fips",
            {"ikeIntegrity": "GCMAES256"},
            ["floor-ike-integrity"],
            id="a pseudo-random function that nobody names",
        ),
        pytest.param("fips", {"dhGroup": "ECP256", "ikeEncryption": "AES128"}, [], id="128 bits are approved"),
        pytest.param("cnsa", {}, [], id="the suite"),
        pytest.param("cnsa", {"pfsGroup": "PFSMM"}, [], id="forward secrecy with the group of phase 1"),
        pytest.param("cnsa", {"pfsGroup": "None"}, ["floor-pfs-group"], id="no forward secrecy"),
        pytest.param(
            "cnsa",
            {"ipsecEncryption": "AES256", "ipsecIntegrity": "SHA256"},
            ["floor-ipsec-encryption", "floor-ipsec-integrity"],
            id="CBC for traffic",
        ),
        pytest.param("cnsa", {"dhGroup": "ECP256"}, ["floor-dh-group"], id="a shorter curve"),
    ],
)
def test_verdicts_on_policies(floor: str, values: dict[str, str], rules: list[str]):
    assert below(CryptoFloor(floor), policy(**values)) == rules


@pytest.mark.parametrize("floor", CryptoFloor)
@pytest.mark.parametrize(
    ("document", "rules"),
    [
        pytest.param(connection(), [], id="a policy, and IKEv2 by default"),
        pytest.param(connection(connectionProtocol="IKEv1"), ["floor-ikev2"], id="IKEv1"),
        pytest.param({**connection(), "spec": {}}, ["floor-policy"], id="Azure's Default policy"),
        pytest.param({**connection(), "spec": {"managementPolicy": "Observe"}}, [], id="what is only looked at"),
        pytest.param(
            connection(managementPolicy="Observe", connectionProtocol="IKEv1"), [], id="IKEv1 that is only looked at"
        ),
    ],
)
def test_verdicts_on_connections(floor: CryptoFloor, document: dict[str, Any], rules: list[str]):
    assert below(floor, document) == rules


def test_a_violation_names_field_floor_and_source_and_what_to_write():
    (violation,) = check_floor(CryptoFloor.CNSA, policy(dhGroup="DHGroup14"))

    assert str(violation) == (
        "spec.dhGroup: `spec.dhGroup` must be ECP384 for the crypto floor cnsa (CNSA 1.0, RFC 9206) [floor-dh-group]"
    )


def test_a_field_that_the_schema_refuses_is_not_judged_twice():
    assert check_floor(CryptoFloor.CNSA, policy(dhGroup="ECP521"), broken=("spec.dhGroup",)) == ()


def test_other_kinds_are_not_asked():
    assert floor_rules(CryptoFloor.CNSA, "Secret") == ()


@pytest.mark.parametrize("field", ENUMS)
def test_a_higher_floor_takes_nothing_that_a_lower_one_refuses(field: str):
    recommended, fips, cnsa = (set(FLOORS[floor][field].values) for floor in CryptoFloor)

    assert cnsa <= fips <= recommended


@pytest.mark.parametrize(
    ("floor", "least"), [("recommended", Strength.GOOD), ("fips", Strength.GOOD), ("cnsa", Strength.CNSA)]
)
def test_what_a_floor_takes_has_its_grade_in_the_status(floor: str, least: Strength):
    order = list(Strength)
    fields = FLOORS[CryptoFloor(floor)]
    for values in itertools.product(*(accepted.values for accepted in fields.values())):
        spec = dict(zip(fields, values, strict=True))
        if spec["ipsecEncryption"].startswith("GCM") or spec["ipsecIntegrity"].startswith("GCM"):
            spec["ipsecIntegrity"] = spec["ipsecEncryption"]
        if spec["ipsecIntegrity"] not in fields["ipsecIntegrity"].values:
            continue
        assert order.index(strength(IpsecPolicySpec.model_validate(spec).wire())) >= order.index(least), spec


def test_the_guide_has_the_table():
    fields = FLOORS[CryptoFloor.CNSA]
    rows = [[f"`{field}`", *(", ".join(FLOORS[floor][field].values) for floor in CryptoFloor)] for field in fields]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    guide = Path(__file__).parents[4] / "docs" / "guides" / "crypto-floor.md"

    assert table in guide.read_text(encoding="utf-8"), table
