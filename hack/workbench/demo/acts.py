"""A demo that runs, and the acts that it can play: what is applied to it, and what its user may try then."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiohttp

from workbench.control_plane import manifests
from workbench.demo.folder import STATUS_PAGE, DemoFolder
from workbench.demo.live_table import Fleet, Missing
from workbench.demo.screen import Screen
from workbench.rest import ApiError, Document, call
from workbench.stack import INSTALLATION_ID, ROOT, Stack

NAMESPACE: Final = "network"
LOOK_SECONDS: Final = 0.5
API: Final = f"/apis/azvpn.dev/v1alpha1/namespaces/{NAMESPACE}"

ENVIRONMENT: Final = (
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_AUTHORITY_HOST",
    "AZURE_LOG_ANALYTICS_ENDPOINT",
    "AZURE_LOG_ANALYTICS_AUDIENCE",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_SUBSCRIPTION_ID",
)
"""What `.demo/env` takes over from the simulated Azure, for any Azure client."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a demo begins with."""

    stage: str
    """Said when the objects are applied."""
    objects: tuple[manifests.Manifest, ...]
    complete: str
    """Said at the end where nobody watches."""
    steps: tuple[tuple[str, str], ...]
    """What to try then: commands, and why."""
    confirm_within_seconds: int = 60
    """How long a tunnel has to come back after a change."""
    topology: Document | None = None
    """What is different in the simulated Azure from the beginning."""
    dataplane: str = "rules"
    """Who decides there whether a tunnel comes up: `strongswan` is two real IKE daemons for each."""


def samples() -> Act:
    """The first act. Raises ManifestError if a sample cannot be read."""
    return Act(
        stage="Samples: two sites, a VNet-to-VNet pair as two objects and one as a single object; the operator makes them real",
        objects=tuple(
            manifest
            for name in ("site-to-site", "vnet-to-vnet", "default-policy")
            for manifest in manifests.load(ROOT / "manifests" / "samples" / name)
        ),
        complete="Every sample is Ready and Connected. `make demo-up` starts a demo that stays.",
        steps=(
            ("kubectl get vpnconn,ipsecpol", "-o wide says more"),
            ("kubectl describe vpnconn vnet1-to-site6", "conditions and events"),
            ("""kubectl patch ipsecpol site6 --type=merge -p '{"spec":{"pfsGroup":"PFS24"}}'""", "change a policy"),
            ("kubectl get vpnconn -w", "and see it arrive"),
            ("curl -s $SIMULATOR_CONTROL_URL/journal", "every request that Azure got"),
        ),
    )


class IncompleteError(Exception):
    """The time limit is over, and not everything is as it should be; the message says what is missing."""


class Demo:
    """One demo in one folder, told on one screen."""

    def __init__(self, folder: DemoFolder, stack: Stack, screen: Screen, act: Act) -> None:
        self.folder = folder
        self.stack = stack
        self.screen = screen
        self.act = act
        self.fleet = Fleet()
        self._expected = [
            (manifest.kind, manifest.name)
            for manifest in act.objects
            if manifest.kind in {"VpnConnection", "IpsecPolicy"}
        ]

    async def bring_up(self, limit_seconds: float) -> None:
        """Start everything, apply the act's objects, and wait until all is Ready and Connected.

        Raises IncompleteError after `limit_seconds`, ProcessError or ManifestError as soon as something is broken.
        """
        deadline = time.monotonic() + limit_seconds
        ticking = asyncio.create_task(self._tick())
        try:
            await self.stack.start()
            azure = self.stack.azure
            environment = {name: azure.environment[name] for name in ENVIRONMENT}
            self.folder.write_files(
                environment={
                    **environment,
                    "SIMULATOR_CONTROL_URL": azure.control_url,
                    "OPERATOR_METRICS_URL": f"http://127.0.0.1:{self.stack.metrics_port}/metrics",
                    STATUS_PAGE: self.stack.status_page,
                    # What `kubectl azvpn plan` reads in the operator's Deployment elsewhere.
                    "AZVPN_INSTALLATION_ID": INSTALLATION_ID,
                },
                ca=azure.ca_file.read_bytes(),
                namespace=NAMESPACE,
            )
            self.screen.say(f"The map of it, for your browser: {self.stack.status_page}")
            if self.act.topology is not None:
                await self.control("PUT", "/topology", self.act.topology)
            self.screen.stage(self.act.stage)
            await self.stack.plane.apply_manifests(self.act.objects)
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
        await self.read()
        missing = self.fleet.missing(self._expected)
        self.screen.show(self.fleet, missing)
        return missing

    async def read(self) -> None:
        """Read both kinds, if the API server answers. Raises ProcessError if a program has ended."""
        self.stack.check()
        with suppress(aiohttp.ClientError, TimeoutError, ApiError):
            async with self.stack.plane.client() as admin:
                connections = await call(admin, "GET", f"{API}/vpnconnections")
                policies = await call(admin, "GET", f"{API}/ipsecpolicies")
            self.fleet = Fleet.of(connections["items"], policies["items"])

    async def control(self, method: str, path: str, body: Document | None = None) -> Document:
        """Ask the simulator's control API; raises aiohttp's errors."""
        url = f"{self.stack.azure.control_url}{path}"
        async with aiohttp.ClientSession(raise_for_status=True) as web, web.request(method, url, json=body) as answer:
            found: Document = await answer.json()
            return found

    async def stay(self) -> None:
        """Keep the table alive until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.screen.tick()


def _explain(missing: Sequence[Missing], limit_seconds: float, folder: DemoFolder) -> str:
    lines = "\n".join(f"  {item.text}" for item in missing)
    return f"Not everything is Ready and Connected after {limit_seconds:g} s:\n{lines}\nThe logs are in {folder.path}/*.log"
