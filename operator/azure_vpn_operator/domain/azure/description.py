"""The way back from Azure: what a VpnConnection has to say for a connection to be as it is.

For all that can be said the round trip is exact: the body that the operator would send for the description has no difference from the
connection that was described.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.api.vpn_connection import ConnectionMode, ConnectionType
from azure_vpn_operator.domain.azure.canonical import ArmId, CanonicalPolicy
from azure_vpn_operator.domain.azure.live_connection import DEFAULT_DPD_SECONDS, LiveConnection
from azure_vpn_operator.domain.azure.ownership import HOLD_TAG, OWNER_TAG

_OURS: Final = {OWNER_TAG, HOLD_TAG}


@dataclass(frozen=True, slots=True)
class Description:
    """A connection in our words."""

    spec: Mapping[str, Any]
    """Of a VpnConnection, without policy and key."""
    policy: CanonicalPolicy | None
    """None is Azure's Default policy."""
    unsaid: tuple[str, ...] = ()
    """Properties that no VpnConnection can say. With any of them the operator refuses to write the connection."""


def describe(live: LiveConnection) -> Description:
    """Describe a connection in full: names that are the connection's own, and what differs from Azure's defaults."""
    own = live.id
    spec: dict[str, Any] = {
        "azureName": own.name,
        "resourceGroup": own.resource_group,
        "subscriptionId": own.subscription,
        "virtualNetworkGateway": _reference(live.gateway_id, own),
    }
    if live.local_gateway_id is not None:
        spec["localNetworkGateway"] = _reference(live.local_gateway_id, own)
    if live.peer_gateway_id is not None:
        spec["peerVirtualNetworkGateway"] = _reference(live.peer_gateway_id, own)
    spec["connectionProtocol"] = live.protocol
    spec |= _options(live)
    return Description(spec, live.policies[0] if live.policies else None, tuple(_unsaid(live)))


def _options(live: LiveConnection) -> dict[str, Any]:
    values: dict[str, tuple[Any, Any]] = {
        "connectionMode": (live.mode, ConnectionMode.DEFAULT.value),
        "dpdTimeoutSeconds": (live.dpd_seconds, DEFAULT_DPD_SECONDS),
        "usePolicyBasedTrafficSelectors": (live.use_policy_based_traffic_selectors, False),
        "trafficSelectorPolicies": (
            [
                {"localAddressRanges": sorted(item.local), "remoteAddressRanges": sorted(item.remote)}
                for item in live.traffic_selectors
            ],
            [],
        ),
        "routingWeight": (live.routing_weight, 0),
        "enableBgp": (live.enable_bgp, False),
        "gatewayCustomBgpIpAddresses": (
            [
                {"ipConfigurationId": item.ip_configuration_id, "customBgpIpAddress": item.address}
                for item in sorted(live.custom_bgp_addresses, key=lambda item: (item.ip_configuration_id, item.address))
            ],
            [],
        ),
        "useLocalAzureIpAddress": (live.use_local_azure_ip_address, False),
        "ingressNatRules": (_rules(live.ingress_nat_rules, live.gateway_id), []),
        "egressNatRules": (_rules(live.egress_nat_rules, live.gateway_id), []),
        "tags": ({name: value for name, value in live.tags.items() if name.lower() not in _OURS}, {}),
    }
    return {name: value for name, (value, default) in values.items() if value != default}


def _unsaid(live: LiveConnection) -> list[str]:
    found = list(live.inexpressible)
    if live.connection_type not in set(ConnectionType):
        found.append(f"connectionType {live.connection_type}")
    if len(live.policies) > 1:
        found.append("more than one entry of ipsecPolicies")
    return found


def _reference(text: str, own: ArmId) -> dict[str, str]:
    """By name; with what is not the connection's own. By its id where that is of a form that we do not know."""
    found = ArmId.find(text)
    if found is None:
        return {"id": text}
    reference = {"name": found.name}
    if found.resource_group.lower() != own.resource_group.lower():
        reference["resourceGroup"] = found.resource_group
    if found.subscription.lower() != own.subscription.lower():
        reference["subscriptionId"] = found.subscription
    return reference


def _rules(ids: frozenset[str], gateway: str) -> list[dict[str, str]]:
    own = f"{gateway.lower()}/natrules/"
    return [{"name": text.removeprefix(own)} if text.startswith(own) else {"id": text} for text in sorted(ids)]
