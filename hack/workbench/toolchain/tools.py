"""Programs of the GitOps tools, for the tests: each from a pinned Go module of its own in hack/, built once and kept in the cache."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.toolchain.building import build, cache_folder, go_directive, go_environment
from workbench.toolchain.go import GoToolchain, ToolchainError
from workbench.toolchain.go_package import obtain_go
from workbench.toolchain.lock import exclusive

HACK = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: the folder in hack/ whose go.mod pins it, and the Go package of its main function."""

    module: str
    package: str = "."


TOOLS: Mapping[str, Tool] = {
    "kstatus": Tool("kstatus"),
    "argo-lua": Tool("argo-lua"),
    "kustomize-controller": Tool("flux", "github.com/fluxcd/kustomize-controller"),
}
"""Name of the binary -> where it comes from."""


def find_tool(name: str, *, environ: Mapping[str, str] = os.environ, hack: Path = HACK) -> Path:
    """Return the path of a binary (a key of TOOLS), building it if it is not there yet.

    Raises ToolchainError, with a message that says what to do, when it cannot be built.
    """
    tool = TOOLS[name]
    module = hack / tool.module
    go = obtain_go(environ, go_directive(module))
    folder = cache_folder(tool.module, environ, module, go)
    target = folder / name
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / "lock", f"Waiting for another process that builds {name}"):
            if not target.exists():
                build(tool.package, target, go, environ, module)
    return target


def find_source(path: str, module: Path, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder with the source of a Go module (`github.com/owner/name`), in the version that `module`'s go.mod pins.

    Downloads it if it is not in Go's own cache. Raises ToolchainError with Go's words if that is not possible.
    """
    go: GoToolchain = obtain_go(environ, go_directive(module))
    command = [str(go.command), "mod", "download", "-json", path]
    ended = subprocess.run(
        command, cwd=module, env=go_environment(environ), capture_output=True, text=True, check=False, timeout=300
    )
    try:
        said = json.loads(ended.stdout)
        return Path(said["Dir"])
    except (ValueError, KeyError) as error:
        raise ToolchainError(f"`{' '.join(command)}` in {module} failed: {ended.stderr or ended.stdout}") from error
