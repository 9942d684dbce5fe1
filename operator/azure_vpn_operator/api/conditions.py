"""The condition types of both kinds. They are API: a type keeps its meaning for as long as the version lives."""

from enum import StrEnum


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionType(StrEnum):
    """Condition types. `ABNORMAL_TRUE` lists those that are written only while they are True."""

    READY = "Ready"
    """The summary: Azure holds what the object says (for an IpsecPolicy: the policy is valid)."""
    POLICY_RESOLVED = "PolicyResolved"
    """The IpsecPolicy that the connection names exists and is valid, or none is named."""
    CREDENTIALS_RESOLVED = "CredentialsResolved"
    """The pre-shared key that the connection names can be read and is well formed, or none is named."""
    SYNCED = "Synced"
    """A read of Azure showed the wanted configuration."""
    CONNECTED = "Connected"
    """Azure says that the tunnels are up. Not part of Ready."""
    BGP_ESTABLISHED = "BgpEstablished"
    """Azure says that the BGP sessions over the connection are up. Only with enableBgp, and not part of Ready."""
    PAIR_IN_SYNC = "PairInSync"
    """Both halves of a VNet-to-VNet pair want and hold the same. Only on Vnet2Vnet connections."""
    PAUSED = "Paused"
    """Someone asked that nothing be written."""
    IN_USE = "InUse"
    """At least one VpnConnection names this IpsecPolicy."""
    ROLLED_OUT = "RolledOut"
    """Every VpnConnection that uses this IpsecPolicy and could be moved holds its values."""
    RECONCILING = "Reconciling"
    """Work goes on by itself."""
    STALLED = "Stalled"
    """Nothing goes on until someone acts; we look again, slowly."""


ABNORMAL_TRUE = frozenset({ConditionType.RECONCILING, ConditionType.STALLED})
"""Written only while True: their absence is the good state (kstatus reads them so)."""
