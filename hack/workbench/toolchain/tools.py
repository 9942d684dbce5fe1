"""Programs of other projects for the tests: each from a pinned Go module in hack/, built once and kept in the cache."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from workbench.toolchain.building import HACK, PinnedTools, find_tools, go_directive, go_environment
from workbench.toolchain.go import ToolchainError
from workbench.toolchain.go_package import obtain_go

MODULES = (
    PinnedTools(
        HACK / "charts",
        {
            "helm": "helm.sh/helm/v4/cmd/helm",
            # For those who still have that one.
            "helm3": "helm.sh/helm/v3/cmd/helm",
            "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
        },
        "charts",
    ),
    PinnedTools(HACK / "kstatus", {"kstatus": "."}, "kstatus"),
    PinnedTools(HACK / "argo-lua", {"argo-lua": "."}, "argo-lua"),
    PinnedTools(HACK / "flux", {"kustomize-controller": "github.com/fluxcd/kustomize-controller"}, "flux"),
)
"""What is pinned, one entry for each go.mod."""

TOOLS: Mapping[str, PinnedTools] = {name: module for module in MODULES for name in module.packages}
"""Name of the binary -> the module that it comes from."""


def find_tool(name: str, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of a binary (a key of TOOLS), building it if it is not there yet.

    Raises ToolchainError, with a message that says what to do, when it cannot be built.
    """
    return find_tools(TOOLS[name], (name,), environ=environ)[name]


def find_source(path: str, module: Path, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder with the source of a Go module (`github.com/owner/name`), in the version that `module`'s go.mod pins.

    Downloads it if it is not in Go's own cache. Raises ToolchainError with Go's words if that is not possible.
    """
    go = obtain_go(environ, go_directive(module))
    command = [str(go.command), "mod", "download", "-json", path]
    ended = subprocess.run(
        command, cwd=module, env=go_environment(environ), capture_output=True, text=True, check=False, timeout=300
    )
    try:
        said = json.loads(ended.stdout)
        return Path(said["Dir"])
    except (ValueError, KeyError) as error:
        raise ToolchainError(f"`{' '.join(command)}` in {module} failed: {ended.stderr or ended.stdout}") from error
