"""The platforms for which there is an archive, and what pip calls them."""

import platform
import sys
from dataclasses import dataclass
from typing import Final

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
"""An archive has the compiled libraries for all of these."""
BINARY: Final = "kubectl-azvpn"


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and a processor, as krew names them."""

    os: str
    arch: str
    tags: tuple[str, ...]
    """What pip calls it: a wheel for any of these runs there."""

    def archive(self, version: str) -> str:
        """File name of the archive."""
        return f"{BINARY}_v{version}_{self.os}_{self.arch}.tar.gz"


def _manylinux(machine: str) -> tuple[str, ...]:
    return (f"manylinux2014_{machine}", f"manylinux_2_17_{machine}", f"manylinux_2_28_{machine}")


PLATFORMS: Final = (
    Platform("linux", "amd64", _manylinux("x86_64")),
    Platform("linux", "arm64", _manylinux("aarch64")),
    Platform("darwin", "amd64", ("macosx_10_12_x86_64", "macosx_10_13_x86_64")),
    Platform("darwin", "arm64", ("macosx_11_0_arm64",)),
)
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def this_platform() -> Platform | None:
    """The one that this runs on; None if there is no archive for it."""
    machine = platform.machine()
    arch = _MACHINES.get(machine, machine)
    return next((each for each in PLATFORMS if (each.os, each.arch) == (sys.platform, arch)), None)


def folder_of(python: str) -> str:
    """The folder of the libraries that are compiled for a version such as 3.12."""
    return f"cp{python.replace('.', '')}"
