"""Gateways' logs through azure-monitor-query: from the simulated workspace, and from answers that a test wrote."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.arm.gateway_logs import ArmGatewayLogs
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from support.fakes.clock import FakeClock
from support.fakes.scripted_server import ScriptedServer, scripted_server
from support.world.simulated_azure import GROUP, SUBSCRIPTION, SimulatedAzure, body, connection_id, gateway_id

SITE = "203.0.113.6"
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
AUDIENCE = "https://api.loganalytics.io"
WORKSPACE = "55555555-5555-4555-8555-555555555555"
READER = ["Microsoft.Network/*/read", "Microsoft.Insights/*/read", "Microsoft.OperationalInsights/*/read"]


def logs_as(azure: SimulatedAzure, principal: str = "operator", workspace: str = "") -> ArmGatewayLogs:
    session = azure.session_as(
        principal, log_analytics_endpoint=azure.running.endpoint, log_analytics_audience=AUDIENCE
    )
    azure.sessions.append(session)
    return ArmGatewayLogs(session, SystemClock(), workspace)


@pytest.fixture
async def logging(azure: SimulatedAzure) -> SimulatedAzure:
    """A connection whose device has another key, on a gateway that sends its logs to a workspace."""
    gateway = {"name": "GW1", "activeActive": False, "diagnosticSettings": [{"workspace": "logs"}]}
    site = {"name": "Site6", "device": {"key": "another"}}
    change(
        azure,
        virtualNetworkGateways=[gateway],
        localNetworkGateways=[site],
        workspaces=[{"name": "logs", "customerId": WORKSPACE}],
    )
    await azure.connections.put(connection_id(), body())
    azure.clock.step(900)
    return azure


def change(azure: SimulatedAzure, **group: Any) -> None:
    azure.change(subscriptions=[{"id": SUBSCRIPTION, "resourceGroups": [{"name": GROUP, **group}]}])


def requests(azure: SimulatedAzure) -> list[str]:
    paths = [entry["path"].lower() for entry in azure.journal()]
    return [path.rsplit("/", 1)[-1] for path in paths if "/microsoft.insights/" in path or "workspaces/" in path]


async def test_lines_are_found_by_the_gateways_own_setting(logging: SimulatedAzure) -> None:
    found = await logs_as(logging).newest(gateway_id(), [SITE], BEGINNING)

    assert isinstance(found, Present)
    newest = found.value[0]
    assert len(found.value) == 25
    assert [line.time for line in found.value] == sorted((line.time for line in found.value), reverse=True)
    assert (newest.category, newest.instance) == ("IKEDiagnosticLog", "GatewayTenantWorker_IN_0")
    assert f"Remote {SITE}:500: Local" in newest.message
    assert any("AUTHENTICATION_FAILED" in line.message for line in found.value)
    assert requests(logging) == ["diagnosticsettings", "logs", "query"]


async def test_where_the_workspace_is_is_read_once(logging: SimulatedAzure) -> None:
    logs = logs_as(logging)
    for _ in range(3):
        await logs.newest(gateway_id(), [SITE], BEGINNING)

    assert requests(logging) == ["diagnosticsettings", "logs", "query", "query", "query"]


async def test_a_workspace_that_is_named_needs_no_setting(logging: SimulatedAzure) -> None:
    found = await logs_as(logging, workspace=WORKSPACE).newest(gateway_id(), [SITE], BEGINNING)

    assert isinstance(found, Present)
    assert found.value
    assert requests(logging) == ["query"]


@pytest.mark.parametrize(
    ("addresses", "since"),
    [
        pytest.param(["203.0.113.60"], BEGINNING, id="another peer, whose address begins alike"),
        pytest.param([SITE], datetime(2027, 1, 1, tzinfo=UTC), id="nothing that new"),
    ],
)
async def test_what_is_not_asked_for_is_not_told(
    logging: SimulatedAzure, addresses: list[str], since: datetime
) -> None:
    assert await logs_as(logging).newest(gateway_id(), addresses, since) == Present(())


async def test_one_of_two_addresses_and_one_that_is_none(logging: SimulatedAzure) -> None:
    found = await logs_as(logging).newest(gateway_id(), ["198.51.100.1", SITE, 'x") or true'], BEGINNING)

    assert isinstance(found, Present)
    assert found.value


async def test_lines_of_another_gateway_are_not_told(logging: SimulatedAzure) -> None:
    assert await logs_as(logging, workspace=WORKSPACE).newest(gateway_id("GW2"), [SITE], BEGINNING) == Present(())


async def test_a_tunnel_that_went_down_is_a_line(logging: SimulatedAzure) -> None:
    change(logging, localNetworkGateways=[{"name": "Site6", "device": {"key": "Adapter.Canary.Key.0815"}}])
    logging.clock.step(60)
    change(logging, localNetworkGateways=[{"name": "Site6", "device": {"key": "another"}}])
    went_down = logging.clock.utc(logging.clock.seconds())
    logging.clock.step(330)

    found = await logs_as(logging).newest(gateway_id(), [SITE], BEGINNING)

    assert isinstance(found, Present)
    assert [
        (line.time, line.message, line.instance) for line in found.value if line.operation == "TunnelDisconnected"
    ] == [(went_down, "The tunnel went down", "GatewayTenantWorker_IN_0")]


async def test_without_a_setting_there_is_no_log(azure: SimulatedAzure) -> None:
    logs = logs_as(azure)

    assert await logs.newest(gateway_id(), [SITE], BEGINNING) == Absent()
    assert await logs.newest(gateway_id(), [SITE], BEGINNING) == Absent()
    assert requests(azure) == ["diagnosticsettings"]


async def test_without_an_address_nothing_is_asked(logging: SimulatedAzure) -> None:
    assert await logs_as(logging).newest(gateway_id(), ["site.example"], BEGINNING) == Present(())
    assert requests(logging) == []


async def test_where_no_endpoint_is_known_nothing_is_asked(logging: SimulatedAzure) -> None:
    assert await ArmGatewayLogs(logging.session, SystemClock()).newest(gateway_id(), [SITE], BEGINNING) == Absent()
    assert requests(logging) == []


@pytest.mark.parametrize(
    ("lacking", "says", "asked"),
    [
        pytest.param("Microsoft.Insights/*", "diagnosticSettings/read", ["diagnosticsettings"], id="the setting"),
        pytest.param(
            "Microsoft.OperationalInsights/workspaces/read",
            "workspaces/read",
            ["diagnosticsettings", "logs"],
            id="the workspace",
        ),
        pytest.param(
            "Microsoft.OperationalInsights/workspaces/query/*",
            "The role Log Analytics Reader on the workspace 55555555",
            ["diagnosticsettings", "logs", "query"],
            id="asking it",
        ),
    ],
)
async def test_a_missing_right_is_named(logging: SimulatedAzure, lacking: str, says: str, asked: list[str]) -> None:
    rights = [{"scope": "/", "actions": READER, "notActions": [lacking]}]
    logging.change(principals=[{"name": "reader", "rights": rights}])

    found = await logs_as(logging, "reader").newest(gateway_id(), [SITE], BEGINNING)

    assert isinstance(found, Unreadable)
    assert found.fault.kind is FaultKind.FORBIDDEN
    assert says in found.fault.message
    assert requests(logging) == asked


async def test_a_workspace_that_does_not_exist(logging: SimulatedAzure) -> None:
    logs = logs_as(logging, workspace="66666666-6666-4666-8666-666666666666")

    found = await logs.newest(gateway_id(), [SITE], BEGINNING)

    assert isinstance(found, Unreadable)
    assert (found.fault.kind, found.fault.code) == (FaultKind.NOT_FOUND, "WorkspaceNotFoundError")


async def test_every_query_is_told_and_counts_for_no_quota_of_the_resource_manager(logging: SimulatedAzure) -> None:
    logging.fault("status", method="POST", path="/query$", status=429, code="ThrottledError", retryAfter=7)

    found = await logs_as(logging, workspace=WORKSPACE).newest(gateway_id(), [SITE], BEGINNING)

    seen = logging.observer.exchanges[-1]
    assert isinstance(found, Unreadable)
    assert (found.fault.kind, found.fault.retry_after) == (FaultKind.THROTTLED, 7.0)
    assert (seen.resource, seen.quota, seen.response_code, seen.fault) == ("logQueries", "logs", 429, found.fault)


# -- answers that a test wrote


class Script:
    def __init__(self, server: ScriptedServer, logs: ArmGatewayLogs, clock: FakeClock) -> None:
        self.server = server
        self.say = server.say
        self.clock = clock
        self.logs = logs

    async def newest(self) -> Any:
        return await self.logs.newest(gateway_id(), [SITE], BEGINNING)


@pytest.fixture(params=[WORKSPACE])
async def script(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Script]:
    clock = FakeClock()
    async with scripted_server(tmp_path) as server:
        settings = ArmSettings(
            endpoint=server.url,
            authority=server.url,
            log_analytics_endpoint=server.url,
            ca_file=str(server.ca_file),
            tenant_id="tenant",
            client_id="client",
            client_secret="secret-canary",
            call_timeout=2.0,
        )
        async with ArmSession(settings, clock=SystemClock(), secrets=SecretRegistry()) as session:
            session.secrets.register("Canary.Key")
            yield Script(server, ArmGatewayLogs(session, clock, request.param), clock)


def answer(*rows: list[Any], **more: Any) -> dict[str, Any]:
    columns = ["TimeGenerated", "Category", "OperationName", "Line", "Reason", "Instance"]
    names = [{"name": name, "type": "string"} for name in columns]
    return {"tables": [{"name": "PrimaryResult", "columns": names, "rows": list(rows)}], **more}


ROW = ["2026-01-01T00:00:00.1234567Z", "IKEDiagnosticLog", "op", "text  of\nCanary.Key", "", "IN_0"]
PARTIAL = {"code": "PartialError", "message": "There were some errors when processing your query."}


async def test_what_is_read_of_a_row(script: Script) -> None:
    script.say(200, answer(ROW, ["2026-01-02T00:00:00Z", "TunnelDiagnosticLog", "op", "", "why", None]))

    found = await script.newest()

    assert found == Present(
        (
            GatewayLogLine(datetime(2026, 1, 2, tzinfo=UTC), "TunnelDiagnosticLog", "op", "why", ""),
            GatewayLogLine(
                datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
                "IKEDiagnosticLog",
                "op",
                "text of [redacted]",
                "IN_0",
            ),
        )
    )
    [asked] = script.server.asked
    assert (asked.method, asked.path) == ("POST", f"/v1/workspaces/{WORKSPACE}/query")
    assert asked.headers["Prefer"] == "wait=20"


async def test_a_part_of_an_answer_counts(script: Script) -> None:
    script.say(200, answer(ROW, error=PARTIAL))
    assert isinstance(await script.newest(), Present)


@pytest.mark.parametrize(
    ("status", "document", "kind", "code"),
    [
        pytest.param(200, answer(error=PARTIAL), FaultKind.UNAVAILABLE, "PartialError", id="a part with nothing in it"),
        pytest.param(200, {}, FaultKind.UNREADABLE, "UnexpectedDocument", id="no table"),
        pytest.param(200, answer(["yesterday"]), FaultKind.UNREADABLE, "UnexpectedDocument", id="a row without a time"),
        pytest.param(
            504,
            {"error": {"code": "GatewayTimeout", "message": "The query timed out."}},
            FaultKind.UNAVAILABLE,
            "GatewayTimeout",
            id="a query that took too long",
        ),
        pytest.param(
            400,
            {"error": {"code": "BadArgumentError", "message": "The request had some invalid properties"}},
            FaultKind.REJECTED,
            "BadArgumentError",
            id="a query that is not understood",
        ),
    ],
)
async def test_answers_that_are_none(script: Script, status: int, document: Any, kind: FaultKind, code: str) -> None:
    script.say(status, document)

    found = await script.newest()

    assert isinstance(found, Unreadable)
    assert (found.fault.kind, found.fault.code) == (kind, code)
    assert len(script.server.asked) == 1, "nothing is asked twice"


async def test_no_answer_in_time(script: Script) -> None:
    script.server.say_nothing()

    found = await script.newest()

    assert isinstance(found, Unreadable)
    assert (found.fault.kind, found.fault.code) == (FaultKind.UNAVAILABLE, "Timeout")


def setting(*logs: dict[str, Any], workspace: str = "w") -> dict[str, Any]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    id_ = f"{group}/providers/Microsoft.OperationalInsights/workspaces/{workspace}"
    return {"name": "s", "properties": {"workspaceId": id_, "logs": list(logs)}}


IKE_ON = {"category": "IKEDiagnosticLog", "enabled": True}
TUNNEL_ON = {"category": "TunnelDiagnosticLog", "enabled": True}
IKE_OFF = {"category": "IKEDiagnosticLog", "enabled": False}
ALL_ON = {"category": None, "categoryGroup": "allLogs", "enabled": True}
STORAGE = {"name": "s", "properties": {"storageAccountId": "x", "workspaceId": None, "logs": [IKE_ON]}}


@pytest.mark.parametrize("script", [""], indirect=True, ids=[""])
@pytest.mark.parametrize(
    ("settings", "workspace"),
    [
        pytest.param([setting(IKE_ON)], "w", id="IKE alone"),
        pytest.param([setting(ALL_ON)], "w", id="all logs"),
        pytest.param([setting(TUNNEL_ON, workspace="a"), setting(TUNNEL_ON, IKE_ON)], "w", id="the one that gets more"),
        pytest.param([STORAGE, setting(IKE_ON)], "w", id="one beside a storage account"),
        pytest.param([setting(IKE_OFF)], None, id="switched off"),
        pytest.param([STORAGE], None, id="only a storage account"),
        pytest.param([], None, id="none"),
    ],
)
async def test_which_workspace_is_asked(script: Script, settings: list[Any], workspace: str | None) -> None:
    script.say(200, {"value": settings})
    script.say(200, {"properties": {"customerId": WORKSPACE}})
    script.say(200, answer(ROW))

    found = await script.newest()

    asked = [item.path.partition("?")[0].rsplit("/", 1)[-1] for item in script.server.asked]
    assert isinstance(found, Absent) == (workspace is None)
    assert asked == (["diagnosticSettings", workspace, "query"] if workspace else ["diagnosticSettings"])


@pytest.mark.parametrize("script", [""], indirect=True, ids=[""])
@pytest.mark.parametrize(
    ("status", "code", "again_after"),
    [
        pytest.param(403, "AuthorizationFailed", 3600.0, id="a missing right"),
        pytest.param(503, "ServiceUnavailable", 300.0, id="a failure that may pass"),
    ],
)
async def test_how_long_an_answer_about_the_setting_counts(
    script: Script, status: int, code: str, again_after: float
) -> None:
    for _ in range(2):
        script.say(status, {"error": {"code": code, "message": "no"}})

    for wait in (0.0, again_after - 10, 20.0):
        await script.clock.advance(wait)
        found = await script.newest()
        assert isinstance(found, Unreadable)

    assert len(script.server.asked) == 2


async def test_names_that_look_like_a_query_stay_names(script: Script) -> None:
    odd = ArmId.parse(str(gateway_id()).replace("GW1", "x' or 'a' =~ 'a"))
    script.say(200, answer())

    await script.logs.newest(odd, [SITE], BEGINNING)

    query = json.loads(script.server.bodies[-1])["query"]
    assert f'_ResourceId =~ "{odd}"' in query
