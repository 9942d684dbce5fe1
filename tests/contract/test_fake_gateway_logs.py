"""The fake of gateways' logs says what the simulated workspace says: the same cases on both."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from azure_vpn_operator.arm.gateway_logs import ArmGatewayLogs
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.ports import GatewayLogsPort
from azure_vpn_operator.runtime.clock import SystemClock
from support.fakes.azure import EPOCH
from support.fakes.gateway_logs import FakeGatewayLogs
from support.world.simulated_azure import GROUP, SUBSCRIPTION, body, connection_id, gateway_id, simulated_azure

SITE = "203.0.113.6"
LONG_AGO = EPOCH - timedelta(days=1)
IKE, TUNNEL = "IKEDiagnosticLog", "TunnelDiagnosticLog"


@dataclass
class Logs:
    """A device with another key, of which a gateway has logged for some minutes."""

    port: GatewayLogsPort
    without_workspace: GatewayLogsPort
    """Knows nothing of GW2, which sends no logs."""
    without_right: GatewayLogsPort
    began: datetime


def a_fake() -> Logs:
    known, absent, forbidden = FakeGatewayLogs(), FakeGatewayLogs(), FakeGatewayLogs()
    text = f"SESSION_ID :{{1}} Remote {SITE}:500: Local 198.18.0.1:500: [RECEIVED] notify AUTHENTICATION_FAILED"
    known.lines[SITE] = [
        GatewayLogLine(EPOCH + timedelta(seconds=seconds), IKE, "IKELogEvent", text, "GatewayTenantWorker_IN_0")
        for seconds in (10, 20, 30)
    ]
    absent.instead = Absent()
    forbidden.instead = Unreadable(Fault(FaultKind.FORBIDDEN, "InsufficientAccessError", "no role"))
    return Logs(known, absent, forbidden, EPOCH)


@pytest.fixture(params=["fake", "simulator"])
async def logs(request: pytest.FixtureRequest, simulator_state: Path) -> AsyncIterator[Logs]:
    if request.param == "fake":
        yield a_fake()
        return
    async with simulated_azure(simulator_state) as azure:
        gateway = {"name": "GW1", "diagnosticSettings": [{"workspace": "logs"}]}
        site = {"name": "Site6", "device": {"key": "another"}}
        group = {"virtualNetworkGateways": [gateway], "localNetworkGateways": [site], "workspaces": [{"name": "logs"}]}
        azure.change(subscriptions=[{"id": SUBSCRIPTION, "resourceGroups": [{"name": GROUP, **group}]}])
        rights = [
            {"scope": "/", "actions": ["Microsoft.Insights/*/read", "Microsoft.OperationalInsights/workspaces/read"]}
        ]
        azure.change(principals=[{"name": "reader", "rights": rights}])
        await azure.connections.put(connection_id(), body())
        azure.clock.step(900)

        def as_principal(name: str) -> ArmGatewayLogs:
            session = azure.session_as(
                name,
                log_analytics_endpoint=azure.running.endpoint,
                log_analytics_audience="https://api.loganalytics.io",
            )
            azure.sessions.append(session)
            return ArmGatewayLogs(session, SystemClock())

        operator = as_principal("operator")
        yield Logs(operator, operator, as_principal("reader"), azure.clock.utc(0))


async def test_lines_come_newest_first_with_what_azure_says(logs: Logs) -> None:
    found = await logs.port.newest(gateway_id(), [SITE], LONG_AGO)
    assert isinstance(found, Present)
    times = [line.time for line in found.value]
    assert times == sorted(times, reverse=True)
    assert {line.category for line in found.value} == {IKE}
    assert any("AUTHENTICATION_FAILED" in line.message for line in found.value)
    assert all(f"Remote {SITE}:500:" in line.message for line in found.value)
    assert {line.instance[:-1] for line in found.value} == {"GatewayTenantWorker_IN_"}


async def test_lines_of_another_peer_or_from_before_are_left_out(logs: Logs) -> None:
    assert await logs.port.newest(gateway_id(), ["203.0.113.60"], LONG_AGO) == Present(())
    assert await logs.port.newest(gateway_id(), [SITE], logs.began + timedelta(days=1)) == Present(())


async def test_any_of_several_addresses_counts(logs: Logs) -> None:
    found = await logs.port.newest(gateway_id(), ["198.51.100.9", SITE], LONG_AGO)
    assert isinstance(found, Present)
    assert found.value


async def test_no_workspace_is_absent(logs: Logs) -> None:
    assert await logs.without_workspace.newest(gateway_id("GW2"), [SITE], LONG_AGO) == Absent()


async def test_no_right_is_a_fault(logs: Logs) -> None:
    found = await logs.without_right.newest(gateway_id(), [SITE], LONG_AGO)
    assert isinstance(found, Unreadable)
    assert found.fault.kind is FaultKind.FORBIDDEN
