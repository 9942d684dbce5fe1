"""Faults over the wire: what a client sees, and what was done all the same."""

import asyncio
import copy
import io
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.faults import Fault, Faults, FaultSpec
from azure_vpn_simulator.running import RunningSimulator, running_simulator

pytestmark = pytest.mark.slow

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Net/providers/Microsoft.Network"
VERSION = {"api-version": "2026-03-01"}
BODY = {
    "location": "eastus",
    "properties": {
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": f"{NETWORK}/virtualNetworkGateways/GwA"},
        "localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/Site"},
        "sharedKey": "k1",
    },
}


class Wire:
    """A client with a token, the simulator it talks to, and its control API."""

    def __init__(self, running: RunningSimulator, http: aiohttp.ClientSession, clock: ManualClock) -> None:
        self.running, self.http, self.clock = running, http, clock
        topology = running.simulator.azure.world.topology
        audience = topology.options.audiences[0]
        token, _ = running.simulator.identity.issue(topology, topology.principals[0], audience, running.endpoint)
        self.headers = {"Authorization": f"Bearer {token}"}

    @asynccontextmanager
    async def send(self, method: str, path: str, **how: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self.running.endpoint}{NETWORK}/{path}"
        async with self.http.request(method, url, params=VERSION, headers=self.headers, **how) as response:
            yield response

    async def status(self, method: str, path: str, **how: Any) -> int:
        async with self.send(method, path, **how) as response:
            await response.read()
            return response.status

    async def control(self, method: str, path: str, document: Any = None) -> Any:
        async with self.http.request(method, f"{self.running.control_url}{path}", json=document) as response:
            return response.status, (await response.json() if response.content_length else None)

    async def fault(self, **spec: Any) -> None:
        status, _ = await self.control("POST", "/faults", spec)
        assert status == 201

    def seen(self) -> list[tuple[str, str, int]]:
        entries = self.running.simulator.journal.since(0)["entries"]
        return [(e["method"], e["path"].rpartition("/")[2], e["status"]) for e in entries]


@pytest.fixture
async def wire(state_dir: Path, document: dict[str, Any]) -> AsyncIterator[Wire]:
    clock = ManualClock()
    async with running_simulator(copy.deepcopy(document), state_dir=state_dir, clock=clock) as running:
        context = ssl.create_default_context(cafile=running.ca_file)
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector) as http:
            yield Wire(running, http, clock)


async def test_a_status_with_retry_after_for_so_many_requests(wire: Wire) -> None:
    await wire.fault(match={"method": "GET"}, action="status", status=429, code="Slow", retryAfter=7, count=2)
    async with wire.send("GET", "connections") as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")
        assert (await response.json())["error"]["code"] == "Slow"
    assert await wire.status("PUT", "connections/C1", json=BODY) == 201
    assert await wire.status("GET", "connections") == 429
    assert await wire.status("GET", "connections") == 200


@pytest.mark.parametrize("action", ["reset", "dropAfterProcessing"])
async def test_a_cut_connection_with_or_without_the_write_having_been_done(wire: Wire, action: str) -> None:
    # aiohttp sends an idempotent request that got no answer once more by itself.
    await wire.fault(match={"method": "PUT"}, action=action, count=2)
    with pytest.raises(aiohttp.ClientConnectionError):
        await wire.status("PUT", "connections/C1", json=BODY)
    done = action == "dropAfterProcessing"
    assert await wire.status("GET", "connections/C1") == (200 if done else 404)
    assert wire.seen()[:2] == ([("PUT", "C1", 201), ("PUT", "C1", 409)] if done else [("PUT", "C1", 0)] * 2)


@pytest.mark.parametrize(
    ("spec", "status", "content_type", "body"),
    [
        pytest.param({"action": "html"}, 502, "text/html", b"<html>", id="a proxy's page"),
        pytest.param({"action": "html", "status": 200}, 200, "text/html", b"<html>", id="a page with status 200"),
        pytest.param({"action": "garbage"}, 200, "application/json", b'{"value": [', id="half a JSON document"),
        pytest.param({"action": "empty"}, 200, "application/json", b"", id="nothing"),
    ],
)
async def test_answers_that_are_none(
    wire: Wire, spec: dict[str, Any], status: int, content_type: str, body: bytes
) -> None:
    await wire.fault(**spec)
    async with wire.send("GET", "connections") as response:
        assert (response.status, response.content_type) == (status, content_type)
        read = await response.read()
    assert read.startswith(body)
    assert bool(read) == bool(body)


