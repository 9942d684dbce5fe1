"""Gateways' logs: where they are sent, how late they come, and what they say of each kind of failure."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity.aio import ClientSecretCredential
from azure.monitor.query.aio import LogsQueryClient

from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.logs.kql import KqlError, read_timespan, run
from azure_vpn_simulator.running import running_simulator
from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.wire import Request

SETTING = "virtualNetworkGateways/GwA/providers/Microsoft.Insights/diagnosticSettings"
ALL_LOGS = [{"categoryGroup": "allLogs", "enabled": True}]
Device = Callable[..., None]


@pytest.fixture
def logging(arm: ArmDriver) -> ArmDriver:
    """Both logs of GwA and GwB go to the workspace `logs`."""
    gateways = [{"name": name, "diagnosticSettings": [{"workspace": "logs"}]} for name in ("GwA", "GwB", "GwActive")]
    change(arm, virtualNetworkGateways=gateways, workspaces=[{"name": "logs"}])
    return arm


def change(arm: ArmDriver, **group: Any) -> None:
    arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [{"name": "Net", **group}]}])


def proposal(policy: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {k: v for k, v in (policy | changes).items() if not k.startswith("sa")}


def workspace(arm: ArmDriver) -> Any:
    return arm.get(f"{arm.group}/providers/Microsoft.OperationalInsights/workspaces/logs").body


def ask(arm: ArmDriver, query: str) -> tuple[int, Any]:
    principal = next(p for p in arm.azure.world.topology.principals if p.name == arm.principal)
    request = Request("POST", "/", {}, {}, b"", "https://arm.example")
    body = json.dumps({"query": query}).encode()
    request = Request("POST", "/", {}, {}, body, "https://arm.example")
    reply = arm.azure.logs.query(request, principal, workspace(arm)["properties"]["customerId"])
    return reply.status, json.loads(reply.body or b"null")


def lines(arm: ArmDriver, category: str = "IKEDiagnosticLog", **more: str) -> list[Any]:
    where = "".join(f' and {name} == "{value}"' for name, value in more.items())
    columns = "OperationName, instance_s" if category == "TunnelDiagnosticLog" else "Message"
    status, body = ask(
        arm, f'AzureDiagnostics | where Category == "{category}"{where} | sort by TimeGenerated asc | project {columns}'
    )
    assert status == 200, body
    rows = body["tables"][0]["rows"]
    return [tuple(row) if len(row) > 1 else row[0] for row in rows]


def attempt(arm: ArmDriver) -> list[str]:
    """What the log says of one attempt, without the session."""
    found = lines(arm)
    session = found[-1].partition(" Remote ")[0] if found else ""
    return [line.partition(":500: Local ")[2].partition(":500: ")[2] for line in found if line.startswith(session)]


FAILURES = [
    pytest.param({"key": "k2"}, {}, ["AUTHENTICATION_FAILED", "0x35E9"], id="another key"),
    *(
        pytest.param(
            {}, {field: value}, ["IKE_SA_INIT response", "NO_PROPOSAL_CHOSEN", "0x362C"], id=f"phase 1: {field}"
        )
        for field, value in (("ikeEncryption", "AES128"), ("ikeIntegrity", "SHA256"), ("dhGroup", "ECP256"))
    ),
    *(
        pytest.param({}, {field: value}, ["IKE_AUTH response", "NO_PROPOSAL_CHOSEN", "0x362C"], id=f"phase 2: {field}")
        for field, value in (("ipsecEncryption", "AES128"), ("ipsecIntegrity", "SHA1"))
    ),
    pytest.param({"protocols": ["IKEv1"]}, {}, ["INVALID_MAJOR_VERSION"], id="another IKE version"),
    pytest.param({"requiresPolicyBasedTrafficSelectors": True}, {}, ["TS_UNACCEPTABLE"], id="other selectors"),
    pytest.param({"outage": True}, {}, ["[SEND]", "Negotiation timed out"], id="a silent device"),
    pytest.param({"key": "k2"}, {"dhGroup": "ECP256"}, ["IKE_SA_INIT"], id="phase 1 comes before the key"),
    pytest.param({"key": "k2"}, {"ipsecIntegrity": "SHA1"}, ["AUTHENTICATION"], id="the key comes before phase 2"),
]


@pytest.mark.parametrize(("behaviour", "takes", "words"), FAILURES)
def test_what_the_log_says_of_a_failure(
    logging: ArmDriver,
    device: Device,
    policy: dict[str, Any],
    behaviour: dict[str, Any],
    takes: dict[str, Any],
    words: list[str],
) -> None:
    device(proposals=[proposal(policy, **takes)], **behaviour)
    logging.finish(logging.put("connections/C1", logging.site("GwA", "Site", "k1", ipsecPolicies=[policy])))
    logging.wait(600)
    assert logging.status("C1") == "NotConnected"
    text = "\n".join(attempt(logging))
    assert [word for word in words if word not in text] == []
    assert "[SEND]" in text
    assert ("[RECEIVED]" in text) == ("outage" not in behaviour)


@pytest.mark.parametrize(
    ("azure", "theirs", "notify"),
    [
        pytest.param("PFS24", "None", "NO_PROPOSAL_CHOSEN", id="only Azure wants it"),
        pytest.param("None", "PFS24", "NO_PROPOSAL_CHOSEN", id="only the device wants it"),
        pytest.param("PFS24", "ECP256", "INVALID_KE_PAYLOAD", id="two groups"),
    ],
)
def test_pfs_that_does_not_fit_shows_at_the_first_rekey(
    logging: ArmDriver, device: Device, policy: dict[str, Any], azure: str, theirs: str, notify: str
) -> None:
    device(proposals=[proposal(policy, pfsGroup=theirs)], saLifeTimeSeconds=900)
    body = logging.site("GwA", "Site", "k1", ipsecPolicies=[policy | {"pfsGroup": azure}])
    logging.finish(logging.put("connections/C1", body))
    logging.wait(600)
    assert logging.status("C1") == "Connected"
    assert lines(logging) == []
    logging.wait(900)
    assert logging.status("C1") == "NotConnected"
    assert any("CREATE_CHILD_SA response" in line and notify in line for line in attempt(logging))


def test_every_line_names_both_ends(logging: ArmDriver, device: Device) -> None:
    device(key="k2")
    logging.finish(logging.put("connections/C1", logging.site("GwA", "Site", "k1")))
    logging.wait(600)
    gateway = logging.get("virtualNetworkGateways/GwA").body["properties"]
    own = gateway["bgpSettings"]["bgpPeeringAddresses"][0]["tunnelIpAddresses"][0]
    found = lines(logging)
    assert found
    assert all(f"Remote 203.0.113.1:500: Local {own}:500: [" in line for line in found)
    assert all(line.startswith("SESSION_ID :{") for line in found)


def test_each_instance_tells_of_its_own_tunnel(logging: ArmDriver, device: Device) -> None:
    device()
    logging.finish(logging.put("connections/C1", logging.site("GwActive", "Site", "k1")))
    logging.wait(600)
    device(outageTunnels=[1])
    logging.wait(600)
    up, down = "TunnelConnected", "TunnelDisconnected"
    zero, one = "GatewayTenantWorker_IN_0", "GatewayTenantWorker_IN_1"
    assert lines(logging, "TunnelDiagnosticLog") == [(up, zero), (up, one), (down, one)]
    assert lines(logging, "IKEDiagnosticLog", instance_s=zero) == []
    assert lines(logging, "IKEDiagnosticLog", instance_s=one)


def test_a_missing_half_does_not_answer(logging: ArmDriver) -> None:
    logging.finish(logging.put("connections/C1", logging.half("GwA", "GwB", "k1")))
    logging.wait(600)
    assert attempt(logging)[-1].endswith("Negotiation timed out")


def test_lines_come_late_and_stop_when_the_tunnel_is_up(make_arm: Callable[..., ArmDriver], policy: Any) -> None:
    arm = make_arm(options={"logIngestionSeconds": 180})
    change(arm, virtualNetworkGateways=[{"name": "GwA", "diagnosticSettings": [{"workspace": "logs"}]}])
    change(arm, workspaces=[{"name": "logs"}], localNetworkGateways=[{"name": "Site", "device": {"key": "k2"}}])
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")), 30 + 5)
    arm.wait(170)
    assert lines(arm) == []
    arm.wait(10.5)
    assert len(lines(arm)) == 3
    change(arm, localNetworkGateways=[{"name": "Site", "device": {"key": "k1"}}])
    arm.wait(300)
    known = len(lines(arm))
    arm.wait(3600)
    assert len(lines(arm)) == known
    assert arm.status("C1") == "Connected"


def test_a_setting_that_a_client_writes_sends_what_happens_from_then_on(arm: ArmDriver, device: Device) -> None:
    change(arm, workspaces=[{"name": "logs", "customerId": "55555555-5555-4555-8555-555555555555"}])
    device(key="k2")
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")), 1200)
    assert arm.get(SETTING).body == {"value": []}
    made = arm.put(f"{SETTING}/mine", {"properties": {"workspaceId": workspace(arm)["id"], "logs": ALL_LOGS}})
    assert made.status == 200
    assert [row["name"] for row in arm.get(SETTING).body["value"]] == ["mine"]
    assert arm.get(f"{SETTING}/mine").body["properties"]["workspaceId"] == workspace(arm)["id"]
    assert lines(arm) == []
    arm.wait(600)
    assert lines(arm)
    assert arm.call("DELETE", f"{SETTING}/mine").status == 200
    assert arm.call("DELETE", f"{SETTING}/mine").status == 204
    assert arm.get(f"{SETTING}/mine").code == "ResourceNotFound"
    assert lines(arm) == []
    assert workspace(arm)["properties"]["customerId"] == "55555555-5555-4555-8555-555555555555"


def test_a_policy_based_gateway_has_neither_log(logging: ArmDriver) -> None:
    change(logging, virtualNetworkGateways=[{"name": "GwPolicy", "diagnosticSettings": [{"workspace": "logs"}]}])
    body = logging.site("GwPolicy", "Silent", "k1", connectionProtocol="IKEv1")
    logging.finish(logging.put("connections/C1", body))
    logging.wait(900)
    assert lines(logging) == []


def test_reading_takes_rights(logging: ArmDriver) -> None:
    def allow(*actions: str) -> None:
        logging.change(principals=[{"name": "engineer", "rights": [{"actions": list(actions)}]}])

    id_ = workspace(logging)["id"]
    allow("Microsoft.Network/*")
    assert logging.get(SETTING).code == "AuthorizationFailed"
    assert logging.get(id_).code == "AuthorizationFailed"
    allow("Microsoft.Insights/diagnosticSettings/read", "Microsoft.OperationalInsights/workspaces/read")
    assert logging.get(SETTING).status == 200
    status, body = ask(logging, "AzureDiagnostics")
    assert (status, body["error"]["code"]) == (403, "InsufficientAccessError")
    allow("Microsoft.OperationalInsights/*/read")
    assert ask(logging, "AzureDiagnostics")[0] == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param(
            "AzureDiagnostics | summarize count() by Category", "SYN0002", id="an operator that is not played"
        ),
        pytest.param("Heartbeat | take 5", "SEM0100", id="another table"),
        pytest.param('AzureDiagnostics | where Nothing == "x"', "SEM0100", id="a column that nobody has"),
        pytest.param('AzureDiagnostics | where Message has "x', "SYN0002", id="a text without an end"),
        pytest.param('AzureDiagnostics | where strlen(Message) == "1"', "SEM0260", id="a function that is not played"),
        pytest.param('AzureDiagnostics | where Message == "a" "b"', "SYN0002", id="two values in a row"),
        pytest.param("AzureDiagnostics | where " + "(" * 500, "SYN0001", id="too deep"),
        pytest.param("AzureDiagnostics; drop", "SYN0002", id="two statements"),
    ],
)
def test_what_is_not_played_is_refused(logging: ArmDriver, query: str, code: str) -> None:
    status, body = ask(logging, query)
    assert (status, body["error"]["code"]) == (400, "BadArgumentError")
    assert body["error"]["innererror"]["innererror"]["code"] == code


T = ({"A": "string", "B": "string"}, [{"A": "x 203.0.113.6:500", "B": "1"}, {"A": "y 203.0.113.60:500", "B": "2"}])


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        pytest.param(
            'T | where has_any_ipv4(A, "203.0.113.6") | project B', [["1"]], id="an address, and no longer one"
        ),
        pytest.param('T | where has_any_ipv4(A, "1.2.3.4", "203.0.113.60") | project B', [["2"]], id="one of two"),
        pytest.param('T | where B in ("2", "3") | project B', [["2"]], id="in"),
        pytest.param('T | where B == "1" or (B == "2" and A has "y") | project B', [["1"], ["2"]], id="and, or"),
        pytest.param('T | where A has "X" | project C = B', [["1"]], id="has looks at no case"),
        pytest.param('T | where tolower(A) contains "Y 2" | project B', [["2"]], id="contains"),
        pytest.param("T | top 1 by B desc | project B", [["2"]], id="top"),
        pytest.param("T | top 1 by B asc | project B", [["1"]], id="top from below"),
        pytest.param(
            'T | extend C = column_ifexists("None", "z") | take 1 | project C', [["z"]], id="a column that is not there"
        ),
        pytest.param(r'T | where A == "a\"b" or B == "1" | project B', [["1"]], id="a quote in a text"),
        pytest.param(
            "T | partition by B (top 1 by A desc | take 1) | sort by B asc | project B", [["1"], ["2"]], id="partitions"
        ),
        pytest.param("T | order by B | project B", [["2"], ["1"]], id="sorting is from above"),
    ],
)
def test_what_queries_mean(query: str, rows: list[list[str]]) -> None:
    assert run(query, {"T": T}, ManualClock().wall()).rows == rows


@pytest.mark.parametrize(
    ("span", "from_", "to"),
    [
        pytest.param(None, None, None, id="none"),
        pytest.param("PT3600.0S", "2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z", id="the last hour"),
        pytest.param(
            "2025-12-01T00:00:00Z/2025-12-02T00:00:00Z", "2025-12-01T00:00:00Z", "2025-12-02T00:00:00Z", id="two times"
        ),
        pytest.param("2025-12-01T00:00:00Z/PT60S", "2025-12-01T00:00:00Z", "2025-12-01T00:01:00Z", id="from then on"),
    ],
)
def test_the_time_span_of_a_request(span: str | None, from_: str | None, to: str | None) -> None:
    found = read_timespan(span, ManualClock().utc(0))
    expected = None if from_ is None or to is None else tuple(datetime.fromisoformat(text) for text in (from_, to))
    assert found == expected


@pytest.mark.parametrize("span", ["yesterday", "2025-12-01T00:00:00Z", "P1D/P1D"])
def test_a_time_span_that_is_not_understood_is_refused(span: str) -> None:
    with pytest.raises(KqlError):
        read_timespan(span, ManualClock().utc(0))


def test_a_wrong_datetime_is_refused() -> None:
    with pytest.raises(KqlError):
        run("T | where A > datetime(2026-99-01)", {"T": T}, ManualClock().wall())


async def test_the_unmodified_client_reads_the_log(document: dict[str, Any], state_dir: Path) -> None:
    group = document["subscriptions"][0]["resourceGroups"][0]
    group["virtualNetworkGateways"][0]["diagnosticSettings"] = [{"workspace": "logs"}]
    group["localNetworkGateways"][0]["device"]["key"] = "k2"
    customer_id = "55555555-5555-4555-8555-555555555555"
    group["workspaces"] = [{"name": "logs", "customerId": customer_id}]
    group["connections"] = [
        {"name": "C1", "virtualNetworkGateway": "GwA", "localNetworkGateway": "Site", "sharedKey": "k1"}
    ]
    clock = ManualClock()
    principal = document["principals"][0]
    async with running_simulator(document, state_dir=state_dir, clock=clock, control=None) as running:
        trust = {"connection_verify": str(running.ca_file)}
        login = ClientSecretCredential(
            document["tenantId"], principal["clientId"], "secret-1", authority=running.authority, **trust
        )
        client = LogsQueryClient(
            login, endpoint=running.endpoint, audience="https://api.loganalytics.io", retry_total=0, **trust
        )
        wrong = LogsQueryClient(login, endpoint=running.endpoint, audience="https://management.azure.com", **trust)
        async with login, client, wrong:
            clock.step(900)
            query = "AzureDiagnostics | where TimeGenerated > ago(1h) | project TimeGenerated, Message | take 2"
            result = await client.query_workspace(customer_id, query, timespan=timedelta(hours=1))
            with pytest.raises(HttpResponseError) as unplayed:
                await client.query_workspace(customer_id, "AzureDiagnostics | count", timespan=None)
            with pytest.raises(HttpResponseError) as unknown:
                await client.query_workspace("66666666-6666-4666-8666-666666666666", query, timespan=None)
            with pytest.raises(HttpResponseError) as foreign:
                await wrong.query_workspace(customer_id, query, timespan=None)
    [table] = result.tables
    assert [row[1].partition("[")[2] for row in table.rows] == [
        "SEND] IKE_AUTH request",
        "RECEIVED] IKE_AUTH response with notify AUTHENTICATION_FAILED",
    ]
    assert table.rows[0][0] > clock.utc(0)
    assert (unplayed.value.status_code, unknown.value.status_code, foreign.value.status_code) == (400, 404, 401)
