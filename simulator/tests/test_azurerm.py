"""The requests of azurerm, the provider of Terraform and OpenTofu, over TLS and in its order.

Typed from what the provider does: the metadata of the cloud and what it insists on there, a token for Microsoft Graph that it
reads its own identity from, tokens for Resource Manager, then create, plan, edit and destroy of a site and its connection.
"""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.running import RunningSimulator, running_simulator

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "33333333-3333-4333-8333-333333333333"
OBJECT = "44444444-4444-4444-8444-444444444444"
GROUP = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/Net"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
SITE, CONNECTION = f"{NETWORK}/localNetworkGateways/New", f"{NETWORK}/connections/new"
POLICY = {
    "dhGroup": "DHGroup14",
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA256",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "PFS2048",
    "saDataSizeKilobytes": 102400000,
    "saLifeTimeSeconds": 27000,
}


class AzureRm:
    """The provider: it knows a host, an application and its secret; everything else it asks for."""

    def __init__(self, running: RunningSimulator, http: aiohttp.ClientSession, clock: ManualClock) -> None:
        self.host = running.endpoint.removeprefix("https://")
        self.http, self.clock = http, clock
        self.cloud: dict[str, Any] = {}
        self.headers: dict[str, str] = {}

    async def read_metadata(self) -> None:
        async with self.http.get(f"https://{self.host}/metadata/endpoints?api-version=2022-09-01") as response:
            assert response.status == 200
            self.cloud = await response.json()

    async def token(self, audience: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": "secret-1",
            "scope": f"{audience}/.default",
        }
        url = f"{self.cloud['authentication']['loginEndpoint']}/{TENANT}/oauth2/v2.0/token"
        async with self.http.post(url, data=form) as response:
            document = await response.json()
            assert response.status == 200, document
            assert document["token_type"] == "Bearer"
            return str(document["access_token"])

    async def sign_in(self) -> None:
        await self.read_metadata()
        audience = self.cloud["authentication"]["audiences"][0]
        self.headers = {"Authorization": f"Bearer {await self.token(audience)}"}

    async def send(self, method: str, path: str, version: str, body: Any = None) -> tuple[int, Any, Any]:
        url = f"{self.cloud['resourceManager']}{path}?api-version={version}" if path.startswith("/") else path
        async with self.http.request(method, url, headers=self.headers, json=body) as response:
            raw = await response.read()
            return response.status, await response.json() if raw else None, response.headers

    async def until_done(self, method: str, path: str, version: str, body: Any = None) -> int:
        """Send a write and poll as its answer says; return the answer's status."""
        status, _, headers = await self.send(method, path, version, body)
        assert status in {200, 201, 202}
        for _ in range(10):
            _, poll, told = await self.send("GET", headers["Azure-AsyncOperation"], version)
            if poll["status"] != "InProgress":
                assert poll["status"] == "Succeeded"
                return status
            self.clock.step(int(told["Retry-After"]))
        raise AssertionError("the operation does not end")


@pytest.fixture
async def azurerm(document: dict[str, Any], state_dir: Path) -> AsyncIterator[AzureRm]:
    clock = ManualClock()
    async with running_simulator(document, state_dir=state_dir, clock=clock, control=None) as running:
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=running.ca_file))
        async with aiohttp.ClientSession(connector=connector) as http:
            yield AzureRm(running, http, clock)


async def test_the_cloud_has_every_value_that_azurerm_insists_on(azurerm: AzureRm) -> None:
    await azurerm.read_metadata()
    cloud, authentication = azurerm.cloud, azurerm.cloud["authentication"]

    assert cloud["name"] not in {"", "AzureStackCloud"}
    assert cloud["resourceManager"] == f"https://{azurerm.host}"
    assert cloud["microsoftGraphResourceId"].startswith("https://")
    assert authentication["audiences"][0].startswith("https://")
    assert authentication["identityProvider"] == "AAD"
    assert authentication["loginEndpoint"] == f"https://{azurerm.host}", "a slash at the end would be doubled"
    assert authentication["tenant"] == "common", "it takes any other word for an Azure Stack, and refuses"
    assert cloud["suffixes"]["storage"]
    assert cloud["suffixes"]["keyVaultDns"]


async def test_the_older_list_of_clouds_says_the_same(azurerm: AzureRm) -> None:
    await azurerm.read_metadata()
    async with azurerm.http.get(f"https://{azurerm.host}/metadata/endpoints?api-version=2020-06-01") as response:
        assert await response.json() == [azurerm.cloud]


