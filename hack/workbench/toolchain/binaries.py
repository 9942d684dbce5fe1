"""Finds etcd, kube-apiserver and kubectl, and builds those that nobody has built yet.

`KUBEBUILDER_ASSETS` wins, as it does for envtest. Otherwise each binary is built once from the modules pinned in
hack/kubernetes and kept in the user's cache folder, under a name made of everything that decides its contents.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from workbench.toolchain.building import build, cache_folder, go_directive
from workbench.toolchain.go import GoToolchain, ToolchainError
from workbench.toolchain.go_package import obtain_go
from workbench.toolchain.lock import exclusive

MODULE = Path(__file__).resolve().parents[2] / "kubernetes"
"""The folder of the go.mod that pins what is built."""

PACKAGES: Mapping[str, str] = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
"""Name of the binary -> Go package of its main function."""

CONTROL_PLANE = ("etcd", "kube-apiserver")
"""What a control plane needs."""


def find_binaries(
    names: Iterable[str] = CONTROL_PLANE,
    *,
    environ: Mapping[str, str] = os.environ,
    module: Path = MODULE,
    obtain: Callable[[Mapping[str, str], str], GoToolchain] = obtain_go,
) -> dict[str, Path]:
    """Return the path of each named binary (a key of PACKAGES), building what is not there yet.

    A build takes minutes and says on standard error that it goes on; so does the installation of a Go, which `obtain`
    does where none is new enough. Raises ToolchainError, with a message that says
    what to do, when a binary is missing and cannot be built.
    """
    wanted = tuple(names)
    if assets := environ.get("KUBEBUILDER_ASSETS"):
        return _find_assets(Path(assets), wanted)
    go = obtain(environ, go_directive(module))
    flags = [_linker_flags(name, module) for name in PACKAGES]
    folder = cache_folder("kubernetes", environ, module, go, flags)
    found = {name: folder / name for name in wanted}
    missing = [name for name in wanted if not found[name].exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / "lock", "Waiting for another process that builds etcd and kube-apiserver"):
            for leftover in folder.glob(".*.unfinished"):
                leftover.unlink()
            for name in missing:
                if not found[name].exists():
                    build(PACKAGES[name], found[name], go, environ, module, ldflags=_linker_flags(name, module))
    return found


def _find_assets(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    found = {name: folder / name for name in names}
    missing = [name for name, path in found.items() if not os.access(path, os.X_OK)]
    if missing:
        raise ToolchainError(
            f"KUBEBUILDER_ASSETS is {folder}, and that folder has no executable {' and no '.join(missing)}. "
            f"Put it there, or unset KUBEBUILDER_ASSETS to have it built."
        )
    return found


def _search(pattern: str, module: Path) -> str:
    match = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ToolchainError(f"{module / 'go.mod'} has no line that matches {pattern}")
    return match[1]


def _linker_flags(name: str, module: Path) -> str:
    """Return -ldflags: no debug symbols, and the release's version, which only Kubernetes' own scripts would set."""
    flags = ["-s", "-w"]
    if name != "etcd":
        version = _search(r"^\s*k8s\.io/kubernetes (v\S+)", module)
        major, minor, _ = version.removeprefix("v").split(".", 2)
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitCommit": "", "gitTreeState": "clean"}
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{variable}={value}" for variable, value in values.items()]
    return " ".join(flags)
