"""What the service makes of a gateway: addresses, IP configurations, BGP settings."""

import zlib
from typing import Any

from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import NETWORKS
from azure_vpn_simulator.topology import LocalNetworkGateway, VirtualNetwork, VirtualNetworkGateway


def gateway_address(key: str, index: int) -> str:
    """Return a public address for a gateway's tunnel, from the block set aside for benchmarks, always the same one."""
    number = zlib.crc32(f"{key}/{index}".encode())
    return f"198.{18 + (number >> 16) % 2}.{(number >> 8) % 256}.{number % 254 + 1}"


def topology_gateway(id_: ResourceId, row: VirtualNetworkGateway, network: str) -> dict[str, Any]:
    """Return the ARM properties of a gateway of the topology that sits in the named network."""
    properties: dict[str, Any] = {
        "sku": {"name": row.sku, "tier": row.sku, "capacity": 2},
        "vpnType": row.vpn_type,
        "activeActive": row.active_active,
        "enableBgp": row.bgp is not None,
    }
    if row.bgp is not None:
        properties["bgpSettings"] = {"asn": row.bgp.asn, "bgpPeeringAddress": row.bgp.peering_address, "peerWeight": 0}
    return gateway_properties(id_, properties, network)


def local_properties(id_: ResourceId, row: LocalNetworkGateway) -> dict[str, Any]:
    """Return the ARM properties of a local network gateway of the topology."""
    properties: dict[str, Any] = {"localNetworkAddressSpace": {"addressPrefixes": list(row.address_space)}}
    if row.fqdn is not None:
        properties["fqdn"] = row.fqdn
    else:
        properties["gatewayIpAddress"] = row.gateway_ip_address or gateway_address(id_.key, 0)
    if row.bgp is not None:
        address = row.bgp.peering_address or gateway_address(id_.key + "/bgp", 0)
        properties["bgpSettings"] = {"asn": row.bgp.asn, "bgpPeeringAddress": address, "peerWeight": 0}
    return properties


def network_properties(id_: ResourceId, row: VirtualNetwork) -> dict[str, Any]:
    """Return the ARM properties of a virtual network with its gateway subnet."""
    subnet = {
        "name": "GatewaySubnet",
        "id": f"{id_}/subnets/GatewaySubnet",
        "properties": {"provisioningState": "Succeeded"},
    }
    prefixes = list(row.address_space) or ["10.0.0.0/16"]
    return {"addressSpace": {"addressPrefixes": prefixes}, "subnets": [subnet]}


def gateway_properties(id_: ResourceId, sent: dict[str, Any], network: str = "") -> dict[str, Any]:
    """Return a gateway's properties with what the service adds to them."""
    subnet = ResourceId(id_.subscription, id_.group, NETWORKS, network or f"{id_.name}-network")
    count = 2 if sent.get("activeActive") else 1
    configurations = [
        {
            "name": f"gwipconfig{i + 1}",
            "id": f"{id_}/ipConfigurations/gwipconfig{i + 1}",
            "properties": {
                "provisioningState": "Succeeded",
                "privateIPAllocationMethod": "Dynamic",
                "publicIPAddress": {
                    "id": f"{id_.scope}/providers/Microsoft.Network/publicIPAddresses/{id_.name}-ip{i + 1}"
                },
                "subnet": {"id": f"{subnet}/subnets/GatewaySubnet"},
            },
        }
        for i in range(count)
    ]
    bgp = sent.get("bgpSettings") if isinstance(sent.get("bgpSettings"), dict) else {}
    settings = {
        "asn": 65515,
        "peerWeight": 0,
        **(bgp or {}),
        "bgpPeeringAddresses": [
            {
                "ipconfigurationId": f"{id_}/ipConfigurations/gwipconfig{i + 1}",
                "defaultBgpIpAddresses": [gateway_address(id_.key + "/bgp", i)],
                "customBgpIpAddresses": [],
                "tunnelIpAddresses": [gateway_address(id_.key, i)],
            }
            for i in range(count)
        ],
    }
    if settings.get("bgpPeeringAddress") is None:
        settings["bgpPeeringAddress"] = ",".join(gateway_address(id_.key + "/bgp", i) for i in range(count))
    return {
        "packetCaptureDiagnosticState": "None",
        "enablePrivateIpAddress": False,
        "isMigrateToCSES": False,
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "vpnGatewayGeneration": "Generation1",
        "activeActive": False,
        "enableBgp": False,
        "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ", "capacity": 2},
        "ipConfigurations": configurations,
        "natRules": [],
        **{k: v for k, v in sent.items() if k not in {"bgpSettings", "ipConfigurations"}},
        "bgpSettings": settings,
    }
