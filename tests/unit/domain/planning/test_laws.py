"""What holds for every snapshot: a pass always ends, converges, repeats itself, and shows no key."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from azure_vpn_operator.api.algorithms import DhGroup, IkeEncryption, IkeIntegrity, PfsGroup
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import (
    AdoptionPolicy,
    DeletionPolicy,
    DriftPolicy,
    ManagementPolicy,
    VpnConnection,
)
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.bodies import read_put_body
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.installation import effective_policies
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, SharedKey, Unreadable
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from azure_vpn_operator.domain.pairs.pairing import PairView, judge_pair
from azure_vpn_operator.domain.passes.finalizers import CONNECTION_FINALIZER
from azure_vpn_operator.domain.passes.snapshot import (
    Attempts,
    KeyCheck,
    KeyEntryMissing,
    KeyFound,
    KeyMalformed,
    KeyUnreadable,
    OpenOperation,
    OperationKind,
    PolicyBroken,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import (
    Delete,
    LetGo,
    PatchTags,
    Planned,
    Put,
    ReleaseFinalizer,
    SetKey,
    Settled,
)
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.planning.preview import only_planned
from support.builders import (
    KEY,
    NOW,
    a_broken_connection,
    a_connection,
    a_failed_operation,
    a_gateway,
    a_half,
    a_live_connection,
    a_live_vnet_connection,
    a_policy,
    a_snapshot,
    a_vnet_connection,
    an_installation,
    an_open_operation,
)
from support.checkers import PassRecord, run_pass

WRITES = Put | PatchTags | SetKey | Delete
FAST = settings(max_examples=settings.default.max_examples * 6 // 10, deadline=None)

_networks = st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "192.168.7.0/24", "2001:db8::/32"])
_ranges = st.lists(_networks, min_size=1, max_size=3, unique=True)
_selectors = st.lists(
    st.builds(lambda one, two: {"localAddressRanges": one, "remoteAddressRanges": two}, _ranges, _ranges), max_size=3
)
_tags = st.dictionaries(
    st.sampled_from(["team", "Team", "env", "cost center", "ümlaut"]), st.text(max_size=5), max_size=3
).filter(lambda tags: len({name.lower() for name in tags}) == len(tags))
_foreign_tags = st.dictionaries(st.sampled_from(["team", "x", "Env", "azvpn-hold"]), st.text(max_size=5), max_size=3)
_nat = st.lists(st.sampled_from([{"name": "one"}, {"name": "two"}]), max_size=2, unique_by=str)
_plain_spec = st.fixed_dictionaries(
    {},
    optional={
        "connectionMode": st.sampled_from(["Default", "ResponderOnly", "InitiatorOnly"]),
        "dpdTimeoutSeconds": st.integers(9, 3600),
        "routingWeight": st.integers(0, 32000),
        "enableBgp": st.booleans(),
        "useLocalAzureIpAddress": st.booleans(),
        "tags": _tags,
        "connectionProtocol": st.just("IKEv2"),
        "driftPolicy": st.sampled_from([policy.value for policy in DriftPolicy]),
        "adoptionPolicy": st.sampled_from([policy.value for policy in AdoptionPolicy]),
        "deletionPolicy": st.sampled_from([policy.value for policy in DeletionPolicy]),
    },
)
_specs = st.one_of(
    st.builds(
        lambda plain, flag, selectors: (
            plain | {"usePolicyBasedTrafficSelectors": flag, "trafficSelectorPolicies": selectors}
        ),
        _plain_spec,
        st.booleans(),
        _selectors,
    ),
    st.builds(lambda plain, one, two: plain | {"ingressNatRules": one, "egressNatRules": two}, _plain_spec, _nat, _nat),
)
_policies = st.builds(
    a_policy,
    ikeEncryption=st.sampled_from([value.value for value in IkeEncryption if not value.startswith("GCM")]),
    ikeIntegrity=st.sampled_from([value.value for value in IkeIntegrity if not value.startswith("GCM")]),
    dhGroup=st.sampled_from([value.value for value in DhGroup]),
    pfsGroup=st.sampled_from([value.value for value in PfsGroup]),
    saLifeTimeSeconds=st.integers(300, 172799),
    saDataSizeKilobytes=st.one_of(st.just(0), st.integers(1024, 2147483647)),
)
_texts = st.text(max_size=700)
_faults = st.builds(
    Fault, st.sampled_from(FaultKind), st.text(min_size=1, max_size=40), _texts, st.none() | st.floats(0, 1e6)
)
_outages = st.builds(Unreadable, _faults)
_tunnels = st.lists(
    st.fixed_dictionaries(
        {"tunnel": _texts, "connectionStatus": st.sampled_from(["Connected", "NotConnected", "x" * 100])},
        optional={
            "lastConnectionEstablishedUtcTime": st.sampled_from(
                ["2026-03-01T10:00:00.1234567Z", "3/1/2026 9:00:00 AM", "?"]
            )
        },
    ),
    max_size=20,
)
_live_changes = st.fixed_dictionaries(
    {},
    optional={
        "provisioningState": st.sampled_from(["Succeeded", "Failed", "Canceled", "Updating", "Deleting", "S" * 200]),
        "connectionStatus": st.sampled_from(["Connected", "NotConnected", "Connecting", "Unknown", None, "C" * 200]),
        "tunnelConnectionStatus": _tunnels,
        "routingWeight": st.integers(0, 9),
        "ipsecPolicies": st.lists(_policies.map(lambda policy: policy.spec.wire()), max_size=2),
        "connectionProtocol": st.sampled_from(["IKEv1", "IKEv2"]),
        "authenticationType": st.sampled_from(["PSK", "Certificate"]),
        "trafficSelectorPolicies": _selectors,
        "tags": st.builds(
            lambda owner, others: ({"azvpn-owner": owner} if owner else {}) | others,
            st.sampled_from(["test/network/vnet1-to-site6", "prod/a/b", ""]),
            _foreign_tags,
        ),
    },
)
# A second later no limit in whole minutes has been crossed.
_moments = st.integers(0, 120).map(lambda minutes: NOW - timedelta(minutes=minutes, seconds=30))
_attempts = st.builds(
    Attempts,
    failures=st.integers(0, 40),
    failed_writes=st.integers(0, 4),
    last_failure=st.none() | _faults,
    fruitless_writes=st.integers(0, 4),
    updating_since=st.none() | _moments,
    last_read=st.none() | _moments,
)
_keys = st.sampled_from(
    [
        KeyFound(SharedKey(KEY), "1"),
        Absent(),
        KeyEntryMissing(("a", "b")),
        KeyMalformed("it is empty"),
        KeyUnreadable(Fault(FaultKind.FORBIDDEN, "Forbidden", "")),
        KeyUnreadable(Fault(FaultKind.UNAVAILABLE, "HTTP500", "")),
    ]
)
_outcomes = st.one_of(st.builds(Accepted, st.floats(0, 600)), st.builds(Busy, _texts), _faults)


_failed_operations = st.builds(a_failed_operation, st.sampled_from(OperationKind), st.sampled_from(FaultKind))
_gateways = (
    st.sampled_from(
        [
            None,
            None,
            a_gateway(enable_bgp=True),
            a_gateway(provisioning_state="Updating"),
            a_gateway(sku="Basic"),
            Absent(),
        ]
    )
    | _outages
)


@st.composite
def snapshots(draw: st.DrawFn, *, planning: bool = False) -> Snapshot:
    """Any snapshot that a pass could read, with a status that an earlier pass could have left.

    `planning`: of an object that can be read, is not being deleted, and may at least plan its writes.
    """
    vnet = draw(st.booleans())
    managements = [policy for policy in ManagementPolicy if not planning or policy is not ManagementPolicy.OBSERVE]
    spec = draw(_specs) | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "suspend": st.booleans(),
                "managementPolicy": st.sampled_from([policy.value for policy in managements]),
            },
        )
    )
    if vnet:
        spec = {name: value for name, value in spec.items() if "Nat" not in name}
    meta: dict[str, Any] = {
        "generation": draw(st.integers(1, 9)),
        "deleting": not planning and draw(st.booleans()),
        "finalizers": draw(st.sampled_from([(), ("azvpn.dev/connection",), ("a.b/c",)])),
        "annotations": draw(
            st.dictionaries(
                st.sampled_from(["azvpn.dev/hold-until", "azvpn.dev/adopt-from", "azvpn.dev/reconcile-at"]),
                st.sampled_from(
                    [
                        "prod/a/b",
                        "2026-03-01T13:00:00Z",
                        "9999-12-31T23:59:59-12:00",
                        "0001-01-01T00:00:00+14:00",
                        "x" * 2000,
                    ]
                ),
            )
        ),
    }
    build = a_vnet_connection if vnet else a_connection
    broken = not planning and draw(st.integers(0, 9)) == 0
    subject = a_broken_connection(**meta) if broken else build(**spec, **meta)
    live_build = a_live_vnet_connection if vnet else a_live_connection
    installation = an_installation(
        management_policy=draw(st.sampled_from(managements)),
        max_management_policy=draw(st.sampled_from([*managements, ManagementPolicy.ENFORCE, ManagementPolicy.ENFORCE])),
        subscription_id=draw(st.sampled_from([None, *[an_installation().subscription_id] * 4])),
    )
    valid = subject if isinstance(subject, VpnConnection) else None
    resolved = valid is not None and isinstance(resolve_target(valid, installation), Target)
    policies = effective_policies(valid.spec, installation) if valid is not None else None
    enforced = policies is not None and policies.may_write
    plans_writes = policies is not None and policies.plans_writes
    operation = draw(
        st.none()
        | st.builds(an_open_operation, st.sampled_from(OperationKind), creating=st.booleans(), since=_moments)
        | (_failed_operations if enforced else st.none())
    )
    live = draw(st.builds(lambda changes: live_build(**changes), _live_changes) | _outages | st.just(Absent()))
    unread = isinstance(operation, OpenOperation) or not (resolved or meta["deleting"])
    changes: dict[str, Any] = {
        "installation": installation,
        "operation": operation,
        "live": NotRead() if unread else live,
        "attempts": draw(_attempts),
        "key_rotated": draw(st.booleans()),
        "partners": tuple(draw(st.lists(st.builds(a_half, st.sampled_from(["b", "c"])), max_size=2))),
    }
    if valid is not None:
        changes["policy"] = draw(st.just(Absent()) | _policies | st.builds(PolicyBroken, _texts))
    if plans_writes:
        changes["key"] = draw(_keys)
        if isinstance(live, LiveConnection) and live.settled and not unread and isinstance(changes["key"], KeyFound):
            changes["key_check"] = draw(st.sampled_from(KeyCheck))
        if resolved and not meta["deleting"]:
            changes["gateway"] = draw(_gateways)
    snapshot = a_snapshot(subject, **changes)
    if draw(st.booleans()):
        left = run_pass(a_snapshot(build(), live=live_build(tunnelConnectionStatus=draw(_tunnels)))).status
        snapshot = replace(snapshot, previous=left)
    return snapshot


def run_any(snapshot: Snapshot, outcome: Any) -> PassRecord | None:
    """The pass, or None where it ends without a status."""
    step = plan(snapshot)
    if isinstance(step, ReleaseFinalizer | LetGo) or type(step).__name__ == "AddFinalizer":
        return None
    return run_pass(snapshot, outcome if isinstance(only_planned(snapshot, step), WRITES) else None)


@FAST
@given(snapshots(), _outcomes)
def test_every_pass_ends_with_a_lawful_status(snapshot: Snapshot, outcome: Any):
    record = run_any(snapshot, outcome)
    if record is not None:
        assert record.next_look >= 0
        assert all(len(note.note) <= 1000 for note in record.events)


@FAST
@given(snapshots())
def test_a_second_look_at_the_same_writes_nothing_and_announces_nothing(snapshot: Snapshot):
    step = only_planned(snapshot, plan(snapshot))
    assume(not isinstance(step, WRITES))
    record = run_any(snapshot, None)
    assume(record is not None and type(step).__name__ != "AddFinalizer")
    assert record is not None
    stored = VpnConnectionStatus.model_validate(record.status.wire())
    later = replace(snapshot, previous=stored, now=snapshot.now + timedelta(seconds=1))
    again = run_any(later, None)
    assert again is not None
    assert again.status == stored
    assert again.events == ()


@FAST
@given(snapshots(planning=True))
def test_plan_says_what_enforce_would_do(snapshot: Snapshot):
    """Whatever there is: the step of an object that only plans is the one that it would take if it were enforced."""
    subject = snapshot.subject
    assert isinstance(subject, VpnConnection)
    # Less is read for one that only observes.
    assert effective_policies(subject.spec, snapshot.installation).plans_writes
    step = plan(_managed(snapshot, subject, ManagementPolicy.ENFORCE, finalizers=(CONNECTION_FINALIZER,)))
    planned = _managed(snapshot, subject, ManagementPolicy.PLAN, finalizers=())
    said = only_planned(planned, plan(planned))
    if isinstance(step, WRITES):
        assert isinstance(said, Planned)
        assert said.write == step
        assert said.differences == getattr(step, "differences", ())
    elif isinstance(step, Settled) and step.reason is Reason.UP_TO_DATE:
        assert said == replace(step, reason=Reason.PLANNED, message="planned only; nothing would be written")
    else:
        assert said == step


def _managed(
    snapshot: Snapshot, subject: VpnConnection, management: ManagementPolicy, *, finalizers: tuple[str, ...]
) -> Snapshot:
    """The snapshot, had its object this managementPolicy and no cap."""
    spec = subject.spec.model_copy(update={"management_policy": management})
    metadata = subject.metadata.model_copy(update={"finalizers": finalizers})
    return replace(
        snapshot,
        installation=replace(snapshot.installation, max_management_policy=ManagementPolicy.ENFORCE),
        subject=VpnConnection(metadata=metadata, spec=spec),
        metadata=metadata,
    )


@FAST
@given(_specs, _policies, _live_changes, st.booleans())
def test_writes_converge(spec: dict[str, Any], policy: Any, found: dict[str, Any], there: bool):
    """Whatever Azure has and the object wants: what is sent is what is wanted, so the next look finds nothing to do."""
    subject = a_connection(**{**spec, "adoptionPolicy": "Always", "driftPolicy": "Correct"})
    gateway = a_gateway(enable_bgp=True)
    live: LiveConnection | Absent = a_live_connection(**found) if there else Absent()
    previous = VpnConnectionStatus()
    written = []
    for _ in range(3):
        snapshot = a_snapshot(subject, policy=policy, gateway=gateway, live=live, previous=previous)
        step = plan(snapshot)
        if not isinstance(step, Put | PatchTags):
            break
        written.append(step)
        record = run_pass(snapshot, Accepted(0.0))
        previous = VpnConnectionStatus.model_validate(record.status.wire())
        assert isinstance(snapshot.target, Target)
        if isinstance(step, Put):
            live = replace(read_put_body(step.body, snapshot.target), connection_status="Connected")
        else:
            assert isinstance(snapshot.live, Present)
            live = replace(snapshot.live.value, tags=step.tags)
    assert len(written) <= 1
    if written:
        assert isinstance(step, Settled)
        assert step.differences == ()
        synced = run_pass(snapshot).condition("Synced")
        assert synced is not None
        assert synced[0] == "True"


_halves = st.builds(
    a_half,
    policy_hash=st.sampled_from([None, "aaaaaaaaaaaa", "bbbbbbbbbbbb"]),
    policy_name=st.sampled_from([None, "one", "two"]),
    key_reference=st.sampled_from([None, ("k", "sharedKey"), ("k", "psk")]),
    protocol=st.sampled_from([None, "IKEv1", "IKEv2"]),
    known_protocol=st.sampled_from([None, "IKEv1", "IKEv2"]),
    responder_only=st.booleans(),
    synced=st.booleans(),
    held_policy_hash=st.sampled_from([None, "aaaaaaaaaaaa"]),
)


@given(_halves, _halves)
def test_swapping_the_halves_of_a_pair_changes_nothing(one: Any, two: Any):
    first, second = replace(one, name="a"), replace(two, name="b")
    assert judge_pair(PairView(first, (second,))) == judge_pair(PairView(second, (first,)))


@FAST
@given(
    st.text(alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ!$%", min_size=12, max_size=100).map(lambda text: f"K3y!{text}"),
    st.booleans(),
    _outcomes,
)
def test_no_key_is_ever_shown(key: str, creating: bool, outcome: Any):
    found = KeyFound(SharedKey(key), "2")
    live: Any = Absent() if creating else a_live_connection()
    check = KeyCheck.NOT_NEEDED if creating else KeyCheck.DIFFERENT
    record = run_pass(a_snapshot(key=found, live=live, key_check=check, key_rotated=not creating), outcome)
    assert key not in repr(record)
    assert key not in str(record.status.wire())
