"""Answers that Azure, or somebody on the way to it, gives now and then: a server that says exactly what the test wrote."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.domain.faults import Fault, FaultKind
from azure_vpn_operator.domain.lookups import Absent, Present, SharedKey, Unreadable
from azure_vpn_operator.ports import Accepted, OperationStatus
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from support.simulated_azure import GROUP, SUBSCRIPTION, body, connection_id, gateway_id, local_gateway_id
from workbench.pki import Authority

JSON = {"Content-Type": "application/json"}


@dataclass
class Script:
    """What the server answers, in order, and what it was asked."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    connections: ArmConnections | None = None
    gateways: ArmGateways | None = None

    def say(self, status: int, document: Any = None, *, text: str | None = None, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if text is not None:
            self.answers.append(web.Response(status=status, text=text, headers=names))
        elif document is None:
            self.answers.append(web.Response(status=status, headers=names))
        else:
            self.answers.append(web.json_response(document, status=status, headers=names))


@pytest.fixture
async def script(tmp_path: Path) -> AsyncIterator[Script]:
    script = Script()

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "token-canary", "expires_in": 3600, "token_type": "Bearer"})

    async def scripted(request: web.Request) -> web.Response:
        script.requests.append((request.method, request.path_qs, request.headers.get("Authorization")))
        return script.answers.pop(0)

    app = web.Application()
    app.router.add_post("/tenant/oauth2/v2.0/token", token)
    app.router.add_route("*", "/{path:.*}", scripted)
    authority = Authority.create("test")
    pair = authority.issue_server(hosts=["127.0.0.1"])
    (tmp_path / "ca.pem").write_bytes(authority.pair.certificate)
    (tmp_path / "pair.pem").write_bytes(pair.key + pair.certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "pair.pem")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    script.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    settings = ArmSettings(
        endpoint=script.url,
        authority=script.url,
        ca_file=str(tmp_path / "ca.pem"),
        tenant_id="tenant",
        client_id="client",
        client_secret="secret-canary",
    )
    async with ArmSession(settings, clock=SystemClock(), secrets=SecretRegistry()) as session:
        script.connections, script.gateways = ArmConnections(session), ArmGateways(session)
        yield script
    await runner.cleanup()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("1.5", 1.5, id="a fraction, on which the SDK's poller fails"),
        pytest.param("soon", 10.0, id="garbage"),
        pytest.param("0", 1.0, id="zero"),
    ],
)
async def test_write_is_accepted_whatever_its_retry_after_looks_like(script: Script, header: str, seconds: float):
    script.say(201, {"id": "x"}, Azure_AsyncOperation=f"{script.url}/op", Retry_After=header)
    assert await script.connections.put(connection_id(), body()) == Accepted(f"{script.url}/op", seconds)


async def test_write_is_accepted_with_a_date_as_retry_after(script: Script):
    script.say(
        202,
        Azure_AsyncOperation=f"{script.url}/op",
        Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True),
    )
    accepted = await script.connections.put(connection_id(), body())
    assert isinstance(accepted, Accepted)
    assert 50 < accepted.retry_after <= 60


async def test_write_that_is_done_at_once_has_nothing_to_wait_for(script: Script):
    script.say(200, {"id": "x", "properties": {"provisioningState": "Succeeded"}})
    assert await script.connections.put(connection_id(), body()) == Accepted(None, 0.0)


async def test_empty_answer_to_a_key_is_a_success(script: Script):
    script.say(200, Azure_AsyncOperation=f"{script.url}/op", Retry_After="10")
    accepted = await script.connections.put_shared_key(connection_id(), SharedKey("Canary.Key.1"))
    assert accepted == Accepted(f"{script.url}/op", 10.0)


async def test_location_alone_can_be_waited_for(script: Script):
    script.say(202, Location=f"{script.url}/operationResults/1")
    accepted = await script.connections.delete(connection_id())
    assert accepted == Accepted(f"{script.url}/operationResults/1", 10.0)
    script.say(202)
    assert (await script.connections.poll(accepted.operation_url, SUBSCRIPTION)).status is OperationStatus.IN_PROGRESS
    script.say(200, text="null", **JSON)
    assert (await script.connections.poll(accepted.operation_url, SUBSCRIPTION)).status is OperationStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("document", "status"),
    [
        pytest.param({"status": "Updating"}, OperationStatus.IN_PROGRESS, id="another word for running"),
        pytest.param({"status": "Succeeded", "properties": {}}, OperationStatus.SUCCEEDED, id="with properties"),
        pytest.param({"status": "Canceled"}, OperationStatus.FAILED, id="cancelled"),
    ],
)
async def test_status_of_an_operation(script: Script, document: Any, status: OperationStatus):
    script.say(200, document)
    assert (await script.connections.poll(f"{script.url}/op", SUBSCRIPTION)).status is status


@pytest.mark.parametrize(
    "document", [pytest.param({"properties": {}}, id="no status"), pytest.param({"status": 7}, id="not a text")]
)
async def test_operation_without_a_status_is_unreadable(script: Script, document: Any):
    script.say(200, document)
    result = await script.connections.poll(f"{script.url}/op", SUBSCRIPTION)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNREADABLE


