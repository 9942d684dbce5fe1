"""Starts a cluster and takes it away again, from outside. Nothing is left: no process, mount, address or cgroup."""

import asyncio
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from workbench.cluster import cgroups
from workbench.cluster.layout import NODE_ADDRESS, Layout
from workbench.cluster.programs import find_programs
from workbench.cluster.spec import Spec
from workbench.namespaces import in_new_namespaces
from workbench.ports import HOST, choose_ports
from workbench.processes import ProcessError, is_recorded_running, stop_recorded
from workbench.progress import Progress
from workbench.stack import SimulatedAzure

START_SECONDS = 300.0

_children: dict[Path, subprocess.Popen[bytes]] = {}
"""Whom this process has to bury, by the cluster's folder; whoever else takes a cluster away has no child to bury."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster, as a client sees it."""

    folder: Path
    kubeconfig: Path
    azure: SimulatedAzure
    """As this machine reaches it."""
    azure_for_pods: SimulatedAzure
    """The same, as pods reach it."""

    async def order(self, word: str) -> None:
        """Have the program inside do something (`Node.obey`). Raises RuntimeError with the reason if it could not."""
        reader, writer = await asyncio.open_unix_connection(Layout(self.folder).socket)
        writer.write(f"{word}\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        if answer != "done":
            raise RuntimeError(f"{word}: {answer}")


async def up(folder: Path, *, images: Sequence[Path], topology: str = "demo", time_scale: float = 10.0) -> Cluster:
    """Start a cluster in `folder`, after taking away what is left of one, and return when pods can be made.

    It outlives this process; `down` ends it. `images` are archives in the form of `docker save`, with absolute paths.
    Raises ToolchainError if this machine cannot run one, ProcessError if it does not start.
    """
    programs = find_programs()
    layout = _layout(folder)
    await down(layout.folder)
    layout.folder.mkdir(parents=True, exist_ok=True)
    layout.folder.chmod(0o700)
    cgroups.make(layout.cgroup)
    api, control, simulated = (_listen(port) for port in choose_ports(3))
    Spec(
        programs={name: str(path) for name, path in programs.items()},
        simulator=str(Path(sys.executable).parent / "azure-vpn-simulator"),
        topology=topology,
        time_scale=time_scale,
        images=[str(path) for path in images],
        api_port=api.getsockname()[1],
        api_listener=api.fileno(),
        control_port=control.getsockname()[1],
        control_listener=control.fileno(),
        azure_port=simulated.getsockname()[1],
        azure_listener=simulated.fileno(),
    ).write(layout.folder / "spec.json")
    holder = _start(layout, api, control, simulated)
    try:
        await _wait_until_ready(layout, holder)
    except BaseException:
        await down(layout.folder, keep_logs=True)
        raise
    return opened(layout.folder)


async def down(folder: Path, *, keep_logs: bool = False) -> bool:
    """Take away the cluster in `folder`, also one whose starter was killed; True if it was running."""
    layout = _layout(folder)
    running = await stop_recorded(layout.pid_file, marker=_marker(layout), grace_seconds=0)
    if child := _children.pop(layout.folder, None):
        child.kill()
        child.wait()
    cgroups.remove(layout.cgroup)
    for name in ("containerd", "kubelet", "pods", "scratch", "etcd", "pki", "settings", "kubeconfigs", "azure"):
        shutil.rmtree(layout.folder / name, ignore_errors=True)
    for path in (
        layout.state,
        layout.kubeconfig,
        layout.socket,
        layout.folder / "spec.json",
        layout.folder / "pause.tar",
    ):
        path.unlink(missing_ok=True)
    if not keep_logs:
        for log in layout.folder.glob("*.log"):
            log.unlink()
    return running


def opened(folder: Path) -> Cluster:
    """Return the cluster that runs in `folder`. Raises ProcessError if none does."""
    layout = _layout(folder)
    if not is_recorded_running(layout.pid_file, marker=_marker(layout)) or not layout.state.exists():
        raise ProcessError(f"No cluster runs in {folder}; `make cluster` starts one.")
    facts = json.loads(layout.state.read_text(encoding="utf-8"))["azure"]
    ca_file = layout.folder / "azure-ca.crt"
    inside = SimulatedAzure(facts["endpoint"], facts["authority"], facts["controlUrl"], ca_file)
    here = dataclasses.replace(inside, endpoint=_from_here(inside.endpoint), authority=_from_here(inside.authority))
    return Cluster(layout.folder, layout.kubeconfig, here, inside)


def _layout(folder: Path) -> Layout:
    return Layout(folder.resolve())


def _start(layout: Layout, *listeners: socket.socket) -> subprocess.Popen[bytes]:
    command = in_new_namespaces(sys.executable, "-m", "workbench.cluster.node", _marker(layout))
    with layout.log.open("ab") as output:
        holder = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=[listener.fileno() for listener in listeners],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
    layout.pid_file.write_text(f"{holder.pid}\n")
    _children[layout.folder] = holder
    for listener in listeners:
        listener.close()
    return holder


async def _wait_until_ready(layout: Layout, holder: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    with Progress(f"Starting a cluster in {layout.folder}") as progress:
        while not layout.state.exists():
            if holder.poll() is not None:
                raise ProcessError(f"The cluster did not start. {_last_words(layout)}")
            if time.monotonic() > deadline:
                raise ProcessError(f"The cluster was not ready within {START_SECONDS:g} s. {_last_words(layout)}")
            progress.update(_last_line(layout.steps))
            await asyncio.sleep(0.1)


def _listen(port: int) -> socket.socket:
    listener = socket.create_server((HOST, port))
    listener.set_inheritable(True)
    return listener


def _marker(layout: Layout) -> str:
    return str(layout.folder)


def _from_here(url: str) -> str:
    return url.replace(NODE_ADDRESS, HOST)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return lines[-1] if lines else ""


def _last_words(layout: Layout) -> str:
    lines = layout.log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
    return "\n".join([f"The end of {layout.log}:", *(f"  {line}" for line in lines)])
