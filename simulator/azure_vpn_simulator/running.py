"""A simulator with its sockets: for the command line, and for tests that want it in their own event loop."""

import asyncio
import ipaddress
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from azure_vpn_simulator.certificates import Certificates
from azure_vpn_simulator.clock import Clock, ScaledClock
from azure_vpn_simulator.control import Control
from azure_vpn_simulator.simulator import Simulator
from azure_vpn_simulator.strongswan.judge import StrongSwan
from azure_vpn_simulator.topology import Topology, load_topology, parse_topology
from azure_vpn_simulator.tunnels.judging import Judge, Rules

Dataplane = Literal["rules", "strongswan"]

_SHUTDOWN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """Where a running simulator is, and the simulator itself for tests in the same process.

    `endpoint` is both Resource Manager's and the authority's address; `control_url` is None if there is no control API.
    """

    endpoint: str
    authority: str
    control_url: str | None
    ca_file: Path
    simulator: Simulator


@asynccontextmanager
async def running_simulator(
    topology: Topology | Mapping[str, Any] | str = "demo",
    *,
    state_dir: Path | None = None,
    host: str = "127.0.0.1",
    names: Sequence[str] = (),
    port: int = 0,
    control: tuple[str, int] | None = ("127.0.0.1", 0),
    clock: Clock | None = None,
    time_scale: float = 1.0,
    dataplane: Dataplane = "rules",
) -> AsyncIterator[RunningSimulator]:
    """Listen until the block ends.

    `topology` is a checked topology, a document, the name of a built-in one, or a file. Without `state_dir` the certificates
    are made in a folder that goes with the block; `names` are put into them beside the host's. Port 0 takes a free one;
    `clock` replaces the real one. With the dataplane `strongswan` real IKE daemons decide which tunnels come up. TopologyError,
    OSError (a port in use, daemons that cannot run here) or ValueError (control not on loopback, files
    that are no certificates) end it before it begins.
    """
    async with AsyncExitStack() as stack:
        if state_dir is None:
            state_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="azure-vpn-simulator-")))
        certificates = Certificates(
            state_dir, sorted({"localhost", "127.0.0.1", "::1", _certificate_name(host), *names})
        )
        checked = _checked(topology)
        judge: Judge = Rules()
        if dataplane == "strongswan":
            judge = daemons = StrongSwan()
            stack.push_async_callback(asyncio.to_thread, daemons.close)
        simulator = Simulator(checked, clock or ScaledClock(time_scale), certificates.token_key(), judge)
        site = await _listen(stack, simulator.server.application(), host, port, certificates)
        endpoint = f"https://{_in_url(_certificate_name(host))}:{site}"
        control_url = None
        if control is not None:
            if not _loopback(control[0]):
                raise ValueError("the control API listens on loopback only")
            control_port = await _listen(stack, Control(simulator).application(), control[0], control[1], None)
            control_url = f"http://{_in_url(control[0])}:{control_port}"
        yield RunningSimulator(endpoint, endpoint, control_url, certificates.ca_file, simulator)


async def _listen(
    stack: AsyncExitStack, app: web.Application, host: str, port: int, certificates: Certificates | None
) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(
        runner, host, port, ssl_context=certificates.server_context() if certificates else None, backlog=1024
    )
    await site.start()
    bound: int = runner.addresses[0][1]
    return bound


def _checked(topology: Topology | Mapping[str, Any] | str) -> Topology:
    if isinstance(topology, Topology):
        return topology
    return load_topology(topology) if isinstance(topology, str) else parse_topology(dict(topology))


def _certificate_name(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - translated, not listened on


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
