"""What one pass knows of a tunnel that is down, for the diagnosis. Nothing is read for it that the pass has not read anyway."""

from datetime import datetime

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.diagnosis.ends import count_tunnels, end_of, last_established, state_of
from azure_vpn_operator.domain.diagnosis.evidence import (
    DefaultPolicy,
    Device,
    End,
    Evidence,
    GatewayState,
    MissingHalf,
    NoLog,
    OtherEnd,
    PolicyInForce,
    UnseenHalf,
)
from azure_vpn_operator.domain.pairs.foreign_half import ForeignHalves, ListedHalf
from azure_vpn_operator.domain.pairs.pairing import HalfFacts, PairView
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.snapshot import Snapshot


def evidence_of(snapshot: Snapshot, live: LiveConnection) -> Evidence:
    """Everything in the snapshot that tells why the tunnel is down."""
    up, total = count_tunnels(live)
    own_gateway = snapshot.gateway.value if isinstance(snapshot.gateway, Present) else None
    return Evidence(
        now=snapshot.now,
        own=end_of(live.id.name, live, own_gateway),
        other=_other_end(snapshot, live),
        status=live.connection_status,
        up=up,
        total=total,
        last_established=last_established(live),
        down_since=_down_since(snapshot),
        change=snapshot.previous.change,
        log=snapshot.log_lines or NoLog("it was not read, or it says nothing of this outage"),
    )


def _other_end(snapshot: Snapshot, live: LiveConnection) -> OtherEnd:
    target = snapshot.target if isinstance(snapshot.target, Target) else None
    local = (target.local_gateway if target is not None else None) or ArmId.find(live.local_gateway_id)
    if local is not None:
        return Device(local.name)
    subject = snapshot.subject
    if snapshot.role is HalfRole.REVERSE or (isinstance(subject, VpnConnection) and subject.spec.reverse is not None):
        return UnseenHalf("both halves are made by this object, which wants the same of both", ours=True)
    gateway = state_of(snapshot.peer_gateway.value) if isinstance(snapshot.peer_gateway, Present) else None
    if snapshot.pair is not None and (snapshot.pair.partners or snapshot.pair.rivals):
        return _partner(snapshot.pair, gateway)
    peer = (target.peer_gateway if target is not None else None) or ArmId.find(live.peer_gateway_id)
    return _foreign(snapshot.foreign, peer.name if peer is not None else "", gateway)


def _partner(pair: PairView, gateway: GatewayState | None) -> OtherEnd:
    enforced = tuple(partner for partner in pair.partners if partner.enforced)
    partners = enforced or pair.partners
    if len(partners) != 1 or pair.rivals:
        return UnseenHalf("more than two VpnConnections lie between these gateways", ours=True)
    (partner,) = partners
    if not partner.synced or partner.held_policy_hash != partner.policy_hash:
        return UnseenHalf(f"{partner.name}, which makes the other half, is not in Azure as it wants to be", ours=True)
    return End(
        partner.name,
        policy=_policy(partner),
        protocol=partner.known_protocol,
        mode="ResponderOnly" if partner.responder_only else "InitiatorOnly" if partner.initiator_only else None,
        provisioning_state="Succeeded",
        gateway=gateway,
    )


def _policy(partner: HalfFacts) -> PolicyInForce | None:
    return DefaultPolicy() if partner.policy is None and partner.policy_name is None else partner.policy


def _foreign(found: ForeignHalves, peer: str, gateway: GatewayState | None) -> OtherEnd:
    match found:
        case Absent() | Present(()):
            return MissingHalf(peer)
        case Present((half,)):
            return _listed(half, gateway)
        case Present():
            return UnseenHalf("more than one connection in Azure leads back from the peer's gateway")
        case Unreadable(fault) if fault.kind is FaultKind.FORBIDDEN:
            return UnseenHalf("the other half is not known: the operator may not read the peer's connections")
        case Unreadable(fault):
            return UnseenHalf(f"the other half is not known: the peer's connections could not be read ({fault.kind})")
        case NotRead():
            return UnseenHalf(
                "the other half is not known: no VpnConnection of this namespace makes it, and it was not looked for"
            )


def _listed(half: ListedHalf, gateway: GatewayState | None) -> End:
    policies = half.policies
    return End(
        "the other half",
        policy=None if policies is None or len(policies) > 1 else policies[0] if policies else DefaultPolicy(),
        protocol=half.protocol,
        mode=half.mode,
        provisioning_state=half.provisioning_state,
        gateway=gateway,
        private=True,
    )


def _down_since(snapshot: Snapshot) -> datetime | None:
    before = find_condition(snapshot.previous.conditions, ConditionType.CONNECTED)
    if before is None or before.reason == Reason.NOT_CREATED:
        return None
    return before.last_transition_time if before.status is ConditionStatus.FALSE else snapshot.now
