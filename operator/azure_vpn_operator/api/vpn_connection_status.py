"""The status of a VpnConnection: what Azure holds, whether the tunnel is up, and what the table of kubectl shows."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from azure_vpn_operator.api.base import (
    Advice,
    ApiModel,
    Condition,
    LastHandled,
    Timestamp,
    atomic_list,
    keyed_list,
)
from azure_vpn_operator.api.tunnel_change import KnownGood, TunnelChange


class PolicySource(StrEnum):
    """Whether a connection has a policy of its own or Azure's Default policy."""

    CUSTOM = "Custom"
    DEFAULT = "Default"


class HalfRole(StrEnum):
    """Which half of a connection: the object's own, or the one that leads back from the peer."""

    FORWARD = "Forward"
    REVERSE = "Reverse"


class DifferenceEffect(StrEnum):
    """What correcting a difference would do to the tunnel."""

    NONE = "None"
    TUNNEL_DROP = "TunnelDrop"
    RECREATE = "Recreate"


class AssignedPolicy(ApiModel):
    """The policy that the connection is assigned."""

    name: str | None = Field(default=None, max_length=253)
    """The IpsecPolicy's name; absent for Azure's Default policy."""
    hash: str | None = Field(default=None, max_length=64)
    """Hash of the policy's canonical values."""
    source: PolicySource
    """Custom, or Azure's Default policy."""


class TrafficState(StrEnum):
    """Whether bytes come in through a tunnel. Idle is no fault."""

    FLOWING = "Flowing"
    IDLE = "Idle"


class Traffic(ApiModel):
    """Whether bytes come in from the other side, by Azure's counters."""

    state: TrafficState
    """Flowing, or Idle after three intervals without a byte. Idle is no fault: nobody may have had anything to say."""
    since: Timestamp
    """Since when bytes flow, or since when none has come in."""


class Tunnel(ApiModel):
    """One tunnel of the connection; an active-active gateway has two."""

    name: str = Field(max_length=512)
    """Azure's name for the tunnel."""
    status: str = Field(max_length=64)
    """Azure's connection status of the tunnel."""
    last_established: Timestamp | None = None
    """When the tunnel last came up."""


class BgpPeer(ApiModel):
    """One BGP session over the connection."""

    address: str = Field(max_length=64)
    """The peer's address."""
    asn: int | None = Field(default=None, ge=0, le=4294967295)
    """The peer's autonomous system number."""
    state: str = Field(max_length=64)
    """Azure's state of the session."""


class BgpState(ApiModel):
    """The BGP sessions over one half."""

    peers: tuple[BgpPeer, ...] = atomic_list(max_length=16)
    """The sessions."""


class KeyRecord(ApiModel):
    """What the operator remembers of the shared key of one half; nothing in it tells anything about the key."""

    digest: str | None = Field(default=None, max_length=64)
    """Keyed digest of the key that Azure is known to hold, or `random:` and the name of a random key."""
    pending: str | None = Field(default=None, max_length=64)
    """The same of the key that is on its way to Azure; written before the call."""
    sent: bool | None = None
    """True once Azure has accepted the call for the pending key."""
    since: Timestamp | None = None
    """Since when a key is on its way; absent at rest."""
    set_time: Timestamp | None = None
    """When the operator gave Azure the key that it holds; absent if it was there before."""


class ConnectionHalf(ApiModel):
    """One connection resource in Azure. A site-to-site connection has one."""

    role: HalfRole
    """Forward is the object's own connection, Reverse the one that leads back."""
    id: str | None = Field(default=None, max_length=480)
    """The ARM id of the connection resource."""
    provisioning_state: str | None = Field(default=None, max_length=64)
    """Azure's state of the last write."""
    connection_status: str | None = Field(default=None, max_length=64)
    """Azure's connection status."""
    connection_protocol: str | None = Field(default=None, max_length=64)
    """The version of IKE that Azure has, or had before the connection was deleted there."""
    tunnels: tuple[Tunnel, ...] = atomic_list(max_length=16)
    """The tunnels of this half."""
    traffic: Traffic | None = None
    """Whether bytes come in; absent until it is known."""
    applied_hash: str | None = Field(default=None, max_length=64)
    """Hash of the configuration that Azure was last seen to hold completely: a difference from it is drift, not an edit."""
    refused_hash: str | None = Field(default=None, max_length=64)
    """Hash of the configuration that Azure last refused for good; absent once Azure holds what is wanted."""
    managed_tags: tuple[Annotated[str, StringConstraints(max_length=512)], ...] = atomic_list(max_length=41)
    """Names of the tags that the operator has set here, so that one that leaves the spec can be removed."""
    key: KeyRecord | None = None
    """Which shared key Azure holds, as far as known."""
    bgp: BgpState | None = None
    """BGP sessions, where they can be read."""


