"""Two pods of the operator, under restricted pod security: one leads, and whatever happens to it, the work goes on."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import pytest

from support.world.tenant import Tenant
from workbench.cluster.install import DEPLOYMENT, rolled_out
from workbench.image.names import ROOT
from workbench.kubectl import KubectlError
from workbench.stack import SYSTEM_NAMESPACE

from .conftest import LEASE_SECONDS, Site

pytestmark = pytest.mark.timeout(300)

SAMPLES = ("site-to-site", "vnet-to-vnet", "default-policy")
LIMIT = 90.0
"""How long anything may take that needs no lease to run out; the machine may be busy."""


async def pods(site: Site) -> dict[str, dict]:
    """The operator's pods that are not being deleted, by name."""
    found = await site.kubectl.get("pods", "-n", SYSTEM_NAMESPACE, "-l", f"app.kubernetes.io/name={DEPLOYMENT}")
    return {pod["metadata"]["name"]: pod for pod in found["items"] if "deletionTimestamp" not in pod["metadata"]}


async def leader(site: Site) -> str:
    """The pod that holds the Lease; empty if nobody does."""
    lease = await site.kubectl.get("lease", DEPLOYMENT, "-n", SYSTEM_NAMESPACE)
    return re.sub(r"_[^_]*$", "", lease["spec"].get("holderIdentity") or "")


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.3)


async def until_steady(site: Site, replicas: int = 2) -> str:
    """All replicas are ready, and one of them leads; returns which."""
    await rolled_out(site.kubectl)

    async def steady() -> bool:
        running = await pods(site)
        return len(running) == replicas and await leader(site) in running

    await until(steady, LIMIT, f"{replicas} replicas and a leader among them")
    return await leader(site)


async def test_the_samples_become_ready_and_one_of_two_restricted_pods_leads(installed: Site) -> None:
    for sample in SAMPLES:
        await installed.kubectl("apply", "--server-side", "-k", str(ROOT / "manifests" / "samples" / sample))
    await installed.kubectl(
        "wait", "vpnconn", "--all", "-n", "network", "--for=condition=Ready", f"--timeout={LIMIT:g}s"
    )

    namespace = await installed.kubectl.get("namespace", SYSTEM_NAMESPACE)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    running = await pods(installed)
    assert len(running) == 2
    assert await until_steady(installed) in running
    for pod in running.values():
        assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]
    await installed.kubectl("delete", "namespace", "network", f"--timeout={LIMIT:g}s")


async def test_a_killed_leader_is_followed_within_its_lease_and_nothing_is_written_twice(
    installed: Site, tenant: Tenant
) -> None:
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    first = await until_steady(installed)

    await installed.kubectl("delete", "pod", first, "-n", SYSTEM_NAMESPACE, "--grace-period=0", "--force")
    killed = time.monotonic()
    await tenant.edit(routingWeight=7)
    await tenant.until_ready(seconds=LIMIT)

    assert time.monotonic() - killed < LEASE_SECONDS + 5 + 10  # ten for the reading until it is Ready
    assert await tenant.writes() == [("PUT", "c1"), ("PUT", "c1")]
    assert await until_steady(installed) != first


async def test_a_leader_that_is_deleted_in_order_lets_go_at_once(installed: Site, tenant: Tenant) -> None:
    first = await until_steady(installed)
    await installed.kubectl("delete", "pod", first, "-n", SYSTEM_NAMESPACE)  # waits until it has ended
    ended = time.monotonic()

    async def another_leads() -> bool:
        return await leader(installed) not in {"", first}

    await until(another_leads, 10, "the other one leads")
    assert time.monotonic() - ended < 10
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    assert await tenant.writes() == [("PUT", "c1")]


@pytest.mark.parametrize("replicas", [1, 3, 2])
async def test_any_number_of_replicas_has_one_leader(installed: Site, tenant: Tenant, replicas: int) -> None:
    await installed.kubectl("scale", f"deployment/{DEPLOYMENT}", "-n", SYSTEM_NAMESPACE, f"--replicas={replicas}")
    await until_steady(installed, replicas)

    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    assert await tenant.writes() == [("PUT", "c1")]


async def test_a_drain_takes_one_pod_and_the_budget_keeps_the_other(installed: Site, tenant: Tenant) -> None:
    await until_steady(installed)
    nodes = {pod["spec"]["nodeName"] for pod in (await pods(installed)).values()}
    selector = f"--pod-selector=app.kubernetes.io/name={DEPLOYMENT}"
    assert len(nodes) == 1, "the drain of one node of several proves nothing of the budget"
    node = nodes.pop()
    try:
        # There is nowhere else to go, so the second eviction has to be refused until the drain gives up.
        with pytest.raises(KubectlError, match=r"disruption budget|global timeout"):
            await installed.kubectl("drain", node, selector, "--ignore-daemonsets", "--timeout=15s")
        assert len(await pods(installed)) == 2
        ready = [pod for pod in (await pods(installed)).values() if is_ready(pod)]
        assert len(ready) == 1
        await tenant.apply(tenant.connection())
        await tenant.until_ready(seconds=LIMIT)

        async def who_is_left_leads() -> bool:
            return await leader(installed) == ready[0]["metadata"]["name"]

        await until(who_is_left_leads, LIMIT, "the pod that is left leads")
    finally:
        await installed.kubectl("uncordon", node)
    await until_steady(installed)
    assert await tenant.writes() == [("PUT", "c1")]


def is_ready(pod: dict) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


async def test_the_api_server_may_be_restarted(installed: Site, tenant: Tenant) -> None:
    if installed.own is None:
        pytest.skip("only the API server of a cluster of our own may be restarted")
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    await until_steady(installed)

    await installed.own.order("restart-api-server")
    await tenant.edit(routingWeight=7)
    await tenant.until_ready(seconds=LIMIT)

    assert await tenant.writes() == [("PUT", "c1"), ("PUT", "c1")]
    await until_steady(installed)


async def test_new_settings_roll_out_and_write_nothing_to_azure(installed: Site, tenant: Tenant) -> None:
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    before = set(await pods(installed))

    await installed.kubectl("rollout", "restart", f"deployment/{DEPLOYMENT}", "-n", SYSTEM_NAMESPACE)
    await until_steady(installed)

    assert before.isdisjoint(await pods(installed))
    await tenant.edit(routingWeight=7)
    await tenant.until_ready(seconds=LIMIT)
    assert await tenant.writes() == [("PUT", "c1"), ("PUT", "c1")]
