"""Every kind of fault at every call: one object per kind, all at once, beside an object that nothing happens to."""

import pytest

from azure_vpn_operator.domain.azure.faults import VERDICTS, Fault, FaultKind
from support.sweeps import swept
from support.world.core import AZURE_WRITES, CONNECTION, CoreHarness, Interference, site_spec

pytestmark = pytest.mark.slow

HEALTHY = "Healthy"
OBJECTS = (*(kind.value for kind in FaultKind), HEALTHY)
"""Objects, Azure names, gateways, sites and Secrets are all called like the fault that they are about to see."""
FAULTY_SECONDS = 150.0
CREATION_CALLS = (
    "get",
    "list_of_gateway",
    "put",
    "get_gateway",
    "get_local_gateway",
    "poll",
    "read",
    "write_finalizers",
    "write_status",
    "record",
)
EDIT_CALLS = ("get", "list_of_gateway", "put", "poll", "get_shared_key", "read", "write_status")
DELETION_CALLS = ("get", "list_of_gateway", "delete", "poll", "write_finalizers", "write_status", "record")
GATEWAY_LISTS = frozenset({"list_gateways", "list_local_gateways"})
LISTS = frozenset({"list_group", "list_all"}) | GATEWAY_LISTS


def fault_of(what: str) -> Fault:
    return Fault(FaultKind(what), f"{what}Code", "as the test wants it")


class Fleet:
    """One connection per kind of fault, each with a gateway of its own."""

    def __init__(self, world: CoreHarness) -> None:
        self.world = world
        self.verbs: frozenset[str] = frozenset()
        self.once = False
        self.carried_out = False
        self.seen: set[tuple[str, str]] = set()
        world.interfere = self.interfere
        for name in OBJECTS:
            world.add_gateway(name)
            world.add_site(name)
            world.put_key(name=name.lower())

    def interfere(self, _number: int, verb: str, what: str) -> Interference | None:
        if verb in GATEWAY_LISTS and self.verbs & {"get_gateway", "get_local_gateway"}:
            # A list is about all: without it each gateway is read by itself.
            return Interference(fault=fault_of(FaultKind.UNAVAILABLE.value))
        name = next((known for known in OBJECTS if known.lower() == what.lower()), HEALTHY)
        if verb not in self.verbs or name == HEALTHY or (self.once and (verb, name) in self.seen):
            return None
        self.seen.add((verb, name))
        return Interference(fault=fault_of(name), carried_out=self.carried_out)

    def create(self) -> None:
        for name in OBJECTS:
            spec = site_spec(name, azureName=name, virtualNetworkGateway={"name": name}, ipsecPolicyRef=None)
            self.world.apply(CONNECTION, name.lower(), {**spec, "sharedKeySecretRef": {"name": name.lower()}})

    def edit(self) -> None:
        for name in OBJECTS:
            self.world.edit(CONNECTION, name.lower(), routingWeight=5)

    def rotate(self) -> None:
        for name in OBJECTS:
            self.world.put_key("AnotherKey2", name=name.lower())
            self.world.annotate(name.lower(), reconcile_at="now")

    def delete(self) -> None:
        for name in OBJECTS:
            self.world.delete(CONNECTION, name.lower())

    def writes_of(self, name: str) -> int:
        return sum(sent.accepted for sent in self.world.sent if sent.name == name)

    def reason(self, name: str) -> str:
        ready = self.world.ready(name.lower())
        assert ready is not None, name
        return ready[1]


def new_world() -> CoreHarness:
    # More changes than the budget of an installation are held up here by their faults, and are to hold up nobody else.
    return CoreHarness(drift_interval=300.0, sweep_interval=600.0, recent_interval=60.0, max_disruptions=0)


@pytest.fixture
async def fleet() -> Fleet:
    world = new_world()
    await world.start()
    return Fleet(world)


MADE: list[CoreHarness] = []
"""The world in which every connection is made and in peace; made once, and copied."""


@pytest.fixture
async def made() -> Fleet:
    if not MADE:
        first = Fleet(new_world())
        await first.world.start()
        first.create()
        await first.world.settle()
        await first.world.stop()
        MADE.append(first.world)
    world = new_world()
    world.continue_from(MADE[0])
    await world.start()
    return Fleet(world)


async def heal(fleet: Fleet) -> None:
    """The fault is over: everything is well after at most the longest delay that any fault has."""
    fleet.verbs = frozenset()
    longest = max(verdict.max_retry_seconds for verdict in VERDICTS.values())
    await fleet.world.advance(longest * 1.1 + 120.0)
    await fleet.world.settle(quiet=100.0)
    await fleet.world.stop()


def assert_all_up_to_date(fleet: Fleet) -> None:
    assert {name: fleet.reason(name) for name in OBJECTS} == dict.fromkeys(OBJECTS, "UpToDate")


def held_by(verb: str) -> set[str]:
    """The objects that such a fault holds. Who may not list a gateway's connections writes without having seen them."""
    return set(OBJECTS[:-1]) - ({FaultKind.FORBIDDEN.value} if verb == "list_of_gateway" else set())


def assert_explained(fleet: Fleet, verb: str) -> None:
    """A read or write of Azure that fails is the reason of the object, with Azure's code."""
    for name in held_by(verb):
        assert fleet.reason(name) == VERDICTS[FaultKind(name)].reason.value, name
        assert f"{name}Code" in fleet.world.message(name.lower()), f"{verb}: {name}"


