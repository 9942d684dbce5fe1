"""What kind needs: the programs of a node and kind itself from pinned modules, and Debian's Docker."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from workbench.cluster.programs import OF_KUBERNETES
from workbench.cluster.programs import find_programs as find_node_programs
from workbench.toolchain.binaries import KUBERNETES
from workbench.toolchain.building import HACK, PinnedTools, find_tools
from workbench.toolchain.go import ToolchainError
from workbench.toolchain.tools import find_source

MODULE = HACK / "kind"
KIND = PinnedTools(MODULE, {"kind": "sigs.k8s.io/kind"}, "kind")

_OF_THE_SYSTEM = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "runc": "runc",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
}
"""Program -> Debian package."""


def find_programs() -> dict[str, Path]:
    """Return the path of each program, building those that are not there yet (see `workbench.cluster.programs`).

    Raises ToolchainError if one cannot be had, and says which packages are missing.
    """
    check_system(os.environ)
    found = find_node_programs() | find_tools(KUBERNETES, [*OF_KUBERNETES, "kubeadm"]) | find_tools(KIND, ["kind"])
    # runc is the node's own; what runs below the engine is the system's.
    return found | {"system-runc": Path(shutil.which("runc") or "/usr/sbin/runc")}


def find_node_files() -> Path:
    """Return the folder of the kind module with the files of its node images: the first program, units, settings."""
    return find_source("sigs.k8s.io/kind", MODULE) / "images" / "base" / "files"


def check_system(environ: Mapping[str, str]) -> None:
    """Raise ToolchainError if a program of the system is missing; the message says what to do."""
    missing = {
        package for name, package in _OF_THE_SYSTEM.items() if shutil.which(name, path=environ.get("PATH")) is None
    }
    if missing:
        raise ToolchainError(
            "Programs of the system are missing. On Debian: "
            f"apt-get install --no-install-recommends {' '.join(sorted(missing))}"
        )
