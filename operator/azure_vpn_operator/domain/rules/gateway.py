"""What only the gateway in Azure can tell: whether it can have the connection and the policy at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.api.vpn_connection import ConnectionProtocol, VpnConnectionSpec
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.rules.violations import Remark, Violation, tell

_CURRENT: Final = frozenset(f"VpnGw{size}AZ" for size in range(1, 6))
_WITHOUT_ZONES: Final = frozenset(f"VpnGw{size}" for size in range(1, 6))
_LEGACY: Final = frozenset({"Standard", "HighPerformance"})
_BASIC: Final = "Basic"
_KNOWN: Final = {sku.lower(): sku for sku in (*_CURRENT, *_WITHOUT_ZONES, *_LEGACY, _BASIC)}


@dataclass(frozen=True, slots=True)
class GatewayFacts:
    """A virtual network gateway as Azure shows it; names of SKU and types in Azure's spelling."""

    id: ArmId
    location: str
    sku: str
    vpn_type: str
    gateway_type: str
    active_active: bool
    enable_bgp: bool
    bgp_asn: int | None
    provisioning_state: str
    ip_configuration_ids: tuple[str, ...]
    bgp_addresses: tuple[str, ...] = ()
    """The gateway's own BGP peering addresses, one per instance; Azure shows some also while BGP is off."""
    network: ArmId | None = None
    """The virtual network that the gateway lies in; None if Azure does not say."""
    public_addresses: tuple[str, ...] = ()
    """Where its tunnels end, one per instance; none if Azure does not say."""


@dataclass(frozen=True, slots=True)
class LocalGatewayFacts:
    """A local network gateway as Azure shows it."""

    id: ArmId
    """In Azure's spelling."""
    bgp_addresses: tuple[str, ...] = ()
    """The site's BGP peering addresses; none without BGP."""
    address_prefixes: tuple[str, ...] = ()
    """What lies behind the site's device."""
    public_address: str = ""
    """Where the site's tunnel ends; empty for a site that is named by a host name."""
    host_name: str = ""
    """The name in the DNS of a site that is known by it."""

    @property
    def address(self) -> str:
        """The device's public address, or its name in the DNS; empty if Azure shows neither."""
        return self.public_address or self.host_name


@dataclass(frozen=True, slots=True)
class _Plan:
    """One connection with everything a rule about it may ask."""

    spec: VpnConnectionSpec
    policy: IpsecPolicySpec | None
    gateway: GatewayFacts
    peer: GatewayFacts | None

    @property
    def is_vnet_to_vnet(self) -> bool:
        return self.spec.peer_virtual_network_gateway is not None

    @property
    def is_ikev1(self) -> bool:
        return self.spec.connection_protocol is ConnectionProtocol.IKEV1


@dataclass(frozen=True, slots=True)
class _GatewayRule:
    id: str
    field: str
    message: str
    holds: Callable[[_Plan], bool]
    hint: str | None = None
    """The fix, where one field has to be set."""


@dataclass(frozen=True, slots=True)
class UnsuitableGateway:
    """A gateway that cannot carry the connection, with everything that stands against it."""

    gateway: GatewayFacts
    violations: tuple[Violation, ...]
    """At least one."""

    @override
    def __str__(self) -> str:
        """Return one sentence: which gateway, what it is, and then the reasons, each field once."""
        return f"{_describe(self.gateway)}, and cannot carry the connection: {tell(self.violations)}"


def check_gateway(
    spec: VpnConnectionSpec, policy: IpsecPolicySpec | None, gateway: GatewayFacts, peer: GatewayFacts | None
) -> tuple[UnsuitableGateway, ...]:
    """Return the gateways that cannot carry the connection, the own one first; Azure need not be asked then.

    `policy` is None for Azure's Default policy, `peer` is None for a site-to-site connection or while it is unknown.
    """
    plan = _Plan(spec, policy, gateway, peer)
    found = [UnsuitableGateway(gateway, _find_violations(_RULES, plan))]
    if peer is not None:
        found.append(UnsuitableGateway(peer, _find_violations(_PEER_RULES, plan)))
    return tuple(refusal for refusal in found if refusal.violations)


