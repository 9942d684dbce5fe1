"""The program inside the namespaces: it starts everything in order, and stays to carry connections and to take orders.

Started by `lifecycle.up` only; python -m workbench.cluster.node FOLDER. It stops nothing at its end: the kernel does, since
the process namespace ends with it.
"""

import asyncio
import contextlib
import json
import shutil
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp

from workbench.cluster import commands, settings
from workbench.cluster.forwarding import forward
from workbench.cluster.layout import FIRST_SERVICE, NODE, NODE_ADDRESS, Layout
from workbench.cluster.network import prepare_namespaces
from workbench.cluster.pause import write_pause_image
from workbench.cluster.programs import CNI_PLUGINS
from workbench.cluster.spec import Spec
from workbench.control_plane.commands import Ports
from workbench.control_plane.plane import ControlPlane
from workbench.ports import HOST
from workbench.processes import Process
from workbench.rest import ApiError, Document, call

START_SECONDS = 120.0

_IDENTITIES = {
    "kube-controller-manager": ("system:kube-controller-manager", None),
    "kube-scheduler": ("system:kube-scheduler", None),
    "kube-proxy": ("system:kube-proxy", None),
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
}
"""Program -> user and group; Kubernetes' own roles are bound to these."""


class Node:
    """Control plane, node and simulator, as processes of this one."""

    def __init__(self, layout: Layout, spec: Spec) -> None:
        self._layout = layout
        self._spec = spec
        self._programs = {name: Path(path) for name, path in spec.programs.items()}
        self._processes: list[Process] = []
        self._servers: list[asyncio.Server] = []
        self._plane = ControlPlane(
            layout.folder,
            binaries=self._programs,
            api_server_flags=commands.api_server_flags(layout),
            ports=Ports(etcd_client=2379, etcd_peer=2380, api_server=spec.api_port),
            hosts=[NODE_ADDRESS, FIRST_SERVICE, "kubernetes.default", "kubernetes.default.svc.cluster.local"],
        )

    async def start(self) -> None:
        """Start everything and return when pods can be made. Raises ProcessError, or whatever else is wrong."""
        self._step("network and mounts of its own")
        prepare_namespaces(self._layout.scratch)
        spec = self._spec
        for descriptor, host, port in (
            (spec.api_listener, HOST, spec.api_port),
            (spec.control_listener, HOST, spec.control_port),
            (spec.azure_listener, NODE_ADDRESS, spec.azure_port),
        ):
            self._servers.append(await forward(socket.socket(fileno=descriptor), host, port))
        self._step("containerd")
        self._write_settings()
        await self._start_containerd()
        self._step("images")
        await self._import_images()
        self._step("etcd and kube-apiserver")
        await self._plane.start()
        self._step("controller manager, scheduler, kubelet, proxy")
        self._start_components()
        self._step("simulated Azure")
        await self._start_simulator()
        self._step("node ready")
        await self._until(self._node_is_ready, "the node to be ready")

    async def obey(self) -> None:
        """Take orders at the socket until cancelled: a line with a word, and `done` or the reason as an answer."""
        self._layout.socket.unlink(missing_ok=True)
        orders: dict[str, Callable[[], Awaitable[None]]] = {
            "restart-api-server": self._plane.restart_api_server,
            "stop-api-server": self._plane.stop_api_server,
            "start-api-server": self._plane.start_api_server,
        }

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            word = (await reader.readline()).decode().strip()
            try:
                await orders[word]()
                answer = "done"
            except Exception as error:  # noqa: BLE001 - whoever ordered it is told
                answer = f"{type(error).__name__}: {error}"
            writer.write(answer.encode())
            writer.close()

        server = await asyncio.start_unix_server(serve, self._layout.socket)
        await server.serve_forever()

    def check(self) -> None:
        """Say in the log if a program has ended; nothing starts it again, as nothing would on a broken node."""
        for process in list(self._processes):
            if process.exit_code is not None:
                self._processes.remove(process)
                print(f"{process.name} ended with {process.exit_code}. {process.last_words()}", flush=True)

    def _write_settings(self) -> None:
        folder = self._layout.settings
        (folder / "cni").mkdir(parents=True)
        (folder / "containerd.toml").write_text(
            settings.containerd_config(self._layout, self._programs["runc"], CNI_PLUGINS)
        )
        (folder / "cni" / "10-pods.conflist").write_text(settings.cni_config())
        (folder / "kubelet.yaml").write_text(settings.kubelet_config(self._layout))
        (folder / "kube-proxy.yaml").write_text(settings.proxy_config(self._kubeconfig("kube-proxy")))
        # There is no DNS in this cluster; an address that refuses is answered at once.
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")

    async def _start_containerd(self) -> None:
        # Its shim is looked for on PATH.
        path = f"{self._programs['containerd'].parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        process = self._start("containerd", commands.containerd(self._programs, self._layout), {"PATH": path})

        async def answers() -> bool:
            return await self._ctr("version") == 0

        await process.wait_until(answers, timeout_seconds=START_SECONDS, interval_seconds=0.2)

    async def _import_images(self) -> None:
        pause = self._layout.folder / "pause.tar"
        write_pause_image(self._programs["pause"], pause)
        for archive in (str(pause), *self._spec.images):
            if code := await self._ctr("--namespace", "k8s.io", "images", "import", "--local", archive):
                raise RuntimeError(f"containerd did not take {archive}: ctr ended with {code}, see {self._layout.log}")

    async def _ctr(self, *arguments: str) -> int:
        command = (str(self._programs["ctr"]), "--address", settings.CONTAINERD_SOCKET, *arguments)
        return await (await asyncio.create_subprocess_exec(*command)).wait()

    def _start_components(self) -> None:
        for name, (user, group) in _IDENTITIES.items():
            self._plane.user_kubeconfig(user, group, path=self._kubeconfig(name))
        programs, layout = self._programs, self._layout
        started: dict[str, Sequence[str]] = {
            "kube-controller-manager": commands.controller_manager(
                programs, layout, self._kubeconfig("kube-controller-manager")
            ),
            "kube-scheduler": commands.scheduler(programs, self._kubeconfig("kube-scheduler")),
            "kubelet": commands.kubelet(programs, layout, self._kubeconfig("kubelet")),
            "kube-proxy": commands.proxy(programs, layout),
        }
        for name, command in started.items():
            self._start(name, command)

    async def _start_simulator(self) -> None:
        ready = self._layout.folder / "simulator-ready.json"
        command = commands.simulator(
            Path(self._spec.simulator),
            self._layout,
            topology=self._spec.topology,
            time_scale=self._spec.time_scale,
            port=self._spec.azure_port,
            control_port=self._spec.control_port,
        )
        process = self._start("simulator", command)

        async def is_ready() -> bool:
            return ready.exists()

        await process.wait_until(is_ready, timeout_seconds=START_SECONDS)

    def _start(self, name: str, command: Sequence[str], env: dict[str, str] | None = None) -> Process:
        # kube-proxy calls nft, the kubelet mount.
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **(env or {})}
        process = Process.start(name, command, log=self._layout.folder / f"{name}.log", env=environment)
        self._processes.append(process)
        return process

    async def _until(self, is_so: Callable[[], Awaitable[bool]], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not await is_so():
            for process in self._processes:
                if process.exit_code is not None:
                    raise RuntimeError(f"{process.name} ended with {process.exit_code}. {process.last_words()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {START_SECONDS:g} s for {what}; the logs are in {self._layout.folder}")
            await asyncio.sleep(0.2)

    async def _node_is_ready(self) -> bool:
        try:
            node = await self._ask(f"/api/v1/nodes/{NODE}")
            await self._ask("/api/v1/namespaces/default/serviceaccounts/default")
        except (ApiError, aiohttp.ClientError, TimeoutError):
            return False
        conditions = {condition["type"]: condition["status"] for condition in node["status"].get("conditions", [])}
        return conditions.get("Ready") == "True"

    async def _ask(self, path: str) -> Document:
        async with self._plane.client() as admin:
            return await call(admin, "GET", path)

    def _kubeconfig(self, name: str) -> Path:
        return self._layout.folder / "kubeconfigs" / name

    def _step(self, what: str) -> None:
        with self._layout.steps.open("a", encoding="utf-8") as steps:
            steps.write(f"{what}\n")


async def run(folder: Path) -> None:
    """Start a cluster as `spec.json` in `folder` says, say so in `cluster.json`, and stay."""
    layout = Layout(folder)
    node = Node(layout, Spec.read(folder / "spec.json"))
    await node.start()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(node.obey())
        tasks.create_task(_watch(node))
        azure = json.loads((folder / "simulator-ready.json").read_text(encoding="utf-8"))
        shutil.copy(azure["caFile"], folder / "azure-ca.crt")
        unfinished = layout.state.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"azure": azure}), encoding="utf-8")
        unfinished.replace(layout.state)


async def _watch(node: Node) -> None:
    while True:
        node.check()
        await asyncio.sleep(1)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(Path(sys.argv[1])))
