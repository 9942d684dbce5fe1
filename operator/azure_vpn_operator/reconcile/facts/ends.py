"""Between which gateways a connection runs."""

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.target import Target


def ends_of(target: Target, live: LiveConnection) -> tuple[ArmId | None, ArmId | None]:
    """An object that only observes need not name the gateways: then Azure does."""
    gateway = target.gateway or ArmId.find(live.gateway_id)
    named = target.local_gateway or target.peer_gateway
    return gateway, named or ArmId.find(live.local_gateway_id or live.peer_gateway_id)
