"""The command line of the toolchain.

python -m workbench.toolchain              builds what is missing, prints the folder
python -m workbench.toolchain --optional   the same, but only says so if that is not possible and CI is not set
"""

import argparse
import os
import sys

from workbench.toolchain.binaries import CONTROL_PLANE, PACKAGES, find_binaries
from workbench.toolchain.go import ToolchainError
from workbench.toolchain.tools import TOOLS, find_tool


def main(arguments: list[str] | None = None) -> int:
    """Build what is missing and print the folder that holds the binaries; 1 and the reason if that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m workbench.toolchain", description="Build etcd and kube-apiserver.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"one of {', '.join((*PACKAGES, *TOOLS))}; default: etcd and kube-apiserver",
    )
    parser.add_argument("--optional", action="store_true", help="no failure where they cannot be had, unless CI is set")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - {*PACKAGES, *TOOLS}):
        parser.error(f"unknown: {', '.join(unknown)}")
    names = options.names or CONTROL_PLANE
    kubernetes = [name for name in names if name in PACKAGES]
    try:
        found = find_binaries(kubernetes) if kubernetes else {}
        found |= {name: find_tool(name) for name in names if name in TOOLS}
        sys.stdout.write(f"{found[names[0]].parent}\n")
    except ToolchainError as error:
        sys.stderr.write(f"{error}\n")
        return 0 if options.optional and not os.environ.get("CI") else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
