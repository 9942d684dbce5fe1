"""A simulated Azure in this process, read by the product's own adapters, and somebody who looks as often as the operator does."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from azure.core.rest import HttpRequest
from typing_extensions import override

from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState, TunnelBefore, TunnelChange
from azure_vpn_operator.api.vpn_connection_status import Traffic, TrafficState
from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateway_logs import ArmGatewayLogs
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.azvpn.explain.azure import AzureReads, read_azure
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.diagnosis.ends import count_tunnels
from azure_vpn_operator.domain.diagnosis.evidence import Drops, End, Evidence, Quiet, UnseenHalf
from azure_vpn_operator.domain.passes.traffic import TrafficRecord, find_traffic, record_traffic
from azure_vpn_operator.domain.rollout.settings import joined, settings_of
from azure_vpn_operator.ports import GatewayLogsPort
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from azure_vpn_simulator.testing import BASE_URL, ArmDriver
from azure_vpn_simulator.wire import Request

SUBSCRIPTION: Final = "22222222-2222-4222-8222-222222222222"
GROUP: Final = "Net"
KEY: Final = "Mishap.Key.0815"
POLICY: Final[Mapping[str, Any]] = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA256",
    "dhGroup": "DHGroup14",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "PFS2048",
    "saLifeTimeSeconds": 3600,
    "saDataSizeKilobytes": 102400000,
}
_LOGS_AT: Final = "https://logs.example"
_WORKSPACES: Final = "/workspaces/"
_TO_WORKSPACE: Final = [{"workspace": "logs"}]
STEADY, RECENT = 300, 30
"""Seconds between two looks: in peace, and while a tunnel is down."""
_GIVEN: Final = timedelta(minutes=10)
"""So long a change has to prove itself."""


def topology(device: Mapping[str, Any]) -> dict[str, Any]:
    """Two gateways, and a site with a device."""
    return {
        "tenantId": "11111111-1111-4111-8111-111111111111",
        "options": {"durations": {"gatewayUpdate": 1800}},
        "principals": [
            {
                "name": "engineer",
                "clientId": "33333333-3333-4333-8333-333333333333",
                "objectId": "44444444-4444-4444-8444-444444444444",
                "clientSecret": "secret",
            }
        ],
        "subscriptions": [
            {
                "id": SUBSCRIPTION,
                "resourceGroups": [
                    {
                        "name": GROUP,
                        "location": "East US",
                        "virtualNetworkGateways": [
                            {"name": "GwA", "sku": "VpnGw2AZ", "diagnosticSettings": _TO_WORKSPACE},
                            {"name": "GwB", "sku": "VpnGw2AZ", "diagnosticSettings": _TO_WORKSPACE},
                        ],
                        "workspaces": [{"name": "logs"}],
                        "localNetworkGateways": [
                            {"name": "Site", "gatewayIpAddress": "203.0.113.6", "device": {"key": KEY, **device}}
                        ],
                    }
                ],
            }
        ],
    }


class _DirectSession(ArmSession):
    """The product's session, but for the socket."""

    def __init__(self, arm: ArmDriver) -> None:
        settings = ArmSettings(
            endpoint=BASE_URL,
            authority="https://login.example",
            log_analytics_endpoint=_LOGS_AT,
            tenant_id="t",
            client_id="c",
        )
        super().__init__(settings, clock=SystemClock(), secrets=SecretRegistry())
        self._arm = arm

    @override
    async def _exchange(
        self, request: HttpRequest, limit: float, client: Callable[[], Any]
    ) -> tuple[Answer | Fault, int, Mapping[str, str]]:
        status, given, content = self._call(request)
        headers = {name.lower(): value for name, value in given.items()}
        return self._read(status, headers, content), status, headers

    def _call(self, request: HttpRequest) -> tuple[int, Mapping[str, str], bytes]:
        if request.url.startswith(_WORKSPACES):
            azure = self._arm.azure
            asked = Request("POST", request.url, {}, {}, str(request.content).encode(), BASE_URL)
            (principal,) = azure.world.topology.principals
            reply = azure.logs.query(asked, principal, request.url.removeprefix(_WORKSPACES).partition("/")[0])
            return reply.status, reply.headers, reply.body or b""
        body = json.loads(str(request.content)) if request.content is not None else None
        found = self._arm.call(request.method, request.url.removeprefix(BASE_URL), body)
        return found.status, found.headers, found.raw or b""


