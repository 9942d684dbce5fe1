"""How often the tunnels of a half went down by themselves between two statuses.

Azure is asked every few minutes, so most short outages are over before anybody looks. They show all the same: the tunnel has come up
anew since. Nothing that a change of ours does to a tunnel counts.
"""

from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.api.vpn_connection_status import (
    ConnectionHalf,
    HalfRole,
    ResetState,
    Tunnel,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.passes.findings import find_condition

_UP: Final = "Connected"
_DOWN: Final = frozenset({"NotConnected", "Connecting"})
_WHOLE: Final = "the connection as a whole"
_AFTER_A_RESET: Final = timedelta(minutes=2)
"""So close to the end of a reset a tunnel came up for it; Azure's clock and ours may differ a little."""
_WRITING: Final = frozenset(
    {
        Reason.CREATING,
        Reason.UPDATING,
        Reason.ADOPTING,
        Reason.SETTING_SHARED_KEY,
        Reason.ROLLING_BACK,
        Reason.PAIR_PUT_BACK,
        Reason.DELETING,
    }
)


def changes_by_us(status: VpnConnectionStatus) -> bool:
    """Whether a change of ours may have taken the tunnel down, by what the status says."""
    if status.change is not None and (status.change.is_open or status.change.state is ChangeState.ROLLING_BACK):
        return True
    connected, synced = (
        find_condition(status.conditions, kind) for kind in (ConditionType.CONNECTED, ConditionType.SYNCED)
    )
    if connected is not None and connected.reason == Reason.RENEGOTIATING:
        return True
    if any(record.state is ResetState.SENT for record in status.resets):
        return True
    return synced is not None and synced.reason in _WRITING


def count_flaps(before: VpnConnectionStatus, after: VpnConnectionStatus, role: HalfRole) -> int:
    """How many of the half's tunnels went down between the two statuses, also if they have come up again."""
    if changes_by_us(before) or changes_by_us(after):
        return 0
    was, now = ({tunnel.name: tunnel for tunnel in _tunnels(status, role)} for status in (before, after))
    return sum(
        name in now and _has_flapped(tunnel, now[name]) and not _was_reset(after, role, now[name])
        for name, tunnel in was.items()
    )


def _was_reset(status: VpnConnectionStatus, role: HalfRole, tunnel: Tunnel) -> bool:
    """Whether the tunnel came up after a reset of the half, which Azure may tell a while later."""
    came_up = tunnel.last_established if tunnel.status == _UP else None
    ends = [record.time for record in status.resets if record.role is role and record.state is ResetState.DONE]
    return came_up is not None and any(abs(came_up - end) < _AFTER_A_RESET for end in ends)


def _tunnels(status: VpnConnectionStatus, role: HalfRole) -> tuple[Tunnel, ...]:
    half = next((half for half in status.halves if half.role is role), None)
    if half is None or half.tunnels:
        return half.tunnels if half is not None else ()
    return _as_one_tunnel(half)


def _as_one_tunnel(half: ConnectionHalf) -> tuple[Tunnel, ...]:
    """Azure lists no tunnels for some connections."""
    state = half.connection_status
    return (Tunnel(name=_WHOLE, status=state),) if state is not None else ()


def _has_flapped(was: Tunnel, now: Tunnel) -> bool:
    if was.status != _UP:
        return False
    if now.status in _DOWN:
        return True
    if now.status != _UP or was.last_established is None or now.last_established is None:
        return False
    return now.last_established > was.last_established
