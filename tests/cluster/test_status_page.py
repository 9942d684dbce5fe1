"""The status page of a pod, reached as its guide says."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from support.world.tenant import Tenant
from workbench.cluster.install import DEPLOYMENT
from workbench.stack import SYSTEM_NAMESPACE

from .conftest import Site, install_again
from .test_two_replicas import LIMIT, until_steady

pytestmark = pytest.mark.timeout(300)

PAGE_PORT = 8082


@asynccontextmanager
async def port_forward(site: Site) -> AsyncIterator[str]:
    """`kubectl port-forward` to one of the replicas; yields the address here."""
    process = await asyncio.create_subprocess_exec(
        *(site.kubectl.program, "--kubeconfig", site.kubeconfig, "--namespace", SYSTEM_NAMESPACE),
        *("port-forward", f"deployment/{DEPLOYMENT}", f":{PAGE_PORT}"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LIMIT):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert found, line
        yield f"http://localhost:{found[1]}"
    finally:
        process.terminate()
        await process.wait()


async def test_port_forward_shows_the_map(installed: Site, tenant: Tenant) -> None:
    await install_again(installed, statusPageAddress=f"127.0.0.1:{PAGE_PORT}")
    await until_steady(installed)
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)

    async with port_forward(installed) as address, aiohttp.ClientSession() as web:

        async def shows_it() -> bool:
            async with web.get(f"{address}/map.json") as answer:
                return answer.status == 200 and tenant.namespace in await answer.text()

        await tenant.eventually(shows_it, seconds=LIMIT)
        async with web.get(address) as answer:
            page = await answer.text()

    assert answer.status == 200
    assert "<html" in page
