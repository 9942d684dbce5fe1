"""The API server goes away, hangs, forgets history: the operator, restarted by its supervisor if it ends, is back by itself."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.world.tenant import Tenant, condition, is_ready
from workbench.rest import call
from workbench.stack import Stack


@asynccontextmanager
async def supervised(stack: Stack) -> AsyncIterator[None]:
    """Start the operator again whenever it ends, as a Deployment does."""

    async def supervise() -> None:
        while True:
            if stack.operator.exit_code is not None:
                await stack.start_operator()
            await asyncio.sleep(0.2)

    task = asyncio.create_task(supervise())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_an_api_server_that_was_away_is_found_again(spare_tenant: Tenant):
    tenant, plane = spare_tenant, spare_tenant.stack.plane
    await tenant.apply(tenant.connection(), tenant.policy())
    await tenant.until_ready()
    since = await tenant.now()

    async with supervised(tenant.stack):
        await plane.stop_api_server()
        await asyncio.sleep(2)
        await plane.start_api_server()
        await tenant.edit(routingWeight=4)
        await tenant.until_ready()
        assert await tenant.writes(since) == [("PUT", "c1")]

        plane.kill_etcd()
        await asyncio.sleep(2)
        await plane.start_etcd()
        await tenant.eventually(lambda: _edited(tenant, 5), what="the API server takes an edit again")
        await tenant.until_ready()
    assert await tenant.writes(since) == [("PUT", "c1"), ("PUT", "c1")]


async def test_an_api_server_that_hangs_delays_and_breaks_nothing(spare_tenant: Tenant):
    tenant, plane = spare_tenant, spare_tenant.stack.plane
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    since = await tenant.now()
    pid = tenant.stack.operator.pid

    async with supervised(tenant.stack):
        plane.api_server.send_signal(signal.SIGSTOP)
        try:
            await tenant.change_in_azure(routingWeight=77)
            await asyncio.sleep(5)
        finally:
            plane.api_server.send_signal(signal.SIGCONT)
        await tenant.eventually(lambda: _weighs(tenant, 0), what="the drift of that time is mended")
        await tenant.edit(routingWeight=6)
        await tenant.until_ready()

    assert tenant.stack.operator.pid == pid, "a short hang is no reason to end"
    assert await tenant.writes(since) == [("PUT", "c1"), ("PUT", "c1")]


async def test_what_happened_while_history_was_lost_is_noticed(spare_tenant: Tenant):
    """The operator sleeps, the world goes on, the API server forgets the versions that the watches stood at: 410 Gone."""
    tenant, plane = spare_tenant, spare_tenant.stack.plane
    names = ("edited", "deleted", "torn")
    await tenant.apply(*(tenant.connection(name, site=site) for site, name in enumerate(names, 1)))
    await tenant.until_ready(*names)
    since = await tenant.now()

    async with supervised(tenant.stack):
        tenant.stack.operator.send_signal(signal.SIGSTOP)
        try:
            await tenant.edit("edited", routingWeight=8)
            await tenant.delete("deleted")
            await tenant.patch({"metadata": {"finalizers": []}}, "torn")
            await tenant.delete("torn")
            await tenant.until_gone("torn")
            await tenant.apply(tenant.connection("new", site=4))
            for number in range(200):
                await tenant.annotate("new", noise=str(number))
            await asyncio.sleep(6)  # etcd is compacted every 5 s
            await plane.restart_api_server()
        finally:
            tenant.stack.operator.send_signal(signal.SIGCONT)
        await tenant.until_ready("edited", "new")
        await tenant.until_gone("deleted")

        async def has_no_series_left() -> bool:
            return f'namespace="{tenant.namespace}",name="torn"' not in _series((await tenant.scrape())[1])

        await tenant.eventually(has_no_series_left, what="the torn object is forgotten")

    assert sorted(await tenant.writes(since)) == [("DELETE", "deleted"), ("PUT", "edited"), ("PUT", "new")]
    assert await tenant.in_azure("torn") is not None, "without our finalizer nobody may say that it should go"


async def test_the_service_account_may_lose_and_regain_its_rights(spare_tenant: Tenant):
    tenant = spare_tenant
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/azure-vpn-operator"
    binding = await call(tenant.cluster, "GET", path)

    async with supervised(tenant.stack):
        await call(tenant.cluster, "DELETE", path)
        await tenant.edit(routingWeight=3)
        await asyncio.sleep(3)
        binding["metadata"].pop("resourceVersion")
        await call(tenant.cluster, "POST", path.rpartition("/")[0], body=binding)
        await tenant.until_ready()

    live = await tenant.in_azure()
    assert live is not None
    assert live["properties"]["routingWeight"] == 3
    assert condition(await tenant.get(), "Stalled") == {}
    assert is_ready(await tenant.get())


async def _edited(tenant: Tenant, weight: int) -> bool:
    try:
        await tenant.edit(routingWeight=weight)
    except Exception:  # noqa: BLE001 (whatever it is, it is not there yet)
        return False
    return True


async def _weighs(tenant: Tenant, weight: int) -> bool:
    live = await tenant.in_azure()
    return live is not None and live["properties"]["routingWeight"] == weight


def _series(text: str) -> str:
    """The labels, sorted, so that namespace comes before name whatever order they were written in."""
    lines = []
    for line in text.splitlines():
        labels = line.partition("{")[2].partition("}")[0].split(",")
        lines.append(",".join(sorted(labels, key=lambda label: not label.startswith("namespace="))))
    return "\n".join(lines)
