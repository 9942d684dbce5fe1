"""What Azure itself says of a tunnel: both halves, their gateways, the keys of two halves side by side, and the IKE SAs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.domain.diagnosis.ends import (
    compare_keys,
    count_tunnels,
    end_of,
    last_established,
    quiet_of,
)
from azure_vpn_operator.domain.diagnosis.evidence import (
    Device,
    Evidence,
    Keys,
    MissingHalf,
    NoLog,
    OtherEnd,
    UnseenHalf,
)
from azure_vpn_operator.domain.rules.gateway import GatewayFacts
from azure_vpn_operator.ports import ConnectionsPort, GatewayLogsPort, GatewaysPort, GatewayUse, Pending

_LOOKS: Final = 6
"""So often the answer about IKE SAs is looked at."""
_LOG_AT_MOST: Final = timedelta(hours=24)


class NotInAzureError(Exception):
    """There is no connection to explain, in words."""


class NotReadableError(Exception):
    """The connection cannot be read, in words."""


@dataclass(frozen=True, slots=True)
class AzureReads:
    """Through which Azure is asked, and how time passes."""

    connections: ConnectionsPort
    gateways: GatewaysPort
    sleep: Callable[[float], Awaitable[None]]
    logs: GatewayLogsPort | None = None
    """Who reads the gateways' logs; None: nobody does."""


async def read_azure(reads: AzureReads, connection: ArmId, known: Evidence) -> Evidence:
    """The evidence with what Azure says now in place of what was `known`. Raises `NotInAzureError` or `NotReadableError`."""
    live = await _connection(reads, connection)
    gateway = await _gateway(reads, live.gateway_id)
    peer = await _gateway(reads, live.peer_gateway_id)
    other, other_id = await _other_end(reads, live, peer)
    up, total = count_tunnels(live)
    keys = await _keys(reads, connection, other_id) if other_id is not None else Keys.UNKNOWN
    ike_sas = await _ike_sas(reads, connection)
    seen = replace(
        known,
        own=end_of(connection.name, live, gateway),
        other=other,
        status=live.connection_status,
        up=up,
        total=total,
        keys=keys,
        ike_sas=ike_sas,
        last_established=last_established(live),
        quiet=quiet_of(live, known.quiet.since if known.quiet is not None else None, known.now),
        azure_read=True,
    )
    return replace(seen, log=await _log(reads, live.gateway_id, seen, peer))


async def _connection(reads: AzureReads, connection: ArmId) -> LiveConnection:
    match await reads.connections.get(connection):
        case Present(live):
            return live
        case Absent():
            raise NotInAzureError(f"Azure has no connection {connection.name}")
        case Unreadable(fault):
            raise NotReadableError(f"connection {connection.name}: {fault.code}: {fault.message}")


async def _gateway(reads: AzureReads, identifier: str | None) -> GatewayFacts | None:
    parsed = ArmId.find(identifier)
    found = await reads.gateways.get_gateway(parsed) if parsed is not None else None
    return found.value if isinstance(found, Present) else None


async def _other_end(
    reads: AzureReads, live: LiveConnection, peer_facts: GatewayFacts | None
) -> tuple[OtherEnd, ArmId | None]:
    """The other end, and the id of the other half if there is exactly one that can be read."""
    local = ArmId.find(live.local_gateway_id)
    if local is not None:
        found = await reads.gateways.get_local_gateway(local)
        return Device(local.name, found.value.address if isinstance(found, Present) else ""), None
    own, peer = ArmId.find(live.gateway_id), ArmId.find(live.peer_gateway_id)
    if own is None or peer is None:
        return UnseenHalf("what is at the other end is not known"), None
    listed = await reads.connections.list_of_gateway(peer)
    if isinstance(listed, Absent):
        return UnseenHalf(f"the peer's gateway {peer.name} is not there, or may not be seen"), None
    if isinstance(listed, Unreadable):
        return UnseenHalf(f"the connections of gateway {peer.name} cannot be read ({listed.fault.code})"), None
    back = [use.connection_id for use in listed.value if _leads(use, peer, own)]
    return await _half(reads, peer, peer_facts, back)


def _leads(use: GatewayUse, from_gateway: ArmId, to_gateway: ArmId) -> bool:
    half = use.half
    return half is not None and half.gateway == from_gateway.key and half.peer_gateway == to_gateway.key


async def _half(
    reads: AzureReads, peer: ArmId, peer_facts: GatewayFacts | None, back: Sequence[str]
) -> tuple[OtherEnd, ArmId | None]:
    if not back:
        return MissingHalf(peer.name), None
    identifier = ArmId.find(back[0])
    if len(back) > 1 or identifier is None:
        return UnseenHalf(f"{len(back)} connections lead back from gateway {peer.name}"), None
    found = await reads.connections.get(identifier)
    if not isinstance(found, Present):
        return UnseenHalf(f"the connection {identifier.name}, which leads back, cannot be read"), None
    return end_of(identifier.name, found.value, peer_facts), identifier


async def _keys(reads: AzureReads, one: ArmId, other: ArmId) -> Keys:
    read = [await reads.connections.get_shared_key(connection) for connection in (one, other)]
    first, second = (item.value.value if isinstance(item, Present) else None for item in read)
    return compare_keys(first, second)


async def _ike_sas(reads: AzureReads, connection: ArmId) -> tuple[IkeSa, ...] | None:
    """None if they cannot be had, or not soon."""
    answer = await reads.connections.get_ike_sas(connection)
    for _ in range(_LOOKS):
        if not isinstance(answer, Pending):
            break
        await reads.sleep(answer.retry_after)
        answer = await reads.connections.look_at_ike_sas(connection, answer.url)
    return None if isinstance(answer, Pending | Fault) else answer


async def _log(
    reads: AzureReads, gateway_id: str, seen: Evidence, peer: GatewayFacts | None
) -> tuple[GatewayLogLine, ...] | NoLog:
    """The gateway's own lines about this peer, where somebody reads them."""
    gateway = ArmId.find(gateway_id)
    if reads.logs is None or gateway is None:
        return seen.log
    since = max(seen.now - _LOG_AT_MOST, seen.down_since - timedelta(hours=1) if seen.down_since else _oldest(seen))
    match await reads.logs.newest(gateway, _remote_addresses(seen, peer), since):
        case Present(lines):
            return tuple(lines)
        case Absent():
            return NoLog("no Log Analytics workspace is known for this gateway")
        case Unreadable(fault):
            return NoLog(f"it could not be read ({fault.code})")


def _remote_addresses(seen: Evidence, peer: GatewayFacts | None) -> Sequence[str]:
    """The public addresses of the other end, as far as they are known."""
    given = [seen.other.address] if isinstance(seen.other, Device) and seen.other.address else []
    given += peer.public_addresses if peer is not None else ()
    return tuple(dict.fromkeys([*given, *(sa.remote_endpoint for sa in seen.ike_sas or () if sa.remote_endpoint)]))


def _oldest(seen: Evidence) -> datetime:
    return seen.now - timedelta(hours=1)
