"""Builds a Go program of a pinned module, and says where in the cache it belongs."""

import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from workbench.progress import Progress
from workbench.toolchain.go import GoToolchain, ToolchainError

_BUILD_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath")


def go_directive(module: Path) -> str:
    """Return the version of Go that the module's go.mod asks for."""
    match = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ToolchainError(f"{module / 'go.mod'} has no line that names a version of Go")
    return match[1]


def cache_folder(
    room: str, environ: Mapping[str, str], module: Path, go: GoToolchain, flags: Iterable[str] = ()
) -> Path:
    """Return the folder of the user's cache whose name is made of everything that decides what is built from the module."""
    identity = hashlib.sha256()
    for part in (go.version, go.goos, go.goarch, *_BUILD_FLAGS, *flags):
        identity.update(part.encode() + b"\0")
    for path in (module / "go.mod", module / "go.sum", *sorted(module.glob("*.go"))):
        identity.update(path.read_bytes())
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".cache")
    return Path(home) / "azure-vpn-operator" / room / identity.hexdigest()[:16]


def go_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the go command builds what is pinned, with itself and nothing else."""
    env = {**environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    env.pop("GOROOT", None)  # may be another Go's; the command finds its own beside itself
    return env


def build(
    package: str, target: Path, go: GoToolchain, environ: Mapping[str, str], module: Path, *, ldflags: str = "-s -w"
) -> None:
    """Build the package's program as `target`, which appears only when it is whole; says on standard error that it goes on.

    Raises ToolchainError with the compiler's last words.
    """
    name = target.name
    unfinished = target.with_name(f".{name}.unfinished")
    log = target.with_name(f"{name}.log")
    command = [str(go.command), "build", "-v", *_BUILD_FLAGS, "-ldflags", ldflags, "-o", str(unfinished), package]
    what = f"Building {name} with {go.version} (once; kept in {target.parent})"
    try:
        with log.open("w") as output, Progress(what) as progress:
            child = subprocess.Popen(
                command,
                cwd=module,
                env=go_environment(environ),
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
                    f"Building {name} failed: `{' '.join(command)}` in {module} ended with {child.returncode}.\n"
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
