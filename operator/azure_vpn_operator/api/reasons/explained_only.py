"""Reasons that no status has: `kubectl azvpn explain` gives them of a tunnel by what it does."""

from typing import Final

from azure_vpn_operator.api.reasons.reason import Reason, ReasonInfo

EXPLAINED_ONLY: Final = {
    Reason.FLAPPING: ReasonInfo(
        (),
        "The tunnel does not stay: it went down three times or more within an hour.",
        "Look at the line and at dead peer detection on both sides; see the runbook about flapping.",
        explained_only=True,
    ),
    Reason.NO_TRAFFIC: ReasonInfo(
        (),
        "The tunnel is up, and no bytes come in through it. That is no fault by itself: nobody may have had anything to say.",
        "If there should be traffic: look at routes and firewall rules behind the device, and at the ranges of the local network gateway.",
        explained_only=True,
    ),
}
