import pytest

from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import Accepted, BgpAnswer, Pending
from support.world.simulated_azure import SimulatedAzure, body, connection_id, gateway_id

ACTION = "Microsoft.Network/virtualNetworkGateways/getBgpPeerStatus/action"


async def ask(azure: SimulatedAzure) -> Pending:
    asked = await azure.gateways.ask_bgp_sessions(gateway_id())
    assert isinstance(asked, Pending)
    return asked


async def answer(azure: SimulatedAzure) -> BgpAnswer:
    asked = await ask(azure)
    azure.clock.step(60)
    return await azure.gateways.look_at_bgp_sessions(gateway_id(), asked.url)


async def make_connection(azure: SimulatedAzure) -> None:
    assert isinstance(await azure.connections.put(connection_id(), body(enableBgp=True)), Accepted)
    azure.clock.step(120)


async def test_sessions_are_told_for_each_instance_of_the_gateway(azure: SimulatedAzure):
    await make_connection(azure)
    assert await answer(azure) == (
        BgpSession("10.1.0.4", "10.6.0.1", 65100, "Connected"),
        BgpSession("10.1.0.5", "10.6.0.1", 65100, "Connected"),
    )


async def test_routes_are_told_and_make_no_session_another_one(azure: SimulatedAzure):
    await make_connection(azure)
    found = await answer(azure)
    assert isinstance(found, tuple)
    assert [session.routes_received for session in found] == [1, 1]
    assert found[0] == BgpSession(found[0].local_address, found[0].neighbor, found[0].asn, found[0].state, 99)


async def test_sessions_of_a_tunnel_that_is_down_are_not_connected(azure: SimulatedAzure):
    azure.change(
        subscriptions=[
            {
                "id": connection_id().subscription,
                "resourceGroups": [
                    {"name": "TestRG1", "localNetworkGateways": [{"name": "Site6", "device": {"outage": True}}]}
                ],
            }
        ]
    )
    await make_connection(azure)
    found = await answer(azure)
    assert isinstance(found, tuple)
    assert {session.state for session in found} == {"Connecting"}
    assert [session.routes_received for session in found] == [0, 0]


async def test_answer_is_asked_for_once_and_looked_at_without_waiting(azure: SimulatedAzure):
    asked = await ask(azure)
    assert asked.retry_after >= 1.0
    early = await azure.gateways.look_at_bgp_sessions(gateway_id(), asked.url)
    assert isinstance(early, Pending)
    requests = [(entry["method"], entry["path"].rpartition("/")[0]) for entry in azure.journal()]
    assert [method for method, path in requests if path.startswith("/subscriptions/")] == ["POST", "GET"]


async def test_answer_can_be_looked_at_again(azure: SimulatedAzure):
    asked = await ask(azure)
    azure.clock.step(60)
    first = await azure.gateways.look_at_bgp_sessions(gateway_id(), asked.url)
    assert first == await azure.gateways.look_at_bgp_sessions(gateway_id(), asked.url) == ()


async def test_question_is_seen_as_a_write_and_the_look_as_a_read(azure: SimulatedAzure):
    await answer(azure)
    seen = [(exchange.resource, exchange.method, exchange.quota) for exchange in azure.observer.exchanges]
    assert seen == [("virtualNetworkGateways", "POST", "writes"), ("operations", "GET", "reads")]


async def test_missing_right_is_forbidden_and_named(azure: SimulatedAzure):
    async with azure.session_as("reader") as session:
        result = await ArmGateways(session).ask_bgp_sessions(gateway_id())
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.FORBIDDEN
    assert ACTION.lower() in result.message.lower()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_quota_that_is_used_up_is_throttling(azure: SimulatedAzure, method: str):
    asked = await ask(azure)
    azure.fault("status", method=method, status=429, code="SubscriptionRequestsThrottled", retryAfter=17)
    if method == "POST":
        result = await azure.gateways.ask_bgp_sessions(gateway_id())
    else:
        result = await azure.gateways.look_at_bgp_sessions(gateway_id(), asked.url)
    assert isinstance(result, Fault)
    assert (result.kind, result.retry_after) == (FaultKind.THROTTLED, 17)


async def test_action_that_fails_is_a_fault_with_azures_code(azure: SimulatedAzure):
    azure.fault("failOperation", method="POST", code="InternalServerError", message="no route to the instance")
    result = await answer(azure)
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.UNAVAILABLE, "InternalServerError")
    assert "no route" in result.message


async def test_answer_that_azure_does_not_know_is_not_found(azure: SimulatedAzure):
    asked = await ask(azure)
    url = asked.url.replace("operationResults/", "operationResults/0")
    result = await azure.gateways.look_at_bgp_sessions(gateway_id(), url)
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.NOT_FOUND


async def test_address_on_another_host_is_not_followed(azure: SimulatedAzure):
    result = await azure.gateways.look_at_bgp_sessions(gateway_id(), "https://elsewhere.test/operationResults/1")
    assert isinstance(result, Fault)
    assert result.kind is FaultKind.UNSUPPORTED
