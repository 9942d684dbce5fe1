"""The demo: the whole system on this machine, with the samples, until every tunnel is up.

    python -m workbench.demo run      in the foreground, with a live table; Ctrl-C ends it
    python -m workbench.demo up       in the background; then: source .demo/env
    python -m workbench.demo down     ends either

Time in the simulated Azure runs ten times as fast as on the wall; the operator looks more often than its defaults say, and gives a
change a tenth of the time.
Nothing else is special: it is the shipped program with the shipped rights.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import aiohttp
from rich.console import Console

from workbench.control_plane import manifests
from workbench.demo.folder import DemoFolder, DemoRunsError
from workbench.demo.live_table import Fleet, Missing
from workbench.demo.screen import Lines, Picture, Screen, plain_console, print_tables
from workbench.processes import ProcessError
from workbench.rest import ApiError, call
from workbench.stack import ROOT, Stack
from workbench.toolchain.binaries import find_binaries
from workbench.toolchain.go import ToolchainError

NAMESPACE = "network"
SAMPLES = tuple(ROOT / "manifests" / "samples" / name for name in ("site-to-site", "vnet-to-vnet", "default-policy"))
TIME_SCALE = 10.0
OPERATOR_FLAGS = (
    "--recent-interval=1",
    "--status-interval=10",
    "--drift-interval=5",
    "--confirm-within-seconds=60",
    "--hold-down-seconds=1",
    "--log-format=text",
)
LOOK_SECONDS = 0.5

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ENVIRONMENT = (
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_AUTHORITY_HOST",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_SUBSCRIPTION_ID",
)
"""What `.demo/env` takes over from the simulated Azure, for any Azure client."""


class IncompleteError(Exception):
    """The time limit is over, and not every sample is Ready and Connected; the message says what is missing."""


class Demo:
    """One demo in one folder, told on one screen."""

    def __init__(self, folder: DemoFolder, stack: Stack, screen: Screen) -> None:
        self.folder = folder
        self.stack = stack
        self.screen = screen
        self.fleet = Fleet()
        self._samples = [manifest for sample in SAMPLES for manifest in manifests.load(sample)]
        self._expected = [
            (manifest.kind, manifest.name)
            for manifest in self._samples
            if manifest.kind in {"VpnConnection", "IpsecPolicy"}
        ]

    async def bring_up(self, limit_seconds: float) -> None:
        """Start everything, apply the samples, and wait until all is Ready and Connected.

        Raises IncompleteError after `limit_seconds`, ProcessError or ManifestError as soon as something is broken.
        """
        deadline = time.monotonic() + limit_seconds
        ticking = asyncio.create_task(self._tick())
        try:
            await self.stack.start()
            azure = self.stack.azure
            environment = {name: azure.environment[name] for name in ENVIRONMENT}
            self.folder.write_files(
                environment={**environment, "SIMULATOR_CONTROL_URL": azure.control_url},
                ca=azure.ca_file.read_bytes(),
                namespace=NAMESPACE,
            )
            self.screen.stage(
                "Samples: two sites, a VNet-to-VNet pair as two objects and one as a single object; the operator makes them real"
            )
            await self.stack.plane.apply_manifests(self._samples)
            while missing := await self.look():
                if time.monotonic() >= deadline:
                    raise IncompleteError(_explain(missing, limit_seconds, self.folder))
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    async def look(self) -> list[Missing]:
        """Read both kinds, show them, and return what is missing. Raises ProcessError if a program has ended."""
        self.stack.check()
        root = f"/apis/azvpn.dev/v1alpha1/namespaces/{NAMESPACE}"
        with suppress(aiohttp.ClientError, TimeoutError, ApiError):
            async with self.stack.plane.client() as admin:
                connections = await call(admin, "GET", f"{root}/vpnconnections")
                policies = await call(admin, "GET", f"{root}/ipsecpolicies")
            self.fleet = Fleet.of(connections["items"], policies["items"])
        missing = self.fleet.missing(self._expected)
        self.screen.show(self.fleet, missing)
        return missing

    async def stay(self) -> None:
        """Keep the table alive until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.screen.tick()


async def run_in_foreground(folder: DemoFolder, limit_seconds: float) -> int:
    """Run until complete, on a terminal until Ctrl-C. Nothing runs any more when this returns the exit code or raises."""
    _cancel_on_signals()
    complete = True
    with _screen() as screen:
        demo = _demo(folder, screen, detached=False)
        try:
            try:
                await demo.bring_up(limit_seconds)
            except IncompleteError as error:
                if not _is_interactive():
                    raise
                complete = False
                screen.say(f"{error}\nCtrl-C ends the demo.")
            if not _is_interactive():
                print_tables(plain_console(), demo.fleet)
                screen.say("Every sample is Ready and Connected. `make demo-up` starts a demo that stays.")
                return 0
            if complete:
                screen.say(_next_steps(folder, "Ctrl-C ends the demo. In another shell:"))
            with suppress(asyncio.CancelledError):
                await demo.stay()
        finally:
            _ignore_signals()
            screen.stage("Stopping: the demo leaves nothing but its logs")
            await demo.stack.stop()
            folder.clear()
    return 0 if complete else 1


