"""The simulator in the test's own event loop, and the operator's adapters connected to it as in production: TLS, Entra ID, SDK."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.observer import Exchange
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.runtime.clock import Clock, SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.faults import FaultSpec
from azure_vpn_simulator.running import RunningSimulator, running_simulator

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
GROUP = "TestRG1"
KEY = "Adapter.Canary.Key.0815"
SECRET = "adapter-canary-client-secret"

_TENANT = "11111111-1111-4111-8111-111111111111"
_CLIENTS = {
    "operator": "33333333-3333-4333-8333-333333333333",
    "reader": "33333333-3333-4333-8333-333333333334",
    "keyless": "33333333-3333-4333-8333-333333333335",
}
_READ = "Microsoft.Network/*/read"


def _principal(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "clientId": _CLIENTS[name], "objectId": _CLIENTS[name], "clientSecret": SECRET, **more}


def topology() -> dict[str, Any]:
    """Two gateways and a device in one group, and principals with all rights, with reads only, and with all but the keys."""
    gateway = {"location": "eastus", "sku": "VpnGw2AZ"}
    device = {"key": KEY}
    return {
        "tenantId": _TENANT,
        "subscriptions": [
            {
                "id": SUBSCRIPTION,
                "name": "test",
                "resourceGroups": [
                    {
                        "name": GROUP,
                        "location": "eastus",
                        "virtualNetworkGateways": [
                            {
                                "name": "GW1",
                                **gateway,
                                "activeActive": True,
                                "bgp": {"asn": 65010, "peeringAddress": "10.1.0.4,10.1.0.5"},
                            },
                            {"name": "GW2", **gateway},
                        ],
                        "localNetworkGateways": [
                            {
                                "name": "Site6",
                                "location": "eastus",
                                "gatewayIpAddress": "203.0.113.6",
                                "addressSpace": ["10.6.0.0/16"],
                                "bgp": {"asn": 65100, "peeringAddress": "10.6.0.1"},
                                "device": device,
                            }
                        ],
                    }
                ],
            }
        ],
        "principals": [
            _principal("operator"),
            _principal("reader", rights=[{"scope": "/", "actions": [_READ]}]),
            _principal(
                "keyless",
                rights=[
                    {
                        "scope": "/",
                        "actions": ["*"],
                        "notActions": ["Microsoft.Network/connections/sharedKey/*"],
                    }
                ],
            ),
        ],
    }


def connection_id(name: str = "c1", group: str = GROUP) -> ArmId:
    """The id of a connection in the test's group."""
    return ArmId.build(SUBSCRIPTION, group, "connections", name)


def gateway_id(name: str = "GW1") -> ArmId:
    """The id of a gateway in the test's group."""
    return ArmId.build(SUBSCRIPTION, GROUP, "virtualNetworkGateways", name)


def local_gateway_id(name: str = "Site6") -> ArmId:
    """The id of a local network gateway in the test's group."""
    return ArmId.build(SUBSCRIPTION, GROUP, "localNetworkGateways", name)


def body(**properties: Any) -> dict[str, Any]:
    """A site-to-site connection as a PUT body; keywords replace or add properties."""
    return {
        "location": "eastus",
        "tags": {"team": "network"},
        "properties": {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": str(gateway_id())},
            "localNetworkGateway2": {"id": str(local_gateway_id())},
            "connectionProtocol": "IKEv2",
            "sharedKey": KEY,
            **properties,
        },
    }


@dataclass
class RecordingObserver:
    """Keeps what it was told."""

    exchanges: list[Exchange] = field(default_factory=list)

    def seen(self, exchange: Exchange) -> None:
        """Keep it."""
        self.exchanges.append(exchange)


class SimulatedAzure:
    """A running simulator with the adapters of one principal."""

    def __init__(self, running: RunningSimulator, clock: ManualClock) -> None:
        self.running = running
        self.clock = clock
        self.observer = RecordingObserver()
        self.secrets = SecretRegistry()
        self.sessions: list[ArmSession] = []
        """Others that a test has opened, to be closed with the rest."""
        self.session = self.session_as("operator")
        self.connections = ArmConnections(self.session)
        self.gateways = ArmGateways(self.session)

    def settings(self, principal: str = "operator", **changes: Any) -> ArmSettings:
        """Settings for one of the principals."""
        usual: dict[str, Any] = {
            "endpoint": self.running.endpoint,
            "authority": self.running.authority,
            "ca_file": str(self.running.ca_file),
            "tenant_id": _TENANT,
            "client_id": _CLIENTS[principal],
            "client_secret": SECRET,
        }
        return ArmSettings(**(usual | changes))

    def session_as(self, principal: str, *, clock: Clock | None = None, **changes: Any) -> ArmSession:
        """A session of one of the principals; the caller closes it."""
        settings = self.settings(principal, **changes)
        return ArmSession(settings, clock=clock or SystemClock(), secrets=self.secrets, observer=self.observer)

    def fault(self, action: str, *, method: str | None = None, path: str | None = None, **more: Any) -> None:
        """Let requests to Resource Manager that fit fail; token requests too only if `path` says so."""
        match = {"method": method, "pathRegex": path or "^/subscriptions/"}
        self.running.simulator.faults.add(FaultSpec.model_validate({"match": match, "action": action, **more}))

    def clear_faults(self) -> None:
        """End all faults."""
        self.running.simulator.clear_faults()

    def change(self, **document: Any) -> None:
        """Change the topology (options, locks, policies, …)."""
        self.running.simulator.azure.installation.update(document)

    def journal(self) -> list[Mapping[str, Any]]:
        """All requests so far."""
        entries: list[Mapping[str, Any]] = self.running.simulator.journal.since(0)["entries"]
        return entries

    def writes(self) -> list[tuple[str, str]]:
        """Method and path of the writes to Resource Manager so far."""
        return [
            (entry["method"], entry["path"])
            for entry in self.journal()
            if entry["method"] != "GET" and entry["path"].startswith("/subscriptions/")
        ]


@asynccontextmanager
async def simulated_azure(state_dir: Path, **options: Any) -> AsyncIterator[SimulatedAzure]:
    """Run the simulator on a clock that only moves by hand; keywords are options of its topology."""
    clock = ManualClock()
    async with running_simulator(
        topology() | {"options": options}, state_dir=state_dir, clock=clock, control=None
    ) as running:
        azure = SimulatedAzure(running, clock)
        try:
            yield azure
        finally:
            azure.clear_faults()
            for session in (azure.session, *azure.sessions):
                await session.close()
