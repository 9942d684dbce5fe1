"""The topology file: which Azure is simulated, and which devices are behind its local network gateways."""

import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.masking import Properties, Secret, SharedKey
from azure_vpn_simulator.options import Options, TunnelStatus
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.spans import Seconds

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.()-]+$")]


class TopologyError(Exception):
    """A topology that cannot be used; the text names each place and what is wrong there, never a value."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Bgp(_Part):
    """BGP speaker of a gateway or of a site."""

    asn: int = Field(ge=1, le=4294967295)
    peering_address: str | None = None


class LocalNetworkGateway(_Part):
    """A site as Azure knows it, and the device that really is there (absent: nothing answers)."""

    name: Name
    location: str | None = None
    gateway_ip_address: str | None = None
    fqdn: str | None = None
    address_space: list[str] = []
    bgp: Bgp | None = None
    tags: dict[str, str] | None = None
    device: Device | None = None


LogCategory = Literal[
    "GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog", "P2SDiagnosticLog"
]


class DiagnosticSetting(_Part):
    """Where a gateway sends which of its logs; `workspace` is a name in the same group, or an id."""

    name: Name = "logs"
    workspace: str
    categories: list[LogCategory] = ["TunnelDiagnosticLog", "IKEDiagnosticLog"]


class Workspace(_Part):
    """A Log Analytics workspace; clients query it by its `customerId` (absent: made from its id)."""

    name: Name
    location: str | None = None
    customer_id: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}$")] | None = None


class VirtualNetworkGateway(_Part):
    """A VPN gateway. Without `virtualNetwork` it sits in a network of its own, made from `addressSpace`.

    Three are no settings of Azure's: `silent` (nobody behind the gateway sends or answers), and what differs from the options of
    the same name in how it reports its tunnels, `statusLagSeconds` and `tunnelStatus`.
    """

    name: Name
    location: str | None = None
    sku: str = "VpnGw2AZ"
    vpn_type: Literal["RouteBased", "PolicyBased"] = "RouteBased"
    active_active: bool = False
    bgp: Bgp | None = None
    address_space: list[str] = []
    virtual_network: Name | None = None
    silent: bool = False
    status_lag_seconds: Seconds | None = None
    tunnel_status: TunnelStatus | None = None
    diagnostic_settings: list[DiagnosticSetting] = []
    tags: dict[str, str] | None = None


class VirtualNetwork(_Part):
    """A virtual network; the address space is all that the simulation knows of it."""

    name: Name
    location: str | None = None
    address_space: list[str] = []
    tags: dict[str, str] | None = None


class Connection(_Part):
    """A connection that exists before the first request: Succeeded, and negotiating from second 0.

    Gateways are names in the same group, or ids. `properties` takes any writable ARM property by its own name.
    """

    name: Name
    virtual_network_gateway: str
    local_network_gateway: str | None = None
    peer_virtual_network_gateway: str | None = None
    shared_key: SharedKey = Field(repr=False)
    tags: dict[str, str] | None = None
    properties: Properties = Field(default={}, repr=False)

    @model_validator(mode="after")
    def _one_peer(self) -> Self:
        if (self.local_network_gateway is None) == (self.peer_virtual_network_gateway is None):
            raise ValueError("exactly one of localNetworkGateway and peerVirtualNetworkGateway is needed")
        return self


class ResourceGroup(_Part):
    """A resource group with what is in it; its location is the default of everything inside."""

    name: Annotated[str, Field(min_length=1, max_length=90, pattern=r"^[A-Za-z0-9_.()-]+$")]
    location: str = "eastus"
    tags: dict[str, str] | None = None
    virtual_networks: list[VirtualNetwork] = []
    virtual_network_gateways: list[VirtualNetworkGateway] = []
    local_network_gateways: list[LocalNetworkGateway] = []
    connections: list[Connection] = []
    workspaces: list[Workspace] = []


class Subscription(_Part):
    """A subscription."""

    id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$")
    name: str = "Simulated subscription"
    resource_groups: list[ResourceGroup] = []


class Right(_Part):
    """A role assignment: actions (with `*`) at a scope and below it."""

    scope: str = "/"
    actions: list[str]
    not_actions: list[str] = []


class Principal(_Part):
    """Somebody who can get a token. Without `rights` everything is allowed; `[]` allows nothing."""

    name: Name
    client_id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$")
    object_id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$")
    client_secret: Secret | None = Field(default=None, repr=False)
    federated_subjects: list[str] = []
    managed_identity_header: Secret | None = Field(default=None, repr=False)
    rights: list[Right] = [Right(actions=["*"])]


class ManagementLock(_Part):
    """A management lock at a scope."""

    name: str = "lock"
    scope: str
    level: Literal["CanNotDelete", "ReadOnly"]


class PolicyAssignment(_Part):
    """An Azure Policy assignment: Deny refuses writes (unless the named tag is sent), Modify adds tags to them."""

    name: str
    scope: str
    effect: Literal["Deny", "Modify"]
    resource_type: str = "Microsoft.Network/connections"
    unless_tag: str | None = None
    add_tags: dict[str, str] = {}


class Topology(_Part):
    """A whole installation."""

    tenant_id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$")
    subscriptions: list[Subscription] = Field(min_length=1)
    principals: list[Principal] = []
    locks: list[ManagementLock] = []
    policies: list[PolicyAssignment] = []
    options: Options = Options()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique("subscriptions", [s.id for s in self.subscriptions])
        _unique("principals", [p.name for p in self.principals])
        _unique("principals (clientId)", [p.client_id for p in self.principals])
        for subscription in self.subscriptions:
            _unique(f"resource groups of {subscription.id}", [g.name for g in subscription.resource_groups])
            for group in subscription.resource_groups:
                _unique(f"virtualNetworks of {group.name}", [r.name for r in group.virtual_networks])
                _unique(f"virtualNetworkGateways of {group.name}", [r.name for r in group.virtual_network_gateways])
                _unique(f"localNetworkGateways of {group.name}", [r.name for r in group.local_network_gateways])
                _unique(f"connections of {group.name}", [r.name for r in group.connections])
                _unique(f"workspaces of {group.name}", [r.name for r in group.workspaces])
        self._references()
        return self

    def _references(self) -> None:
        known = {
            ResourceId(s.id, g.name, type_, r.name).key
            for s in self.subscriptions
            for g in s.resource_groups
            for type_, rows in (
                ("virtualNetworkGateways", g.virtual_network_gateways),
                ("localNetworkGateways", g.local_network_gateways),
            )
            for r in rows
        }
        for s in self.subscriptions:
            for g in s.resource_groups:
                for c in g.connections:
                    for text, type_ in connection_ends(c):
                        if text is not None and resolve(s.id, g.name, type_, text).key not in known:
                            raise ValueError(
                                f"connection {c.name} of {g.name} names {type_} {text}, which is not there"
                            )


def connection_ends(connection: Connection) -> tuple[tuple[str | None, str], ...]:
    """Return the three references of a connection, each with its resource type."""
    return (
        (connection.virtual_network_gateway, "virtualNetworkGateways"),
        (connection.local_network_gateway, "localNetworkGateways"),
        (connection.peer_virtual_network_gateway, "virtualNetworkGateways"),
    )


def resolve(subscription: str, group: str, type_: str, text: str) -> ResourceId:
    """Turn a reference of the topology file, a name in the same group or an id, into an id."""
    return ResourceId.parse(text) or ResourceId(subscription, group, type_, text)


def parse_topology(document: object) -> Topology:
    """Check a parsed document; TopologyError lists every mistake with its path."""
    try:
        return Topology.model_validate(document)
    except ValidationError as mistakes:
        lines = [f"{_path(m['loc'])}: {m['msg']}" for m in mistakes.errors(include_input=False, include_url=False)]
        raise TopologyError("\n".join(lines)) from None


def load_topology(source: str) -> Topology:
    """Read a topology: the name of a built-in one (`demo`), or the path of a YAML file, or of a JSON file by its ending.

    TopologyError if it is unusable.
    """
    builtin = resources.files(__package__) / "topologies" / f"{source}.yaml"
    if "/" not in source and "." not in source and builtin.is_file():
        text = builtin.read_text(encoding="utf-8")
    else:
        try:
            text = Path(source).read_text(encoding="utf-8")
        except OSError as problem:
            raise TopologyError(f"{source}: {problem.strerror}") from None
    document = _parsed(source, text)
    try:
        return parse_topology(document)
    except TopologyError as problem:
        raise TopologyError("\n".join(f"{source}: {line}" for line in str(problem).splitlines())) from None


def _parsed(source: str, text: str) -> Any:
    if source.endswith(".json"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as problem:
            raise TopologyError(f"{source}:{problem.lineno}:{problem.colno}: {problem.msg}") from None
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as problem:
        at = problem.problem_mark
        place = f":{at.line + 1}:{at.column + 1}" if at else ""
        raise TopologyError(f"{source}{place}: {problem.problem}") from None


def _path(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "(document)"


def _unique(where: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ValueError(f"{where}: {name} is there twice")
        seen.add(name.lower())
