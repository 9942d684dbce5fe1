"""The whole new status of an IpsecPolicy, and whether its finalizer belongs on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.base import Advice, ObjectMeta
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus, RevisionState
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.passes.finalizers import POLICY_FINALIZER
from azure_vpn_operator.domain.passes.findings import Finding, merge_conditions
from azure_vpn_operator.domain.passes.requests import handle
from azure_vpn_operator.domain.reporting.remarks import publish_remarks
from azure_vpn_operator.domain.rollout.revisions import Target
from azure_vpn_operator.domain.rollout.waves import Wave
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
class PolicyRollout:
    """How far the values of a valid policy have come."""

    target: Target
    wave: Wave | None = None
    """Where the connections stand; None if all of them hold the values."""
    paused: bool = False
    unread: int = 0
    """So many connections have to be read since the operator's start before another one moves."""
    rekey_until: datetime | None = None
    """The first connection has to survive a rekey, which comes by then."""

    @property
    def is_held_back(self) -> bool:
        """Whether a pause keeps the values from connections that should have them."""
        arrived = self.target.revision.state in {RevisionState.CURRENT, RevisionState.FAILED}
        return self.paused and self.wave is not None and not arrived


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """One policy and those who use it."""

    now: datetime
    metadata: ObjectMeta
    subject: IpsecPolicy | Invalid
    previous: IpsecPolicyStatus
    users: PolicyUsers
    rollout: PolicyRollout | None = None
    """None for a policy that breaks a rule."""


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
        confirmed_connections=_confirmed(snapshot),
        skipped_connections=snapshot.rollout.wave.skipped if snapshot.rollout and snapshot.rollout.wave else 0,
        revisions=snapshot.rollout.target.revisions if snapshot.rollout is not None else snapshot.previous.revisions,
        strength=strength(valid.spec.wire()) if valid is not None else None,
        key_exchange=describe_key_exchange(valid.spec) if valid is not None else None,
        warnings=_warnings(valid),
        last_handled=handle(snapshot.metadata, snapshot.previous.last_handled),
    )


def _warnings(policy: IpsecPolicy | None) -> tuple[Advice, ...]:
    return publish_remarks(policy_warnings(policy.spec.wire())) if policy is not None else ()


def _confirmed(snapshot: PolicySnapshot) -> int:
    if snapshot.rollout is None:
        return 0
    return snapshot.rollout.wave.done if snapshot.rollout.wave is not None else snapshot.users.updated


def _rolled_out(rollout: PolicyRollout, users: PolicyUsers) -> Sequence[Finding]:
    """The condition RolledOut, and those that go with it."""
    kind, state, wave = ConditionType.ROLLED_OUT, rollout.target.revision.state, rollout.wave
    true, false = ConditionStatus.TRUE, ConditionStatus.FALSE
    if state is RevisionState.CURRENT and wave is not None and wave.provisional:
        text = f"{_rolled_out_text(wave, users)}; {wave.provisional} have the first rekey with the new PFS group still to come"
        return [Finding(kind, true, Reason.PROVISIONAL, text)]
    if state is RevisionState.CURRENT or wave is None:
        return [Finding(kind, true, Reason.ROLLED_OUT, _rolled_out_text(wave, users))]
    if state is RevisionState.FAILED:
        who = ", ".join(wave.failed[:NAMES_SHOWN])
        text = (
            f"the tunnel of {who or 'a connection'} did not come back with the new values; {users.updated} of {users.count} "
            "connections hold them: have the other side changed, then set the annotation azvpn.dev/rollout-retry, or change the values"
        )
        return [
            Finding(kind, false, Reason.ROLLOUT_FAILED, text),
            Finding(ConditionType.STALLED, true, Reason.ROLLOUT_FAILED, text),
        ]
    if rollout.is_held_back:
        return [Finding(kind, false, Reason.ROLLOUT_PAUSED, f"spec.rollout.paused is true; {_progress(wave)}")]
    if rollout.rekey_until is not None:
        until = f"{rollout.rekey_until:%Y-%m-%dT%H:%M:%SZ}"
        text = (
            f"{', '.join(wave.moving)} has to survive a rekey with the new PFS group, which comes by {until}; "
            f"{_progress(wave)}"
        )
        return [
            Finding(kind, false, Reason.WAITING_FOR_REKEY, text),
            Finding(ConditionType.RECONCILING, true, Reason.WAITING_FOR_REKEY, text),
        ]
    text = (
        f"{rollout.unread} connections have to be read first; {_progress(wave)}" if rollout.unread else _progress(wave)
    )
    return [
        Finding(kind, false, Reason.ROLLING_OUT, text),
        Finding(ConditionType.RECONCILING, true, Reason.ROLLING_OUT, text),
    ]


def _progress(wave: Wave) -> str:
    windows = f" ({wave.closed} of them for a change window{_opening(wave)})" if wave.closed else ""
    return (
        f"{wave.done} connections hold the new values, {len(wave.moving)} are changing, {wave.behind} wait{windows}, "
        f"{wave.skipped} take no part"
    )


def _opening(wave: Wave) -> str:
    return f", the next one opens at {wave.opens:%Y-%m-%dT%H:%M:%SZ}" if wave.opens is not None else ""


def _rolled_out_text(wave: Wave | None, users: PolicyUsers) -> str:
    if not users:
        return "no VpnConnection names it"
    if wave is None:
        return f"all {users.count} connections hold the values"
    return f"{users.updated} of {users.count} connections hold the values; {wave.skipped} take no part"


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
    elif snapshot.rollout is not None and snapshot.rollout.target.revision.state is RevisionState.FAILED:
        text = "the policy is valid, and a tunnel did not come back with its values"
        findings.append(Finding(ConditionType.READY, false, Reason.ROLLOUT_FAILED, text))
    elif snapshot.rollout is not None and snapshot.rollout.is_held_back:
        # To a GitOps tool an edit that has not reached everybody is not done, however long the pause is.
        text = "the policy is valid, and a pause keeps its values from connections"
        findings.append(Finding(ConditionType.READY, false, Reason.ROLLOUT_PAUSED, text))
    else:
        findings.append(Finding(ConditionType.READY, true, Reason.VALID, "the policy is valid"))
    if snapshot.rollout is not None:
        findings += _rolled_out(snapshot.rollout, snapshot.users)
    if snapshot.users:
        findings.append(Finding(ConditionType.IN_USE, true, Reason.REFERENCED, f"named by {_names(snapshot.users)}"))
    else:
        findings.append(Finding(ConditionType.IN_USE, false, Reason.NOT_REFERENCED, "no VpnConnection names it"))
    return findings


def _names(users: PolicyUsers) -> str:
    shown = ", ".join(users.first_names)
    rest = users.count - len(users.first_names)
    return f"{shown} and {rest} more" if rest > 0 else shown
