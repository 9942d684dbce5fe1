"""What goes over the wire, byte by byte where it matters: typed from what Azure has been seen sending."""

import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.running import running_simulator

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/TestRG1"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "33333333-3333-4333-8333-333333333333",
    "client_secret": "demo-only-client-secret",
    "scope": "https://management.azure.com/.default",
}
BODY = {
    "location": "East US",
    "properties": {
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": f"{NETWORK}/virtualNetworkGateways/VNet1GW"},
        "localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/Site6"},
        "sharedKey": "Demo.Site6.Key.not.for.use",
    },
}


class Wire:
    def __init__(self, base: str, http: aiohttp.ClientSession, clock: ManualClock) -> None:
        self.base, self.http, self.clock = base, http, clock
        self.authorization: dict[str, str] = {}

    async def sign_in(self) -> None:
        async with self.http.post(f"{self.base}/{TENANT}/oauth2/v2.0/token", data=FORM) as response:
            token = await response.json()
        assert token["token_type"] == "Bearer"
        assert token["expires_in"] == 3600
        self.authorization = {"Authorization": f"Bearer {token['access_token']}"}

    async def send(self, method: str, path: str, **how: Any) -> tuple[int, Any, Any]:
        url = path if path.startswith("https:") else f"{self.base}{path}"
        if "api-version" not in url:
            how.setdefault("params", {"api-version": "2021-08-01"})
        async with self.http.request(method, url, headers=self.authorization, **how) as response:
            body = await response.json() if response.content_length else None
            return response.status, body, response.headers


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("azure")


@pytest.fixture
async def wire(state_dir: Path) -> AsyncIterator[Wire]:
    clock = ManualClock()
    async with running_simulator("demo", state_dir=state_dir, clock=clock, control=None) as running:
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=running.ca_file))
        async with aiohttp.ClientSession(connector=connector) as http:
            wire = Wire(running.endpoint, http, clock)
            await wire.sign_in()
            yield wire


async def test_creating_answers_201_with_an_operation_and_no_location(wire: Wire) -> None:
    status, body, headers = await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)

    assert status == 201
    operation = re.fullmatch(
        rf"{wire.base}/subscriptions/{SUBSCRIPTION}/providers/Microsoft\.Network/locations/eastus/operations/({GUID})"
        r"\?api-version=2021-08-01",
        headers["Azure-AsyncOperation"],
    )
    assert operation is not None
    assert headers["x-ms-request-id"] == operation.group(1)
    assert headers["Retry-After"] == "10"
    assert "Location" not in headers
    assert headers["Cache-Control"] == "no-cache"
    assert re.fullmatch(GUID, headers["x-ms-correlation-request-id"])
    assert re.fullmatch(rf"[A-Z]+:\d{{8}}T\d{{6}}Z:{GUID}", headers["x-ms-routing-request-id"])
    assert headers["x-ms-ratelimit-remaining-subscription-writes"] == "199"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert body["location"] == "eastus"
    assert re.fullmatch(rf'W/"{GUID}"', body["etag"])
    assert "tags" not in body
    assert body["properties"]["provisioningState"] == "Updating"
    assert {"connectionStatus", "sharedKey"}.isdisjoint(body["properties"])


async def test_a_finished_connection_has_the_keys_in_azures_order(wire: Wire) -> None:
    await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY | {"tags": {}})
    wire.clock.step(60)
    status, body, headers = await wire.send("GET", f"{NETWORK}/connections/c1")

    assert status == 200
    assert "ETag" not in headers
    assert headers["x-ms-ratelimit-remaining-subscription-reads"].isdigit()
    assert list(body) == ["name", "id", "etag", "type", "location", "tags", "properties"]
    assert body["tags"] == {}
    assert body["type"] == "Microsoft.Network/connections"
    expected = {
        "provisioningState": "Succeeded",
        "packetCaptureDiagnosticState": "None",
        "connectionType": "IPsec",
        "connectionProtocol": "IKEv2",
        "enableBgp": False,
        "useLocalAzureIpAddress": False,
        "usePolicyBasedTrafficSelectors": False,
        "ipsecPolicies": [],
        "trafficSelectorPolicies": [],
        "connectionStatus": "Connected",
        "expressRouteGatewayBypass": False,
        "dpdTimeoutSeconds": 0,
        "connectionMode": "Default",
        "gatewayCustomBgpIpAddresses": [],
    }
    assert {name: body["properties"].get(name) for name in expected} == expected
    assert body["properties"]["virtualNetworkGateway1"] == {"id": f"{NETWORK}/virtualNetworkGateways/VNet1GW"}


async def test_polling_goes_from_in_progress_to_succeeded(wire: Wire) -> None:
    _, _, headers = await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    url = headers["Azure-AsyncOperation"]
    status, body, headers = await wire.send("GET", url)
    assert (status, body, headers["Retry-After"]) == (200, {"status": "InProgress"}, "10")
    wire.clock.step(60)
    status, body, headers = await wire.send("GET", url)
    assert (status, body, headers.get("Retry-After")) == (200, {"status": "Succeeded"}, None)


async def test_setting_the_key_answers_200_without_a_body(wire: Wire) -> None:
    await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    wire.clock.step(60)
    status, body, headers = await wire.send("PUT", f"{NETWORK}/connections/c1/sharedkey", json={"value": "New.Key"})
    assert (status, body, headers["Retry-After"]) == (200, None, "10")
    assert "Azure-AsyncOperation" in headers
    assert (await wire.send("GET", f"{NETWORK}/connections/c1/sharedkey"))[:2] == (200, {"value": "New.Key"})


