"""Reasons of Connected: whether the tunnels are up."""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

CONNECTED: Final = {
    Reason.ALL_TUNNELS_UP: ReasonInfo(
        ((ConditionType.CONNECTED, _T),),
        "Every tunnel is up.",
        "Nothing.",
    ),
    Reason.REDUNDANCY_LOST: ReasonInfo(
        ((ConditionType.CONNECTED, _T),),
        "At least one tunnel is up and at least one is down.",
        "Look at the device, or at the gateway instance, of the tunnel in status.halves[].tunnels.",
    ),
    Reason.NOT_CONNECTED: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "Azure says that the tunnel is down, and nothing that is known of both sides says why.",
        "Run `kubectl azvpn explain NAME --azure`: it also compares the keys of both halves and looks at their gateways.",
    ),
    Reason.CONNECTING: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "Azure is trying to bring the tunnel up.",
        "Wait a minute; then the reason says what is known.",
    ),
    Reason.RENEGOTIATING: ReasonInfo(
        ((ConditionType.CONNECTED, _T), (ConditionType.CONNECTED, _F)),
        "A write of ours ended less than a minute ago, and not all tunnels are back yet: a changed policy or key takes them down for seconds.",
        "Wait a minute; then the reason says what is down.",
    ),
    Reason.PEER_HALF_MISSING: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "A VNet-to-VNet tunnel needs a connection from each side; Azure has none that leads back, and the tunnel is down.",
        "Create the connection from the other gateway with the same policy and key.",
    ),
    Reason.STATUS_UNKNOWN: ReasonInfo(
        ((ConditionType.CONNECTED, _U),),
        "Azure does not tell (yet) whether the tunnel is up.",
        "Wait.",
    ),
    Reason.STATUS_NOT_READ: ReasonInfo(
        ((ConditionType.CONNECTED, _U),),
        "Azure could not be read for a while, so the last known state is too old to be shown as true.",
        "See the reason of Ready.",
    ),
    Reason.TUNNEL_NOT_READ: ReasonInfo(
        ((ConditionType.CONNECTED, _U),),
        "The configuration was compared by a list of the resource group, which does not show tunnels; the connection itself has not been read yet.",
        "Wait: it is read in turn, within half of Azure's quota.",
    ),
    Reason.NOT_CREATED: ReasonInfo(
        ((ConditionType.CONNECTED, _F),),
        "Azure has no such connection.",
        "See the reason of Ready.",
    ),
}
