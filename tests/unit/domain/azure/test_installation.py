"""What the settings make of an object's absent fields."""

import pytest

from azure_vpn_operator.api.vpn_connection import (
    AdoptionPolicy,
    DeletionPolicy,
    DriftPolicy,
    ManagementPolicy,
    VpnConnectionSpec,
)
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies

ENFORCE, PLAN, OBSERVE = ManagementPolicy.ENFORCE, ManagementPolicy.PLAN, ManagementPolicy.OBSERVE


@pytest.mark.parametrize(
    ("asked", "setting", "cap", "effective", "capped"),
    [
        (None, ENFORCE, ENFORCE, ENFORCE, False),
        (None, OBSERVE, ENFORCE, OBSERVE, False),
        (OBSERVE, ENFORCE, ENFORCE, OBSERVE, False),
        (ENFORCE, OBSERVE, ENFORCE, ENFORCE, False),
        (ENFORCE, ENFORCE, OBSERVE, OBSERVE, True),
        (None, ENFORCE, OBSERVE, OBSERVE, True),
        (OBSERVE, ENFORCE, OBSERVE, OBSERVE, False),
        (None, OBSERVE, OBSERVE, OBSERVE, False),
        (PLAN, ENFORCE, ENFORCE, PLAN, False),
        (None, PLAN, ENFORCE, PLAN, False),
        (ENFORCE, ENFORCE, PLAN, PLAN, True),
        (OBSERVE, ENFORCE, PLAN, OBSERVE, False),
        (PLAN, ENFORCE, OBSERVE, OBSERVE, True),
    ],
)
def test_management_policy(
    asked: ManagementPolicy | None, setting: ManagementPolicy, cap: ManagementPolicy, effective: str, capped: bool
):
    policies = effective_policies(
        VpnConnectionSpec(management_policy=asked),
        Installation("x", management_policy=setting, max_management_policy=cap),
    )
    assert (policies.management, policies.capped, policies.may_write) == (effective, capped, effective == "Enforce")
    assert policies.plans_writes is (effective != "Observe")


def test_the_other_policies_fall_back_to_the_settings():
    installation = Installation(
        "x",
        adoption_policy=AdoptionPolicy.NEVER,
        drift_policy=DriftPolicy.REPORT,
        deletion_policy=DeletionPolicy.RETAIN,
    )
    absent = effective_policies(VpnConnectionSpec(), installation)
    assert (absent.adoption, absent.drift, absent.deletion) == ("Never", "Report", "Retain")
    wishes = VpnConnectionSpec(
        adoption_policy=AdoptionPolicy.ALWAYS, drift_policy=DriftPolicy.CORRECT, deletion_policy=DeletionPolicy.DELETE
    )
    own = effective_policies(wishes, installation)
    assert (own.adoption, own.drift, own.deletion) == ("Always", "Correct", "Delete")


def test_a_new_installation_enforces_adopts_what_is_equal_and_is_careful():
    policies = effective_policies(VpnConnectionSpec(), Installation("x"))
    assert (policies.management, policies.adoption, policies.drift, policies.deletion) == (
        "Enforce",
        "WhenEqual",
        "CorrectSafe",
        "Delete",
    )
