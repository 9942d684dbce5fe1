"""Which Azure resources an object speaks about. Absent names are filled in one place, here."""

from dataclasses import dataclass

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import ConnectionType, GatewayReference, VpnConnection
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.names import CONNECTIONS, LOCAL_NETWORK_GATEWAYS, VIRTUAL_NETWORK_GATEWAYS


@dataclass(frozen=True, slots=True)
class Target:
    """The resolved ids. Gateways are None only on an object that merely observes."""

    connection: ArmId
    gateway: ArmId | None
    local_gateway: ArmId | None
    peer_gateway: ArmId | None

    @property
    def connection_type(self) -> ConnectionType | None:
        """Decided by the other end; None if none is named."""
        if self.peer_gateway is not None:
            return ConnectionType.VNET2VNET
        return ConnectionType.IPSEC if self.local_gateway is not None else None

    @property
    def gateway_ids(self) -> frozenset[str]:
        """The gateways that Azure may lock during a write, as comparable texts."""
        return frozenset(gateway.key for gateway in (self.gateway, self.peer_gateway) if gateway is not None)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The names do not lead to a resource."""

    reason: Reason
    message: str


def resolve_target(connection: VpnConnection, installation: Installation) -> Target | Unresolved:
    """The ids of the connection and of its gateways.

    The subscription is the object's, else that of the gateway reference, else the installation's. The resource group is the object's,
    else that of the gateway reference. A gateway's absent parts are the connection's.
    """
    spec = connection.spec
    own = spec.virtual_network_gateway
    try:
        own_id = ArmId.parse(own.id) if own is not None and own.id is not None else None
    except ValueError as error:
        return Unresolved(Reason.INVALID_SPEC, f"spec.virtualNetworkGateway.id: {error}")
    subscription = (
        spec.subscription_id
        or (own_id.subscription if own_id is not None else None)
        or (own.subscription_id if own is not None else None)
        or installation.subscription_id
    )
    if not subscription:
        return Unresolved(
            Reason.SUBSCRIPTION_REQUIRED,
            "spec.subscriptionId is absent, the gateway reference names no subscription, and the operator has no default subscription",
        )
    group = (
        spec.resource_group
        or (own_id.resource_group if own_id is not None else None)
        or (own.resource_group if own is not None else None)
    )
    if not group:
        return Unresolved(
            Reason.INVALID_SPEC,
            "spec.resourceGroup is absent and the gateway reference names no resource group: set one of the two",
        )

    try:
        return Target(
            connection=ArmId.build(subscription, group, CONNECTIONS, spec.azure_name or connection.metadata.name),
            gateway=_gateway(own, VIRTUAL_NETWORK_GATEWAYS, subscription, group),
            local_gateway=_gateway(spec.local_network_gateway, LOCAL_NETWORK_GATEWAYS, subscription, group),
            peer_gateway=_gateway(spec.peer_virtual_network_gateway, VIRTUAL_NETWORK_GATEWAYS, subscription, group),
        )
    except ValueError as error:
        return Unresolved(Reason.INVALID_SPEC, f"the names do not make a resource id: {error}")


def _gateway(reference: GatewayReference | None, kind: str, subscription: str, group: str) -> ArmId | None:
    if reference is None:
        return None
    if reference.id is not None:
        return ArmId.parse(reference.id)
    return ArmId.build(
        reference.subscription_id or subscription, reference.resource_group or group, kind, reference.name or ""
    )