@dataclass
class Stage:
    """One tunnel, and what the operator would have written of it."""

    draw: random.Random
    device: Mapping[str, Any] = field(default_factory=dict)
    reads_log: bool = False
    """Whether the gateways' logs are read too."""
    log: GatewayLogsPort | None = None
    """Who reads them; None: the product's own adapter."""

    def __post_init__(self) -> None:
        self.arm = ArmDriver(topology(self.device), f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}")
        session = _DirectSession(self.arm)
        self._connections = ArmConnections(session)
        logs = self.log or (ArmGatewayLogs(session, SystemClock()) if self.reads_log else None)
        self._reads = AzureReads(self._connections, ArmGateways(session), self._sleep, logs)
        self._connection = ArmId.build(SUBSCRIPTION, GROUP, "connections", "C1")
        self._was_up: bool | None = None
        self._down_since: datetime | None = None
        self._drops: list[datetime] = []
        self._traffic: TrafficRecord | None = None
        self._shown: Traffic | None = None
        self._change: TunnelChange | None = None

    @property
    def now(self) -> datetime:
        """Simulated time."""
        clock = self.arm.clock
        return clock.utc(clock.seconds())

    # What people do

    def site(self, **properties: Any) -> None:
        """Make, or replace, the connection to the site; without a policy unless one is named."""
        self._put("C1", self.arm.site("GwA", "Site", KEY, **properties))

    def pair(self, one: Mapping[str, Any], other: Mapping[str, Any] | None, keys: tuple[str, str] = (KEY, KEY)) -> None:
        """Make both halves; None: there is no other one."""
        self._put("C1", self.arm.half("GwA", "GwB", keys[0], **one))
        if other is not None:
            self._put("C2", self.arm.half("GwB", "GwA", keys[1], **other))

    async def edit(self, cause: ChangeCause = ChangeCause.POLICY, *, key: str | None = None, **properties: Any) -> None:
        """Change the connection as the operator does: it remembers what was there, and gives the tunnel its time."""
        before = await self._get()
        connected = before.connection_status == "Connected"
        start = self.now
        if key is not None:
            self.arm.finish(self.arm.call("PUT", "connections/C1/sharedkey", {"value": key}))
        else:
            self._put("C1", self.arm.site("GwA", "Site", None, **properties))
        after = await self._get()
        self._change = TunnelChange(
            state=ChangeState.CONFIRMING,
            cause=cause,
            start_time=start,
            was_connected=connected,
            from_=joined(settings_of(before), None),
            to=joined(settings_of(after), None),
            tunnels=tuple(
                TunnelBefore(name=tunnel.name, last_established=tunnel.last_established) for tunnel in before.tunnels
            ),
            in_force_since=self.now,
        )

    def set_device(self, **changes: Any) -> None:
        """Change the device behind the site."""
        document = topology({**self.device, **changes})
        self.arm.azure.installation.update({"subscriptions": document["subscriptions"]})

    def set_key(self, connection: str, key: str) -> None:
        """Change the key of a half, as somebody does in the portal."""
        self.arm.finish(self.arm.call("PUT", f"connections/{connection}/sharedkey", {"value": key}))

    def put_half(self, name: str, own: str, peer: str, **properties: Any) -> None:
        """Change a half, as somebody does in the portal."""
        self._put(name, self.arm.half(own, peer, None, **properties))

    # What the operator does

    async def watch(self, seconds: float) -> None:
        """Let time pass, and look as often as the operator does."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            await self._look()
            step = STEADY if self._was_up and self._change is None else RECENT
            self.arm.wait(min(step, (end - self.now).total_seconds()))
        await self._look()

    async def evidence(self) -> Evidence:
        """What `explain --azure` gathers, with what the operator's status and Events would say."""
        quiet = Quiet(self._shown.since) if self._shown is not None and self._shown.state is TrafficState.IDLE else None
        drops = Drops(len(self._drops), self._drops[0], self._drops[-1]) if self._drops else None
        known = Evidence(
            now=self.now,
            own=End("C1"),
            other=UnseenHalf("not asked yet"),
            status=None,
            down_since=self._down_since,
            change=self._change,
            drops=drops,
            quiet=quiet,
            azure_read=False,
        )
        return await read_azure(self._reads, self._connection, known)

    async def _look(self) -> None:
        live = await self._get()
        if live.connection_status is None:
            return
        up = count_tunnels(live)[0] > 0
        if up:
            self._down_since = None
        elif self._down_since is None and live.connection_status != "Unknown":
            self._down_since = self.now
            if self._was_up:
                self._drops.append(self.now)
        self._was_up = up
        self._traffic = record_traffic(self._traffic, live, self.now)
        self._shown = find_traffic(self._shown, self._traffic, self.now, STEADY)
        change = self._change
        if change is None or change.in_force_since is None or change.state is ChangeState.FAILED:
            return
        if up and not change.changes_pfs:
            self._change = None
        elif up:
            self._change = change.model_copy(update={"state": ChangeState.PROVISIONAL})
        elif change.state is ChangeState.CONFIRMING and self.now - change.in_force_since >= _GIVEN:
            self._change = change.model_copy(update={"state": ChangeState.FAILED, "end_time": self.now})

    async def _get(self) -> LiveConnection:
        found = await self._connections.get(self._connection)
        if not isinstance(found, Present):
            raise TypeError(f"the connection cannot be read: {found}")
        return found.value

    async def _sleep(self, seconds: float) -> None:
        self.arm.wait(seconds)

    def _put(self, name: str, body: Mapping[str, Any]) -> None:
        self.arm.finish(self.arm.put(f"connections/{name}", body))
