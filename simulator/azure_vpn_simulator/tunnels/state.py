"""One tunnel's state over time, and the settings of a connection that decide about it."""

from dataclasses import dataclass, field
from enum import StrEnum

from azure_vpn_simulator.ipsec import Suites

_REMEMBERED = 16


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


@dataclass(slots=True, eq=False)
class Tunnel:
    """One of a connection's tunnels; all times are simulated seconds."""

    index: int
    history: list[tuple[float, ConnectionStatus]]
    generation: int = 0
    silence: int = 0
    established: float | None = None
    last_established: float | None = None
    child_since: float = 0.0
    rekeys: int = 0
    _ingress_rate: int = 0
    _egress_rate: int = 0
    _counted_at: float = 0.0
    _ingress: float = 0.0
    _egress: float = 0.0

    @property
    def status(self) -> ConnectionStatus:
        """The state now."""
        return self.history[-1][1]

    def status_at(self, when: float) -> ConnectionStatus:
        """Return the state at an earlier time (as far back as is remembered)."""
        for since, status in reversed(self.history):
            if since <= when:
                return status
        return self.history[0][1]

    def bytes_at(self, now: float) -> tuple[int, int]:
        """Return the bytes received and sent up to now."""
        ingress, egress = self._counted(now)
        return int(ingress), int(egress)

    def come_up(self, now: float, ingress_rate: int, egress_rate: int) -> None:
        """Become Connected with fresh security associations; the rates are bytes per second."""
        self._move(now, ConnectionStatus.CONNECTED)
        self.established = self.last_established = self.child_since = self._counted_at = now
        self._ingress_rate, self._egress_rate = ingress_rate, egress_rate
        self.rekeys = 0

    def flow(self, now: float, ingress_rate: int, egress_rate: int) -> None:
        """Carry other rates from now on, without any other change to the tunnel."""
        self._ingress, self._egress = self._counted(now)
        self._counted_at = now
        self._ingress_rate, self._egress_rate = ingress_rate, egress_rate

    def go_down(self, now: float, status: ConnectionStatus) -> None:
        """Stop counting and take a state other than Connected."""
        self._ingress, self._egress = self._counted(now)
        self.established = None
        self._move(now, status)

    def _counted(self, now: float) -> tuple[float, float]:
        up = max(0.0, now - self._counted_at) if self.established is not None else 0.0
        return self._ingress + up * self._ingress_rate, self._egress + up * self._egress_rate

    def _move(self, now: float, status: ConnectionStatus) -> None:
        if self.history[-1][1] is not status:
            self.history.append((now, status))
            del self.history[:-_REMEMBERED]


def overall(statuses: list[ConnectionStatus]) -> ConnectionStatus:
    """Return what a connection shows for its tunnels: the best of them."""
    for best in (ConnectionStatus.CONNECTED, ConnectionStatus.CONNECTING, ConnectionStatus.NOT_CONNECTED):
        if best in statuses:
            return best
    return ConnectionStatus.UNKNOWN
