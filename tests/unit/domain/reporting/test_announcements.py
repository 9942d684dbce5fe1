"""Which Events a pass publishes: transitions, once each."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.domain.passes.snapshot import Attempts, KeyCheck, PolicyBroken, Snapshot
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy, Outcome
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.reporting.announcements import announce
from support.builders import (
    a_broken_connection,
    a_connection,
    a_failed_operation,
    a_fault,
    a_half,
    a_live_connection,
    a_live_vnet_connection,
    a_snapshot,
    a_vnet_connection,
)
from support.checkers import run_pass

PEACE = run_pass(a_snapshot()).status
DOWN = a_live_connection(connectionStatus="NotConnected")
HALF_UP = a_live_connection(
    tunnelConnectionStatus=[
        {"tunnel": "a", "connectionStatus": "Connected"},
        {"tunnel": "b", "connectionStatus": "NotConnected"},
    ]
)


def told(snapshot: Snapshot, outcome: Outcome = None) -> list[tuple[str, bool]]:
    return [(note.reason.value, note.warning) for note in run_pass(snapshot, outcome).events]


@pytest.mark.parametrize(
    ("snapshot", "outcome", "events"),
    [
        pytest.param(a_snapshot(previous=PEACE), None, [], id="peace is silent"),
        pytest.param(a_snapshot(), None, [("UpToDate", False), ("TunnelUp", False)], id="becoming ready and connected"),
        pytest.param(a_snapshot(live=Absent()), Accepted(1), [("Created", False)], id="a creation"),
        pytest.param(a_snapshot(live=Absent()), Busy("x"), [], id="a write that was not sent"),
        pytest.param(a_snapshot(live=Absent()), a_fault(), [], id="a write that failed and goes on"),
        pytest.param(
            a_snapshot(a_connection(routingWeight=5), previous=PEACE), Accepted(1), [("Updated", False)], id="an edit"
        ),
        pytest.param(
            a_snapshot(a_connection(tags={"a": "b"}), previous=PEACE), Accepted(1), [("Updated", False)], id="tags"
        ),
        pytest.param(
            a_snapshot(live=a_live_connection(tags={})),
            Accepted(1),
            [("Adopted", False), ("TunnelUp", False)],
            id="an adoption",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, live=a_live_connection(routingWeight=5)),
            Accepted(1),
            [("DriftCorrected", True)],
            id="a correction",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, live=Absent()),
            Accepted(1),
            [("DriftCorrected", True), ("TunnelDown", True)],
            id="putting back what somebody deleted",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, key_check=KeyCheck.DIFFERENT, key_rotated=True),
            Accepted(1),
            [("SharedKeySet", False)],
            id="a key",
        ),
        pytest.param(
            a_snapshot(a_connection(deleting=True), previous=PEACE), Accepted(1), [("Deleting", False)], id="a deletion"
        ),
        pytest.param(a_snapshot(a_broken_connection(), previous=PEACE), None, [("InvalidSpec", True)], id="a stall"),
        pytest.param(
            a_snapshot(a_connection(deleting=True), previous=PEACE),
            a_fault(FaultKind.LOCKED, "ScopeLocked"),
            [("ManagementLock", True)],
            id="a denial",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, policy=Absent()), None, [("PolicyNotFound", True)], id="waiting for a policy"
        ),
        pytest.param(
            a_snapshot(previous=PEACE, policy=PolicyBroken("x")),
            None,
            [("PolicyInvalid", True)],
            id="a broken policy, told once",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, key=Absent()), None, [("SecretNotFound", True)], id="a Secret that vanished"
        ),
        pytest.param(
            a_snapshot(previous=PEACE, key_check=KeyCheck.UNREADABLE),
            None,
            [("KeyUnverified", True)],
            id="a key nobody can compare",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, gateway=Absent()), None, [("GatewayNotFound", True)], id="a missing gateway"
        ),
        pytest.param(
            a_snapshot(previous=PEACE, operation=a_failed_operation(), attempts=Attempts(failed_writes=1)),
            None,
            [("OperationFailed", True)],
            id="a failed operation",
        ),
        pytest.param(
            a_snapshot(a_connection(suspend=True), previous=PEACE),
            None,
            [("Suspended", False)],
            id="the begin of a pause",
        ),
        pytest.param(
            a_snapshot(a_connection(annotations={"azvpn.dev/hold-until": "soon"}), previous=PEACE),
            None,
            [("HoldInvalid", True)],
            id="a hold that is no time",
        ),
        pytest.param(a_snapshot(previous=PEACE, live=DOWN), None, [("TunnelDown", True)], id="a tunnel that goes down"),
        pytest.param(
            a_snapshot(previous=PEACE, live=HALF_UP), None, [("RedundancyLost", True)], id="one tunnel of two goes down"
        ),
        pytest.param(
            a_snapshot(previous=run_pass(a_snapshot(live=DOWN)).status),
            None,
            [("TunnelUp", False)],
            id="a tunnel comes up",
        ),
        pytest.param(
            a_snapshot(previous=PEACE, live=Unreadable(a_fault())),
            None,
            [],
            id="an outage of Azure is no news of the tunnel",
        ),
    ],
)
def test_events(snapshot: Snapshot, outcome: Outcome, events: list[tuple[str, bool]]):
    assert told(snapshot, outcome) == events


@pytest.mark.parametrize("partner", [{"policy_hash": "b" * 12}, {"key_reference": None}, {"protocol": "IKEv1"}])
def test_a_pair_that_disagrees_is_told_once(partner: dict[str, Any]):
    live = a_live_vnet_connection()
    before = run_pass(a_snapshot(a_vnet_connection(), live=live)).status
    snapshot = a_snapshot(a_vnet_connection(), live=live, previous=before, partners=(a_half("z", **partner),))
    record = run_pass(snapshot)
    assert [note.warning for note in record.events] == [True]
    assert (
        told(a_snapshot(a_vnet_connection(), live=live, previous=record.status, partners=(a_half("z", **partner),)))
        == []
    )


def test_a_stall_is_told_again_only_for_another_reason():
    before = run_pass(a_snapshot(a_broken_connection())).status
    assert told(a_snapshot(a_broken_connection(), previous=before)) == []
    assert told(a_snapshot(live=a_live_connection(authorizationKey="x"), previous=before))[0] == (
        "UnsupportedProperty",
        True,
    )


def test_letting_go_is_told_with_what_stays():
    snapshot = a_snapshot(a_connection(deleting=True, suspend=True))
    (note,) = announce(snapshot, plan(snapshot), None, snapshot.previous)
    assert (note.reason, note.warning) == ("Retained", False)
    assert "spec.suspend" in note.note


def test_notes_fit_an_event():
    record = run_pass(a_snapshot(policy=PolicyBroken("x" * 5000), previous=VpnConnectionStatus()))
    assert max(len(note.note) for note in record.events) <= 1000


def test_a_change_names_the_fields():
    (note,) = run_pass(a_snapshot(a_connection(routingWeight=5, enableBgp=False), previous=PEACE), Accepted(1)).events
    assert note.note == "differing: routingWeight"
