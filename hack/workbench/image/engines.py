"""Who builds the image: Docker where its engine runs, else buildah, which needs no engine but root."""

import dataclasses
import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from workbench.image.debian import make_debian
from workbench.image.names import ROOT, ImageName
from workbench.steps import StepError, run_step


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What is to be built, and where the archive goes."""

    image: ImageName
    revision: str
    archive: Path
    secrets: Mapping[str, Path]
    log: Path

    @property
    def arguments(self) -> list[str]:
        """What both builders take."""
        arguments = ["--build-arg", f"VERSION={self.image.version}", "--build-arg", f"REVISION={self.revision}"]
        for name, path in sorted(self.secrets.items()):
            arguments += ["--secret", f"id={name},src={path}"]
        return [*arguments, "--tag", str(self.image)]


class Engine(Protocol):
    """Somebody who can build from a Dockerfile."""

    @property
    def description(self) -> str:
        """Who it is, and on what base it builds."""

    def build(self, order: Order) -> None:
        """Build the image and write the archive. Raises StepError."""


@dataclasses.dataclass(frozen=True, slots=True)
class Docker:
    """A Docker engine, on the base that the Dockerfile names, which it pulls."""

    command: str = "docker"

    @property
    def description(self) -> str:
        """Who it is, and on what base it builds."""
        return "Docker, on the base image that the Dockerfile names"

    def build(self, order: Order) -> None:
        """Build the image and write the archive; it stays in the engine, too."""
        run_step(
            f"Building {order.image} with Docker",
            [self.command, "build", *order.arguments, str(ROOT)],
            log=order.log,
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
        )
        command = [self.command, "save", "--output", str(order.archive), str(order.image)]
        run_step(f"Writing {order.archive}", command, log=order.log)


@dataclasses.dataclass(frozen=True, slots=True)
class Buildah:
    """Debian's buildah, with images of its own below `folder`, on a Debian made here by debootstrap: no registry is asked."""

    folder: Path
    suite: str = "bookworm"

    @property
    def description(self) -> str:
        """Who it is, and on what base it builds."""
        return f"buildah, on a Debian {self.suite} made by debootstrap, which stands in for the base that the Dockerfile names"

    def build(self, order: Order) -> None:
        """Build the image and write the archive, making the base first if it is not there yet."""
        if not self._has(self._base):
            self._make_base(order.log)
        if not self._has(self._build_base):
            recipe = ROOT / "hack" / "image" / "with-venv.Dockerfile"
            self._run(
                "Adding venv to the base that the image is built with",
                *("build", "--pull-never", "--build-arg", f"BASE={self._base}", "--tag", self._build_base),
                *("--file", str(recipe), str(recipe.parent)),
                log=order.log,
            )
        bases = ("--build-arg", f"BASE={self._base}", "--build-arg", f"BUILD_BASE={self._build_base}")
        self._run(
            f"Building {order.image} with buildah",
            *("build", "--pull-never", "--layers", *bases, *order.arguments, str(ROOT)),
            log=order.log,
        )
        order.archive.unlink(missing_ok=True)  # it would be added to
        target = f"docker-archive:{order.archive}:{order.image}"
        self._run(f"Writing {order.archive}", "push", str(order.image), target, log=order.log)

    @property
    def _base(self) -> str:
        return f"localhost/debian-python:{self.suite}"

    @property
    def _build_base(self) -> str:
        return f"localhost/debian-python-venv:{self.suite}"

    @property
    def _command(self) -> list[str]:
        return ["buildah", "--root", str(self.folder / "images"), "--runroot", str(self.folder / "run")]

    def _make_base(self, log: Path) -> None:
        container = self._ask("from", "scratch")
        try:
            root = Path(self._ask("mount", container))
            make_debian(
                f"Making a Debian {self.suite} (once; kept in {self.folder})",
                root,
                ("python3", "ca-certificates"),
                suite=self.suite,
                log=log,
            )
            self._run("Keeping the base", "commit", "--quiet", container, self._base, log=log)
        finally:
            self._ask("rm", container)

    def _has(self, image: str) -> bool:
        return subprocess.run([*self._command, "inspect", image], capture_output=True, check=False).returncode == 0

    def _run(self, what: str, *arguments: str, log: Path) -> None:
        # chroot: works in a container and on machines that forbid what namespaces need.
        run_step(what, [*self._command, *arguments], log=log, env={**os.environ, "BUILDAH_ISOLATION": "chroot"})

    def _ask(self, *arguments: str) -> str:
        answer = subprocess.run([*self._command, *arguments], capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise StepError(f"`buildah {' '.join(arguments)}` failed: {answer.stderr.strip()}")
        return answer.stdout.strip()


def find_engine(cache: Path) -> Engine:
    """Return who can build here. Raises StepError with the ways out if nobody can."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        return Docker()
    missing = [name for name in ("buildah", "debootstrap") if shutil.which(name) is None]
    if not missing and os.geteuid() == 0:
        return Buildah(cache)
    why = f"there is no {' and no '.join(missing)}" if missing else "without Docker this needs root"
    raise StepError(
        f"No image can be built here: no Docker engine answers, and {why}.\n"
        "Do one of these:\n"
        "  start Docker, and see that `docker info` answers\n"
        "  on Debian, as root: apt-get install buildah debootstrap, and run this again as root"
    )


def trusted_authorities(environ: Mapping[str, str]) -> Path | None:
    """Return the certificates that pip trusts on this machine, so that a proxy's are known inside, too."""
    named = environ.get("PIP_CERT") or environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    return Path(named) if named and Path(named).is_file() else None


def build_secrets(environ: Mapping[str, str]) -> dict[str, Path]:
    """Return what pip needs to reach its index from inside the build and what no layer may keep."""
    secrets = {}
    if authorities := trusted_authorities(environ):
        secrets["ca"] = authorities
    if (settings := environ.get("PIP_CONFIG_FILE")) and Path(settings).is_file():
        secrets["pip"] = Path(settings)
    return secrets


def revision(root: Path = ROOT) -> str:
    """Return the commit that is built, `-dirty` added if files differ from it; empty outside a Git checkout."""
    described: Sequence[str] = ("git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
    answer = subprocess.run(described, cwd=root, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""
