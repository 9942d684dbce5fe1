"""The BGP sessions of a gateway, and which of them belong to a connection: those with the other end's BGP peering addresses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from azure_vpn_operator.domain.azure.lookups import NotRead, Read

ESTABLISHED: Final = "Connected"
"""Azure's state of a session that is up; the others are Unknown, Stopped, Idle and Connecting."""


@dataclass(frozen=True, slots=True)
class BgpSession:
    """One session of a gateway, in Azure's words. Its duration and the counters of messages are left out."""

    local_address: str
    """The address of the gateway's own instance."""
    neighbor: str
    asn: int | None
    """Of the neighbor; None if Azure gives no number that can be one."""
    state: str
    routes_received: int | None = field(default=None, compare=False)
    """Routes learned over it; None if Azure does not say. Sessions that differ in nothing else are equal: it changes all the time."""


@dataclass(frozen=True, slots=True)
class BgpFacts:
    """What a pass knows of the sessions over one connection."""

    addresses: Read[tuple[str, ...]]
    """The other end's BGP peering addresses; none if it has no BGP."""
    sessions: Read[tuple[BgpSession, ...]] | NotRead
    """All sessions of the connection's own gateway; NotRead until the first answer, or if there is no address to look for."""
    look_in: float | None = None
    """Seconds until Azure's answer to this connection's own question can be there."""


def split_addresses(text: str) -> tuple[str, ...]:
    """The addresses in a `bgpPeeringAddress`: that of an active-active gateway holds one per instance, with commas between."""
    return tuple(part for item in text.split(",") if (part := item.strip()))


def sessions_with(sessions: Iterable[BgpSession], addresses: Iterable[str]) -> tuple[BgpSession, ...]:
    """The sessions with these neighbors, in an order that does not depend on Azure's."""
    wanted = {_canonical(address) for address in addresses}
    found = (session for session in sessions if _canonical(session.neighbor) in wanted)
    return tuple(sorted(found, key=lambda session: (_canonical(session.neighbor), _canonical(session.local_address))))


def addresses_without_session(sessions: Iterable[BgpSession], addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses with which the gateway has no session at all."""
    known = {_canonical(session.neighbor) for session in sessions}
    return tuple(address for address in addresses if _canonical(address) not in known)


def all_established(sessions: Sequence[BgpSession], addresses: Sequence[str]) -> bool:
    """Whether there is a session with each address, and every session with them is up."""
    return not addresses_without_session(sessions, addresses) and all(
        session.state == ESTABLISHED for session in sessions_with(sessions, addresses)
    )


def _canonical(address: str) -> str:
    try:
        return ip_address(address.strip()).compressed
    except ValueError:
        return address.strip().lower()
