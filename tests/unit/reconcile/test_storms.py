"""A hundred connections in trouble at once, and again and again: Events and log lines stay few, of each object and of all.

The passes and the recorder are the operator's own; only Azure and the API server behind them are fakes.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from azure_vpn_operator.cluster.event_recorder import EventRecorder
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.telemetry.log_context import current_log_context
from support.sweeps import A_FLEET
from support.world.core import CONNECTION, CoreHarness, Interference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BURST, SECONDS_PER_EVENT = 25, 300
"""What client-go allows one object, and so do we."""
AWAY = Fault(FaultKind.UNAVAILABLE, "ServiceUnavailable", "Azure is not well.")


class EventsOfServer:
    """The part of the API server that takes Events: which were begun, and which counted on."""

    def __init__(self) -> None:
        self.begun: Counter[tuple[str, str]] = Counter()
        """By object and reason."""
        self.requests: Counter[str] = Counter()
        """By object."""
        self._about: dict[str, str] = {}

    async def request(self, method: str, path: Sequence[str], **call: Any) -> Mapping[str, Any]:
        body = call["body"]
        if method == "POST":
            name = body["regarding"]["name"]
            self._about[body["metadata"]["name"]] = name
            self.begun[name, body["reason"]] += 1
        self.requests[self._about[body["metadata"]["name"] if method == "POST" else path[-1]]] += 1
        return {}

    def forget(self) -> None:
        self.begun.clear()
        self.requests.clear()


class Lines(logging.Handler):
    """Counts what is logged at the usual level, by object."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.of_objects: Counter[str] = Counter()
        self.texts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.of_objects[str(current_log_context().get("name"))] += 1
        self.texts[record.getMessage()] += 1


@pytest.fixture
def lines() -> Iterator[Lines]:
    log, handler = logging.getLogger("azure_vpn_operator"), Lines()
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    log.setLevel(before)


async def a_fleet_in_peace(size: int, **settings: Any) -> tuple[CoreHarness, EventsOfServer]:
    world, server = CoreHarness(**settings), EventsOfServer()
    world.azure.operation_seconds = 1.0
    await world.start()
    for number in range(size):
        gateway = f"GW{number % 10}"
        world.add_gateway(gateway)
        world.add_site(f"S{number}")
        world.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway={"name": gateway})
    await world.settle()
    recorder = EventRecorder(cast("ClusterSession", server), clock=world.clock, instance="operator-0")
    world.cluster.record = recorder.record  # type: ignore[method-assign]
    return world, server


def status_writes(world: CoreHarness) -> int:
    """How often a status was written."""
    return sum(write.what == "status" for write in world.cluster.writes)


def set_all(world: CoreHarness, size: int, state: str) -> None:
    for number in range(size):
        world.live(f"VNet1toS{number}").tunnel = state


@pytest.mark.parametrize("size", A_FLEET)
async def test_tunnels_that_go_down_at_once_and_then_flap_are_told_of_within_bounds(lines: Lines, size: int):
    world, server = await a_fleet_in_peace(size)
    lines.of_objects.clear()
    lines.texts.clear()

    set_all(world, size, "NotConnected")
    await world.advance(330)
    assert server.requests == {f"s{number}": 1 for number in range(size)}, "each is told once, however long it lasts"
    assert set(server.begun.values()) == {1}

    changes, seconds = 8, 90
    for change in range(changes):
        set_all(world, size, "NotConnected" if change % 2 else "Connected")
        await world.advance(seconds)

    assert len(server.requests) == size, "no object silences another one"
    allowed = BURST + (330 + changes * seconds) / SECONDS_PER_EVENT
    assert changes / 2 <= max(server.requests.values()) <= min(allowed, changes + 1)
    begun = Counter(name for name, _ in server.begun.elements())
    assert max(begun.values()) <= 2 * 3, "up and down, a new Event every ten minutes; what is between is its count"
    assert lines.of_objects.total() == 0, "a tunnel's state is a condition, an Event and a metric, and no line"
    await world.stop()


async def test_a_tunnel_that_flaps_for_hours_is_told_of_ever_more_seldom():
    world, server = await a_fleet_in_peace(size=1, status_interval=20, recent_interval=10)
    live = world.live("VNet1toS0")
    hours, seconds = 3, 60
    for change in range(hours * 3600 // seconds):
        live.tunnel = "Connected" if change % 2 else "NotConnected"
        await world.advance(seconds)
    assert BURST < server.requests["s0"] <= BURST + hours * 3600 / SECONDS_PER_EVENT
    assert status_writes(world) >= 150, "nearly each change was seen, and had its condition"
    assert server.requests.total() == server.requests["s0"]
    await world.stop()


@pytest.mark.parametrize("size", A_FLEET)
async def test_azure_that_is_away_for_a_while_is_no_flood(lines: Lines, size: int):
    world, server = await a_fleet_in_peace(size)
    lines.of_objects.clear()
    lines.texts.clear()
    world.interfere = lambda _n, verb, _w: (
        Interference(fault=AWAY) if verb.startswith(("get", "list_group", "list_of")) else None
    )
    await world.advance(600)
    world.interfere = lambda _n, _verb, _w: None
    await world.settle()
    assert all(world.ready(f"s{number}") == ("True", "UpToDate") for number in range(size))
    assert max(server.requests.values(), default=0) <= 4
    # One line for each look at a resource group, which is once a minute, and none for each connection.
    assert lines.of_objects.total() <= 15, lines.texts
    assert max((count for name, count in lines.of_objects.items() if name != "None"), default=0) == 0
    await world.stop()


@pytest.mark.parametrize("size", A_FLEET)
async def test_an_edit_that_breaks_a_whole_fleet_is_a_few_events_and_a_line_for_each_write(lines: Lines, size: int):
    world, server = await a_fleet_in_peace(size)
    lines.of_objects.clear()
    lines.texts.clear()
    for number in range(size):
        world.edit(CONNECTION, f"s{number}", ipsecPolicyRef={"name": "missing"})
    await world.advance(600)
    for number in range(size):
        world.edit(CONNECTION, f"s{number}", ipsecPolicyRef={"name": "site6"})
    await world.settle()
    assert len(server.requests) == size
    assert max(server.requests.values()) <= 3
    assert max(lines.of_objects.values(), default=0) <= 2, lines.texts
    await world.stop()
