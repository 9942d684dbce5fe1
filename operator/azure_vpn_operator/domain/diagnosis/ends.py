"""Reads what Azure shows of a half, and of its gateway, into what a diagnosis compares."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.diagnosis.evidence import DefaultPolicy, End, GatewayState, Keys, Quiet
from azure_vpn_operator.domain.rules.gateway import GatewayFacts

_A_WHILE: Final = timedelta(minutes=15)


def end_of(name: str, live: LiveConnection, gateway: GatewayFacts | None, *, private: bool = False) -> End:
    """One half by a GET or a list item."""
    policy = live.policies[0] if len(live.policies) == 1 else DefaultPolicy() if not live.policies else None
    return End(
        name,
        policy=policy,
        protocol=live.protocol,
        mode=live.mode,
        policy_based=live.use_policy_based_traffic_selectors,
        selectors=live.traffic_selectors,
        provisioning_state=live.provisioning_state,
        gateway=state_of(gateway) if gateway is not None else None,
        private=private,
    )


def state_of(gateway: GatewayFacts) -> GatewayState:
    """What a diagnosis asks of a gateway."""
    return GatewayState(gateway.id.name, gateway.provisioning_state, gateway.sku, gateway.vpn_type)


class SeenTunnel(Protocol):
    """A tunnel, as Azure or a status shows it."""

    @property
    def status(self) -> str | None:
        """Azure's word, such as `Connected`."""

    @property
    def last_established(self) -> datetime | None:
        """When it last came up, in UTC."""


class SeenHalf(Protocol):
    """A connection with its tunnels, as Azure or a status shows it."""

    @property
    def connection_status(self) -> str | None:
        """Azure's word, such as `Connected`."""

    @property
    def tunnels(self) -> Sequence[SeenTunnel]:
        """Empty for some connections that have one."""


def count_tunnels(half: SeenHalf) -> tuple[int, int]:
    """Tunnels that are up, and tunnels there are. Azure lists none for some connections: then the connection counts as one."""
    if half.tunnels:
        return sum(tunnel.status == "Connected" for tunnel in half.tunnels), len(half.tunnels)
    return (1 if half.connection_status == "Connected" else 0), 1


def last_established(half: SeenHalf) -> datetime | None:
    """When the tunnel last came up: of those that are down the last one, of those that are up the first."""
    down = [tunnel.last_established for tunnel in half.tunnels if tunnel.status != "Connected"]
    if down:
        return max(filter(None, down), default=None)
    return min(filter(None, (tunnel.last_established for tunnel in half.tunnels)), default=None)


def quiet_of(live: LiveConnection, since: datetime | None, now: datetime) -> Quiet | None:
    """That nothing comes in, if it is known to be so for a while (`since`), or if no byte came in since it came up long ago."""
    if live.connection_status != "Connected":
        return None
    ingress = max(live.ingress_bytes, sum(tunnel.ingress_bytes for tunnel in live.tunnels))
    egress = max(live.egress_bytes, sum(tunnel.egress_bytes for tunnel in live.tunnels))
    came_up = last_established(live)
    if since is None and (ingress or came_up is None or now - came_up < _A_WHILE):
        return None
    return Quiet(since, bytes_go_out=bool(egress) if not ingress else None)


def compare_keys(one: str | None, other: str | None) -> Keys:
    """How two keys compare; None is one that could not be read."""
    if one is None or other is None:
        return Keys.UNKNOWN
    return Keys.EQUAL if one == other else Keys.DIFFERENT
