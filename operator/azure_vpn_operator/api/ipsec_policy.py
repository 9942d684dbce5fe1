"""IpsecPolicy: one IPsec/IKE policy that any number of connections of its namespace refer to."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from azure_vpn_operator.api.algorithms import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)
from azure_vpn_operator.api.base import (
    Advice,
    ApiModel,
    Condition,
    LastHandled,
    ObjectMeta,
    Timestamp,
    atomic_list,
    keyed_list,
    published_default,
)
from azure_vpn_operator.api.kinds import IPSEC_POLICY
from azure_vpn_operator.api.tunnel_change import PolicyValues


class RolloutStrategy(StrEnum):
    """How an edit reaches the connections that use the policy."""

    STAGED = "Staged"
    """One canary first, then waves that double, each confirmed before the next."""
    ALL_AT_ONCE = "AllAtOnce"


class RekeyProof(StrEnum):
    """Whether a changed PFS group has to survive a rekey, at which it is first used."""

    CANARY = "Canary"
    """The canary waits for one before the others move."""
    NONE = "None"


class RolloutSpec(ApiModel):
    """How an edit of the policy reaches the connections that use it."""

    strategy: RolloutStrategy = RolloutStrategy.STAGED
    """Staged (the default): a canary first, then waves. AllAtOnce: all of them, as their gateways allow."""
    max_unavailable: int | str = Field(default="10%", json_schema_extra={"x-kubernetes-int-or-string": True})
    """How many may be unconfirmed at a time: a count, or a percentage of the connections, rounded down, at least 1. Default 10%."""
    rekey_proof: RekeyProof = RekeyProof.CANARY
    """Canary (the default): if the PFS group changes, the canary waits for one rekey before the others move."""
    paused: bool = False
    """No further connection moves; confirming and undoing go on."""


class RevisionState(StrEnum):
    """What has become of values that a policy had."""

    TARGET = "Target"
    """On its way to the connections."""
    CURRENT = "Current"
    """All connections that could be moved hold it; new ones begin with it."""
    SUPERSEDED = "Superseded"
    FAILED = "Failed"
    """A connection's tunnel did not come back with it; it goes no further."""


class PolicyRevision(ApiModel):
    """Values that a policy has, or had."""

    hash: str = Field(max_length=64)
    """Hash of the canonical values."""
    values: PolicyValues
    """The values, in canonical spelling."""
    generation: int = Field(ge=0)
    """The generation of the policy that brought them."""
    state: RevisionState
    """What has become of them."""
    since: Timestamp
    """Since when."""
    continued: bool | None = None
    """True if somebody said that the canary need not wait for a rekey."""


class IpsecPolicySpec(ApiModel):
    """The parameters of one IPsec/IKE policy. All six algorithms are required: Azure knows no partial policy."""

    ike_encryption: IkeEncryption
    """Encryption of IKE (Main Mode, phase 1)."""
    ike_integrity: IkeIntegrity
    """Integrity of IKE (Main Mode, phase 1); with a GCMAES encryption it names the pseudo-random function."""
    dh_group: DhGroup
    """Diffie-Hellman group of IKE (Main Mode, phase 1). DHGroup14 and DHGroup2048 mean the same."""
    ipsec_encryption: IpsecEncryption
    """Encryption of IPsec (Quick Mode, phase 2). A GCMAES algorithm must be named for `ipsecIntegrity` as well."""
    ipsec_integrity: IpsecIntegrity
    """Integrity of IPsec (Quick Mode, phase 2). A GCMAES algorithm must be named for `ipsecEncryption` as well."""
    pfs_group: PfsGroup
    """Diffie-Hellman group of IPsec (Quick Mode, phase 2); None means no perfect forward secrecy. PFS14 and PFS2048
    mean the same."""
    sa_life_time_seconds: int = published_default(27000, ge=300, le=172799)
    """Lifetime of an IPsec security association in seconds. Local to Azure: the device may use another one."""
    sa_data_size_kilobytes: int = published_default(102400000, ge=0, le=2147483647)
    """Volume after which an IPsec security association is renewed, in kilobytes: 0 (no limit) or at least 1024."""
    rollout: RolloutSpec | None = None
    """How an edit reaches the connections that use the policy; absent means staged, at most 10% at a time."""


class KeyExchange(ApiModel):
    """What a device has to know of the key exchange beyond the names in the spec."""

    ike_sa_life_time_seconds: int = Field(ge=0)
    """Lifetime of the IKE (phase 1) security association: Azure's gateways fix it, and no field sets it."""
    dh_group: str = Field(max_length=64)
    """The group of phase 1 by its number in the standards, with the length of its key."""
    pfs_group: str = Field(max_length=64)
    """The same for phase 2; None without perfect forward secrecy."""


class IpsecPolicyStatus(ApiModel):
    """What the operator knows of a policy and of the connections that use it."""

    observed_generation: int = Field(default=-1, ge=-1)
    """The generation of the spec that this status speaks about; -1 until the operator has seen the object."""
    conditions: tuple[Condition, ...] = keyed_list("type", max_length=16)
    """The state of the policy, one observation each."""
    connections: int = Field(default=0, ge=0)
    """How many connections refer to the policy."""
    updated_connections: int = Field(default=0, ge=0)
    """How many of them hold its current values in Azure."""
    confirmed_connections: int = Field(default=0, ge=0)
    """How many of those have nothing open."""
    skipped_connections: int = Field(default=0, ge=0)
    """How many take no part, since they may not be written or have a trouble of their own."""
    revisions: tuple[PolicyRevision, ...] = keyed_list("hash", max_length=10)
    """The values that the policy had, the newest first."""
    strength: str | None = Field(default=None, max_length=32)
    """The grade of the weakest algorithm: Broken, Weak, Good, Strong or CNSA."""
    key_exchange: KeyExchange | None = None
    """For whoever sets up the device: groups with their key length, and the lifetime that Azure fixes."""
    warnings: tuple[Advice, ...] = atomic_list(max_length=16)
    """Advice about the values; nothing of it refuses the policy."""
    last_handled: LastHandled | None = None
    """Annotation tokens that have been acted upon."""


class IpsecPolicy(ApiModel):
    """An IPsec/IKE policy for Azure VPN connections: algorithms and lifetimes of both phases."""

    KIND: ClassVar = IPSEC_POLICY
    PLURAL: ClassVar = "ipsecpolicies"

    metadata: ObjectMeta
    """Standard object metadata."""
    spec: IpsecPolicySpec
    """The policy's values."""
    status: IpsecPolicyStatus = IpsecPolicyStatus()
    """What the operator knows of the policy."""
