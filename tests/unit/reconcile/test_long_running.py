"""Operations that take time: edits meanwhile, restarts meanwhile, failures, locks, quota."""

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.world.core import CONNECTION, POLICY, CoreHarness, wire_policy

pytestmark = pytest.mark.slow

REJECTED = Fault(FaultKind.REJECTED, "InternalServerError", "the gateway did not answer")


async def test_edits_during_an_operation_are_one_more_put_with_the_newest_values(site: CoreHarness):
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(5.0)
    for weight in (2, 3, 4):
        site.edit(CONNECTION, "site6", routingWeight=weight)
        await site.advance(2.0)
    site.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await site.settle()
    assert site.accepted() == {"put": 2}
    assert site.held()["routingWeight"] == 4
    assert site.held()["ipsecPolicies"] == [wire_policy(saLifeTimeSeconds=3600)]


async def test_an_edit_that_is_taken_back_during_the_operation_costs_one_more_put(site: CoreHarness):
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(5.0)
    site.edit(CONNECTION, "site6", routingWeight=0)
    await site.settle()
    assert site.accepted() == {"put": 2}
    assert site.held()["routingWeight"] == 0


async def test_nothing_is_written_to_a_connection_while_its_operation_runs(site: CoreHarness):
    site.azure.operation_seconds = 600.0
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(60.0)
    site.edit(CONNECTION, "site6", tags={"a": "b"}, routingWeight=2)
    site.put_key("AnotherKey2")
    await site.advance(400.0)
    assert site.accepted() == {"put": 1}
    assert site.condition("site6", "Reconciling") == ("True", "Updating")
    await site.settle()
    assert site.accepted() == {"put": 2, "put_shared_key": 1}


@pytest.mark.parametrize("at", [0.5, 5.0, 15.0, 29.0, 31.0])
@pytest.mark.parametrize("action", ["create", "edit", "delete", "key"])
async def test_a_restart_in_the_middle_of_an_operation_sends_nothing_twice(site: CoreHarness, action: str, at: float):
    match action:
        case "create":
            site.set_up_site("Site7", "site7")
        case "edit":
            site.edit(CONNECTION, "site6", routingWeight=8)
        case "delete":
            site.delete(CONNECTION, "site6")
        case "key":
            site.put_key("AnotherKey2")
            site.annotate("site6", reconcile_at="1")
    await site.advance(at)
    await site.restart()
    await site.settle()
    assert sum(site.accepted().values()) == 1
    assert len(site.sent) == 1
    if action != "delete":
        assert site.ready("site7" if action == "create" else "site6") == ("True", "UpToDate")
    else:
        assert site.document("site6") is None


async def test_a_failed_operation_is_tried_three_times_then_again_after_half_an_hour(site: CoreHarness):
    site.azure.operation_fault = REJECTED
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(1200.0)
    assert site.accepted() == {"put": 3}
    assert site.condition("site6", "Stalled") == ("True", "OperationFailed")
    assert "the gateway did not answer" in site.message()
    await site.advance(1300.0)
    assert site.accepted() == {"put": 4}
    site.azure.operation_fault = None
    await site.settle(quiet=2200.0)
    assert site.accepted() == {"put": 5}
    assert site.ready() == ("True", "UpToDate")


async def test_an_edit_gives_a_failed_change_three_more_tries_at_once(site: CoreHarness):
    site.azure.operation_fault = REJECTED
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(1200.0)
    site.azure.operation_fault = None
    site.edit(CONNECTION, "site6", routingWeight=2)
    await site.advance(60.0)
    assert site.ready() == ("True", "UpToDate")
    assert site.held()["routingWeight"] == 2


async def test_a_failed_operation_that_may_not_be_read_is_not_repeated_without_end(site: CoreHarness):
    site.azure.fail("poll", Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "operations/read"), times=10_000)
    site.azure.operation_fault = REJECTED
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(1500.0)
    assert site.accepted() == {"put": 3}
    assert site.condition("site6", "Stalled") is not None


async def test_an_operation_that_loses_against_a_lock_is_repeated_until_it_does_not(site: CoreHarness):
    site.azure.operation_fault = Fault(FaultKind.BUSY, "RetryableError", "try again")
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(400.0)
    assert site.accepted()["put"] > 3
    assert site.condition("site6", "Stalled") is None
    site.azure.operation_fault = None
    await site.settle()
    assert site.ready() == ("True", "UpToDate")


async def test_a_failed_connection_is_put_again_once_after_a_restart(site: CoreHarness):
    site.portal_edit("VNet1toSite6", provisioningState="Failed")
    await site.restart()
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert site.ready() == ("True", "UpToDate")


async def test_an_operation_without_end_is_stuck_after_half_an_hour_and_still_ends_well(site: CoreHarness):
    site.azure.operation_seconds = 7200.0
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(1500.0)
    assert site.condition("site6", "Reconciling") == ("True", "Updating")
    await site.advance(900.0)
    assert site.condition("site6", "Stalled") == ("True", "OperationStuck")
    await site.advance(5400.0)
    assert site.ready() == ("True", "UpToDate")
    assert site.accepted() == {"put": 1}


async def test_an_operation_of_somebody_else_is_waited_for(site: CoreHarness):
    site.portal_edit("VNet1toSite6", provisioningState="Updating")
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(300.0)
    assert site.condition("site6", "Reconciling") == ("True", "UpdatedElsewhere")
    assert not site.sent
    site.portal_edit("VNet1toSite6", provisioningState="Succeeded")
    await site.settle()
    assert site.accepted() == {"put": 1}


async def test_a_lock_is_tried_again_soon_and_quota_when_azure_says(site: CoreHarness):
    busy = Fault(FaultKind.BUSY, "AnotherOperationInProgress", "wait")
    site.azure.fail("put", busy)
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(0.5)
    assert site.ready() == ("False", "GatewayBusy")
    await site.advance(10.0)
    assert site.accepted() == {"put": 1}
    await site.settle()

    site.azure.fail("put", Fault(FaultKind.THROTTLED, "SubscriptionRequestsThrottled", "slow down", retry_after=120.0))
    site.edit(CONNECTION, "site6", routingWeight=2)
    await site.advance(100.0)
    assert site.ready() == ("False", "Throttled")
    assert site.accepted() == {"put": 1}
    await site.advance(40.0)
    assert site.accepted() == {"put": 2}


@pytest.mark.parametrize("verb", ["put", "delete"])
async def test_a_write_whose_answer_is_lost_is_not_repeated_if_it_took_effect(site: CoreHarness, verb: str):
    site.azure.fail(verb, Fault(FaultKind.UNAVAILABLE, "ConnectionReset", "no answer"), lost=True)  # type: ignore[arg-type]
    if verb == "put":
        site.edit(CONNECTION, "site6", routingWeight=1)
    else:
        site.delete(CONNECTION, "site6")
    await site.settle()
    assert len(site.sent) == 1
    if verb == "put":
        assert site.ready() == ("True", "UpToDate")
    else:
        assert site.document("site6") is None


async def test_the_gateway_is_not_written_to_while_it_changes(site: CoreHarness):
    site.add_gateway("VNet1GW", provisioning_state="Updating")
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.restart()
    await site.advance(120.0)
    assert site.ready() == ("False", "GatewayNotReady")
    assert site.condition("site6", "Stalled") is None
    assert not site.sent
    site.add_gateway("VNet1GW")
    await site.settle()
    assert site.accepted() == {"put": 1}
