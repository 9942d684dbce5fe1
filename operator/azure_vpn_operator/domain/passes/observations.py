"""What this process has seen of the tunnels since a change came into force. Not stored: a restart begins anew, and only waits longer.

Azure reports late, so whether something is newer than the change is told by comparing times of Azure with times of Azure. Its clock meets
ours in one place only: a tunnel that Azure says came up a while ago need not be held down for that while again. The age of an IKE SA is a
duration, and is compared with one: how long the change has been in force when the gateway is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.tunnel_change import TunnelBefore
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.live_connection import LiveConnection

BYTES_COME_IN: Final = "bytes come in"
"""The weakest proof: they may be bytes from before the change."""
COUNTERS_AFTER_HOLD_DOWNS: Final = 3.0
"""They count after so many hold-downs: what Azure reports may be from before the change."""
WEAK: Final = frozenset({"", BYTES_COME_IN})
YOUNG_IKE_SA: Final = "an IKE SA is younger than the change"
IKE_SA_MARGIN: Final = timedelta(seconds=5)
"""An IKE SA has to have begun so long after the change came into force. Ages are whole seconds, and another process may have written down
when that was, by its own clock."""
_LONGEST_AGE: Final = 10.0**8
"""Seconds; more is no age."""
_WORDS: Final = re.compile(r"[^0-9a-z.:]+")


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


@dataclass(frozen=True, slots=True)
class IkeSasTold:
    """What a gateway has answered to one question."""

    asked_at: datetime
    """When the question was sent. The ages may be those of a later moment, which makes the SAs younger than they seem."""
    sas: tuple[IkeSa, ...]

    def began_after(self, sas: Sequence[IkeSa], in_force_since: datetime) -> datetime | None:
        """When the last of these SAs began; None if there is none, or one does not show that it began after the change."""
        began = [
            self.asked_at - timedelta(seconds=sa.elapsed_seconds)
            for sa in sas
            if sa.has_child and sa.elapsed_seconds is not None and sa.elapsed_seconds < _LONGEST_AGE
        ]
        if not began or len(began) < len(sas) or min(began) < in_force_since + IKE_SA_MARGIN:
            return None
        return max(began)


def add_ike_sas(
    known: Observations,
    live: LiveConnection,
    told: IkeSasTold,
    *,
    in_force_since: datetime,
    tunnel_count: int | None,
    now: datetime,
) -> Observations:
    """Take in which IKE SAs the gateway has; `tunnel_count` is how many tunnels the connection has where Azure lists none.

    An SA that is not younger than the change proves nothing, and neither does the lack of one.
    """
    found = []
    for name, seen in known.tunnels:
        began = _began(name, live, told, in_force_since, tunnel_count)
        if began is None or seen.proof not in WEAK or not look_at(live, name).up:
            found.append((name, seen))
            continue
        since = seen.proven_since or min(max(began, known.first_read), now)
        found.append((name, replace(seen, proof=YOUNG_IKE_SA, proven_since=since)))
    return replace(known, tunnels=tuple(found))


def _began(
    name: str, live: LiveConnection, told: IkeSasTold, in_force_since: datetime, tunnel_count: int | None
) -> datetime | None:
    """When the SAs of a tunnel began, if all of them are younger than the change.

    A tunnel's SAs are those whose address is in its name. Where names do not tell tunnels apart, there have to be as many pairs of
    addresses as tunnels: then each tunnel has one of the SAs, whichever it is.
    """
    names = [tunnel.name for tunnel in live.tunnels]
    own = [sa for sa in told.sas if _is_named(sa, name)]
    if own and not any(_is_named(sa, other) for sa in own for other in names if other != name):
        return told.began_after(own, in_force_since)
    pairs = {(sa.local_endpoint, sa.remote_endpoint) for sa in told.sas}
    return told.began_after(told.sas, in_force_since) if len(pairs) == (len(names) or tunnel_count) else None


def _is_named(sa: IkeSa, tunnel: str) -> bool:
    words = _WORDS.split(tunnel.lower())
    return any(address and address in words for address in (sa.local_endpoint, sa.remote_endpoint))


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
