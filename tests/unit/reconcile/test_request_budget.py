import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import SharedKey, Unreadable
from azure_vpn_operator.reconcile.request_budget import (
    BudgetedConnections,
    BudgetedGateways,
    Quota,
    RequestBudget,
    current_priority,
)
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.token_bucket import TokenBucket, TokenBuckets
from support.fakes.azure import FakeAzure
from support.fakes.clock import FakeClock
from support.world.core import SUBSCRIPTION, arm_id, connection_id, wire_connection


class Budget:
    def __init__(self, capacity: int = 1, refill: float = 1.0) -> None:
        self.clock = FakeClock()
        self.buckets: TokenBuckets[Quota] = TokenBuckets(lambda _quota: TokenBucket(capacity, refill, self.clock))
        self.budget = RequestBudget(self.buckets, self.clock)
        self.azure = FakeAzure(self.clock)
        self.connections = BudgetedConnections(self.azure, self.budget)
        self.gateways = BudgetedGateways(self.azure, self.budget)

    def remaining(self) -> Mapping[str, float]:
        return {quota.kind: bucket.remaining for quota, bucket in self.buckets.items()}


CONNECTION = connection_id("c")
GATEWAY = arm_id("virtualNetworkGateways", "VNet1GW")
CALLS: Mapping[str, tuple[str, tuple[Any, ...]]] = {
    "get": ("reads", (CONNECTION,)),
    "list_group": ("reads", (SUBSCRIPTION, "TestRG1")),
    "list_of_gateway": ("reads", (GATEWAY,)),
    "get_shared_key": ("reads", (CONNECTION,)),
    "poll": ("reads", ("https://azure.test/operations/1", SUBSCRIPTION)),
    "put": ("writes", (CONNECTION, wire_connection())),
    "patch_tags": ("writes", (CONNECTION, {})),
    "put_shared_key": ("writes", (CONNECTION, SharedKey("x"))),
    "delete": ("deletes", (CONNECTION,)),
    "get_ike_sas": ("writes", (CONNECTION,)),
    "look_at_ike_sas": ("reads", (CONNECTION, "https://azure.test/ike/1")),
    "get_gateway": ("reads", (GATEWAY,)),
    "get_local_gateway": ("reads", (GATEWAY,)),
    "get_address_space": ("reads", (GATEWAY,)),
    "list_gateways": ("reads", (SUBSCRIPTION, "TestRG1")),
    "list_local_gateways": ("reads", (SUBSCRIPTION, "TestRG1")),
}


async def call(budget: Budget, verb: str) -> Any:
    port = budget.gateways if hasattr(budget.gateways, verb) else budget.connections
    return await getattr(port, verb)(*CALLS[verb][1])


@pytest.mark.parametrize("verb", CALLS)
async def test_each_call_takes_one_token_of_its_own_kind(verb: str):
    budget = Budget(capacity=5)
    await call(budget, verb)
    assert budget.remaining() == {CALLS[verb][0]: 4.0}


@pytest.mark.parametrize("verb", CALLS)
async def test_a_call_without_quota_is_refused_as_azure_refuses_it_and_never_sent(verb: str):
    budget = Budget(capacity=5)
    budget.buckets.get(Quota(SUBSCRIPTION, CALLS[verb][0])).observe_throttled(60.0)
    answer = await call(budget, verb)
    fault = answer.fault if isinstance(answer, Unreadable) else answer
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.retry_after) == (FaultKind.THROTTLED, 60.0)
    assert not budget.azure.reads
    assert not budget.azure.writes


async def test_a_short_wait_is_waited_and_a_long_one_is_refused():
    budget = Budget(capacity=1, refill=0.5)
    assert await budget.budget.take(SUBSCRIPTION, "reads") is None
    second = asyncio.create_task(budget.budget.take(SUBSCRIPTION, "reads"))
    await budget.clock.advance(1.9)
    assert not second.done()
    await budget.clock.advance(0.2)
    assert await second is None

    slow = Budget(capacity=1, refill=0.1)
    assert await slow.budget.take(SUBSCRIPTION, "reads") is None
    refused = await slow.budget.take(SUBSCRIPTION, "reads")
    assert isinstance(refused, Fault)
    assert refused.retry_after == pytest.approx(10.0)


async def test_subscriptions_do_not_share_and_their_case_does_not_matter():
    budget = Budget(capacity=1, refill=0.01)
    assert await budget.budget.take("aaaa", "reads") is None
    assert await budget.budget.take("bbbb", "reads") is None
    assert isinstance(await budget.budget.take("AAAA", "reads"), Fault)


async def test_an_edit_does_not_queue_behind_what_asks_after_it_and_is_no_hurry():
    budget = Budget(capacity=1, refill=2.0)
    await budget.budget.take(SUBSCRIPTION, "reads")
    order: list[str] = []

    async def take(name: str, priority: Priority) -> None:
        current_priority.set(priority)
        assert await budget.budget.take(SUBSCRIPTION, "reads") is None
        order.append(name)

    names = ["resync0", "edit", "resync1", "resync2", "resync3", "resync4"]
    tasks = [asyncio.create_task(take(n, Priority.EDIT if n == "edit" else Priority.RESYNC)) for n in names]
    for _ in range(60):
        await budget.clock.advance(0.1)
    await asyncio.gather(*tasks)
    assert order.index("edit") <= 1
