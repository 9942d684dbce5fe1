"""Fixtures for every test that needs a Kubernetes API server; tests that use one are marked `apiserver` by that.

The binaries are looked for, and built if need be, after the collection: a build takes minutes, and a fixture's time
counts against the test's own limit.
"""

import gc
import itertools
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from kubernetes.aio.client import ApiClient

from support.git_tools import ArgoLua, Kstatus
from support.packaging import Helm
from support.uncaptured import uncaptured
from workbench.control_plane.plane import LESS_GARBAGE_COLLECTION, ControlPlane
from workbench.toolchain.binaries import CONTROL_PLANE, find_binaries
from workbench.toolchain.go import ToolchainError
from workbench.toolchain.tools import find_tool

REPOSITORY = Path(__file__).parents[1]

_SHARED = ("filmed_stack", "spare_stack", "control_plane")
"""Fixtures with processes that many tests share; those whose tests take longest come first."""

settings.register_profile("whole", deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The default: all examples. No clock decides, since a busy machine says nothing about the code."""
settings.register_profile("quick", settings.get_profile("whole"), max_examples=20)
"""What `make check` plays of each property."""

_BINARIES = pytest.StashKey[Mapping[str, Path] | ToolchainError]()

_TOOLS = {
    "argo": ("argo-lua",),
    "chart_tools": ("helm", "helm3", "kubeconform"),
    "kstatus": ("kstatus",),
    "kustomize_controller": ("kustomize-controller",),
}
"""Fixture -> the programs that it needs."""

_FOUND_TOOLS = pytest.StashKey[dict[str, Mapping[str, Path] | ToolchainError]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-states", action="store_true", help="write what the product shows into gitops/argocd")


def pytest_configure() -> None:
    # kubectl and helm live for a moment: a third of it they would look for garbage.
    os.environ.setdefault("GOGC", LESS_GARBAGE_COLLECTION)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # Nothing becomes garbage before the collection is over.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, object, object]:
    users = [item for item in items if "kubernetes_binaries" in getattr(item, "fixturenames", ())]
    for item in users:
        item.add_marker("apiserver")
    if not hasattr(config, "workerinput"):
        return (yield)
    for item in users:
        item.add_marker(pytest.mark.xdist_group(name=_group(item)))
    # pytest-xdist reads the groups now, and what is not to be run goes.
    found = yield
    items[:] = _mix(items)
    return found


def _group(item: pytest.Item) -> str:
    """Tests of one group run in one worker: what they share is then started once, and not once per worker.

    A test that shares nothing with the others of its file may name a group of its own.
    """
    if (own := item.get_closest_marker("xdist_group")) is not None:
        return str(own.kwargs["name"])
    return next((fixture for fixture in _SHARED if fixture in getattr(item, "fixturenames", ())), item.path.stem)


def _mix(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """The order in which workers take tests: the groups on processes, and all others spread among those on the whole system.

    The former mostly wait, the latter need a processor all the time: side by side they fill it. What takes longest comes first, and nobody
    waits for it in the end.
    """
    groups: dict[str, list[pytest.Item]] = {}
    others = []
    for item in items:
        if item.get_closest_marker("apiserver") is None:
            others.append(item)
        else:
            groups.setdefault(_group(item), []).append(item)
    whole = sorted(
        (name for name, group in groups.items() if _is_whole(name, group)), key=lambda name: _place(name, groups[name])
    )
    # Whole modules, as tests of one may share a fixture; in each heap some of every part of the suite.
    modules = [list(module) for _, module in itertools.groupby(others, lambda item: item.path)]
    heaps = max(len(whole) - 1, 1)
    # Two begin at once.
    yield from groups.pop(whole[0]) if whole else ()
    for index in range(heaps):
        yield from groups.pop(whole[index + 1]) if whole[index + 1 :] else ()
        yield from itertools.chain(*modules[index::heaps])
    yield from itertools.chain(*groups.values())


def _is_whole(name: str, group: Sequence[pytest.Item]) -> bool:
    return name in _SHARED or "e2e" in group[0].path.parts


def _place(name: str, group: Sequence[pytest.Item]) -> int:
    if any(item.get_closest_marker("walkthrough") for item in group):
        return 0
    return 1 + (_SHARED.index(name) if name in _SHARED else len(_SHARED))


def pytest_collection_finish(session: pytest.Session) -> None:
    # Thousands of tests, schemas and modules stay to the end: to look through them for garbage costs a fifth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    if session.config.option.collectonly:
        return
    _find_tools(session)
    if any(item.get_closest_marker("apiserver") for item in session.items):
        with uncaptured(session.config):
            session.config.stash[_BINARIES] = _found_or_error(lambda: find_binaries(_names(session)))


def _find_tools(session: pytest.Session) -> None:
    asked = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    found = session.config.stash[_FOUND_TOOLS] = {}
    with uncaptured(session.config):
        for fixture in sorted(asked & set(_TOOLS)):
            names = _TOOLS[fixture]
            found[fixture] = _found_or_error(lambda names=names: {name: find_tool(name) for name in names})


def _found_or_error(find: Callable[[], Mapping[str, Path]]) -> Mapping[str, Path] | ToolchainError:
    try:
        return find()
    except ToolchainError as error:
        return error


def _names(session: pytest.Session) -> tuple[str, ...]:
    users = any(item.get_closest_marker("e2e") for item in session.items)
    return (*CONTROL_PLANE, "kubectl") if users else CONTROL_PLANE


@pytest.fixture(scope="session")
def kubernetes_binaries(pytestconfig: pytest.Config) -> Mapping[str, Path]:
    """etcd and kube-apiserver; without them tests are skipped, but fail where CI is set."""
    return _or_do_without(pytestconfig.stash[_BINARIES])


@pytest.fixture(scope="session")
def chart_tools(pytestconfig: pytest.Config) -> Mapping[str, Path]:
    """helm, helm3 and kubeconform; likewise."""
    return _tools(pytestconfig, "chart_tools")


@pytest.fixture(scope="session")
def helm(chart_tools: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The real helm, without a cluster."""
    return Helm(chart_tools["helm"], tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def helm3(chart_tools: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The helm of before, without a cluster."""
    return Helm(chart_tools["helm3"], tmp_path_factory.mktemp("helm3"))


def _or_do_without(found: Mapping[str, Path] | ToolchainError) -> Mapping[str, Path]:
    if isinstance(found, ToolchainError):
        if os.environ.get("CI"):
            pytest.fail(str(found), pytrace=False)
        pytest.skip(str(found))
    return found


def _tools(config: pytest.Config, fixture: str) -> Mapping[str, Path]:
    return _or_do_without(config.stash[_FOUND_TOOLS][fixture])


@pytest.fixture(scope="session")
def kstatus(pytestconfig: pytest.Config) -> Kstatus:
    """The library by which Flux and others judge objects; without it tests are skipped, but fail where CI is set."""
    return Kstatus(_tools(pytestconfig, "kstatus")["kstatus"])


@pytest.fixture(scope="session")
def argo(pytestconfig: pytest.Config) -> ArgoLua:
    """Argo CD's Lua with our scripts; likewise."""
    return ArgoLua(
        _tools(pytestconfig, "argo")["argo-lua"], REPOSITORY / "gitops" / "argocd" / "resource_customizations"
    )


@pytest.fixture(scope="session")
def kustomize_controller(pytestconfig: pytest.Config) -> Path:
    """Flux' kustomize-controller; likewise."""
    return _tools(pytestconfig, "kustomize_controller")["kustomize-controller"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def control_plane(
    kubernetes_binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ControlPlane]:
    """One control plane for the whole session: use a `namespace` of your own, and never stop it."""
    async with ControlPlane(tmp_path_factory.mktemp("control-plane"), binaries=kubernetes_binaries) as plane:
        yield plane
    shutil.rmtree(plane.directory / "etcd")


@pytest.fixture
async def own_control_plane(kubernetes_binaries: Mapping[str, Path], tmp_path: Path) -> AsyncIterator[ControlPlane]:
    """A control plane for one test, which may break it: three more seconds."""
    async with ControlPlane(tmp_path / "control-plane", binaries=kubernetes_binaries) as plane:
        yield plane
    shutil.rmtree(plane.directory / "etcd")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def azvpn_crds(control_plane: ControlPlane) -> None:
    """Put the project's CRDs into the shared control plane; they are served when the test begins."""
    await control_plane.apply(REPOSITORY / "crds")


@pytest.fixture
async def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    """A namespace of the shared control plane that only this test has. Nobody deletes it."""
    test = re.sub(r"[^a-z0-9]+", "-", request.node.originalname.lower().removeprefix("test_"))[:40].strip("-")
    name = f"{test}-{uuid.uuid4().hex[:8]}"
    await control_plane.create_namespace(name)
    return name


@pytest.fixture
async def admin(control_plane: ControlPlane) -> AsyncIterator[ApiClient]:
    """The official client (kubernetes.aio), as administrator of the shared control plane."""
    async with control_plane.client() as client:
        yield client
