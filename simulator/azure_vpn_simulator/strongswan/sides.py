"""The two sides of an attempt, as strongSwan is to play them."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.ipsec import Proposal, Suite, Suites, preference
from azure_vpn_simulator.strongswan.configuration import ANY, Side
from azure_vpn_simulator.strongswan.proposals import (
    GROUP,
    HASH,
    IKE_ENCRYPTION,
    IPSEC,
    PRF,
    esp_proposal,
    ike_proposal,
    shown,
)
from azure_vpn_simulator.tunnels.judging import Attempt
from azure_vpn_simulator.tunnels.sites import initiates, responds
from azure_vpn_simulator.tunnels.state import LiveConfig

Begins = Literal["azure", "far"]

_VERSIONS: Final = {"IKEv1": 1, "IKEv2": 2}
_HOSTS: Final = ("10.255.255.1", "10.255.255.2")


def azure_side(attempt: Attempt) -> Side:
    """What the gateway has in force."""
    return _connection(attempt.live, *attempt.addresses)


def far_side(attempt: Attempt) -> Side:
    """What the device takes, or what the other half has in force. A device takes any address ranges."""
    address, peer = reversed(attempt.addresses)
    match attempt.far:
        case LiveConfig() as other:
            return _connection(other, address, peer)
        case Device() as device:
            return _device(device, attempt.live, address, peer)
        case None:
            return Side(address, peer, (), (), "")


def who_begins(attempt: Attempt) -> tuple[Begins | None, bool]:
    """Which side sends the first message, and whether it can get an answer; None if each waits for the other one."""
    mode, far = attempt.live.mode, attempt.far
    if isinstance(far, LiveConfig):
        answers, calls = far.mode != "InitiatorOnly", far.mode != "ResponderOnly"
    else:
        answers, calls = far is not None and responds(far), initiates(far)
    if mode != "ResponderOnly" and attempt.answers and answers:
        return "azure", True
    if mode != "InitiatorOnly" and attempt.answers and calls:
        return "far", True
    return (None if mode == "ResponderOnly" else "azure"), False


def agreed_suite(suites: Suites, ike: frozenset[str], esp: frozenset[str], group: str | None = None) -> Suite | None:
    """The suite that two SAs come from, by the words that strongSwan shows of them.

    `group` is that of the IPsec SA, `None` in Azure's sense as a text; without it any will do, since the first SA has none.
    """
    found = (
        suite
        for suite in suites
        if ike == _shown_ike(suite)
        and esp == shown(esp_proposal(suite.esp, "None"))
        and group in {None, _shown_group(suite)}
    )
    return min(found, key=preference, default=None)


def hosts(side: Side) -> tuple[str, str] | None:
    """An address on this side and one on the other, between which the tunnel has to carry traffic; None if not IPv4."""
    local, remote = side.selectors[0]
    if (tuple(local), tuple(remote)) == ANY:
        return _HOSTS
    networks = [ipaddress.ip_network(ranges[0], strict=False) for ranges in (local, remote)]
    if any(network.version != 4 for network in networks):
        return None
    own, other = (str(network[min(1, network.num_addresses - 1)]) for network in networks)
    return own, other


def _connection(live: LiveConfig, address: str, peer: str) -> Side:
    suites = sorted(live.suites, key=preference)
    ike = _once(filter(None, (ike_proposal(suite.ike) for suite in suites)))
    esp = _once(esp_proposal(suite.esp, suite.pfs) for suite in suites)
    return Side(address, peer, ike, esp, live.key, selectors=_selectors(live), version=_VERSIONS[live.protocol])


def _device(device: Device, live: LiveConfig, address: str, peer: str) -> Side:
    if device.proposals == "any":
        ike = _ike(IKE_ENCRYPTION, PRF, GROUP)
        esp = _esp(IPSEC, HASH, ("None", *GROUP))
    else:
        ike = _once(text for each in device.proposals for text in _ike_of(each))
        esp = _once(text for each in device.proposals for text in _esp_of(each))
    mirrored = [(remote, local) for local, remote in _selectors(live)]
    version = _VERSIONS[live.protocol]
    if live.protocol not in device.protocols:
        version = 3 - version
    return Side(address, peer, ike, esp, device.key, selectors=mirrored, version=version)


def _selectors(live: LiveConfig) -> Sequence[tuple[Sequence[str], Sequence[str]]]:
    return live.selectors if live.policy_based_selectors and live.selectors else (ANY,)


def _ike_of(proposal: Proposal) -> list[str]:
    return _ike(proposal.ike_encryption, proposal.ike_integrity, proposal.groups)


def _esp_of(proposal: Proposal) -> list[str]:
    return _esp(proposal.ipsec_encryption, proposal.ipsec_integrity, proposal.pfs_groups)


def _ike(encryptions: Iterable[str], integrities: Collection[str], groups: Iterable[str]) -> list[str]:
    """All combinations in two proposals: ciphers with a hash, and those that need none."""
    aead, plain = _split(encryptions, IKE_ENCRYPTION)
    hashes = [HASH[name] for name in integrities if name in HASH]
    functions = [PRF[name] for name in integrities]
    known = [GROUP[group] for group in groups if group in GROUP]
    return _joined(((plain, hashes, known), (aead, functions, known)))


def _esp(encryptions: Iterable[str], integrities: Iterable[str], groups: Collection[str]) -> list[str]:
    """All combinations in four proposals: the same two, each without a group and with one."""
    aead, plain = _split(encryptions, IPSEC)
    hashes = [HASH[name] for name in integrities if name in HASH]
    known = [GROUP[group] for group in groups if group in GROUP]
    without = _joined(((plain, hashes), (aead,))) if "None" in groups else []
    return without + _joined(((plain, hashes, known), (aead, known)))


def _split(names: Iterable[str], words: Mapping[str, str]) -> tuple[list[str], list[str]]:
    given = list(names)
    aead = [words[name] for name in given if name.startswith("GCM")]
    return aead, [words[name] for name in given if not name.startswith("GCM")]


def _joined(proposals: Iterable[tuple[list[str], ...]]) -> list[str]:
    """Each as one text; none of what lacks a part."""
    return ["-".join(_once(word for part in parts for word in part)) for parts in proposals if all(parts)]


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _shown_group(suite: Suite) -> str:
    return next(iter(shown(GROUP[suite.pfs]))) if suite.pfs in GROUP else "None"


def _shown_ike(suite: Suite) -> frozenset[str] | None:
    proposal = ike_proposal(suite.ike)
    return shown(proposal) if proposal is not None else None