async def test_address_with_braces_is_not_taken_for_a_template(script: Script):
    script.say(200, {"status": "Succeeded"})
    url = f"{script.url}/op?s={{endpoint}}"
    assert (await script.connections.poll(url, SUBSCRIPTION)).status is OperationStatus.SUCCEEDED
    assert script.requests[0][1] == "/op?s=%7Bendpoint%7D"


async def test_redirect_is_not_followed(script: Script):
    script.say(307, Location=f"{script.url}/elsewhere")
    result = await script.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNSUPPORTED
    assert len(script.requests) == 1


async def test_next_page_on_another_host_does_not_get_our_token(script: Script):
    script.say(200, {"value": [], "nextLink": "https://127.0.0.1:1/more"})
    result = await script.connections.list_group(SUBSCRIPTION, GROUP)
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNSUPPORTED


async def test_pages_that_go_round_in_circles_end(script: Script):
    for _ in range(3):
        script.say(200, {"value": [], "nextLink": f"{script.url}/page"})
    result = await script.connections.list_group(SUBSCRIPTION, GROUP)
    assert isinstance(result, Unreadable)
    assert len(script.requests) == 2


async def test_list_of_which_a_later_page_is_missing_is_unreadable_not_short(script: Script):
    script.say(200, {"value": [], "nextLink": f"{script.url}/page"})
    script.say(404, {"error": {"code": "ResourceNotFound", "message": "m"}})
    assert isinstance(await script.connections.list_group(SUBSCRIPTION, GROUP), Unreadable)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"value": {}}, id="an object for a list"),
        pytest.param([], id="a bare list"),
        pytest.param({"value": [], "nextLink": 7}, id="a number for a link"),
        pytest.param({"value": [{"id": "x"}]}, id="an item without properties"),
        pytest.param({"value": [None]}, id="an item that is nothing"),
    ],
)
async def test_lists_of_wrong_types_are_unreadable_as_a_whole(script: Script, document: Any):
    script.say(200, document)
    script.say(200, document)
    for result in (
        await script.connections.list_group(SUBSCRIPTION, GROUP),
        await script.connections.list_of_gateway(gateway_id()),
    ):
        assert isinstance(result, Unreadable)
        assert result.fault.kind is FaultKind.UNREADABLE


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="nothing in it"),
        pytest.param({"id": "x", "properties": {}}, id="an id that is none"),
        pytest.param({"id": str(connection_id()), "properties": []}, id="properties that are a list"),
        pytest.param(
            {"id": str(connection_id()), "properties": {"provisioningState": 5}}, id="a state that is a number"
        ),
    ],
)
async def test_connections_of_wrong_types_are_unreadable(script: Script, document: Any):
    script.say(200, document)
    result = await script.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNREADABLE


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"sku": "VpnGw1"}, id="a SKU that is a text"),
        pytest.param({"activeActive": "yes"}, id="a flag that is a text"),
        pytest.param({"bgpSettings": {"asn": "65010"}}, id="a number that is a text"),
        pytest.param({"ipConfigurations": {"id": "x"}}, id="a list that is an object"),
        pytest.param({"vpnType": 3}, id="a text that is a number"),
    ],
)
async def test_gateways_of_wrong_types_are_unreadable(script: Script, properties: dict[str, Any]):
    script.say(200, {"id": str(gateway_id()), "location": "eastus", "properties": properties})
    result = await script.gateways.get_gateway(gateway_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNREADABLE


async def test_missing_by_a_proxys_word_is_not_absent(script: Script):
    script.say(404, text="<html>not found</html>", Content_Type="text/html")
    result = await script.connections.get(connection_id())
    assert result != Absent()
    script.say(404, text="<html>not found</html>", Content_Type="text/html")
    assert isinstance(await script.connections.delete(connection_id()), Fault)


async def test_local_gateway_without_an_id_is_unreadable(script: Script):
    script.say(200, {"name": "Site6"})
    assert isinstance(await script.gateways.get_local_gateway(local_gateway_id()), Unreadable)


async def test_answer_in_broken_compression_is_unreadable(script: Script):
    script.answers.append(
        web.Response(status=200, body=b"not gzip at all", headers={"Content-Encoding": "gzip"} | JSON)
    )
    result = await script.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNREADABLE


async def test_compressed_answer_is_read(script: Script):
    answer = web.json_response({"value": "Canary.Key.2"})
    answer.enable_compression(web.ContentCoding.gzip)
    script.answers.append(answer)
    assert await script.connections.get_shared_key(connection_id()) == Present(SharedKey("Canary.Key.2"))


@pytest.mark.parametrize("value", [None, "", [], {}, 7])
async def test_anything_but_a_text_is_no_key(script: Script, value: object):
    script.say(200, {"value": value})
    result = await script.connections.get_shared_key(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.FORBIDDEN


async def test_requests_carry_token_version_and_name(script: Script):
    script.say(404, {"error": {"code": "ResourceNotFound", "message": "m"}})
    await script.connections.get(connection_id())
    method, path, authorization = script.requests[0]
    assert (method, authorization) == ("GET", "Bearer token-canary")
    assert path == f"{connection_id()}?api-version=2024-05-01"
