"""How late, and how completely, a gateway reports the state of its tunnels."""

from dataclasses import dataclass

from azure_vpn_simulator.options import Options, TunnelStatus
from azure_vpn_simulator.resources import Connection, reference
from azure_vpn_simulator.spans import Draws, Span


@dataclass(frozen=True, slots=True)
class Reporting:
    """What one gateway does differently; None is as the options have it."""

    lag: Span | None = None
    tunnel_status: TunnelStatus | None = None


class StatusReports:
    """Knows what a GET of a connection shows. Nobody ever sees time go back, also when a lag grows."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._gateways: dict[str, Reporting] = {}

    def gateway_changed(self, gateway_key: str, reporting: Reporting) -> None:
        """Let a gateway report otherwise from now on."""
        self._gateways[gateway_key] = reporting

    def seen(self, connection: Connection, options: Options, now: float) -> float:
        """Return the simulated time of which the state is shown now, and remember that it was."""
        lag = self._of(connection).lag
        span = options.status_lag_seconds if lag is None else lag
        seen = now - self._draws.wander(span, now, "lag", connection.id.key)
        connection.reported = max(connection.reported, seen)
        return connection.reported

    def tunnel_status(self, connection: Connection, options: Options) -> TunnelStatus:
        """Return how much of each tunnel is shown."""
        return self._of(connection).tunnel_status or options.tunnel_status

    def _of(self, connection: Connection) -> Reporting:
        return self._gateways.get(reference(connection.properties, "virtualNetworkGateway1"), Reporting())
