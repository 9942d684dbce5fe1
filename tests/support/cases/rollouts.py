"""Policies with few differing values, their revisions, and connections that hold them."""

from datetime import timedelta
from typing import Any

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, PolicyRevision, RevisionState
from azure_vpn_operator.api.tunnel_change import ChangeState, PolicyValues, TunnelChange, TunnelSettings
from azure_vpn_operator.api.vpn_connection_status import AssignedPolicy, PolicySource, VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from support.builders import NOW, a_change, a_connection, a_policy

BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(minutes=10)


def policy_with(seconds: int, generation: int = 1, **rollout: Any) -> IpsecPolicy:
    """A policy whose values differ by this lifetime alone."""
    changes = {"saLifeTimeSeconds": seconds} | ({"rollout": rollout} if rollout else {})
    found = a_policy(**changes)
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"generation": generation})})


def revision(seconds: int, state: RevisionState, generation: int = 1) -> PolicyRevision:
    values = canonical_policy(policy_with(seconds).spec)
    return PolicyRevision(
        hash=values.hash,
        values=PolicyValues.model_validate(values.wire()),
        generation=generation,
        state=state,
        since=NOW,
    )


def values(seconds: int) -> PolicyValues:
    return PolicyValues.model_validate(canonical_policy(a_policy(saLifeTimeSeconds=seconds).spec).wire())


NEW = values(7200)


def hash_of(found: PolicyValues) -> str:
    return canonical_policy(found.wire()).hash


def change(state: str, to: PolicyValues = NEW, **more: Any) -> TunnelChange:
    settings = TunnelSettings(ipsec_policies=(to,))
    return a_change(state=ChangeState(state), to=settings, **({"start_time": NOW} | more))


def failed(to: PolicyValues = NEW, **more: Any) -> TunnelChange:
    return change("RolledBack", to, **({"end_time": AFTER} | more))


def holder(
    assigned: PolicyValues | None = NEW,
    policy: str = "p1",
    ready: str = "UpToDate",
    synced: bool = True,
    stalled: str | None = None,
    takes_part: bool = True,
    **status: Any,
) -> PolicyHolder:
    conditions = [
        _condition("Ready", ConditionStatus.TRUE if ready == "UpToDate" else ConditionStatus.FALSE, ready),
        _condition("Synced", ConditionStatus.TRUE if synced else ConditionStatus.FALSE, "InSync"),
        _condition("Connected", ConditionStatus.TRUE, "AllTunnelsUp"),
    ]
    if stalled is not None:
        conditions.append(_condition("Stalled", ConditionStatus.TRUE, stalled))
    held = None
    if assigned is not None:
        held = AssignedPolicy(name="p1", hash=hash_of(assigned), source=PolicySource.CUSTOM)
    found = VpnConnectionStatus(conditions=tuple(conditions), policy=held, **status)
    return PolicyHolder(a_connection().metadata, policy, takes_part, found)


def _condition(kind: str, status: ConditionStatus, reason: str) -> Condition:
    return Condition(type=kind, status=status, reason=reason, last_transition_time=NOW)
