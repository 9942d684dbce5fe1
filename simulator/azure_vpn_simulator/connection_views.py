"""A connection as ARM shows it, and as the gateway works with it."""

from typing import Any

from azure_vpn_simulator import connection_bodies as bodies
from azure_vpn_simulator.ipsec import DEFAULT_SUITES, suite
from azure_vpn_simulator.resources import Connection, ProvisioningState, reference
from azure_vpn_simulator.tunnels.driver import DEFAULT_DPD_SECONDS
from azure_vpn_simulator.tunnels.state import LiveConfig, Segment, overall
from azure_vpn_simulator.world import World, described

_NOT_LISTED = {
    "dpdTimeoutSeconds",
    "authenticationType",
    "certificateAuthentication",
    "ingressNatRules",
    "egressNatRules",
    "useLocalAzureIpAddress",
    "tunnelProperties",
}


class ConnectionViews:
    """Writes connections as JSON documents."""

    def __init__(self, world: World) -> None:
        self._world = world

    def shown(self, connection: Connection, api_version: str, *, status: bool) -> dict[str, Any]:
        """Return one connection; with `status`, also the state of its tunnels unless it is Updating."""
        world = self._world
        properties = {"packetCaptureDiagnosticState": "None", **bodies.shown(connection.properties, api_version)}
        if world.options.echo_shared_key:
            properties["sharedKey"] = connection.key
        seen = world.reports.seen(connection, world.options, world.timeline.now)
        tunnels = [(tunnel.index, tunnel.at(seen), *tunnel.bytes_at(seen)) for tunnel in connection.tunnels]
        if status and connection.state is not ProvisioningState.UPDATING and tunnels:
            properties["connectionStatus"] = str(overall([segment.status for _, segment, _, _ in tunnels]))
            how = world.reports.tunnel_status(connection, world.options)
            if how != "missing":
                properties["tunnelConnectionStatus"] = [
                    self._tunnel(f"{connection.id.name}_{index}", segment, ingress, egress, timed=how != "noTimes")
                    for index, segment, ingress, egress in tunnels
                    if how != "empty"
                ]
        properties["ingressBytesTransferred"] = sum(ingress for _, _, ingress, _ in tunnels)
        properties["egressBytesTransferred"] = sum(egress for _, _, _, egress in tunnels)
        return described(connection, properties)

    def _tunnel(self, name: str, segment: Segment, ingress: int, egress: int, *, timed: bool) -> dict[str, Any]:
        row: dict[str, Any] = {
            "tunnel": name,
            "connectionStatus": str(segment.status),
            "ingressBytesTransferred": ingress,
            "egressBytesTransferred": egress,
        }
        return {**row, "lastConnectionEstablishedUtcTime": self._utc(segment.established)} if timed else row

    def listed(self, connection: Connection, api_version: str) -> dict[str, Any]:
        """Return one item of a group's list: neither state nor key."""
        shown = self.shown(connection, api_version, status=False)
        shown["properties"].pop("sharedKey", None)
        return shown

    def listed_of_gateway(self, connection: Connection, api_version: str) -> dict[str, Any]:
        """Return one item of a gateway's list, which leaves more out."""
        item = self.listed(connection, api_version)
        item["properties"] = {k: v for k, v in item["properties"].items() if k not in _NOT_LISTED}
        return item

    def _utc(self, seconds: float | None) -> str:
        return self._world.clock.utc(seconds).strftime("%m/%d/%Y %H:%M:%S") if seconds is not None else ""


def live_config(connection: Connection, *, policy_based: bool) -> LiveConfig:
    """Return the settings of a connection as its gateway uses them."""
    p = connection.properties
    seconds, kilobytes = bodies.lifetime(p, policy_based=policy_based)
    return LiveConfig(
        type=p["connectionType"],
        protocol=p["connectionProtocol"],
        mode=p["connectionMode"],
        suites=frozenset(map(suite, p["ipsecPolicies"])) or DEFAULT_SUITES,
        sa_seconds=seconds,
        sa_kilobytes=kilobytes,
        policy_based_selectors=p["usePolicyBasedTrafficSelectors"],
        selectors=tuple(
            (tuple(s["localAddressRanges"]), tuple(s["remoteAddressRanges"])) for s in p["trafficSelectorPolicies"]
        )
        if p["usePolicyBasedTrafficSelectors"]
        else (),
        own_gateway=reference(p, "virtualNetworkGateway1"),
        peer=reference(p, "localNetworkGateway2") or reference(p, "virtualNetworkGateway2"),
        nat_rules=tuple(
            str(rule.get("id")).lower() if isinstance(rule, dict) else ""
            for name in ("ingressNatRules", "egressNatRules")
            for rule in p.get(name, [])
        ),
        key=connection.key,
        dpd_seconds=p["dpdTimeoutSeconds"] or DEFAULT_DPD_SECONDS,
    )
