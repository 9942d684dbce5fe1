"""The Diffie-Hellman groups behind Azure's names, and what Azure fixes: what somebody needs who sets up the device at the other end."""

from typing import Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec, KeyExchange

IKE_SA_LIFETIME_SECONDS: Final = 28_800
"""Of the main mode (phase 1), on every Azure VPN gateway."""

_GROUPS: Final = {
    "DHGroup1": "group 1, 768-bit MODP",
    "DHGroup2": "group 2, 1024-bit MODP",
    "DHGroup14": "group 14, 2048-bit MODP",
    "DHGroup2048": "group 14, 2048-bit MODP",
    "DHGroup24": "group 24, 2048-bit MODP",
    "PFS1": "group 1, 768-bit MODP",
    "PFS2": "group 2, 1024-bit MODP",
    "PFS14": "group 14, 2048-bit MODP",
    "PFS2048": "group 14, 2048-bit MODP",
    "PFS24": "group 24, 2048-bit MODP",
    "ECP256": "group 19, 256-bit ECP",
    "ECP384": "group 20, 384-bit ECP",
    "None": "None",
}
"""RFC 2409, 3526, 5114 and 5903."""


def describe_key_exchange(spec: IpsecPolicySpec) -> KeyExchange:
    """Name the groups that the policy chooses; PFSMM is that of phase 1."""
    pfs = spec.dh_group if spec.pfs_group == "PFSMM" else spec.pfs_group
    return KeyExchange(
        ike_sa_life_time_seconds=IKE_SA_LIFETIME_SECONDS, dh_group=_GROUPS[spec.dh_group], pfs_group=_GROUPS[pfs]
    )
