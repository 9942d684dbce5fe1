"""One question per gateway and interval, whoever asks, and what is said until the answer is there."""

from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.azure.bgp_sessions import BgpFacts
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.azure.target import resolve_target
from azure_vpn_operator.domain.passes.snapshot import Cadence
from azure_vpn_operator.reconcile.facts.bgp_sessions import PATIENCE_SECONDS, BgpSessions
from azure_vpn_operator.reconcile.facts.gateways import GatewayDirectory
from azure_vpn_operator.runtime.keys import ObjectKey
from support.builders import (
    GATEWAY_ID,
    PEER_ID,
    SITE_ID,
    a_connection,
    a_fault,
    a_live_connection,
    a_vnet_connection,
    a_wire_connection,
    an_installation,
)
from support.cases.objects import DROP, NETWORK
from support.fakes.azure import FakeAzure
from support.fakes.clock import FakeClock

GATEWAY, SITE = ArmId.parse(GATEWAY_ID), ArmId.parse(SITE_ID)
CADENCE = Cadence(steady=300.0, recent=30.0)
FORBIDDEN = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no right")


def key(name: str = "one") -> ObjectKey:
    return ObjectKey("VpnConnection", "network", name)


class World:
    """A gateway with BGP, and two connections of it: `one` to Site6, `two` to Site7."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.azure = FakeAzure(self.clock)
        self.azure.add_gateway(GATEWAY, enable_bgp=True, bgp_asn=65010, bgp_addresses=("10.1.0.4",))
        self.woken: list[str] = []
        for name, site, address in (("one", "Site6", "10.6.0.1"), ("two", "Site7", "10.7.0.1")):
            site_id = ArmId.parse(f"{NETWORK}/localNetworkGateways/{site}")
            self.azure.add_local_gateway(site_id, address)
            body = a_wire_connection(enableBgp=True, localNetworkGateway2={"id": str(site_id)})
            self.azure.add_connection(ArmId.parse(f"{NETWORK}/connections/{name}"), body)
        self.restart()

    def restart(self) -> None:
        directory = GatewayDirectory(self.azure, self.clock)
        self.sessions = BgpSessions(
            self.azure, directory, self.clock, lambda keys: self.woken.extend(found.name for found in keys)
        )

    async def read(self, name: str = "one", subject: VpnConnection | None = None, **live: Any) -> BgpFacts | None:
        site = {"one": "Site6", "two": "Site7"}[name]
        subject = subject or a_connection(enableBgp=True, localNetworkGateway={"name": site})
        target = resolve_target(subject, an_installation())
        seen = Present(a_live_connection(enableBgp=True, **live))
        return await self.sessions.read(key(name), subject, target, seen, CADENCE)

    async def told(self, name: str = "one") -> dict[str, str]:
        """Neighbors and states that a pass gets to know."""
        facts = await self.read(name)
        assert facts is not None
        assert isinstance(facts.sessions, Present)
        return {session.neighbor: session.state for session in facts.sessions.value}

    async def ask_and_wait(self) -> None:
        await self.read()
        await self.clock.advance(10.0)
        await self.read()

    @property
    def questions(self) -> int:
        return sum(verb == "ask_bgp_sessions" for verb, _ in self.azure.reads)

    @property
    def looks(self) -> int:
        return sum(verb == "look_at_bgp_sessions" for verb, _ in self.azure.reads)


@pytest.fixture
def world() -> World:
    return World()


async def test_pass_asks_and_a_later_one_collects(world: World) -> None:
    first = await world.read()
    assert first is not None
    assert (first.addresses, first.sessions) == (Present(("10.6.0.1",)), NotRead())
    assert first.look_in is not None
    assert 10.0 <= first.look_in <= 15.0
    await world.clock.advance(first.look_in)
    assert await world.told() == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}
    again = await world.read()
    assert again is not None
    assert again.look_in is None
    assert (world.questions, world.looks) == (1, 1)


async def test_nobody_looks_before_azure_wants_it(world: World) -> None:
    await world.read()
    await world.clock.advance(5.0)
    await world.read()
    assert world.looks == 0


async def test_connections_share_the_question_and_only_the_asker_comes_back_early(world: World) -> None:
    await world.read("one")
    other = await world.read("two")
    assert other is not None
    assert (other.look_in, other.sessions) == (None, NotRead())
    await world.clock.advance(10.0)
    assert await world.told("two") == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}
    assert (world.questions, world.looks) == (1, 1)


@pytest.mark.parametrize(
    ("state", "questions"),
    [
        pytest.param("Connected", 10, id="in peace once in five minutes, less the jitter of passes"),
        pytest.param("Idle", 100, id="every half minute while it is down"),
    ],
)
async def test_questions_per_fifty_minutes(world: World, state: str, questions: int) -> None:
    world.azure.bgp_states["10.6.0.1"] = state
    for _ in range(300):
        await world.read()
        await world.clock.advance(10.0)
    assert questions <= world.questions <= questions * 1.2


async def test_session_of_another_connection_that_is_down_makes_nobody_else_restless(world: World) -> None:
    world.azure.bgp_states["10.7.0.1"] = "Idle"
    await world.ask_and_wait()
    await world.clock.advance(200.0)
    await world.read("one")
    assert world.questions == 1
    await world.read("two")
    assert world.questions == 2


async def test_change_wakes_the_other_connection_that_it_is_about(world: World) -> None:
    await world.ask_and_wait()
    await world.read("two")
    world.azure.bgp_states["10.7.0.1"] = "Idle"
    await world.clock.advance(300.0)
    await world.ask_and_wait()
    assert world.woken == ["two"]
    assert await world.told("two") == {"10.6.0.1": "Connected", "10.7.0.1": "Idle"}


async def test_first_answer_wakes_nobody(world: World) -> None:
    await world.read("two")
    await world.clock.advance(10.0)
    await world.ask_and_wait()
    assert world.woken == []


async def test_session_that_has_changed_is_watched_closely_for_a_while(world: World) -> None:
    world.azure.bgp_states["10.6.0.1"] = "Idle"
    await world.ask_and_wait()
    world.azure.bgp_states.clear()
    await world.clock.advance(30.0)
    await world.ask_and_wait()
    assert world.questions == 2
    await world.clock.advance(30.0)
    await world.read()
    assert world.questions == 3


async def test_missing_right_is_said_at_once_and_asked_again_slowly(world: World) -> None:
    world.azure.fail("ask_bgp_sessions", FORBIDDEN)
    facts = await world.read()
    assert facts is not None
    assert facts.sessions == Unreadable(FORBIDDEN)
    await world.clock.advance(200.0)
    await world.read()
    assert world.questions == 1
    await world.clock.advance(100.0)
    await world.ask_and_wait()
    assert await world.told() == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}


async def test_right_that_is_taken_away_takes_the_answer_away(world: World) -> None:
    await world.ask_and_wait()
    world.azure.fail("ask_bgp_sessions", FORBIDDEN)
    await world.clock.advance(300.0)
    facts = await world.read()
    assert facts is not None
    assert facts.sessions == Unreadable(FORBIDDEN)


async def test_asking_for_a_look_asks_at_once(world: World) -> None:
    world.azure.fail("ask_bgp_sessions", FORBIDDEN)
    await world.read()
    world.sessions.forget([GATEWAY.key])
    await world.read()
    assert world.questions == 2


@pytest.mark.parametrize(
    "kind", [FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.BUSY, FaultKind.UNREADABLE, FaultKind.CONFLICT]
)
async def test_fault_that_passes_leaves_the_last_answer_for_three_intervals(world: World, kind: FaultKind) -> None:
    await world.ask_and_wait()
    world.azure.fail("ask_bgp_sessions", a_fault(kind), times=1000)
    await world.clock.advance(300.0)
    assert await world.told() == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}
    for _ in range(40):
        await world.clock.advance(30.0)
        facts = await world.read()
    assert facts is not None
    assert facts.sessions == Unreadable(a_fault(kind))
    assert world.questions > 30, "asked again soon"


async def test_fault_at_a_look_is_looked_past(world: World) -> None:
    await world.read()
    world.azure.fail("look_at_bgp_sessions", a_fault())
    await world.clock.advance(10.0)
    facts = await world.read()
    assert facts is not None
    assert facts.sessions == NotRead()
    await world.clock.advance(10.0)
    assert await world.told() == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}
    assert world.questions == 1


async def test_wait_that_azure_asks_for_is_kept(world: World) -> None:
    world.azure.fail("ask_bgp_sessions", a_fault(FaultKind.THROTTLED, retry_after=120.0))
    for _ in range(11):
        await world.read()
        await world.clock.advance(10.0)
    assert world.questions == 1
    await world.clock.advance(10.0)
    await world.read()
    assert world.questions == 2


async def test_answer_that_azure_has_forgotten_is_asked_for_anew(world: World) -> None:
    await world.read()
    world.azure.fail("look_at_bgp_sessions", a_fault(FaultKind.NOT_FOUND, "NotFound"))
    await world.clock.advance(10.0)
    await world.read()
    await world.clock.advance(30.0)
    await world.ask_and_wait()
    assert world.questions == 2
    assert await world.told() == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}


async def test_answer_that_never_comes_is_given_up_and_in_the_end_told(world: World) -> None:
    world.azure.bgp_seconds = 10 * 3600.0
    for _ in range(int(PATIENCE_SECONDS / 10) + 4):
        facts = await world.read()
        await world.clock.advance(10.0)
    assert facts is not None
    assert facts.sessions == NotRead()
    assert world.questions == 2
    for _ in range(70):
        facts = await world.read()
        await world.clock.advance(10.0)
    assert facts is not None
    assert isinstance(facts.sessions, Unreadable)
    assert facts.sessions.fault.code == "NoAnswer"


async def test_gateway_that_nobody_asked_about_for_long_is_not_called_silent(world: World) -> None:
    await world.ask_and_wait()
    await world.clock.advance(3600.0)
    facts = await world.read()
    assert facts is not None
    assert facts.sessions == NotRead()


async def test_question_of_an_object_that_is_gone_is_collected_by_another(world: World) -> None:
    await world.read("one")
    await world.clock.advance(600.0)
    assert await world.told("two") == {"10.6.0.1": "Connected", "10.7.0.1": "Connected"}


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(a_connection(), id="BGP is not asked for"),
        pytest.param(a_connection(enableBgp=True, deleting=True), id="the object is being deleted"),
    ],
)
async def test_nothing_is_asked_for_an_object_that_does_not_care(world: World, subject: VpnConnection) -> None:
    assert await world.read(subject=subject) is None
    assert world.azure.reads == []


async def test_nothing_is_asked_while_the_connection_is_not_seen(world: World) -> None:
    subject = a_connection(enableBgp=True)
    target = resolve_target(subject, an_installation())
    for live in (Absent(), NotRead(), Unreadable(a_fault())):
        assert await world.sessions.read(key(), subject, target, live, CADENCE) is None
    assert world.azure.reads == []


async def test_gateway_is_not_asked_if_the_other_end_has_no_address(world: World) -> None:
    world.azure.add_local_gateway(SITE)
    assert await world.read() == BgpFacts(Present(()), NotRead())
    assert world.questions == 0


async def test_other_end_that_cannot_be_read_is_told(world: World) -> None:
    world.azure.fail("list_local_gateways", FORBIDDEN)
    world.azure.fail("get_local_gateway", FORBIDDEN)
    assert await world.read() == BgpFacts(Unreadable(FORBIDDEN), NotRead())


@pytest.mark.parametrize(
    ("enabled", "addresses"),
    [
        pytest.param(True, ("10.21.0.4", "10.21.0.5"), id="with BGP"),
        pytest.param(False, (), id="whose BGP is off, though Azure shows addresses"),
    ],
)
async def test_peer_gateway_has_the_addresses(world: World, enabled: bool, addresses: tuple[str, ...]) -> None:
    both = ("10.21.0.4", "10.21.0.5")
    world.azure.add_gateway(ArmId.parse(PEER_ID), enable_bgp=enabled, bgp_addresses=both)
    facts = await world.read(subject=a_vnet_connection(enableBgp=True))
    assert facts is not None
    assert facts.addresses == Present(addresses)


async def test_observer_takes_the_ends_from_azure(world: World) -> None:
    subject = a_connection(
        enableBgp=True,
        managementPolicy="Observe",
        finalizers=(),
        virtualNetworkGateway=DROP,
        localNetworkGateway=DROP,
        resourceGroup="TestRG1",
    )
    facts = await world.read(subject=subject)
    assert facts is not None
    assert facts.addresses == Present(("10.6.0.1",))
    assert world.questions == 1
