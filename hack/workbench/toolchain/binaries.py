"""Finds etcd, kube-apiserver and kubectl, and other Go programs, and builds those that nobody has built yet.

`KUBEBUILDER_ASSETS` wins for the Kubernetes ones, as it does for envtest. Otherwise each binary is built once from the
modules pinned in a folder of hack/ and kept in the user's cache folder, under a name made of everything that decides
its contents.
"""

import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.progress import Progress
from workbench.toolchain.go import GoToolchain, ToolchainError
from workbench.toolchain.go_package import obtain_go
from workbench.toolchain.lock import exclusive

HACK = Path(__file__).resolve().parents[2]
MODULE = HACK / "kubernetes"
"""The folder of the go.mod that pins the Kubernetes programs."""

PACKAGES: Mapping[str, str] = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
"""Name of the binary -> Go package of its main function."""

CONTROL_PLANE = ("etcd", "kube-apiserver")
"""What a control plane needs."""


@dataclass(frozen=True, slots=True)
class PinnedTools:
    """Programs that are built from one go.mod. The cache has a folder of its own for each such module, keyed by that module only."""

    module: Path
    """The folder of the go.mod."""
    packages: Mapping[str, str]
    """Name of the binary -> Go package of its main function."""
    cache: str
    """Name of the folder in the cache."""


CHART_TOOLS = PinnedTools(
    HACK / "charts",
    {
        "helm": "helm.sh/helm/v4/cmd/helm",
        "helm3": "helm.sh/helm/v3/cmd/helm",
        "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
    },
    "charts",
)
"""What installs and checks the chart; helm3 for those who still have that one."""

_BUILD_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath")


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
    return find_tools(PinnedTools(module, PACKAGES, "kubernetes"), wanted, environ=environ, obtain=obtain)


def find_tools(
    tools: PinnedTools,
    names: Iterable[str],
    *,
    environ: Mapping[str, str] = os.environ,
    obtain: Callable[[Mapping[str, str], str], GoToolchain] = obtain_go,
) -> dict[str, Path]:
    """Return the path of each named binary of a module, building what is not there yet; as `find_binaries` does, without assets."""
    go = obtain(environ, _go_directive(tools.module))
    folder = _cache_folder(environ, tools, go)
    found = {name: folder / name for name in names}
    missing = [name for name in found if not found[name].exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / "lock", f"Waiting for another process that builds {' and '.join(missing)}"):
            for leftover in folder.glob(".*.unfinished"):
                leftover.unlink()
            for name in missing:
                if not found[name].exists():
                    _build(name, found[name], go, environ, tools)
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


def _go_directive(module: Path) -> str:
    return _search(r"^go (\S+)$", module)


def _search(pattern: str, module: Path) -> str:
    match = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ToolchainError(f"{module / 'go.mod'} has no line that matches {pattern}")
    return match[1]


def _cache_folder(environ: Mapping[str, str], tools: PinnedTools, go: GoToolchain) -> Path:
    identity = hashlib.sha256()
    flags = (_linker_flags(name, tools) for name in tools.packages)
    for part in (go.version, go.goos, go.goarch, *_BUILD_FLAGS, *flags):
        identity.update(part.encode() + b"\0")
    for name in ("go.mod", "go.sum"):
        identity.update((tools.module / name).read_bytes())
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".cache")
    return Path(home) / "azure-vpn-operator" / tools.cache / identity.hexdigest()[:16]


def _linker_flags(name: str, tools: PinnedTools) -> str:
    """Return -ldflags: no debug symbols, and the release's version, which only Kubernetes' own scripts would set."""
    flags = ["-s", "-w"]
    if tools.packages[name].startswith("k8s.io/kubernetes/"):
        version = _search(r"^\s*k8s\.io/kubernetes (v\S+)", tools.module)
        major, minor, _ = version.removeprefix("v").split(".", 2)
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitCommit": "", "gitTreeState": "clean"}
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{variable}={value}" for variable, value in values.items()]
    return " ".join(flags)


def _build(name: str, target: Path, go: GoToolchain, environ: Mapping[str, str], tools: PinnedTools) -> None:
    unfinished = target.with_name(f".{name}.unfinished")
    log = target.with_name(f"{name}.log")
    command = [str(go.command), "build", "-v", *_BUILD_FLAGS]
    command += ["-ldflags", _linker_flags(name, tools), "-o", str(unfinished), tools.packages[name]]
    env = {**environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    env.pop("GOROOT", None)  # may be another Go's; the command finds its own beside itself
    what = f"Building {name} with {go.version} (once; kept in {target.parent})"
    try:
        with log.open("w") as output, Progress(what) as progress:
            child = subprocess.Popen(
                command,
                cwd=tools.module,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
            try:
                while not _has_ended(child, within_seconds=0.2):
                    progress.update(_what_is_built(log))
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if child.returncode != 0:
                raise ToolchainError(
                    f"Building {name} failed: `{' '.join(command)}` in {tools.module} ended with {child.returncode}.\n"
                    f"{_last_words(log)}\nThe whole output is in {log}."
                )
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _has_ended(child: subprocess.Popen[bytes], *, within_seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        child.wait(within_seconds)
    return child.returncode is not None


def _what_is_built(log: Path) -> str:
    # With -v, Go names each package that it compiles, one a line; other lines are sentences.
    lines = log.read_text(errors="replace").splitlines()
    packages = sum(" " not in line for line in lines)
    return f"{packages} packages compiled, {lines[-1].removeprefix('go: ')}" if lines else ""


def _last_words(log: Path, count: int = 20) -> str:
    lines = log.read_text(errors="replace").splitlines()
    telling = [line for line in lines if " " in line.strip()]
    return "\n".join(f"  {line}" for line in (telling or lines)[-count:])
