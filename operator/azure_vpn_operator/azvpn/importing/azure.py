"""Connections in Azure, read with the identity that the operator would have: the variables of azure-identity."""

from collections.abc import Sequence
from importlib.metadata import version

from azure_vpn_operator.app.settings import Environment, Settings, arm_settings_of
from azure_vpn_operator.arm.reading import get_all
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.importing.found import KEY, Found, FoundConnection
from azure_vpn_operator.domain.azure.lookups import Present, Unreadable
from azure_vpn_operator.domain.azure.names import CONNECTIONS
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry


async def read_group(subscription: str | None, resource_group: str, gateways: Sequence[str]) -> Found:
    """Read all connections of a resource group, or those of the named gateways in it. Raises ToolError in Azure's words."""
    environment = Environment()
    where = subscription or environment.azure_subscription_id
    if not where:
        raise ToolError("no subscription: give --subscription, or set AZURE_SUBSCRIPTION_ID")
    settings = arm_settings_of(Settings(installation_id="import"), environment, version("azure-vpn-operator"))
    async with ArmSession(settings, clock=SystemClock(), secrets=SecretRegistry()) as session:
        answer = await get_all(
            session,
            session.group_address(where, resource_group, CONNECTIONS),
            subscription=where,
            resource=CONNECTIONS,
            read=lambda document: document if isinstance(document, dict) else {},
        )
    if isinstance(answer, Unreadable):
        raise ToolError(f"resource group {resource_group}: {answer.fault.code}: {answer.fault.message}")
    if not isinstance(answer, Present):
        raise ToolError(f"resource group {resource_group} is not there, in subscription {where}")
    wanted = {name.lower() for name in gateways}
    found = [_without_key(document) for document in answer.value if not wanted or _gateway_of(document) in wanted]
    return Found(tuple(FoundConnection(str(document.get("id", "")), document) for document in found))


def _gateway_of(document: dict[str, object]) -> str:
    properties = document.get("properties")
    gateway = properties.get("virtualNetworkGateway1") if isinstance(properties, dict) else None
    identifier = gateway.get("id") if isinstance(gateway, dict) else None
    return str(identifier or "").rpartition("/")[2].lower()


def _without_key(document: dict[str, object]) -> dict[str, object]:
    properties = document.get("properties")
    if not isinstance(properties, dict):
        return document
    return {**document, "properties": {name: value for name, value in properties.items() if name != KEY}}
