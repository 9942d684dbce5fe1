"""The status of an IpsecPolicy, and when its finalizer belongs on it."""

from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicyStatus
from azure_vpn_operator.domain.reporting.policy import (
    PolicySnapshot,
    PolicyUsers,
    build_policy_status,
    wanted_finalizers,
)
from azure_vpn_operator.domain.rules.validation import read_policy
from support.builders import NOW
from support.cases.objects import DROP, policy
from support.checkers import check_status

FINALIZER = "azvpn.dev/policy"
NOBODY = PolicyUsers()


def a_policy_snapshot(
    users: PolicyUsers = NOBODY, *, finalizers: tuple[str, ...] = (), deleting: bool = False, **changes: Any
) -> PolicySnapshot:
    now, previous = changes.pop("now", NOW), changes.pop("previous", IpsecPolicyStatus())
    document = policy({"generation": 2, "finalizers": list(finalizers)}, **changes)
    if deleting:
        document["metadata"]["deletionTimestamp"] = "2026-03-01T11:00:00Z"
    subject = read_policy(document)
    return PolicySnapshot(now, subject.metadata, subject, previous, users)


def status_of(snapshot: PolicySnapshot) -> dict[str, Any]:
    status = build_policy_status(snapshot).wire()
    metadata: ObjectMeta = snapshot.metadata
    document = {"kind": "IpsecPolicy", "metadata": metadata.wire()}
    check_status(status, document, snapshot.previous.wire())
    return status


def conditions(snapshot: PolicySnapshot) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status_of(snapshot)["conditions"]}


A = PolicyUsers(1, ("a",), 1)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        pytest.param(
            a_policy_snapshot(),
            {"Ready": ("True", "Valid"), "InUse": ("False", "NotReferenced")},
            id="valid and unused",
        ),
        pytest.param(a_policy_snapshot(A), {"Ready": ("True", "Valid"), "InUse": ("True", "Referenced")}, id="used"),
        pytest.param(
            a_policy_snapshot(A, dhGroup=DROP),
            {"Ready": ("False", "InvalidSpec"), "Stalled": ("True", "InvalidSpec"), "InUse": ("True", "Referenced")},
            id="invalid",
        ),
        pytest.param(
            a_policy_snapshot(A, finalizers=(FINALIZER,), deleting=True),
            {"Ready": ("False", "DeletionWaitsForReferences"), "InUse": ("True", "Referenced")},
            id="deleted while in use",
        ),
    ],
)
def test_conditions(snapshot: PolicySnapshot, expected: dict[str, tuple[str, str]]):
    assert conditions(snapshot) == expected


def test_counts():
    status = status_of(a_policy_snapshot(PolicyUsers(3, ("a", "b", "c"), 1)))
    assert (status["connections"], status["updatedConnections"], status["strength"]) == (3, 1, "Weak")


def test_users_are_named_but_not_endlessly():
    users = PolicyUsers(400, tuple(f"c{index:03}" for index in range(5)))
    (message,) = [c["message"] for c in status_of(a_policy_snapshot(users))["conditions"] if c["type"] == "InUse"]
    assert message == "named by c000, c001, c002, c003, c004 and 395 more"


@pytest.mark.parametrize(
    ("users", "finalizers", "deleting", "wanted"),
    [
        pytest.param(NOBODY, (), False, None, id="unused and free"),
        pytest.param(A, (), False, (FINALIZER,), id="the first user brings it"),
        pytest.param(A, ("a/b",), False, ("a/b", FINALIZER), id="others' stay"),
        pytest.param(A, (FINALIZER,), False, None, id="it is there"),
        pytest.param(NOBODY, ("a/b", FINALIZER), False, ("a/b",), id="the last user takes it"),
        pytest.param(A, (FINALIZER,), True, None, id="a deletion waits"),
        pytest.param(NOBODY, (FINALIZER,), True, (), id="a deletion goes on without users"),
        pytest.param(A, (), True, None, id="none can be added to what is being deleted"),
    ],
)
def test_finalizer(users: PolicyUsers, finalizers: tuple[str, ...], deleting: bool, wanted: tuple[str, ...] | None):
    assert wanted_finalizers(a_policy_snapshot(users, finalizers=finalizers, deleting=deleting)) == wanted


def test_a_second_look_writes_nothing():
    first = build_policy_status(a_policy_snapshot(A, ikeEncryption="DES"))
    stored = IpsecPolicyStatus.model_validate(first.wire())
    again = a_policy_snapshot(A, ikeEncryption="DES", previous=stored, now=NOW + timedelta(hours=1))
    assert build_policy_status(again) == stored
    assert stored.warnings
