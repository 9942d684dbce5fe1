"""When to look at a connection again, if nothing happens before."""

from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import ResetState, VpnConnectionStatus
from azure_vpn_operator.domain.azure.lookups import NotRead, Present
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.pauses import HOLD_UNTIL, find_pause
from azure_vpn_operator.domain.passes.snapshot import Cadence, Snapshot
from azure_vpn_operator.domain.passes.verdicts import Progress, Summary

RECENT: Final = timedelta(seconds=30)
"""A change counts as recent for so long."""
AFTER_A_CHANGE: Final = 10.0
"""Seconds until a tunnel is looked at again that a change of ours has taken down for a moment."""
SHARE_OF_REFILL: Final = 0.5
"""Reads by time use at most so much of the refill of reads."""


def next_look(snapshot: Snapshot, summary: Summary, status: VpnConnectionStatus) -> float:
    """Seconds until the next pass: often while the tunnel is down or something has just changed, seldom in peace.

    A connection for which a write is refused is read like any other: its tunnel goes on. At once if only a list was read, which does not
    show the tunnel.
    """
    if snapshot.listed:
        return 0.0
    delay = summary.next_look
    in_force = summary.ready or summary.synced is ConditionStatus.TRUE
    if _is_refused_with_a_tunnel(snapshot, summary):
        # What is not written changes nothing for those who use the tunnel.
        in_force, delay = True, min(delay, snapshot.cadence.steady)
    if any(record.state is ResetState.WAITS for record in status.resets):
        delay = min(delay, snapshot.cadence.recent)
    if in_force and _deserves_attention(snapshot, status):
        delay = min(delay, snapshot.cadence.recent)
    if in_force and _is_coming_back(status):
        delay = min(delay, AFTER_A_CHANGE)
    if summary.ready and snapshot.bgp is not None and snapshot.bgp.look_in is not None:
        delay = min(delay, snapshot.bgp.look_in)
    pause = find_pause(suspend=False, annotations=snapshot.metadata.annotations, live_tags={}, now=snapshot.now)
    if HOLD_UNTIL in snapshot.metadata.annotations and pause is not None and pause.until is not None:
        delay = min(delay, max((pause.until - snapshot.now).total_seconds(), 0.0) + 1.0)
    return delay


def stretched(cadence: Cadence, reads: int, refill_per_second: float) -> Cadence:
    """The same cadence with a steady interval so long that steady reads take no more than their share of the refill.

    `reads`: what it takes to read every connection once. Whoever is read least recently goes first, so none waits longer than such a
    round once it is due: three of these intervals without a read are no effect of stretching.
    """
    if refill_per_second <= 0:
        return cadence
    round_of_all = reads / (refill_per_second * SHARE_OF_REFILL)
    return Cadence(steady=max(cadence.steady, round_of_all), recent=cadence.recent)


def _is_refused_with_a_tunnel(snapshot: Snapshot, summary: Summary) -> bool:
    """Whether a person has to act before anything is written, and the connection is there and was read."""
    return summary.progress is Progress.STALLED and not summary.failed and isinstance(snapshot.live, Present)


def _deserves_attention(snapshot: Snapshot, status: VpnConnectionStatus) -> bool:
    connected = find_condition(status.conditions, ConditionType.CONNECTED)
    if connected is None or connected.status is not ConditionStatus.TRUE:
        return True
    if _bgp_deserves_attention(snapshot, status):
        return True
    latest = max(condition.last_transition_time for condition in status.conditions)
    good = status.last_known_good
    if good is not None and good.confirmed and status.change is None and good.time >= latest:
        # What has changed last is that a change has proved itself: it was looked at for as long as that took.
        return False
    return snapshot.now - latest < RECENT


def _is_coming_back(status: VpnConnectionStatus) -> bool:
    connected = find_condition(status.conditions, ConditionType.CONNECTED)
    return connected is not None and connected.reason == Reason.RENEGOTIATING


def _bgp_deserves_attention(snapshot: Snapshot, status: VpnConnectionStatus) -> bool:
    """While a session is down, and until Azure has told for the first time; not if someone has to act before it can."""
    found = find_condition(status.conditions, ConditionType.BGP_ESTABLISHED)
    if found is None or snapshot.bgp is None:
        return False
    unsaid = found.reason == Reason.BGP_NOT_READ and isinstance(snapshot.bgp.sessions, NotRead)
    return found.status is ConditionStatus.FALSE or unsaid
