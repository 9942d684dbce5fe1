"""The whole system as processes: control plane, simulated Azure, operator. Demo, end-to-end tests and bench share this.

The operator is the installed program with the rights of the shipped RBAC; nothing in it knows that Azure is simulated.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from workbench.control_plane.plane import ControlPlane, is_detached_running, stop_detached
from workbench.ports import choose_ports
from workbench.processes import Process, ProcessError, is_recorded_running, stop_recorded

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_NAMESPACE = "azure-vpn-system"
SERVICE_ACCOUNT = "azure-vpn-operator"
START_SECONDS = 60.0

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
INSTALLATION_ID = "demo"
CLIENT_ID = "33333333-3333-4333-8333-333333333333"
CLIENT_SECRET = "demo-only-client-secret"  # noqa: S105 (the simulator's demo topology, nothing else)


@dataclass(frozen=True, slots=True)
class SimulatedAzure:
    """Where the simulator listens."""

    endpoint: str
    authority: str
    control_url: str
    ca_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What any Azure client needs to use it, the operator included."""
        return {
            "AZURE_RESOURCE_MANAGER_ENDPOINT": self.endpoint,
            "AZURE_RESOURCE_MANAGER_AUDIENCE": "https://management.azure.com/",
            "AZURE_AUTHORITY_HOST": self.authority,
            "AZURE_LOG_ANALYTICS_ENDPOINT": self.endpoint,
            "AZURE_LOG_ANALYTICS_AUDIENCE": "https://api.loganalytics.io",
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "SSL_CERT_FILE": str(self.ca_file),
        }


@dataclass(frozen=True, slots=True)
class Replica:
    """One more process of the operator."""

    process: Process
    probe_port: int
    metrics_port: int
    status_page_port: int

    async def is_ready(self) -> bool:
        """Whether it says so."""
        return await _answers(f"http://127.0.0.1:{self.probe_port}/readyz")


