"""Builds Go programs of pinned modules, once, and keeps them in the user's cache folder."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.steps import StepError, run_step
from workbench.toolchain.go import GoToolchain, ToolchainError
from workbench.toolchain.go_package import obtain_go
from workbench.toolchain.lock import exclusive

HACK = Path(__file__).resolve().parents[2]
"""Each folder there with a go.mod pins programs."""

_BUILD_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath")


@dataclass(frozen=True, slots=True)
class PinnedTools:
    """Programs that are built from one go.mod. The cache has a folder of its own for each such module, keyed by that module only."""

    module: Path
    """The folder of the go.mod."""
    packages: Mapping[str, str]
    """Name of the binary -> Go package of its main function."""
    cache: str
    """Name of the folder in the cache."""
    tags: str = ""
    """Build tags, separated by commas."""
    cgo: bool = False
    """Whether C is compiled too, which needs a compiler and the libraries."""


def find_tools(
    tools: PinnedTools,
    names: Iterable[str],
    *,
    environ: Mapping[str, str] = os.environ,
    obtain: Callable[[Mapping[str, str], str], GoToolchain] = obtain_go,
) -> dict[str, Path]:
    """Return the path of each named binary of a module, building what is not there yet.

    A build may take minutes and says on standard error that it goes on; so does the installation of a Go, which `obtain`
    does where none is new enough. Raises ToolchainError, with a message that says what to do, when a binary cannot be built.
    """
    go = obtain(environ, go_directive(tools.module))
    folder = _folder_of(tools, environ, go)
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


def cache_folder(environ: Mapping[str, str], name: str) -> Path:
    """Return the folder below the user's cache that is kept for `name`; it need not be there yet."""
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".cache")
    return Path(home) / "azure-vpn-operator" / name


def go_directive(module: Path) -> str:
    """Return the version of Go that the module's go.mod asks for."""
    return _search(r"^go (\S+)$", module)


def go_environment(environ: Mapping[str, str], *, cgo: bool = False) -> dict[str, str]:
    """Return the environment in which the go command builds what is pinned, with itself and nothing else."""
    env = {**environ, "CGO_ENABLED": str(int(cgo)), "GOWORK": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    env.pop("GOROOT", None)  # may be another Go's; the command finds its own beside itself
    return env


def _search(pattern: str, module: Path) -> str:
    match = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ToolchainError(f"{module / 'go.mod'} has no line that matches {pattern}")
    return match[1]


def _folder_of(tools: PinnedTools, environ: Mapping[str, str], go: GoToolchain) -> Path:
    """The folder whose name is made of everything that decides what is built."""
    identity = hashlib.sha256()
    flags = (_linker_flags(name, tools) for name in tools.packages)
    for part in (go.version, go.goos, go.goarch, *_BUILD_FLAGS, *flags, *_tag_flags(tools)):
        identity.update(part.encode() + b"\0")
    for path in (tools.module / "go.mod", tools.module / "go.sum", *sorted(tools.module.glob("*.go"))):
        identity.update(path.read_bytes())
    return cache_folder(environ, tools.cache) / identity.hexdigest()[:16]


def _tag_flags(tools: PinnedTools) -> list[str]:
    return ["-tags", tools.tags] if tools.tags else []


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
    command = [str(go.command), "build", "-v", *_BUILD_FLAGS, *_tag_flags(tools)]
    command += ["-ldflags", _linker_flags(name, tools), "-o", str(unfinished), tools.packages[name]]
    log.unlink(missing_ok=True)
    try:
        run_step(
            f"Building {name} with {go.version} (once; kept in {target.parent})",
            command,
            log=log,
            cwd=tools.module,
            env=go_environment(environ, cgo=tools.cgo),
            shows=_what_is_built,
            tells=lambda lines: [line for line in lines if " " in line.strip()] or lines,
        )
        unfinished.replace(target)
    except StepError as error:
        raise ToolchainError(f"Building {name} failed: {error.details or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _what_is_built(lines: Sequence[str]) -> str:
    # With -v, Go names each package that it compiles, one a line; other lines are sentences.
    packages = sum(" " not in line for line in lines)
    return f"{packages} packages compiled, {lines[-1].removeprefix('go: ')}" if lines else ""
