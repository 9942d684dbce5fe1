"""Whether the tunnels are up, by what Azure says of them, and what to show when it does not say."""

from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.api.vpn_connection_status import ResetState
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from azure_vpn_operator.domain.diagnosis.ends import count_tunnels
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.unknown import admit
from azure_vpn_operator.domain.passes.findings import Finding, find_condition, recall
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.tunnel_evidence import evidence_of

RENEGOTIATION: Final = timedelta(seconds=60)
"""A write of ours takes a tunnel down for seconds; one that is not back so long after its end is down for another reason."""
_LOG: Final = "the gateway's log: "
"""Begins each quotation of it."""
_WRITING: Final = frozenset(
    {Reason.UPDATING, Reason.ROLLING_BACK, Reason.SETTING_SHARED_KEY, Reason.ADOPTING, Reason.PAIR_PUT_BACK}
)
_TOLD: Final = frozenset({"Connected", "NotConnected", "Connecting"})
_DOWN: Final = (ConditionType.CONNECTED, ConditionStatus.FALSE)


def may_be_up(snapshot: Snapshot, live: LiveConnection) -> bool:
    """Whether a write could take a working tunnel down. Where Azure does not say, the last word counts.

    One that is down for a reset counts as up: that somebody asked for it is no reason to send what waits for a better moment.
    """
    if _is_reset_now(snapshot):
        return True
    if live.connection_status is None and not live.tunnels:
        before = find_condition(snapshot.previous.conditions, ConditionType.CONNECTED)
        return before is not None and before.status is ConditionStatus.TRUE
    return live.connection_status == "Connected" or any(tunnel.status == "Connected" for tunnel in live.tunnels)


def find_connected(snapshot: Snapshot) -> Finding:
    """The condition Connected. While an operation runs, Azure tells nothing, nor does a list: then the last word stands for a while."""
    match snapshot.live:
        case Absent():
            return Finding(
                ConditionType.CONNECTED, ConditionStatus.FALSE, Reason.NOT_CREATED, "Azure has no such connection"
            )
        case Present(live) if live.connection_status is not None:
            return _judge(snapshot, live)
        case Present() | Unreadable() | NotRead():
            return _last_word(snapshot)


def _judge(snapshot: Snapshot, live: LiveConnection) -> Finding:
    up, total = count_tunnels(live)
    if up < total and live.connection_status in _TOLD and _is_renegotiating(snapshot):
        status = ConditionStatus.TRUE if live.connection_status == "Connected" else ConditionStatus.FALSE
        text = f"a change has just been applied, and {up} of {total} tunnels are back so far"
        return Finding(ConditionType.CONNECTED, status, Reason.RENEGOTIATING, text)
    match live.connection_status:
        case "Connected" if up == total:
            text = "the tunnel is up" if total == 1 else f"all {total} tunnels are up"
            return Finding(ConditionType.CONNECTED, ConditionStatus.TRUE, Reason.ALL_TUNNELS_UP, text)
        case "Connected":
            down = ", ".join(tunnel.name for tunnel in live.tunnels if tunnel.status != "Connected")
            return Finding(
                ConditionType.CONNECTED,
                ConditionStatus.TRUE,
                Reason.REDUNDANCY_LOST,
                f"{up} of {total} tunnels are up; down: {down}",
            )
        case "NotConnected" | "Connecting":
            return _judge_down(snapshot, live)
        case other:
            return Finding(
                ConditionType.CONNECTED,
                ConditionStatus.UNKNOWN,
                Reason.STATUS_UNKNOWN,
                f"Azure gives the tunnel's status as {other}",
            )


def _judge_down(snapshot: Snapshot, live: LiveConnection) -> Finding:
    evidence = evidence_of(snapshot, live)
    found = diagnose(evidence)
    named = (cause for cause in found.causes if _DOWN in REASONS[cause.reason].conditions)
    unknown = admit(evidence)
    cause = next(named, unknown)
    if found.known and cause.sureness is not Sureness.NOT_KNOWN:
        return Finding(ConditionType.CONNECTED, ConditionStatus.FALSE, cause.reason, _tell(cause))
    before = recall(snapshot.previous.conditions, ConditionType.CONNECTED)
    if snapshot.log_unread and before is not None and before.status is ConditionStatus.FALSE and _LOG in before.message:
        # A process that has not read the log of this outage yet leaves what an earlier one has found in it.
        return before
    quoted = next((f"; {item}" for item in unknown.evidence if item.startswith(_LOG)), "")
    if live.connection_status == "Connecting" and not found.known:
        reason, text = Reason.CONNECTING, "Azure is bringing the tunnel up"
    else:
        reason, text = cause.reason, _tell(cause)
    return Finding(ConditionType.CONNECTED, ConditionStatus.FALSE, reason, f"{text}{quoted}")


def _tell(cause: Cause) -> str:
    if cause.sureness is not Sureness.NOT_KNOWN:
        return f"{cause.summary} ({'; '.join(cause.evidence)})" if cause.evidence else cause.summary
    if cause.reason is Reason.UNKNOWN_PEER_SIDE:
        return f"{cause.summary}: compare policy, shared key and IKE version with the other side, and see that it is reachable"
    return cause.summary


def _is_renegotiating(snapshot: Snapshot) -> bool:
    """Whether a write of ours has just ended, under which the tunnels were up when it began."""
    conditions = snapshot.previous.conditions
    before, synced = (
        find_condition(conditions, ConditionType.CONNECTED),
        find_condition(conditions, ConditionType.SYNCED),
    )
    if before is None or synced is None:
        return False
    if synced.reason in _WRITING:
        return before.status is ConditionStatus.TRUE
    if _is_reset_now(snapshot):
        return True
    return before.reason == Reason.RENEGOTIATING and snapshot.now - synced.last_transition_time < RENEGOTIATION


def _is_reset_now(snapshot: Snapshot) -> bool:
    """Whether a reset of the half runs, or has just ended, that found its tunnel up."""
    record = snapshot.reset.record
    before = find_condition(snapshot.previous.conditions, ConditionType.CONNECTED)
    if record is None or before is None or record.state not in {ResetState.SENT, ResetState.DONE}:
        return False
    was_up = before.status is ConditionStatus.TRUE or before.reason == Reason.RENEGOTIATING
    return was_up and (record.state is ResetState.SENT or snapshot.now - record.time < RENEGOTIATION)


def _last_word(snapshot: Snapshot) -> Finding:
    before = recall(snapshot.previous.conditions, ConditionType.CONNECTED)
    if snapshot.is_outdated:
        return Finding(
            ConditionType.CONNECTED,
            ConditionStatus.UNKNOWN,
            Reason.STATUS_NOT_READ,
            "Azure could not be read for three intervals",
        )
    untold = before is None or before.reason is Reason.NOT_CREATED
    if untold and snapshot.listed:
        return Finding(
            ConditionType.CONNECTED,
            ConditionStatus.UNKNOWN,
            Reason.TUNNEL_NOT_READ,
            "so far the connection was only seen in a list, which does not show its tunnels",
        )
    read = isinstance(snapshot.live, Present) and not snapshot.listed
    if before is None or untold or (read and before.reason is Reason.TUNNEL_NOT_READ):
        return Finding(
            ConditionType.CONNECTED, ConditionStatus.UNKNOWN, Reason.STATUS_UNKNOWN, "Azure has not told yet"
        )
    return before
