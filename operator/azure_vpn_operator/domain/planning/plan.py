"""From a snapshot to exactly one step. The order of the checks is the order of precedence that people see in the reasons."""

from dataclasses import replace
from typing import Any, Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect
from azure_vpn_operator.domain.azure.bodies import build_put_body, read_put_body
from azure_vpn_operator.domain.azure.differences import PROVISIONING_STATE, drops_tunnel, field_names, find_differences
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, verdict
from azure_vpn_operator.domain.azure.installation import EffectivePolicies, effective_policies
from azure_vpn_operator.domain.azure.live_connection import TERMINAL_STATES, LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.azure.ownership import wanted_tags
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.passes.finalizers import CONNECTION_FINALIZER
from azure_vpn_operator.domain.passes.protocol import choose_protocol, with_protocol
from azure_vpn_operator.domain.passes.snapshot import (
    FailedOperation,
    NotReferenced,
    OpenOperation,
    PolicyBroken,
    PolicyFound,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import (
    AddFinalizer,
    Blocked,
    Hold,
    PatchTags,
    Put,
    Refuse,
    ReleaseFinalizer,
    SetKey,
    Settled,
    Step,
    Wait,
)
from azure_vpn_operator.domain.planning.adoption import is_adoption, refuse_adoption, refuse_foreign
from azure_vpn_operator.domain.planning.creation import plan_creation
from azure_vpn_operator.domain.planning.deletion import plan_deletion
from azure_vpn_operator.domain.planning.drift import configuration_hash, is_drift, refuse_drift
from azure_vpn_operator.domain.planning.keys import plan_key
from azure_vpn_operator.domain.planning.last_word import standing_word
from azure_vpn_operator.domain.planning.release import plan_release
from azure_vpn_operator.domain.planning.waiting import wait_for_operation, wait_for_update
from azure_vpn_operator.domain.rollout.overlay import assigned_settings, why_failed
from azure_vpn_operator.domain.rollout.settings import with_settings
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, check_gateway
from azure_vpn_operator.domain.rules.violations import Invalid

MAX_WRITES: Final = 3
"""So often a write is sent whose operation fails, or that Azure takes and does not keep; then a person should look."""
RETRY_FAILED_SECONDS: Final = 5.0


def plan(snapshot: Snapshot) -> Step:
    """Decide. At most one write per pass, and none unless Azure differs from what is wanted.

    Under managementPolicy Plan this is what Enforce would do: `only_planned` makes words of it.
    """
    if snapshot.metadata.deletion_timestamp is not None:
        return plan_deletion(snapshot)
    if snapshot.released:
        return plan_release(snapshot)
    subject = snapshot.subject
    if isinstance(subject, Invalid):
        return Refuse(Reason.INVALID_SPEC, str(subject))
    target = snapshot.target
    if not isinstance(target, Target):
        return _refuse_unresolved(target)
    if snapshot.denial is not None:
        return Refuse(Reason.NOT_ALLOWED, snapshot.denial.message)
    if (changed := _identity_change(snapshot, target)) is not None:
        return changed
    policies = effective_policies(subject.spec, snapshot.installation)
    if not policies.may_write and CONNECTION_FINALIZER in snapshot.metadata.finalizers:
        return ReleaseFinalizer()
    if not policies.plans_writes:
        return _plan_observation(snapshot, subject, target)
    if policies.may_write and CONNECTION_FINALIZER not in snapshot.metadata.finalizers and not subject.spec.suspend:
        return AddFinalizer()
    if (waiting := _wait_for_azure(snapshot)) is not None:
        return waiting
    return _plan_enforcement(snapshot, subject, target, policies)


def _refuse_unresolved(target: Unresolved | NotRead) -> Refuse:
    if isinstance(target, NotRead):
        raise ValueError("a valid object's target was not resolved")
    return Refuse(target.reason, target.message)


def _identity_change(snapshot: Snapshot, target: Target) -> Refuse | None:
    known = snapshot.half.id
    if known is None or known.lower() == target.connection.key:
        return None
    return Refuse(
        Reason.IDENTITY_CHANGED,
        f"the object now resolves to {target.connection}, and so far it was {known}; nothing is written to either",
    )


def _plan_observation(snapshot: Snapshot, subject: VpnConnection, target: Target) -> Step:
    if isinstance(snapshot.operation, OpenOperation):
        # Left over from when the object was enforced.
        return wait_for_operation(snapshot, snapshot.operation)
    match snapshot.live:
        case Unreadable(fault):
            return _blocked(snapshot, fault, "could not read the connection")
        case Present(live):
            differences = _observed_differences(snapshot, subject, target, live)
            policies = effective_policies(subject.spec, snapshot.installation)
            reason = Reason.MANAGEMENT_POLICY_CAPPED if policies.capped else Reason.OBSERVED
            found = f"{len(differences)} difference(s): {field_names(differences)}" if differences else "no differences"
            return Settled(reason, f"observed only; {found}", differences)
        case Absent() | NotRead():
            return Hold(Reason.NOT_FOUND_IN_AZURE, f"Azure has no connection {target.connection}")


def _observed_differences(
    snapshot: Snapshot, subject: VpnConnection, target: Target, live: LiveConnection
) -> tuple[Difference, ...]:
    if target.gateway is None or target.connection_type is None or isinstance(snapshot.policy, Absent | PolicyBroken):
        return ()
    policy = snapshot.policy.policy.spec if isinstance(snapshot.policy, PolicyFound) else None
    # An observer owns nothing: only the tags that the spec names are compared, and no owner tag is missed.
    tags = {
        name: value for name, value in live.tags.items() if name.lower() not in {n.lower() for n in subject.spec.tags}
    }
    protocol = choose_protocol(subject.spec, snapshot)
    body = build_put_body(subject.spec, target, policy, live.location, {**tags, **subject.spec.tags}, protocol)
    return find_differences(read_put_body(body, target), live)


def _wait_for_azure(snapshot: Snapshot) -> Step | None:
    match snapshot.operation:
        case OpenOperation() as operation:
            return wait_for_operation(snapshot, operation)
        case FailedOperation(_, fault) if fault.kind is FaultKind.BUSY:
            return Blocked(fault, "Azure could not carry out the change yet")
        case FailedOperation(_, fault) if snapshot.attempts.failed_writes < MAX_WRITES:
            return Wait(Reason.OPERATION_FAILED, f"Azure failed to carry out the change: {fault}", RETRY_FAILED_SECONDS)
        case FailedOperation() | None:
            pass
    match snapshot.live:
        case Present(live) if not live.settled:
            return wait_for_update(snapshot, live, Reason.UPDATED_ELSEWHERE)
        case Present() | Absent() | Unreadable() | NotRead():
            return None


def _plan_enforcement(snapshot: Snapshot, subject: VpnConnection, target: Target, policies: EffectivePolicies) -> Step:
    if isinstance(snapshot.live, Unreadable):
        return _blocked(snapshot, snapshot.live.fault, "could not read the connection")
    live = snapshot.live.value if isinstance(snapshot.live, Present) else None
    if live is not None and (stop := refuse_foreign(snapshot, live)) is not None:
        return stop
    policy: PolicyFound | NotReferenced
    match snapshot.policy:
        case Absent() | PolicyBroken() if _is_rolling_back(snapshot):
            # What is put back are values, whatever has become of the policy.
            policy = NotReferenced()
        case Absent():
            name = subject.spec.ipsec_policy_ref.name if subject.spec.ipsec_policy_ref is not None else ""
            return Hold(Reason.POLICY_NOT_FOUND, f"there is no IpsecPolicy {name}; Azure is kept as it is")
        case PolicyBroken(summary):
            return Refuse(Reason.POLICY_INVALID, f"the IpsecPolicy breaks a rule, Azure is kept as it is: {summary}")
        case PolicyFound() | NotReferenced() as found:
            policy = found
    gateway = _suitable_gateway(snapshot, subject, target, policy, live)
    if not isinstance(gateway, GatewayFacts):
        return gateway
    step = _plan_change(snapshot, subject, target, policies, policy, gateway, live)
    return _unless_paused(snapshot, step, gateway) if isinstance(step, Put | PatchTags | SetKey) else step


def plan_key_of_pair(snapshot: Snapshot, why: str) -> Step:
    """The step of a half that is in peace by itself, and gets a key since the other half does."""
    subject, gateway = snapshot.subject, snapshot.gateway
    if not isinstance(subject, VpnConnection) or not isinstance(gateway, Present):
        raise ValueError("a half in peace is valid, and its gateway was read")
    return _unless_paused(snapshot, SetKey(why), gateway.value)


def plan_key_alone(snapshot: Snapshot, live: LiveConnection) -> Step:
    """What would be done about the key of a connection whose configuration cannot change now, as if it were as wanted."""
    subject, gateway = snapshot.subject, snapshot.gateway
    if not isinstance(subject, VpnConnection) or not isinstance(gateway, Present):
        raise ValueError("what Azure refuses was planned from a valid object and a gateway that was read")
    step = plan_key(snapshot, effective_policies(subject.spec, snapshot.installation), live, "")
    return _unless_paused(snapshot, step, gateway.value) if isinstance(step, SetKey) else step


def _unless_paused(snapshot: Snapshot, step: Put | PatchTags | SetKey, gateway: GatewayFacts) -> Step:
    pause = snapshot.pause
    differences = step.differences if isinstance(step, Put | PatchTags) else ()
    if pause is None:
        return _guard_write(snapshot, step, gateway, differences)
    what = f"differing: {field_names(differences)}" if differences else "a write is due"
    return Hold(Reason.CHANGES_PAUSED, f"{pause.message}; {what}", differences)


def _sends_what_failed(snapshot: Snapshot, differences: tuple[Difference, ...]) -> Refuse | None:
    """Refuse to send values again that have failed and were left in Azure, where somebody has changed them since: that is for a person."""
    change = snapshot.change_view.change
    if change is None or change.state is not ChangeState.FAILED or change.cause is ChangeCause.KEY:
        return None
    if not drops_tunnel(differences):
        return None
    text = f"{why_failed(change.cause)}; somebody has changed the connection in Azure since: {field_names(differences)}"
    return Refuse(Reason.CHANGE_FAILED, text, differences)


def _guard_write(
    snapshot: Snapshot, step: Put | PatchTags | SetKey, gateway: GatewayFacts, differences: tuple[Difference, ...]
) -> Step:
    attempts = snapshot.attempts
    if isinstance(step, Put) and (failed := _sends_what_failed(snapshot, differences)) is not None:
        return failed
    if isinstance(step, Put) and attempts.refusal is not None:
        refusal = attempts.refusal
        return Refuse(verdict(refusal).reason, f"Azure refuses it: {refusal}", differences, step.wanted_hash)
    if attempts.failed_writes >= MAX_WRITES:
        last = f": {attempts.last_failure}" if attempts.last_failure is not None else ""
        return Refuse(
            Reason.OPERATION_FAILED,
            f"Azure failed to carry out the change {MAX_WRITES} times{last}",
            differences,
            step.wanted_hash if isinstance(step, Put) else None,
        )
    if attempts.fruitless_writes >= MAX_WRITES and not isinstance(step, SetKey):
        found = f"shows other values: {field_names(differences)}" if differences else "has no such connection"
        return Refuse(
            Reason.CHANGE_NOT_KEPT,
            f"Azure took the change {MAX_WRITES} times, and each time afterwards {found}",
            differences,
        )
    peer = (snapshot.peer_gateway.value,) if isinstance(snapshot.peer_gateway, Present) else ()
    for end in (gateway, *peer):
        if end.provisioning_state not in TERMINAL_STATES:
            return Hold(
                Reason.GATEWAY_NOT_READY,
                f"{end.id} is {end.provisioning_state}; nothing is written meanwhile",
                differences,
            )
    return step


def _blocked(snapshot: Snapshot, fault: Fault, what: str) -> Blocked:
    return Blocked(fault, what, standing_word(snapshot, fault))


def _suitable_gateway(
    snapshot: Snapshot,
    subject: VpnConnection,
    target: Target,
    policy: PolicyFound | NotReferenced,
    live: LiveConnection | None,
) -> GatewayFacts | Step:
    for read, what in (
        (snapshot.gateway, target.gateway),
        (snapshot.local_gateway, target.local_gateway),
        (snapshot.peer_gateway, target.peer_gateway),
    ):
        if isinstance(read, Absent):
            return Hold(Reason.GATEWAY_NOT_FOUND, f"Azure has no {what}")
        if isinstance(read, Unreadable):
            return _blocked(snapshot, read.fault, f"could not read {what}")
    if not isinstance(snapshot.gateway, Present):
        raise ValueError("an enforced object's gateway was not read")
    gateway = snapshot.gateway.value
    peer = snapshot.peer_gateway.value if isinstance(snapshot.peer_gateway, Present) else None
    policy_spec = policy.policy.spec if isinstance(policy, PolicyFound) else None
    spec = subject.spec
    if live is None and spec.connection_protocol is None:
        # Not every gateway can have what is created without a wish.
        spec = with_protocol(spec, snapshot)
    if refusals := check_gateway(spec, policy_spec, gateway, peer):
        return Refuse(Reason.GATEWAY_UNSUITABLE, ". ".join(str(refusal) for refusal in refusals))
    return gateway


def _plan_change(
    snapshot: Snapshot,
    subject: VpnConnection,
    target: Target,
    policies: EffectivePolicies,
    policy: PolicyFound | NotReferenced,
    gateway: GatewayFacts,
    live: LiveConnection | None,
) -> Step:
    body = _build_body(snapshot, subject, target, policy, gateway, live)
    if live is None:
        return plan_creation(snapshot, subject, target, policies, body)
    differences = find_differences(read_put_body(body, target), live)
    if recreate := tuple(d for d in differences if d.effect is DifferenceEffect.RECREATE):
        return Refuse(
            Reason.RECREATE_REQUIRED, f"Azure cannot change this in place: {field_names(recreate)}", differences
        )
    if is_adoption(snapshot, live) and (refused := refuse_adoption(snapshot, policies.adoption, differences, live)):
        return refused
    step = _plan_update(snapshot, policies, subject, body, differences, live)
    if isinstance(step, Settled) and snapshot.change_view.undoes:
        wanted = _build_wanted_body(snapshot, subject, target, policy, gateway, live)
        return replace(step, differences=find_differences(read_put_body(wanted, target), live))
    return step


def body_in_force(snapshot: Snapshot) -> dict[str, Any] | None:
    """The body that would make Azure hold what the object says; None if not all that it needs is known."""
    subject, target, policy, gateway = snapshot.subject, snapshot.target, snapshot.policy, snapshot.gateway
    if not isinstance(subject, VpnConnection) or not isinstance(target, Target) or not isinstance(gateway, Present):
        return None
    if not isinstance(policy, PolicyFound | NotReferenced):
        if not _is_rolling_back(snapshot):
            return None
        policy = NotReferenced()
    live = snapshot.live.value if isinstance(snapshot.live, Present) else None
    return _build_body(snapshot, subject, target, policy, gateway.value, live)


def _build_body(
    snapshot: Snapshot,
    subject: VpnConnection,
    target: Target,
    policy: PolicyFound | NotReferenced,
    gateway: GatewayFacts,
    live: LiveConnection | None,
) -> dict[str, Any]:
    """The body of what Azure is to hold now: what the object says, but for the values that did not work."""
    body = _build_wanted_body(snapshot, subject, target, policy, gateway, live)
    assigned = assigned_settings(snapshot)
    return body if assigned is None else with_settings(body, assigned)


def _build_wanted_body(
    snapshot: Snapshot,
    subject: VpnConnection,
    target: Target,
    policy: PolicyFound | NotReferenced,
    gateway: GatewayFacts,
    live: LiveConnection | None,
) -> dict[str, Any]:
    policy_spec = policy.policy.spec if isinstance(policy, PolicyFound) else None
    live_tags = live.tags if live is not None else {}
    tags = wanted_tags(live_tags, subject.spec.tags, snapshot.half.managed_tags, snapshot.owner)
    location = live.location if live is not None and live.location else gateway.location
    return build_put_body(subject.spec, target, policy_spec, location, tags, choose_protocol(subject.spec, snapshot))


def _plan_update(
    snapshot: Snapshot,
    policies: EffectivePolicies,
    subject: VpnConnection,
    body: dict[str, Any],
    differences: tuple[Difference, ...],
    live: LiveConnection,
) -> Step:
    wanted_hash = configuration_hash(body, subject.spec)
    if not differences:
        return plan_key(snapshot, policies, live, wanted_hash)
    changed = tuple(difference for difference in differences if difference.path != PROVISIONING_STATE)
    adopting = is_adoption(snapshot, live)
    undo = _is_rolling_back(snapshot)
    drift = bool(changed) and not adopting and not undo and is_drift(snapshot, wanted_hash)
    if drift and (refused := refuse_drift(snapshot, policies.drift, changed, live)) is not None:
        return refused
    reason = Reason.ROLLING_BACK if undo else Reason.ADOPTING if adopting else Reason.UPDATING
    why = f"{'put back' if undo else 'differing'}: {field_names(differences)}"
    if all(difference.path.startswith("tags[") for difference in differences):
        return PatchTags(reason, body["tags"], differences, drift=drift, why=why)
    return Put(reason, body, differences, wanted_hash, drift=drift, why=why)


def _is_rolling_back(snapshot: Snapshot) -> bool:
    change = snapshot.change_view.change
    return change is not None and change.state is ChangeState.ROLLING_BACK
