"""What the status keeps of a change that takes a tunnel down: enough to see whether the tunnel came back, and to undo the change.

The values themselves are kept, and never a shared key: the undo works when the policy that held them is gone.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from azure_vpn_operator.api.base import ApiModel, Timestamp, atomic_list

_Text = Annotated[str, StringConstraints(max_length=64)]
_Ranges = Annotated[str, StringConstraints(max_length=64)]
_Id = Annotated[str, StringConstraints(max_length=480)]


class ChangeState(StrEnum):
    """How far a change has come."""

    SENT = "Sent"
    """Recorded; its write is about to leave, or Azure carries it out."""
    CONFIRMING = "Confirming"
    """In force in Azure; whether the tunnel comes back is not known yet."""
    PROVISIONAL = "Provisional"
    """The tunnel seems to work with it, and the undo stays armed: the first rekey is still to come, or the proof is a weak one."""
    ROLLING_BACK = "RollingBack"
    """The tunnel did not come back; the values from before are on their way."""
    ROLLED_BACK = "RolledBack"
    """Azure holds the values from before."""
    FAILED = "Failed"
    """The tunnel did not come back, and the change stays in Azure."""


class ChangeCause(StrEnum):
    """What asked for a change."""

    POLICY = "Policy"
    """Other values of the IpsecPolicy, or another IpsecPolicy."""
    SPEC = "Spec"
    """Other fields of the object."""
    DRIFT = "Drift"
    """Somebody else had changed the connection in Azure."""
    KEY = "Key"
    """Another shared key."""
    ADOPTION = "Adoption"
    """The connection was taken over, and differed."""


class PolicyValues(ApiModel):
    """One element of Azure's `ipsecPolicies`."""

    ike_encryption: _Text
    """Encryption of IKE (phase 1)."""
    ike_integrity: _Text
    """Integrity of IKE (phase 1)."""
    dh_group: _Text
    """Diffie-Hellman group of IKE (phase 1)."""
    ipsec_encryption: _Text
    """Encryption of IPsec (phase 2)."""
    ipsec_integrity: _Text
    """Integrity of IPsec (phase 2)."""
    pfs_group: _Text
    """Diffie-Hellman group of IPsec (phase 2)."""
    sa_life_time_seconds: int
    """Lifetime of an IPsec security association in seconds."""
    sa_data_size_kilobytes: int
    """Volume after which it is renewed, in kilobytes."""


class SelectorValues(ApiModel):
    """One element of Azure's `trafficSelectorPolicies`."""

    local_address_ranges: tuple[_Ranges, ...] = atomic_list(max_length=100)
    """Ranges on Azure's side."""
    remote_address_ranges: tuple[_Ranges, ...] = atomic_list(max_length=100)
    """Ranges on the other side."""


class BgpAddressValues(ApiModel):
    """One element of Azure's `gatewayCustomBgpIpAddresses`."""

    ip_configuration_id: _Id
    """The ARM id of the gateway's IP configuration."""
    custom_bgp_ip_address: _Text
    """The address."""


class ResourceValues(ApiModel):
    """A reference to another resource of Azure."""

    id: _Id
    """Its ARM id."""


class HalfSettings(ApiModel):
    """The values of one connection that its tunnel depends on, by their names in Azure. The shared key is not among them."""

    ipsec_policies: tuple[PolicyValues, ...] = atomic_list(max_length=1)
    """The policy; empty for Azure's Default policy."""
    connection_mode: _Text = "Default"
    """Who may start the tunnel."""
    dpd_timeout_seconds: int = 45
    """Seconds after which a silent peer counts as dead."""
    enable_bgp: bool = False
    """Whether routes are exchanged by BGP."""
    use_local_azure_ip_address: bool = False
    """Whether the tunnel starts from the gateway's private address."""
    use_policy_based_traffic_selectors: bool = False
    """Whether the selectors of policy-based devices are offered."""
    traffic_selector_policies: tuple[SelectorValues, ...] = atomic_list(max_length=100)
    """The selectors."""
    gateway_custom_bgp_ip_addresses: tuple[BgpAddressValues, ...] = atomic_list(max_length=16)
    """BGP addresses of the gateway for this connection."""
    ingress_nat_rules: tuple[ResourceValues, ...] = atomic_list(max_length=100)
    """NAT rules for traffic from the other side."""
    egress_nat_rules: tuple[ResourceValues, ...] = atomic_list(max_length=100)
    """NAT rules for traffic to the other side."""

    def properties(self) -> dict[str, Any]:
        """The values as properties of a PUT."""
        found = self.wire()
        found.pop("reverse", None)
        return found


class TunnelSettings(HalfSettings):
    """The values of an object that its tunnel depends on; of an owned pair with those of the other half."""

    reverse: HalfSettings | None = None
    """The other half's, if the object owns both."""


class TunnelBefore(ApiModel):
    """A tunnel that was up before a change, and so has to be up after it."""

    name: str = Field(max_length=512)
    """Azure's name for the tunnel; empty where Azure names none."""
    reverse: bool | None = None
    """True for a tunnel of the reverse half."""
    last_established: Timestamp | None = None
    """When it had last come up, by Azure's clock."""


class TunnelChange(ApiModel):
    """The last change that takes the tunnel down; written before the call, and gone once it is confirmed."""

    state: ChangeState
    """How far it has come."""
    cause: ChangeCause
    """What asked for it."""
    start_time: Timestamp
    """When it was recorded."""
    was_connected: bool = True
    """Whether the tunnel was up before."""
    from_: TunnelSettings = Field(alias="from")
    """What Azure held before."""
    to: TunnelSettings
    """What Azure was given."""
    tunnels: tuple[TunnelBefore, ...] = atomic_list(max_length=32)
    """The tunnels that were up before."""
    end_time: Timestamp | None = None
    """When it failed."""
    in_force_since: Timestamp | None = None
    """When Azure was first seen to hold it: from then on the tunnel has the time that `spec.confirm.withinSeconds` says."""

    wait_until: Timestamp | None = None
    """Until then the undo stays armed although the tunnel seems to work: until the first rekey if the PFS group changes, which is
    first used then; until its time is over if only counters prove it."""

    @property
    def is_open(self) -> bool:
        """Whether it is not known yet whether the tunnel comes back."""
        return self.state in {ChangeState.SENT, ChangeState.CONFIRMING}

    @property
    def changes_pfs(self) -> bool:
        """Whether the PFS group changes, which only a rekey puts to the proof."""
        before, after = self.from_.ipsec_policies, self.to.ipsec_policies
        return bool(after) and not (before and before[0].pfs_group == after[0].pfs_group)

    @property
    def is_failed(self) -> bool:
        """Whether the tunnel did not come back."""
        return self.state in {ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK, ChangeState.FAILED}


class KnownGood(ApiModel):
    """The values with which the tunnel was last known to work: what an undo puts back."""

    time: Timestamp
    """When that was seen."""
    confirmed: bool | None = None
    """True if a change has proved them; else they are what was there before the first change, with the tunnel up."""
    settings: TunnelSettings
    """The values."""
