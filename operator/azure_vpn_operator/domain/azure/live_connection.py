"""A connection as Azure shows it: the wire document read into a frozen value, once, at the border."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from azure_vpn_operator.domain.azure.canonical import ArmId, CanonicalPolicy, canonical_policy

_TIME_FORMATS: Final = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")
"""How Azure writes the time of a tunnel, beside ISO 8601; always UTC."""

TERMINAL_STATES: Final = frozenset({"Succeeded", "Failed", "Canceled"})
DEFAULT_DPD_SECONDS: Final = 45
"""What 0 and an absent dpdTimeoutSeconds mean on the wire."""

_INEXPRESSIBLE: Final[Mapping[str, frozenset[Any] | None]] = {
    # property: the values that mean "not used"; None stands for every empty value
    "authenticationType": frozenset({"PSK"}),
    "certificateAuthentication": None,
    "authorizationKey": None,
    "peer": None,
    "expressRouteGatewayBypass": None,
    "enablePrivateLinkFastPath": None,
    "routingConfiguration": None,
    "tunnelProperties": None,
}

KNOWN_PROPERTIES: Final = frozenset(
    {
        *_INEXPRESSIBLE,
        *("connectionMode", "connectionProtocol", "connectionType", "dpdTimeoutSeconds", "enableBgp", "routingWeight"),
        *("useLocalAzureIpAddress", "usePolicyBasedTrafficSelectors", "ipsecPolicies", "trafficSelectorPolicies"),
        *("gatewayCustomBgpIpAddresses", "ingressNatRules", "egressNatRules"),
        *("virtualNetworkGateway1", "virtualNetworkGateway2", "localNetworkGateway2"),
        # Only Azure writes these.
        *("provisioningState", "resourceGuid", "connectionStatus", "tunnelConnectionStatus"),
        *("ingressBytesTransferred", "egressBytesTransferred", "packetCaptureDiagnosticState"),
    }
)
"""All properties that a reader of connections here knows. The shared key is none: it is nowhere read with the rest."""


class UnreadableDocumentError(ValueError):
    """The document is not a connection. The text names the property and never its value."""


@dataclass(frozen=True, slots=True)
class LiveTunnel:
    """One tunnel of a connection."""

    name: str
    status: str
    last_established: datetime | None
    """When it last came up; None also for a time in a form that is not known."""
    ingress_bytes: int = 0
    egress_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TrafficSelector:
    """One entry of trafficSelectorPolicies; the order of ranges means nothing."""

    local: frozenset[str]
    remote: frozenset[str]


@dataclass(frozen=True, slots=True)
class CustomBgpAddress:
    """One entry of gatewayCustomBgpIpAddresses."""

    ip_configuration_id: str
    address: str


@dataclass(frozen=True, slots=True)
class LiveConnection:
    """What one GET or one list item says. Ids keep Azure's spelling; compare them without case."""

    id: ArmId
    location: str
    tags: Mapping[str, str]
    provisioning_state: str
    connection_type: str
    gateway_id: str
    peer_gateway_id: str | None = None
    local_gateway_id: str | None = None
    protocol: str = "IKEv2"
    mode: str = "Default"
    routing_weight: int = 0
    dpd_seconds: int = DEFAULT_DPD_SECONDS
    enable_bgp: bool = False
    use_local_azure_ip_address: bool = False
    use_policy_based_traffic_selectors: bool = False
    policies: tuple[CanonicalPolicy, ...] = ()
    traffic_selectors: tuple[TrafficSelector, ...] = ()
    custom_bgp_addresses: frozenset[CustomBgpAddress] = frozenset()
    ingress_nat_rules: frozenset[str] = frozenset()
    egress_nat_rules: frozenset[str] = frozenset()
    inexpressible: tuple[str, ...] = ()
    """Properties in use that a VpnConnection has no field for."""
    connection_status: str | None = None
    """None in lists and while an operation runs."""
    tunnels: tuple[LiveTunnel, ...] = ()
    ingress_bytes: int = 0
    egress_bytes: int = 0
    listed: bool = False
    """Read from a list: then nothing in it tells of the tunnel."""

    @property
    def settled(self) -> bool:
        """Whether no operation runs on it."""
        return self.provisioning_state in TERMINAL_STATES

    @property
    def tunnel_values(self) -> tuple[object, ...]:
        """The part of the configuration whose change takes the tunnel down."""
        return (
            self.mode,
            self.dpd_seconds,
            self.enable_bgp,
            self.use_local_azure_ip_address,
            self.use_policy_based_traffic_selectors,
            self.policies,
            frozenset(self.traffic_selectors),
            self.custom_bgp_addresses,
            self.ingress_nat_rules,
            self.egress_nat_rules,
        )

    @property
    def configuration(self) -> tuple[object, ...]:
        """Everything but the tunnel's state: equal as long as nobody changed the connection."""
        return (
            tuple(sorted(self.tags.items())),
            self.provisioning_state,
            self.connection_type,
            self.gateway_id.lower(),
            (self.peer_gateway_id or "").lower(),
            (self.local_gateway_id or "").lower(),
            self.protocol,
            self.mode,
            self.routing_weight,
            self.dpd_seconds,
            self.enable_bgp,
            self.use_local_azure_ip_address,
            self.use_policy_based_traffic_selectors,
            self.policies,
            frozenset(self.traffic_selectors),
            self.custom_bgp_addresses,
            self.ingress_nat_rules,
            self.egress_nat_rules,
            self.inexpressible,
        )


