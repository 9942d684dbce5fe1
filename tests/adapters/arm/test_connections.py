"""Every method of the connections port, against the simulator over TLS with the SDK's own pipeline."""

from pathlib import Path

import pytest

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, SharedKey, Unreadable
from azure_vpn_operator.ports import Accepted, GatewayUse, OperationState, OperationStatus
from support.world.simulated_azure import (
    GROUP,
    KEY,
    SUBSCRIPTION,
    SimulatedAzure,
    body,
    connection_id,
    gateway_id,
    simulated_azure,
)


async def created(azure: SimulatedAzure, name: str = "c1", **properties: object) -> None:
    result = await azure.connections.put(connection_id(name), body(**properties))
    assert isinstance(result, Accepted), result
    azure.clock.step(60)


async def test_created_connection_is_read_back_with_its_tunnel(azure: SimulatedAzure):
    result = await azure.connections.put(connection_id(), body(routingWeight=3))
    assert isinstance(result, Accepted)
    assert result.operation_url
    assert result.retry_after >= 1
    while_creating = await azure.connections.get(connection_id())
    azure.clock.step(120)
    after = await azure.connections.get(connection_id())
    match while_creating, after:
        case Present(early), Present(late):
            assert not early.settled
            assert late.settled
            assert late.id == connection_id()
            assert late.connection_status == "Connected"
            assert late.tunnels
            assert (late.routing_weight, late.tags, late.location) == (3, {"team": "network"}, "eastus")
        case _:
            pytest.fail(f"{while_creating} {after}")


async def test_operation_is_followed_from_start_to_end(azure: SimulatedAzure):
    accepted = await azure.connections.put(connection_id(), body())
    assert isinstance(accepted, Accepted)
    running = await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    azure.clock.step(120)
    ended = await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    assert running == OperationState(OperationStatus.IN_PROGRESS, retry_after=10.0)
    assert ended.status is OperationStatus.SUCCEEDED


async def test_failed_operation_tells_azures_code(azure: SimulatedAzure):
    azure.fault("failOperation", method="PUT", code="InternalServerError", message="An error occurred.")
    accepted = await azure.connections.put(connection_id(), body())
    azure.clock.step(120)
    state = await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    assert state.status is OperationStatus.FAILED
    assert (state.fault.kind, state.fault.code, state.fault.message) == (
        FaultKind.UNAVAILABLE,
        "InternalServerError",
        "An error occurred.",
    )


async def test_stuck_operation_stays_in_progress(azure: SimulatedAzure):
    azure.fault("stuckOperation", method="PUT")
    accepted = await azure.connections.put(connection_id(), body())
    azure.clock.step(1800)
    state = await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    assert state.status is OperationStatus.IN_PROGRESS


async def test_operation_that_azure_forgot_is_gone(azure: SimulatedAzure):
    accepted = await azure.connections.put(connection_id(), body())
    path, _, query = accepted.operation_url.partition("?")
    unknown = f"{path.rpartition('/')[0]}/00000000-0000-4000-8000-000000000000?{query}"
    assert (await azure.connections.poll(unknown, SUBSCRIPTION)).status is OperationStatus.GONE


async def test_long_opaque_operation_address_is_followed_verbatim(simulator_state: Path):
    async with simulated_azure(simulator_state, opaqueOperationUrls=True) as azure:
        accepted = await azure.connections.put(connection_id(), body())
        assert len(accepted.operation_url) > 2000
        azure.clock.step(120)
        assert (await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)).status is OperationStatus.SUCCEEDED


async def test_operation_on_another_host_is_not_followed(azure: SimulatedAzure):
    before = len(azure.journal())
    result = await azure.connections.poll("https://evil.test/operations/1?api-version=x", SUBSCRIPTION)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNSUPPORTED
    assert len(azure.journal()) == before


async def test_missing_connection_is_absent(azure: SimulatedAzure):
    assert await azure.connections.get(connection_id("nobody")) == Absent()


async def test_connection_of_a_missing_group_is_absent(azure: SimulatedAzure):
    assert await azure.connections.get(connection_id("c1", "NoSuchGroup")) == Absent()


async def test_connection_of_an_unknown_subscription_is_a_fault_not_absence(azure: SimulatedAzure):
    elsewhere = ArmId.build("99999999-9999-4999-8999-999999999999", GROUP, "connections", "c1")
    result = await azure.connections.get(elsewhere)
    assert isinstance(result, Unreadable)
    assert (result.fault.kind, result.fault.code) == (FaultKind.NOT_FOUND, "SubscriptionNotFound")


async def test_list_has_every_page_and_no_tunnel_state(simulator_state: Path):
    async with simulated_azure(simulator_state, pageSize=2) as azure:
        for number in range(5):
            await created(azure, f"c{number}")
        before = len(azure.journal())
        match await azure.connections.list_group(SUBSCRIPTION, GROUP):
            case Present(found):
                assert sorted(item.id.name for item in found) == [f"c{number}" for number in range(5)]
                assert {item.connection_status for item in found} == {None}
            case other:
                pytest.fail(str(other))
        assert len(azure.journal()) - before == 3


async def test_list_of_an_empty_group_is_empty_and_of_a_missing_one_absent(azure: SimulatedAzure):
    assert await azure.connections.list_group(SUBSCRIPTION, GROUP) == Present(())
    assert await azure.connections.list_group(SUBSCRIPTION, "NoSuchGroup") == Absent()


