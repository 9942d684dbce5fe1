"""Finds the programs of Kubernetes (etcd, kube-apiserver, kubectl), and builds those that nobody has built yet.

`KUBEBUILDER_ASSETS` wins, as it does for envtest. Otherwise each binary is built once from the modules pinned in
hack/kubernetes and kept in the user's cache folder, under a name made of everything that decides its contents.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from workbench.toolchain.building import HACK, PinnedTools, find_tools
from workbench.toolchain.go import GoToolchain, ToolchainError
from workbench.toolchain.go_package import obtain_go

MODULE = HACK / "kubernetes"
"""The folder of the go.mod that pins what is built."""

PACKAGES: Mapping[str, str] = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubeadm": "k8s.io/kubernetes/cmd/kubeadm",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
}
"""Name of the binary -> Go package of its main function."""

CONTROL_PLANE = ("etcd", "kube-apiserver")
"""What a control plane needs."""

KUBERNETES = PinnedTools(MODULE, PACKAGES, "kubernetes")
"""The programs of hack/kubernetes, without a look at KUBEBUILDER_ASSETS."""


def find_binaries(
    names: Iterable[str] = CONTROL_PLANE,
    *,
    environ: Mapping[str, str] = os.environ,
    module: Path = MODULE,
    obtain: Callable[[Mapping[str, str], str], GoToolchain] = obtain_go,
) -> dict[str, Path]:
    """Return the path of each named binary (a key of PACKAGES), building what is not there yet, as `find_tools` does.

    Raises ToolchainError, with a message that says what to do, when a binary is missing and cannot be built.
    """
    wanted = tuple(names)
    if assets := environ.get("KUBEBUILDER_ASSETS"):
        return _find_assets(Path(assets), wanted)
    return find_tools(PinnedTools(module, PACKAGES, "kubernetes"), wanted, environ=environ, obtain=obtain)


def _find_assets(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    found = {name: folder / name for name in names}
    missing = [name for name, path in found.items() if not os.access(path, os.X_OK)]
    if missing:
        raise ToolchainError(
            f"KUBEBUILDER_ASSETS is {folder}, and that folder has no executable {' and no '.join(missing)}. "
            f"Put it there, or unset KUBEBUILDER_ASSETS to have it built."
        )
    return found
