"""Makes a Debian in a folder, from nothing but its packages: what images start from where no registry is asked."""

from collections.abc import Iterable
from pathlib import Path

from workbench.steps import run_step


def make_debian(what: str, root: Path, packages: Iterable[str], *, suite: str, log: Path) -> None:
    """Make a small Debian with `packages` in `root`, with nothing of this machine in it. Raises StepError."""
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, str(root)]
    run_step(what, command, log=log)
    _clean(root)


def _clean(root: Path) -> None:
    """Remove what only the making of a Debian needed: packages, lists, logs, and this machine's name and servers."""
    folders = (root / "var/cache/apt", root / "var/lib/apt/lists", root / "var/log")
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
    for name in ("etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
