"""VpnConnection: one connection of an Azure VPN gateway, to a site or to another virtual network."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from azure_vpn_operator.api.base import ApiModel, ObjectMeta, atomic_list, published_default
from azure_vpn_operator.api.kinds import VPN_CONNECTION
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus


class ConnectionType(StrEnum):
    """What is at the other end: a site (IPsec) or another virtual network's gateway (Vnet2Vnet)."""

    IPSEC = "IPsec"
    VNET2VNET = "Vnet2Vnet"


class ConnectionProtocol(StrEnum):
    """Version of IKE."""

    IKEV2 = "IKEv2"
    IKEV1 = "IKEv1"


class ConnectionMode(StrEnum):
    """Who may start the tunnel, seen from Azure."""

    DEFAULT = "Default"
    RESPONDER_ONLY = "ResponderOnly"
    INITIATOR_ONLY = "InitiatorOnly"


class ManagementPolicy(StrEnum):
    """How far the operator may go: write to Azure, say what it would write, or only report."""

    ENFORCE = "Enforce"
    PLAN = "Plan"
    OBSERVE = "Observe"


class AdoptionPolicy(StrEnum):
    """Whether a connection that exists already and that the operator did not make is taken over."""

    NEVER = "Never"
    WHEN_EQUAL = "WhenEqual"
    ALWAYS = "Always"


class DriftPolicy(StrEnum):
    """What to do when somebody else changed the connection in Azure."""

    CORRECT = "Correct"
    CORRECT_SAFE = "CorrectSafe"
    REPORT = "Report"


class DeletionPolicy(StrEnum):
    """What happens in Azure when the object is deleted."""

    DELETE = "Delete"
    RETAIN = "Retain"


class OnFailure(StrEnum):
    """What to do about a change after which the tunnel does not come back."""

    ROLLBACK = "Rollback"
    PAUSE = "Pause"


class Weekday(StrEnum):
    """A day of the week."""

    MON = "Mon"
    TUE = "Tue"
    WED = "Wed"
    THU = "Thu"
    FRI = "Fri"
    SAT = "Sat"
    SUN = "Sun"


class ChangeWindow(ApiModel):
    """A time, every week, in which changes may begin that take the tunnel down."""

    days: tuple[Weekday, ...] = atomic_list(min_length=1, max_length=7)
    """The days on which it opens; absent means every day. It may close on the next one."""
    start: str = Field(min_length=1, max_length=5)
    """When it opens, as hours and minutes of 24 hours, such as 22:00, by the clocks of the time zone."""
    duration: str = Field(min_length=1, max_length=8)
    """How long it is open, from 15m to 24h, such as 4h, 90m or 1h30m; so long also in a night in which clocks change."""
    time_zone: str | None = Field(default=None, min_length=1, max_length=64)
    """IANA's name of the time zone, such as Europe/Berlin; absent means UTC."""


class ConfirmTerms(ApiModel):
    """How a change that takes the tunnel down has to prove itself."""

    within_seconds: int | None = Field(default=None, ge=60, le=86400)
    """So long the tunnel has to come back after the change is in force; absent means the operator's setting."""
    on_failure: OnFailure | None = None
    """Rollback puts the values from before back, Pause leaves the change in Azure; absent means the operator's setting."""


class GatewayReference(ApiModel):
    """A gateway in Azure: by name, with resource group and subscription where they differ, or by its full id."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    """The gateway's name. Excludes `id`."""
    resource_group: str | None = Field(default=None, min_length=1, max_length=90)
    """The gateway's resource group; absent means the connection's."""
    subscription_id: str | None = Field(default=None, min_length=1, max_length=36)
    """The gateway's subscription; absent means the connection's."""
    id: str | None = Field(default=None, min_length=1, max_length=320)
    """The gateway's ARM id. Excludes the other fields."""


class IpsecPolicyReference(ApiModel):
    """An IpsecPolicy of the same namespace."""

    name: str = Field(min_length=1, max_length=63)
    """The policy's name."""


