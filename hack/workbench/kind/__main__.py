"""A command beside a cluster of kind's: `make kind-e2e` runs the cluster tests so.

python -m workbench.kind run COMMAND...     with the image of `make image` in the cluster
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.image.names import ROOT, image_name
from workbench.kind.lifecycle import run
from workbench.steps import StepError
from workbench.toolchain.go import ToolchainError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the command's exit code, or 1 after the reason was printed."""
    parser = argparse.ArgumentParser(prog="python -m workbench.kind", description="A command beside a kind cluster.")
    parser.add_argument("--dir", type=Path, default=ROOT / ".kind", help="its folder (default: .kind)")
    parser.add_argument("run", choices=["run"])
    parser.add_argument("command", nargs=argparse.REMAINDER, help="sees KUBECONFIG and SIMULATOR_HOST")
    options = parser.parse_args(arguments)
    if not options.command:
        parser.error("which command?")
    archive = ROOT / "dist" / image_name().archive
    try:
        if not archive.exists():
            raise StepError(f"{archive} is not there; `make image` builds it.")
        return run(options.dir, archive, options.command)
    except (ToolchainError, StepError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
