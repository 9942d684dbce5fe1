"""Stands in for runc below an engine that may not do everything: asks for nothing that this process has not got itself.

An engine wants all capabilities for a privileged container, which is what kind's nodes are, and runc then fails where one is
missing, as CAP_SYS_RESOURCE is in many containers. Run as a program, without the project: runtime.py RUNC ARGUMENTS...
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

_NAME, _BIT = "CAP_SYS_RESOURCE", 24
"""Of linux/capability.h."""


def may_raise_limits(status: str) -> bool:
    """Tell from the text of /proc/self/status whether CAP_SYS_RESOURCE can be had."""
    bounds = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return bool(int(bounds, 16) >> _BIT & 1)


def file_of(arguments: list[str]) -> tuple[Path, str] | None:
    """Return which file says what is to be run, and the key below which it says so ("": the whole); None if nothing is run."""
    for command, options, name, key in (
        ("create", ("--bundle", "-b"), "config.json", "process"),
        ("run", ("--bundle", "-b"), "config.json", "process"),
        ("exec", ("--process", "-p"), "", ""),
    ):
        if command in arguments:
            for option, value in pairwise(arguments):
                if option in options:
                    return Path(value, name), key
    return None


def humbled(process: dict[str, Any]) -> dict[str, Any]:
    """Return an OCI `process` without CAP_SYS_RESOURCE and without what only that allows: limits, a lower oom_score_adj."""
    kept = {key: value for key, value in process.items() if key not in {"rlimits", "oomScoreAdj"}}
    if "capabilities" in kept:
        kept["capabilities"] = {
            kind: [name for name in names if name != _NAME] for kind, names in kept["capabilities"].items()
        }
    return kept


def main(runc: str, *arguments: str) -> None:
    """Become runc."""
    told = file_of(list(arguments))
    if told is not None and not may_raise_limits(Path("/proc/self/status").read_text(encoding="ascii")):
        path, key = told
        document = json.loads(path.read_text(encoding="utf-8"))
        document = {**document, key: humbled(document[key])} if key else humbled(document)
        path.write_text(json.dumps(document), encoding="utf-8")
    os.execv(runc, [runc, *arguments])  # noqa: S606 - it is another program from here on


if __name__ == "__main__":
    main(*sys.argv[1:])
