"""IpsecPolicy: one IPsec/IKE policy that any number of connections of its namespace refer to."""

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
    atomic_list,
    keyed_list,
    published_default,
)


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

    KIND: ClassVar = "IpsecPolicy"
    PLURAL: ClassVar = "ipsecpolicies"

    metadata: ObjectMeta
    """Standard object metadata."""
    spec: IpsecPolicySpec
    """The policy's values."""
    status: IpsecPolicyStatus = IpsecPolicyStatus()
    """What the operator knows of the policy."""
