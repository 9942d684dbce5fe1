"""One tunnel's state over time, and the settings of a connection that decide about it."""

import bisect
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from azure_vpn_simulator.ipsec import Match, Suites

_REMEMBERED = 512


class ConnectionStatus(StrEnum):
    """Azure's words for the state of a tunnel."""

    UNKNOWN = "Unknown"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    NOT_CONNECTED = "NotConnected"


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """The settings of a connection that are in force; two that differ cost the tunnel a new negotiation."""

    type: str
    protocol: str
    mode: str
    suites: Suites
    sa_seconds: int
    sa_kilobytes: int
    policy_based_selectors: bool
    selectors: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    own_gateway: str
    peer: str
    nat_rules: tuple[str, ...] = ()
    key: str = field(default="", repr=False)
    dpd_seconds: int = field(default=45, compare=False)

    def differs_in_lifetimes_at_most(self, other: "LiveConfig") -> bool:
        """Tell whether a tunnel under the other settings needs nothing new but at its next rekey."""
        return replace(self, sa_seconds=other.sa_seconds, sa_kilobytes=other.sa_kilobytes) == other


class Segment(NamedTuple):
    """A time in which a tunnel's state and traffic did not change; the bytes are those at its beginning."""

    since: float
    status: ConnectionStatus
    established: float | None = None
    """When it last came up."""
    ingress: float = 0.0
    egress: float = 0.0
    ingress_rate: int = 0
    egress_rate: int = 0

    def bytes_at(self, when: float) -> tuple[int, int]:
        """Return the bytes received and sent up to a time within the segment."""
        ingress, egress = self.counted(when)
        return int(ingress), int(egress)

    def counted(self, when: float) -> tuple[float, float]:
        """Return the same, unrounded."""
        up = max(0.0, when - self.since) if self.status is ConnectionStatus.CONNECTED else 0.0
        return self.ingress + up * self.ingress_rate, self.egress + up * self.egress_rate


class ChildSa(NamedTuple):
    """A quick-mode SA: when it was made, and with which lifetimes."""

    since: float
    seconds: int
    kilobytes: int


@dataclass(slots=True, eq=False)
class Tunnel:
    """One of a connection's tunnels; all times are simulated seconds.

    `generation` counts the negotiations; an event that belongs to an earlier one does nothing. `silence` does the same for the
    far side's outages, `series` for its flaps.
    """

    index: int
    history: list[Segment]
    generation: int = 0
    silence: int = 0
    series: int = 0
    flapped: int = 0
    held_until: float = 0.0
    """No negotiation ends before: the gateway, or the path, is away."""
    agreed: Match | None = None
    child: ChildSa | None = None
    rekeys: int = 0

    @property
    def status(self) -> ConnectionStatus:
        """The state now."""
        return self.history[-1].status

    @property
    def last_established(self) -> float | None:
        """When it last came up; None if never."""
        return self.history[-1].established

    @property
    def established(self) -> float | None:
        """Since when it has been up; None while it is down."""
        return self.history[-1].established if self.status is ConnectionStatus.CONNECTED else None

    def at(self, when: float) -> Segment:
        """Return the state at an earlier time, as far back as is remembered (some hundred changes)."""
        found = bisect.bisect_right(self.history, when, key=lambda segment: segment.since)
        return self.history[max(0, found - 1)]

    def bytes_at(self, when: float) -> tuple[int, int]:
        """Return the bytes received and sent up to a time."""
        return self.at(when).bytes_at(when)

    def come_up(self, now: float, agreed: Match, child: ChildSa, rates: tuple[int, int]) -> None:
        """Become Connected with fresh security associations; the rates are bytes per second, in and out."""
        self._begin(Segment(now, ConnectionStatus.CONNECTED, now, *self.history[-1].counted(now), *rates))
        self.agreed, self.child, self.rekeys = agreed, child, 0

    def rekey(self, agreed: Match, child: ChildSa) -> None:
        """Go on with a new quick-mode SA."""
        self.agreed, self.child = agreed, child
        self.rekeys += 1

    def flow(self, now: float, ingress_rate: int, egress_rate: int) -> None:
        """Carry other rates from now on, without any other change to the tunnel."""
        last = self.history[-1]
        if last.status is ConnectionStatus.CONNECTED and (last.ingress_rate, last.egress_rate) != (
            ingress_rate,
            egress_rate,
        ):
            counted = last.counted(now)
            self._begin(Segment(now, last.status, last.established, *counted, ingress_rate, egress_rate))

    def go_down(self, now: float, status: ConnectionStatus) -> None:
        """Stop counting and take a state other than Connected."""
        last = self.history[-1]
        if last.status is not status:
            self._begin(Segment(now, status, last.established, *last.counted(now)))

    def _begin(self, segment: Segment) -> None:
        self.history.append(segment)
        if len(self.history) > 2 * _REMEMBERED:
            del self.history[:-_REMEMBERED]


def overall(statuses: list[ConnectionStatus]) -> ConnectionStatus:
    """Return what a connection shows for its tunnels: the best of them."""
    for best in (ConnectionStatus.CONNECTED, ConnectionStatus.CONNECTING, ConnectionStatus.NOT_CONNECTED):
        if best in statuses:
            return best
    return ConnectionStatus.UNKNOWN
