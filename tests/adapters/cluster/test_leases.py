"""The Lease on a real API server, under the rights that are shipped, and the fake that the election is tested with: the same cases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.cluster.leases import ClusterLease
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.cluster.settings import ClusterSettings
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import LeaseClaim, LeasePort
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.runtime.election import LeaseRecord
from support.fakes.lease import FakeLease, StoredLease
from support.world.operator_access import operator_kubeconfig
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINE = LeaseRecord("a_1", 30.0, NOW, NOW)
MakeLease = Callable[[], LeasePort]


@pytest.fixture(params=["fake", "api server"])
async def make(request: pytest.FixtureRequest, control_plane: ControlPlane, namespace: str) -> AsyncIterator[MakeLease]:
    """Makes ways to one Lease, one for each replica."""
    if request.param == "fake":
        stored = StoredLease()
        yield lambda: FakeLease(stored)
        return
    kubeconfig = await operator_kubeconfig(control_plane, namespace)
    async with ClusterSession(ClusterSettings(kubeconfig=str(kubeconfig)), clock=SystemClock()) as session:
        own = LeaseClaim("azure-vpn-operator", "north", frozenset({"a", "b"}))
        yield lambda: ClusterLease(session, namespace=namespace, own=own)


async def written(lease: LeasePort, record: LeaseRecord) -> LeaseRecord:
    found = await lease.write(record)
    assert isinstance(found, LeaseRecord)
    return found


async def test_there_is_none_until_somebody_writes_one(make: MakeLease):
    lease = make()
    assert await lease.read() is None
    first = await written(lease, MINE)
    assert replace(first, version="") == MINE
    assert first.version
    assert await lease.read() == first


async def test_a_renewal_is_a_new_version(make: MakeLease):
    lease = make()
    first = await written(lease, MINE)
    later = NOW.replace(second=5)
    second = await written(lease, replace(first, renewed=later))
    assert second.version != first.version
    assert (second.acquired, second.renewed) == (NOW, later)


async def test_no_replica_reckons_with_less_than_the_leader_does(make: MakeLease):
    first = await written(make(), replace(MINE, duration=30.4))
    assert first.duration >= 30.4


async def test_who_has_read_an_older_version_is_refused(make: MakeLease):
    mine, theirs = make(), make()
    first = await written(mine, MINE)
    await written(mine, replace(first, renewed=NOW.replace(second=5)))
    refused = await theirs.write(replace(first, holder="b_1", transitions=1))
    assert isinstance(refused, Fault)
    assert refused.kind is FaultKind.CONFLICT
    found = await theirs.read()
    assert isinstance(found, LeaseRecord)
    assert found.holder == "a_1"


async def test_of_those_who_make_it_at_once_one_succeeds(make: MakeLease):
    results = await asyncio.gather(*(make().write(replace(MINE, holder=f"r_{number}")) for number in range(6)))
    winners = [found.holder for found in results if isinstance(found, LeaseRecord)]
    assert len(winners) == 1
    assert all(found.kind is FaultKind.CONFLICT for found in results if isinstance(found, Fault))
    stored = await make().read()
    assert isinstance(stored, LeaseRecord)
    assert stored.holder == winners[0]


async def test_one_that_was_let_go_has_no_holder(make: MakeLease):
    lease = make()
    first = await written(lease, MINE)
    await written(lease, replace(first, holder="", duration=1.0))
    found = await lease.read()
    assert isinstance(found, LeaseRecord)
    assert (found.holder, found.duration) == ("", 1.0)


async def test_installations_see_each_other(control_plane: ControlPlane, admin: ApiClient, namespace: str):
    kubeconfig = await operator_kubeconfig(control_plane, namespace)
    async with ClusterSession(ClusterSettings(kubeconfig=str(kubeconfig)), clock=SystemClock()) as session:
        north = ClusterLease(
            session, namespace=namespace, own=LeaseClaim("azure-vpn-operator", "north", frozenset({"a", "b"}))
        )
        south = ClusterLease(session, namespace=namespace, own=LeaseClaim("south", "south", frozenset()))
        await written(north, MINE)
        path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        await call(admin, "POST", path, body={"metadata": {"name": "of-somebody-else"}, "spec": {}})
        found = await south.other_claims()
        mine = await north.other_claims()
    until = NOW + timedelta(seconds=30)
    assert found == [LeaseClaim("azure-vpn-operator", "north", frozenset({"a", "b"}), until)]
    assert mine == []
