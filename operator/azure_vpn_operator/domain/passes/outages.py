"""Since when a tunnel has been down for another reason than a write of ours."""

from datetime import datetime

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.findings import find_condition

_DOWN = frozenset({"NotConnected", "Connecting"})


def outage_since(
    previous: VpnConnectionStatus, live: LiveConnection | None, own_write_at: datetime | None
) -> datetime | None:
    """When the outage that goes on began; None if there is none, or if it is so new that no status has told it yet.

    `live` is the connection as it was just read, `own_write_at` when an operation of ours was last seen running on it: with other
    settings it is another outage.
    """
    if live is None or live.connection_status not in _DOWN:
        return None
    told = find_condition(previous.conditions, ConditionType.CONNECTED)
    if told is None or told.status is not ConditionStatus.FALSE:
        return None
    return max(told.last_transition_time, own_write_at) if own_write_at is not None else told.last_transition_time
