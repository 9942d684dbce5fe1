"""The one thing of a cluster that outlives its namespaces: the cgroups of its pods."""

import time
from collections.abc import Iterator
from pathlib import Path

_COPIED = ("cpuset.cpus", "cpuset.mems")
"""Of a version 1 cpuset; empty means that nothing may run there."""


def hierarchies(mounts: str) -> list[Path]:
    """Return where cgroups are mounted, from the text of /proc/self/mounts."""
    fields = (line.split() for line in mounts.splitlines())
    return [Path(mounted[1]) for mounted in fields if mounted[2] in {"cgroup", "cgroup2"}]


def make(name: str) -> None:
    """Make the cgroup `name` in each hierarchy."""
    for root in hierarchies(Path("/proc/self/mounts").read_text(encoding="utf-8")):
        folder = root / name
        folder.mkdir(exist_ok=True)
        for setting in _COPIED:
            if (folder / setting).exists() and not (folder / setting).read_text(encoding="ascii").strip():
                (folder / setting).write_text((root / setting).read_text(encoding="ascii"), encoding="ascii")


def remove(name: str, *, timeout_seconds: float = 10.0) -> None:
    """Remove the cgroup `name` and all below it, from each hierarchy. Raises OSError if something still runs there."""
    deadline = time.monotonic() + timeout_seconds
    for root in hierarchies(Path("/proc/self/mounts").read_text(encoding="utf-8")):
        for folder in _deepest_first(root / name):
            while True:
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    # The kernel is still taking the processes apart.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)


def _deepest_first(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for child in folder.iterdir():
            if child.is_dir():
                yield from _deepest_first(child)
        yield folder
