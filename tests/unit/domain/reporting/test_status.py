"""The status that a pass leaves: conditions for each cause, the half, the columns. The law of conditions is checked by `run_pass`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.api.vpn_connection import ManagementPolicy
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, KeyRecord, VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import VERDICTS, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, SharedKey, Unreadable
from azure_vpn_operator.domain.passes.key_turns import Turn
from azure_vpn_operator.domain.passes.snapshot import (
    Attempts,
    GeneratedKey,
    KeyCheck,
    KeyEntryMissing,
    KeyMalformed,
    KeyUnreadable,
    OperationKind,
    PolicyBroken,
    Snapshot,
)
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy, Outcome
from support.builders import (
    CONNECTION_ID,
    NOW,
    OWNER,
    a_broken_connection,
    a_change,
    a_connection,
    a_failed_operation,
    a_fault,
    a_gateway,
    a_half,
    a_known_good,
    a_listed_connection,
    a_live_connection,
    a_live_vnet_connection,
    a_policy,
    a_snapshot,
    a_vnet_connection,
    an_installation,
    an_open_operation,
)
from support.cases.objects import DROP
from support.checkers import run_pass

STALLED, RECONCILING, WAITING, READY = "Stalled", "Reconciling", "waiting", "ready"
EDIT = {"routingWeight": 5}
OBSERVE: dict[str, Any] = {"managementPolicy": "Observe", "finalizers": ()}
PLAN: dict[str, Any] = {"managementPolicy": "Plan", "finalizers": ()}
DELETING: dict[str, Any] = {"deleting": True}
FORBIDDEN = a_fault(
    FaultKind.FORBIDDEN, "AuthorizationFailed", message="no right to Microsoft.Network/connections/write"
)

# Snapshot, outcome of the write, progress, reason of Ready, Synced.
CASES: dict[str, tuple[Snapshot, Outcome, str, str, str]] = {
    "in peace": (a_snapshot(), None, READY, "UpToDate", "True"),
    "invalid": (a_snapshot(a_broken_connection()), None, STALLED, "InvalidSpec", "Unknown"),
    "no subscription": (
        a_snapshot(installation=an_installation(subscription_id=None)), None, STALLED, "SubscriptionRequired", "Unknown",
    ),
    "observed": (a_snapshot(a_connection(**OBSERVE)), None, READY, "Observed", "True"),
    "observed with differences": (a_snapshot(a_connection(**OBSERVE, **EDIT)), None, READY, "Observed", "False"),
    "planned, with nothing to do": (a_snapshot(a_connection(**PLAN)), None, READY, "Planned", "True"),
    "planned, with a change": (a_snapshot(a_connection(**PLAN, **EDIT)), None, READY, "Planned", "False"),
    "a planned creation": (a_snapshot(a_connection(**PLAN), live=Absent()), None, READY, "Planned", "False"),
    "capped": (
        a_snapshot(a_connection(finalizers=()), installation=an_installation(max_management_policy=ManagementPolicy.OBSERVE)), None, READY,
        "ManagementPolicyCapped", "True",
    ),
    "nothing to observe": (a_snapshot(a_connection(**OBSERVE), live=Absent()), None, WAITING, "NotFoundInAzure", "False"),
    "policy missing": (a_snapshot(policy=Absent()), None, WAITING, "PolicyNotFound", "Unknown"),
    "policy invalid": (a_snapshot(policy=PolicyBroken("x")), None, STALLED, "PolicyInvalid", "Unknown"),
    "Secret missing": (a_snapshot(key=Absent(), live=Absent()), None, WAITING, "SecretNotFound", "False"),
    "entry missing": (a_snapshot(key=KeyEntryMissing(("a",)), live=Absent()), None, WAITING, "SecretKeyNotFound", "False"),
    "key malformed": (a_snapshot(key=KeyMalformed("short"), live=Absent()), None, STALLED, "SharedKeyInvalid", "False"),
    "Secret forbidden": (a_snapshot(key=KeyUnreadable(FORBIDDEN), live=Absent()), None, STALLED, "SecretUnreadable", "False"),
    "Secret not answered": (a_snapshot(key=KeyUnreadable(a_fault()), live=Absent()), None, WAITING, "SecretUnreadable", "False"),
    "no key reference": (
        a_snapshot(a_connection(sharedKeySecretRef=DROP), live=Absent()), None, STALLED, "SharedKeyRequired", "False",
    ),
    "gateway missing": (a_snapshot(gateway=Absent()), None, WAITING, "GatewayNotFound", "False"),
    "gateway unsuitable": (a_snapshot(gateway=a_gateway(sku="Basic")), None, STALLED, "GatewayUnsuitable", "False"),
    "gateway not ready": (
        a_snapshot(a_connection(**EDIT), gateway=a_gateway(provisioning_state="Updating")), None, WAITING, "GatewayNotReady", "False",
    ),
    "gateway busy": (a_snapshot(a_connection(**EDIT)), Busy("network/other"), RECONCILING, "GatewayBusy", "False"),
    "creation accepted": (a_snapshot(live=Absent()), Accepted(10), RECONCILING, "Creating", "False"),
    "update accepted": (a_snapshot(a_connection(**EDIT)), Accepted(10), RECONCILING, "Updating", "False"),
    "adoption accepted": (a_snapshot(live=a_live_connection(tags={})), Accepted(0), RECONCILING, "Adopting", "False"),
    "key accepted": (
        a_snapshot(key_check=KeyCheck.DIFFERENT, key_rotated=True), Accepted(10), RECONCILING, "SettingSharedKey", "False",
    ),
    "deletion accepted": (a_snapshot(a_connection(**DELETING)), Accepted(10), RECONCILING, "Deleting", "False"),
    "others' finalizers": (a_snapshot(a_connection(**DELETING, finalizers=("a/b",))), None, WAITING, "Deleting", "False"),
    "deletion held": (
        a_snapshot(a_connection(**DELETING), live=a_live_connection(tags={"azvpn-owner": OWNER, "azvpn-hold": ""})), None, WAITING,
        "DeletionHeld", "False",
    ),
    "updated elsewhere": (
        a_snapshot(live=a_live_connection(provisioningState="Updating")), None, RECONCILING, "UpdatedElsewhere", "Unknown",
    ),
    "operation failed": (a_snapshot(operation=a_failed_operation()), None, RECONCILING, "OperationFailed", "False"),
    "operation failed for good": (
        a_snapshot(a_connection(**EDIT), attempts=Attempts(failed_writes=3)), None, STALLED, "OperationFailed", "False",
    ),
    "operation lost against a lock": (
        a_snapshot(operation=a_failed_operation(fault_kind=FaultKind.BUSY)), None, RECONCILING, "GatewayBusy", "False",
    ),
    "change not kept": (
        a_snapshot(a_connection(**EDIT), attempts=Attempts(fruitless_writes=3)), None, STALLED, "ChangeNotKept", "False",
    ),
    "stuck": (
        a_snapshot(operation=an_open_operation(since=NOW - timedelta(hours=1))), None, STALLED, "OperationStuck", "False",
    ),
    "recreate": (
        a_snapshot(live=a_live_connection(localNetworkGateway2={"id": CONNECTION_ID})), None, STALLED, "RecreateRequired", "False",
    ),
    "unsupported": (a_snapshot(live=a_live_connection(authorizationKey="x")), None, STALLED, "UnsupportedProperty", "False"),
    "another's": (a_snapshot(live=a_live_connection(tags={"azvpn-owner": "a/b/c"})), None, STALLED, "OwnedByAnother", "False"),
    "adoption refused": (
        a_snapshot(a_connection(**EDIT), live=a_live_connection(tags={})), None, STALLED, "AdoptionRefused", "False",
    ),
    "drift": (
        a_snapshot(
            a_connection(driftPolicy="Report"),
            previous=run_pass(a_snapshot(a_connection(driftPolicy="Report"))).status,
            live=a_live_connection(**EDIT),
        ), None, STALLED, "DriftDetected", "False",
    ),
    "identity": (
        a_snapshot(a_connection(azureName="other"), previous=run_pass(a_snapshot()).status), None, STALLED, "IdentityChanged",
        "Unknown",
    ),
    "waits for its turn to get the key": (
        replace(a_snapshot(key_check=KeyCheck.DIFFERENT, key_rotated=True), key_turn=Turn(Reason.KEY_ROTATION_WAITS, "a first")),
        None, WAITING, "KeyRotationWaits", "False",
    ),
    "keeps its key since another tunnel is down": (
        replace(a_snapshot(key_check=KeyCheck.DIFFERENT, key_rotated=True), key_turn=Turn(Reason.KEY_ROTATION_STOPPED, "a")),
        None, WAITING, "KeyRotationStopped", "False",
    ),
    "paused with differences": (a_snapshot(a_connection(suspend=True, **EDIT)), None, WAITING, "ChangesPaused", "False"),
    **{
        f"write ends in {kind}": (
            a_snapshot(a_connection(**EDIT)),
            a_fault(kind, "Code"),
            STALLED if VERDICTS[kind].stalled else RECONCILING,
            VERDICTS[kind].reason.value,
            "Unknown" if kind in {FaultKind.UNAVAILABLE, FaultKind.UNREADABLE, FaultKind.UNSUPPORTED} else "False",
        )
        for kind in FaultKind
    },
    **{
        f"read ends in {kind}": (
            a_snapshot(live=Unreadable(a_fault(kind, "Code"))),
            None,
            STALLED if VERDICTS[kind].stalled else RECONCILING,
            VERDICTS[kind].reason.value,
            "Unknown",
        )
        for kind in FaultKind
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_conditions(case: str):
    snapshot, outcome, progress, reason, synced = CASES[case]
    record = run_pass(snapshot, outcome)
    assert record.condition("Ready") == (str(progress == READY), reason)
    assert (record.condition("Synced") or ("", ""))[0] == synced
    for kind in (STALLED, RECONCILING):
        assert record.condition(kind) == (("True", reason) if progress == kind else None)
    assert record.status.summary is not None
    if progress != READY:
        assert record.status.summary.reason == reason


def other_statuses() -> Iterator[VpnConnectionStatus]:
    """Statuses of conditions that do not depend on the step."""
    for key_check in (KeyCheck.EQUAL, KeyCheck.UNREADABLE):
        yield run_pass(a_snapshot(key_check=key_check)).status
    yield run_pass(a_snapshot(a_connection(ipsecPolicyRef=DROP), live=a_live_connection(ipsecPolicies=[]))).status
    yield run_pass(a_snapshot(a_connection(sharedKeySecretRef=DROP))).status
    yield run_pass(a_snapshot(key=Absent())).status
    half = ConnectionHalf(role=HalfRole.FORWARD, id=CONNECTION_ID, key=KeyRecord(digest="a:1"))
    known = replace(a_snapshot(previous=VpnConnectionStatus(halves=(half,))), key_digest="a:1")
    yield run_pass(replace(known, key_check=KeyCheck.UNREADABLE)).status
    yield run_pass(replace(known, key=GeneratedKey(SharedKey("x"), "random:1"), key_digest="random:1")).status
    tunnels = [{"tunnel": "a", "connectionStatus": "Connected"}, {"tunnel": "b", "connectionStatus": "NotConnected"}]
    for tunnel in ("NotConnected", "Connecting", "Unknown"):
        yield run_pass(a_snapshot(live=a_live_connection(connectionStatus=tunnel))).status
    yield run_pass(a_snapshot(live=a_live_connection(tunnelConnectionStatus=tunnels))).status
    yield run_pass(a_snapshot(live=a_listed_connection())).status
    yield run_pass(a_snapshot(live=Unreadable(a_fault()), attempts=Attempts(last_read=NOW - timedelta(hours=1)))).status
    down = a_live_vnet_connection(connectionStatus="NotConnected")
    yield run_pass(a_snapshot(a_vnet_connection(), live=down)).status
    changed = a_connection(routingWeight=5)
    written = run_pass(a_snapshot(changed, previous=run_pass(a_snapshot()).status), Accepted(1)).status
    half_up = [{"tunnel": "a", "connectionStatus": "Connected"}, {"tunnel": "b", "connectionStatus": "NotConnected"}]
    for tunnels in ({"connectionStatus": "NotConnected"}, {"tunnelConnectionStatus": half_up}):
        yield run_pass(a_snapshot(changed, previous=written, live=a_live_connection(routingWeight=5, **tunnels))).status
    for change in (a_change(), a_change(ChangeState.FAILED), a_change(ChangeState.ROLLED_BACK)):
        # A failed change stays failed only while the tunnel is down.
        tunnel = "NotConnected" if change.state is ChangeState.FAILED else "Connected"
        policy = (
            a_change().from_.ipsec_policies if change.state is ChangeState.ROLLED_BACK else change.to.ipsec_policies
        )
        shown = a_live_connection(connectionStatus=tunnel, ipsecPolicies=[policy[0].wire()])
        previous = VpnConnectionStatus(change=change, last_known_good=a_known_good())
        yield run_pass(a_snapshot(previous=previous, live=shown)).status
    failed = a_change(ChangeState.FAILED)
    edited = a_live_connection(
        connectionStatus="NotConnected", ipsecPolicies=[failed.to.ipsec_policies[0].wire()], dpdTimeoutSeconds=30
    )
    yield run_pass(a_snapshot(previous=VpnConnectionStatus(change=failed), live=edited)).status
    later = [{"start": "20:00", "duration": "2h"}]
    yield run_pass(a_snapshot(a_connection(changeWindows=later, dpdTimeoutSeconds=30))).status
    undone = VpnConnectionStatus(change=a_change(ChangeState.ROLLING_BACK), last_known_good=a_known_good())
    yield run_pass(a_snapshot(previous=undone), Accepted(1)).status
    asked = a_connection(changeWindows=later, dpdTimeoutSeconds=30, annotations={"azvpn.dev/reset": "1"})
    yield run_pass(a_snapshot(asked, previous=VpnConnectionStatus(observed_generation=3)), Accepted(1)).status
    for hold in ("2027-01-01T00:00:00Z", "soon"):
        yield run_pass(a_snapshot(a_connection(annotations={"azvpn.dev/hold-until": hold}))).status
    yield run_pass(a_snapshot(live=a_live_connection(tags={"azvpn-owner": OWNER, "azvpn-hold": ""}))).status
    policy = run_pass(a_snapshot(a_vnet_connection())).status.policy
    assert policy is not None
    same = {"policy_hash": "aaaaaaaaaaaa", "held_policy_hash": "aaaaaaaaaaaa"}
    for changes in (
        {"policy_hash": "bbbbbbbbbbbb"},
        {"key_reference": None},
        {"protocol": "IKEv1"},
        {"responder_only": True},
        {"synced": False},
    ):
        yield run_pass(a_snapshot(a_vnet_connection(), partners=(a_half("z", **(same | changes)),))).status
    yield run_pass(a_snapshot(a_vnet_connection(), partners=(a_half("y"), a_half("z")))).status


OF_PAIRS = {
    "DuplicatePair",
    "PairPolicyMismatch",
    "PairKeyMismatch",
    "PairProtocolMismatch",
    "PairBothResponders",
    "PairPutBack",
    "PartnerNotReady",
    "PartnerMissing",
    "PartnerUnreadable",
    "ForeignHalfDiffers",
    "NotAllowed",
    "KeyIsRandom",
}
"""Reasons that take two halves, rules of access, or a key that nobody knows.