def read_live_connection(document: object) -> LiveConnection:
    """Read a wire document; raises `UnreadableDocumentError` if a property has a wrong type or a needed one is missing."""
    root = _mapping(document, "the answer")
    properties = _mapping(root.get("properties"), "properties")
    raw_id = _text(root.get("id"), "id")
    try:
        connection_id = ArmId.parse(raw_id)
    except ValueError:
        raise UnreadableDocumentError("id is not a resource id") from None
    return LiveConnection(
        id=connection_id,
        location=_text(root.get("location") or "", "location"),
        tags={str(key): str(value) for key, value in _mapping(root.get("tags") or {}, "tags").items()},
        provisioning_state=_text(properties.get("provisioningState"), "provisioningState"),
        connection_type=_text(properties.get("connectionType"), "connectionType"),
        gateway_id=_required_reference(properties, "virtualNetworkGateway1"),
        peer_gateway_id=_reference(properties, "virtualNetworkGateway2"),
        local_gateway_id=_reference(properties, "localNetworkGateway2"),
        protocol=_text(properties.get("connectionProtocol") or "IKEv2", "connectionProtocol"),
        mode=_text(properties.get("connectionMode") or "Default", "connectionMode"),
        routing_weight=_number(properties, "routingWeight"),
        dpd_seconds=_number(properties, "dpdTimeoutSeconds") or DEFAULT_DPD_SECONDS,
        enable_bgp=_flag(properties, "enableBgp"),
        use_local_azure_ip_address=_flag(properties, "useLocalAzureIpAddress"),
        use_policy_based_traffic_selectors=_flag(properties, "usePolicyBasedTrafficSelectors"),
        policies=tuple(_policy(item) for item in _items(properties, "ipsecPolicies")),
        traffic_selectors=tuple(_selector(item) for item in _items(properties, "trafficSelectorPolicies")),
        custom_bgp_addresses=frozenset(
            _bgp_address(item) for item in _items(properties, "gatewayCustomBgpIpAddresses")
        ),
        ingress_nat_rules=_references(properties, "ingressNatRules"),
        egress_nat_rules=_references(properties, "egressNatRules"),
        inexpressible=tuple(name for name, unused in _INEXPRESSIBLE.items() if _in_use(properties.get(name), unused)),
        connection_status=_optional_text(properties, "connectionStatus"),
        tunnels=tuple(sorted((_tunnel(t) for t in _items(properties, "tunnelConnectionStatus")), key=lambda t: t.name)),
        ingress_bytes=_number(properties, "ingressBytesTransferred"),
        egress_bytes=_number(properties, "egressBytesTransferred"),
    )


def _in_use(value: object, unused: frozenset[Any] | None) -> bool:
    if not value:
        return False
    return unused is None or not isinstance(value, str) or value not in unused


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableDocumentError(f"{name} is not an object")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise UnreadableDocumentError(f"{name} is not a text")
    return value


def _optional_text(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return None if value is None else _text(value, name)


def _number(properties: Mapping[str, Any], name: str) -> int:
    value = properties.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnreadableDocumentError(f"{name} is not a whole number")
    return value


def _flag(properties: Mapping[str, Any], name: str) -> bool:
    value = properties.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise UnreadableDocumentError(f"{name} is not true or false")
    return value


def _items(properties: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = properties.get(name)
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise UnreadableDocumentError(f"{name} is not a list")
    return [_mapping(item, name) for item in value]


def _reference(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return None if value is None else _text(_mapping(value, name).get("id"), f"{name}.id")


def _required_reference(properties: Mapping[str, Any], name: str) -> str:
    value = _reference(properties, name)
    if value is None:
        raise UnreadableDocumentError(f"{name} is missing")
    return value


def _references(properties: Mapping[str, Any], name: str) -> frozenset[str]:
    return frozenset(_text(item.get("id"), f"{name}.id").lower() for item in _items(properties, name))


def _policy(item: Mapping[str, Any]) -> CanonicalPolicy:
    try:
        return canonical_policy(item)
    except (KeyError, TypeError, ValueError):
        raise UnreadableDocumentError("ipsecPolicies has an incomplete entry") from None


def _selector(item: Mapping[str, Any]) -> TrafficSelector:
    def ranges(name: str) -> frozenset[str]:
        value = item.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise UnreadableDocumentError(f"trafficSelectorPolicies.{name} is not a list")
        return frozenset(_text(entry, f"trafficSelectorPolicies.{name}") for entry in value)

    return TrafficSelector(local=ranges("localAddressRanges"), remote=ranges("remoteAddressRanges"))


def _bgp_address(item: Mapping[str, Any]) -> CustomBgpAddress:
    return CustomBgpAddress(
        ip_configuration_id=_text(item.get("ipConfigurationId"), "ipConfigurationId").lower(),
        address=_text(item.get("customBgpIpAddress"), "customBgpIpAddress"),
    )


def _tunnel(item: Mapping[str, Any]) -> LiveTunnel:
    return LiveTunnel(
        name=_text(item.get("tunnel") or "", "tunnel"),
        status=_text(item.get("connectionStatus") or "Unknown", "tunnel connectionStatus"),
        last_established=_moment(_optional_text(item, "lastConnectionEstablishedUtcTime")),
        ingress_bytes=_number(item, "ingressBytesTransferred"),
        egress_bytes=_number(item, "egressBytesTransferred"),
    )


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return next(filter(None, (_parse_moment(text, form) for form in _TIME_FORMATS)), None)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _parse_moment(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
