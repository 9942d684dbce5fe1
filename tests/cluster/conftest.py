"""Tests on a whole cluster, with the image: `make e2e`.

The cluster is one of our own, made for the run, or with USE_EXISTING_CLUSTER=true the one of KUBECONFIG, such as kind's: the
image must be in it already, and SIMULATOR_HOST must be an address of this machine that its pods reach.
"""

import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from support.uncaptured import uncaptured
from support.world.tenant import Tenant
from support.world.topology import group_name, topology
from workbench.cluster.install import Helm, Installation, install, uninstall
from workbench.cluster.lifecycle import Cluster, down, up
from workbench.cluster.programs import find_programs
from workbench.control_plane import manifests
from workbench.image.names import ROOT, image_name
from workbench.kubectl import Kubectl
from workbench.processes import Process
from workbench.rest import call, connect
from workbench.stack import SimulatedAzure
from workbench.toolchain.binaries import KUBERNETES
from workbench.toolchain.building import find_tools
from workbench.toolchain.go import ToolchainError
from workbench.toolchain.tools import find_tool

if os.environ.get("AZVPN_CLUSTER_TESTS") != "true":
    collect_ignore_glob = ["test_*.py"]  # they need minutes, root and an image: `make e2e` sets it

LEASE_SECONDS = 20
_HERE = Path(__file__).parent

SETTINGS = {
    "installationId": "cluster-tests",
    "recentInterval": 1,
    "holdDownSeconds": 1,
    "confirmWithinSeconds": 15,
    "maxDisruptions": 0,
    "leaseDuration": LEASE_SECONDS,
}
"""Ordinary values of the chart that make tests quick."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has to be built is built before: it takes minutes, which would count against the limit of the first test."""
    if session.config.option.collectonly or not any(_HERE in item.path.parents for item in session.items):
        return
    try:
        with uncaptured(session.config):
            find_tools(KUBERNETES, ["kubectl"])
            find_tool("helm")
            if os.environ.get("USE_EXISTING_CLUSTER") != "true":
                find_programs()
    except ToolchainError as error:
        pytest.exit(str(error), returncode=1)


@dataclass(frozen=True)
class Site:
    """The cluster as tests use it; in the parts of it that `Tenant` asks for, it stands in for the stack of processes."""

    kubeconfig: Path
    kubectl: Kubectl
    helm: Helm
    azure: SimulatedAzure
    azure_for_pods: SimulatedAzure
    own: Cluster | None
    folder: Path

    @property
    def plane(self) -> "Site":
        return self

    async def apply_objects(self, *documents: dict[str, Any]) -> None:
        async with connect(self.kubeconfig) as admin:
            await manifests.apply(admin, [manifests.Manifest(Path("<test>"), document) for document in documents])

    async def create_namespace(self, name: str) -> None:
        await self.apply_objects({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    async def get(self, path: str) -> dict[str, Any]:
        async with connect(self.kubeconfig) as admin:
            return await call(admin, "GET", path)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("cluster")
    topology_file = folder / "topology.json"
    topology_file.write_text(json.dumps(topology()))
    kubectl, helm = find_tools(KUBERNETES, ["kubectl"])["kubectl"], find_tool("helm")
    if os.environ.get("USE_EXISTING_CLUSTER") == "true":
        kubeconfig = Path(os.environ["KUBECONFIG"])
        async with _simulator_here(folder, topology_file) as (here, for_pods):
            reached = Kubectl(kubectl, kubeconfig), Helm(helm, kubeconfig, folder)
            yield Site(kubeconfig, *reached, here, for_pods, None, folder)
        return
    archive = ROOT / "dist" / image_name().archive
    # Short: a socket's path has at most 107 characters.
    home = Path(f"/tmp/azvpn-cluster-{uuid.uuid4().hex[:6]}")
    try:
        cluster = await up(home, images=[archive], topology=str(topology_file), time_scale=60)
        yield Site(
            cluster.kubeconfig,
            Kubectl(kubectl, cluster.kubeconfig),
            Helm(helm, cluster.kubeconfig, folder),
            cluster.azure,
            cluster.azure_for_pods,
            cluster,
            folder,
        )
    finally:
        await down(home, keep_logs=True)
        shutil.copytree(home, folder / "logs")
        shutil.rmtree(home)


@asynccontextmanager
async def _simulator_here(folder: Path, topology_file: Path) -> AsyncIterator[tuple[SimulatedAzure, SimulatedAzure]]:
    host = os.environ["SIMULATOR_HOST"]
    ready = folder / "simulator-ready.json"
    command = [Path(sys.executable).parent / "azure-vpn-simulator", "serve", "--topology", topology_file]
    command += ["--state-dir", folder / "azure", "--host", "0.0.0.0", "--names", host]
    command += ["--control", "127.0.0.1:0", "--time-scale", "60", "--ready-file", ready]
    process = Process.start("simulator", command, log=folder / "simulator.log")

    async def is_ready() -> bool:
        return ready.exists()

    try:
        await process.wait_until(is_ready, timeout_seconds=60)
        facts = json.loads(ready.read_text())
        here = SimulatedAzure(facts["endpoint"], facts["authority"], facts["controlUrl"], Path(facts["caFile"]))
        there = {name: re.sub("127.0.0.1", host, getattr(here, name)) for name in ("endpoint", "authority")}
        yield here, replace(here, **there)
    finally:
        await process.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installed(site: Site) -> AsyncIterator[Site]:
    """The cluster with the operator in it, rolled out."""
    await install_again(site)
    yield site
    if site.own is None:
        await uninstall(site.kubectl, site.helm)


async def install_again(site: Site, **values: Any) -> None:
    """Install what is shipped, also where a test has changed some of it; `values` are added to the usual ones."""
    await install(site.kubectl, site.helm, installation(site, **values), site.folder / "install")


def installation(site: Site, **values: Any) -> Installation:
    """What these tests install."""
    return Installation(image_name(), site.azure_for_pods, SETTINGS | values)


@pytest.fixture(scope="session")
def group_numbers() -> Iterator[int]:
    return count()


@pytest.fixture
async def tenant(
    installed: Site, group_numbers: Iterator[int], request: pytest.FixtureRequest
) -> AsyncIterator[Tenant]:
    """A namespace and a resource group of this test's own, with a Secret `key` that fits every site."""
    async with open_tenant(installed, group_name(next(group_numbers)), request.node.originalname) as opened:
        yield opened


@asynccontextmanager
async def open_tenant(site: Site, group: str, test: str) -> AsyncIterator[Tenant]:
    name = re.sub(r"[^a-z0-9]+", "-", test.removeprefix("test_"))[:30].strip("-")
    namespace = f"{name}-{uuid.uuid4().hex[:6]}"
    await site.create_namespace(namespace)
    async with connect(site.kubeconfig) as cluster, aiohttp.ClientSession() as web:
        tenant = Tenant(site, site.kubectl.program, namespace, group, cluster, web)  # type: ignore[arg-type]
        await tenant.apply(tenant.secret())
        yield tenant
        await tenant.leave()
