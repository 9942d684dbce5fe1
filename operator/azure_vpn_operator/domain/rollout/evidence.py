"""Whether a tunnel came back after a change: the verdict on one half, and on all halves of a unit together.

Confirmed: every tunnel that was up is up by evidence newer than the change, for a short hold-down. Failed: one is seen down when the time
is over. Unproven: Azure says that all are up when the time is over, and nothing shows that this is newer than the change: such a
change is never undone, since a site may simply have nothing to send.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.tunnel_change import TunnelBefore, TunnelChange
from azure_vpn_operator.api.vpn_connection import ConnectionMode
from azure_vpn_operator.api.vpn_connection_status import HalfRole, TrafficState
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.observations import BYTES_COME_IN, look_at
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.rollout.settings import half_of
from azure_vpn_operator.domain.rollout.terms import Terms

GRACE_SECONDS: Final = 60.0
"""So long a tunnel has to be seen down before that counts: Azure reports late, and one that only just went down may be on its way up.
One that goes down so soon after the change went down for it. Less if the time of the change is short: a tenth of it."""
GRACE_OF_A_LATER_DROP_SECONDS: Final = 300.0
"""The same for one that was up after the change: a failover of the gateway takes up to three minutes. At most half of the time."""
FIRST_MINUTE: Final = timedelta(seconds=60)
_OFTEN: Final = 10.0
"""Seconds between the reads of the first minute."""
_AFTER_HOLD_DOWN: Final = 5.0
"""A tunnel takes some seconds to come up; a first look so long after the hold-down usually is the only one."""


class Verdict(StrEnum):
    """What became of a change."""

    OPEN = "Open"
    CONFIRMED = "Confirmed"
    UNPROVEN = "Unproven"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict of this moment."""

    verdict: Verdict
    look_in: float
    """Seconds until it may be another one."""
    text: str
    """Why, in words."""
    weak: bool = False
    """Only counters prove it, which may be late."""
    down_since: datetime | None = None
    """Of a failed change: since when the tunnel is down."""


def tunnels_up(live: LiveConnection, role: HalfRole) -> tuple[TunnelBefore, ...]:
    """The tunnels of a half that are up now, to be remembered before a change."""
    reverse = True if role is HalfRole.REVERSE else None
    if not live.tunnels:
        up = live.connection_status == "Connected"
        return (TunnelBefore(name="", reverse=reverse),) if up else ()
    return tuple(
        TunnelBefore(
            name=tunnel.name,
            reverse=reverse,
            last_established=tunnel.last_established.replace(microsecond=0) if tunnel.last_established else None,
        )
        for tunnel in live.tunnels
        if tunnel.status == "Connected"
    )


def tunnels_of(change: TunnelChange, role: HalfRole) -> tuple[TunnelBefore, ...]:
    """The tunnels of a half that were up before the change."""
    return tuple(tunnel for tunnel in change.tunnels if bool(tunnel.reverse) == (role is HalfRole.REVERSE))


def judge_half(snapshot: Snapshot, change: TunnelChange, live: LiveConnection, terms: Terms) -> Judgement:
    """Judge one half by a read that shows the change in force; `change.in_force_since` must be set."""
    tunnels, seen, now = tunnels_of(change, snapshot.role), snapshot.observations, snapshot.now
    if change.in_force_since is None:
        raise ValueError("a change that is not in force cannot be judged")
    if not tunnels:
        return Judgement(Verdict.CONFIRMED, 0.0, "no tunnel was up before")
    proofs = [seen.of(tunnel.name) if seen is not None else None for tunnel in tunnels]
    proven = [proof.proven_since for proof in proofs if proof is not None and proof.proven_since is not None]
    if len(proven) == len(tunnels):
        held = (now - max(proven)).total_seconds()
        left = terms.hold_down_seconds - held
        kinds = {proof.proof for proof in proofs if proof is not None}
        text, weak = ", ".join(sorted(kinds)), BYTES_COME_IN in kinds
        return Judgement(Verdict.CONFIRMED, 0.0, text, weak) if left <= 0 else Judgement(Verdict.OPEN, left, text)
    down = [tunnel.name for tunnel in tunnels if not look_at(live, tunnel.name).up]
    due = _due(snapshot, change, terms, down=bool(down))
    if now < due:
        text = f"{len(tunnels) - len(down)} of {len(tunnels)} tunnels are up, {len(proven)} by evidence so far"
        return Judgement(Verdict.OPEN, min(_pace(snapshot, change, terms), (due - now).total_seconds()), text)
    if not down:
        return Judgement(
            Verdict.UNPROVEN,
            0.0,
            "Azure says that the tunnel is up, and nothing shows that this is newer than the change",
        )
    if _may_wait_for_traffic(snapshot, change):
        return Judgement(
            Verdict.UNPROVEN,
            0.0,
            "Azure only responds, and the site had nothing to send: nobody has tried the new values",
        )
    minutes = terms.within_seconds / 60
    return Judgement(
        Verdict.FAILED,
        0.0,
        f"{_names(down)} not back within {minutes:g} minutes after the change",
        down_since=_down_since(snapshot),
    )


