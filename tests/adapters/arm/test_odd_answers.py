"""Answers that Azure, or somebody on the way to it, gives now and then: a server that says exactly what the test wrote."""

import json
from collections.abc import AsyncIterator
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
from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.lookups import Absent, Present, SharedKey, Unreadable
from azure_vpn_operator.domain.pairs.foreign_half import ListedHalf
from azure_vpn_operator.ports import Accepted, GatewayUse, OperationStatus, Pending
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from support.fakes.scripted_server import ScriptedServer, scripted_server
from support.world.simulated_azure import GROUP, SUBSCRIPTION, body, connection_id, gateway_id, local_gateway_id

JSON = {"Content-Type": "application/json"}


class Script:
    """A scripted server with the adapters connected to it."""

    def __init__(self, server: ScriptedServer, session: ArmSession) -> None:
        self.server = server
        self.url = server.url
        self.say = server.say
        self.connections = ArmConnections(session)
        self.gateways = ArmGateways(session)


@pytest.fixture
async def script(tmp_path: Path) -> AsyncIterator[Script]:
    async with scripted_server(tmp_path) as server:
        settings = ArmSettings(
            endpoint=server.url,
            authority=server.url,
            ca_file=str(server.ca_file),
            tenant_id="tenant",
            client_id="client",
            client_secret="secret-canary",
            user_agent="azure-vpn-operator/9.8.7",
        )
        async with ArmSession(settings, clock=SystemClock(), secrets=SecretRegistry()) as session:
            yield Script(server, session)


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
    assert script.server.asked[0].path == "/op?s=%7Bendpoint%7D"


async def test_redirect_is_not_followed(script: Script):
    script.say(307, Location=f"{script.url}/elsewhere")
    result = await script.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNSUPPORTED
    assert len(script.server.asked) == 1


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
    assert len(script.server.asked) == 2


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
        pytest.param({"bgpSettings": {"bgpPeeringAddress": 5}}, id="an address that is a number"),
        pytest.param({"bgpSettings": {"bgpPeeringAddresses": {"a": "b"}}}, id="addresses that are no list"),
        pytest.param(
            {"bgpSettings": {"bgpPeeringAddresses": [{"defaultBgpIpAddresses": "10.1.0.4"}]}},
            id="a text where addresses should be",
        ),
        pytest.param({"bgpSettings": {"bgpPeeringAddresses": ["x"]}}, id="addresses that are no objects"),
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


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        pytest.param(
            {"bgpPeeringAddress": "10.1.0.4,10.1.0.5"}, ("10.1.0.4", "10.1.0.5"), id="one text for both instances"
        ),
        pytest.param(
            {"bgpPeeringAddresses": [{"defaultBgpIpAddresses": ["10.1.0.4"]}, {"defaultBgpIpAddresses": ["10.1.0.5"]}]},
            ("10.1.0.4", "10.1.0.5"),
            id="a list per IP configuration only",
        ),
        pytest.param({"bgpPeeringAddress": "", "bgpPeeringAddresses": None}, (), id="none"),
        pytest.param(None, (), id="no BGP at all"),
    ],
)
async def test_bgp_addresses_are_found_wherever_azure_tells_them(
    script: Script, settings: dict[str, Any] | None, addresses: tuple[str, ...]
):
    for identifier, read in (
        (gateway_id(), script.gateways.get_gateway),
        (local_gateway_id(), script.gateways.get_local_gateway),
    ):
        script.say(200, {"id": str(identifier), "properties": {"bgpSettings": settings}})
        found = await read(identifier)
        assert isinstance(found, Present)
        assert found.value.bgp_addresses == addresses


SESSIONS = {
    "value": [{"neighbor": "10.6.0.1", "localAddress": "10.1.0.4", "asn": 65100, "state": "Idle", "routesReceived": 3}]
}


async def test_bgp_sessions_that_are_told_at_once_are_read(script: Script):
    script.say(200, SESSIONS)
    expected = (BgpSession("10.1.0.4", "10.6.0.1", 65100, "Idle"),)
    assert await script.gateways.ask_bgp_sessions(gateway_id()) == expected


