"""Azure for `explain`, as the identity that the variables of azure-identity name."""

import asyncio
from collections.abc import Iterable
from importlib.metadata import version

from azure_vpn_operator.app.settings import Environment, Settings, arm_settings_of
from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateway_logs import ArmGatewayLogs
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.azvpn.explain.azure import AzureReads, NotInAzureError, NotReadableError, read_azure
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.diagnosis.evidence import Evidence
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry


async def ask_azure(questions: Iterable[tuple[ArmId, Evidence]]) -> list[Evidence | NotInAzureError | NotReadableError]:
    """For each connection the evidence with what Azure says, or why it cannot be read."""
    own, clock = Settings(installation_id="explain"), SystemClock()
    settings = arm_settings_of(own, Environment(), version("azure-vpn-operator"))
    answers: list[Evidence | NotInAzureError | NotReadableError] = []
    async with ArmSession(settings, clock=clock, secrets=SecretRegistry()) as session:
        workspace = own.log_analytics_workspace_id
        logs = ArmGatewayLogs(session, clock, workspace) if workspace != "none" else None
        reads = AzureReads(ArmConnections(session), ArmGateways(session), asyncio.sleep, logs)
        for connection, known in questions:
            try:
                answers.append(await read_azure(reads, connection, known))
            except (NotInAzureError, NotReadableError) as error:
                answers.append(error)
    return answers
