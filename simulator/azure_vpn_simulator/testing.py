"""For tests: an Azure without sockets, spoken to as one principal, under a clock that the test moves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure_vpn_simulator.azure import Azure
from azure_vpn_simulator.clock import ManualClock
from azure_vpn_simulator.operations import Effects
from azure_vpn_simulator.topology import parse_topology
from azure_vpn_simulator.tunnels.events import EventSpec
from azure_vpn_simulator.tunnels.judging import Judge, Rules
from azure_vpn_simulator.wire import Request

BASE_URL = "https://arm.example:8443"
API_VERSION = "2026-03-01"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the parsed body (None if there was none), and the raw one."""

    status: int
    body: Any
    headers: dict[str, str]
    raw: bytes | None

    @property
    def code(self) -> str:
        """The error code of a refusal."""
        return str(self.body["error"]["code"])


class ArmDriver:
    """Sends requests to one resource group. `principal` (a name) and `effects` can be changed between calls.

    A path that does not begin with / is below the group's Microsoft.Network provider: `connections/c1`.
    """

    def __init__(self, topology: Mapping[str, Any], group: str, judge: Judge | None = None) -> None:
        self.clock = ManualClock()
        self.azure = Azure(parse_topology(dict(topology)), self.clock, judge or Rules())
        self.group = group
        self.network = f"{group}/providers/Microsoft.Network"
        self.principal = self.azure.world.topology.principals[0].name
        self.effects = Effects()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        version: str | None = API_VERSION,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; `body` is JSON unless it is bytes; absolute addresses of this Azure work as paths."""
        path, _, text = path.removeprefix(BASE_URL).partition("?")
        query = dict(pair.split("=", 1) for pair in text.split("&") if pair)
        if version is not None:
            query.setdefault("api-version", version)
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        full = path if path.startswith("/") else f"{self.network}/{path}"
        principal = next(p for p in self.azure.world.topology.principals if p.name == self.principal)
        request = Request(method, full, query, headers or {}, data, BASE_URL)
        reply = self.azure.handle(request, principal, self.effects)
        return Answer(reply.status, json.loads(reply.body) if reply.body else None, reply.headers, reply.body)

    def get(self, path: str, *, version: str | None = API_VERSION) -> Answer:
        """GET."""
        return self.call("GET", path, version=version)

    def put(self, path: str, body: object, *, version: str | None = API_VERSION) -> Answer:
        """PUT."""
        return self.call("PUT", path, body, version=version)

    def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.clock.step(seconds)
        self.azure.world.timeline.advance()

    def finish(self, answer: Answer, seconds: float = 120) -> Any:
        """Let the operation that an accepted write started end; return what polling it says then."""
        if answer.status >= 300:
            raise AssertionError(f"refused: {answer.status} {answer.body}")
        self.wait(seconds)
        return self.get(answer.headers["Azure-AsyncOperation"]).body

    def properties(self, name: str) -> dict[str, Any]:
        """Return the properties of a connection."""
        found: dict[str, Any] = self.get(f"connections/{name}").body["properties"]
        return found

    def status(self, name: str) -> str | None:
        """Return the connectionStatus of a connection; None if it shows none."""
        found: str | None = self.properties(name).get("connectionStatus")
        return found

    def change(self, **document: object) -> None:
        """Merge changes into the topology."""
        self.azure.installation.update(document)

    def event(self, event: str, resource: str, **how: object) -> dict[str, Any]:
        """Schedule an event, as the control API does; `resource` is below the group's Microsoft.Network provider."""
        spec = {"event": event, "resource": f"{self.network}/{resource}", **how}
        return self.azure.events.add(EventSpec.model_validate(spec))

    def outages(self, *, since: int = 0) -> dict[str, Any]:
        """Return when tunnels were down, as the control API does."""
        self.azure.world.timeline.advance()
        return self.azure.world.history.outages(since)

    def ike_sas(self, name: str) -> list[dict[str, Any]]:
        """Ask for the IKE SAs of a connection; the answer is some seconds later."""
        answer = self.call("POST", f"connections/{name}/getikesas")
        ended = self.finish(answer, self.azure.world.options.durations.get_ike_sas)
        sas: list[dict[str, Any]] = json.loads(ended["properties"]["output"])["IkeSAs"]
        return sas

    def site(self, gateway: str, local: str, key: str | None, **properties: object) -> dict[str, Any]:
        """Return the body of a site-to-site connection."""
        ends = {"localNetworkGateway2": {"id": f"{self.network}/localNetworkGateways/{local}"}}
        return self._body("IPsec", gateway, key, {**ends, **properties})

    def half(self, own: str, peer: str, key: str | None, **properties: object) -> dict[str, Any]:
        """Return the body of one half of a VNet-to-VNet pair."""
        ends = {"virtualNetworkGateway2": {"id": f"{self.network}/virtualNetworkGateways/{peer}"}}
        return self._body("Vnet2Vnet", own, key, {**ends, **properties})

    def _body(self, type_: str, gateway: str, key: str | None, properties: Mapping[str, object]) -> dict[str, Any]:
        own = {"id": f"{self.network}/virtualNetworkGateways/{gateway}"}
        sent = {"connectionType": type_, "virtualNetworkGateway1": own, **properties}
        if key is not None:
            sent["sharedKey"] = key
        return {"location": "eastus", "properties": sent}