class SharedKeySecretReference(ApiModel):
    """A key of a Secret of the same namespace."""

    name: str = Field(min_length=1, max_length=253)
    """The Secret's name."""
    key: str = published_default("sharedKey", min_length=1, max_length=253)
    """The entry of the Secret that holds the shared key."""


AddressRange = Annotated[str, StringConstraints(min_length=1, max_length=49)]


class TrafficSelectorPolicy(ApiModel):
    """Address ranges on both sides between which traffic may pass the tunnel."""

    local_address_ranges: tuple[AddressRange, ...] = Field(
        min_length=1, max_length=100, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Ranges on Azure's side, in CIDR notation."""
    remote_address_ranges: tuple[AddressRange, ...] = Field(
        min_length=1, max_length=100, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Ranges on the other side, in CIDR notation."""


class GatewayCustomBgpIpAddress(ApiModel):
    """The BGP address that one IP configuration of the gateway uses on this connection."""

    ip_configuration_id: str = Field(min_length=1, max_length=480)
    """The ARM id of the gateway's IP configuration."""
    custom_bgp_ip_address: str = Field(min_length=1, max_length=45)
    """The address, usually from 169.254.21.0 to 169.254.22.255."""


class NatRuleReference(ApiModel):
    """A NAT rule of the connection's gateway: by name or by its full id."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    """The rule's name. Excludes `id`."""
    id: str | None = Field(default=None, min_length=1, max_length=480)
    """The rule's ARM id. Excludes `name`."""


TagValue = Annotated[str, StringConstraints(max_length=256)]


class ReverseHalf(ApiModel):
    """The other half of a VNet-to-VNet pair: the connection of the peer's gateway, which leads back.

    Policy, shared key, protocol, traffic selectors (with local and remote exchanged) and all that is not named here are the
    object's own, so that the two halves cannot differ in them.
    """

    azure_name: str = Field(min_length=1, max_length=80)
    """The other half's name in Azure. Identity: cannot be changed while `reverse` stays."""
    resource_group: str | None = Field(default=None, min_length=1, max_length=90)
    """The other half's resource group; absent means the connection's. Identity: cannot be changed while `reverse` stays."""
    subscription_id: str | None = Field(default=None, min_length=1, max_length=36)
    """The other half's subscription; absent means the connection's. Identity: cannot be changed while `reverse` stays."""
    connection_mode: ConnectionMode | None = None
    """Who may start the tunnel, seen from the peer's gateway; absent means the connection's."""
    routing_weight: int | None = Field(default=None, ge=0, le=32000)
    """Weight of the other half's routes at the peer's gateway; absent means the connection's."""
    dpd_timeout_seconds: int | None = Field(default=None, ge=9, le=3600)
    """Seconds after which the peer's gateway takes a silent partner for dead; absent means the connection's."""
    ingress_nat_rules: tuple[NatRuleReference, ...] = atomic_list(max_length=100)
    """NAT rules of the peer's gateway for traffic to it; absent means none."""
    egress_nat_rules: tuple[NatRuleReference, ...] = atomic_list(max_length=100)
    """NAT rules of the peer's gateway for traffic from it; absent means none."""
    gateway_custom_bgp_ip_addresses: tuple[GatewayCustomBgpIpAddress, ...] = atomic_list(max_length=16)
    """BGP addresses of the peer's gateway for this half only; absent means none."""
    tags: Mapping[str, TagValue] | None = Field(default=None, max_length=40)
    """Tags of the other half in Azure; absent means the connection's, empty means none."""


class VpnConnectionSpec(ApiModel):
    """What a connection should be in Azure, and how far the operator may go to make it so.

    Azure replaces a connection as a whole, so an absent field means Azure's default, not what the connection has now.
    """

    azure_name: str | None = Field(default=None, min_length=1, max_length=80)
    """The connection's name in Azure; absent means the object's name. Identity: cannot be changed."""
    subscription_id: str | None = Field(default=None, min_length=1, max_length=36)
    """The connection's subscription; absent means the gateway reference's, else the operator's setting. Identity:
    cannot be changed."""
    resource_group: str | None = Field(default=None, min_length=1, max_length=90)
    """The connection's resource group; absent means the gateway reference's. Identity: cannot be changed."""
    virtual_network_gateway: GatewayReference | None = None
    """The VPN gateway that has the connection. Identity: cannot be changed."""
    local_network_gateway: GatewayReference | None = None
    """The site at the other end, for a site-to-site connection. Identity: cannot be changed."""
    peer_virtual_network_gateway: GatewayReference | None = None
    """The VPN gateway at the other end, for a VNet-to-VNet connection. Identity: cannot be changed."""
    connection_type: ConnectionType | None = None
    """Must fit the other end, which decides it when this is absent."""
    reverse: ReverseHalf | None = None
    """The other half of a VNet-to-VNet pair, if this object is to own both; absent means that it owns only its own half. It may
    be added and removed."""
    ipsec_policy_ref: IpsecPolicyReference | None = None
    """The IPsec/IKE policy; absent means Azure's Default policy."""
    shared_key_secret_ref: SharedKeySecretReference | None = None
    """Where the shared key is; absent means the key is not managed."""
    connection_protocol: ConnectionProtocol | None = None
    """The version of IKE; absent means IKEv2 for a new connection and Azure's value for an adopted one, also if it is
    deleted in Azure and has to be created again. Identity: cannot be changed."""
    connection_mode: ConnectionMode | None = None
    """Who may start the tunnel; Azure's default is Default (either side)."""
    dpd_timeout_seconds: int | None = Field(default=None, ge=9, le=3600)
    """Seconds after which a silent peer counts as dead; Azure's default is 45, its advice 30 to 45."""
    use_policy_based_traffic_selectors: bool = False
    """Offer the traffic selectors of policy-based devices instead of any-to-any."""
    traffic_selector_policies: tuple[TrafficSelectorPolicy, ...] = atomic_list(max_length=100)
    """The selectors to offer; Azure uses them only with `usePolicyBasedTrafficSelectors`."""
    routing_weight: int | None = Field(default=None, ge=0, le=32000)
    """Weight of the connection's routes against those of other connections."""
    enable_bgp: bool = False
    """Exchange routes by BGP."""
    gateway_custom_bgp_ip_addresses: tuple[GatewayCustomBgpIpAddress, ...] = atomic_list(max_length=16)
    """BGP addresses of the gateway for this connection only."""
    use_local_azure_ip_address: bool = False
    """Start the tunnel from the gateway's private address."""
    ingress_nat_rules: tuple[NatRuleReference, ...] = atomic_list(max_length=100)
    """NAT rules of the gateway for traffic from the other side."""
    egress_nat_rules: tuple[NatRuleReference, ...] = atomic_list(max_length=100)
    """NAT rules of the gateway for traffic to the other side."""
    tags: Mapping[str, TagValue] = Field(default_factory=dict, max_length=40)
    """Tags of the connection in Azure. Tags with other names are left alone."""
    management_policy: ManagementPolicy | None = None
    """Enforce writes to Azure, Plan says what would be written, Observe only reports; absent means the operator's setting."""
    adoption_policy: AdoptionPolicy | None = None
    """Whether an existing connection is taken over; absent means the operator's setting."""
    drift_policy: DriftPolicy | None = None
    """What to do about changes that others made in Azure; absent means the operator's setting."""
    deletion_policy: DeletionPolicy | None = None
    """Whether deleting the object deletes the connection; absent means the operator's setting."""
    confirm: ConfirmTerms | None = None
    """How a change that takes the tunnel down has to prove itself; absent means the operator's settings."""
    change_windows: tuple[ChangeWindow, ...] = atomic_list(max_length=16)
    """When changes that take down a tunnel which is up may begin; absent means at any time. An undo never waits for one."""
    suspend: bool = False
    """Stop all writes for this connection until it is false again."""


class VpnConnection(ApiModel):
    """A connection of an Azure VPN gateway to a site or to another virtual network."""

    KIND: ClassVar = VPN_CONNECTION
    PLURAL: ClassVar = "vpnconnections"

    metadata: ObjectMeta
    """Standard object metadata."""
    spec: VpnConnectionSpec
    """What the connection should be."""
    status: VpnConnectionStatus = VpnConnectionStatus()
    """What the operator knows of the connection."""