async def test_gateway_lists_who_uses_it_and_how_they_stand(azure: SimulatedAzure):
    await created(azure, "settled")
    await azure.connections.put(connection_id("busy"), body())
    match await azure.connections.list_of_gateway(gateway_id()):
        case Present(uses):
            states = {ArmId.parse(use.connection_id).name: use.provisioning_state for use in uses}
            assert states == {"settled": "Succeeded", "busy": "Updating"}
        case other:
            pytest.fail(str(other))


async def test_unused_gateway_has_no_users_and_a_missing_one_is_absent(azure: SimulatedAzure):
    assert await azure.connections.list_of_gateway(gateway_id("GW2")) == Present(())
    assert await azure.connections.list_of_gateway(gateway_id("Nobody")) == Absent()


@pytest.mark.parametrize(
    "status", [pytest.param(200, id="done at once"), pytest.param(202, id="as an operation of its own")]
)
async def test_tags_are_replaced_and_nothing_else_changes(simulator_state: Path, status: int):
    async with simulated_azure(simulator_state, tagsPatchAnswer=status) as azure:
        await created(azure, routingWeight=7)
        result = await azure.connections.patch_tags(connection_id(), {"azvpn-owner": "a/b/c"})
        assert isinstance(result, Accepted)
        assert (result.operation_url is not None) is (status == 202)
        azure.clock.step(60)
        match await azure.connections.get(connection_id()):
            case Present(live):
                assert (live.tags, live.routing_weight) == ({"azvpn-owner": "a/b/c"}, 7)
            case other:
                pytest.fail(str(other))


async def test_deleted_connection_is_gone_when_its_operation_ends(azure: SimulatedAzure):
    await created(azure)
    accepted = await azure.connections.delete(connection_id())
    assert isinstance(accepted, Accepted)
    azure.clock.step(120)
    assert (await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)).status is OperationStatus.SUCCEEDED
    assert await azure.connections.get(connection_id()) == Absent()


async def test_deletion_can_also_be_followed_by_its_location(azure: SimulatedAzure):
    await created(azure)
    accepted = await azure.connections.delete(connection_id())
    location = accepted.operation_url.replace("/operations/", "/operationResults/")
    running = await azure.connections.poll(location, SUBSCRIPTION)
    azure.clock.step(120)
    ended = await azure.connections.poll(location, SUBSCRIPTION)
    assert [running.status, ended.status] == [OperationStatus.IN_PROGRESS, OperationStatus.SUCCEEDED]


@pytest.mark.parametrize(
    "group", [pytest.param(GROUP, id="missing connection"), pytest.param("NoSuchGroup", id="missing group")]
)
async def test_deleting_what_does_not_exist_succeeds(azure: SimulatedAzure, group: str):
    result = await azure.connections.delete(connection_id("nobody", group))
    assert result == Accepted(operation_url=None, retry_after=0.0)


async def test_shared_key_is_read_and_set(azure: SimulatedAzure):
    await created(azure)
    before = await azure.connections.get_shared_key(connection_id())
    accepted = await azure.connections.put_shared_key(connection_id(), SharedKey("Another.Canary.4711"))
    assert isinstance(accepted, Accepted)
    azure.clock.step(60)
    after = await azure.connections.get_shared_key(connection_id())
    assert (before, after) == (Present(SharedKey(KEY)), Present(SharedKey("Another.Canary.4711")))


async def test_shared_key_of_a_missing_connection_is_absent(azure: SimulatedAzure):
    assert await azure.connections.get_shared_key(connection_id("nobody")) == Absent()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("emptyArray", id="200 with a list where the key should be"),
        pytest.param("error", id="500 InternalServerError"),
    ],
)
async def test_key_that_may_not_be_read_is_forbidden_however_azure_says_it(simulator_state: Path, answer: str):
    async with simulated_azure(simulator_state, sharedKeyWithoutRight=answer) as azure:
        await created(azure)
        async with azure.session_as("keyless") as session:
            result = await ArmConnections(session).get_shared_key(connection_id())
        assert isinstance(result, Unreadable)
        assert result.fault.kind is FaultKind.FORBIDDEN
        assert "Microsoft.Network/connections/sharedKey/action" in result.fault.message


async def test_wrong_type_of_a_key_is_forbidden_too(azure: SimulatedAzure):
    await created(azure)
    azure.fault("wrongTypeSharedKey")
    result = await azure.connections.get_shared_key(connection_id())
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.FORBIDDEN


async def test_vnet_to_vnet_connection_is_read_with_both_gateways(azure: SimulatedAzure):
    properties = {
        "connectionType": "Vnet2Vnet",
        "localNetworkGateway2": None,
        "virtualNetworkGateway2": {"id": str(gateway_id("GW2"))},
    }
    document = body(**properties)
    del document["properties"]["localNetworkGateway2"]
    await azure.connections.put(connection_id(), document)
    match await azure.connections.get(connection_id()):
        case Present(live):
            assert live.gateway_id.lower().endswith("/gw1")
            assert live.peer_gateway_id is not None
            assert live.peer_gateway_id.lower().endswith("/gw2")
        case other:
            pytest.fail(str(other))


async def test_use_of_a_gateway_is_a_plain_value(azure: SimulatedAzure):
    await created(azure)
    assert await azure.connections.list_of_gateway(gateway_id()) == Present(
        (GatewayUse(str(connection_id()), "Succeeded"),)
    )
