"""Drift, told from an edit, and what driftPolicy does about it."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import DriftPolicy
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent
from azure_vpn_operator.domain.passes.snapshot import KeyCheck
from azure_vpn_operator.domain.passes.steps import PatchTags, Put
from azure_vpn_operator.domain.passes.verdicts import Accepted
from azure_vpn_operator.domain.planning.drift import new_drift
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import a_connection, a_fault, a_live_connection, a_policy, a_snapshot, an_installation
from support.cases.objects import DROP
from support.checkers import run_pass

DROPS: dict[str, Any] = {"dpdTimeoutSeconds": 30}
HARMLESS: dict[str, Any] = {"routingWeight": 9}
TAGS: dict[str, Any] = {"tags": {}}
TUNNELS = [{"tunnel": "a", "connectionStatus": "NotConnected"}, {"tunnel": "b", "connectionStatus": "Connected"}]


def held(**spec: Any) -> VpnConnectionStatus:
    """The status of a connection that Azure was seen to hold exactly as it is wanted."""
    return run_pass(a_snapshot(a_connection(**spec))).status


@pytest.mark.parametrize(
    ("policy", "drift", "tunnel", "step"),
    [
        ("Correct", DROPS, "Connected", "Put"),
        ("Correct", HARMLESS, "Connected", "Put"),
        ("Correct", TAGS, "Connected", "PatchTags"),
        ("CorrectSafe", DROPS, "Connected", "Refuse"),
        ("CorrectSafe", DROPS | HARMLESS, "Connected", "Refuse"),
        ("CorrectSafe", DROPS, "NotConnected", "Put"),
        ("CorrectSafe", DROPS, "Connecting", "Put"),
        ("CorrectSafe", DROPS, "Unknown", "Put"),
        ("CorrectSafe", DROPS, DROP, "Refuse"),
        ("CorrectSafe", HARMLESS, "Connected", "Put"),
        ("CorrectSafe", TAGS, "Connected", "PatchTags"),
        ("Report", DROPS, "NotConnected", "Refuse"),
        ("Report", HARMLESS, "Connected", "Refuse"),
        ("Report", TAGS, "Connected", "Refuse"),
    ],
)
def test_drift(policy: str, drift: dict[str, Any], tunnel: Any, step: str):
    spec = {"driftPolicy": policy}
    live = a_live_connection(connectionStatus=tunnel, **drift)
    record = run_pass(
        a_snapshot(a_connection(**spec), previous=held(**spec), live=live), None if step == "Refuse" else Accepted(10.0)
    )
    assert type(record.step).__name__ == step
    if isinstance(record.step, Put | PatchTags):
        assert record.step.drift
        assert (record.events[0].reason, record.events[0].warning) == ("DriftCorrected", True)
    else:
        assert record.condition("Stalled") == ("True", "DriftDetected")
        assert record.status.differences


def test_one_tunnel_that_is_up_is_enough_to_be_careful():
    live = a_live_connection(connectionStatus="NotConnected", tunnelConnectionStatus=TUNNELS, **DROPS)
    assert type(plan(a_snapshot(previous=held(), live=live))).__name__ == "Refuse"


def test_the_setting_holds_for_an_object_without_a_wish():
    installation = an_installation(drift_policy=DriftPolicy.REPORT)
    step = plan(a_snapshot(installation=installation, previous=held(), live=a_live_connection(**HARMLESS)))
    assert getattr(step, "reason", None) == "DriftDetected"


@pytest.mark.parametrize("policy", ["Correct", "CorrectSafe", "Report"])
@pytest.mark.parametrize("edit", [{"dpdTimeoutSeconds": 30}, {"tags": {"team": "core"}}, {"ipsecPolicyRef": DROP}])
def test_an_edit_is_put_whatever_drift_policy_says(policy: str, edit: dict[str, Any]):
    before = held(driftPolicy=policy)
    step = plan(a_snapshot(a_connection(driftPolicy=policy, **edit), previous=before))
    assert isinstance(step, Put | PatchTags)
    assert not step.drift


def test_an_edited_policy_is_no_drift():
    step = plan(a_snapshot(a_connection(driftPolicy="Report"), previous=held(), policy=a_policy(dhGroup="ECP384")))
    assert isinstance(step, Put)
    assert not step.drift


def test_a_policy_that_is_another_spelling_of_the_same_hides_no_drift():
    before = run_pass(
        a_snapshot(
            policy=a_policy(dhGroup="DHGroup14"),
            live=a_live_connection(ipsecPolicies=[a_policy(dhGroup="DHGroup14").spec.wire()]),
        )
    ).status
    step = plan(a_snapshot(policy=a_policy(dhGroup="DHGroup2048"), previous=before))
    assert getattr(step, "reason", None) == "DriftDetected"


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Accepted(10.0), id="Azure took the edit"),
        pytest.param(a_fault(FaultKind.UNAVAILABLE), id="the answer was lost"),
        pytest.param(a_fault(FaultKind.UNREADABLE), id="the answer made no sense"),
    ],
)
def test_taking_an_edit_back_before_azure_was_seen_to_hold_it_is_no_drift(outcome: Any):
    edit = run_pass(a_snapshot(a_connection(**DROPS, generation=4), previous=held()), outcome).status
    revert = plan(a_snapshot(a_connection(generation=5), previous=edit, live=a_live_connection(**DROPS)))
    assert isinstance(revert, Put)
    assert not revert.drift


def test_an_edit_that_azure_refused_leaves_drift_what_it_is():
    refused = run_pass(
        a_snapshot(a_connection(**DROPS, generation=4), previous=held()), a_fault(FaultKind.REJECTED)
    ).status
    revert = plan(
        a_snapshot(a_connection(generation=5), previous=refused, live=a_live_connection(dpdTimeoutSeconds=20))
    )
    assert getattr(revert, "reason", None) == "DriftDetected"


def test_a_correction_under_way_is_still_a_correction():
    drifted = a_snapshot(previous=held(), live=a_live_connection(connectionStatus="NotConnected", **DROPS))
    again = run_pass(drifted, Accepted(10.0)).status
    step = plan(a_snapshot(previous=again, live=a_live_connection(connectionStatus="Connected", **DROPS)))
    assert getattr(step, "reason", None) == "DriftDetected"


def test_a_failed_connection_is_put_again_and_is_nobodys_drift():
    live = a_live_connection(provisioningState="Failed")
    step = plan(a_snapshot(a_connection(driftPolicy="Report"), previous=held(driftPolicy="Report"), live=live))
    assert isinstance(step, Put)
    assert not step.drift


@pytest.mark.parametrize(("policy", "step"), [("Correct", "Put"), ("CorrectSafe", "Put"), ("Report", "Refuse")])
def test_a_connection_that_somebody_deleted(policy: str, step: str):
    found = plan(a_snapshot(a_connection(driftPolicy=policy), previous=held(driftPolicy=policy), live=Absent()))
    assert type(found).__name__ == step
    assert "deleted in Azure" in str(found)


@pytest.mark.parametrize(
    ("policy", "tunnel", "rotated", "step"),
    [
        ("Correct", "Connected", False, "SetKey"),
        ("CorrectSafe", "Connected", False, "Refuse"),
        ("CorrectSafe", "NotConnected", False, "SetKey"),
        ("Report", "NotConnected", False, "Refuse"),
        ("Correct", "Connected", True, "SetKey"),
        ("CorrectSafe", "Connected", True, "SetKey"),
        ("Report", "Connected", True, "SetKey"),
    ],
)
def test_a_key_that_is_not_the_secrets(policy: str, tunnel: str, rotated: bool, step: str):
    snapshot = a_snapshot(
        a_connection(driftPolicy=policy),
        live=a_live_connection(connectionStatus=tunnel),
        key_check=KeyCheck.DIFFERENT,
        key_rotated=rotated,
    )
    assert type(plan(snapshot)).__name__ == step


@pytest.mark.parametrize(
    ("live", "policy", "outcome", "effect"),
    [
        pytest.param(HARMLESS, "Correct", Accepted(10.0), "None", id="put back, harmless"),
        pytest.param(DROPS, "Correct", Accepted(10.0), "TunnelDrop", id="put back, at the price of the tunnel"),
        pytest.param(DROPS, "Report", None, "TunnelDrop", id="reported"),
        pytest.param(HARMLESS, "Correct", a_fault(), None, id="not told before Azure took it"),
        pytest.param({}, "Correct", None, None, id="peace"),
    ],
)
def test_new_drift_is_counted_with_its_effect(live: dict[str, Any], policy: str, outcome: Any, effect: str | None):
    before = held(driftPolicy=policy)
    snapshot = a_snapshot(a_connection(driftPolicy=policy), previous=before, live=a_live_connection(**live))
    assert new_drift(snapshot, plan(snapshot), outcome) == effect


def test_drift_that_is_reported_already_is_not_counted_again():
    subject, live = a_connection(driftPolicy="Report"), a_live_connection(**DROPS)
    before = run_pass(a_snapshot(subject, previous=held(driftPolicy="Report"), live=live)).status
    snapshot = a_snapshot(subject, previous=before, live=live)
    assert new_drift(snapshot, plan(snapshot), None) is None