async def run_in_background(folder: DemoFolder, limit_seconds: float) -> int:
    """Start everything, wait until it is complete, and leave it running. Nothing stays of what could not be started.

    What runs but is not complete in time stays, so that one can look; the error says so.
    """
    _cancel_on_signals()
    with _screen() as screen:
        demo = _demo(folder, screen, detached=True)
        try:
            await demo.bring_up(limit_seconds)
        except IncompleteError as error:
            raise IncompleteError(f"{error}\nIt runs on, for you to look. `make demo-down` ends it.") from None
        except BaseException:
            _ignore_signals()
            await demo.stack.stop()
            folder.clear()
            raise
    if not _is_interactive():
        print_tables(plain_console(), demo.fleet)
    print(_next_steps(folder, "The demo runs in the background. In any shell:"))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 after the reason was printed, or 130 if a signal ended it."""
    parser = argparse.ArgumentParser(prog="python -m workbench.demo", description="Run the whole system here.")
    parser.add_argument("command", choices=["run", "up", "down"])
    parser.add_argument("--dir", type=Path, default=ROOT / ".demo", help="folder of the demo (default: .demo)")
    parser.add_argument(
        "--limit", type=float, default=180.0, help="seconds until all must be up (default: 180; building not counted)"
    )
    options = parser.parse_args(arguments)
    folder = DemoFolder(options.dir)
    try:
        if options.command == "down":
            stopped = asyncio.run(folder.stop())
            print("The demo has ended; its logs stay." if stopped else "No demo was running.")
            return 0
        return _start(folder, options.command, options.limit)
    except (ToolchainError, ProcessError, manifests.ManifestError, IncompleteError, DemoRunsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


def _start(folder: DemoFolder, command: str, limit_seconds: float) -> int:
    with folder.hold():
        if folder.is_running_in_background:
            there = _next_steps(folder, f"A demo runs in the background already, in {folder.path}:")
            if command == "run":
                raise DemoRunsError(there)
            print(there)
            return 0
        # A build takes minutes; a signal must end the compiler too, and that is what the exception is for.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_interrupt)
        find_binaries()
        run = run_in_foreground if command == "run" else run_in_background
        return asyncio.run(run(folder, limit_seconds))


def _demo(folder: DemoFolder, screen: Screen, *, detached: bool) -> Demo:
    stack = Stack(
        folder.path, time_scale=TIME_SCALE, operator_flags=OPERATOR_FLAGS, detached=detached, say=screen.stage
    )
    return Demo(folder, stack, screen)


def _is_interactive() -> bool:
    """Whether somebody watches and can press Ctrl-C."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def _screen() -> Iterator[Screen]:
    if _is_interactive():
        with Picture(Console()) as picture:
            yield picture
    else:
        yield Lines(plain_console())


def _explain(missing: Sequence[Missing], limit_seconds: float, folder: DemoFolder) -> str:
    lines = "\n".join(f"  {item.text}" for item in missing)
    return f"Not everything is Ready and Connected after {limit_seconds:g} s:\n{lines}\nThe logs are in {folder.path}/*.log"


def _next_steps(folder: DemoFolder, heading: str) -> str:
    here = os.path.relpath(folder.path)
    place = str(folder.path) if here.startswith("..") else here
    steps = [
        (f"source {place}/env", "kubectl and curl talk to the demo now"),
        ("kubectl get vpnconn,ipsecpol", "-o wide says more"),
        ("kubectl describe vpnconn vnet1-to-site6", "conditions and events"),
        ("""kubectl patch ipsecpol site6 --type=merge -p '{"spec":{"pfsGroup":"PFS24"}}'""", "change a policy"),
        ("kubectl get vpnconn -w", "and see it arrive"),
        ("curl -s $SIMULATOR_CONTROL_URL/journal", "every request that Azure got"),
        ("make demo-down", "end it"),
    ]
    width = max(len(command) for command, _ in steps)
    lines = [f"  {command:{width}}  # {why}" for command, why in steps]
    if shutil.which("kubectl") is None:
        lines.append("No kubectl here? `PYTHONPATH=hack .venv/bin/python -m workbench.toolchain kubectl` builds one.")
    return "\n".join([heading, "", *lines])


def _cancel_on_signals() -> None:
    task = asyncio.current_task()
    if task is not None:
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _ignore_signals() -> None:
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
