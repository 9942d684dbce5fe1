"""The control API over the wire: events, the tunnels' history and outages."""

import copy
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.running import running_simulator

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Net/providers/Microsoft.Network"
GATEWAY = f"{NETWORK}/virtualNetworkGateways/GwA"
CONNECTION = f"{NETWORK}/connections/Old"


class Remote:
    """The control API of a running simulator, and the clock that it lives by."""

    def __init__(self, url: str, http: aiohttp.ClientSession, clock: ManualClock) -> None:
        self._url, self._http, self.clock = url, http, clock

    async def send(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        async with self._http.request(method, f"{self._url}{path}", json=document) as response:
            return response.status, (await response.json() if response.content_length else None)

    async def get(self, path: str) -> Any:
        status, document = await self.send("GET", path)
        assert status == 200, document
        return document


@pytest.fixture
async def remote(state_dir: Path, document: dict[str, Any]) -> AsyncIterator[Remote]:
    document = copy.deepcopy(document)
    document["subscriptions"][0]["resourceGroups"][0]["connections"] = [
        {"name": "Old", "virtualNetworkGateway": "GwA", "localNetworkGateway": "Site", "sharedKey": "k1"}
    ]
    clock = ManualClock()
    async with (
        running_simulator(document, state_dir=state_dir, clock=clock) as running,
        aiohttp.ClientSession() as http,
    ):
        assert running.control_url is not None
        yield Remote(running.control_url, http, clock)


async def test_a_failover_is_asked_for_and_the_outage_is_measured_without_anybody_having_looked(remote: Remote) -> None:
    remote.clock.step(100)
    before = await remote.get("/tunnels")
    assert [(e["up"], e["cause"], e["seconds"]) for e in before["entries"]] == [
        (False, "Created", 0),
        (True, "Created", 5),
    ]
    asked = {"event": "failover", "resource": GATEWAY, "inSeconds": 60, "forSeconds": 14}
    status, event = await remote.send("POST", "/events", asked)
    assert (status, event["id"], event["next"]["seconds"]) == (201, 1, 160)
    remote.clock.step(400)
    after = await remote.get(f"/tunnels?since={before['next']}&connection={CONNECTION}")
    assert after["now"]["seconds"] == 500
    assert [(e["connection"], e["tunnel"], e["up"], e["cause"], e["seconds"]) for e in after["entries"]] == [
        (CONNECTION, 0, False, "Failover", 160),
        (CONNECTION, 0, True, "Failover", 174),
    ]
    assert after["entries"][0]["utc"] == "2026-01-01T00:02:40.000000Z"
    found = await remote.get(f"/outages?since={before['next']}")
    assert (found["mostAtOnce"], found["secondsLost"], len(found["outages"])) == (1, 14, 1)
    assert found["outages"][0]["from"] | {"seq": 2} == {
        name: after["entries"][0][name] for name in ("seconds", "utc", "time", "seq")
    }
    assert (await remote.get("/outages?cause=Settings&cause=Flap"))["outages"] == []
    assert len((await remote.get("/outages?cause=Failover"))["outages"]) == 1
    [shown] = (await remote.get("/events"))["events"]
    assert ([each["seconds"] for each in shown["happened"]], shown["next"]) == ([160], None)


async def test_what_was_there_is_forgotten_on_request(remote: Remote) -> None:
    await remote.send("POST", "/events", {"event": "failover", "resource": GATEWAY, "inSeconds": 60})
    assert (await remote.send("DELETE", "/events"))[0] == 204
    remote.clock.step(100)
    assert (await remote.get("/events")) == {"events": []}
    assert (await remote.get("/tunnels"))["next"] == 2
    assert (await remote.send("DELETE", "/tunnels"))[0] == 204
    assert (await remote.get("/tunnels"))["entries"] == []
    assert (await remote.get("/tunnels"))["next"] == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        pytest.param("POST", "/events", {"event": "failover"}, "resource: Field required", id="of what"),
        pytest.param(
            "POST",
            "/events",
            {"event": "failover", "resource": f"{GATEWAY}s"},
            f"resource: {GATEWAY}s is not there",
            id="something that is not there",
        ),
        pytest.param(
            "POST",
            "/events",
            {"event": "drop", "resource": CONNECTION, "forSeconds": "long"},
            "forSeconds: Value error, give a number from 0 to 1000000000, or {min, max}",
            id="a duration that is none",
        ),
        pytest.param("POST", "/events", [], "the body is not a JSON object", id="a list"),
        pytest.param("GET", "/tunnels?since=-1", None, "since must be a number", id="a negative number"),
        pytest.param(
            "GET", "/outages?cause=Weather", None, "cause must be one of Created, Deleted, Settings", id="a cause"
        ),
    ],
)
async def test_mistakes_are_told(remote: Remote, method: str, path: str, body: Any, told: str) -> None:
    status, answer = await remote.send(method, path, body)
    assert status == 400
    assert told in answer["error"]


async def test_a_change_of_speed_does_not_move_what_has_happened(state_dir: Path, document: dict[str, Any]) -> None:
    document["subscriptions"][0]["resourceGroups"][0]["connections"] = [
        {"name": "Old", "virtualNetworkGateway": "GwA", "localNetworkGateway": "Site", "sharedKey": "k1"}
    ]
    async with (
        running_simulator(document, state_dir=state_dir, time_scale=1000) as running,
        aiohttp.ClientSession() as http,
    ):
        control = Remote(str(running.control_url), http, ManualClock())
        # Its start may have taken longer than that.
        begun = (await control.get("/clock"))["seconds"]
        while (await control.get("/clock"))["seconds"] < begun + 50:
            pass
        await control.send("POST", "/clock", {"scale": 0.001, "step": 10_000})
        created, came_up = (await control.get("/tunnels"))["entries"]
    simulated = came_up["seconds"] - created["seconds"]
    assert 5 <= simulated < 30
    real = datetime.fromisoformat(came_up["time"]) - datetime.fromisoformat(created["time"])
    assert real.total_seconds() == pytest.approx(simulated / 1000, abs=2e-6), "at the speed of that time"