async def test_bgp_sessions_are_looked_for_where_location_says(script: Script):
    script.say(202, Location=f"{script.url}/results/1", Azure_AsyncOperation=f"{script.url}/op/1", Retry_After="7")
    assert await script.gateways.ask_bgp_sessions(gateway_id()) == Pending(f"{script.url}/results/1", 7.0)


@pytest.mark.parametrize(
    "output", [pytest.param(SESSIONS, id="with the sessions"), pytest.param({"value": []}, id="with none")]
)
async def test_bgp_sessions_are_read_from_an_operation_without_location(script: Script, output: dict[str, Any]):
    script.say(202, Azure_AsyncOperation=f"{script.url}/op/1")
    asked = await script.gateways.ask_bgp_sessions(gateway_id())
    assert asked == Pending(f"{script.url}/op/1", 10.0)
    script.say(200, {"status": "InProgress"}, Retry_After="20")
    assert await script.gateways.look_at_bgp_sessions(gateway_id(), asked.url) == Pending(asked.url, 20.0)
    script.say(200, {"status": "Succeeded", "properties": {"output": output}})
    found = await script.gateways.look_at_bgp_sessions(gateway_id(), asked.url)
    assert isinstance(found, tuple)
    assert len(found) == len(output["value"])


async def test_question_about_bgp_that_ends_badly_has_azures_error(script: Script):
    script.say(200, {"status": "Failed", "error": {"code": "InternalServerError", "message": "as told"}})
    result = await script.gateways.look_at_bgp_sessions(gateway_id(), f"{script.url}/op/1")
    assert isinstance(result, Fault)
    assert (result.kind, result.code, result.message) == (FaultKind.UNAVAILABLE, "InternalServerError", "as told")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="nothing in it"),
        pytest.param([], id="a bare list"),
        pytest.param({"value": None}, id="no list"),
        pytest.param({"value": ["10.6.0.1"]}, id="sessions that are no objects"),
        pytest.param({"value": [{"state": "Connected"}]}, id="a session with nobody"),
        pytest.param({"status": "Succeeded"}, id="an operation without output"),
    ],
)
async def test_bgp_sessions_of_wrong_types_are_unreadable(script: Script, document: Any):
    script.say(200, document)
    result = await script.gateways.look_at_bgp_sessions(gateway_id(), f"{script.url}/results/1")
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNREADABLE


async def test_question_about_bgp_without_an_address_is_unreadable(script: Script):
    script.say(202)
    result = await script.gateways.ask_bgp_sessions(gateway_id())
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNREADABLE


async def test_bgp_session_of_half_an_entry_is_read_as_far_as_it_goes(script: Script):
    script.say(200, {"value": [{"neighbor": "10.6.0.1", "asn": "65100", "state": None}]})
    found = await script.gateways.ask_bgp_sessions(gateway_id())
    assert found == (BgpSession("", "10.6.0.1", None, "Unknown"),)


SAS = json.dumps(
    {"IkeSAs": [{"LocalEndpoint": "198.18.0.1", "ElapsedTimeInSeconds": 7, "QuickModeSAs": [{"InboundSPI": 1}]}]}
)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(SAS, id="a string with JSON"),
        pytest.param(json.dumps(SAS), id="a string with a string with JSON"),
        pytest.param({"status": "Succeeded", "properties": {"output": SAS}}, id="a finished operation"),
        pytest.param({"status": "Succeeded", "properties": {"output": json.loads(SAS)}}, id="with the object in it"),
        pytest.param(json.loads(SAS), id="the object itself"),
    ],
)
async def test_ike_sas_are_read_however_they_are_wrapped(script: Script, document: Any):
    script.say(200, document)
    found = await script.connections.look_at_ike_sas(connection_id(), f"{script.url}/results/1")
    assert found == (IkeSa("198.18.0.1", "", 7.0, has_child=True),)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="null"),
        pytest.param("no tunnel", id="a text that is not JSON"),
        pytest.param({}, id="nothing in it"),
        pytest.param({"status": "Succeeded"}, id="an operation without output"),
    ],
)
async def test_ike_sas_of_wrong_types_are_unreadable(script: Script, document: Any):
    script.say(200, document)
    result = await script.connections.look_at_ike_sas(connection_id(), f"{script.url}/results/1")
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNREADABLE


