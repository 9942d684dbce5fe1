"""Runs a real Kubernetes control plane on loopback: etcd and kube-apiserver, with RBAC, ready in about three seconds.

There is no scheduler, no controller manager and no kubelet: nothing is garbage collected, a deleted namespace stays
Terminating for ever, and no pod runs. Everything is kept in one folder, so that several can run side by side.

Size: one class whose parts are useless apart; command lines, certificates and manifests are modules of their own.
"""

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from kubernetes.aio import client as kubernetes_client

from workbench.control_plane import commands, manifests
from workbench.control_plane.kubeconfig import write_certificate_kubeconfig, write_token_kubeconfig
from workbench.control_plane.pki import Authority
from workbench.ports import HOST
from workbench.processes import Process, ProcessError, is_recorded_running, stop_recorded
from workbench.rest import ApiError, Document, call, connect
from workbench.toolchain.binaries import CONTROL_PLANE, find_binaries

START_TIMEOUT_SECONDS = 60.0
STOP_GRACE_SECONDS = 2.0
"""With watches open kube-apiserver needs tens of seconds to end on SIGTERM. Its data is thrown away, so kill it."""
LESS_GARBAGE_COLLECTION = "400"
"""GOGC of both programs: a quarter less processor time for their start, and 75 MB more memory."""

_ATTEMPTS = 5