The tests of the passes bring them about, and check each status against the table.
"""


OF_TUNNELS = {
    "KeyMismatch",
    "PolicyMismatch",
    "DefaultPolicyGroup2",
    "ProtocolMismatch",
    "BothResponderOnly",
    "BothInitiatorOnly",
    "SelectorMismatch",
    "PfsMismatchAtRekey",
    "GatewayUpdating",
    "PeerHalfMissing",
    "NotConnected",
}
"""Causes; tests/unit/domain/passes/test_tunnel_evidence.py brings them about."""


def test_the_table_of_reasons_names_no_condition_that_never_comes():
    """Each line of the table is produced by a case; what is typed there and never happens would mislead the reader."""
    given = {
        (condition.reason, condition.type, condition.status.value)
        for status in [*(run_pass(case[0], case[1]).status for case in CASES.values()), *other_statuses()]
        for condition in status.conditions
    }
    table = {
        (reason.value, kind.value, status.value) for reason, info in REASONS.items() for kind, status in info.conditions
    }
    elsewhere = {
        line
        for line in table
        if line[1] in {"InUse", "BgpEstablished"}
        or line[0] in {"Valid", "DeletionWaitsForReferences"}  # of IpsecPolicies
        or line in {("InSync", "PairInSync", "True"), ("PairBothResponders", "PairInSync", "False")}
        or line[0] in OF_PAIRS | OF_TUNNELS
        or line[0] in {"GatewayEvent", "WaitingForBudget", "SiteBusy", "FleetHalted"}  # told by other connections
        or line[1] == "RolledOut"
        or line[0]
        in {
            "RollingOut",
            "WaitingForRekey",
            "RolloutFailed",
            "RolloutPaused",
            "Provisional",
            "WaitingForRollout",
            "RolloutStopped",
        }  # of policies
    }
    assert sorted(table - given - elsewhere) == []


# The half


def test_the_half_shows_what_azure_shows():
    tunnels = [
        {
            "tunnel": "b",
            "connectionStatus": "Connected",
            "lastConnectionEstablishedUtcTime": "2026-03-01T10:00:00.1234567Z",
        },
        {"tunnel": "a", "connectionStatus": "NotConnected"},
    ]
    status = run_pass(a_snapshot(live=a_live_connection(tunnelConnectionStatus=tunnels))).status
    (half,) = status.wire()["halves"]
    assert half["id"] == CONNECTION_ID
    assert (half["provisioningState"], half["connectionStatus"]) == ("Succeeded", "Connected")
    assert half["tunnels"] == [
        {"name": "a", "status": "NotConnected"},
        {"name": "b", "status": "Connected", "lastEstablished": "2026-03-01T10:00:00Z"},
    ]


def test_what_a_list_does_not_show_stays_as_it_was_said_last():
    tunnels = [
        {"tunnel": "a", "connectionStatus": "Connected", "lastConnectionEstablishedUtcTime": "2026-03-01T10:00:00Z"}
    ]
    before = run_pass(a_snapshot(live=a_live_connection(tunnelConnectionStatus=tunnels))).status
    assert run_pass(a_snapshot(previous=before, live=a_listed_connection())).status == before


def test_a_list_says_of_the_configuration_what_a_get_says():
    (half,) = run_pass(a_snapshot(live=a_listed_connection())).status.halves
    assert (half.provisioning_state, half.connection_status, half.tunnels) == ("Succeeded", None, ())


def test_a_stored_status_equals_the_one_that_was_written_in_spite_of_fractions_of_seconds():
    tunnel = {
        "tunnel": "a",
        "connectionStatus": "Connected",
        "lastConnectionEstablishedUtcTime": "2026-03-01T10:00:00.9Z",
    }
    status = run_pass(a_snapshot(live=a_live_connection(tunnelConnectionStatus=[tunnel]))).status
    assert VpnConnectionStatus.model_validate(status.wire()) == status


def test_the_id_is_recorded_as_soon_as_azure_took_the_creation():
    for outcome in (Accepted(10), a_fault(FaultKind.UNAVAILABLE)):
        (half,) = run_pass(a_snapshot(live=Absent()), outcome).status.halves
        assert half.id == CONNECTION_ID
    (refused,) = run_pass(a_snapshot(live=Absent()), a_fault(FaultKind.REJECTED)).status.halves
    assert refused.id is None, "Azure has no such connection, so there is none to be kept"
    assert refused.refused_hash is not None


def test_the_id_stays_when_the_connection_is_gone():
    before = run_pass(a_snapshot()).status
    (half,) = run_pass(a_snapshot(previous=before, live=Absent()), Accepted(10)).status.halves
    assert (half.id, half.provisioning_state, half.managed_tags) == (CONNECTION_ID, None, ())


def test_the_half_stays_as_it_was_while_azure_is_not_read():
    before = run_pass(a_snapshot()).status
    for snapshot in (
        a_snapshot(previous=before, operation=an_open_operation()),
        a_snapshot(previous=before, live=Unreadable(a_fault())),
    ):
        assert run_pass(snapshot).status.halves == before.halves


def test_overlong_words_of_azure_do_not_break_the_status():
    tunnels = [{"tunnel": "t" * 900, "connectionStatus": "c" * 90}] * 20
    live = a_live_connection(provisioningState="p" * 90, connectionStatus="s" * 90, tunnelConnectionStatus=tunnels)
    (half,) = run_pass(a_snapshot(live=live)).status.halves
    assert (len(half.provisioning_state or ""), len(half.connection_status or ""), len(half.tunnels)) == (64, 64, 16)


# Tags that are ours to remove


def managed(**changes: Any) -> tuple[str, ...]:
    outcome = changes.pop("outcome", None)
    (half,) = run_pass(a_snapshot(**changes), outcome).status.halves
    return half.managed_tags


def test_tags_that_a_write_has_set_are_ours():
    assert managed(subject=a_connection(tags={"team": "core"}), outcome=Accepted(0)) == ("azvpn-owner", "team")


def test_a_foreign_tag_that_a_paused_edit_would_overwrite_is_not_ours_yet():
    live = a_live_connection(tags={"azvpn-owner": OWNER, "team": "theirs"})
    assert managed(subject=a_connection(tags={"team": "core"}, suspend=True), live=live) == ("azvpn-owner",)


def test_a_tag_that_left_the_spec_is_ours_until_azure_has_lost_it():
    before = run_pass(a_snapshot(a_connection(tags={"team": "core"})), Accepted(0)).status
    still = a_live_connection(tags={"azvpn-owner": OWNER, "Team": "core"})
    removal = run_pass(a_snapshot(previous=before, live=still), Accepted(0))
    assert getattr(removal.step, "tags", None) == {"azvpn-owner": OWNER}
    assert managed(previous=before) == ("azvpn-owner",)


# Differences, policy, columns


def test_differences_stay_until_a_read_has_shown_that_they_are_gone():
    edited = run_pass(a_snapshot(a_connection(**EDIT)), Accepted(10)).status
    assert [d.path for d in edited.differences] == ["routingWeight"]
    for waiting in (
        a_snapshot(a_connection(**EDIT), previous=edited, operation=an_open_operation()),
        a_snapshot(a_connection(**EDIT), previous=edited, live=Unreadable(a_fault())),
        a_snapshot(a_connection(**EDIT), previous=edited, operation=a_failed_operation()),
    ):
        assert run_pass(waiting).status.differences == edited.differences
    done = a_snapshot(a_connection(**EDIT), previous=edited, live=a_live_connection(**EDIT))
    assert run_pass(done).status.differences == ()


def test_the_assigned_policy():
    custom = run_pass(a_snapshot()).status
    assert custom.policy is not None
    assert (custom.policy.name, custom.policy.source, len(custom.policy.hash or "")) == ("site6", "Custom", 12)
    default = run_pass(a_snapshot(a_connection(ipsecPolicyRef=DROP), live=a_live_connection(ipsecPolicies=[]))).status
    assert default.policy is not None
    assert (default.policy.name, default.policy.source) == (None, "Default")


def test_an_observer_without_a_reference_claims_no_policy():
    status = run_pass(a_snapshot(a_connection(**OBSERVE, ipsecPolicyRef=DROP))).status
    assert status.policy is None
    assert status.summary is not None
    assert status.summary.policy is None


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param({"policy": Absent()}, id="the policy is gone"),
        pytest.param({"policy": PolicyBroken("x")}, id="the policy is broken"),
        pytest.param({"subject": a_broken_connection()}, id="the object is broken"),
    ],
)
def test_the_assigned_policy_stays_while_the_wanted_one_is_unknown(snapshot: dict[str, Any]):
    before = run_pass(a_snapshot()).status
    assert run_pass(a_snapshot(previous=before, **snapshot)).status.policy == before.policy


def test_an_invalid_object_claims_nothing_about_policy_and_key():
    record = run_pass(a_snapshot(a_broken_connection()))
    assert record.condition("PolicyResolved") == record.condition("CredentialsResolved") == ("Unknown", "InvalidSpec")


def test_the_columns_of_a_healthy_connection():
    summary = run_pass(a_snapshot()).status.wire()["summary"]
    assert summary == {
        "tunnel": "1/1",
        "peer": "Site6",
        "gateway": "VNet1GW",
        "policy": "site6",
        "reason": "UpToDate",
        "message": "Azure holds what the object says",
    }


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        pytest.param(
            a_snapshot(live=a_live_connection(connectionStatus="NotConnected")),
            "UnknownPeerSide",
            id="a tunnel that is down",
        ),
        pytest.param(
            a_snapshot(live=a_live_connection(connectionStatus=None)),
            "StatusUnknown",
            id="a tunnel that nobody knows of",
        ),
        pytest.param(
            a_snapshot(a_connection(suspend=True), live=a_live_connection(connectionStatus="NotConnected")),
            "UnknownPeerSide",
            id="a tunnel that is down is worse than a pause",
        ),
        pytest.param(a_snapshot(a_connection(suspend=True)), "Suspended", id="a pause is worth saying"),
        pytest.param(
            a_snapshot(
                a_vnet_connection(),
                live=a_live_vnet_connection(connectionStatus="NotConnected"),
                partners=(a_half("z", policy_hash="b" * 12),),
            ),
            "PairPolicyMismatch",
            id="why a pair is down says more than that it is",
        ),
        pytest.param(
            a_snapshot(a_connection(**EDIT), live=a_live_connection(tags={}, connectionStatus="NotConnected")),
            "AdoptionRefused",
            id="what stops the object comes first",
        ),
        pytest.param(
            a_snapshot(
                live=a_live_connection(
                    tunnelConnectionStatus=[
                        {"tunnel": "a", "connectionStatus": "Connected"},
                        {"tunnel": "b", "connectionStatus": "NotConnected"},
                    ]
                )
            ),
            "RedundancyLost",
            id="one tunnel of two",
        ),
    ],
)
def test_the_reason_column_shows_the_worst(snapshot: Snapshot, reason: str):
    summary = run_pass(snapshot).status.summary
    assert summary is not None
    assert summary.reason == reason


def test_retiring_gateways_and_weak_values_are_warned_of():
    status = run_pass(
        a_snapshot(a_connection(dpdTimeoutSeconds=9), gateway=a_gateway(sku="VpnGw1")), Accepted(10)
    ).status
    assert [warning.id for warning in status.warnings] == ["dpd-timeout", "sku-retiring"]


def test_a_pair_is_in_sync_in_the_pass_that_shows_it():
    held = run_pass(a_snapshot(a_vnet_connection())).status.policy
    assert held is not None
    values = {"policy_hash": held.hash, "held_policy_hash": held.hash}
    snapshot = a_snapshot(a_vnet_connection(), own={**values, "synced": False}, partners=(a_half("z", **values),))
    assert run_pass(snapshot).condition("PairInSync") == ("True", "InSync")


def test_handled_tokens_are_remembered():
    subject = a_connection(annotations={"azvpn.dev/reconcile-at": "now" * 500})
    handled = run_pass(a_snapshot(subject)).status.last_handled
    assert handled is not None
    assert handled.reconcile_at == ("now" * 500)[:1024]


def test_an_edited_policy_shows_its_hash_at_once():
    one = run_pass(a_snapshot()).status.policy
    two = run_pass(a_snapshot(policy=a_policy(dhGroup="ECP384")), Accepted(10)).status.policy
    assert one is not None
    assert two is not None
    assert one.hash != two.hash


def test_a_condition_of_a_newer_release_does_not_end_the_pass():
    stored = run_pass(a_snapshot()).status.wire()
    for condition in stored["conditions"]:
        condition["reason"] = "FromTheFuture"
    previous = VpnConnectionStatus.model_validate(stored)
    record = run_pass(a_snapshot(previous=previous, operation=an_open_operation(OperationKind.TAGS)))
    assert record.condition("Connected") == ("Unknown", "StatusUnknown")