async def test_resetting_the_key_answers_202_with_both_addresses_and_a_null_result(wire: Wire) -> None:
    await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    wire.clock.step(60)
    path = f"{NETWORK}/connections/c1/sharedkey/reset"
    status, _, headers = await wire.send("POST", path, json={"keyLength": 50})
    assert status == 202
    assert headers["Location"].replace("/operationResults/", "/operations/") == headers["Azure-AsyncOperation"]
    wire.clock.step(60)
    assert (await wire.send("GET", headers["Azure-AsyncOperation"]))[1] == {"status": "Succeeded", "properties": {}}
    assert (await wire.send("GET", headers["Location"]))[:2] == (200, None)


async def test_deleting_answers_202_without_a_body_and_ends_in_204(wire: Wire) -> None:
    await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    wire.clock.step(60)
    status, body, headers = await wire.send("DELETE", f"{NETWORK}/connections/c1")
    assert (status, body) == (202, None)
    assert headers["x-ms-ratelimit-remaining-subscription-deletes"] == "199"
    wire.clock.step(60)
    status, _, result = await wire.send("GET", headers["Location"])
    assert (status, result["Location"]) == (204, headers["Location"])
    assert (await wire.send("DELETE", f"{NETWORK}/connections/c1"))[0] == 204


async def test_ike_sas_answer_202_with_null_and_end_as_text(wire: Wire) -> None:
    await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    wire.clock.step(60)
    status, body, headers = await wire.send("POST", f"{NETWORK}/connections/c1/getikesas")
    assert (status, body) == (202, None)
    wire.clock.step(60)
    poll = (await wire.send("GET", headers["Azure-AsyncOperation"]))[1]
    result = (await wire.send("GET", headers["Location"]))[1]
    assert poll["properties"]["output"] == result
    assert result.startswith('{"IkeSAs": [{')


async def test_what_is_missing_is_said_in_arms_own_words(wire: Wire) -> None:
    status, body, headers = await wire.send("GET", f"{NETWORK}/connections/none")
    assert status == 404
    assert headers["x-ms-failure-cause"] == "gateway"
    assert body == {
        "error": {
            "code": "ResourceNotFound",
            "message": "The Resource 'Microsoft.Network/connections/none' under resource group 'TestRG1' was not found. "
            "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        }
    }
    _, body, _ = await wire.send("GET", f"{GROUP}x/providers/Microsoft.Network/connections")
    assert body["error"]["code"] == "ResourceGroupNotFound"


async def test_a_second_write_conflicts_with_an_empty_list_of_details(wire: Wire) -> None:
    _, _, headers = await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    status, body, _ = await wire.send("PUT", f"{NETWORK}/connections/c1", json=BODY)
    assert (status, body["error"]["code"], body["error"]["details"]) == (409, "AnotherOperationInProgress", [])
    assert headers["Azure-AsyncOperation"] in body["error"]["message"]


async def test_without_a_token_the_answer_says_where_to_get_one(wire: Wire) -> None:
    wire.authorization = {}
    status, body, headers = await wire.send("GET", f"{NETWORK}/connections")
    assert (status, body["error"]["code"]) == (401, "AuthenticationFailed")
    assert headers["WWW-Authenticate"] == f'Bearer authorization_uri="{wire.base}/{TENANT}"'


async def test_a_token_request_with_a_wrong_secret(wire: Wire) -> None:
    form = FORM | {"client_secret": "wrong"}
    async with wire.http.post(f"{wire.base}/{TENANT}/oauth2/v2.0/token", data=form) as response:
        body = await response.json()
        assert (response.status, body["error"], body["error_codes"]) == (401, "invalid_client", [7000215])


async def test_openid_configuration_and_aliases_are_those_of_this_host(wire: Wire) -> None:
    _, openid, _ = await wire.send("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration")
    assert openid["token_endpoint"] == f"{wire.base}/{TENANT}/oauth2/v2.0/token"
    assert openid["issuer"] == f"{wire.base}/{TENANT}/v2.0"
    _, keys, _ = await wire.send("GET", openid["jwks_uri"])
    assert keys["keys"][0]["kty"] == "RSA"
    asked = {"authorization_endpoint": f"{wire.base}/{TENANT}/oauth2/v2.0/authorize", "api-version": "1.1"}
    _, instance, _ = await wire.send("GET", "/common/discovery/instance", params=asked)
    assert instance["tenant_discovery_endpoint"] == f"{wire.base}/{TENANT}/v2.0/.well-known/openid-configuration"
    assert instance["metadata"][0]["aliases"] == [wire.base.removeprefix("https://")]


@pytest.mark.parametrize(
    ("version", "is_list"),
    [
        pytest.param("2015-01-01", False, id="one cloud, in the old form"),
        pytest.param("2019-05-01", True, id="a list of clouds"),
        pytest.param("2022-09-01", False, id="one cloud, which az cloud register reads"),
    ],
)
async def test_the_clouds_endpoints_can_be_asked_without_a_token(wire: Wire, version: str, is_list: bool) -> None:
    wire.authorization = {}
    status, body, _ = await wire.send("GET", "/metadata/endpoints", params={"api-version": version})
    assert (status, isinstance(body, list)) == (200, is_list)
    cloud = body[0] if is_list else body
    assert cloud["authentication"]["loginEndpoint"] == wire.base
    assert "https://management.azure.com" in cloud["authentication"]["audiences"]
    assert version < "2019" or (cloud["name"], cloud["resourceManager"]) == ("AzureVpnSimulator", wire.base)
