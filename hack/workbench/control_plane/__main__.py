"""A control plane to play with, from the command line.

python -m workbench.control_plane up --dir DIR      starts one that stays; KUBECONFIG is DIR/kubeconfig
python -m workbench.control_plane down --dir DIR    stops it
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.control_plane.plane import ControlPlane, is_detached_running, stop_detached
from workbench.processes import ProcessError
from workbench.toolchain.go import ToolchainError


async def _up(directory: Path) -> None:
    if is_detached_running(directory):
        sys.stdout.write("It is running already.\n")
    else:
        await stop_detached(directory)
        await ControlPlane(directory, detached=True).start()


async def _down(directory: Path) -> None:
    stopped = await stop_detached(directory)
    sys.stdout.write("Stopped.\n" if stopped else "Nothing was running.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 after the reason was printed."""
    parser = argparse.ArgumentParser(
        prog="python -m workbench.control_plane", description="Run etcd and kube-apiserver."
    )
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("--dir", type=Path, required=True, help="the folder for data, certificates, logs and pid files")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_up(options.dir) if options.command == "up" else _down(options.dir))
        if options.command == "up":
            sys.stdout.write(f"export KUBECONFIG={options.dir.resolve() / 'kubeconfig'}\n")
    except (ToolchainError, ProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
