"""What a gateway's SKU and type allow its connections."""

from typing import Any

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.resources import Resource

_NO_IKEV1 = {"Basic", "Standard", "HighPerformance"}
_TUNNELS = {"Basic": 10, "Standard": 10, "VpnGw4": 100, "VpnGw5": 100, "VpnGw4AZ": 100, "VpnGw5AZ": 100}
_TUNNELS_OTHERWISE = 30


def is_policy_based(gateway: dict[str, Any]) -> bool:
    """Tell from a gateway's properties whether it is PolicyBased."""
    return gateway.get("vpnType") == "PolicyBased"


def instance_count(gateway: Resource | None) -> int:
    """Return how many instances of a gateway have tunnels at the same time: 2 if it is active-active."""
    return 2 if gateway is not None and gateway.properties.get("activeActive") else 1


def sku_of(gateway: dict[str, Any]) -> str:
    """Return the SKU's name from a gateway's properties."""
    return str(gateway.get("sku", {}).get("name", ""))


def tunnel_limit(gateway: dict[str, Any]) -> int:
    """Return how many connections a gateway carries."""
    return 1 if is_policy_based(gateway) else _TUNNELS.get(sku_of(gateway), _TUNNELS_OTHERWISE)


def check_gateway(connection: dict[str, Any], gateway: dict[str, Any]) -> None:
    """Refuse (ProviderError) a connection that this gateway, one of its ends, cannot do."""
    sku, policy_based = sku_of(gateway), is_policy_based(gateway)
    protocol = connection["connectionProtocol"]
    if connection["connectionType"] == "Vnet2Vnet" and policy_based:
        raise invented.VNET_ON_POLICY_BASED.error("A Vnet2Vnet connection needs RouteBased gateways at both ends.")
    if connection["ipsecPolicies"]:
        if policy_based:
            raise invented.POLICY_ON_POLICY_BASED.error("A PolicyBased gateway does not take a custom IPsec policy.")
        if sku == "Basic":
            raise invented.POLICY_ON_BASIC.error("A gateway of SKU Basic does not take a custom IPsec policy.")
    if policy_based and protocol != "IKEv1":
        raise invented.PROTOCOL_REFUSED.error("A PolicyBased gateway only does IKEv1.")
    if protocol == "IKEv1" and not policy_based and sku in _NO_IKEV1:
        raise invented.PROTOCOL_REFUSED.error(f"A RouteBased gateway of SKU {sku} only does IKEv2.")
    if protocol == "IKEv1" and connection["usePolicyBasedTrafficSelectors"]:
        raise invented.SELECTORS_WITH_IKEV1.error("Policy-based traffic selectors need IKEv2.")
