"""What the metrics show of one object, from its record and from what this process remembers of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.reporting.flaps import changes_by_us
from azure_vpn_operator.reconcile.disruptions import SITE_LABEL
from azure_vpn_operator.reconcile.memory import ConnectionMemory, HalfKey, Memories
from azure_vpn_operator.reconcile.reading import CONNECTION
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.telemetry.fleet_samples import (
    BgpSample,
    ConditionSample,
    ConnectionInfo,
    ConnectionSample,
    HalfSample,
    PolicySample,
)

_UP: Final = "Connected"
_NOTHING: Final = ConnectionMemory()


def sample_connection(
    record: ConnectionRecord, memories: Memories, places: Mapping[ObjectKey, int], routes: Mapping[ObjectKey, int]
) -> ConnectionSample:
    """All that there is to say of a connection; `places` and `routes` are those of all connections."""
    key = ObjectKey(CONNECTION, record.metadata.namespace, record.metadata.name)
    status = record.status
    connected = _holds(record.condition(ConditionType.CONNECTED))
    roles = _roles(record)
    known = {role: memories.known_of(HalfKey(key, role)) or _NOTHING for role in roles}
    reads = [memory.last_read for memory in known.values()]
    change, good = status.change, status.last_known_good
    return ConnectionSample(
        key.namespace,
        key.name,
        _conditions(status.conditions),
        connected=connected,
        info=_info(record),
        halves=tuple(_half(role, status, known[role], is_known=connected is not None) for role in roles),
        last_observed=min(read.timestamp() for read in reads if read is not None) if all(reads) else None,
        last_change=_time(change.start_time if change else good.time if good and good.confirmed else None),
        change=(change.cause.value, change.state.value) if change is not None else None,
        changing=record.metadata.deletion_timestamp is not None or changes_by_us(status),
        differences=len(status.differences),
        bgp=_bgp(record, routes.get(key)),
        ahead=places.get(key),
    )


def sample_policy(record: PolicyRecord, references: int) -> PolicySample:
    """A policy, and how far its values have come."""
    status = record.status
    unconfirmed = max(status.updated_connections - status.confirmed_connections, 0)
    return PolicySample(
        record.metadata.namespace,
        record.metadata.name,
        references,
        _conditions(status.conditions),
        {
            "waiting": max(status.connections - status.updated_connections - status.skipped_connections, 0),
            "unconfirmed": unconfirmed,
            "confirmed": status.confirmed_connections,
            "skipped": status.skipped_connections,
        },
    )


def _conditions(conditions: Iterable[Condition]) -> tuple[ConditionSample, ...]:
    return tuple(ConditionSample(item.type, item.status.value, item.reason) for item in conditions)


def _holds(condition: Condition | None) -> bool | None:
    if condition is None or condition.status is ConditionStatus.UNKNOWN:
        return None
    return condition.status is ConditionStatus.TRUE


def _roles(record: ConnectionRecord) -> tuple[HalfRole, ...]:
    both = record.wanted.reverse is not None or any(half.role is HalfRole.REVERSE for half in record.status.halves)
    return (HalfRole.FORWARD, HalfRole.REVERSE) if both else (HalfRole.FORWARD,)


def _info(record: ConnectionRecord) -> ConnectionInfo:
    summary, target = record.status.summary, record.wanted.target
    half = _find(record.status, HalfRole.FORWARD)
    connection_id = half.id if half is not None else None
    if connection_id is None and isinstance(target, Target):
        connection_id = str(target.connection)
    peer = (summary.peer if summary is not None else None) or ""
    return ConnectionInfo(
        connection_id=connection_id or "",
        gateway=(summary.gateway if summary is not None else None) or "",
        peer=peer,
        site=record.metadata.labels.get(SITE_LABEL) or peer,
        policy=(summary.policy if summary is not None else None) or "",
    )


def _find(status: VpnConnectionStatus, role: HalfRole) -> ConnectionHalf | None:
    return next((half for half in status.halves if half.role is role), None)


def _half(role: HalfRole, status: VpnConnectionStatus, memory: ConnectionMemory, *, is_known: bool) -> HalfSample:
    half = _find(status, role)
    up, expected = _count(half) if is_known else (None, None)
    established = [tunnel.last_established for tunnel in half.tunnels if tunnel.last_established] if half else []
    traffic = memory.traffic
    return HalfSample(
        role.value,
        tunnels_up=up,
        tunnels_expected=expected,
        last_established=_time(max(established, default=None)),
        flaps=memory.flaps,
        traffic=(traffic.ingress_bytes, traffic.egress_bytes) if traffic is not None else None,
        key_set=_time(half.key.set_time) if half is not None and half.key is not None else None,
    )


def _count(half: ConnectionHalf | None) -> tuple[int | None, int | None]:
    """Tunnels that are up, and tunnels there are. A connection that Azure does not have lacks its one tunnel."""
    if half is None or half.provisioning_state is None:
        return 0, 1
    if half.tunnels:
        return sum(tunnel.status == _UP for tunnel in half.tunnels), len(half.tunnels)
    # While an operation runs, Azure tells nothing of the tunnel.
    return (int(half.connection_status == _UP), 1) if half.connection_status is not None else (None, None)


def _bgp(record: ConnectionRecord, routes: int | None) -> BgpSample | None:
    if record.wanted.spec is None or not record.wanted.spec.enable_bgp:
        return None
    established = _holds(record.condition(ConditionType.BGP_ESTABLISHED))
    half = _find(record.status, HalfRole.FORWARD)
    peers = half.bgp.peers if half is not None and half.bgp is not None else None
    if established is None or peers is None:
        return BgpSample(established, routes=None)
    return BgpSample(established, len(peers), sum(peer.state == _UP for peer in peers), routes)


def _time(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
