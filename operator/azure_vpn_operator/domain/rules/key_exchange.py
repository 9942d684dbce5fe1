"""The Diffie-Hellman groups behind Azure's names, and what Azure fixes: what somebody needs who sets up the device at the other end."""

from typing import Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec, KeyExchange
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.proposals import Group, dh_group_of, pfs_group_of

IKE_SA_LIFETIME_SECONDS: Final = 28_800
"""Of the main mode (phase 1), on every Azure VPN gateway."""


def describe_key_exchange(spec: IpsecPolicySpec) -> KeyExchange:
    """Name the groups that the policy chooses; PFSMM is that of phase 1."""
    policy = canonical_policy(spec)
    return KeyExchange(
        ike_sa_life_time_seconds=IKE_SA_LIFETIME_SECONDS,
        dh_group=_describe(dh_group_of(policy)),
        pfs_group=_describe(pfs_group_of(policy)),
    )


def _describe(group: Group | None) -> str:
    return "None" if group is None else group.description
