"""When a gateway is asked for its IKE SAs: only where the answer can change a verdict, and a few times for each change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.tunnel_change import ChangeState, TunnelBefore, TunnelChange
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.observations import (
    BYTES_COME_IN,
    COUNTERS_AFTER_HOLD_DOWNS,
    WEAK,
    Observations,
    look_at,
)
from azure_vpn_operator.domain.rollout.terms import Terms

_MINUTE: Final = 60.0


def is_worth_asking(
    change: TunnelChange,
    tunnels: Sequence[TunnelBefore],
    live: LiveConnection,
    seen: Observations,
    terms: Terms,
    *,
    asked_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether to ask now, of a half's tunnels as they are seen by a read that shows the change in force.

    All of them are up as far as Azure says, one has no proof or a weak one, and a moment for a question has come since `asked_at`,
    the last question about this change.
    """
    began = change.in_force_since
    if change.state is not ChangeState.CONFIRMING or began is None or not tunnels:
        return False
    found = [(look_at(live, tunnel.name), seen.of(tunnel.name)) for tunnel in tunnels]
    unproven = [(shown, known.proof if known is not None else "") for shown, known in found]
    unproven = [(shown, proof) for shown, proof in unproven if proof in WEAK]
    if not unproven or not all(shown.up for shown, _ in found):
        return False
    counters_only = any(proof == BYTES_COME_IN or shown.last_established is None for shown, proof in unproven)
    moments = (began + timedelta(seconds=after) for after in _moments(terms, counters_only=counters_only))
    return any(moment <= now and (asked_at is None or asked_at < moment) for moment in moments)


def _moments(terms: Terms, *, counters_only: bool) -> tuple[float, ...]:
    """Seconds after the change came into force: a minute, and before its time is over.

    Where else only counters would tell, also shortly before they count, and when they begin to.
    """
    half, hold_down = terms.within_seconds / 2, terms.hold_down_seconds
    late = (min(hold_down + _MINUTE, half), max(terms.within_seconds - _MINUTE, half))
    if not counters_only:
        return late
    return hold_down * (COUNTERS_AFTER_HOLD_DOWNS - 1), hold_down * COUNTERS_AFTER_HOLD_DOWNS, *late
