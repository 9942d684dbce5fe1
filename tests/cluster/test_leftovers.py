"""Whatever ends a cluster, the machine is as before."""

import asyncio
import os
import shutil
import signal
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.cluster import cgroups
from workbench.cluster.layout import Layout
from workbench.cluster.lifecycle import down, opened, up
from workbench.processes import ProcessError

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(f"/tmp/azvpn-cluster-{uuid.uuid4().hex[:6]}")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def traces(folder: Path) -> dict[str, list[str]]:
    """What there is of a cluster outside its folder."""
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in command:
            commands.append(command)
    mounts = Path("/proc/self/mounts").read_text()
    name = Layout(folder).cgroup
    return {
        "processes": commands,
        "mounts": [line for line in mounts.splitlines() if str(folder) in line],
        "cgroups": [str(root / name) for root in cgroups.hierarchies(mounts) if (root / name).exists()],
    }


def of_the_machine() -> tuple[set[str], list[str]]:
    """Its network interfaces, and what programs of a node keep where they cannot be told otherwise."""
    folders = (Path("/var/lib"), Path("/run"), Path("/var/log"))
    kept = [
        str(path)
        for folder in folders
        for path in folder.iterdir()
        if path.name in {"kubelet", "containerd", "cni", "pods"}
    ]
    return {name for _, name in socket.if_nameindex()}, kept


async def until_ended(folder: Path) -> None:
    async with asyncio.timeout(30):
        while traces(folder)["processes"]:  # noqa: ASYNC110 - nobody tells when a process ends that is no child
            await asyncio.sleep(0.2)


async def test_nothing_is_left_after_a_kill_of_all_that_could_clean_up(home: Path) -> None:
    before = of_the_machine()
    await up(home, images=[])
    running = traces(home)
    assert len(running["processes"]) >= 8
    assert running["cgroups"]
    # Not even while it runs is there anything to see but processes and cgroups.
    assert running["mounts"] == []
    assert of_the_machine() == before

    os.kill(int(Layout(home).pid_file.read_text()), signal.SIGKILL)
    await until_ended(home)
    with pytest.raises(ProcessError, match="No cluster runs"):
        opened(home)
    await down(home)

    assert traces(home) == {"processes": [], "mounts": [], "cgroups": []}
    assert of_the_machine() == before
    assert not Layout(home).containerd.exists()
