from typing import Any

import pytest

from azure_vpn_operator.azvpn.fleet import Fleet, fleet_of
from azure_vpn_operator.azvpn.strength import is_below, report_on
from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor
from support.cases.maps import BEFORE, a_policy, a_site

SUITE_B = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "ECP384",
}


def fleet(*documents: dict[str, Any]) -> Fleet:
    kinds = {kind: [each for each in documents if each["kind"] == kind] for kind in ("VpnConnection", "IpsecPolicy")}
    return fleet_of(kinds["VpnConnection"], kinds["IpsecPolicy"])


def without_policy(name: str) -> dict[str, Any]:
    document = a_site(name, "Site1")
    del document["spec"]["ipsecPolicyRef"]
    return document


def test_the_weakest_comes_first_and_says_what_makes_it_weak():
    text = report_on(fleet(a_policy("best", target=SUITE_B), a_policy("weak"), a_site("one", "Site1", policy="weak")))
    rows = [line.split() for line in text.splitlines()]

    assert rows[1] == ["network", "weak", "Weak", "no", "no", "no", "1", "dhGroup=DHGroup24"]
    assert rows[2] == ["network", "best", "CNSA", "yes", "yes", "yes", "0", "-"]


def test_connections_on_the_default_policy_are_counted():
    text = report_on(fleet(a_policy("weak"), without_policy("one"), without_policy("two")))

    assert text.splitlines()[-1].startswith("2 connections use Azure's Default policy")
    assert report_on(fleet()) == "No policies.\n"


@pytest.mark.parametrize(
    ("documents", "floor", "below"),
    [
        pytest.param([a_policy("weak"), a_site("one", "S", policy="weak")], "recommended", True, id="in use and weak"),
        pytest.param([a_policy("weak")], "recommended", False, id="weak and not in use"),
        pytest.param([a_policy("best", target=SUITE_B), a_site("one", "S", policy="best")], "cnsa", False, id="good"),
        pytest.param(
            [a_policy("fine", target={**BEFORE, "dhGroup": "ECP256"}), a_site("one", "S", policy="fine")],
            "cnsa",
            True,
            id="good enough for less",
        ),
        pytest.param([without_policy("one")], "recommended", True, id="the Default policy has group 2"),
        pytest.param([], "cnsa", False, id="nothing there"),
    ],
)
def test_below_the_floor_is_what_is_in_use(documents: list[dict[str, Any]], floor: str, below: bool):
    assert is_below(fleet(*documents), CryptoFloor(floor)) == below
