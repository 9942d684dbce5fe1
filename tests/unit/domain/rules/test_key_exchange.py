"""The how-to's table of groups, as a policy's status tells it."""

import pytest

from azure_vpn_operator.api.algorithms import DhGroup, PfsGroup
from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.domain.rules.key_exchange import describe_key_exchange
from support.cases.objects import policy


def _spec(dh: str, pfs: str) -> IpsecPolicySpec:
    return IpsecPolicySpec.model_validate(policy(dhGroup=dh, pfsGroup=pfs)["spec"])


@pytest.mark.parametrize(
    ("number", "dh", "pfs", "key"),
    [
        (1, "DHGroup1", "PFS1", "768-bit MODP"),
        (2, "DHGroup2", "PFS2", "1024-bit MODP"),
        (14, "DHGroup14", "PFS2048", "2048-bit MODP"),
        (14, "DHGroup2048", "PFS14", "2048-bit MODP"),
        (19, "ECP256", "ECP256", "256-bit ECP"),
        (20, "ECP384", "ECP384", "384-bit ECP"),
        (24, "DHGroup24", "PFS24", "2048-bit MODP"),
    ],
)
def test_groups_have_the_key_of_the_how_to(number: int, dh: str, pfs: str, key: str):
    told = describe_key_exchange(_spec(dh, pfs))

    assert told.dh_group == told.pfs_group == f"group {number}, {key}"
    assert told.ike_sa_life_time_seconds == 28800, "no field sets it"


def test_pfsmm_is_the_group_of_phase_1_and_none_is_none():
    assert describe_key_exchange(_spec("ECP384", "PFSMM")).pfs_group == "group 20, 384-bit ECP"
    assert describe_key_exchange(_spec("ECP384", "None")).pfs_group == "None"


@pytest.mark.parametrize("dh", DhGroup)
@pytest.mark.parametrize("pfs", PfsGroup)
def test_every_policy_can_be_told(dh: str, pfs: str):
    assert describe_key_exchange(_spec(dh, pfs)).dh_group
