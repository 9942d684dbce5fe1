"""What the cluster's objects say of a tunnel."""

from collections.abc import Sequence
from datetime import datetime

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, TrafficState
from azure_vpn_operator.azvpn.explain.subject import Subject, forward_half, whole
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.peer_config.in_force import InForce, values_in_force
from azure_vpn_operator.domain.azure.live_connection import TrafficSelector
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.diagnosis.ends import count_tunnels, last_established
from azure_vpn_operator.domain.diagnosis.evidence import (
    DefaultPolicy,
    Device,
    Drops,
    End,
    Evidence,
    MissingHalf,
    NoLog,
    OtherEnd,
    Quiet,
    UnseenHalf,
)
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.reconcile.records import ConnectionRecord

_NOT_ASKED = "Azure was not asked for it"
NO_LOG = NoLog("its lines are in the Log Analytics workspace that the gateway's diagnostic setting names")


def evidence_of(subject: Subject, drops: Drops | None, now: datetime) -> Evidence:
    """What the objects in the cluster say. Raises ToolError for an object that breaks a rule."""
    connection = subject.connection
    if connection is None:
        raise ToolError(f"VpnConnection {subject.name}: breaks a rule: kubectl azvpn lint says which")
    half, status = subject.half, subject.record.status
    connected = find_condition(status.conditions, ConditionType.CONNECTED)
    known = connected is not None and connected.status is not ConditionStatus.UNKNOWN
    up, total = count_tunnels(half)
    return Evidence(
        now=now,
        own=_end(subject.record, subject.policies),
        other=_other_end(subject),
        status=half.connection_status if known else None,
        up=up,
        total=total,
        last_established=last_established(half),
        down_since=_down_since(subject.record),
        change=status.change,
        drops=drops,
        quiet=_quiet(half),
        log=NO_LOG,
        azure_read=False,
    )


def _other_end(subject: Subject) -> OtherEnd:
    target = subject.target
    if target is not None and target.local_gateway is not None:
        return Device(target.local_gateway.name)
    if subject.record.wanted.reverse is not None:
        return UnseenHalf("both halves are made by this object, which wants the same of both", ours=True)
    partners = [item for item in subject.neighbours if target is not None and _crosses(item, target)]
    if len(partners) > 1:
        return UnseenHalf("more than two VpnConnections lie between these gateways", ours=True)
    if partners:
        (partner,) = partners
        if not partner.is_synced:
            name = partner.metadata.name
            return UnseenHalf(f"{name}, which makes the other half, is not in Azure as it wants to be", ours=True)
        return _end(partner, subject.policies)
    in_sync = find_condition(subject.record.status.conditions, ConditionType.PAIR_IN_SYNC)
    if in_sync is not None and in_sync.reason == Reason.PARTNER_MISSING:
        return MissingHalf(target.peer_gateway.name if target is not None and target.peer_gateway is not None else "")
    if target is None or target.peer_gateway is None:
        return UnseenHalf(f"what is at the other end is not known: {_NOT_ASKED}")
    return UnseenHalf(f"the other half is not known: no VpnConnection of this namespace makes it, and {_NOT_ASKED}")


def _crosses(record: ConnectionRecord, target: Target) -> bool:
    other = record.wanted.target
    if not isinstance(other, Target) or other.peer_gateway is None or target.peer_gateway is None:
        return False
    return other.gateway == target.peer_gateway and other.peer_gateway == target.gateway


def _end(record: ConnectionRecord, policies: Sequence[IpsecPolicy]) -> End:
    """One half as its object's status, and what that leads to, say that Azure holds it."""
    half, values = forward_half(record), _in_force(record, policies)
    target = record.wanted.target
    name = target.connection.name if isinstance(target, Target) else record.metadata.name
    settings = values.settings if values is not None else None
    return End(
        name,
        policy=None if values is None else values.policy if values.policy is not None else DefaultPolicy(),
        protocol=half.connection_protocol,
        mode=settings.connection_mode if settings is not None else None,
        policy_based=settings.use_policy_based_traffic_selectors if settings is not None else None,
        selectors=tuple(
            TrafficSelector(frozenset(item.local_address_ranges), frozenset(item.remote_address_ranges))
            for item in (settings.traffic_selector_policies if settings is not None else ())
        ),
        provisioning_state=half.provisioning_state,
    )


def _in_force(record: ConnectionRecord, policies: Sequence[IpsecPolicy]) -> InForce | None:
    """None where Azure need not hold what the object says."""
    connection = whole(record)
    if connection is None or not record.is_synced:
        return None
    assigned = record.status.policy
    name = assigned.name if assigned is not None else None
    policy = next((policy for policy in policies if policy.metadata.name == name), None)
    try:
        return values_in_force(connection, policy, as_written=False)
    except ToolError:
        return None


def _down_since(record: ConnectionRecord) -> datetime | None:
    connected = find_condition(record.status.conditions, ConditionType.CONNECTED)
    if connected is None or connected.status is not ConditionStatus.FALSE or connected.reason == Reason.NOT_CREATED:
        return None
    return connected.last_transition_time


def _quiet(half: ConnectionHalf) -> Quiet | None:
    traffic = half.traffic
    if half.connection_status != "Connected" or traffic is None or traffic.state is not TrafficState.IDLE:
        return None
    return Quiet(traffic.since)
