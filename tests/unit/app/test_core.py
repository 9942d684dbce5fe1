"""The core as the process sees it: what the metrics show, what feeds the budget, and how workers behave."""

import asyncio

import pytest

from azure_vpn_operator.app.factory import _ArmTelemetry, _stuck_pass, _unready
from azure_vpn_operator.app.fleet import FleetReader
from azure_vpn_operator.arm.observer import Exchange
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Read
from azure_vpn_operator.reconcile.request_budget import LOGS, Quota
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.telemetry.metrics import Metrics
from support.world.core import CONNECTION, KEY, POLICY, SUBSCRIPTION, CoreHarness, Interference


def sampler(world: CoreHarness) -> FleetReader:
    return FleetReader(world.core, Supervisor(world.clock), installation="it")


async def test_the_fleet_is_sampled_from_the_store(world: CoreHarness):
    sample = sampler(world).sample()
    (connection,) = sample.connections
    assert (connection.namespace, connection.name, connection.connected) == ("network", "site6", True)
    assert ("Ready", "True", "UpToDate") in {(c.type, c.status, c.reason) for c in connection.conditions}
    (policy,) = sample.policies
    assert (policy.name, policy.references) == ("site6", 1)
    assert sample.cache_objects == {CONNECTION: 1, POLICY: 1}
    assert sample.changes is not None
    assert sample.changes.operations_in_progress == 0


@pytest.mark.parametrize(("tunnel", "connected"), [("NotConnected", False), ("Connecting", False), ("Odd", None)])
async def test_a_tunnel_that_is_not_known_to_be_up_or_down_is_neither(
    world: CoreHarness, tunnel: str, connected: bool | None
):
    world.live("VNet1toSite6").tunnel = tunnel
    await world.settle()
    assert [c.connected for c in sampler(world).sample().connections] == [connected]


async def test_running_operations_are_counted(world: CoreHarness):
    world.edit(CONNECTION, "site6", routingWeight=1)
    await world.advance(3.0)
    changes = sampler(world).sample().changes
    assert changes is not None
    assert changes.operations_in_progress == 1
    assert list(changes.lines.values()) == [0], "the gateway is busy, and nobody waits"


async def test_an_object_that_nobody_has_looked_at_yet_is_sampled_too(world: CoreHarness):
    document = world.document("site6")
    assert document is not None
    document["metadata"] |= {"name": "new", "uid": "new"}
    del document["status"]
    reader = sampler(world)
    reader.note(world.core.seen)(CONNECTION, document, False)
    sample = reader.sample()
    assert {connection.name for connection in sample.connections} == {"site6", "new"}
    assert sample.watch_last_event_age == {CONNECTION: 0.0}
    world.clock.jump(5.0)
    assert reader.sample().watch_last_event_age == {CONNECTION: 5.0}


async def test_every_pass_is_counted(world: CoreHarness):
    page = world.lives[-1].metrics.render()[0].decode()
    assert 'controller_runtime_reconcile_total{controller="vpnconnection"' in page
    assert 'controller_runtime_reconcile_total{controller="ipsecpolicy"' in page
    assert KEY not in page


async def test_a_core_is_ready_once_everything_is_listed():
    world = CoreHarness()
    world.cluster.fault = Fault(FaultKind.UNAVAILABLE, "Away", "")
    await world.start()
    assert _unready(world.core) == ("the objects have not been listed yet",)
    world.cluster.fault = None
    await world.advance(6.0)
    assert _unready(world.core) == ()
    await world.stop()


async def test_a_pass_that_does_not_end_is_noticed(world: CoreHarness):
    assert _stuck_pass(world.core) is None
    never = asyncio.Event()
    get = world.azure.get

    async def hang(connection: ArmId) -> Read[LiveConnection]:
        await never.wait()
        return await get(connection)

    world.azure.get = hang  # type: ignore[method-assign]
    await world.restart()
    await world.advance(800.0)
    assert _stuck_pass(world.core) is None
    await world.advance(200.0)
    assert "1000 s" in str(_stuck_pass(world.core))


async def test_workers_end_when_the_queue_is_shut_down(world: CoreHarness):
    world.core.queue.shutdown()
    await world.clock.settle()
    workers = world.lives[-1].tasks[-len(world.core.workers) :]
    assert all(task.done() and task.exception() is None for task in workers)


