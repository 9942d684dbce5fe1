"""Reads by time, through the core: one budget for those in peace and for those that have just changed, and room for edits."""

import itertools
from collections import defaultdict

import pytest

from azure_vpn_operator.reconcile.request_budget import Quota
from support.world.core import CONNECTION, POLICY, SUBSCRIPTION, CoreHarness

pytestmark = pytest.mark.slow

SIZE = 60
REFILL = 1.0
CAPACITY = 40
BURST = CAPACITY / 4
ROUND = SIZE / (REFILL / 2)
"""Seconds in which half of the refill reads all connections once."""


@pytest.fixture
async def fleet(monkeypatch: pytest.MonkeyPatch) -> CoreHarness:
    """Sixty connections with a gateway each, in peace, and a subscription that allows one read a second."""
    world = CoreHarness()
    world.azure.operation_seconds = 5.0
    await world.start()
    for number in range(SIZE):
        world.add_gateway(f"GW{number}")
        world.add_site(f"S{number}")
        world.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway={"name": f"GW{number}"})
    await world.settle()
    few = {"reads": (CAPACITY, REFILL), "writes": (200, 10.0), "deletes": (200, 10.0)}
    monkeypatch.setattr("azure_vpn_operator.app.core.BUCKETS", few)
    world.forget_journals()
    return world


class Gets:
    """When each connection was read by a GET."""

    def __init__(self, world: CoreHarness) -> None:
        self.times: list[float] = []
        self.of: defaultdict[str, list[float]] = defaultdict(list)
        get = world.azure.get

        async def noting(connection):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            now = world.clock.monotonic()
            self.times.append(now)
            self.of[connection.name].append(now)
            return await get(connection)

        world.azure.get = noting  # type: ignore[method-assign]

    def assert_within_budget(self) -> None:
        """Over any interval no more than half of the refill, and one burst."""
        for first, start in enumerate(self.times):
            for number, at in enumerate(self.times[first:], start=1):
                assert number <= REFILL / 2 * (at - start) + BURST + 1.001

    def longest_pause(self) -> float:
        return max(later - earlier for times in self.of.values() for earlier, later in itertools.pairwise(times))


async def test_after_a_start_all_tunnels_are_read_within_a_round_and_nobody_is_told_anything(fleet: CoreHarness):
    gets = Gets(fleet)
    await fleet.restart()
    began = fleet.clock.monotonic()
    await fleet.advance(ROUND * 1.1)
    assert len(gets.of) == SIZE
    assert gets.times[-1] - began <= ROUND
    assert len(gets.times) == SIZE, "nobody is read twice before everybody was read once"
    await fleet.advance(5 * ROUND)
    gets.assert_within_budget()
    assert gets.longest_pause() <= 300.0 * 1.1 + ROUND
    assert not fleet.cluster.writes
    assert not fleet.cluster.events
    await fleet.stop()


async def test_many_that_are_down_or_have_just_changed_stretch_together(fleet: CoreHarness):
    for held in fleet.azure.world.values():
        held.tunnel = "NotConnected"
    gets = Gets(fleet)
    await fleet.restart()
    await fleet.advance(ROUND * 1.1)
    assert {fleet.condition(f"s{number}", "Connected") for number in range(SIZE)} == {("False", "UnknownPeerSide")}
    fleet.forget_journals()
    await fleet.advance(10 * ROUND)
    gets.assert_within_budget()
    assert gets.longest_pause() <= 30.0 * 1.1 + ROUND
    assert not fleet.cluster.writes, "stretching says of nobody that it could not be read"
    await fleet.stop()


async def test_an_edit_finds_tokens_while_everybody_waits_to_be_read(fleet: CoreHarness):
    for held in fleet.azure.world.values():
        held.tunnel = "NotConnected"
    await fleet.restart()
    await fleet.advance(2 * ROUND)
    fleet.forget_journals()
    for number in range(3):
        fleet.edit(CONNECTION, f"s{number}", routingWeight=5)
        await fleet.advance(1.0)
        assert fleet.accepted() == {"put": number + 1}
        await fleet.advance(20.0)
    await fleet.stop()


async def test_who_is_refused_by_azure_asks_nothing_by_time_meanwhile(fleet: CoreHarness):
    await fleet.restart()
    await fleet.advance(2 * ROUND)
    fleet.core.buckets.get(Quota(SUBSCRIPTION, "reads")).observe_throttled(100.0)
    gets = Gets(fleet)
    fleet.forget_journals()
    await fleet.advance(99.0)
    assert not gets.times
    assert not fleet.cluster.writes
    await fleet.advance(5 * ROUND)
    assert len(gets.of) == SIZE
    assert not fleet.cluster.writes
    await fleet.stop()


async def test_connections_that_wait_for_a_policy_wait_on_the_same_budget(fleet: CoreHarness):
    gets = Gets(fleet)
    for number in range(SIZE):
        fleet.edit(CONNECTION, f"s{number}", ipsecPolicyRef={"name": "later"})
    await fleet.restart()
    await fleet.advance(3 * ROUND)
    assert {fleet.ready(f"s{number}") for number in range(SIZE)} == {("False", "PolicyNotFound")}
    fleet.forget_journals()
    before = len(gets.times)
    await fleet.advance(5 * ROUND)
    assert len(gets.times) - before <= 5 * SIZE + BURST
    assert not fleet.cluster.writes
    fleet.apply(POLICY, "later", {**fleet.cluster.documents[POLICY, "network", "site6"]["spec"], "dhGroup": "ECP256"})
    await fleet.settle()
    assert fleet.accepted() == {"put": SIZE}
    await fleet.stop()