class ControlPlane:
    """A control plane of one's own. `async with ControlPlane(folder) as plane:` starts it and surely stops it.

    It belongs to no event loop: tests that each have their own may share it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        binaries: Mapping[str, Path] | None = None,
        audit: bool = False,
        api_server_flags: Sequence[str] = (),
        detached: bool = False,
        ports: commands.Ports | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        """Keep everything in `directory`, which is made if it is not there.

        `binaries` are found, or built, if not given. With `audit`, `audit_log` gets one JSON line per request, without
        bodies. `api_server_flags` take the place of kube-apiserver's other flags. Programs started `detached` outlive
        this process and are stopped by `stop_detached`. `ports` are chosen anew at each start if not given; `hosts` are
        further names and addresses in the API server's certificate.
        """
        self.directory = directory.resolve()
        self.kubeconfig = self.directory / "kubeconfig"
        self.ca_file = self.directory / "pki" / "ca.crt"
        self.audit_log = self.directory / "audit.log" if audit else None
        self._binaries = binaries
        self._flags = tuple(api_server_flags)
        self._detached = detached
        self._authority: Authority | None = None
        self._given_ports = ports
        self._ports: commands.Ports | None = None
        self._hosts = tuple(hosts)
        self._processes: dict[str, Process] = {}

    async def __aenter__(self) -> Self:
        """Start; see `start`."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Stop; see `stop`."""
        await self.stop()

    @property
    def url(self) -> str:
        """The API server's address, such as `https://127.0.0.1:20001`; the same for the whole life."""
        return f"https://{HOST}:{self._chosen_ports.api_server}"

    @property
    def etcd(self) -> Process:
        """The etcd process that was started last."""
        return self._processes["etcd"]

    @property
    def api_server(self) -> Process:
        """The kube-apiserver process that was started last; SIGSTOP and SIGCONT make it hang and go on."""
        return self._processes["kube-apiserver"]

    async def start(self) -> None:
        """Start both programs, empty, and return when the API server is ready and the namespace `default` is there.

        What is left running of an earlier one in the same folder is stopped first. Raises ToolchainError if there are
        no binaries, ProcessError (with the last log lines) if a program does not start.
        """
        if self._binaries is None:
            self._binaries = await asyncio.to_thread(find_binaries)
        await stop_detached(self.directory)
        for attempt in range(1, _ATTEMPTS + 1):
            self._authority = commands.prepare(self.directory, hosts=self._hosts)
            self._ports = self._given_ports or commands.Ports.choose()
            try:
                await self.start_etcd()
                await self.start_api_server()
                self._check_that_etcd_is_ours()
            except ProcessError:
                await self.stop()
                if attempt == _ATTEMPTS or not self._lost_a_port():
                    raise
            except BaseException:
                await self.stop()
                raise
            else:
                return

    async def stop(self) -> None:
        """Stop and reap both programs, within a few seconds. The folder stays, with logs and data."""
        try:
            # In this order: kube-apiserver ends faster while it has its etcd.
            for process in reversed(self._processes.values()):
                await process.stop(grace_seconds=STOP_GRACE_SECONDS)
        finally:
            for name, process in self._processes.items():
                process.kill()
                self._pid_file(name).unlink(missing_ok=True)

    async def start_etcd(self) -> None:
        """Start etcd with the data that it had; returns when it answers."""
        self._start("etcd", commands.etcd_command(self._binary("etcd"), self.directory, self._chosen_ports))
        await self.etcd.wait_until(self._etcd_is_ready, timeout_seconds=START_TIMEOUT_SECONDS)

    async def start_api_server(self) -> None:
        """Start kube-apiserver on the same port and data as before; returns when it is ready."""
        binary = self._binary("kube-apiserver")
        command = commands.api_server_command(
            binary, self.directory, self._chosen_ports, audit_log=self.audit_log, extra=self._flags
        )
        self.user_kubeconfig("admin", "system:masters", path=self.kubeconfig)
        self._start("kube-apiserver", command)
        await self.api_server.wait_until(self._api_server_is_ready, timeout_seconds=START_TIMEOUT_SECONDS)

    async def stop_api_server(self) -> None:
        """Stop kube-apiserver only: clients see refused connections until `start_api_server`."""
        await self.api_server.stop(grace_seconds=STOP_GRACE_SECONDS)

    async def restart_api_server(self) -> None:
        """Stop kube-apiserver and start it again: open watches break, the data stays."""
        await self.stop_api_server()
        await self.start_api_server()

    def kill_etcd(self) -> None:
        """Take etcd away without warning: the API server goes on and answers with errors until `start_etcd`."""
        self.etcd.kill()

    @asynccontextmanager
    async def client(self, kubeconfig: Path | None = None) -> AsyncIterator[kubernetes_client.ApiClient]:
        """Open an official client (kubernetes.aio), as cluster administrator or as the kubeconfig's user."""
        async with connect(kubeconfig or self.kubeconfig) as api_client:
            yield api_client

    async def apply(self, path: Path, *, namespace: str = "default") -> list[Document]:
        """Apply a YAML file, a folder or a kustomization as administrator; see `manifests.apply`."""
        return await self.apply_manifests(manifests.load(path), namespace=namespace)

    async def apply_objects(self, *documents: Document, namespace: str = "default") -> list[Document]:
        """Apply objects written in Python as administrator; see `manifests.apply`."""
        here = Path("<apply_objects>")
        return await self.apply_manifests([manifests.Manifest(here, doc) for doc in documents], namespace=namespace)

    async def apply_manifests(
        self, loaded: Iterable[manifests.Manifest], *, namespace: str = "default"
    ) -> list[Document]:
        """Apply what `manifests.load` returned as administrator; CRDs are served when this returns."""
        async with self.client() as admin:
            return await manifests.apply(admin, loaded, namespace=namespace)

    async def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Create a namespace; raises ApiError 409 if it is there already."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels or {})}}
        async with self.client() as admin:
            await call(admin, "POST", "/api/v1/namespaces", body=body)

    async def service_account_kubeconfig(
        self,
        namespace: str,
        name: str,
        *,
        expires_in: dt.timedelta = dt.timedelta(hours=1),
        path: Path | None = None,
    ) -> Path:
        """Write a kubeconfig with a fresh token of a ServiceAccount, which must exist; returns its path.

        It may do what RBAC grants the ServiceAccount and nothing else. The server grants no token for less than ten
        minutes; deleting the ServiceAccount makes its tokens void at once.
        """
        async with self.client() as admin:
            review = await call(
                admin,
                "POST",
                f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
                body={
                    "apiVersion": "authentication.k8s.io/v1",
                    "kind": "TokenRequest",
                    "spec": {"expirationSeconds": int(expires_in.total_seconds())},
                },
            )
        return write_token_kubeconfig(
            path or self.directory / "kubeconfigs" / f"{namespace}.{name}",
            server=self.url,
            ca=self._trusted.certificate,
            user=f"system:serviceaccount:{namespace}:{name}",
            token=review["status"]["token"],
            namespace=namespace,
        )

    def user_kubeconfig(self, user: str, group: str | None = None, *, path: Path | None = None) -> Path:
        """Write a kubeconfig with a client certificate for any user, in a group or in none; returns its path."""
        return write_certificate_kubeconfig(
            path or self.directory / "kubeconfigs" / user.replace(":", "_"),
            server=self.url,
            ca=self._trusted.certificate,
            user=user,
            pair=self._trusted.issue_client(user=user, group=group),
        )

    @property
    def _chosen_ports(self) -> commands.Ports:
        if self._ports is None:
            raise RuntimeError("the control plane was not started")
        return self._ports

    @property
    def _trusted(self) -> Authority:
        if self._authority is None:
            raise RuntimeError("the control plane was not started")
        return self._authority

    def _binary(self, name: str) -> Path:
        if self._binaries is None:
            raise RuntimeError("the control plane was not started")
        return self._binaries[name]

    def _start(self, name: str, command: Sequence[str]) -> None:
        log, environment = self.directory / f"{name}.log", {"GOGC": LESS_GARBAGE_COLLECTION, **os.environ}
        self._processes[name] = Process.start(name, command, log=log, env=environment, detached=self._detached)
        self._processes[name].record(self._pid_file(name))

    def _pid_file(self, name: str) -> Path:
        return self.directory / f"{name}.pid"

    async def _etcd_is_ready(self) -> bool:
        url = f"http://{HOST}:{self._chosen_ports.etcd_client}/health"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def _api_server_is_ready(self) -> bool:
        try:
            async with self.client() as admin:
                await call(admin, "GET", "/readyz", timeout_seconds=5)
                await call(admin, "GET", "/api/v1/namespaces/default", timeout_seconds=5)
        except (aiohttp.ClientError, TimeoutError, ApiError):
            return False
        return True

    def _check_that_etcd_is_ours(self) -> None:
        # One that lost its port to another control plane's etcd has ended, and the other's answered in its place.
        if self.etcd.exit_code is not None:
            raise ProcessError(f"etcd ended with {self.etcd.exit_code}. {self.etcd.last_words()}")

    def _lost_a_port(self) -> bool:
        logs = (self.directory / f"{name}.log" for name in CONTROL_PLANE)
        return any("address already in use" in log.read_text(errors="replace") for log in logs if log.exists())


async def stop_detached(directory: Path) -> bool:
    """Stop the control plane that was started detached in `directory`; True if anything of it was still running."""
    stopped = [
        await stop_recorded(pid_file, marker=marker, grace_seconds=STOP_GRACE_SECONDS)
        for pid_file, marker in _recorded(directory)
    ]
    return any(stopped)


def is_detached_running(directory: Path) -> bool:
    """Tell whether both programs of a control plane that was started detached in `directory` run."""
    return all(is_recorded_running(pid_file, marker=marker) for pid_file, marker in _recorded(directory))


def _recorded(directory: Path) -> list[tuple[Path, str]]:
    directory = directory.resolve()
    return [
        (directory / "kube-apiserver.pid", commands.api_server_marker(directory)),
        (directory / "etcd.pid", commands.etcd_marker(directory)),
    ]
