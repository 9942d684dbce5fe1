"""The whole new status of a VpnConnection from what the pass saw and did: one function, one exit.

Size: the conditions, the half and the columns are one picture of one pass, kept side by side on purpose.
"""

from dataclasses import replace
from datetime import datetime

from azure_vpn_operator.api.base import Advice
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import (
    AssignedPolicy,
    ConnectionHalf,
    ConnectionSummary,
    HalfRole,
    PolicySource,
    Tunnel,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.advice import connection_warnings
from azure_vpn_operator.domain.bgp_health import BgpView, find_bgp
from azure_vpn_operator.domain.canonical import canonical_policy
from azure_vpn_operator.domain.gateway_rules import gateway_warnings
from azure_vpn_operator.domain.installation import effective_policies
from azure_vpn_operator.domain.live_connection import LiveConnection
from azure_vpn_operator.domain.lookups import Absent, NotRead, Present
from azure_vpn_operator.domain.ownership import OWNER_TAG, Ownership, find_tag, judge_ownership
from azure_vpn_operator.domain.pairing import PairView, judge_pair
from azure_vpn_operator.domain.pauses import find_pause
from azure_vpn_operator.domain.requests import handle
from azure_vpn_operator.domain.snapshot import (
    KeyCheck,
    KeyEntryMissing,
    KeyFound,
    KeyMalformed,
    KeyUnreadable,
    NotReferenced,
    PolicyBroken,
    PolicyFound,
    Snapshot,
)
from azure_vpn_operator.domain.steps import PatchTags, Put, Settled, Step
from azure_vpn_operator.domain.target import Target
from azure_vpn_operator.domain.transitions import Finding, merge_conditions, recall
from azure_vpn_operator.domain.tunnel_health import count_tunnels, find_connected
from azure_vpn_operator.domain.verdicts import Progress, Summary
from azure_vpn_operator.domain.violations import Invalid

_STATE_LIMIT = 64
_TUNNEL_NAME_LIMIT = 512
_MANAGED_TAGS_LIMIT = 41
_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def build_status(snapshot: Snapshot, step: Step, summary: Summary) -> VpnConnectionStatus:
    """Return the complete status; equal inputs give an equal status, so that an unchanged one is never written."""
    bgp = find_bgp(snapshot)
    findings = list(_findings(snapshot, summary, bgp))
    half = _half(snapshot, step, summary)
    if half is not None:
        half = half.model_copy(update={"bgp": bgp.state if bgp is not None else None})
    return VpnConnectionStatus(
        observed_generation=snapshot.metadata.generation,
        conditions=merge_conditions(snapshot.previous.conditions, findings, snapshot.metadata.generation, snapshot.now),
        summary=_columns(snapshot, summary, findings),
        policy=_assigned_policy(snapshot),
        halves=(half,) if half is not None else (),
        differences=summary.differences[:64],
        warnings=_warnings(snapshot),
        last_handled=handle(snapshot.metadata, snapshot.previous.last_handled),
    )


def _findings(snapshot: Snapshot, summary: Summary, bgp: BgpView | None) -> list[Finding]:
    ready = Finding(ConditionType.READY, _T if summary.ready else _F, summary.reason, summary.message)
    synced_reason = Reason.DIFFERENCES_OBSERVED if summary.ready and summary.synced is _F else summary.reason
    if summary.ready and summary.synced is _T:
        synced_reason = Reason.UP_TO_DATE
    connected = find_connected(snapshot)
    findings = [
        ready,
        _policy_resolved(snapshot),
        _credentials_resolved(snapshot),
        Finding(ConditionType.SYNCED, summary.synced, synced_reason, summary.message),
        connected,
    ]
    if bgp is not None:
        findings.append(bgp.finding)
    if snapshot.pair is not None:
        findings.append(_pair_in_sync(snapshot, snapshot.pair, summary))
    findings.append(_paused(snapshot))
    if summary.progress is Progress.RECONCILING:
        findings.append(Finding(ConditionType.RECONCILING, _T, summary.reason, summary.message))
    if summary.progress is Progress.STALLED:
        findings.append(Finding(ConditionType.STALLED, _T, summary.reason, summary.message))
    return findings


def _policy_resolved(snapshot: Snapshot) -> Finding:
    kind = ConditionType.POLICY_RESOLVED
    if isinstance(snapshot.subject, Invalid):
        return Finding(kind, _U, Reason.INVALID_SPEC, "the spec breaks a rule, so its references were not looked up")
    match snapshot.policy:
        case NotReferenced():
            return Finding(kind, _T, Reason.DEFAULT_POLICY, "Azure's Default policy applies")
        case PolicyFound(policy):
            return Finding(kind, _T, Reason.POLICY_FOUND, f"IpsecPolicy {policy.metadata.name}")
        case PolicyBroken(text):
            return Finding(kind, _F, Reason.POLICY_INVALID, text)
        case Absent():
            return Finding(kind, _F, Reason.POLICY_NOT_FOUND, "there is no such IpsecPolicy in this namespace")


def _credentials_resolved(snapshot: Snapshot) -> Finding:
    kind = ConditionType.CREDENTIALS_RESOLVED
    if isinstance(snapshot.subject, Invalid):
        return Finding(kind, _U, Reason.INVALID_SPEC, "the spec breaks a rule, so its references were not looked up")
    match snapshot.key:
        case NotReferenced():
            return Finding(kind, _T, Reason.KEY_NOT_MANAGED, "no sharedKeySecretRef: the key in Azure is left alone")
        case KeyFound() if snapshot.key_check is KeyCheck.UNREADABLE:
            return Finding(
                kind, _T, Reason.KEY_UNVERIFIED, "the key could not be compared with Azure's, and was not written"
            )
        case KeyFound():
            return Finding(kind, _T, Reason.KEY_FOUND, "the Secret holds a well-formed key")
        case Absent():
            return Finding(kind, _F, Reason.SECRET_NOT_FOUND, "there is no such Secret in this namespace")
        case KeyEntryMissing(entries):
            return Finding(
                kind, _F, Reason.SECRET_KEY_NOT_FOUND, f"the Secret has no such entry; it has: {', '.join(entries)}"
            )
        case KeyMalformed(problem):
            return Finding(kind, _F, Reason.SHARED_KEY_INVALID, problem)
        case KeyUnreadable(fault):
            return Finding(kind, _U, Reason.SECRET_UNREADABLE, str(fault))
        case NotRead():
            return Finding(kind, _U, Reason.SECRET_NOT_READ, "the object only observes, so the Secret is not read")


def _pair_in_sync(snapshot: Snapshot, pair: PairView, summary: Summary) -> Finding:
    # The snapshot has what the last status said of this half; this pass knows better.
    assigned = _assigned_policy(snapshot)
    held = assigned.hash if assigned is not None else None
    judged = judge_pair(replace(pair, own=replace(pair.own, synced=summary.synced is _T, held_policy_hash=held)))
    status = _U if judged.agreed is None else _T if judged.agreed else _F
    return Finding(ConditionType.PAIR_IN_SYNC, status, judged.reason, judged.message)


def _paused(snapshot: Snapshot) -> Finding:
    suspend = snapshot.subject.spec.suspend if isinstance(snapshot.subject, VpnConnection) else False
    pause = find_pause(
        suspend=suspend,
        annotations=snapshot.metadata.annotations,
        live_tags=snapshot.live.value.tags if isinstance(snapshot.live, Present) else {},
        now=snapshot.now,
    )
    if pause is None:
        before = recall(snapshot.previous.conditions, ConditionType.PAUSED)
        read = isinstance(snapshot.live, Present | Absent)
        if before is not None and before.reason is Reason.HELD_IN_AZURE and not read:
            return before
        return Finding(ConditionType.PAUSED, _F, Reason.NOT_PAUSED, "")
    return Finding(ConditionType.PAUSED, _T, pause.reason, pause.message)


def _half(snapshot: Snapshot, step: Step, summary: Summary) -> ConnectionHalf | None:
    before = next(iter(snapshot.previous.halves), None)
    applied = _applied_hash(step, summary, before)
    match snapshot.live:
        case Present(live):
            return ConnectionHalf(
                role=HalfRole.FORWARD,
                id=before.id if before is not None and before.id else str(live.id),
                provisioning_state=live.provisioning_state[:_STATE_LIMIT],
                connection_status=live.connection_status[:_STATE_LIMIT] if live.connection_status is not None else None,
                tunnels=tuple(
                    Tunnel(
                        name=tunnel.name[:_TUNNEL_NAME_LIMIT],
                        status=tunnel.status[:_STATE_LIMIT],
                        # Whole seconds, as the API server keeps them: else no status would equal the stored one.
                        last_established=_whole_seconds(tunnel.last_established),
                    )
                    for tunnel in live.tunnels[:16]
                ),
                applied_hash=applied,
                managed_tags=_managed_tags(snapshot, live, written=summary.written),
            )
        case Absent():
            # The id stays: it is how a later change of identity is noticed, also before Azure shows the connection.
            known = before.id if before is not None else None
            if known is None and summary.written and isinstance(snapshot.target, Target):
                known = str(snapshot.target.connection)
            return ConnectionHalf(role=HalfRole.FORWARD, id=known, applied_hash=applied) if known else None
        case _:
            return before


def _whole_seconds(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment is not None else None


def _applied_hash(step: Step, summary: Summary, before: ConnectionHalf | None) -> str | None:
    """What Azure was last seen to hold. Once an edit is on its way that is history, or taking the edit back would look like drift."""
    if isinstance(step, Settled) and step.applied_hash is not None:
        return step.applied_hash
    edited = summary.written and isinstance(step, Put | PatchTags) and not step.drift
    return before.applied_hash if before is not None and not edited else None


def _managed_tags(snapshot: Snapshot, live: LiveConnection, *, written: bool) -> tuple[str, ...]:
    """Names of the tags that are ours to remove: those that a write of ours has set, and Azure has."""
    before = next((half.managed_tags for half in snapshot.previous.halves), ())
    if not written and judge_ownership(live.tags, snapshot.owner, {}) is not Ownership.OURS:
        return before
    spec_tags = snapshot.subject.spec.tags if isinstance(snapshot.subject, VpnConnection) else {}
    present = {name.lower() for name in live.tags}
    set_by_us = (name for name, value in spec_tags.items() if written or find_tag(live.tags, name) == value)
    # A name that left the spec stays listed for as long as Azure still has the tag: it is still to be removed.
    names = (OWNER_TAG, *sorted({*set_by_us, *(name for name in before if name.lower() in present)} - {OWNER_TAG}))
    return names[:_MANAGED_TAGS_LIMIT]


def _assigned_policy(snapshot: Snapshot) -> AssignedPolicy | None:
    if isinstance(snapshot.subject, Invalid):
        return snapshot.previous.policy
    match snapshot.policy:
        case PolicyFound(policy):
            return AssignedPolicy(
                name=policy.metadata.name, hash=canonical_policy(policy.spec).hash, source=PolicySource.CUSTOM
            )
        case NotReferenced():
            # An observer without a reference assigns nothing: Azure may have any policy there.
            return AssignedPolicy(source=PolicySource.DEFAULT) if _may_write(snapshot) else None
        case PolicyBroken() | Absent():
            return snapshot.previous.policy


def _warnings(snapshot: Snapshot) -> tuple[Advice, ...]:
    if not isinstance(snapshot.subject, VpnConnection):
        return ()
    policy = snapshot.policy.policy.spec if isinstance(snapshot.policy, PolicyFound) else None
    warnings = list(connection_warnings(snapshot.subject.spec, policy))
    if isinstance(snapshot.gateway, Present):
        peer = snapshot.peer_gateway.value if isinstance(snapshot.peer_gateway, Present) else None
        warnings += gateway_warnings(snapshot.gateway.value, peer)
    return tuple(warnings[:16])


def _columns(snapshot: Snapshot, summary: Summary, findings: list[Finding]) -> ConnectionSummary:
    target = snapshot.target if isinstance(snapshot.target, Target) else None
    before = snapshot.previous.summary
    other_end = (target.local_gateway or target.peer_gateway) if target is not None else None
    worst = _worst(summary, findings)
    return ConnectionSummary(
        tunnel=_tunnel_column(snapshot, before.tunnel if before is not None else None),
        peer=other_end.name if other_end is not None else _name_in_azure(snapshot, of_peer=True),
        gateway=target.gateway.name
        if target is not None and target.gateway is not None
        else _name_in_azure(snapshot, of_peer=False),
        policy=_policy_column(snapshot),
        reason=worst.reason.value,
        message=worst.message[:1024],
    )


def _name_in_azure(snapshot: Snapshot, *, of_peer: bool) -> str | None:
    """An object that only observes need not name the gateways: then Azure does."""
    if not isinstance(snapshot.live, Present):
        return None
    live = snapshot.live.value
    found = (live.local_gateway_id or live.peer_gateway_id) if of_peer else live.gateway_id
    return found.rsplit("/", 1)[-1][:80] if found else None


def _worst(summary: Summary, findings: list[Finding]) -> Finding:
    """What stops the object comes first, then a pair that disagrees, a tunnel or BGP that is down, a pause."""
    by_type = {finding.type: finding for finding in findings}
    if not summary.ready:
        return by_type[ConditionType.READY]
    for kind in (ConditionType.PAIR_IN_SYNC, ConditionType.CONNECTED, ConditionType.BGP_ESTABLISHED):
        finding = by_type.get(kind)
        if finding is not None and finding.status is _F:
            return finding
    if by_type[ConditionType.CONNECTED].status is _U:
        return by_type[ConditionType.CONNECTED]
    paused = by_type[ConditionType.PAUSED]
    connected = by_type[ConditionType.CONNECTED]
    if paused.status is _T:
        return paused
    return connected if connected.reason is Reason.REDUNDANCY_LOST else by_type[ConditionType.READY]


def _tunnel_column(snapshot: Snapshot, before: str | None) -> str | None:
    match snapshot.live:
        case Present(live) if live.connection_status is not None:
            up, total = count_tunnels(live)
            return f"{up}/{total}"
        case Absent():
            return None
        case _:
            return before


def _policy_column(snapshot: Snapshot) -> str | None:
    if isinstance(snapshot.subject, VpnConnection) and snapshot.subject.spec.ipsec_policy_ref is not None:
        return snapshot.subject.spec.ipsec_policy_ref.name
    return PolicySource.DEFAULT.value if _may_write(snapshot) else None


def _may_write(snapshot: Snapshot) -> bool:
    subject = snapshot.subject
    return isinstance(subject, VpnConnection) and effective_policies(subject.spec, snapshot.installation).may_write
