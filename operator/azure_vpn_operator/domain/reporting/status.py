"""The whole new status of a VpnConnection from what the pass saw and did: one function, one exit.

Size: the conditions, the half and the columns are one picture of one pass, kept side by side on purpose.
"""

from dataclasses import replace
from typing import Final

from azure_vpn_operator.api.base import Advice
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection
from azure_vpn_operator.api.vpn_connection_status import (
    AssignedPolicy,
    ConnectionSummary,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.azure.installation import EffectivePolicies, effective_policies
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.diagnosis.ends import count_tunnels
from azure_vpn_operator.domain.pairs.foreign_half import judge_foreign
from azure_vpn_operator.domain.pairs.pairing import HalfFacts, PairView, both_initiate, judge_pair
from azure_vpn_operator.domain.passes.bgp_health import BgpView, find_bgp
from azure_vpn_operator.domain.passes.findings import Finding, merge_conditions, recall
from azure_vpn_operator.domain.passes.protocol import with_protocol
from azure_vpn_operator.domain.passes.requests import handle, reset_token
from azure_vpn_operator.domain.passes.snapshot import (
    GeneratedKey,
    KeyEntryMissing,
    KeyFound,
    KeyMalformed,
    KeyUnreadable,
    NotReferenced,
    OpenOperation,
    PolicyFound,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import Step
from azure_vpn_operator.domain.passes.traffic_selectors import find_selectors
from azure_vpn_operator.domain.passes.tunnel_health import find_connected
from azure_vpn_operator.domain.passes.verdicts import Progress, Summary
from azure_vpn_operator.domain.reporting.assigned_policy import assign_policy, find_policy, policy_column
from azure_vpn_operator.domain.reporting.credentials import find_credentials, is_rotated
from azure_vpn_operator.domain.reporting.half import build_half
from azure_vpn_operator.domain.reporting.halves import HalfReport, combine, combine_connected, pair_of_halves
from azure_vpn_operator.domain.reporting.remarks import publish_remarks
from azure_vpn_operator.domain.reporting.resets import reset_after
from azure_vpn_operator.domain.rollout.record import record_after
from azure_vpn_operator.domain.rollout.window_gate import never_opens
from azure_vpn_operator.domain.rules.advice import INITIATORS_ONLY, WINDOW_TOO_SHORT, connection_warnings
from azure_vpn_operator.domain.rules.gateway import gateway_warnings
from azure_vpn_operator.domain.rules.violations import Invalid

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_ONLY_ASKED_FOR: Final = frozenset({Reason.RESETTING, Reason.GATEWAY_BUSY, Reason.THROTTLED})
"""Why a connection that is in sync is not ready: a reset runs, or waits."""


def build_status(
    snapshot: Snapshot, step: Step, summary: Summary, reverse: HalfReport | None = None
) -> VpnConnectionStatus:
    """Return the complete status; equal inputs give an equal status, so that an unchanged one is never written.

    `reverse` is the other half of an owned pair.
    """
    forward = HalfReport(snapshot, step, summary)
    bgp = find_bgp(snapshot)
    half = build_half(snapshot, step, summary)
    if half is not None:
        half = half.model_copy(update={"bgp": bgp.state if bgp is not None else None})
    halves = [half]
    if reverse is not None:
        halves.append(build_half(reverse.snapshot, reverse.step, reverse.summary))
        summary = combine(forward, reverse)
    reports = (forward,) if reverse is None else (forward, reverse)
    rotated = any(is_rotated(report.step, report.summary, report.snapshot) for report in reports)
    change, known_good = record_after([(report.snapshot, report.step, report.summary) for report in reports])
    resets = tuple(record for report in reports if (record := reset_after(report)) is not None)
    findings = list(_findings(snapshot, summary, bgp))
    if reverse is not None and not reverse.snapshot.released:
        findings = _with_reverse(findings, forward, reverse)
    return VpnConnectionStatus(
        observed_generation=snapshot.metadata.generation,
        conditions=merge_conditions(snapshot.previous.conditions, findings, snapshot.metadata.generation, snapshot.now),
        summary=_columns(snapshot, reverse.snapshot if reverse is not None else None, summary, findings),
        policy=_assigned_policy(snapshot),
        halves=tuple(half for half in halves if half is not None),
        resets=resets,
        traffic_selectors=find_selectors(snapshot),
        differences=summary.differences[:64],
        change=change,
        last_known_good=known_good,
        warnings=_warnings(snapshot),
        last_handled=handle(
            snapshot.metadata,
            snapshot.previous.last_handled,
            rotated=rotated,
            reset=any(record.token == reset_token(snapshot.metadata) for record in resets),
        ),
    )


def _with_reverse(findings: list[Finding], forward: HalfReport, reverse: HalfReport) -> list[Finding]:
    """The conditions that both halves have a part in."""
    connected = combine_connected(forward, reverse)
    merged = [connected if finding.type is ConditionType.CONNECTED else finding for finding in findings]
    place = next(n for n, finding in enumerate(merged) if finding.type is ConditionType.PAUSED)
    return [*merged[:place], pair_of_halves(forward, reverse), *merged[place:]]


def _findings(snapshot: Snapshot, summary: Summary, bgp: BgpView | None) -> list[Finding]:
    ready = Finding(ConditionType.READY, _T if summary.ready else _F, summary.reason, summary.message)
    synced_reason = Reason.DIFFERENCES_OBSERVED if summary.ready and summary.synced is _F else summary.reason
    if summary.synced is _T and (summary.ready or summary.reason in _ONLY_ASKED_FOR):
        synced_reason = Reason.UP_TO_DATE
    connected = find_connected(snapshot)
    findings = [
        ready,
        find_policy(snapshot.subject, snapshot.policy),
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


def _credentials_resolved(snapshot: Snapshot) -> Finding:
    kind = ConditionType.CREDENTIALS_RESOLVED
    if isinstance(snapshot.subject, Invalid):
        return Finding(kind, _U, Reason.INVALID_SPEC, "the spec breaks a rule, so its references were not looked up")
    match snapshot.key:
        case NotReferenced():
            return Finding(kind, _T, Reason.KEY_NOT_MANAGED, "no sharedKeySecretRef: the key in Azure is left alone")
        case KeyFound() | GeneratedKey():
            return find_credentials(snapshot)
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
        case NotRead() if (before := _credentials_while_it_runs(snapshot)) is not None:
            return before
        case NotRead():
            return Finding(kind, _U, Reason.SECRET_NOT_READ, "the object only observes, so the Secret is not read")


def _credentials_while_it_runs(snapshot: Snapshot) -> Finding | None:
    """While an operation of ours is open no key can be written, and none is read."""
    if not isinstance(snapshot.operation, OpenOperation):
        return None
    return recall(snapshot.previous.conditions, ConditionType.CREDENTIALS_RESOLVED)


def _pair_in_sync(snapshot: Snapshot, pair: PairView, summary: Summary) -> Finding:
    # The snapshot has what the last status said of this half; this pass knows better.
    assigned = _assigned_policy(snapshot)
    held = assigned.hash if assigned is not None else None
    own = _with_protocol_in_force(replace(pair.own, synced=summary.synced is _T, held_policy_hash=held), snapshot)
    judged = (judge_foreign(own, snapshot.foreign) if not pair.partners else None) or judge_pair(replace(pair, own=own))
    status = _U if judged.agreed is None else _T if judged.agreed else _F
    return Finding(ConditionType.PAIR_IN_SYNC, status, judged.reason, judged.message)


def _with_protocol_in_force(own: HalfFacts, snapshot: Snapshot) -> HalfFacts:
    """A spec that says nothing of the protocol keeps the one that Azure has."""
    return replace(own, known_protocol=snapshot.live.value.protocol) if isinstance(snapshot.live, Present) else own


def _paused(snapshot: Snapshot) -> Finding:
    pause = snapshot.pause
    if pause is None:
        before = recall(snapshot.previous.conditions, ConditionType.PAUSED)
        read = isinstance(snapshot.live, Present | Absent)
        if before is not None and before.reason is Reason.HELD_IN_AZURE and not read:
            return before
        return Finding(ConditionType.PAUSED, _F, Reason.NOT_PAUSED, "")
    return Finding(ConditionType.PAUSED, _T, pause.reason, pause.message)


def _assigned_policy(snapshot: Snapshot) -> AssignedPolicy | None:
    policies = _policies(snapshot)
    if policies is not None and policies.management is ManagementPolicy.PLAN:
        # A plan assigns nothing: Azure keeps what it was given before.
        return snapshot.previous.policy
    may_write = policies is not None and policies.may_write
    return assign_policy(snapshot.subject, snapshot.policy, snapshot.previous.policy, may_write=may_write)


def _warnings(snapshot: Snapshot) -> tuple[Advice, ...]:
    if not isinstance(snapshot.subject, VpnConnection):
        return ()
    policy = snapshot.policy.policy.spec.wire() if isinstance(snapshot.policy, PolicyFound) else None
    spec = snapshot.subject.spec
    warnings = list(connection_warnings(with_protocol(spec, snapshot).wire(), policy))
    if snapshot.pair is not None and both_initiate(snapshot.pair):
        warnings.append(INITIATORS_ONLY)
    if never_opens(snapshot.subject, snapshot.installation, snapshot.now):
        warnings.append(WINDOW_TOO_SHORT)
    if isinstance(snapshot.gateway, Present):
        peer = snapshot.peer_gateway.value if isinstance(snapshot.peer_gateway, Present) else None
        warnings += gateway_warnings(spec, snapshot.gateway.value, peer)
    return publish_remarks(warnings)


def _columns(
    snapshot: Snapshot, reverse: Snapshot | None, summary: Summary, findings: list[Finding]
) -> ConnectionSummary:
    target = snapshot.target if isinstance(snapshot.target, Target) else None
    before = snapshot.previous.summary
    other_end = (target.local_gateway or target.peer_gateway) if target is not None else None
    worst = _worst(summary, findings)
    policies = _policies(snapshot)
    return ConnectionSummary(
        tunnel=_tunnel_column(snapshot, reverse, before.tunnel if before is not None else None),
        peer=other_end.name if other_end is not None else _name_in_azure(snapshot, of_peer=True),
        gateway=target.gateway.name
        if target is not None and target.gateway is not None
        else _name_in_azure(snapshot, of_peer=False),
        policy=policy_column(snapshot.subject, may_write=policies is not None and policies.plans_writes),
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


def _tunnel_column(snapshot: Snapshot, reverse: Snapshot | None, before: str | None) -> str | None:
    """Tunnels that are up, of all; those of an owned pair are counted at both ends, since each end can say something else."""
    halves = [snapshot] if reverse is None or reverse.released else [snapshot, reverse]
    if all(isinstance(half.live, Absent) for half in halves):
        return None
    up = total = 0
    for half in halves:
        match half.live:
            case Present(live) if live.connection_status is not None:
                tunnels = count_tunnels(live)
            case Absent():
                tunnels = (0, 1)
            case _:
                return before
        up, total = up + tunnels[0], total + tunnels[1]
    return f"{up}/{total}"


def _policies(snapshot: Snapshot) -> EffectivePolicies | None:
    subject = snapshot.subject
    return effective_policies(subject.spec, snapshot.installation) if isinstance(subject, VpnConnection) else None
