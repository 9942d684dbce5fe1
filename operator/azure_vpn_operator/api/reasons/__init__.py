"""Every reason the operator can give, with its conditions, meaning and what to do; the texts are in one module per condition.

`docs/reference/reasons.md` is generated from this. A test holds every status that is written to this table.
"""

from typing import Final

from azure_vpn_operator.api.reasons.azure_faults import AZURE_FAULTS
from azure_vpn_operator.api.reasons.bgp_established import BGP_ESTABLISHED
from azure_vpn_operator.api.reasons.connected import CONNECTED
from azure_vpn_operator.api.reasons.credentials_resolved import CREDENTIALS_RESOLVED
from azure_vpn_operator.api.reasons.events_only import EVENTS_ONLY
from azure_vpn_operator.api.reasons.explained_only import EXPLAINED_ONLY
from azure_vpn_operator.api.reasons.in_use import IN_USE
from azure_vpn_operator.api.reasons.pair_in_sync import PAIR_IN_SYNC
from azure_vpn_operator.api.reasons.paused import PAUSED
from azure_vpn_operator.api.reasons.policy_resolved import POLICY_RESOLVED
from azure_vpn_operator.api.reasons.ready import READY
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo
from azure_vpn_operator.api.reasons.rolled_out import ROLLED_OUT
from azure_vpn_operator.api.reasons.synced import SYNCED
from azure_vpn_operator.api.reasons.trial import TRIAL
from azure_vpn_operator.api.reasons.tunnel_causes import TUNNEL_CAUSES

__all__ = ["REASONS", "Reason", "ReasonInfo"]

REASONS: Final[dict[Reason, ReasonInfo]] = {
    **READY,
    **SYNCED,
    **TRIAL,
    **AZURE_FAULTS,
    **POLICY_RESOLVED,
    **CREDENTIALS_RESOLVED,
    **PAUSED,
    **CONNECTED,
    **TUNNEL_CAUSES,
    **BGP_ESTABLISHED,
    **PAIR_IN_SYNC,
    **IN_USE,
    **ROLLED_OUT,
    **EVENTS_ONLY,
    **EXPLAINED_ONLY,
}