async def test_answer_in_broken_compression_is_unreadable(script: Script):
    script.server.answers.append(
        web.Response(status=200, body=b"not gzip at all", headers={"Content-Encoding": "gzip"} | JSON)
    )
    result = await script.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNREADABLE


async def test_compressed_answer_is_read(script: Script):
    answer = web.json_response({"value": "Canary.Key.2"})
    answer.enable_compression(web.ContentCoding.gzip)
    script.server.answers.append(answer)
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
    (asked,) = script.server.asked
    assert (asked.method, asked.path) == ("GET", f"{connection_id()}?api-version=2024-05-01")
    assert asked.headers["Authorization"] == "Bearer token-canary"
    assert asked.headers["User-Agent"].startswith("azure-vpn-operator/9.8.7 azsdk-python-mgmt-network/")


@pytest.mark.parametrize(
    "item",
    [pytest.param({"id": "x"}, id="an item without properties"), pytest.param(None, id="an item that is nothing")],
)
async def test_odd_item_hides_no_other_connection_of_the_group(script: Script, item: object):
    known = {"id": str(connection_id()), "location": "eastus", **live_properties()}
    script.say(200, {"value": [item, known]})
    found = await script.connections.list_group(SUBSCRIPTION, GROUP)
    assert isinstance(found, Present)
    assert [connection.id for connection in found.value] == [connection_id()]


@pytest.mark.parametrize("item", [{"id": "x"}, None], ids=["an item without properties", "an item that is nothing"])
async def test_gateway_of_which_one_connection_is_not_understood_may_be_busy(script: Script, item: object):
    script.say(200, {"value": [item]})
    assert isinstance(await script.connections.list_of_gateway(gateway_id()), Unreadable)


ENDS = {
    "virtualNetworkGateway1": {"id": str(gateway_id("GW2")).upper()},
    "virtualNetworkGateway2": {"id": str(gateway_id())},
}
HALF = ListedHalf(gateway_id("GW2").key, gateway_id().key)


@pytest.mark.parametrize(
    ("properties", "half"),
    [
        pytest.param(ENDS, HALF, id="what is not said has Azure's defaults, and ids may be spelt otherwise"),
        pytest.param(
            ENDS | {"ipsecPolicies": None, "connectionProtocol": None, "connectionMode": None},
            HALF,
            id="null is nothing",
        ),
        pytest.param(
            ENDS | {"ipsecPolicies": [{"dhGroup": "DHGroup2"}]},
            ListedHalf(HALF.gateway, HALF.peer_gateway, policies=None),
            id="a policy that is not whole cannot be compared",
        ),
        pytest.param(
            ENDS | {"ipsecPolicies": "none"},
            ListedHalf(HALF.gateway, HALF.peer_gateway, policies=None),
            id="a text is no list of policies",
        ),
        pytest.param(ENDS | {"virtualNetworkGateway2": None}, None, id="a connection to a site is nobody's half"),
        pytest.param(ENDS | {"virtualNetworkGateway2": {"id": "x"}}, None, id="an id that is none"),
        pytest.param(ENDS | {"virtualNetworkGateway1": "x"}, None, id="a gateway that is a text"),
    ],
)
async def test_a_half_in_the_list_of_a_gateway_is_read_as_far_as_it_is_understood(
    script: Script, properties: dict[str, Any], half: ListedHalf | None
):
    item = {"id": str(connection_id()), "properties": {"provisioningState": "Succeeded", **properties}}
    script.say(200, {"value": [item]})
    found = await script.connections.list_of_gateway(gateway_id())
    assert found == Present((GatewayUse(str(connection_id()), "Succeeded", half),))


async def test_answer_about_another_connection_is_not_taken(script: Script):
    script.say(200, {"id": str(connection_id("Another")), "location": "eastus", **live_properties()})
    result = await script.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNREADABLE


async def test_answer_about_the_same_connection_in_another_spelling_is_taken(script: Script):
    script.say(200, {"id": str(connection_id()).upper(), "location": "eastus", **live_properties()})
    assert isinstance(await script.connections.get(connection_id()), Present)


def live_properties() -> dict[str, Any]:
    return {
        "properties": {
            "provisioningState": "Succeeded",
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": str(gateway_id())},
            "localNetworkGateway2": {"id": str(local_gateway_id())},
        }
    }
