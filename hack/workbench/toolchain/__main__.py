"""The command line of the toolchain.

python -m workbench.toolchain              builds what is missing, prints the folder, one for each set of programs
python -m workbench.toolchain --optional   the same, but only says so if that is not possible and CI is not set
python -m workbench.toolchain --find       says what would be used, or why nothing can be
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from workbench.toolchain.binaries import CHART_TOOLS, CONTROL_PLANE, PACKAGES, find_binaries, find_tools
from workbench.toolchain.go import ToolchainError


def main(arguments: list[str] | None = None) -> int:
    """Build what is missing and print the folder that holds the binaries; 1 and the reason if that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m workbench.toolchain", description="Build etcd and kube-apiserver.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"one of {', '.join((*PACKAGES, *CHART_TOOLS.packages))}; default: etcd and kube-apiserver",
    )
    parser.add_argument("--optional", action="store_true", help="no failure where they cannot be had, unless CI is set")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(PACKAGES) - set(CHART_TOOLS.packages)):
        parser.error(f"unknown: {', '.join(unknown)}")
    names = options.names or CONTROL_PLANE
    try:
        folders = [find(mine)[mine[0]].parent for find, mine in _by_module(names) if mine]
        sys.stdout.write("".join(f"{folder}\n" for folder in folders))
    except ToolchainError as error:
        sys.stderr.write(f"{error}\n")
        return 0 if options.optional and not os.environ.get("CI") else 1
    return 0


def _by_module(names: Sequence[str]) -> Iterator[tuple[Callable[[Iterable[str]], Mapping[str, Path]], list[str]]]:
    yield find_binaries, [name for name in names if name in PACKAGES]
    yield partial(find_tools, CHART_TOOLS), [name for name in names if name in CHART_TOOLS.packages]


if __name__ == "__main__":
    sys.exit(main())
