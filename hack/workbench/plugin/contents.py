"""What is in an archive: the launcher, the package, and its libraries, as they are locked or as they are installed here."""

import shutil
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from workbench.plugin.platforms import BINARY, PYTHONS, Platform, folder_of
from workbench.steps import run_step

ROOT: Final = Path(__file__).parents[3]
LOCK: Final = ROOT / "hack" / "requirements" / "plugin.txt"
PROJECT: Final = "azure-vpn-operator"
COMPILED: Final = ("pydantic-core", "pyyaml")
"""Libraries that are different for each version of Python; all others run with any."""
_LEFT_OUT: Final = ("__pycache__", "bin")


def fill(target: Path, wheel: Path) -> None:
    """Put the launcher and the package into a folder, of which `lib/all` and `lib/cp…` are still to be filled."""
    launcher = target / BINARY
    shutil.copyfile(Path(__file__).with_name("launcher.py"), launcher)
    launcher.chmod(0o755)
    shutil.copyfile(ROOT / "LICENSE", target / "LICENSE")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(target / "lib" / "all")


def build_wheel(target: Path, log: Path) -> Path:
    """The package as a wheel. Raises StepError."""
    builder = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", target)
    run_step("building the package", builder, log=log, cwd=ROOT)
    (wheel,) = target.glob("*.whl")
    return wheel


def add_locked(target: Path, platform: Platform, log: Path) -> None:
    """Have pip fetch the libraries exactly as locked, for each version of Python. Raises StepError."""
    common = [name for name in locked_names() if name not in COMPILED]
    _install(target / "lib" / "all", platform, PYTHONS[0], common, log)
    for python in PYTHONS:
        _install(target / "lib" / folder_of(python), platform, python, COMPILED, log)


def add_installed(target: Path) -> None:
    """Copy the libraries of this interpreter: an archive for this machine and this version of Python, without a network."""
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    for found in closure(PROJECT):
        name = found.metadata["Name"].lower().replace("_", "-")
        _copy(found, target / "lib" / (own if name in COMPILED else "all"))


def closure(project: str) -> Iterator[Distribution]:
    """What a project needs that is installed here, without its extras and without itself."""
    waiting, seen = [project], {project}
    while waiting:
        found = distribution(waiting.pop())
        if found.metadata["Name"] != project:
            yield found
        for line in found.requires or ():
            needed = Requirement(line)
            name = needed.name.lower().replace("_", "-")
            if name not in seen and (needed.marker is None or needed.marker.evaluate({"extra": ""})):
                seen.add(name)
                waiting.append(name)


def locked_names() -> list[str]:
    """The names in the lock of the libraries."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return [line.partition("==")[0] for line in lines if line[:1].isalpha()]


def _install(target: Path, platform: Platform, python: str, names: Sequence[str], log: Path) -> None:
    wanted = log.with_name("requirements.txt")
    wanted.write_text(_lock_of(names), encoding="utf-8")
    where = [f"--platform={tag}" for tag in platform.tags]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-compile",
    ]
    what = ["--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}", *where]
    command = [*pip, *what, f"--target={target}", f"--requirement={wanted}"]
    run_step(f"fetching libraries for {platform.os}/{platform.arch}, Python {python}", command, log=log)
    _clean(target)


def _lock_of(names: Sequence[str]) -> str:
    """The part of the lock that is about these libraries: each begins with its name, and its hashes are indented."""
    kept, wanted = [], False
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if line[:1].isalpha():
            wanted = line.partition("==")[0] in names
        if wanted:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _copy(found: Distribution, target: Path) -> None:
    for file in found.files or ():
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        to = target.joinpath(*file.parts)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(found.locate_file(file)), to)
    _clean(target)


def _clean(target: Path) -> None:
    for name in _LEFT_OUT:
        for folder in [*target.rglob(name)] if name == "__pycache__" else [target / name]:
            shutil.rmtree(folder, ignore_errors=True)
