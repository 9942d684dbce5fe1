"""The body of the PUT, complete each time, since Azure resets whatever a PUT leaves out. The shared key is never part of it."""

from collections.abc import Mapping
from typing import Any

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.api.vpn_connection import (
    ConnectionMode,
    NatRuleReference,
    VpnConnectionSpec,
)
from azure_vpn_operator.domain.azure.canonical import ArmId, canonical_policy
from azure_vpn_operator.domain.azure.live_connection import LiveConnection, read_live_connection
from azure_vpn_operator.domain.azure.target import Target


def build_put_body(
    spec: VpnConnectionSpec,
    target: Target,
    policy: IpsecPolicySpec | None,
    location: str,
    tags: Mapping[str, str],
    protocol: str,
) -> dict[str, Any]:
    """Return the whole connection as the spec wants it. `policy` None is Azure's Default policy; `protocol` is the IKE version."""
    if target.gateway is None or target.connection_type is None:
        raise ValueError("a body needs a gateway and an other end")
    properties: dict[str, Any] = {
        "connectionType": target.connection_type.value,
        "virtualNetworkGateway1": {"id": str(target.gateway)},
        "connectionProtocol": protocol,
        "connectionMode": (spec.connection_mode or ConnectionMode.DEFAULT).value,
        "routingWeight": spec.routing_weight or 0,
        "enableBgp": spec.enable_bgp,
        "useLocalAzureIpAddress": spec.use_local_azure_ip_address,
        "usePolicyBasedTrafficSelectors": spec.use_policy_based_traffic_selectors,
        "ipsecPolicies": [canonical_policy(policy).wire()] if policy is not None else [],
        "trafficSelectorPolicies": [
            {
                "localAddressRanges": list(selector.local_address_ranges),
                "remoteAddressRanges": list(selector.remote_address_ranges),
            }
            for selector in spec.traffic_selector_policies
        ],
        "gatewayCustomBgpIpAddresses": [
            {"ipConfigurationId": item.ip_configuration_id, "customBgpIpAddress": item.custom_bgp_ip_address}
            for item in spec.gateway_custom_bgp_ip_addresses
        ],
        "ingressNatRules": [{"id": _nat_rule(rule, target.gateway)} for rule in spec.ingress_nat_rules],
        "egressNatRules": [{"id": _nat_rule(rule, target.gateway)} for rule in spec.egress_nat_rules],
    }
    if spec.dpd_timeout_seconds is not None:
        properties["dpdTimeoutSeconds"] = spec.dpd_timeout_seconds
    if target.local_gateway is not None:
        properties["localNetworkGateway2"] = {"id": str(target.local_gateway)}
    if target.peer_gateway is not None:
        properties["virtualNetworkGateway2"] = {"id": str(target.peer_gateway)}
    return {"location": location, "tags": dict(tags), "properties": properties}


def read_put_body(body: Mapping[str, Any], target: Target) -> LiveConnection:
    """What Azure would show once the body is in force: read by the same reader, so that comparing has one notion of equal."""
    properties = {**body["properties"], "provisioningState": "Succeeded"}
    return read_live_connection({**body, "id": str(target.connection), "properties": properties})


def _nat_rule(rule: NatRuleReference, gateway: ArmId) -> str:
    return rule.id if rule.id is not None else f"{gateway}/natRules/{rule.name}"
