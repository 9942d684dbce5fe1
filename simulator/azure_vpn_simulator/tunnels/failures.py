"""Why two sides of a tunnel come to no agreement: the first thing in the order of IKE's messages that does not fit."""

from enum import StrEnum

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.tunnels.sites import initiates, responds
from azure_vpn_simulator.tunnels.state import LiveConfig


class Failure(StrEnum):
    """What goes wrong, as the messages on the wire show it."""

    NO_ANSWER = "NoAnswer"
    """Azure begins, and nobody answers."""
    NOBODY_BEGINS = "NobodyBegins"
    """No message is ever sent."""
    IKE_VERSION = "IkeVersion"
    IKE_PROPOSAL = "IkeProposal"
    """Phase 1: encryption, integrity or group."""
    AUTHENTICATION = "Authentication"
    ESP_PROPOSAL = "EspProposal"
    """Phase 2: encryption or integrity."""
    SELECTORS = "Selectors"
    PFS = "Pfs"
    """One side wants PFS and the other none."""
    PFS_GROUP = "PfsGroup"
    """Both want PFS, with different groups."""
    TOLD = "Told"
    """What a real IKE daemon logged: nobody has looked which of these it is."""


def failure_with_device(live: LiveConfig, device: Device | None, *, answers: bool) -> Failure:
    """Return why a connection and what is behind its local network gateway do not agree."""
    begins = live.mode != "ResponderOnly"
    if device is None or not answers:
        return Failure.NO_ANSWER if begins else Failure.NOBODY_BEGINS
    theirs = initiates(device) and live.mode != "InitiatorOnly"
    if not theirs and not responds(device):
        return Failure.NO_ANSWER if begins else Failure.NOBODY_BEGINS
    if not theirs and not begins:
        return Failure.NOBODY_BEGINS
    if live.protocol not in device.protocols:
        return Failure.IKE_VERSION
    proposals = None if device.proposals == "any" else device.proposals
    if proposals is not None and not any(p.takes_ike(s) for s in live.suites for p in proposals):
        return Failure.IKE_PROPOSAL
    if device.key != live.key:
        return Failure.AUTHENTICATION
    if proposals is not None and not any(p.takes_phases(s) for s in live.suites for p in proposals):
        return Failure.ESP_PROPOSAL
    if device.requires_policy_based_traffic_selectors and not live.policy_based_selectors:
        return Failure.SELECTORS
    near = [(s, p) for s in live.suites for p in proposals or () if p.takes_phases(s)]
    both = any(s.pfs != "None" for s, _ in near) and any(set(p.pfs_group) - {"None"} for _, p in near)
    return Failure.PFS_GROUP if both else Failure.PFS


def failure_with_half(live: LiveConfig, other: LiveConfig | None) -> Failure:
    """Return why the two halves of a VNet-to-VNet pair do not agree; a half that is missing does not answer."""
    begins = live.mode != "ResponderOnly"
    if other is None:
        return Failure.NO_ANSWER if begins else Failure.NOBODY_BEGINS
    if not begins and other.mode == "ResponderOnly":
        return Failure.NOBODY_BEGINS
    if live.mode == "InitiatorOnly" == other.mode:
        return Failure.NO_ANSWER
    if live.protocol != other.protocol:
        return Failure.IKE_VERSION
    if not {s.ike for s in live.suites} & {s.ike for s in other.suites}:
        return Failure.IKE_PROPOSAL
    if live.key != other.key:
        return Failure.AUTHENTICATION
    phases = {(s.ike, s.esp) for s in live.suites} & {(s.ike, s.esp) for s in other.suites}
    if not phases:
        return Failure.ESP_PROPOSAL
    none = [all(s.pfs == "None" for s in side.suites if (s.ike, s.esp) in phases) for side in (live, other)]
    return Failure.PFS if any(none) else Failure.PFS_GROUP
