"""What goes wrong between us and Azure, seen from above the port: one value, one request, and no key in it."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, SharedKey, Unreadable
from azure_vpn_operator.ports import Accepted
from support.world.simulated_azure import (
    GROUP,
    KEY,
    SECRET,
    SUBSCRIPTION,
    SimulatedAzure,
    body,
    connection_id,
    gateway_id,
    simulated_azure,
)


async def put_fault(azure: SimulatedAzure, **properties: object) -> Fault:
    result = await azure.connections.put(connection_id(), body(**properties))
    assert isinstance(result, Fault), result
    return result


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        pytest.param({"status": 409, "code": "ScopeLocked"}, FaultKind.LOCKED, "ScopeLocked", id="management lock"),
        pytest.param({"status": 412, "code": "PreconditionFailed"}, FaultKind.CONFLICT, "PreconditionFailed", id="412"),
        pytest.param(
            {"status": 429, "code": "SubscriptionRequestsThrottled", "retryAfter": 17},
            FaultKind.THROTTLED,
            "SubscriptionRequestsThrottled",
            id="quota",
        ),
        pytest.param({"status": 503, "code": "ServerTimeout"}, FaultKind.UNAVAILABLE, "ServerTimeout", id="5xx"),
        pytest.param({"status": 401, "code": "InvalidAuthenticationToken"}, FaultKind.UNAUTHENTICATED, None, id="401"),
        pytest.param({"status": 400, "code": "InvalidParameter"}, FaultKind.REJECTED, "InvalidParameter", id="400"),
        pytest.param({"status": 404, "code": "ResourceGroupNotFound"}, FaultKind.NOT_FOUND, None, id="group missing"),
    ],
)
async def test_each_answer_of_azure_is_one_kind(
    azure: SimulatedAzure, fault: dict[str, Any], kind: FaultKind, code: str | None
):
    azure.fault("status", message="as told", **fault)
    result = await put_fault(azure)
    assert result.kind is kind
    assert result.code == (code or fault["code"])
    assert result.message == "as told"
    assert result.retry_after == fault.get("retryAfter")


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        pytest.param("reset", FaultKind.UNAVAILABLE, id="connection reset"),
        pytest.param("html", FaultKind.UNAVAILABLE, id="a load balancer's page"),
        pytest.param("garbage", FaultKind.UNREADABLE, id="cut JSON"),
        pytest.param("empty", FaultKind.UNREADABLE, id="nothing at all where a document belongs"),
    ],
)
async def test_reads_without_a_usable_answer_are_unreadable(azure: SimulatedAzure, action: str, kind: FaultKind):
    await azure.connections.put(connection_id(), body())
    azure.fault(action)
    for result in (
        await azure.connections.get(connection_id()),
        await azure.connections.list_group(SUBSCRIPTION, GROUP),
        await azure.connections.list_of_gateway(gateway_id()),
        await azure.gateways.get_gateway(gateway_id()),
    ):
        assert isinstance(result, Unreadable), result
        assert result.fault.kind is kind


@pytest.mark.parametrize("action", ["reset", "html", "garbage"])
async def test_write_without_a_usable_answer_may_have_happened(azure: SimulatedAzure, action: str):
    azure.fault(action, method="PUT")
    assert (await put_fault(azure)).outcome_unknown


async def test_lost_answer_leaves_the_write_done_and_is_not_sent_again(azure: SimulatedAzure):
    azure.fault("dropAfterProcessing", method="PUT")
    fault = await put_fault(azure)
    azure.clock.step(120)
    assert fault.kind is FaultKind.UNAVAILABLE
    assert isinstance(await azure.connections.get(connection_id()), Present)
    assert len(azure.writes()) == 1


async def test_answer_that_never_comes_ends_with_the_time_limit(azure: SimulatedAzure):
    azure.fault("hang")
    started = time.monotonic()
    async with azure.session_as("operator", read_timeout=0.3) as session:
        result = await ArmConnections(session).get(connection_id())
    assert isinstance(result, Unreadable)
    assert (result.fault.kind, result.fault.code) == (FaultKind.UNAVAILABLE, "Timeout")
    assert time.monotonic() - started < 5


async def test_whole_call_is_limited_not_only_each_part_of_it(azure: SimulatedAzure):
    azure.fault("hang")
    async with azure.session_as("operator", call_timeout=0.3) as session:
        result = await ArmConnections(session).get(connection_id())
    assert isinstance(result, Unreadable)
    assert (result.fault.kind, result.fault.code) == (FaultKind.UNAVAILABLE, "Timeout")


@pytest.mark.parametrize("status", [409, 429, 500, 503])
async def test_nothing_is_sent_twice_whatever_retry_after_says(azure: SimulatedAzure, status: int):
    azure.fault("status", status=status, code="RetryableError", retryAfter=1)
    await put_fault(azure)
    assert len(azure.writes()) == 1


async def test_lock_of_the_gateway_is_busy_by_both_of_azures_names(simulator_state: Path):
    for answer in ("AnotherOperationInProgress", "RetryableError"):
        async with simulated_azure(simulator_state, gatewayBusyAnswer=answer) as azure:
            await azure.connections.put(connection_id("first"), body())
            fault = await put_fault(azure)
            assert (fault.kind, fault.code) == (FaultKind.BUSY, answer)


async def test_locks_by_different_operations_read_equal(azure: SimulatedAzure):
    faults = []
    for name in ("first", "second"):
        await azure.connections.put(connection_id(name), body())
        faults.append(await put_fault(azure))
        azure.clock.step(120)
    assert (faults[0].kind, faults[0].message) == (faults[1].kind, faults[1].message)
    assert faults[0].message


async def test_missing_right_quotes_the_action(azure: SimulatedAzure):
    async with azure.session_as("reader") as session:
        fault = await ArmConnections(session).put(connection_id(), body())
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.FORBIDDEN
    assert "Microsoft.Network/connections/write" in fault.message


async def test_management_lock_is_quoted(azure: SimulatedAzure):
    await azure.connections.put(connection_id(), body())
    azure.clock.step(60)
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    azure.change(locks=[{"name": "keep-it", "scope": scope, "level": "CanNotDelete"}])
    fault = await azure.connections.delete(connection_id())
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.LOCKED
    assert "lock" in fault.message


async def test_azure_policy_is_quoted(azure: SimulatedAzure):
    scope = f"/subscriptions/{SUBSCRIPTION}"
    azure.change(policies=[{"name": "no-such-thing", "scope": scope, "effect": "Deny", "unlessTag": "approved"}])
    fault = await put_fault(azure)
    assert fault.kind is FaultKind.DENIED_BY_POLICY
    assert "no-such-thing" in fault.message


async def test_gateway_named_in_the_body_that_does_not_exist_is_not_found(azure: SimulatedAzure):
    fault = await put_fault(azure, virtualNetworkGateway1={"id": str(gateway_id("Nobody"))})
    assert fault.kind is FaultKind.NOT_FOUND


async def test_quota_is_told_with_each_answer_and_runs_out_as_throttling(simulator_state: Path):
    throttling = {"reads": {"size": 3, "refillPerSecond": 0.001}}
    async with simulated_azure(simulator_state, throttling=throttling) as azure:
        for _ in range(3):
            await azure.gateways.get_gateway(gateway_id())
        result = await azure.gateways.get_gateway(gateway_id())
        assert isinstance(result, Unreadable)
        assert result.fault.kind is FaultKind.THROTTLED
        assert result.fault.retry_after is not None
        assert result.fault.retry_after > 1
        assert [exchange.principal_remaining for exchange in azure.observer.exchanges][:3] == [2, 1, 0]
        last = azure.observer.exchanges[-1]
        assert (last.quota, last.response_code, last.fault) == ("reads", 429, result.fault)


async def test_a_404_of_resource_manager_tells_nothing_of_the_quota(azure: SimulatedAzure):
    await azure.connections.get(connection_id())
    [exchange] = azure.observer.exchanges
    assert (exchange.response_code, exchange.principal_remaining) == (404, None)


async def test_each_request_is_reported_once_with_its_resource(azure: SimulatedAzure):
    accepted = await azure.connections.put(connection_id(), body())
    assert isinstance(accepted, Accepted)
    await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    azure.clock.step(120)
    await azure.connections.get(connection_id())
    await azure.connections.get_shared_key(connection_id())
    await azure.gateways.get_gateway(gateway_id())
    azure.fault("reset")
    await azure.connections.delete(connection_id())
    assert [(seen.resource, seen.method, seen.quota, seen.response_code) for seen in azure.observer.exchanges] == [
        ("connections", "PUT", "writes", 201),
        ("operations", "GET", "reads", 200),
        ("connections", "GET", "reads", 200),
        ("sharedKey", "GET", "reads", 200),
        ("virtualNetworkGateways", "GET", "reads", 200),
        ("connections", "DELETE", "deletes", "ConnectionFailed"),
    ]
    assert {seen.subscription for seen in azure.observer.exchanges} == {SUBSCRIPTION}
    assert all(seen.seconds >= 0 for seen in azure.observer.exchanges)


async def test_unreachable_endpoint_is_unavailable(azure: SimulatedAzure):
    async with azure.session_as("operator", endpoint="https://127.0.0.1:9", audience=azure.running.endpoint) as session:
        fault = await ArmConnections(session).put(connection_id(), body())
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.UNAVAILABLE


@pytest.mark.parametrize(
    "ca_file",
    [pytest.param("", id="our own authority is not trusted"), pytest.param("/nonexistent", id="no such file")],
)
async def test_certificate_that_cannot_be_checked_is_unavailable_and_nothing_is_sent(
    azure: SimulatedAzure, ca_file: str
):
    async with azure.session_as("operator", ca_file=ca_file) as session:
        fault = await ArmConnections(session).put(connection_id(), body())
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.UNAVAILABLE
    assert azure.journal() == []


async def test_closed_session_answers_that_it_is_closed(azure: SimulatedAzure):
    await azure.connections.get(connection_id())
    await azure.session.close()
    result = await azure.connections.get(connection_id())
    assert isinstance(result, Unreadable)
    assert (result.fault.kind, result.fault.code) == (FaultKind.UNAVAILABLE, "Closed")


async def test_no_key_and_no_token_gets_into_logs_errors_or_texts(
    simulator_state: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    async with simulated_azure(simulator_state, echoSharedKey=True, token_lifetime_seconds=3600) as azure:
        shown.append(repr(await azure.connections.put(connection_id(), body())))
        azure.clock.step(120)
        shown.append(repr(await azure.connections.get(connection_id())))
        shown.append(repr(await azure.connections.get_shared_key(connection_id())))
        shown.append(repr(await azure.connections.put_shared_key(connection_id(), SharedKey("Rotated.Canary.4711"))))
        azure.clock.step(120)
        azure.fault(
            "status", status=400, code="BadKey", message=f"{'x' * 590} the key {KEY} or Rotated.Canary.4711 is bad"
        )
        shown.append(repr(await azure.connections.put(connection_id(), body())))
        azure.clear_faults()
        azure.fault("failOperation", message=f"the key {KEY} does not fit")
        accepted = await azure.connections.put(connection_id(), body())
        azure.clock.step(120)
        shown.append(repr(await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)))
        shown += [repr(azure.observer.exchanges), repr(azure.session.__dict__), repr(azure.settings())]
        azure.fault("reset")
        shown.append(repr(await azure.connections.put(connection_id(), body())))
    shown += [record.getMessage() + repr(record.args) + repr(record.exc_info) for record in caplog.records]
    text = "\n".join(shown)
    assert "PUT" in text, "the SDK logs its requests at this level, so the test has something to look at"
    for secret in (KEY, KEY[:8], "Rotated.Canary", SECRET, "Bearer ey"):
        assert secret not in text


async def test_cancellation_passes_through_and_leaves_nothing_behind(azure: SimulatedAzure):
    azure.fault("hang")
    task = asyncio.create_task(azure.connections.get(connection_id()))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    azure.clear_faults()
    assert await azure.connections.get(connection_id()) == Absent()


async def test_closing_ends_calls_that_are_under_way(azure: SimulatedAzure):
    azure.fault("hang")
    session = azure.session_as("operator")
    task = asyncio.create_task(ArmConnections(session).get(connection_id()))
    await asyncio.sleep(0.3)
    await session.close()
    result = await asyncio.wait_for(task, timeout=5)
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.UNAVAILABLE


async def test_many_first_calls_at_once_share_one_token(azure: SimulatedAzure):
    results = await asyncio.gather(*(azure.connections.get(connection_id(f"c{number}")) for number in range(40)))
    assert set(results) == {Absent()}
    assert sum("/oauth2/" in entry["path"] for entry in azure.journal()) == 1