class Stack:
    """Control plane, simulator and operator below one folder. An asynchronous context manager; parts can be restarted.

    Started `detached`, the programs outlive this process and are stopped by `stop_detached_stack`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        time_scale: float = 10.0,
        topology: str = "demo",
        dataplane: str = "rules",
        operator_flags: Sequence[str] = (),
        operator_environment: Mapping[str, str] | None = None,
        binaries: Mapping[str, Path] | None = None,
        audit: bool = False,
        api_server_flags: Sequence[str] = (),
        detached: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.directory = directory.resolve()
        self.plane = ControlPlane(
            self.directory, binaries=binaries, audit=audit, api_server_flags=api_server_flags, detached=detached
        )
        self._time_scale = time_scale
        self._topology = topology
        self._dataplane = dataplane
        self._operator_flags = list(operator_flags)
        self._operator_environment = dict(operator_environment or {})
        self._detached = detached
        self._say = say
        self._azure: SimulatedAzure | None = None
        self._simulator: Process | None = None
        self._operator: Process | None = None
        self.probe_port = 0
        self.metrics_port = 0
        self.status_page_port = 0

    async def __aenter__(self) -> Self:
        """Start everything."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self.stop()

    @property
    def azure(self) -> SimulatedAzure:
        """The simulated Azure; after the start."""
        if self._azure is None:
            raise RuntimeError("the simulator has not been started")
        return self._azure

    @property
    def status_page(self) -> str:
        """Where the operator's status page is; after the start."""
        return f"http://127.0.0.1:{self.status_page_port}"

    @property
    def operator(self) -> Process:
        """The operator's process; after the start."""
        if self._operator is None:
            raise RuntimeError("the operator has not been started")
        return self._operator

    async def start(self) -> None:
        """Start control plane, simulator and operator, and wait until each is ready.

        What is left of an earlier stack in the same folder is stopped first; its logs are begun anew.
        """
        await stop_detached_stack(self.directory)
        for name in _PROGRAMS:
            (self.directory / f"{name}.log").unlink(missing_ok=True)
        self._say("Kubernetes: a real kube-apiserver and etcd, built from Go modules when first needed")
        await self.plane.start()
        self._say("Azure: a simulator with Azure's API, and with gateways, sites and devices as the topology says")
        await self.start_simulator()
        self._say("CRDs and rights: the operator gets a ServiceAccount and the RBAC rules that it ships with")
        await self.install()
        self._say("Operator: the program as it is shipped; it does not know that this Azure is simulated")
        await self.start_operator()

    async def stop(self) -> None:
        """Stop what runs, the operator first. Safe to call twice."""
        try:
            for name, process in (("operator", self._operator), ("simulator", self._simulator)):
                if process is not None:
                    await process.stop()
                    self._pid_file(name).unlink(missing_ok=True)
        finally:
            await self.plane.stop()

    def check(self) -> None:
        """Raise ProcessError, with the end of its log, if one of the programs has ended by itself."""
        for process in (self.plane.etcd, self.plane.api_server, self._simulator, self._operator):
            if process is not None and process.exit_code is not None:
                raise ProcessError(f"{process.name} ended with {process.exit_code}. {process.last_words()}")

    async def start_simulator(self) -> None:
        """Start the simulator anew; its state begins with the topology."""
        ready_file = _ready_file(self.directory)
        ready_file.unlink(missing_ok=True)
        command = [
            *_program("azure-vpn-simulator"),
            "serve",
            *("--topology", self._topology),
            *("--state-dir", str(self.directory / "azure")),
            *("--control", "127.0.0.1:0"),
            *("--time-scale", str(self._time_scale)),
            *("--dataplane", self._dataplane),
            *("--ready-file", str(ready_file)),
        ]
        self._simulator = Process.start(
            "simulator", command, log=self.directory / "simulator.log", detached=self._detached
        )
        self._simulator.record(self._pid_file("simulator"))

        async def is_ready() -> bool:
            return ready_file.exists()

        await self._simulator.wait_until(is_ready, timeout_seconds=START_SECONDS)
        facts: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
        self._azure = SimulatedAzure(
            endpoint=facts["endpoint"],
            authority=facts["authority"],
            control_url=facts["controlUrl"],
            ca_file=Path(facts["caFile"]),
        )

    async def install(self) -> None:
        """Put in what is shipped, but for the Deployment, and get the ServiceAccount's credentials."""
        await self.plane.apply(ROOT / "crds")
        for name in ("namespace.yaml", "rbac.yaml", "secret-access.yaml"):
            await self.plane.apply(ROOT / "manifests" / "base" / name)
        await self.plane.service_account_kubeconfig(
            SYSTEM_NAMESPACE,
            SERVICE_ACCOUNT,
            expires_in=timedelta(days=30),
            path=_operator_kubeconfig(self.directory),
        )

    async def start_operator(self) -> None:
        """Start the operator and wait until it is ready."""
        self.probe_port, self.metrics_port, self.status_page_port = choose_ports(3)
        kubeconfig = ("--kubeconfig", str(_operator_kubeconfig(self.directory)))
        self._operator = Process.start(
            "operator",
            [*_program("azure-vpn-operator"), "run", *kubeconfig, *self._operator_flags],
            log=self.directory / "operator.log",
            env=self.operator_environment,
            detached=self._detached,
        )
        self._operator.record(self._pid_file("operator"))
        await self._operator.wait_until(self._operator_is_ready, timeout_seconds=START_SECONDS)

    async def start_replica(self, name: str, environment: Mapping[str, str]) -> Replica:
        """Start one more operator and wait until it is ready; the caller stops it. `environment`: what its settings are besides."""
        probes, metrics, status_page = choose_ports(3)
        own = {
            "AZVPN_PROBE_ADDRESS": f"127.0.0.1:{probes}",
            "AZVPN_METRICS_ADDRESS": f"127.0.0.1:{metrics}",
            "AZVPN_STATUS_PAGE_ADDRESS": f"127.0.0.1:{status_page}",
            "HOSTNAME": name,
        }
        process = Process.start(
            name,
            [*_program("azure-vpn-operator"), "run", *self._operator_flags],
            log=self.directory / f"{name}.log",
            env={**self.operator_environment, **own, **environment},
        )
        replica = Replica(process, probes, metrics, status_page)
        await process.wait_until(replica.is_ready, timeout_seconds=START_SECONDS)
        return replica

    @property
    def operator_environment(self) -> dict[str, str]:
        """The environment that the operator runs in."""
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **self.azure.environment,
            "KUBECONFIG": str(_operator_kubeconfig(self.directory)),
            "AZVPN_INSTALLATION_ID": INSTALLATION_ID,
            "AZVPN_PROBE_ADDRESS": f"127.0.0.1:{self.probe_port}",
            "AZVPN_METRICS_ADDRESS": f"127.0.0.1:{self.metrics_port}",
            "AZVPN_STATUS_PAGE_ADDRESS": f"127.0.0.1:{self.status_page_port}",
            **self._operator_environment,
        }

    def _pid_file(self, name: str) -> Path:
        return self.directory / f"{name}.pid"

    async def _operator_is_ready(self) -> bool:
        return await _answers(f"http://127.0.0.1:{self.probe_port}/readyz")


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status == 200
    except (TimeoutError, aiohttp.ClientError):
        return False


_PROGRAMS = ("operator", "simulator")


async def stop_detached_stack(directory: Path) -> bool:
    """Stop the stack that was started detached in `directory`; True if anything of it was still running."""
    stopped = [await stop_recorded(pid_file, marker=marker) for pid_file, marker in _recorded(directory)]
    return any([await stop_detached(directory), *stopped])


def is_detached_stack_running(directory: Path) -> bool:
    """Tell whether all programs of a stack that was started detached in `directory` run."""
    recorded = _recorded(directory)
    return is_detached_running(directory) and all(is_recorded_running(file, marker=marker) for file, marker in recorded)


def _recorded(directory: Path) -> list[tuple[Path, str]]:
    """Pid file and, to tell the program from a stranger, an argument that only this folder's program has."""
    directory = directory.resolve()
    markers = (_operator_kubeconfig(directory), _ready_file(directory))
    return [(directory / f"{name}.pid", str(marker)) for name, marker in zip(_PROGRAMS, markers, strict=True)]


def _operator_kubeconfig(directory: Path) -> Path:
    return directory / "operator.kubeconfig"


def _ready_file(directory: Path) -> Path:
    return directory / "simulator-ready.json"


def _program(name: str) -> list[str]:
    """The installed script of the environment that runs us."""
    return [str(Path(sys.executable).parent / name)]