def judge_until_rekey(
    snapshot: Snapshot, change: TunnelChange, live: LiveConnection, terms: Terms, *, armed: bool
) -> Judgement:
    """Judge a half whose change seems to work: it fails if the tunnel is down for long before the undo is disarmed."""
    down = [tunnel.name for tunnel in tunnels_of(change, snapshot.role) if not look_at(live, tunnel.name).up]
    over = not armed or change.wait_until is None or snapshot.now >= change.wait_until
    if not down:
        return Judgement(Verdict.CONFIRMED if over else Verdict.OPEN, snapshot.cadence.steady, "")
    due = _due(snapshot, change, terms, down=True)
    if snapshot.now < due:
        return Judgement(Verdict.OPEN, (due - snapshot.now).total_seconds(), "")
    text = f"{_names(down)} down although it had seemed to work"
    return Judgement(Verdict.FAILED, 0.0, text, down_since=_down_since(snapshot))


def combine_judgements(parts: Sequence[Judgement]) -> Judgement:
    """The verdict on a unit: it fails if a half fails, and is open as long as a half is."""
    for verdict in (Verdict.FAILED, Verdict.OPEN, Verdict.UNPROVEN):
        found = [part for part in parts if part.verdict is verdict]
        if found:
            soonest = min(part.look_in for part in found)
            return Judgement(verdict, soonest, found[0].text, down_since=found[0].down_since)
    return replace(parts[0], weak=any(part.weak for part in parts))


def is_back(change: TunnelChange, role: HalfRole, live: LiveConnection) -> bool:
    """Whether every tunnel of a half that was up before a failed change is up again."""
    return all(look_at(live, tunnel.name).up for tunnel in tunnels_of(change, role))


def _due(snapshot: Snapshot, change: TunnelChange, terms: Terms, *, down: bool) -> datetime:
    """When the change fails if the tunnel stays down; later for one that is down only since a short while."""
    began = change.in_force_since or change.start_time
    due = began + timedelta(seconds=terms.within_seconds)
    if not down:
        return due
    since = _down_since(snapshot)
    short = timedelta(seconds=min(GRACE_SECONDS, terms.within_seconds / 10))
    long = timedelta(seconds=min(GRACE_OF_A_LATER_DROP_SECONDS, terms.within_seconds / 2))
    return max(due, since + (short if since - began <= short else long))


def _down_since(snapshot: Snapshot) -> datetime:
    """Since when a tunnel is down: by the condition, which outlives a restart, else by what this process has seen, else since now."""
    connected = find_condition(snapshot.previous.conditions, ConditionType.CONNECTED)
    if connected is not None and connected.status is ConditionStatus.FALSE:
        return connected.last_transition_time
    seen = snapshot.observations.tunnels if snapshot.observations is not None else ()
    return min((tunnel.down_since for _, tunnel in seen if tunnel.down_since is not None), default=snapshot.now)


def _pace(snapshot: Snapshot, change: TunnelChange, terms: Terms) -> float:
    began = change.in_force_since or change.start_time
    age = snapshot.now - began
    often = min(_OFTEN, snapshot.cadence.recent)
    if age < timedelta(seconds=1):
        return max(often, terms.hold_down_seconds + min(_AFTER_HOLD_DOWN, often))
    return often if age < FIRST_MINUTE else snapshot.cadence.recent


def _may_wait_for_traffic(snapshot: Snapshot, change: TunnelChange) -> bool:
    """Whether nobody may have had a reason to bring the tunnel up: Azure does not begin, and no traffic was known to come in."""
    settings = half_of(change.to, snapshot.role)
    traffic = snapshot.half.traffic
    responds_only = settings is not None and settings.connection_mode == ConnectionMode.RESPONDER_ONLY
    return responds_only and (traffic is None or traffic.state is TrafficState.IDLE)


def _names(tunnels: Sequence[str]) -> str:
    named = [name for name in tunnels if name]
    if not named:
        return "the tunnel was"
    return f"the tunnel {named[0]} was" if len(named) == 1 else f"the tunnels {', '.join(named)} were"
