from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import Accepted, IkeSasAnswer, Pending
from support.world.simulated_azure import SimulatedAzure, body, connection_id

ACTION = "Microsoft.Network/connections/getikesas/action"


async def make_connection(azure: SimulatedAzure) -> None:
    assert isinstance(await azure.connections.put(connection_id(), body()), Accepted)
    azure.clock.step(120)


async def ask(azure: SimulatedAzure) -> Pending:
    asked = await azure.connections.get_ike_sas(connection_id())
    assert isinstance(asked, Pending)
    return asked


async def answer(azure: SimulatedAzure) -> IkeSasAnswer:
    await make_connection(azure)
    asked = await ask(azure)
    azure.clock.step(60)
    return await azure.connections.look_at_ike_sas(connection_id(), asked.url)


async def test_each_instance_of_the_gateway_has_an_sa_with_ends_and_age(azure: SimulatedAzure):
    found = await answer(azure)
    assert isinstance(found, tuple)
    assert [sa.remote_endpoint for sa in found] == ["203.0.113.6", "203.0.113.6"]
    assert len({sa.local_endpoint for sa in found}) == 2
    assert all(sa.has_child for sa in found)
    assert all(sa.elapsed_seconds is not None and 60 <= sa.elapsed_seconds <= 180 for sa in found)


async def test_a_finished_operation_without_location_has_the_same_answer(azure: SimulatedAzure):
    await make_connection(azure)
    asked = await ask(azure)
    azure.clock.step(60)
    url = asked.url.replace("/operationResults/", "/operations/")
    by_status = await azure.connections.look_at_ike_sas(connection_id(), url)
    assert by_status == await azure.connections.look_at_ike_sas(connection_id(), asked.url)
    assert isinstance(by_status, tuple)


async def test_answer_is_asked_for_once_and_looked_at_without_waiting(azure: SimulatedAzure):
    await make_connection(azure)
    asked = await ask(azure)
    assert asked.retry_after >= 1.0
    early = await azure.connections.look_at_ike_sas(connection_id(), asked.url)
    assert isinstance(early, Pending)
    seen = [(exchange.resource, exchange.method, exchange.quota) for exchange in azure.observer.exchanges]
    assert seen[-2:] == [("connections", "POST", "writes"), ("operations", "GET", "reads")]


async def test_missing_right_is_forbidden_and_named(azure: SimulatedAzure):
    await make_connection(azure)
    async with azure.session_as("reader") as session:
        result = await ArmConnections(session).get_ike_sas(connection_id())
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.FORBIDDEN
    assert ACTION.lower() in result.message.lower()


async def test_quota_that_is_used_up_is_throttling(azure: SimulatedAzure):
    await make_connection(azure)
    azure.fault("status", method="POST", status=429, code="SubscriptionRequestsThrottled", retryAfter=17)
    result = await azure.connections.get_ike_sas(connection_id())
    assert isinstance(result, Fault)
    assert (result.kind, result.retry_after) == (FaultKind.THROTTLED, 17)


async def test_action_that_fails_is_a_fault_with_azures_code(azure: SimulatedAzure):
    azure.fault("failOperation", method="POST", code="InternalServerError", message="no route to the instance")
    result = await answer(azure)
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.UNAVAILABLE, "InternalServerError")


async def test_answer_that_azure_does_not_know_is_not_found(azure: SimulatedAzure):
    await make_connection(azure)
    asked = await ask(azure)
    url = asked.url.replace("operationResults/", "operationResults/0")
    result = await azure.connections.look_at_ike_sas(connection_id(), url)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.NOT_FOUND


async def test_address_on_another_host_is_not_followed(azure: SimulatedAzure):
    result = await azure.connections.look_at_ike_sas(connection_id(), "https://elsewhere.test/operationResults/1")
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNSUPPORTED
