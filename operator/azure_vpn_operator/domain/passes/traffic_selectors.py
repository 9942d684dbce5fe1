"""The pairs of address ranges that a policy-based device must have, exactly as Azure's gateway offers them."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import SelectorSource, TrafficSelectors
from azure_vpn_operator.domain.azure.lookups import NotRead, Present, Unreadable
from azure_vpn_operator.domain.passes.snapshot import Snapshot

SHOWN: Final = 32
"""More than a person compares by hand; the rest is counted."""


def needs_address_spaces(subject: VpnConnection) -> bool:
    """Whether the pairs follow from what lies behind the gateways, since the spec names none."""
    return subject.spec.use_policy_based_traffic_selectors and not subject.spec.traffic_selector_policies


def find_selectors(snapshot: Snapshot) -> TrafficSelectors | None:
    """What the status says; None without policy-based selectors. What could not be read now is as it was."""
    subject = snapshot.subject
    if not isinstance(subject, VpnConnection):
        return snapshot.previous.traffic_selectors
    if not subject.spec.use_policy_based_traffic_selectors:
        return None
    if not needs_address_spaces(subject):
        pairs = [
            (local, remote)
            for policy in subject.spec.traffic_selector_policies
            for local in policy.local_address_ranges
            for remote in policy.remote_address_ranges
        ]
        return _tell(SelectorSource.SPEC, pairs)
    before = snapshot.previous.traffic_selectors
    known = before if before is not None and before.source is SelectorSource.ADDRESS_SPACES else None
    if isinstance(snapshot.local_gateway, Present):
        remote = snapshot.local_gateway.value.address_prefixes
    elif isinstance(snapshot.peer_prefixes, Present):
        remote = snapshot.peer_prefixes.value
    else:
        return known or _unknown(snapshot.peer_prefixes)
    if not isinstance(snapshot.own_prefixes, Present):
        return known or _unknown(snapshot.own_prefixes)
    local = snapshot.own_prefixes.value
    return _tell(SelectorSource.ADDRESS_SPACES, [(here, there) for here in _sorted(local) for there in _sorted(remote)])


def _tell(source: SelectorSource, pairs: Iterable[tuple[str, str]]) -> TrafficSelectors:
    texts = tuple(dict.fromkeys(f"{_range(local)} <=> {_range(remote)}" for local, remote in pairs))
    return TrafficSelectors(source=source, pairs=texts[:SHOWN], more=len(texts) - SHOWN if len(texts) > SHOWN else None)


def _unknown(read: object) -> TrafficSelectors | None:
    if isinstance(read, NotRead):
        return None
    why = f"{read.fault.kind}" if isinstance(read, Unreadable) else "there is none"
    return TrafficSelectors(
        source=SelectorSource.ADDRESS_SPACES,
        message=f"the address space of the gateway's virtual network could not be read ({why}): grant "
        "Microsoft.Network/virtualNetworks/read, or name the ranges in trafficSelectorPolicies",
    )


def _range(text: str) -> str:
    """The range that is meant; what Azure shows in a form that we do not know stays as it is."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text[:64]


def _sorted(prefixes: Iterable[str]) -> list[str]:
    """In an order of their own, since Azure promises none, and a status that only changes its order would be written again."""

    def order(text: str) -> tuple[int, int, int, str]:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            return 9, 0, 0, text
        return network.version, int(network.network_address), network.prefixlen, text

    return sorted(set(prefixes), key=order)
