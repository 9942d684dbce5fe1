"""Runs one command beside a cluster of kind's, from outside. Nothing is left: no process, mount, address or cgroup."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.cluster import cgroups
from workbench.kind.layout import Layout, Spec
from workbench.kind.node_image import find_debian
from workbench.kind.programs import find_node_files, find_programs
from workbench.namespaces import in_new_namespaces


def run(folder: Path, image: Path, command: Sequence[str]) -> int:
    """Make a cluster with `image` in it (an archive in the form of `docker save`), run `command`, and take all away.

    The command sees KUBECONFIG, and in SIMULATOR_HOST the address at which pods reach what it starts. Returns its exit code, or
    1 after the reason was printed; logs stay in `folder`. Raises ToolchainError and StepError if it cannot begin.
    """
    layout = Layout(folder.resolve())
    programs = find_programs()
    layout.logs.mkdir(parents=True, exist_ok=True)
    spec = Spec(
        programs={name: str(path) for name, path in programs.items()},
        debian=str(find_debian(layout.log)),
        node_files=str(find_node_files()),
        image=str(image),
        command=list(command),
    )
    _sweep(layout)
    layout.spec.write_text(json.dumps(dataclasses.asdict(spec)), encoding="utf-8")
    inside = in_new_namespaces(sys.executable, "-m", "workbench.kind.inside", str(layout.folder))
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *inside],  # also when this process is killed
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    try:
        return child.wait()
    finally:
        child.kill()
        child.wait()
        _sweep(layout)


def _sweep(layout: Layout) -> None:
    """Remove all but logs, also what a run left that was killed."""
    cgroups.remove(layout.cgroup)
    shutil.rmtree(layout.work, ignore_errors=True)
    layout.work.mkdir(mode=0o700)
