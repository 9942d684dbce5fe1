"""Two operators on one cluster: one works, the other stands by, and takes over without a write too many."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from support.world.tenant import Tenant
from workbench.processes import ProcessError
from workbench.rest import call
from workbench.stack import SERVICE_ACCOUNT, SYSTEM_NAMESPACE, Replica

LEASE_SECONDS = 20.0
ELECTION = {"AZVPN_LEADER_ELECTION": "true", "AZVPN_LEASE_DURATION": f"{LEASE_SECONDS:g}"}


@dataclass
class Two:
    """The replicas, the leader first."""

    leader: Replica
    standby: Replica


@asynccontextmanager
async def two_replicas(tenant: Tenant) -> AsyncIterator[Two]:
    """Two in the place of the one that usually runs."""
    await tenant.stack.operator.stop()
    running: list[Replica] = []
    try:
        running.append(await tenant.stack.start_replica("replica-a", ELECTION))
        running.append(await tenant.stack.start_replica("replica-b", ELECTION))
        await _until(running[0], leads=True)
        assert not await _leads(running[1])
        yield Two(*running)
    finally:
        for replica in running:
            replica.process.send_signal(signal.SIGCONT)
            await replica.process.stop()
        await tenant.stack.start_operator()


async def test_a_killed_leader_is_followed_in_time_and_nothing_is_written_twice(spare_tenant: Tenant):
    tenant = spare_tenant
    async with two_replicas(tenant) as two:
        await tenant.apply(tenant.connection())
        await tenant.until_ready()
        two.leader.process.kill()
        killed = time.monotonic()
        await tenant.edit(routingWeight=7)
        await tenant.until_ready(seconds=LEASE_SECONDS + 10)
        assert time.monotonic() - killed <= LEASE_SECONDS + 5
        assert await tenant.writes() == [("PUT", "c1"), ("PUT", "c1")]
        assert await _leads(two.standby)


async def test_a_leader_that_ends_in_order_is_followed_at_once(spare_tenant: Tenant):
    tenant = spare_tenant
    async with two_replicas(tenant) as two:
        assert await two.leader.process.stop(grace_seconds=20) == 0
        ended = time.monotonic()
        await tenant.apply(tenant.connection())
        await tenant.until_ready()
        assert time.monotonic() - ended < 10
        assert await tenant.writes() == [("PUT", "c1")]


async def test_a_leader_that_stood_still_for_longer_than_its_lease_writes_nothing_more(spare_tenant: Tenant):
    tenant = spare_tenant
    async with two_replicas(tenant) as two:
        await tenant.apply(tenant.connection())
        await tenant.until_ready()
        two.leader.process.send_signal(signal.SIGSTOP)
        await tenant.edit(routingWeight=7)
        await tenant.until_ready(seconds=LEASE_SECONDS + 10)
        # It has seen nothing of the edit: what it would write now is what was there before.
        two.leader.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(15):
            while two.leader.process.exit_code is None:  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.1)
        assert two.leader.process.exit_code == 1
        assert "leads" in two.leader.process.last_words()
        await tenant.until_ready()
        assert await tenant.writes() == [("PUT", "c1"), ("PUT", "c1")]
        live = await tenant.in_azure()
        assert live is not None
        assert live["properties"]["routingWeight"] == 7


async def test_a_standby_is_ready_and_asks_azure_nothing(spare_tenant: Tenant):
    tenant = spare_tenant
    async with two_replicas(tenant) as two:
        assert await two.standby.is_ready()
        text = await _metrics(two.standby)
        assert "azure_vpn_operator_azure_requests_total{" not in text
        assert "workqueue_depth{" in text


async def test_two_installations_never_touch_each_others_objects_and_a_third_one_that_would_does_not_start(
    two_spare_tenants: tuple[Tenant, Tenant],
):
    north, south = two_spare_tenants
    stack = north.stack
    await stack.operator.stop()
    running: list[Replica] = []
    try:
        await _grant_leases(north, "south", "west")
        running.append(await stack.start_replica("north", _installation("north", "azure-vpn-operator", north)))
        running.append(await stack.start_replica("south", _installation("south", "south", south)))
        for replica, lease in zip(running, ("azure-vpn-operator", "south"), strict=True):
            await _until(replica, leads=True, lease=lease)
        for tenant, name in ((north, "north"), (south, "south")):
            await tenant.apply(tenant.connection())
            await tenant.until_ready()
            live = await tenant.in_azure()
            assert live is not None
            assert live["tags"]["azvpn-owner"] == f"{name}/{tenant.namespace}/c1"
            assert await tenant.writes() == [("PUT", "c1")]
        with pytest.raises(ProcessError) as refused:
            await stack.start_replica("west", _installation("west", "west", south, north))
        assert "ended with 2" in str(refused.value)
        assert f"the installation north (Lease azure-vpn-operator) works in {north.namespace}" in str(refused.value)
        for tenant in (north, south):
            await tenant.delete()
            await tenant.until_gone()
    finally:
        for replica in running:
            await replica.process.stop()
        await stack.start_operator()


def _installation(name: str, lease: str, *tenants: Tenant) -> dict[str, str]:
    return {
        **ELECTION,
        "AZVPN_INSTALLATION_ID": name,
        "AZVPN_LEASE_NAME": lease,
        "AZVPN_WATCH_NAMESPACES": ",".join(tenant.namespace for tenant in tenants),
    }


async def _grant_leases(tenant: Tenant, *names: str) -> None:
    """As the guide says: the Role that is shipped names one Lease."""
    rule = {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "create", "patch"],
        "resourceNames": list(names),
    }
    metadata = {"name": "azure-vpn-operator-leases", "namespace": SYSTEM_NAMESPACE}
    subject = {"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": SYSTEM_NAMESPACE}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"]}
    for plural, more in (("roles", {"rules": [rule]}), ("rolebindings", {"roleRef": reference, "subjects": [subject]})):
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SYSTEM_NAMESPACE}/{plural}"
        await call(tenant.cluster, "POST", path, body={"metadata": metadata, **more})


async def _until(replica: Replica, *, leads: bool, lease: str = "azure-vpn-operator") -> None:
    async with asyncio.timeout(LEASE_SECONDS + 10):
        while await _leads(replica, lease) is not leads:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.1)


async def _leads(replica: Replica, lease: str = "azure-vpn-operator") -> bool:
    return f'leader_election_master_status{{name="{lease}"}} 1.0' in await _metrics(replica)


async def _metrics(replica: Replica) -> str:
    async with aiohttp.ClientSession() as web, web.get(f"http://127.0.0.1:{replica.metrics_port}/metrics") as answer:
        return await answer.text()
