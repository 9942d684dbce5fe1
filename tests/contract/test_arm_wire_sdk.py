"""The unmodified Azure SDK against the simulator: whole operations, over TLS with the simulator's own authority."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.core.polling import AsyncLROPoller
from azure.identity.aio import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.network.aio import NetworkManagementClient

from azure_vpn_simulator.faults import FaultSpec
from azure_vpn_simulator.running import RunningSimulator, running_simulator

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
CLIENT = "33333333-3333-4333-8333-333333333333"
SECRET = "demo-only-client-secret"
SITE6_KEY = "Demo.Site6.Key.not.for.use"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/TestRG1/providers/Microsoft.Network"
POLICY = {
    "saLifeTimeSeconds": 30000,
    "saDataSizeKilobytes": 102400000,
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "pfsGroup": "None",
}


def site6(**properties: Any) -> dict[str, Any]:
    return {
        "location": "eastus",
        "properties": {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": f"{NETWORK}/virtualNetworkGateways/VNet1GW"},
            "localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/Site6"},
            **properties,
        },
    }


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("azure")


@pytest.fixture
async def azure(state_dir: Path) -> AsyncIterator[RunningSimulator]:
    # So fast that an operation is over at its first, immediate poll: waiting for a second one would take a real second.
    async with running_simulator("demo", state_dir=state_dir, time_scale=100_000) as running:
        yield running


@pytest.fixture
async def network(azure: RunningSimulator) -> AsyncIterator[NetworkManagementClient]:
    trust = str(azure.ca_file)
    credential = ClientSecretCredential(TENANT, CLIENT, SECRET, authority=azure.authority, connection_verify=trust)
    client = NetworkManagementClient(
        credential, SUBSCRIPTION, base_url=azure.endpoint, connection_verify=trust, retry_total=0, polling_interval=1
    )
    async with credential, client:
        yield client


async def create(network: NetworkManagementClient, name: str = "VNet1toSite6", **properties: Any) -> Any:
    body = site6(sharedKey=SITE6_KEY, **properties)
    poller = await network.virtual_network_gateway_connections.begin_create_or_update("TestRG1", name, body)
    return await poller.result()


async def test_a_connection_lives_through_create_read_replace_and_delete(network: NetworkManagementClient) -> None:
    connections = network.virtual_network_gateway_connections
    created = await create(network, ipsecPolicies=[POLICY])
    assert created.provisioning_state == "Succeeded"
    found = (await connections.get("TestRG1", "vnet1tosite6")).as_dict()
    assert found["name"] == "VNet1toSite6"
    assert found["properties"]["ipsecPolicies"] == [POLICY]
    assert found["properties"]["connectionProtocol"] == "IKEv2"
    assert found["properties"]["dpdTimeoutSeconds"] == 0
    assert "sharedKey" not in found["properties"]

    replaced = await connections.begin_create_or_update("TestRG1", "VNet1toSite6", site6())
    assert (await replaced.result()).as_dict()["properties"]["ipsecPolicies"] == []

    await (await connections.begin_delete("TestRG1", "VNet1toSite6")).result()
    with pytest.raises(ResourceNotFoundError) as missing:
        await connections.get("TestRG1", "VNet1toSite6")
    assert missing.value.error.code == "ResourceNotFound"
    await (await connections.begin_delete("TestRG1", "VNet1toSite6")).result()


async def test_a_write_without_polling_gives_the_updating_resource_at_once(network: NetworkManagementClient) -> None:
    connections = network.virtual_network_gateway_connections
    poller: AsyncLROPoller[Any] = await connections.begin_create_or_update(
        "TestRG1", "VNet1toSite6", site6(sharedKey=SITE6_KEY), polling=False
    )
    first = (await poller.result()).as_dict()["properties"]
    assert first["provisioningState"] == "Updating"
    assert "connectionStatus" not in first


async def test_the_tunnel_comes_up_and_its_counters_run(network: NetworkManagementClient) -> None:
    await create(network)
    for _ in range(50):
        shown = (await network.virtual_network_gateway_connections.get("TestRG1", "VNet1toSite6")).as_dict()[
            "properties"
        ]
        if shown.get("connectionStatus") == "Connected" and shown["ingressBytesTransferred"]:
            break
    assert shown["connectionStatus"] == "Connected"
    assert shown["ingressBytesTransferred"] > 0
    [tunnel] = shown["tunnelConnectionStatus"]
    assert tunnel["connectionStatus"] == "Connected"
    assert tunnel["lastConnectionEstablishedUtcTime"]


async def test_lists_leave_status_and_key_out(network: NetworkManagementClient) -> None:
    await create(network)
    connections = [c.as_dict() async for c in network.virtual_network_gateway_connections.list("TestRG1")]
    assert [c["name"] for c in connections] == ["VNet1toSite6"]
    of_gateway = [c.as_dict() async for c in network.virtual_network_gateways.list_connections("TestRG1", "VNet1GW")]
    assert [c["name"] for c in of_gateway] == ["VNet1toSite6"]
    for item in connections + of_gateway:
        assert {"connectionStatus", "sharedKey"}.isdisjoint(item["properties"])


async def test_pages_are_followed(network: NetworkManagementClient, azure: RunningSimulator) -> None:
    azure.simulator.azure.installation.update({"options": {"pageSize": 7}})
    names = [g.name async for g in network.local_network_gateways.list("FleetRG")]
    assert names == [f"site-{i:02}" for i in range(1, 21)]


async def test_the_shared_key_is_set_read_and_reset(network: NetworkManagementClient) -> None:
    connections = network.virtual_network_gateway_connections
    await create(network)
    await (await connections.begin_set_shared_key("TestRG1", "VNet1toSite6", {"value": "Another.Key"})).result()
    assert (await connections.get_shared_key("TestRG1", "VNet1toSite6")).value == "Another.Key"
    while (await connections.get("TestRG1", "VNet1toSite6")).provisioning_state != "Succeeded":
        pass
    await (await connections.begin_reset_shared_key("TestRG1", "VNet1toSite6", {"keyLength": 24})).result()
    value = (await connections.get_shared_key("TestRG1", "VNet1toSite6")).value
    assert len(value) == 24


async def test_tags_are_patched(network: NetworkManagementClient) -> None:
    await create(network)
    connections = network.virtual_network_gateway_connections
    await (await connections.begin_update_tags("TestRG1", "VNet1toSite6", {"tags": {"a": "b"}})).result()
    assert (await connections.get("TestRG1", "VNet1toSite6")).tags == {"a": "b"}


async def test_ike_sas_are_a_string_with_json(network: NetworkManagementClient) -> None:
    await create(network, ipsecPolicies=[POLICY])
    connections = network.virtual_network_gateway_connections
    while (await connections.get("TestRG1", "VNet1toSite6")).connection_status != "Connected":
        pass
    text = await (await connections.begin_get_ike_sas("TestRG1", "VNet1toSite6")).result()
    [sa] = json.loads(text)["IkeSAs"]
    assert (sa["Encryption"], sa["DhGroup"]) == ("AES256", "DHGroup24")
    assert sa["QuickModeSAs"][0]["PfsGroupId"] == "None"


async def test_a_connection_and_a_gateway_are_reset(network: NetworkManagementClient) -> None:
    await create(network)
    await (await network.virtual_network_gateway_connections.begin_reset_connection("TestRG1", "VNet1toSite6")).result()
    gateway = await (await network.virtual_network_gateways.begin_reset("TestRG1", "VNet1GW")).result()
    assert gateway.name == "VNet1GW"


async def test_gateways_are_read_and_listed(network: NetworkManagementClient) -> None:
    gateway = (await network.virtual_network_gateways.get("LabRG", "LegacyGW")).as_dict()["properties"]
    assert (gateway["sku"]["name"], gateway["vpnType"], gateway["gatewayType"]) == ("Basic", "PolicyBased", "Vpn")
    assert {g.name async for g in network.virtual_network_gateways.list("LabRG")} == {"LabGW", "LegacyGW"}
    site = await network.local_network_gateways.get("TestRG1", "Site6")
    assert site.gateway_ip_address == "203.0.113.6"
    vnet = await network.virtual_networks.get("TestRG1", "TestVNet1")
    assert vnet.address_space.address_prefixes == ["10.11.0.0/16", "10.12.0.0/16"]


async def test_bgp_peers_are_read(network: NetworkManagementClient) -> None:
    result = await (await network.virtual_network_gateways.begin_get_bgp_peer_status("TestRG1", "VNet1GW")).result()
    assert result.value == []


async def test_a_busy_gateway_is_a_conflict_with_azures_code(
    network: NetworkManagementClient, azure: RunningSimulator
) -> None:
    azure.simulator.clock.set_scale(1)
    connections = network.virtual_network_gateway_connections
    body = site6(sharedKey=SITE6_KEY)
    await connections.begin_create_or_update("TestRG1", "VNet1toSite6", body, polling=False)
    with pytest.raises(ResourceExistsError) as refused:
        await connections.begin_create_or_update("TestRG1", "VNet1toSite6", body, polling=False)
    assert refused.value.error.code == "AnotherOperationInProgress"


async def test_a_failed_operation_raises_with_the_services_code(
    network: NetworkManagementClient, azure: RunningSimulator
) -> None:
    azure.simulator.faults.add(FaultSpec.model_validate({"action": "failOperation", "code": "GatewayBroken"}))
    with pytest.raises(HttpResponseError) as failed:
        await create(network)
    assert failed.value.error.code == "GatewayBroken"
    found = await network.virtual_network_gateway_connections.get("TestRG1", "VNet1toSite6")
    assert found.provisioning_state == "Failed"


async def test_a_key_that_may_not_be_read_is_an_array(
    network: NetworkManagementClient, azure: RunningSimulator
) -> None:
    await create(network)
    rights = [{"actions": ["*/read"]}]
    azure.simulator.azure.installation.update({"principals": [{"name": "demo", "rights": rights}]})
    key = await network.virtual_network_gateway_connections.get_shared_key("TestRG1", "VNet1toSite6")
    assert key["value"] == []


async def test_a_continuation_token_takes_an_operation_up_again(network: NetworkManagementClient) -> None:
    connections = network.virtual_network_gateway_connections
    body = site6(sharedKey=SITE6_KEY)
    poller = await connections.begin_create_or_update("TestRG1", "VNet1toSite6", body)
    token = poller.continuation_token()
    again: AsyncLROPoller[Any] = await connections.begin_create_or_update(
        "TestRG1", "VNet1toSite6", {}, continuation_token=token
    )
    assert (await again.result()).provisioning_state == "Succeeded"
    await poller.result()


async def read_once(azure: RunningSimulator, credential: Any) -> str:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(credential)
        trust = str(azure.ca_file)
        client = NetworkManagementClient(
            credential, SUBSCRIPTION, base_url=azure.endpoint, connection_verify=trust, retry_total=0
        )
        await stack.enter_async_context(client)
        gateway = await client.virtual_network_gateways.get("TestRG1", "VNet1GW")
        return str(gateway.name)


def federated_token(subject: str) -> str:
    claims = {
        "aud": ["api://AzureADTokenExchange"],
        "sub": subject,
        "exp": 4102444800,
        "iss": "https://cluster.example",
    }
    return jwt.encode(claims, "the signature of the cluster is not looked at", algorithm="HS256")


@pytest.fixture
def environment(azure: RunningSimulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    token_file = tmp_path / "token"
    token_file.write_text(federated_token("system:serviceaccount:azvpn-system:azure-vpn-operator"))
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", azure.authority)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token_file))
    return monkeypatch


async def test_workload_identity_signs_in(azure: RunningSimulator, environment: pytest.MonkeyPatch) -> None:
    assert await read_once(azure, WorkloadIdentityCredential(connection_verify=str(azure.ca_file))) == "VNet1GW"


async def test_a_workload_that_is_not_known_is_refused(
    azure: RunningSimulator, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(federated_token("system:serviceaccount:default:default"))
    with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        await read_once(azure, WorkloadIdentityCredential(connection_verify=str(azure.ca_file)))


async def test_the_default_credential_finds_the_client_secret(
    azure: RunningSimulator, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AZURE_CLIENT_SECRET", SECRET)
    environment.setenv("AZURE_TOKEN_CREDENTIALS", "prod")
    assert await read_once(azure, DefaultAzureCredential(connection_verify=str(azure.ca_file))) == "VNet1GW"


async def test_a_managed_identity_signs_in(azure: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "demo-only-identity-header")
    assert await read_once(azure, ManagedIdentityCredential(connection_verify=str(azure.ca_file))) == "VNet1GW"


async def test_a_wrong_secret_is_refused_with_entras_number(azure: RunningSimulator) -> None:
    trust = str(azure.ca_file)
    credential = ClientSecretCredential(TENANT, CLIENT, "wrong", authority=azure.authority, connection_verify=trust)
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        await read_once(azure, credential)


async def test_without_its_authority_the_simulator_is_not_trusted(azure: RunningSimulator) -> None:
    credential = ClientSecretCredential(TENANT, CLIENT, SECRET, authority=azure.authority, retry_total=0)
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        await read_once(azure, credential)
