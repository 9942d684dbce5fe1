"""All that is known of a tunnel when somebody asks why it is down. What is not known is None, or says why."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from azure_vpn_operator.api.tunnel_change import TunnelChange
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.live_connection import TrafficSelector


@dataclass(frozen=True, slots=True)
class DefaultPolicy:
    """Azure's own list of proposals: the connection has no policy."""


PolicyInForce = CanonicalPolicy | DefaultPolicy


@dataclass(frozen=True, slots=True)
class GatewayState:
    """A gateway in Azure."""

    name: str
    provisioning_state: str
    sku: str = ""
    vpn_type: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """One half as Azure holds it. None is not known."""

    name: str
    """What people call it."""
    policy: PolicyInForce | None = None
    protocol: str | None = None
    mode: str | None = None
    policy_based: bool | None = None
    """Whether it offers ranges instead of any to any."""
    selectors: tuple[TrafficSelector, ...] = ()
    """Only where the connection names them."""
    provisioning_state: str | None = None
    gateway: GatewayState | None = None
    private: bool = False
    """It belongs to somebody else: which fields differ may be said, and none of its values."""

    @property
    def is_at_rest(self) -> bool:
        """Whether what it shows is what is in force."""
        return self.provisioning_state == "Succeeded"


@dataclass(frozen=True, slots=True)
class Device:
    """The other end is a device, of which Azure knows an address and no more."""

    name: str
    """Its local network gateway."""
    address: str = ""


@dataclass(frozen=True, slots=True)
class MissingHalf:
    """Azure was asked, and no connection leads back from the peer's gateway."""

    peer: str = ""
    """The peer's gateway."""


@dataclass(frozen=True, slots=True)
class UnseenHalf:
    """There may be another half, and what it holds is not known."""

    why: str
    ours: bool = False
    """The same object makes it."""


OtherEnd = End | Device | MissingHalf | UnseenHalf


class Keys(StrEnum):
    """How the keys of the two ends compare. The keys themselves are never here."""

    EQUAL = "Equal"
    DIFFERENT = "Different"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class NoLog:
    """There are no lines of the gateway's log, and this is why."""

    why: str


@dataclass(frozen=True, slots=True)
class Drops:
    """How often the tunnel went down lately."""

    count: int
    since: datetime
    """When the first of them was."""
    last: datetime


@dataclass(frozen=True, slots=True)
class Quiet:
    """No bytes have come in for a while."""

    since: datetime | None
    """None: none have ever been counted."""
    bytes_go_out: bool | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one tunnel, seen from one of its halves."""

    now: datetime
    own: End
    other: OtherEnd
    status: str | None
    """Azure's connectionStatus; None if it does not tell, as while an operation runs."""
    up: int = 0
    total: int = 1
    """Tunnels that are up, and tunnels there are."""
    keys: Keys = Keys.UNKNOWN
    ike_sas: tuple[IkeSa, ...] | None = None
    """None: not asked."""
    last_established: datetime | None = None
    """When the tunnel (of those that are down the last one) last came up, by Azure's clock; None also if it never did."""
    down_since: datetime | None = None
    """Since when it was seen down; some minutes late, since Azure is asked every few minutes."""
    change: TunnelChange | None = None
    """The last change of ours that takes the tunnel down."""
    drops: Drops | None = None
    quiet: Quiet | None = None
    """Set only while the tunnel is up."""
    log: tuple[GatewayLogLine, ...] | NoLog = field(default_factory=lambda: NoLog("the gateway's log was not read"))
    """The newest line first."""
    azure_read: bool = True
    """False: this is what the cluster's objects say, and Azure itself was not asked."""

    @property
    def is_up(self) -> bool:
        """Whether all tunnels are up."""
        return self.status == "Connected" and self.up == self.total

    @property
    def is_partly_up(self) -> bool:
        """Whether some are up and some are down."""
        return self.status == "Connected" and 0 < self.up < self.total