async def test_the_token_for_microsoft_graph_says_who_asked_and_opens_no_door_at_resource_manager(
    azurerm: AzureRm,
) -> None:
    await azurerm.read_metadata()
    token = await azurerm.token(azurerm.cloud["microsoftGraphResourceId"])
    claims = jwt.decode(token, options={"verify_signature": False})

    assert (claims["oid"], claims["appid"], claims["tid"]) == (OBJECT, CLIENT, TENANT)
    azurerm.headers = {"Authorization": f"Bearer {token}"}
    status, refusal, _ = await azurerm.send("GET", f"{NETWORK}/connections", "2025-01-01")
    assert (status, refusal["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")


@pytest.mark.parametrize("version", ["2024-05-01", "2025-01-01"])
async def test_create_plan_edit_plan_and_destroy(azurerm: AzureRm, version: str) -> None:
    await azurerm.sign_in()

    async def read(id_: str) -> tuple[int, Any]:
        status, body, _ = await azurerm.send("GET", id_, version)
        return status, body

    status, group, _ = await azurerm.send("GET", GROUP, "2023-07-01")
    assert (status, group["name"]) == (200, "Net")

    # create: it looks first whether somebody else's is there
    assert (await read(SITE))[0] == 404
    site = {"location": "eastus", "properties": {"gatewayIpAddress": "203.0.113.9"}, "tags": {}}
    site["properties"] |= {"localNetworkAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}
    assert await azurerm.until_done("PUT", SITE, version, site) == 201

    assert (await read(CONNECTION))[0] == 404
    _, gateway = await read(f"{NETWORK}/virtualNetworkGateways/GwA")
    sent = {
        "name": "new",
        "location": "eastus",
        "properties": {
            "connectionType": "IPsec",
            "connectionMode": "Default",
            "connectionProtocol": "IKEv2",
            "dpdTimeoutSeconds": 45,
            "enableBgp": False,
            "expressRouteGatewayBypass": False,
            "usePolicyBasedTrafficSelectors": False,
            "routingWeight": 10,
            "sharedKey": "k1",
            "ipsecPolicies": [POLICY],
            "virtualNetworkGateway1": {"id": gateway["id"], "name": "GwA", "properties": {"ipConfigurations": []}},
            "localNetworkGateway2": {"id": SITE, "name": "New", "properties": {"localNetworkAddressSpace": {}}},
        },
        "tags": {},
    }
    assert await azurerm.until_done("PUT", CONNECTION, version, sent) == 201

    # plan: what it wrote is what it reads, also the key, which has an address of its own
    planned = (await read(CONNECTION))[1]
    kept = planned["properties"]
    ends = {"virtualNetworkGateway1": {"id": gateway["id"]}, "localNetworkGateway2": {"id": SITE}}
    wanted = {k: v for k, v in sent["properties"].items() if k != "sharedKey"} | ends
    assert {k: kept[k] for k in wanted} == wanted
    assert (kept["provisioningState"], planned["tags"], planned["id"]) == ("Succeeded", {}, CONNECTION)
    assert await read(f"{CONNECTION}/sharedkey") == (200, {"value": "k1"})
    shown = (await read(SITE))[1]["properties"]
    assert {k: shown[k] for k in site["properties"]} == site["properties"]

    # edit: it sends back what it has read, read-only values too, with its changes; then the key, and waits for Succeeded
    edited = {
        **planned,
        "properties": {**kept, "routingWeight": 20, "ipsecPolicies": [{**POLICY, "dhGroup": "ECP256"}]},
    }
    assert await azurerm.until_done("PUT", CONNECTION, version, edited) == 200
    assert await azurerm.until_done("PUT", f"{CONNECTION}/sharedkey", version, {"value": "k2"}) == 200
    for _ in range(10):
        again = (await read(CONNECTION))[1]
        if again["properties"]["provisioningState"] == "Succeeded":
            break
        azurerm.clock.step(15)

    # plan again
    assert {k: again["properties"][k] for k in wanted} == {
        **wanted,
        "routingWeight": 20,
        "ipsecPolicies": [{**POLICY, "dhGroup": "ECP256"}],
    }
    assert await read(f"{CONNECTION}/sharedkey") == (200, {"value": "k2"})

    # destroy
    for id_ in (CONNECTION, SITE):
        assert await azurerm.until_done("DELETE", id_, version) == 202
        assert (await read(id_))[0] == 404