def gateway_warnings(spec: VpnConnectionSpec, gateway: GatewayFacts, peer: GatewayFacts | None) -> tuple[Remark, ...]:
    """Return advice about the gateways: SKUs that Azure retires, that this release does not know, or that may not do what the spec asks."""
    found = [_judge_sku(gateway, "spec.virtualNetworkGateway")]
    if peer is not None:
        found.append(_judge_sku(peer, "spec.peerVirtualNetworkGateway"))
    if spec.use_policy_based_traffic_selectors:
        found += [_judge_selectors(end) for end in (gateway, peer) if end is not None]
    return tuple(advice for advice in found if advice is not None)


def _judge_selectors(gateway: GatewayFacts) -> Remark | None:
    if not _is(gateway.sku, _BASIC):
        return None
    message = (
        f"gateway {gateway.id.name} has the SKU Basic, on which policy-based traffic selectors are reported not to work: "
        "use a gateway of SKU VpnGw1AZ or larger"
    )
    return Remark(id="selectors-basic-sku", field="spec.usePolicyBasedTrafficSelectors", message=message)


def _judge_sku(gateway: GatewayFacts, field: str) -> Remark | None:
    sku = _spell(gateway.sku)
    start = f"gateway {gateway.id.name} has the SKU {sku[:64]}"
    if sku in _LEGACY:
        message = f"{start}, which Azure retires: migrate it to a SKU whose name ends in AZ"
        return Remark(id="sku-retiring", field=field, message=message)
    if sku in _WITHOUT_ZONES:
        return Remark(id="sku-retiring", field=field, message=f"{start}, which Azure replaces by {sku}AZ")
    if sku.lower() not in _KNOWN:
        message = f"{start}, which this operator does not know: whether it can have a custom policy is not checked"
        return Remark(id="sku-unknown", field=field, message=message)
    return None


def _find_violations(rules: Iterable[_GatewayRule], plan: _Plan) -> tuple[Violation, ...]:
    return tuple(Violation(rule.id, rule.field, rule.message, rule.hint) for rule in rules if not rule.holds(plan))


def _describe(gateway: GatewayFacts) -> str:
    return f"{gateway.id.name} is {gateway.gateway_type}, {gateway.vpn_type}, {gateway.sku}"[:256]


def _spell(sku: str) -> str:
    return _KNOWN.get(sku.lower(), sku)


def _is(value: str, expected: str) -> bool:
    return value.lower() == expected.lower()


def _has_named_ip_configurations(plan: _Plan) -> bool:
    known = {configuration.lower() for configuration in plan.gateway.ip_configuration_ids}
    return all(item.ip_configuration_id.lower() in known for item in plan.spec.gateway_custom_bgp_ip_addresses)


