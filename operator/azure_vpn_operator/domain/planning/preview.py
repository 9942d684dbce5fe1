"""What a step comes to before it is taken: in words under managementPolicy Plan, and with the key that follows it."""

from dataclasses import replace

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection
from azure_vpn_operator.domain.azure.differences import drops_tunnel, field_names
from azure_vpn_operator.domain.azure.installation import EffectivePolicies, effective_policies
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Hold, PatchTags, Planned, Put, SetKey, Settled, Step
from azure_vpn_operator.domain.planning.plan import plan_key_alone


def only_planned(snapshot: Snapshot, step: Step) -> Step:
    """The step of an object that only plans; that of any other object as it is.

    What would be refused, or waited for, is said under Plan as it is under Enforce.
    """
    policies = _policies(snapshot)
    if policies is None or policies.management is not ManagementPolicy.PLAN:
        return step
    reason = Reason.MANAGEMENT_POLICY_CAPPED if policies.capped else Reason.PLANNED
    match step:
        case Put() | PatchTags() | SetKey():
            return Planned(step, reason, f"planned only; {describe_write(step)}")
        case Settled(Reason.UP_TO_DATE):
            return replace(step, reason=reason, message="planned only; nothing would be written")
        case _:
            return step


def key_follows(snapshot: Snapshot, write: Step) -> bool:
    """Whether the shared key is due too: it is set once the write is in force, by a write of its own."""
    if not isinstance(write, Put | PatchTags) or not isinstance(snapshot.live, Present):
        return False
    key = plan_key_alone(snapshot, snapshot.live.value)
    return isinstance(key, SetKey) or key_waits_for_turn(snapshot, key)


def key_waits_for_turn(snapshot: Snapshot, step: Step) -> bool:
    """Whether the key is set once those who come before have it. An object that only plans waits in vain."""
    waits = isinstance(step, Hold) and step.reason is Reason.KEY_ROTATION_WAITS
    policies = _policies(snapshot)
    return waits and snapshot.pause is None and policies is not None and policies.management is ManagementPolicy.ENFORCE


def describe_write(step: Put | PatchTags | SetKey) -> str:
    """What a write would do, such as `would change dpdTimeoutSeconds; the tunnel stays up`."""
    match step:
        case Put(creating=True):
            return "would create the connection"
        case Put(reason=Reason.ADOPTING) | PatchTags(reason=Reason.ADOPTING):
            return f"would take the connection over, and change {_names(step)}"
        case Put() | PatchTags():
            return f"would change {_names(step)}"
        case SetKey(why):
            return f"would set the shared key, and the tunnel would drop for a moment: {why}"


def _policies(snapshot: Snapshot) -> EffectivePolicies | None:
    """None for an object that breaks a rule."""
    subject = snapshot.subject
    return effective_policies(subject.spec, snapshot.installation) if isinstance(subject, VpnConnection) else None


def _names(step: Put | PatchTags) -> str:
    effect = "the tunnel would drop for a moment" if drops_tunnel(step.differences) else "the tunnel would stay up"
    return f"{field_names(step.differences)}; {effect}"
