"""The whole system as processes, once for all tests of this folder; each test has a namespace and a resource group of its own."""

import itertools
import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from support.world.access_file import EVERYBODY, AccessFile
from support.world.film import Film
from support.world.side_by_side import SideBySide, bring_together
from support.world.tenant import Tenant
from support.world.topology import group_name, topology
from workbench.stack import Stack

QUICK = (
    *("--recent-interval", "1"),
    *("--hold-down-seconds", "1"),
    *("--confirm-within-seconds", "15"),
    # Tests run side by side: what one breaks must not stop the others.
    *("--max-disruptions", "0"),
    *("--status-interval", "5"),
    *("--drift-interval", "2"),
    *("--sweep-interval", "10"),
    *("--azure-timeout", "3"),
)
"""Ordinary settings that make tests quick."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")
    items[:] = bring_together(items)
    judging = [item for item in items if item.get_closest_marker("judges_the_run")]
    others = [item for item in items if not item.get_closest_marker("judges_the_run")]
    last = max((index for index, item in enumerate(others) if here in item.path.parents), default=-1)
    items[:] = [*others[: last + 1], *judging, *others[last + 1 :]]


@pytest.fixture(scope="session")
def topology_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("topology") / "e2e.json"
    path.write_text(json.dumps(topology()))
    return path


@pytest.fixture(scope="session")
def group_numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture(scope="package")
def stack(filmed_stack: tuple[Stack, Film]) -> Stack:
    """Control plane, simulator and operator that all tests share: nobody stops any of it."""
    return filmed_stack[0]


@pytest.fixture(scope="package")
def film(filmed_stack: tuple[Stack, Film]) -> Film:
    """Every version of our objects that the shared system has had so far."""
    return filmed_stack[1]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def filmed_stack(
    kubernetes_binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory, topology_file: Path
) -> AsyncIterator[tuple[Stack, Film]]:
    async with Stack(
        tmp_path_factory.mktemp("stack"),
        time_scale=60,
        topology=str(topology_file),
        operator_flags=(*QUICK, "--log-level", "DEBUG"),
        binaries=kubernetes_binaries,
        audit=True,
    ) as running:
        with Film.running(running.plane) as film:
            yield running, film


@pytest.fixture
async def tenant(
    stack: Stack, kubernetes_binaries: Mapping[str, Path], group_numbers: Iterator[int], request: pytest.FixtureRequest
) -> AsyncIterator[Tenant]:
    """This test's part of the shared system, with a Secret `key` that fits every site."""
    test, group = request.node.originalname, group_name(next(group_numbers))
    async with open_tenant(stack, kubernetes_binaries["kubectl"], group, test) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(
    stack: Stack, kubernetes_binaries: Mapping[str, Path], group_numbers: Iterator[int]
) -> AsyncIterator[SideBySide]:
    """For tests marked `side_by_side`."""
    kubectl = kubernetes_binaries["kubectl"]
    yield SideBySide(lambda test: open_tenant(stack, kubectl, group_name(next(group_numbers)), test))


@asynccontextmanager
async def open_tenant(stack: Stack, kubectl: Path, group: str, test: str) -> AsyncIterator[Tenant]:
    name = re.sub(r"[^a-z0-9]+", "-", test.lower().removeprefix("test_"))[:40].strip("-")
    namespace = f"{name}-{uuid.uuid4().hex[:6]}"
    await stack.plane.create_namespace(namespace)
    async with stack.plane.client() as cluster, aiohttp.ClientSession() as web:
        tenant = Tenant(stack, kubectl, namespace, group, cluster, web)
        await tenant.apply(tenant.secret())
        try:
            yield tenant
        finally:
            # What is left would only cost the operator time.
            await tenant.mend()
            await tenant.leave()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def spare_stack(
    kubernetes_binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory, topology_file: Path
) -> AsyncIterator[Stack]:
    """Another whole system, for tests that kill, stop or starve a part of it; each leaves it running again."""
    async with Stack(
        tmp_path_factory.mktemp("spare-stack"),
        time_scale=60,
        topology=str(topology_file),
        operator_flags=QUICK,
        # Whoever is killed and started again would have to wait until the Lease of the one before runs out.
        operator_environment={"AZVPN_LEADER_ELECTION": "false"},
        binaries=kubernetes_binaries,
        api_server_flags=("--etcd-compaction-interval=5s",),
    ) as running:
        yield running


@pytest.fixture
async def spare_tenant(
    spare_stack: Stack,
    kubernetes_binaries: Mapping[str, Path],
    group_numbers: Iterator[int],
    request: pytest.FixtureRequest,
) -> AsyncIterator[Tenant]:
    """This test's part of the spare system."""
    test, group = request.node.originalname, group_name(next(group_numbers))
    async with open_tenant(spare_stack, kubernetes_binaries["kubectl"], group, test) as opened:
        yield opened


@pytest.fixture
async def two_spare_tenants(
    spare_stack: Stack,
    kubernetes_binaries: Mapping[str, Path],
    group_numbers: Iterator[int],
    request: pytest.FixtureRequest,
) -> AsyncIterator[tuple[Tenant, Tenant]]:
    """Two parts of the spare system, in a namespace each."""
    test, kubectl = request.node.originalname, kubernetes_binaries["kubectl"]
    groups = [group_name(next(group_numbers)) for _ in range(2)]
    async with (
        open_tenant(spare_stack, kubectl, groups[0], test) as one,
        open_tenant(spare_stack, kubectl, groups[1], test) as other,
    ):
        yield one, other


@pytest.fixture(scope="module")
def access_file(tmp_path_factory: pytest.TempPathFactory) -> AccessFile:
    """The access file of the stack that has one."""
    return AccessFile(tmp_path_factory.mktemp("pod") / "access")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def access_stack(
    kubernetes_binaries: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    topology_file: Path,
    access_file: AccessFile,
) -> AsyncIterator[Stack]:
    """A whole system whose operator follows an access file."""
    async with Stack(
        tmp_path_factory.mktemp("access-stack"),
        time_scale=60,
        topology=str(topology_file),
        operator_flags=QUICK,
        operator_environment={"AZVPN_ACCESS_FILE": str(access_file.path)},
        binaries=kubernetes_binaries,
    ) as running:
        yield running


@pytest.fixture
async def access_tenant(
    access_stack: Stack,
    access_file: AccessFile,
    kubernetes_binaries: Mapping[str, Path],
    group_numbers: Iterator[int],
    request: pytest.FixtureRequest,
) -> AsyncIterator[Tenant]:
    """This test's part of the system with an access file; whatever the test makes of the file, it is undone."""
    test, group = request.node.originalname, group_name(next(group_numbers))
    async with open_tenant(access_stack, kubernetes_binaries["kubectl"], group, test) as opened:
        try:
            yield opened
        finally:
            await access_file.allow(opened, EVERYBODY)
