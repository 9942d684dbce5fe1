"""What an object under managementPolicy Plan says: the step that Enforce would take, in words instead of a write."""

from dataclasses import replace

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection
from azure_vpn_operator.domain.azure.differences import drops_tunnel, field_names
from azure_vpn_operator.domain.azure.installation import effective_policies
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import PatchTags, Planned, Put, SetKey, Settled, Step


def only_planned(snapshot: Snapshot, step: Step) -> Step:
    """The step of an object that only plans; that of any other object as it is.

    What would be refused, or waited for, is said under Plan as it is under Enforce.
    """
    subject = snapshot.subject
    if not isinstance(subject, VpnConnection):
        return step
    policies = effective_policies(subject.spec, snapshot.installation)
    if policies.management is not ManagementPolicy.PLAN:
        return step
    reason = Reason.MANAGEMENT_POLICY_CAPPED if policies.capped else Reason.PLANNED
    match step:
        case Put() | PatchTags() | SetKey():
            return Planned(step, reason, f"planned only; {describe_write(step)}")
        case Settled(Reason.UP_TO_DATE):
            return replace(step, reason=reason, message="planned only; nothing would be written")
        case _:
            return step


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


def _names(step: Put | PatchTags) -> str:
    effect = "the tunnel would drop for a moment" if drops_tunnel(step.differences) else "the tunnel would stay up"
    return f"{field_names(step.differences)}; {effect}"
