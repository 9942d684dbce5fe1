"""What happens in Azure when the object is deleted."""

from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import DeletionPolicy, ManagementPolicy
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.domain.passes.snapshot import Attempts, OperationKind, PolicyBroken, Snapshot
from azure_vpn_operator.domain.passes.steps import LetGo
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import (
    NOW,
    OWNER,
    a_broken_connection,
    a_connection,
    a_failed_operation,
    a_fault,
    a_live_connection,
    a_snapshot,
    an_installation,
    an_open_operation,
)
from support.checkers import run_pass

RETAIN = {"deletionPolicy": "Retain"}
BROKEN = "a rule is broken"


def gone(**changes: Any) -> Any:
    return a_connection(deleting=True, **changes)


def broken(raw: dict[str, Any], **changes: Any) -> Snapshot:
    """An invalid object that is being deleted; `raw` is what can still be read of its spec."""
    return a_snapshot(a_broken_connection(deleting=True), raw_spec=raw, **{"live": a_live_connection(), **changes})


@pytest.mark.parametrize(
    ("snapshot", "step", "reason"),
    [
        pytest.param(a_snapshot(gone()), "Delete", None, id="ours, enforced, Delete"),
        pytest.param(
            a_snapshot(gone(finalizers=())),
            "Hold",
            "Deleting",
            id="without our finalizer it is no longer ours to judge",
        ),
        pytest.param(a_snapshot(gone(**RETAIN)), "LetGo", None, id="Retain removes the owner tag"),
        pytest.param(a_snapshot(gone(), live=Absent()), "ReleaseFinalizer", "Deleted", id="it is gone already"),
        pytest.param(a_snapshot(gone(**RETAIN), live=Absent()), "ReleaseFinalizer", "Deleted", id="gone, and Retain"),
        pytest.param(
            a_snapshot(gone(), live=a_live_connection(tags={})),
            "ReleaseFinalizer",
            "Retained",
            id="nobody's is not deleted",
        ),
        pytest.param(
            a_snapshot(gone(), live=a_live_connection(tags={"azvpn-owner": "prod/a/b"})),
            "ReleaseFinalizer",
            "Retained",
            id="another's is not deleted",
        ),
        pytest.param(
            a_snapshot(
                gone(annotations={"azvpn.dev/adopt-from": "prod/a/b"}),
                live=a_live_connection(tags={"azvpn-owner": "prod/a/b"}),
            ),
            "ReleaseFinalizer",
            "Retained",
            id="adopt-from does not make it ours to delete",
        ),
        pytest.param(
            a_snapshot(gone(), live=a_live_connection(tags={"AZVPN-OWNER": OWNER})),
            "Delete",
            None,
            id="names of tags have no case",
        ),
        pytest.param(a_snapshot(gone(), live=Unreadable(a_fault())), "Blocked", None, id="nothing is deleted unread"),
        pytest.param(
            a_snapshot(gone(**RETAIN), live=Unreadable(a_fault())),
            "ReleaseFinalizer",
            "Retained",
            id="Retain works during an outage",
        ),
        pytest.param(a_snapshot(gone(suspend=True)), "ReleaseFinalizer", "Retained", id="suspended"),
        pytest.param(
            a_snapshot(gone(suspend=True), live=Unreadable(a_fault())),
            "ReleaseFinalizer",
            "Retained",
            id="suspended during an outage",
        ),
        pytest.param(a_snapshot(gone(managementPolicy="Observe")), "ReleaseFinalizer", "Retained", id="Observe"),
        pytest.param(
            a_snapshot(gone(), installation=an_installation(deletion_policy=DeletionPolicy.RETAIN)),
            "LetGo",
            None,
            id="Retain by setting",
        ),
        pytest.param(
            a_snapshot(gone(), installation=an_installation(max_management_policy=ManagementPolicy.OBSERVE)),
            "ReleaseFinalizer",
            "Retained",
            id="Observe by cap",
        ),
        pytest.param(a_snapshot(gone(), policy=Absent()), "Delete", None, id="it does not wait for its policy"),
        pytest.param(a_snapshot(gone(), policy=PolicyBroken(BROKEN)), "Delete", None, id="nor for a valid policy"),
        pytest.param(a_snapshot(gone(), key=Absent()), "Delete", None, id="nor for its Secret"),
        pytest.param(
            a_snapshot(gone(), live=a_live_connection(connectionType="ExpressRoute")),
            "Delete",
            None,
            id="nor for its type",
        ),
        pytest.param(
            a_snapshot(gone(), operation=an_open_operation()), "Wait", "Deleting", id="it waits for an open operation"
        ),
        pytest.param(
            a_snapshot(gone(), operation=an_open_operation(OperationKind.DELETE)),
            "Wait",
            "Deleting",
            id="it waits for its own deletion",
        ),
        pytest.param(
            a_snapshot(gone(), operation=an_open_operation(OperationKind.DELETE, since=NOW - timedelta(minutes=31))),
            "Refuse",
            "OperationStuck",
            id="a deletion that does not end is said",
        ),
        pytest.param(
            a_snapshot(gone(), live=a_live_connection(provisioningState="Deleting")),
            "Wait",
            "Deleting",
            id="Azure is at it",
        ),
        pytest.param(
            a_snapshot(
                gone(),
                live=a_live_connection(provisioningState="Deleting"),
                attempts=Attempts(updating_since=NOW - timedelta(minutes=31)),
            ),
            "Refuse",
            "OperationStuck",
            id="Azure is at it for too long",
        ),
        pytest.param(
            a_snapshot(gone(**RETAIN), operation=an_open_operation()),
            "Wait",
            "Updating",
            id="Retain waits a moment to remove its tag",
        ),
        pytest.param(
            a_snapshot(gone(**RETAIN), operation=an_open_operation(since=NOW - timedelta(minutes=31))),
            "ReleaseFinalizer",
            "Retained",
            id="but not for an operation that does not end",
        ),
        pytest.param(
            a_snapshot(gone(**RETAIN), operation=an_open_operation(OperationKind.DELETE)),
            "ReleaseFinalizer",
            "Retained",
            id="nor for a deletion under way",
        ),
        pytest.param(
            a_snapshot(gone(**RETAIN), live=a_live_connection(provisioningState="Updating")),
            "Wait",
            "UpdatedElsewhere",
            id="Retain and Updating",
        ),
        pytest.param(
            a_snapshot(
                gone(**RETAIN),
                live=a_live_connection(provisioningState="Updating"),
                attempts=Attempts(updating_since=NOW - timedelta(minutes=31)),
            ),
            "ReleaseFinalizer",
            "Retained",
            id="Retain and Updating for ever",
        ),
        pytest.param(
            a_snapshot(gone(), operation=a_failed_operation(OperationKind.DELETE, FaultKind.LOCKED, "ScopeLocked")),
            "Blocked",
            None,
            id="a deletion that failed is not repeated at once",
        ),
        pytest.param(
            a_snapshot(
                gone(**RETAIN), operation=a_failed_operation(OperationKind.DELETE, FaultKind.LOCKED, "ScopeLocked")
            ),
            "LetGo",
            None,
            id="Retain works after a failed deletion",
        ),
        pytest.param(
            a_snapshot(gone(), operation=a_failed_operation(OperationKind.PUT)),
            "Delete",
            None,
            id="a failed update does not keep it",
        ),
        pytest.param(
            a_snapshot(gone(), live=a_live_connection(provisioningState="Failed")),
            "Delete",
            None,
            id="a failed connection goes too",
        ),
        pytest.param(broken({}), "Delete", None, id="an invalid object is deleted as the settings say"),
        pytest.param(broken({"deletionPolicy": "Retain"}), "LetGo", None, id="an invalid object with Retain"),
        pytest.param(broken({"deletionPolicy": "delete"}), "LetGo", None, id="a wish that cannot be read keeps Azure"),
        pytest.param(broken({"deletionPolicy": 7}), "LetGo", None, id="nor one of a wrong type"),
        pytest.param(
            broken({"suspend": True}), "ReleaseFinalizer", "Retained", id="an invalid object that is suspended"
        ),
        pytest.param(broken({"managementPolicy": "Observe"}), "ReleaseFinalizer", "Retained", id="an invalid observer"),
        pytest.param(
            broken({"managementPolicy": ["Enforce"]}),
            "ReleaseFinalizer",
            "Retained",
            id="a management wish of a wrong type",
        ),
        pytest.param(
            broken(
                {"managementPolicy": "Enforce"},
                installation=an_installation(max_management_policy=ManagementPolicy.OBSERVE),
            ),
            "ReleaseFinalizer",
            "Retained",
            id="the cap holds for invalid objects",
        ),
        pytest.param(
            broken({}, live=Absent()), "ReleaseFinalizer", "Deleted", id="an invalid object that made nothing"
        ),
    ],
)
def test_deletion(snapshot: Snapshot, step: str, reason: str | None):
    found = plan(snapshot)
    assert (type(found).__name__, getattr(found, "reason", None)) == (step, reason)


def test_letting_go_removes_our_tag_only():
    tags = {"azvpn-owner": OWNER, "team": "core"}
    step = plan(a_snapshot(gone(tags={"team": "core"}, **RETAIN), live=a_live_connection(tags=tags)))
    assert isinstance(step, LetGo)
    assert step.tags == {"team": "core"}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FaultKind.LOCKED, "ManagementLock"),
        (FaultKind.DENIED_BY_POLICY, "DeniedByAzurePolicy"),
        (FaultKind.FORBIDDEN, "AzureForbidden"),
    ],
)
def test_denied_deletion_is_stalled_and_tried_again_slowly(kind: FaultKind, reason: str):
    answered = run_pass(a_snapshot(gone()), a_fault(kind, "Code", message="the lock keep-vpn"))
    failed = run_pass(a_snapshot(gone(), operation=a_failed_operation(OperationKind.DELETE, kind, "Code")))
    for record in (answered, failed):
        assert record.condition("Stalled") == ("True", reason)
        assert record.next_look >= 60
    assert "keep-vpn" in answered.summary.message
