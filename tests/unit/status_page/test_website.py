"""What the site answers, and what it refuses."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from azure_vpn_operator.status_page import website
from azure_vpn_operator.status_page.website import HEADERS, MOST_VIEWERS, is_allowed_host
from support.cases.maps import a_site, a_status, small_fleet
from support.world.status_page import Fleet, serve

FILES = ["/", "/page.css", "/page.js", "/map.js", "/icon.svg", "/map.json"]


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("path", [*FILES, "/nothing", "/../settings.py", "/assets/page.js", "/%2e%2e/website.py"])
async def test_every_answer_has_the_headers_that_protect_it(web: aiohttp.ClientSession, path: str):
    async with serve(Fleet()) as url, web.get(url + path) as answer:
        assert answer.status == (200 if path in FILES else 404)
        assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_the_content_policy_allows_nothing_from_elsewhere_and_nothing_inline():
    rules = dict(rule.strip().partition(" ")[::2] for rule in HEADERS["Content-Security-Policy"].split(";"))
    assert rules["default-src"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert {rules[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert rules["require-trusted-types-for"] == "'script'"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/map.json"])
async def test_nothing_can_be_changed(web: aiohttp.ClientSession, method: str, path: str):
    async with serve(Fleet()) as url, web.request(method, url + path) as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}


async def test_head_is_answered(web: aiohttp.ClientSession):
    async with serve(Fleet()) as url, web.head(url + "/map.json") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        pytest.param("localhost:8082", True, id="kubectl port-forward"),
        pytest.param("127.0.0.1:8082", True, id="the loopback"),
        pytest.param("[::1]:8082", True, id="the loopback of IPv6"),
        pytest.param("[::1]", True, id="without a port"),
        pytest.param("10.0.0.7", True, id="an address cannot be made to point elsewhere"),
        pytest.param("LocalHost", True, id="names have no case"),
        pytest.param("vpn.example.org", True, id="a name of the settings"),
        pytest.param("vpn.example.org:443", True, id="a name of the settings with a port"),
        pytest.param("attacker.example", False, id="a name that somebody lets point here"),
        pytest.param("localhost.attacker.example", False, id="one that begins like ours"),
        pytest.param("127.0.0.1.nip.example:8082", False, id="one that looks like an address"),
        pytest.param("", False, id="no name"),
    ],
)
def test_only_its_own_names_are_answered(host: str, allowed: bool):
    assert is_allowed_host(host, {"vpn.example.org"}) is allowed


async def test_a_foreign_name_gets_nothing(web: aiohttp.ClientSession):
    fleet = Fleet()
    fleet.put(small_fleet())
    async with serve(fleet) as url:
        for path in FILES:
            async with web.get(url + path, headers={"Host": "attacker.example"}) as answer:
                assert answer.status == 421
                assert "Lyon" not in await answer.text()
    assert fleet.drawn == 0


async def test_the_map_is_json_and_small_on_the_wire(web: aiohttp.ClientSession):
    fleet = Fleet()
    fleet.put(small_fleet())
    async with serve(fleet) as url, web.get(f"{url}/map.json", auto_decompress=False) as answer:
        assert (answer.headers["Content-Type"], answer.headers["Content-Encoding"]) == ("application/json", "gzip")
        packed = await answer.read()
    async with serve(fleet) as url, web.get(f"{url}/map.json", headers={"Accept-Encoding": "identity"}) as answer:
        plain = await answer.read()
    assert "Content-Encoding" not in answer.headers
    assert len(packed) < len(plain) / 3
    assert len(json.loads(plain)["links"]) == 10


async def test_who_knows_the_map_is_not_sent_it_again(web: aiohttp.ClientSession):
    async with serve(Fleet()) as url:
        async with web.get(f"{url}/map.json") as answer:
            etag = answer.headers["ETag"]
        async with web.get(f"{url}/map.json", headers={"If-None-Match": etag}) as answer:
            assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", etag)


@pytest.mark.slow
async def test_who_waits_is_answered_when_something_has_changed(web: aiohttp.ClientSession):
    fleet = Fleet()
    fleet.put([a_site("site6", "Site6")])
    async with serve(fleet) as url:
        async with web.get(f"{url}/map.json") as answer:
            etag = answer.headers["ETag"]
        waiting = asyncio.create_task(web.get(f"{url}/map.json?wait", headers={"If-None-Match": etag}).__aenter__())
        fleet.put([a_site("site6", "Site6", status=a_status(connected=("False", "NotConnected", "down")))])
        answer = await waiting
        assert (await answer.json())["links"][0]["tunnel"] == "Down"


async def test_the_number_of_viewers_is_bounded_and_a_place_is_free_again_when_one_leaves(
    web: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(website, "MOST_VIEWERS", 3)
    assert MOST_VIEWERS <= 100
    async with serve(Fleet()) as url:
        async with web.get(f"{url}/map.json") as answer:
            etag = answer.headers["ETag"]
        waiting = [asyncio.create_task(wait_for_news(web, url, etag)) for _ in range(3)]
        assert await status_once(web, url, 503) == "10"
        waiting.pop().cancel()
        await status_once(web, url, 200)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def wait_for_news(web: aiohttp.ClientSession, url: str, etag: str) -> None:
    async with web.get(f"{url}/map.json?wait", headers={"If-None-Match": etag}) as answer:
        await answer.read()


async def status_once(web: aiohttp.ClientSession, url: str, status: int) -> str | None:
    async with asyncio.timeout(20):
        while True:
            async with web.get(f"{url}/map.json") as answer:
                if answer.status == status:
                    return answer.headers.get("Retry-After")
            await asyncio.sleep(0.01)


async def test_the_end_does_not_wait_for_viewers(web: aiohttp.ClientSession):
    async with serve(Fleet()) as url:
        async with web.get(f"{url}/map.json") as answer:
            etag = answer.headers["ETag"]
        waiting = asyncio.create_task(wait_for_news(web, url, etag))
        await asyncio.sleep(0)
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 20
    await asyncio.gather(waiting, return_exceptions=True)
