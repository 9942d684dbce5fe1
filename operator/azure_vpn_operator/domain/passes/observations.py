"""What this process has seen of the tunnels since a change came into force. Not stored: a restart begins anew, and only waits longer.

Azure reports late, so whether something is newer than the change is told by comparing times of Azure with times of Azure. Its clock meets
ours in one place only: a tunnel that Azure says came up a while ago need not be held down for that while again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.tunnel_change import TunnelBefore
from azure_vpn_operator.domain.azure.live_connection import LiveConnection

BYTES_COME_IN: Final = "bytes come in"
"""The weakest proof: they may be bytes from before the change."""


@dataclass(frozen=True, slots=True)
class TunnelNow:
    """One tunnel as a GET shows it."""

    up: bool
    last_established: datetime | None
    ingress_bytes: int


@dataclass(frozen=True, slots=True)
class TunnelSeen:
    """One tunnel over several reads."""

    ingress_at_first: int
    was_down: bool = False
    """It was seen down since the change."""
    down_since: datetime | None = None
    """Since when it is seen down; None while it is up."""
    proven_since: datetime | None = None
    """Since when it is seen up by evidence that is newer than the change."""
    proof: str = ""
    """Which evidence that is."""


@dataclass(frozen=True, slots=True)
class Observations:
    """What has been seen since a change came into force."""

    of_change: datetime
    """Which change: its start."""
    first_read: datetime
    tunnels: tuple[tuple[str, TunnelSeen], ...]

    def of(self, name: str) -> TunnelSeen | None:
        """What was seen of a tunnel; None if nothing was."""
        return next((seen for known, seen in self.tunnels if known == name), None)


def look_at(live: LiveConnection, name: str) -> TunnelNow:
    """The tunnel of a name; where Azure shows no such tunnel, the connection as a whole stands for it."""
    found = next((tunnel for tunnel in live.tunnels if tunnel.name == name), None)
    if found is None:
        return TunnelNow(live.connection_status == "Connected", None, live.ingress_bytes)
    return TunnelNow(found.status == "Connected", found.last_established, found.ingress_bytes)


def observe(
    before: Observations | None,
    of_change: datetime,
    tunnels: Sequence[TunnelBefore],
    live: LiveConnection,
    *,
    now: datetime,
    counters_after: float,
) -> Observations:
    """Take in one read that shows the change in force. Counters are believed only `counters_after` seconds after the first read."""
    known = before if before is not None and before.of_change == of_change else None
    first_read = known.first_read if known is not None else now
    counters = (now - first_read).total_seconds() >= counters_after
    seen = tuple(
        (tunnel.name, _observe_one(known.of(tunnel.name) if known else None, tunnel, live, first_read, now, counters))
        for tunnel in tunnels
    )
    return Observations(of_change, first_read, seen)


def _observe_one(
    before: TunnelSeen | None,
    tunnel: TunnelBefore,
    live: LiveConnection,
    first_read: datetime,
    now: datetime,
    counters: bool,  # noqa: FBT001 (internal, and the last of a row)
) -> TunnelSeen:
    found = look_at(live, tunnel.name)
    at_first = before.ingress_at_first if before is not None else found.ingress_bytes
    was_down = before is not None and before.was_down
    if not found.up:
        since = before.down_since if before is not None and before.down_since is not None else now
        return TunnelSeen(at_first, was_down=True, down_since=since)
    proof = before.proof if before is not None and before.proof else ""
    proof = proof or _proof(tunnel, found, was_down=was_down, grown=counters and found.ingress_bytes > at_first)
    if not proof:
        return TunnelSeen(at_first, was_down=was_down)
    known_since = before.proven_since if before is not None else None
    since = known_since or _up_since(tunnel, found, first_read, now)
    return TunnelSeen(at_first, was_down=was_down, proven_since=since, proof=proof)


def _up_since(tunnel: TunnelBefore, found: TunnelNow, first_read: datetime, now: datetime) -> datetime:
    """When it came up by Azure's clock, if that is after the change and not in our future; else now."""
    if _is_newer(found.last_established, tunnel.last_established) and found.last_established is not None:
        return min(max(found.last_established, first_read), now)
    return now


def _is_newer(now: datetime | None, known: datetime | None) -> bool:
    return known is not None and now is not None and now.replace(microsecond=0) > known


def _proof(tunnel: TunnelBefore, found: TunnelNow, *, was_down: bool, grown: bool) -> str:
    if was_down:
        return "it was down and came up"
    if _is_newer(found.last_established, tunnel.last_established):
        return "it was established anew"
    return BYTES_COME_IN if grown else ""
