"""What the map is drawn from: each object with its status as it is stored."""

from dataclasses import dataclass

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from azure_vpn_operator.domain.rules.violations import Invalid


@dataclass(frozen=True, slots=True)
class SeenConnection:
    """A VpnConnection."""

    holder: PolicyHolder
    target: Target | Unresolved | None
    """None if its spec breaks a rule."""
    reverse: Target | Unresolved | None = None
    """The other half, if the object owns both."""
    enforced: bool = True
    """False if nothing is ever written for it."""

    @property
    def metadata(self) -> ObjectMeta:
        """The object's."""
        return self.holder.metadata

    @property
    def status(self) -> VpnConnectionStatus:
        """As stored."""
        return self.holder.status


@dataclass(frozen=True, slots=True)
class SeenPolicy:
    """An IpsecPolicy."""

    subject: IpsecPolicy | Invalid
    status: IpsecPolicyStatus

    @property
    def metadata(self) -> ObjectMeta:
        """The object's."""
        return self.subject.metadata
