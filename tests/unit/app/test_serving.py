from collections.abc import Sequence

import aiohttp
import pytest

from azure_vpn_operator.app.serving import Endpoint, metrics_endpoint, probe_endpoint, split_address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("127.0.0.1:8080", ("127.0.0.1", 8080), id="an IPv4 address"),
        pytest.param("localhost:0", ("localhost", 0), id="a name, and any port"),
        pytest.param(":8081", ("0.0.0.0", 8081), id="a port alone means everywhere"),
        pytest.param("[::1]:80", ("::1", 80), id="an IPv6 address"),
        pytest.param("h:65535", ("h", 65535), id="the last port"),
    ],
)
def test_an_address_is_split(address: str, expected: tuple[str, int]):
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["", "host", "host:", "host:x", "host:65536", "host:-1", "8080"])
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(ValueError, match="not an address"):
        split_address(address)


async def fetch(endpoint: Endpoint, path: str, accept: str = "") -> tuple[int, str, str]:
    port = await endpoint.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept}) as response,
        ):
            return response.status, await response.text(), response.headers["Content-Type"]
    finally:
        await endpoint.stop()


@pytest.mark.parametrize(
    ("path", "unhealthy", "unready", "status", "text"),
    [
        pytest.param("/healthz", (), ("not listed",), 200, "ok\n", id="alive, though not ready"),
        pytest.param("/readyz", (), (), 200, "ok\n", id="ready"),
        pytest.param("/readyz", (), ("not listed", "no lease"), 503, "not listed\nno lease\n", id="not ready, and why"),
        pytest.param("/healthz", ("a pass is stuck",), (), 503, "a pass is stuck\n", id="not alive, and why"),
        pytest.param("/metrics", (), (), 404, "404: Not Found", id="nothing else is there"),
    ],
)
async def test_probes(path: str, unhealthy: tuple[str, ...], unready: tuple[str, ...], status: int, text: str):
    endpoint = probe_endpoint("127.0.0.1:0", lambda: unhealthy, lambda: unready)
    assert (await fetch(endpoint, path))[:2] == (status, text)


async def test_metrics_are_rendered_for_what_the_scraper_accepts_and_names():
    async def render(accept: str, names: Sequence[str]) -> tuple[bytes, str]:
        return f"accepts {accept}, names {names}".encode(), "text/plain; version=0.0.4"

    status, text, kind = await fetch(
        metrics_endpoint("127.0.0.1:0", render), "/metrics?name[]=a&name[]=b", "application/openmetrics-text"
    )
    assert (status, kind) == (200, "text/plain; version=0.0.4")
    assert text == "accepts application/openmetrics-text, names ['a', 'b']"


async def test_an_endpoint_that_never_started_can_be_stopped():
    await metrics_endpoint("127.0.0.1:0", lambda *_: None).stop()  # type: ignore[arg-type,return-value]
