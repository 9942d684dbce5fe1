"""What a node needs: programs built from pinned modules, and a few of the system's, which only apt-get can bring."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from workbench.toolchain.binaries import KUBERNETES
from workbench.toolchain.building import HACK, PinnedTools, find_tools
from workbench.toolchain.go import ToolchainError

CNI_PLUGINS = Path("/usr/lib/cni")

CONTAINERD = PinnedTools(
    HACK / "containerd",
    {
        name: f"github.com/containerd/containerd/v2/cmd/{name}"
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    },
    "containerd",
    tags="no_btrfs",
)
RUNC = PinnedTools(HACK / "runc", {"runc": "github.com/opencontainers/runc"}, "runc", tags="seccomp", cgo=True)
"""With seccomp, since restricted pods ask for it; that needs a C compiler and libseccomp."""
PAUSE = PinnedTools(HACK / "pause", {"pause": "azvpn.dev/hack/pause"}, "pause")

OF_KUBERNETES = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kubelet", "kube-proxy", "kubectl"),
)

_OF_THE_SYSTEM = {
    "ip": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
    "mount": "mount",
    "cc": "gcc libc6-dev",
    "pkg-config": "pkg-config",
}
"""Program -> Debian package."""


def find_programs() -> dict[str, Path]:
    """Return the path of each program, building those that are not there yet (about ten minutes the first time).

    Raises ToolchainError if one cannot be had, and says which packages are missing.
    """
    check_system(os.environ)
    found: dict[str, Path] = {}
    for tools, names in (
        (KUBERNETES, OF_KUBERNETES),
        *((tools, tuple(tools.packages)) for tools in (CONTAINERD, RUNC, PAUSE)),
    ):
        found |= find_tools(tools, names)
    return found


def check_system(environ: Mapping[str, str], *, cni: Path = CNI_PLUGINS, platform: str = sys.platform) -> None:
    """Raise ToolchainError if no cluster can run on this machine; the message says what to do."""
    if platform != "linux" or os.geteuid() != 0:
        raise ToolchainError(
            "A cluster of our own needs Linux and root: it makes network and mount namespaces and runs containers. "
            "With Docker, use kind: hack/kind/README.md"
        )
    packages = [
        package
        for program, package in _OF_THE_SYSTEM.items()
        if shutil.which(program, path=environ.get("PATH")) is None
    ]
    if not (cni / "bridge").exists():
        packages.append("containernetworking-plugins")
    if not Path("/usr/include/seccomp.h").exists():
        packages.append("libseccomp-dev")
    if packages:
        raise ToolchainError(
            f"Programs of the system are missing. On Debian: apt-get install {' '.join(sorted(packages))}"
        )
