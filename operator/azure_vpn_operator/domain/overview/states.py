"""What an object's status comes to for somebody who looks at a hundred of them: up or down, what goes on, and whether to look closer."""

from collections.abc import Iterable
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.overview.model import Activity, Attention, TunnelState
from azure_vpn_operator.domain.overview.seen import SeenConnection
from azure_vpn_operator.domain.passes.findings import find_condition

_BY_CHANGE: Final = {
    ChangeState.SENT: Activity.CHANGING,
    ChangeState.CONFIRMING: Activity.CONFIRMING,
    ChangeState.ROLLING_BACK: Activity.UNDOING,
    ChangeState.ROLLED_BACK: Activity.UNDONE,
    ChangeState.FAILED: Activity.FAILED,
}
_BY_REASON: Final = {
    Reason.WAITING_FOR_WINDOW: Activity.WINDOW,
    Reason.WAITING_FOR_ROLLOUT: Activity.ROLLOUT,
    Reason.ROLLOUT_STOPPED: Activity.STOPPED,
    Reason.WAITING_FOR_BUDGET: Activity.QUEUED,
    Reason.SITE_BUSY: Activity.QUEUED,
    Reason.FLEET_HALTED: Activity.QUEUED,
    Reason.GATEWAY_BUSY: Activity.QUEUED,
    Reason.THROTTLED: Activity.QUEUED,
    Reason.CHANGES_PAUSED: Activity.HELD,
    Reason.DELETING: Activity.DELETING,
}
_BY_FAILURE: Final = {Reason.ROLLED_BACK.value: Activity.UNDONE, Reason.CHANGE_FAILED.value: Activity.FAILED}
_WORST_TUNNEL: Final = (
    TunnelState.DOWN,
    TunnelState.ABSENT,
    TunnelState.PARTLY,
    TunnelState.UNKNOWN,
    TunnelState.UP,
)
_ACTIVITIES: Final = (*(item for item in Activity if item is not Activity.NONE), Activity.NONE)
"""The order in which they are declared is by what they say; None says least."""
_TROUBLES: Final = frozenset({Activity.FAILED, Activity.UNDOING, Activity.BLOCKED})
_GOES_ON: Final = frozenset({Activity.CONFIRMING, Activity.CHANGING, Activity.DELETING})
_WAITS: Final = frozenset(
    {Activity.QUEUED, Activity.WINDOW, Activity.ROLLOUT, Activity.STOPPED, Activity.HELD, Activity.UNDONE}
)
ATTENTIONS: Final = tuple(Attention)
_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE


def tunnel_of(status: VpnConnectionStatus) -> TunnelState:
    """Whether the tunnels are up, as the condition Connected says."""
    connected = find_condition(status.conditions, ConditionType.CONNECTED)
    if connected is None or connected.status is ConditionStatus.UNKNOWN:
        return TunnelState.UNKNOWN
    if connected.status is _T:
        return TunnelState.UP if connected.reason == Reason.ALL_TUNNELS_UP else TunnelState.PARTLY
    return TunnelState.ABSENT if connected.reason == Reason.NOT_CREATED else TunnelState.DOWN


def activity_of(seen: SeenConnection) -> Activity:
    """What goes on, or what is waited for."""
    status, conditions = seen.status, seen.status.conditions
    ready = find_condition(conditions, ConditionType.READY)
    change = status.change
    if find_condition(conditions, ConditionType.STALLED) is not None:
        # A change of its own that failed stalls the object; any other cause says more than an old change.
        return _BY_FAILURE.get(ready.reason if ready is not None else "", Activity.STALLED)
    if seen.metadata.deletion_timestamp is not None:
        return Activity.DELETING
    if change is not None and change.state in _BY_CHANGE:
        return _BY_CHANGE[change.state]
    if ready is not None and ready.reason in set(Reason) and (known := _BY_REASON.get(Reason(ready.reason))):
        return known
    if find_condition(conditions, ConditionType.RECONCILING) is not None:
        return Activity.CHANGING
    paused = find_condition(conditions, ConditionType.PAUSED)
    if paused is not None and paused.status is _T:
        return Activity.HELD
    if ready is not None and ready.status is _F:
        return Activity.BLOCKED
    if change is not None and change.state is ChangeState.PROVISIONAL:
        return Activity.PROVISIONAL
    return Activity.NONE


def attention_of(status: VpnConnectionStatus, tunnel: TunnelState, activity: Activity) -> Attention:
    """Whether somebody should look: a tunnel that is down since we change it is no problem (yet), one that is not redundant is."""
    connected = find_condition(status.conditions, ConditionType.CONNECTED)
    renegotiates = connected is not None and connected.reason == Reason.RENEGOTIATING
    if activity in _TROUBLES or find_condition(status.conditions, ConditionType.STALLED) is not None:
        return Attention.PROBLEM
    if activity in _GOES_ON or renegotiates:
        return Attention.CHANGING
    if tunnel in {TunnelState.DOWN, TunnelState.PARTLY}:
        return Attention.PROBLEM
    if tunnel is TunnelState.ABSENT:
        return Attention.WAITING if activity in _WAITS else Attention.PROBLEM
    others = (
        find_condition(status.conditions, kind) for kind in (ConditionType.BGP_ESTABLISHED, ConditionType.PAIR_IN_SYNC)
    )
    if any(item is not None and item.status is _F and item.reason != Reason.PARTNER_UPDATING for item in others):
        return Attention.PROBLEM
    if tunnel is TunnelState.UNKNOWN:
        return Attention.UNKNOWN
    return Attention.WAITING if activity in _WAITS else Attention.WELL


def worst_tunnel(states: Iterable[TunnelState]) -> TunnelState:
    """Of several ends of a tunnel the one that is worst off."""
    return min(states, key=_WORST_TUNNEL.index)


def strongest_activity(activities: Iterable[Activity]) -> Activity:
    """The one that says most."""
    return min(activities, key=_ACTIVITIES.index)


def worst_attention(attentions: Iterable[Attention]) -> Attention:
    """The one that asks most."""
    return min(attentions, key=ATTENTIONS.index)
