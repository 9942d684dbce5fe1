"""The two halves of a tunnel as objects, by the numbers of their networks: VNet1GW in TestRG1, VNet2GW in TestRG2, and so on."""

from typing import Any


def half_spec(own: str, peer: str, **changes: Any) -> dict[str, Any]:
    """The half from one network to the other, with policy `pair` and Secret `keys`; None takes a field away."""
    spec = {
        "azureName": f"VNet{own}toVNet{peer}",
        "resourceGroup": f"TestRG{own}",
        "virtualNetworkGateway": {"name": f"VNet{own}GW"},
        "peerVirtualNetworkGateway": {"name": f"VNet{peer}GW", "resourceGroup": f"TestRG{peer}"},
        "ipsecPolicyRef": {"name": "pair"},
        "sharedKeySecretRef": {"name": "keys"},
    } | changes
    return {name: value for name, value in spec.items() if value is not None}
