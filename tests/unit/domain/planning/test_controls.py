"""What stops what: each control against new changes, drift correction, deletion in Azure and key rotation."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import ManagementPolicy
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.domain.passes.snapshot import KeyCheck, Snapshot
from azure_vpn_operator.domain.passes.verdicts import Accepted
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.planning.preview import only_planned
from support.builders import OWNER, a_connection, a_fault, a_live_connection, a_snapshot, an_installation
from support.checkers import PassRecord, run_pass

UNTIL = "azvpn.dev/hold-until"
CONTROLS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "suspend": {"spec": {"suspend": True}},
    "Observe": {"spec": {"managementPolicy": "Observe"}},
    "Observe by setting": {"installation": {"management_policy": ManagementPolicy.OBSERVE}},
    "Observe by cap": {"installation": {"max_management_policy": ManagementPolicy.OBSERVE}},
    "Plan": {"spec": {"managementPolicy": "Plan"}},
    "Plan by setting": {"installation": {"management_policy": ManagementPolicy.PLAN}},
    "Plan by cap": {"installation": {"max_management_policy": ManagementPolicy.PLAN}},
    "hold-until": {"annotations": {UNTIL: "2026-03-01T12:00:01Z"}},
    "hold-until in another zone": {"annotations": {UNTIL: "2026-03-01T15:00:01+03:00"}},
    "hold-until for ever": {"annotations": {UNTIL: "9999-12-31T23:59:59-12:00"}},
    "hold-until that is no time": {"annotations": {UNTIL: "next week"}},
    "hold-until without a zone": {"annotations": {UNTIL: "2020-01-01T00:00:00"}},
    "azvpn-hold": {"tags": {"azvpn-hold": "ann, incident 4711"}},
    "azvpn-hold in another case": {"tags": {"AzVpn-Hold": ""}},
    "hold-until in the past": {"annotations": {UNTIL: "2026-03-01T12:00:00Z"}},
    "hold-until with small letters": {"annotations": {UNTIL: "2026-03-01t11:00:00z"}},
}
HOLDS = {name for name in CONTROLS if "hold" in name} - {"hold-until in the past", "hold-until with small letters"}
PLANNERS = {name for name in CONTROLS if "Plan" in name}
OBSERVERS = {name for name in CONTROLS if "Observe" in name} | PLANNERS
"""Those for which nothing is written."""


def build(control: str, *, deleting: bool = False, previous: Any = None, **changes: Any) -> Snapshot:
    """A connection under one control; `live` and `spec` are changed by keyword."""
    rules = CONTROLS[control]
    live = changes.pop("live", {})
    spec = {**rules.get("spec", {}), **changes.pop("spec", {})}
    enforced = control not in OBSERVERS
    subject = a_connection(
        annotations=rules.get("annotations"),
        deleting=deleting,
        finalizers=("azvpn.dev/connection",) if enforced or deleting else (),
        **spec,
    )
    found = a_live_connection(**{"tags": {"azvpn-owner": OWNER, **rules.get("tags", {})}, **live})
    return a_snapshot(
        subject, installation=an_installation(**rules.get("installation", {})), live=found, previous=previous, **changes
    )


def expect(control: str, free: str) -> str:
    if control in OBSERVERS:
        return "Planned" if control in PLANNERS else "Settled"
    return "Hold" if control == "suspend" or control in HOLDS else free


def pass_under(control: str, snapshot: Snapshot, free: str) -> PassRecord:
    wanted = expect(control, free)
    record = run_pass(snapshot, Accepted(10.0) if wanted == free else None)
    assert type(record.step).__name__ == wanted
    return record


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize(
    ("spec", "live", "free"),
    [
        pytest.param({"routingWeight": 5}, {}, "Put", id="an edit"),
        pytest.param({"tags": {"team": "core"}}, {}, "PatchTags", id="a tag"),
        pytest.param({}, {"provisioningState": "Failed"}, "Put", id="a failed connection"),
    ],
)
def test_new_changes(control: str, spec: dict[str, Any], live: dict[str, Any], free: str):
    record = pass_under(control, build(control, spec=spec, live=live), free)
    if expect(control, free) == "Hold":
        assert record.condition("Ready") == ("False", "ChangesPaused")
        assert (record.condition("Paused") or ("", ""))[0] == "True"
        assert record.condition("Stalled") is record.condition("Reconciling") is None
        assert record.status.differences


@pytest.mark.parametrize("control", [name for name in CONTROLS if "azvpn" not in name])
def test_creation(control: str):
    rules = CONTROLS[control]
    subject = a_connection(
        annotations=rules.get("annotations"),
        finalizers=() if control in OBSERVERS else ("azvpn.dev/connection",),
        **rules.get("spec", {}),
    )
    snapshot = a_snapshot(subject, installation=an_installation(**rules.get("installation", {})), live=Absent())
    step = only_planned(snapshot, plan(snapshot))
    watches = control in OBSERVERS - PLANNERS
    assert type(step).__name__ == ("Hold" if watches else expect(control, "Put"))


@pytest.mark.parametrize("control", CONTROLS)
def test_adoption_writes_no_tag_either(control: str):
    tags = CONTROLS[control].get("tags", {})
    snapshot = build(control, live={"tags": tags})
    assert type(only_planned(snapshot, plan(snapshot))).__name__ == expect(control, "PatchTags")


@pytest.mark.parametrize("control", CONTROLS)
def test_drift_correction(control: str):
    held = run_pass(build(control)).status
    snapshot = build(control, live={"routingWeight": 9}, previous=held)
    pass_under(control, snapshot, "Put")


@pytest.mark.parametrize("control", [name for name in CONTROLS if name not in OBSERVERS - PLANNERS])
def test_key_rotation(control: str):
    snapshot = build(control, key_check=KeyCheck.DIFFERENT, key_rotated=True)
    pass_under(control, snapshot, "SetKey")


@pytest.mark.parametrize("control", CONTROLS)
def test_deletion_in_azure(control: str):
    step = plan(build(control, deleting=True))
    kind, reason = type(step).__name__, getattr(step, "reason", None)
    if control == "suspend" or control in OBSERVERS:
        assert (kind, reason) == ("ReleaseFinalizer", "Retained"), "the object goes, Azure stays"
    elif control in HOLDS:
        assert (kind, reason) == ("Hold", "DeletionHeld"), "a hold makes the deletion wait"
    else:
        assert kind == "Delete"


@pytest.mark.parametrize("control", CONTROLS)
def test_retain_always_lets_the_object_go(control: str):
    step = plan(build(control, deleting=True, spec={"deletionPolicy": "Retain"}))
    free = control not in HOLDS | OBSERVERS | {"suspend"}
    assert type(step).__name__ == ("LetGo" if free else "ReleaseFinalizer")


@pytest.mark.parametrize("control", CONTROLS)
def test_observed_generation_is_written_under_every_control(control: str):
    assert run_pass(build(control)).status.observed_generation == 3


def test_suspended_object_gets_no_finalizer():
    subject = a_connection(suspend=True, finalizers=())
    assert run_pass(a_snapshot(subject, live=Absent())).condition("Ready") == ("False", "ChangesPaused")


def test_held_object_in_peace_is_ready_and_says_that_it_is_held():
    record = run_pass(build("azvpn-hold"))
    assert record.condition("Ready") == ("True", "UpToDate")
    assert record.condition("Paused") == ("True", "HeldInAzure")
    assert record.status.summary is not None
    assert record.status.summary.reason == "HeldInAzure"


def test_hold_in_azure_is_remembered_while_azure_is_not_read():
    held = run_pass(build("azvpn-hold")).status
    record = run_pass(a_snapshot(previous=held, live=Unreadable(a_fault())))
    assert record.condition("Paused") == ("True", "HeldInAzure")


def test_object_wakes_up_when_its_hold_ends():
    record = run_pass(build("hold-until", spec={"routingWeight": 5}))
    assert record.next_look == 2.0
