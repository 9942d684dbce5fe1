"""Many clusters reach Azure only through a proxy, which sees names of hosts and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.domain.azure.lookups import Absent
from support.world.simulated_azure import SimulatedAzure, connection_id


class Proxy:
    """A proxy that knows CONNECT only."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = (await reader.readline()).decode().split(" ", 2)
        while (await reader.readline()).strip():
            pass
        self.seen.append(f"{method} {target}")
        host, _, port = target.partition(":")
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy


async def test_azure_and_entra_are_reached_through_the_proxy(azure: SimulatedAzure, proxy: Proxy):
    host = azure.running.endpoint.removeprefix("https://")
    async with azure.session_as("operator", https_proxy=proxy.url) as session:
        assert await ArmConnections(session).get(connection_id()) == Absent()
    assert proxy.seen
    assert set(proxy.seen) == {f"CONNECT {host}"}


async def test_hosts_of_no_proxy_are_reached_directly(azure: SimulatedAzure, proxy: Proxy):
    async with azure.session_as("operator", https_proxy=proxy.url, no_proxy="127.0.0.1") as session:
        assert await ArmConnections(session).get(connection_id()) == Absent()
    assert proxy.seen == []


async def test_environment_is_not_looked_at(azure: SimulatedAzure, proxy: Proxy, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("https_proxy", proxy.url)
    assert await azure.connections.get(connection_id()) == Absent()
    assert proxy.seen == []
