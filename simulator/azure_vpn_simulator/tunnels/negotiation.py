"""Whether two sides of a tunnel come to an agreement."""

from dataclasses import dataclass

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.ipsec import Match, match, match_proposals
from azure_vpn_simulator.tunnels.sites import initiates, responds
from azure_vpn_simulator.tunnels.state import LiveConfig


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides have in common, and after how many seconds the first of them rekeys."""

    match: Match
    rekey_seconds: float


def agree_with_device(live: LiveConfig, device: Device) -> Agreement | None:
    """Return what a connection and a device that answers agree on; None if on nothing."""
    fits = (
        device.key == live.key
        and live.protocol in device.protocols
        and _somebody_begins(live.mode, begins=initiates(device), answers=responds(device))
        and (live.policy_based_selectors or not device.requires_policy_based_traffic_selectors)
    )
    if not fits:
        return None
    found = match(live.suites, None) if device.proposals == "any" else match_proposals(live.suites, device.proposals)
    return _agreement(found, live, rekey_seconds(live, device))


def agree_with_half(live: LiveConfig, other: LiveConfig) -> Agreement | None:
    """Return what the two halves of a VNet-to-VNet pair agree on; None if on nothing."""
    begins, answers = other.mode != "ResponderOnly", other.mode != "InitiatorOnly"
    fits = (
        live.key == other.key
        and live.protocol == other.protocol
        and _somebody_begins(live.mode, begins=begins, answers=answers)
    )
    found = match(live.suites, other.suites) if fits else None
    return _agreement(found, live, rekey_seconds(live, other))


def rekey_seconds(live: LiveConfig, far: Device | LiveConfig | None) -> float:
    """Return how long an IPsec SA lives: as long as the side that wants it shorter."""
    theirs = far.sa_life_time_seconds if isinstance(far, Device) else far.sa_seconds if far is not None else None
    return min(live.sa_seconds, theirs or live.sa_seconds)


def _agreement(found: Match | None, live: LiveConfig, seconds: float) -> Agreement | None:
    # Under IKEv1 quick mode has the PFS group from the start; under IKEv2 it is first used at a rekey.
    if found is None or not (found.pfs_fits or live.protocol == "IKEv2"):
        return None
    return Agreement(found, seconds)


def _somebody_begins(mode: str, *, begins: bool, answers: bool) -> bool:
    return (mode != "ResponderOnly" and answers) or (begins and mode != "InitiatorOnly")