async def test_a_hanging_request_hangs_until_faults_are_removed(wire: Wire) -> None:
    await wire.fault(action="hang")
    request = asyncio.create_task(wire.status("POST", "connections/C1/getikesas"))
    done, _ = await asyncio.wait([request], timeout=0.2)
    assert not done
    await wire.control("DELETE", "/faults")
    with pytest.raises(aiohttp.ClientConnectionError):
        await request
    assert await wire.status("GET", "connections") == 200


async def test_a_slow_request_is_answered_in_the_end(wire: Wire) -> None:
    await wire.fault(action="slow", delaySeconds=0.2, count=1)
    before = time.monotonic()
    assert await wire.status("GET", "connections") == 200
    assert time.monotonic() - before >= 0.2


async def test_a_failed_operation_carries_the_code_asked_for(wire: Wire) -> None:
    await wire.fault(match={"pathRegex": "/CONNECTIONS/c1$"}, action="failOperation", code="Broken", count=1)
    async with wire.send("PUT", "connections/C1", json=BODY) as response:
        url = response.headers["Azure-AsyncOperation"]
    wire.clock.step(60)
    async with wire.http.get(url, headers=wire.headers) as poll:
        document = await poll.json()
    assert (document["status"], document["error"]["code"]) == ("Failed", "Broken")
    assert await wire.status("PUT", "connections/C1", json=BODY) == 200


async def test_a_stuck_operation_ends_when_faults_are_removed(wire: Wire) -> None:
    await wire.fault(action="stuckOperation", count=1)
    async with wire.send("PUT", "connections/C1", json=BODY) as response:
        url = response.headers["Azure-AsyncOperation"]
    statuses = []
    for _ in range(2):
        wire.clock.step(100_000)
        async with wire.http.get(url, headers=wire.headers) as poll:
            statuses.append((await poll.json())["status"])
        await wire.control("DELETE", "/faults")
    assert statuses == ["InProgress", "Succeeded"]


async def test_an_operation_fault_is_not_used_up_by_a_refused_write(wire: Wire) -> None:
    await wire.fault(action="stuckOperation", count=1)
    assert await wire.status("PUT", "connections/C1", json={}) == 400
    _, listed = await wire.control("GET", "/faults")
    assert listed["faults"][0]["hits"] == 0


async def test_a_key_of_the_wrong_type(wire: Wire) -> None:
    await wire.status("PUT", "connections/C1", json=BODY)
    await wire.fault(action="wrongTypeSharedKey", count=1)
    answers = []
    for _ in range(2):
        async with wire.send("GET", "connections/C1/sharedkey") as response:
            answers.append(await response.json())
    assert answers == [{"value": []}, {"value": "k1"}]


async def test_a_fault_can_hit_one_principal_and_the_token_endpoint(wire: Wire) -> None:
    await wire.fault(match={"principal": "nobody"}, action="status", status=500)
    assert await wire.status("GET", "connections") == 200
    await wire.fault(match={"pathRegex": "oauth2", "principal": "engineer"}, action="status", status=503)
    topology = wire.running.simulator.azure.world.topology
    form = {"client_id": topology.principals[0].client_id}
    async with wire.http.post(
        f"{wire.running.authority}/{topology.tenant_id}/oauth2/v2.0/token", data=form
    ) as response:
        assert response.status == 503


def test_chance_is_repeatable_and_about_as_often_as_asked() -> None:
    def hits(seed: int) -> list[bool]:
        fault = Fault(1, FaultSpec.model_validate({"action": "reset", "probability": 0.3, "seed": seed}))
        return [fault.fits("GET", "/", None) for _ in range(1000)]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 250 < sum(hits(1)) < 350


def test_the_first_fault_that_fits_and_is_not_spent_is_the_one() -> None:
    faults = Faults()
    first = faults.add(FaultSpec.model_validate({"action": "reset", "count": 1}))
    second = faults.add(FaultSpec.model_validate({"action": "empty"}))
    assert faults.find("GET", "/", None) is first
    first.hits = 1
    assert faults.find("GET", "/", None) is second


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="no action"),
        pytest.param({"action": "explode"}, id="an unknown action"),
        pytest.param({"action": "status"}, id="a status fault without a status"),
        pytest.param({"action": "status", "status": 200}, id="a status that is no error"),
        pytest.param({"action": "reset", "probability": 0}, id="a fault that never hits"),
        pytest.param({"action": "reset", "match": {"pathRegex": "("}}, id="a broken pattern"),
        pytest.param({"action": "reset", "match": {"url": "x"}}, id="an unknown condition"),
    ],
)
def test_meaningless_faults_are_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FaultSpec.model_validate(spec)


