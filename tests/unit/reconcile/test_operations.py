import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, OpenOperation, OperationKind
from azure_vpn_operator.ports import Accepted
from azure_vpn_operator.reconcile.memory import HalfKey
from azure_vpn_operator.reconcile.operations import UNREADABLE_RETRY_SECONDS, Operations
from azure_vpn_operator.runtime.keys import ObjectKey
from support.fakes.azure import FakeAzure
from support.fakes.clock import FakeClock
from support.world.core import CONNECTION, SUBSCRIPTION, CoreHarness, connection_id, wire_connection

KEY = HalfKey(ObjectKey(CONNECTION, "network", "one"))


class Watched:
    def __init__(self) -> None:
        world = CoreHarness()
        self.azure: FakeAzure = world.azure
        self.clock: FakeClock = world.clock
        self.operations = Operations(lambda _namespace: self.azure, self.clock)

    async def begin(self, *, creating: bool = False) -> None:
        accepted = await self.azure.put(connection_id("c"), wire_connection())
        assert isinstance(accepted, Accepted)
        assert accepted.operation_url is not None
        self.operations.begin(
            KEY, OperationKind.PUT, accepted.operation_url, SUBSCRIPTION, accepted.retry_after, creating=creating
        )

    @property
    def polls(self) -> int:
        return sum(verb == "poll" for verb, _ in self.azure.reads)


async def test_what_was_never_begun_is_no_operation():
    watched = Watched()
    assert await watched.operations.look(KEY) is None
    assert KEY not in watched.operations
    assert len(watched.operations) == 0


async def test_azure_is_not_asked_before_the_time_it_named():
    watched = Watched()
    await watched.begin(creating=True)
    began = watched.clock.now()
    await watched.clock.advance(4.0)
    assert await watched.operations.look(KEY) == OpenOperation(OperationKind.PUT, True, 6.0, began)
    assert watched.polls == 0
    await watched.clock.advance(6.0)
    assert await watched.operations.look(KEY) == OpenOperation(OperationKind.PUT, True, 10.0, began)
    assert watched.polls == 1
    assert await watched.operations.look(KEY) is not None
    assert watched.polls == 1


async def test_an_operation_that_ends_well_is_forgotten():
    watched = Watched()
    await watched.begin()
    await watched.clock.advance(31.0)
    assert await watched.operations.look(KEY) is None
    assert KEY not in watched.operations


async def test_a_failure_is_told_once_with_azures_words():
    watched = Watched()
    watched.azure.operation_fault = Fault(FaultKind.REJECTED, "Bad", "no")
    await watched.begin()
    await watched.clock.advance(31.0)
    assert await watched.operations.look(KEY) == FailedOperation(
        OperationKind.PUT, Fault(FaultKind.REJECTED, "Bad", "no")
    )
    assert await watched.operations.look(KEY) is None


@pytest.mark.parametrize("kind", FaultKind)
async def test_an_operation_that_cannot_be_read(kind: FaultKind):
    """Without the right, or if it is gone, the connection itself tells; otherwise we ask again."""
    watched = Watched()
    await watched.begin()
    await watched.clock.advance(10.0)
    watched.azure.fail("poll", Fault(kind, "Code", "text"))
    seen = await watched.operations.look(KEY)
    if kind in {FaultKind.UNSUPPORTED, FaultKind.FORBIDDEN, FaultKind.NOT_FOUND}:
        assert seen is None
        assert KEY not in watched.operations
    else:
        assert isinstance(seen, OpenOperation)
        assert seen.retry_after == UNREADABLE_RETRY_SECONDS


async def test_the_time_that_a_throttled_answer_names_is_kept():
    watched = Watched()
    await watched.begin()
    await watched.clock.advance(10.0)
    watched.azure.fail("poll", Fault(FaultKind.THROTTLED, "Code", "text", retry_after=77.0))
    seen = await watched.operations.look(KEY)
    assert isinstance(seen, OpenOperation)
    assert seen.retry_after == 77.0
    await watched.clock.advance(60.0)
    await watched.operations.look(KEY)
    assert watched.polls == 1


async def test_a_new_write_replaces_what_was_known():
    watched = Watched()
    await watched.begin()
    await watched.clock.advance(31.0)
    await watched.begin(creating=True)
    assert len(watched.operations) == 1
    seen = await watched.operations.look(KEY)
    assert isinstance(seen, OpenOperation)
    assert seen.creating
    watched.operations.forget(KEY)
    assert KEY not in watched.operations
