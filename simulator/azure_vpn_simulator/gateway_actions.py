"""Actions on virtual network gateways: a reset, and what their BGP peers say."""

from typing import Any

from azure_vpn_simulator.gateways import Gateways
from azure_vpn_simulator.operations import Operation, Outcome
from azure_vpn_simulator.resources import Connection, Resource, reference
from azure_vpn_simulator.tunnels.history import Cause
from azure_vpn_simulator.wire import Call, Reply
from azure_vpn_simulator.world import World, described

_RESET_GATEWAY = "ResetVirtualNetworkGatewayOperation"
_BGP = "GetVirtualNetworkGatewayBgpPeerStatusOperation"
_KEEPALIVE_SECONDS = 60


class GatewayActions:
    """Answers POST requests below virtual network gateways."""

    def __init__(self, world: World, gateways: Gateways) -> None:
        self._world = world
        self._gateways = gateways

    def reset(self, call: Call) -> Reply:
        """POST reset: every tunnel of the gateway goes down for as long as the reboot takes."""
        gateway = self._gateways.find(call)
        self._world.require_action(call)
        self._world.require_gateway_free(call)
        seconds = self._world.options.durations.gateway_reset
        for connection in self._world.store.at_end(call.id.key):
            if connection.live is not None:
                self._world.tunnels.negotiate(connection, Cause.RESET, away=seconds)

        def finish(operation: Operation) -> None:
            if operation.error is None:
                operation.outcome = Outcome(200, described(gateway, gateway.properties))

        return self._world.start_action(call, _RESET_GATEWAY, gateway, seconds, finish, (call.id.key,))

    def bgp_peers(self, call: Call) -> Reply:
        """POST getBgpPeerStatus: 202, then a list with one entry for each instance of the gateway and each BGP peer of it."""
        gateway = self._gateways.find(call)

        def finish(operation: Operation) -> None:
            operation.outcome = Outcome(200, {"value": self._bgp_peers(gateway)})

        return self._world.start_action(call, _BGP, gateway, self._world.options.durations.get_ike_sas, finish)

    def _bgp_peers(self, gateway: Resource) -> list[dict[str, Any]]:
        peers: list[dict[str, Any]] = []
        for connection in self._world.store.owned_by(gateway.id.key):
            far = self._far_end(connection, gateway)
            settings = far.properties.get("bgpSettings") if far else None
            if not connection.properties["enableBgp"] or not settings:
                continue
            own = gateway.properties.get("bgpSettings") or {}
            addresses = str(own.get("bgpPeeringAddress", "")).split(",")
            for index, local in enumerate(addresses):
                tunnels = [t for t in connection.tunnels if len(addresses) == 1 or t.index == index]
                since = max((t.established for t in tunnels if t.established is not None), default=None)
                peers += [
                    self._bgp_peer(local, neighbor, settings.get("asn", 0), since if own else None)
                    for neighbor in str(settings.get("bgpPeeringAddress", "")).split(",")
                ]
        return peers

    def _bgp_peer(self, local: str, neighbor: str, asn: int, since: float | None) -> dict[str, Any]:
        up = self._world.timeline.now - since if since is not None else None
        messages = int(up / 60) + 3 if up is not None else 0
        return {
            "localAddress": local,
            "neighbor": neighbor,
            "asn": asn,
            "state": "Connecting" if up is None else "Connected",
            "connectedDuration": _duration(up or 0),
            "routesReceived": 0 if up is None else 1,
            "messagesSent": messages,
            "messagesReceived": messages,
        }

    def _far_end(self, connection: Connection, gateway: Resource) -> Resource | None:
        p = connection.properties
        ends = [reference(p, n) for n in ("virtualNetworkGateway1", "virtualNetworkGateway2", "localNetworkGateway2")]
        return next((self._world.store.find(e) for e in ends if e and e != gateway.id.key), None)


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
