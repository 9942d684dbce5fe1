"""The public addresses between which a tunnel runs."""

from azure_vpn_simulator.gateway_rules import instance_count
from azure_vpn_simulator.gateway_shapes import gateway_address
from azure_vpn_simulator.resources import Connection, Store, reference


def public_addresses(store: Store, connection: Connection, index: int) -> tuple[str, str]:
    """Return Azure's and the far side's; a site that is known by a host name has one of its own all the same."""
    own, other = (reference(connection.properties, f"virtualNetworkGateway{number}") for number in (1, 2))
    local = _instance_address(store, own, index)
    key = reference(connection.properties, "localNetworkGateway2")
    if not key:
        return local, _instance_address(store, other, index)
    site = store.find(key)
    given = str(site.properties.get("gatewayIpAddress") or "") if site is not None else ""
    return local, given or gateway_address(key, 0)


def _instance_address(store: Store, gateway_key: str, index: int) -> str:
    # Between an active-active gateway and another one, both tunnels end at that one's only instance.
    return gateway_address(gateway_key, min(index, instance_count(store.find(gateway_key)) - 1))
