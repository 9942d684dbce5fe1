"""The whole new status of an IpsecPolicy, and whether its finalizer belongs on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.base import Advice, ObjectMeta
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.passes.finalizers import POLICY_FINALIZER
from azure_vpn_operator.domain.passes.findings import Finding, merge_conditions
from azure_vpn_operator.domain.passes.requests import handle
from azure_vpn_operator.domain.rules.advice import policy_warnings
from azure_vpn_operator.domain.rules.key_exchange import describe_key_exchange
from azure_vpn_operator.domain.rules.strength import strength
from azure_vpn_operator.domain.rules.violations import Invalid

NAMES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class PolicyUsers:
    """The VpnConnections that name the policy."""

    count: int = 0
    first_names: tuple[str, ...] = ()
    """Names of the first ones, at most `NAMES_SHOWN`."""
    updated: int = 0
    """How many hold its current values in Azure."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.count > 0


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """One policy and those who use it."""

    now: datetime
    metadata: ObjectMeta
    subject: IpsecPolicy | Invalid
    previous: IpsecPolicyStatus
    users: PolicyUsers


def wanted_finalizers(snapshot: PolicySnapshot) -> tuple[str, ...] | None:
    """The finalizers that the policy should have; None if they are right.

    The finalizer is on a policy exactly while someone uses it. It cannot be added any more to one that is being deleted.
    """
    has = POLICY_FINALIZER in snapshot.metadata.finalizers
    if snapshot.users and not has and snapshot.metadata.deletion_timestamp is None:
        return (*snapshot.metadata.finalizers, POLICY_FINALIZER)
    if not snapshot.users and has:
        return tuple(name for name in snapshot.metadata.finalizers if name != POLICY_FINALIZER)
    return None


def build_policy_status(snapshot: PolicySnapshot) -> IpsecPolicyStatus:
    """Return the complete status; equal inputs give an equal status."""
    subject = snapshot.subject
    valid = subject if isinstance(subject, IpsecPolicy) else None
    return IpsecPolicyStatus(
        observed_generation=snapshot.metadata.generation,
        conditions=merge_conditions(
            snapshot.previous.conditions, _findings(snapshot), snapshot.metadata.generation, snapshot.now
        ),
        connections=snapshot.users.count,
        updated_connections=snapshot.users.updated if valid is not None else 0,
        strength=strength(valid.spec) if valid is not None else None,
        key_exchange=describe_key_exchange(valid.spec) if valid is not None else None,
        warnings=_warnings(valid),
        last_handled=handle(snapshot.metadata, snapshot.previous.last_handled),
    )


def _warnings(policy: IpsecPolicy | None) -> tuple[Advice, ...]:
    return tuple(policy_warnings(policy.spec))[:16] if policy is not None else ()


def _findings(snapshot: PolicySnapshot) -> Sequence[Finding]:
    true, false = ConditionStatus.TRUE, ConditionStatus.FALSE
    findings = []
    if isinstance(snapshot.subject, Invalid):
        text = str(snapshot.subject)
        findings.append(Finding(ConditionType.READY, false, Reason.INVALID_SPEC, text))
        findings.append(Finding(ConditionType.STALLED, true, Reason.INVALID_SPEC, text))
    elif snapshot.metadata.deletion_timestamp is not None and snapshot.users:
        text = f"still named by {_names(snapshot.users)}"
        findings.append(Finding(ConditionType.READY, false, Reason.DELETION_WAITS_FOR_REFERENCES, text))
    else:
        findings.append(Finding(ConditionType.READY, true, Reason.VALID, "the policy is valid"))
    if snapshot.users:
        findings.append(Finding(ConditionType.IN_USE, true, Reason.REFERENCED, f"named by {_names(snapshot.users)}"))
    else:
        findings.append(Finding(ConditionType.IN_USE, false, Reason.NOT_REFERENCED, "no VpnConnection names it"))
    return findings


def _names(users: PolicyUsers) -> str:
    shown = ", ".join(users.first_names)
    rest = users.count - len(users.first_names)
    return f"{shown} and {rest} more" if rest > 0 else shown