async def test_a_pass_that_fails_unexpectedly_is_repeated_later_and_later(
    world: CoreHarness, caplog: pytest.LogCaptureFixture
):
    world.interfere = lambda _n, verb, _w: Interference(error=RuntimeError("a bug")) if verb == "get" else None
    world.edit(CONNECTION, "site6", routingWeight=1)
    world.forget_journals()
    await world.advance(300.0)
    tries = [verb for verb, _ in world.calls].count("get")
    assert 4 <= tries <= 12
    world.interfere = lambda _n, _verb, _w: None
    world.edit(CONNECTION, "site6", routingWeight=2)
    await world.advance(2.0)
    assert world.accepted() == {"put": 1}, "a change is looked at at once, whatever the delay"


@pytest.mark.slow
async def test_an_edit_goes_before_everything_that_was_found_at_the_start():
    world = CoreHarness(workers=1)
    for number in range(100):
        observed = {"azureName": f"c{number}", "resourceGroup": "TestRG1", "managementPolicy": "Observe"}
        world.apply(CONNECTION, f"o{number}", observed)
    await world.start()
    world.edit(CONNECTION, "o99", azureName="edited")
    await world.settle()
    looked_at = [what for verb, what in world.calls if verb == "get"]
    assert looked_at.index("edited") < 50
    await world.stop()


# -- what is seen of Azure's answers


def exchange(**changes: object) -> Exchange:
    facts = {
        "subscription": SUBSCRIPTION,
        "resource": "connections",
        "method": "GET",
        "response_code": 200,
        "seconds": 0.1,
        "remaining": {},
        "fault": None,
    }
    return Exchange(**(facts | changes))  # type: ignore[arg-type]


async def test_the_budget_follows_azures_headers(world: CoreHarness):
    telemetry = _ArmTelemetry(Metrics(version="1"), world.core.buckets)
    bucket = world.core.buckets.get(Quota(SUBSCRIPTION, "reads"))
    telemetry.seen(exchange(remaining={"subscription-reads": 7}))
    assert bucket.remaining == 7.0


@pytest.mark.parametrize(("retry_after", "blocked"), [(42.0, 42.0), (None, 10.0)])
async def test_a_refusal_for_quota_stops_requests_for_as_long_as_azure_says(
    world: CoreHarness, retry_after: float | None, blocked: float
):
    metrics = Metrics(version="1")
    fault = Fault(FaultKind.THROTTLED, "SubscriptionRequestsThrottled", "", retry_after)
    _ArmTelemetry(metrics, world.core.buckets).seen(exchange(response_code=429, fault=fault))
    assert world.core.buckets.get(Quota(SUBSCRIPTION, "reads")).blocked_for == blocked
    assert "SubscriptionRequestsThrottled" in metrics.render()[0].decode()


async def test_bytes_that_come_in_change_the_status_once_and_never_a_condition(world: CoreHarness):
    def told() -> tuple[str | None, object]:
        document = world.document("site6")
        assert document is not None
        traffic = document["status"]["halves"][0].get("traffic")
        return traffic and traffic["state"], document["status"]["conditions"]

    live = world.live("VNet1toSite6")
    _, conditions = told()
    versions = set()
    live.ingress_bytes = 0
    for _ in range(12):
        live.ingress_bytes += 1000
        await world.advance(300.0)
        document = world.document("site6")
        assert document is not None
        if told()[0] == "Flowing":
            versions.add(document["metadata"]["resourceVersion"])
    assert told() == ("Flowing", conditions)
    assert len(versions) == 1, "one write when bytes begin to flow, and none for each read that shows more"

    await world.advance(1500.0)

    assert told() == ("Idle", conditions)
    assert world.ready() == ("True", "UpToDate")


async def test_what_log_analytics_refuses_holds_back_no_request_to_the_resource_manager(world: CoreHarness):
    fault = Fault(FaultKind.THROTTLED, "ThrottledError", "too many", 30.0)
    buckets = world.core.buckets
    telemetry = _ArmTelemetry(Metrics(version="1"), buckets)
    telemetry.seen(exchange(resource="logQueries", method="POST", response_code=429, fault=fault))
    assert buckets.get(LOGS).blocked_for == 30.0
    assert buckets.get(Quota(SUBSCRIPTION, "writes")).blocked_for == 0