class ResetState(StrEnum):
    """How a request to reset a connection stands."""

    WAITS = "Waits"
    SENT = "Sent"
    DONE = "Done"
    REFUSED = "Refused"
    FAILED = "Failed"


class ResetRecord(ApiModel):
    """What became of the last request to reset one half."""

    role: HalfRole
    """Which half."""
    token: str = Field(max_length=1024)
    """The value of the annotation azvpn.dev/reset, cut to 1024 characters."""
    state: ResetState
    """Waits for its turn, Sent (written before Azure is called), Done, Refused (nothing was sent, or Azure refused it), or Failed.
    None of the last three is tried again."""
    time: Timestamp
    """Since when it stands so."""
    message: str | None = Field(default=None, max_length=1024)
    """Why it was refused, or failed."""


class SelectorSource(StrEnum):
    """Where the traffic selectors come from."""

    SPEC = "Spec"
    ADDRESS_SPACES = "AddressSpaces"


class TrafficSelectors(ApiModel):
    """The pairs of address ranges that a policy-based device must have, with `usePolicyBasedTrafficSelectors`."""

    source: SelectorSource
    """Spec, or AddressSpaces: all combinations of what lies behind the two ends, since the spec names none."""
    pairs: tuple[Annotated[str, StringConstraints(max_length=160)], ...] = atomic_list(max_length=32)
    """The pairs, the range on Azure's side first."""
    more: int | None = Field(default=None, ge=0)
    """How many more there are; absent if all are shown."""
    message: str | None = Field(default=None, max_length=1024)
    """Why they are not known."""


class Difference(ApiModel):
    """One value that Azure holds otherwise than the spec wants it."""

    path: str = Field(max_length=256)
    """The field, by its name in Azure."""
    want: str = Field(default="", max_length=1024)
    """The wanted value."""
    have: str = Field(default="", max_length=1024)
    """Azure's value."""
    effect: DifferenceEffect
    """What correcting it would do."""


class ConnectionSummary(ApiModel):
    """The columns of kubectl's table, for reading only: scripts should use the conditions and the other fields."""

    tunnel: str | None = Field(default=None, max_length=32)
    """Tunnels that are up and tunnels there are, such as 1/1."""
    peer: str | None = Field(default=None, max_length=80)
    """Name of the local network gateway or of the peer's VPN gateway."""
    gateway: str | None = Field(default=None, max_length=80)
    """Name of the VPN gateway."""
    policy: str | None = Field(default=None, max_length=253)
    """Name of the IpsecPolicy, or Default."""
    reason: str | None = Field(default=None, max_length=1024)
    """The worst reason among the conditions."""
    message: str | None = Field(default=None, max_length=32768)
    """The message that belongs to the reason."""


class VpnConnectionStatus(ApiModel):
    """What the operator knows of a connection."""

    observed_generation: int = Field(default=-1, ge=-1)
    """The generation of the spec that this status speaks about; -1 until the operator has seen the object."""
    conditions: tuple[Condition, ...] = keyed_list("type", max_length=16)
    """The state of the connection, one observation each."""
    summary: ConnectionSummary | None = None
    """The columns of kubectl's table."""
    policy: AssignedPolicy | None = None
    """The policy that the connection is assigned."""
    halves: tuple[ConnectionHalf, ...] = keyed_list("role", max_length=2)
    """The connection resources in Azure."""
    resets: tuple[ResetRecord, ...] = keyed_list("role", max_length=2)
    """What became of the last request to reset the connection, for each half."""
    traffic_selectors: TrafficSelectors | None = None
    """What a policy-based device must have; only with `usePolicyBasedTrafficSelectors`."""
    differences: tuple[Difference, ...] = atomic_list(max_length=64)
    """Where Azure differs from the spec."""
    change: TunnelChange | None = None
    """The last change that takes the tunnel down, from before it is sent until the tunnel has come back."""
    last_known_good: KnownGood | None = None
    """What an undo puts back: the values with which the tunnel was last known to work, as of the last such change."""
    warnings: tuple[Advice, ...] = atomic_list(max_length=16)
    """Advice about the spec; nothing of it refuses the connection."""
    last_handled: LastHandled | None = None
    """Annotation tokens that have been acted upon."""