@pytest.mark.parametrize("verb", swept(CREATION_CALLS))
async def test_a_fault_that_lasts_during_creation_is_told_and_then_heals(fleet: Fleet, verb: str):
    fleet.verbs = frozenset({verb})
    fleet.create()
    await fleet.world.advance(FAULTY_SECONDS)
    assert fleet.reason(HEALTHY) == "UpToDate"
    if verb in {"get", "list_of_gateway", "put", "get_gateway", "get_local_gateway"}:
        assert_explained(fleet, verb)
        assert {str(known.name) for known in fleet.world.azure.world} == set(OBJECTS) - held_by(verb)
    if verb == "read":
        assert {fleet.reason(name) for name in OBJECTS[:-1]} == {"SecretUnreadable"}
    if verb == "write_finalizers":
        assert {str(known.name) for known in fleet.world.azure.world} == {HEALTHY}, "written without a finalizer"
    await heal(fleet)
    assert_all_up_to_date(fleet)
    assert {name: fleet.writes_of(name) for name in OBJECTS} == dict.fromkeys(OBJECTS, 1)


@pytest.mark.parametrize("verb", swept(EDIT_CALLS))
async def test_a_fault_that_lasts_during_an_edit_is_told_and_then_heals(made: Fleet, verb: str):
    made.verbs = frozenset({verb})
    await made.world.restart()  # nothing is remembered of gateways
    made.edit()
    await made.world.advance(FAULTY_SECONDS)
    assert made.reason(HEALTHY) == "UpToDate"
    if verb in {"get", "list_of_gateway", "put", "get_gateway", "get_local_gateway"}:
        assert_explained(made, verb)
        assert {name for name in OBJECTS if made.world.held(name)["routingWeight"] == 0} == held_by(verb)
    await heal(made)
    assert_all_up_to_date(made)
    assert {name: made.writes_of(name) for name in OBJECTS} == dict.fromkeys(OBJECTS, 1)


@pytest.mark.parametrize("verb", swept(["get", "get_shared_key", "list_of_gateway", "put_shared_key", "poll", "read"]))
async def test_a_fault_that_lasts_during_a_change_of_the_key_is_told_and_then_heals(made: Fleet, verb: str):
    made.verbs = frozenset({verb})
    await made.world.restart()
    made.rotate()
    await made.world.advance(FAULTY_SECONDS)
    assert made.world.live(HEALTHY).key == "AnotherKey2"
    if verb in {"get", "list_of_gateway", "put_shared_key"}:
        assert_explained(made, verb)
    if verb == "get_shared_key":
        assert {made.world.live(name).key for name in OBJECTS} == {"AnotherKey2"}, (
            "that the bytes changed is known without Azure"
        )
    if verb == "read":
        told = {made.world.condition(name.lower(), "CredentialsResolved") for name in OBJECTS[:-1]}
        assert told == {("Unknown", "SecretUnreadable")}
    if verb not in {"poll", "get_shared_key"}:
        assert {made.world.live(name).key for name in held_by(verb)} == {"CanaryKey4Site6"}
    made.verbs = frozenset()
    await made.world.advance(3700.0)  # without the right to it, the key is asked for once an hour
    await heal(made)
    assert_all_up_to_date(made)
    assert {made.world.live(name).key for name in OBJECTS} == {"AnotherKey2"}
    assert made.world.accepted() == {"put_shared_key": len(OBJECTS)}


@pytest.mark.parametrize("verb", swept(DELETION_CALLS))
async def test_a_fault_that_lasts_during_a_deletion_is_told_and_then_heals(made: Fleet, verb: str):
    made.verbs = frozenset({verb})
    await made.world.restart()
    made.delete()
    await made.world.advance(FAULTY_SECONDS)
    assert made.world.document(HEALTHY.lower()) is None
    if verb in {"get", "list_of_gateway", "delete"}:
        assert_explained(made, verb)
        assert {known.name for known in made.world.azure.world} == held_by(verb)
    if verb in {"poll", "write_finalizers"}:
        assert not made.world.azure.world
    await heal(made)
    assert not made.world.cluster.documents
    assert not made.world.azure.world
    assert made.world.accepted() == {"delete": len(OBJECTS)}


@pytest.mark.parametrize(
    "carried_out", [pytest.param(False, id="refused"), pytest.param(True, id="carried out all the same")]
)
@pytest.mark.parametrize("action", ["create", "edit", "rotate", "delete"])
async def test_every_call_failing_once_costs_no_second_write(made: Fleet, action: str, carried_out: bool):
    """Of a write that was carried out and whose answer was lost, one repeat is allowed."""
    if action == "create":
        made.delete()
        await made.world.settle()
        made.world.forget_journals()
    made.once, made.carried_out = True, carried_out
    made.verbs = frozenset({*CREATION_CALLS, *EDIT_CALLS, *DELETION_CALLS, *AZURE_WRITES})
    await made.world.restart()
    getattr(made, action)()
    await made.world.advance(3700.0)
    await heal(made)
    if action == "delete":
        assert not made.world.cluster.documents
        assert not made.world.azure.world
    else:
        assert_all_up_to_date(made)
    repeats = {name: made.writes_of(name) - 1 for name in OBJECTS}
    assert repeats[HEALTHY] == 0
    assert all(repeat <= (1 if carried_out else 0) for repeat in repeats.values()), repeats


@pytest.mark.parametrize("kind", FaultKind)
async def test_lists_that_fail_disturb_nobody(kind: FaultKind):
    world = CoreHarness(sweep_interval=60.0)
    await world.start()
    world.set_up_site()
    await world.settle()
    world.forget_journals()
    fault = Fault(kind, "Code", "as the test wants it")
    world.interfere = lambda _number, verb, _what: Interference(fault=fault) if verb in LISTS else None
    await world.advance(1000.0)
    assert not world.sent
    assert not world.cluster.writes
    world.interfere = lambda _number, _verb, _what: None
    world.portal_edit("VNet1toSite6", routingWeight=9)
    await world.settle()
    assert world.held()["routingWeight"] == 0
    await world.stop()
