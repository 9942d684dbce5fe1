"""Whether the gateway took a tunnel down, and not the change: then its other connections, which nobody touched, went down too."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.tunnel_change import TunnelChange

LONGEST_EVENT: Final = timedelta(hours=1)
"""So much later than otherwise a change fails at the latest: what is down for longer may stay down, and an undo must not wait for that."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another connection of the gateway that is not being changed."""

    connected: bool
    since: datetime
    """Since when it is up, or down."""


def new_deadline(change: TunnelChange, over: datetime, within: timedelta) -> datetime:
    """When a change fails that has its whole time again once the gateway is over it."""
    began = change.in_force_since or change.start_time
    return min(over, began + LONGEST_EVENT) + within


def find_end(change: TunnelChange, neighbours: Iterable[Neighbour], now: datetime) -> datetime | None:
    """When the gateway was over it: now if it is not; None if it is not the gateway.

    It is if at least half of the neighbours that were up when the change began have gone down since: one site that fails at the same
    time is no event of the gateway.
    """
    were_up = [item for item in neighbours if item.connected or item.since >= change.start_time]
    dropped = [item for item in were_up if item.since >= change.start_time]
    if not dropped or len(dropped) * 2 < len(were_up):
        return None
    return now if any(not item.connected for item in dropped) else max(item.since for item in dropped)