async def test_the_control_api_says_what_is_wrong(wire: Wire) -> None:
    for method, path, document in (
        ("POST", "/faults", {"action": "explode"}),
        ("POST", "/faults", [1]),
        ("POST", "/clock", {}),
        ("POST", "/clock", {"scale": 0}),
        ("POST", "/clock", {"step": -1}),
        ("POST", "/clock", {"step": "1"}),
        ("PUT", "/topology", {"tenantId": "x"}),
        ("GET", "/journal?since=-1", None),
    ):
        status, answer = await wire.control(method, path, document)
        assert (status, bool(answer["error"])) == (400, True)


async def test_the_clock_is_read_stepped_and_scaled(wire: Wire) -> None:
    assert await wire.control("POST", "/clock", {"step": 90, "scale": 60}) == (
        200,
        {"scale": 60.0, "seconds": 90.0, "utc": "2026-01-01T00:01:30+00:00"},
    )
    _, clock = await wire.control("GET", "/clock")
    assert clock["seconds"] == 90


async def test_the_topology_is_shown_without_secrets_and_changed(wire: Wire) -> None:
    _, shown = await wire.control("GET", "/topology")
    text = json.dumps(shown)
    assert '"key": "***"' in text
    assert '"k1"' not in text
    assert "secret-1" not in text
    status, changed = await wire.control("PUT", "/topology", {"options": {"pageSize": 2}})
    assert (status, changed["options"]["pageSize"]) == (200, 2)


async def test_the_journal_has_every_request_with_keys_masked_and_goes_on_where_asked(wire: Wire) -> None:
    await wire.status("PUT", "connections/C1", json=BODY)
    await wire.status("PUT", "connections/C1/sharedkey", json={"value": "k1"})
    await wire.status("PUT", "connections/C1", data=b"k1 is not JSON")
    topology = wire.running.simulator.azure.world.topology
    form = {"client_id": topology.principals[0].client_id, "client_secret": "secret-1", "client_assertion": "jwt"}
    async with wire.http.post(f"{wire.running.authority}/{topology.tenant_id}/oauth2/v2.0/token", data=form):
        pass
    async with wire.http.get(f"{wire.running.endpoint}/subscriptions"):
        pass

    _, journal = await wire.control("GET", "/journal")
    assert journal["next"] == 5
    assert [e["seq"] for e in journal["entries"]] == [0, 1, 2, 3, 4]
    assert set(journal["entries"][0]) == {
        *("seq", "time", "method", "path", "query", "status", "principal", "rights", "body")
    }
    assert [e["status"] for e in journal["entries"]] == [201, 409, 400, 400, 401]
    assert [e["principal"] for e in journal["entries"]] == ["engineer"] * 4 + [None]
    assert journal["entries"][0]["body"]["properties"]["sharedKey"] == "***"
    assert journal["entries"][0]["query"] == VERSION
    network = "Microsoft.Network"
    writes = {f"{network}/connections/write": True, f"{network}/virtualNetworkGateways/write": True}
    assert [e["rights"] for e in journal["entries"]] == [
        *(writes, {f"{network}/connections/sharedKey/write": True}, {f"{network}/connections/write": True}, {}, {})
    ]
    assert journal["entries"][1]["body"] == {"value": "***"}
    text = json.dumps(journal)
    assert '"k1' not in text
    assert "secret-1" not in text

    _, later = await wire.control("GET", "/journal?since=4")
    assert [e["seq"] for e in later["entries"]] == [4]
    await wire.control("DELETE", "/journal")
    await wire.status("GET", "connections")
    _, after = await wire.control("GET", "/journal?since=2")
    assert (after["next"], [e["seq"] for e in after["entries"]]) == (6, [5])


async def test_a_body_beyond_4_mib_is_too_large(wire: Wire) -> None:
    async with wire.send("PUT", "connections/C1", data=io.BytesIO(b"x" * (4 * 1024 * 1024 + 1))) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (413, "RequestContentTooLarge")


async def test_addresses_in_answers_are_those_that_the_client_used(wire: Wire) -> None:
    headers = {**wire.headers, "Host": "arm.internal:9443"}
    url = f"{wire.running.endpoint}{NETWORK}/connections/C1"
    async with wire.http.put(url, params=VERSION, headers=headers, json=BODY) as response:
        assert response.headers["Azure-AsyncOperation"].startswith("https://arm.internal:9443/subscriptions/")


async def test_without_control_there_is_no_control_api(state_dir: Path, document: dict[str, Any]) -> None:
    async with running_simulator(document, state_dir=state_dir, control=None) as running:
        assert running.control_url is None
    with pytest.raises(ValueError, match="loopback"):
        async with running_simulator(document, state_dir=state_dir, control=("0.0.0.0", 0)):
            pass
