"""What the status says of the policy that the object names; from the store alone."""

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import AssignedPolicy, PolicySource
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.lookups import Absent
from azure_vpn_operator.domain.passes.findings import Finding
from azure_vpn_operator.domain.passes.snapshot import NotReferenced, PolicyBroken, PolicyFound, PolicyLookup
from azure_vpn_operator.domain.rules.violations import Invalid

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def find_policy(subject: VpnConnection | Invalid, policy: PolicyLookup) -> Finding:
    """The condition PolicyResolved."""
    kind = ConditionType.POLICY_RESOLVED
    if isinstance(subject, Invalid):
        return Finding(kind, _U, Reason.INVALID_SPEC, "the spec breaks a rule, so its references were not looked up")
    match policy:
        case NotReferenced():
            return Finding(kind, _T, Reason.DEFAULT_POLICY, "Azure's Default policy applies")
        case PolicyFound(found):
            return Finding(kind, _T, Reason.POLICY_FOUND, f"IpsecPolicy {found.metadata.name}")
        case PolicyBroken(text):
            return Finding(kind, _F, Reason.POLICY_INVALID, text)
        case Absent():
            return Finding(kind, _F, Reason.POLICY_NOT_FOUND, "there is no such IpsecPolicy in this namespace")


def assign_policy(
    subject: VpnConnection | Invalid, policy: PolicyLookup, before: AssignedPolicy | None, *, may_write: bool
) -> AssignedPolicy | None:
    """The policy that is to be in force; where that cannot be told, what was said before."""
    if isinstance(subject, Invalid):
        return before
    match policy:
        case PolicyFound(found):
            return AssignedPolicy(
                name=found.metadata.name, hash=canonical_policy(found.spec).hash, source=PolicySource.CUSTOM
            )
        case NotReferenced():
            # An observer without a reference assigns nothing: Azure may have any policy there.
            return AssignedPolicy(source=PolicySource.DEFAULT) if may_write else None
        case PolicyBroken() | Absent():
            return before


def policy_column(subject: VpnConnection | Invalid, *, may_write: bool) -> str | None:
    """The name of the policy, as the column shows it."""
    if isinstance(subject, VpnConnection) and subject.spec.ipsec_policy_ref is not None:
        return subject.spec.ipsec_policy_ref.name
    return PolicySource.DEFAULT.value if may_write else None
