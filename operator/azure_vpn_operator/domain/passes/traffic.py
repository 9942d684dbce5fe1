"""Whether bytes come in through a tunnel, or since when none has. Nothing of it is a fault: a quiet night is no outage.

Whether the tunnel is up does not matter here: else each change of a policy, which takes the tunnel down for a moment, would be two more
writes of the status.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.vpn_connection_status import Traffic, TrafficState
from azure_vpn_operator.domain.azure.live_connection import LiveConnection

IDLE_AFTER_INTERVALS: Final = 3
"""So many steady intervals without a byte, and the tunnel is idle: a slow exchange does not change the status at each read."""


@dataclass(frozen=True, slots=True)
class TrafficRecord:
    """Azure's byte counters as last read, and what their changes told. Not stored: a restart begins anew."""

    ingress_bytes: int
    egress_bytes: int
    quiet_since: datetime
    """The last read that showed new bytes, else the first one."""
    came_in: bool = False
    """Bytes had come in between the last two reads."""


def record_traffic(before: TrafficRecord | None, live: LiveConnection, now: datetime) -> TrafficRecord | None:
    """The record after a read; unchanged by one that tells nothing of the tunnel (a list, or an operation that runs)."""
    if live.connection_status is None:
        return before
    ingress = max(live.ingress_bytes, sum(tunnel.ingress_bytes for tunnel in live.tunnels))
    egress = max(live.egress_bytes, sum(tunnel.egress_bytes for tunnel in live.tunnels))
    if before is None:
        return TrafficRecord(ingress, egress, now)
    # A counter that has begun anew has counted what came in since.
    came_in = ingress > 0 and ingress != before.ingress_bytes
    return TrafficRecord(ingress, egress, now if came_in else before.quiet_since, came_in)


def find_traffic(
    before: Traffic | None, record: TrafficRecord | None, now: datetime, steady_seconds: float
) -> Traffic | None:
    """What the status says: absent until it is known, and changed only when the state changes."""
    if record is None:
        return before
    if record.came_in:
        return _keep_or_begin(before, TrafficState.FLOWING, now)
    if now - record.quiet_since >= timedelta(seconds=IDLE_AFTER_INTERVALS * steady_seconds):
        return _keep_or_begin(before, TrafficState.IDLE, record.quiet_since)
    return before


def _keep_or_begin(before: Traffic | None, state: TrafficState, since: datetime) -> Traffic:
    if before is not None and before.state is state:
        return before
    return Traffic(state=state, since=since.replace(microsecond=0))
