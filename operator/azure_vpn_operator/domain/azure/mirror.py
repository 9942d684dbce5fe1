"""The other half of an owned pair, as if it were an object of its own.

Whatever both ends must hold alike (policy, key, protocol, traffic selectors) is the object's and not repeated in `spec.reverse`,
so an asymmetric pair cannot be written down. All that is decided about a connection is decided about this half in the same way.
"""

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import GatewayReference, TrafficSelectorPolicy, VpnConnection
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.target import Target, Unresolved


def mirrored(connection: VpnConnection, target: Target) -> VpnConnection:
    """The reverse half of an object that owns both, seen from the peer's gateway. `target` is the object's own, resolved.

    Metadata and status are the object's. Names are complete, so no default of the operator changes what they mean. Raises
    `ValueError` if the object has no `spec.reverse`.
    """
    spec = connection.spec
    half = spec.reverse
    if half is None:
        raise ValueError("the object owns only one half")
    changes = {
        "azure_name": half.azure_name,
        "subscription_id": half.subscription_id or target.connection.subscription,
        "resource_group": half.resource_group or target.connection.resource_group,
        "virtual_network_gateway": _reference(target.peer_gateway),
        "peer_virtual_network_gateway": _reference(target.gateway),
        "reverse": None,
        "connection_mode": half.connection_mode or spec.connection_mode,
        "routing_weight": half.routing_weight if half.routing_weight is not None else spec.routing_weight,
        "dpd_timeout_seconds": half.dpd_timeout_seconds or spec.dpd_timeout_seconds,
        "traffic_selector_policies": tuple(_mirrored_selector(item) for item in spec.traffic_selector_policies),
        "ingress_nat_rules": half.ingress_nat_rules,
        "egress_nat_rules": half.egress_nat_rules,
        "gateway_custom_bgp_ip_addresses": half.gateway_custom_bgp_ip_addresses,
        "tags": half.tags if half.tags is not None else spec.tags,
    }
    return connection.model_copy(update={"spec": spec.model_copy(update=changes)})


def find_clash(forward: Target, reverse: Target) -> Unresolved | None:
    """Why the two resolved halves are no pair. The rules find this too, unless the operator's default subscription decides it."""
    if forward.connection == reverse.connection:
        return Unresolved(
            Reason.INVALID_SPEC,
            f"spec.reverse is the connection itself, {forward.connection}: give the other half a name of its own",
        )
    return None


def _reference(gateway: ArmId | None) -> GatewayReference | None:
    return GatewayReference(id=str(gateway)) if gateway is not None else None


def _mirrored_selector(selector: TrafficSelectorPolicy) -> TrafficSelectorPolicy:
    return TrafficSelectorPolicy(
        local_address_ranges=selector.remote_address_ranges, remote_address_ranges=selector.local_address_ranges
    )