_RULES: Final = (
    _GatewayRule(
        id="gateway-is-vpn",
        field="spec.virtualNetworkGateway",
        message="must be a gateway of type Vpn",
        holds=lambda plan: _is(plan.gateway.gateway_type, "Vpn"),
    ),
    _GatewayRule(
        id="policy-needs-route-based",
        field="spec.ipsecPolicyRef",
        message="a custom policy needs a RouteBased gateway",
        hint="leave ipsecPolicyRef out",
        holds=lambda plan: plan.policy is None or _is(plan.gateway.vpn_type, "RouteBased"),
    ),
    _GatewayRule(
        id="policy-needs-sku",
        field="spec.ipsecPolicyRef",
        message="a custom policy needs a gateway of SKU VpnGw1 to 5, VpnGw1AZ to 5AZ, Standard or HighPerformance, not Basic",
        hint="leave ipsecPolicyRef out",
        holds=lambda plan: plan.policy is None or not _is(plan.gateway.sku, _BASIC),
    ),
    _GatewayRule(
        id="vnet-to-vnet-needs-route-based",
        field="spec.virtualNetworkGateway",
        message="a VNet-to-VNet connection needs a RouteBased gateway",
        holds=lambda plan: not plan.is_vnet_to_vnet or _is(plan.gateway.vpn_type, "RouteBased"),
    ),
    _GatewayRule(
        id="ikev1-needs-sku",
        field="spec.connectionProtocol",
        message="on a RouteBased gateway IKEv1 needs the SKU VpnGw1 to 5 or VpnGw1AZ to 5AZ",
        hint="set connectionProtocol: IKEv2",
        holds=lambda plan: (
            not plan.is_ikev1
            or not _is(plan.gateway.vpn_type, "RouteBased")
            or _spell(plan.gateway.sku) not in {_BASIC, *_LEGACY}
        ),
    ),
    _GatewayRule(
        id="ikev2-needs-route-based",
        field="spec.connectionProtocol",
        message="IKEv2 needs a RouteBased gateway",
        hint="set connectionProtocol: IKEv1",
        holds=lambda plan: (
            plan.spec.connection_protocol is not ConnectionProtocol.IKEV2
            or not _is(plan.gateway.vpn_type, "PolicyBased")
        ),
    ),
    _GatewayRule(
        id="selectors-need-route-based",
        field="spec.usePolicyBasedTrafficSelectors",
        message="policy-based traffic selectors need a RouteBased gateway",
        hint="set usePolicyBasedTrafficSelectors: false",
        holds=lambda plan: (
            not plan.spec.use_policy_based_traffic_selectors or not _is(plan.gateway.vpn_type, "PolicyBased")
        ),
    ),
    _GatewayRule(
        # The spec may leave the version to Azure; where it names IKEv1 itself, the object's own rule of this name comes first.
        id="ikev1-selectors",
        field="spec.usePolicyBasedTrafficSelectors",
        message="policy-based traffic selectors need IKEv2, and the connection is IKEv1",
        hint="set usePolicyBasedTrafficSelectors: false",
        holds=lambda plan: not (plan.is_ikev1 and plan.spec.use_policy_based_traffic_selectors),
    ),
    _GatewayRule(
        id="dpd-needs-route-based",
        field="spec.dpdTimeoutSeconds",
        message="a DPD timeout needs a RouteBased gateway",
        hint="leave dpdTimeoutSeconds out",
        holds=lambda plan: plan.spec.dpd_timeout_seconds is None or not _is(plan.gateway.vpn_type, "PolicyBased"),
    ),
    _GatewayRule(
        id="bgp-needs-gateway",
        field="spec.enableBgp",
        message="BGP needs a gateway with BGP enabled",
        hint="enable BGP on the gateway, or set enableBgp: false",
        holds=lambda plan: not plan.spec.enable_bgp or plan.gateway.enable_bgp,
    ),
    _GatewayRule(
        id="bgp-address-needs-active-active",
        field="spec.gatewayCustomBgpIpAddresses",
        message="custom BGP addresses need an active-active gateway",
        hint="leave gatewayCustomBgpIpAddresses out",
        holds=lambda plan: not plan.spec.gateway_custom_bgp_ip_addresses or plan.gateway.active_active,
    ),
    _GatewayRule(
        id="bgp-address-ip-configuration",
        field="spec.gatewayCustomBgpIpAddresses",
        message="custom BGP addresses must name IP configurations of the connection's own gateway",
        holds=_has_named_ip_configurations,
    ),
)

_PEER_RULES: Final = (
    _GatewayRule(
        id="gateway-is-not-its-peer",
        field="spec.peerVirtualNetworkGateway",
        message="must be another gateway than the connection's own",
        holds=lambda plan: plan.peer is None or plan.peer.id != plan.gateway.id,
    ),
    _GatewayRule(
        id="gateway-is-vpn",
        field="spec.peerVirtualNetworkGateway",
        message="must be a gateway of type Vpn",
        holds=lambda plan: plan.peer is None or _is(plan.peer.gateway_type, "Vpn"),
    ),
    _GatewayRule(
        id="vnet-to-vnet-needs-route-based",
        field="spec.peerVirtualNetworkGateway",
        message="a VNet-to-VNet connection needs a RouteBased gateway at the other end too",
        holds=lambda plan: plan.peer is None or _is(plan.peer.vpn_type, "RouteBased"),
    ),
)
