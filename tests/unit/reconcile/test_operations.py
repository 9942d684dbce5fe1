import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import read_live_connection
from azure_vpn_operator.domain.azure.operation_end import Sent, SentConfiguration
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, OpenOperation, OperationKind
from azure_vpn_operator.ports import Accepted
from azure_vpn_operator.reconcile.memory import HalfKey
from azure_vpn_operator.reconcile.operation_times import OperationTimes
from azure_vpn_operator.reconcile.operations import UNREADABLE_RETRY_SECONDS, Beginning, Operations
from azure_vpn_operator.runtime.keys import ObjectKey
from support.fakes.azure import FakeAzure
from support.fakes.clock import FakeClock
from support.world.core import CONNECTION, SUBSCRIPTION, CoreHarness, connection_id, wire_connection

BODY = wire_connection()
SENT = SentConfiguration(
    read_live_connection(
        {**BODY, "id": str(connection_id("c")), "properties": {**BODY["properties"], "provisioningState": "Succeeded"}}
    )
)
KEY = HalfKey(ObjectKey(CONNECTION, "network", "one"))


class Watched:
    def __init__(self) -> None:
        world = CoreHarness()
        self.azure: FakeAzure = world.azure
        self.clock: FakeClock = world.clock
        self.times = OperationTimes()
        self.operations = Operations(lambda _namespace: self.azure, self.clock, self.times)

    async def begin(self, *, creating: bool = False, sent: Sent | None = None) -> float:
        accepted = await self.azure.put(connection_id("c"), wire_connection())
        assert isinstance(accepted, Accepted)
        beginning = Beginning(OperationKind.PUT, SUBSCRIPTION, accepted, sent, creating=creating, why="a reason")
        return self.operations.begin(KEY, beginning)

    async def read_when_due(self) -> tuple[float, int]:
        """Look as the operation says, until it has ended; returns the seconds, and how often the connection was read."""
        began, reads = self.clock.monotonic(), 0
        while isinstance(seen := await self.operations.look(KEY), OpenOperation):
            if seen.read_due:
                reads += 1
                seen = self.operations.seen(KEY, await self.azure.get(connection_id("c")))
                if seen is None:
                    break
            await self.clock.advance(seen.retry_after)
        return self.clock.monotonic() - began, reads

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
    assert await watched.operations.look(KEY) == OpenOperation(OperationKind.PUT, True, 6.0, began, "a reason")
    assert watched.polls == 0
    await watched.clock.advance(6.0)
    assert await watched.operations.look(KEY) == OpenOperation(OperationKind.PUT, True, 10.0, began, "a reason")
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


async def test_the_end_is_read_in_the_connection_when_such_operations_have_usually_ended():
    watched = Watched()
    for _ in range(6):
        await watched.begin(sent=SENT)
        seconds, _ = await watched.read_when_due()
    assert 30.0 <= seconds <= 33.0
    await watched.begin(sent=SENT)
    seconds, reads = await watched.read_when_due()
    assert 30.0 <= seconds <= 33.0
    assert reads <= 2
    assert watched.polls == 0


async def test_a_connection_that_shows_something_else_leaves_the_word_to_the_operation():
    watched = Watched()
    await watched.begin(sent=SENT)
    watched.azure.world[connection_id("c")].document["properties"] |= {
        "routingWeight": 7,
        "provisioningState": "Succeeded",
    }
    await watched.clock.advance(3.0)
    seen = await watched.operations.look(KEY)
    assert isinstance(seen, OpenOperation)
    assert seen.read_due
    asked = watched.operations.seen(KEY, await watched.azure.get(connection_id("c")))
    assert isinstance(asked, OpenOperation)
    assert not asked.read_due
    assert watched.polls == 0, "Azure named a time, and that is kept"
    await watched.clock.advance(asked.retry_after)
    await watched.operations.look(KEY)
    assert watched.polls == 1


async def test_only_one_operation_of_a_kind_is_explored_and_the_others_learn_from_it():
    watched = Watched()
    other = HalfKey(ObjectKey(CONNECTION, "network", "two"))
    assert await watched.begin(sent=SENT) == 2.0
    beginning = Beginning(OperationKind.PUT, SUBSCRIPTION, Accepted("https://azure.test/other", 10.0), SENT)
    assert watched.operations.begin(other, beginning) == 10.0, "when Azure says that it may be asked"
    await watched.read_when_due()
    seen = await watched.operations.look(other)
    assert isinstance(seen, OpenOperation)
    assert seen.read_due
