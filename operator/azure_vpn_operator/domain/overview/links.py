"""From objects to tunnels: two objects that are the halves of one tunnel are one link."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionType
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.names import VIRTUAL_NETWORK_GATEWAYS
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.overview.model import Gateway, Half, Link, Tunnel, Words
from azure_vpn_operator.domain.overview.seen import SeenConnection
from azure_vpn_operator.domain.overview.states import (
    activity_of,
    attention_of,
    strongest_activity,
    tunnel_of,
    worst_attention,
    worst_tunnel,
)
from azure_vpn_operator.domain.passes.findings import find_condition

_TWO: Final = 2
_CONNECTED: Final = "Connected"
_DEFAULT: Final = "Default"


def find_units(connections: Iterable[SeenConnection]) -> list[tuple[SeenConnection, ...]]:
    """The objects of each tunnel, in the order of the first of them: two objects of a namespace that cross, and nobody else does."""
    units: dict[tuple[str, ...], list[SeenConnection]] = {}
    for seen in connections:
        units.setdefault(_crossing(seen) or (seen.metadata.namespace, seen.metadata.name), []).append(seen)
    return [unit for found in units.values() for unit in _split(found)]


def _split(found: Sequence[SeenConnection]) -> Iterator[tuple[SeenConnection, ...]]:
    ways = {seen.target.gateway for seen in found if isinstance(seen.target, Target)}
    if len(found) == _TWO and len(ways) == _TWO:
        yield tuple(found)
    else:
        yield from ((seen,) for seen in found)


def _crossing(seen: SeenConnection) -> tuple[str, ...] | None:
    """What the two halves of a tunnel have in common; None for an object that has no other half, or owns it."""
    target = seen.target
    if seen.reverse is not None or not isinstance(target, Target) or len(target.gateway_ids) != _TWO:
        return None
    return (seen.metadata.namespace, *sorted(target.gateway_ids), "")


def draw_link(unit: Sequence[SeenConnection]) -> Link:
    """The link that the objects of a tunnel are together."""
    first = unit[0]
    tunnels = [tunnel_of(seen.status) for seen in unit]
    activities = [activity_of(seen) for seen in unit]
    attentions = [
        attention_of(seen.status, tunnel, activity)
        for seen, tunnel, activity in zip(unit, tunnels, activities, strict=True)
    ]
    # What is said of the tunnel is said by the end that is worst off.
    worst = unit[attentions.index(worst_attention(attentions))]
    halves = tuple(half for seen in unit for half in _halves(seen))
    up, total = (sum(counts) for counts in zip(*(_count(half) for half in halves), strict=True)) if halves else (0, 0)
    own = gateway_of(first)
    ready = find_condition(worst.status.conditions, ConditionType.READY)
    connected = find_condition(worst.status.conditions, ConditionType.CONNECTED)
    summary = worst.status.summary
    target = first.target if isinstance(first.target, Target) else None
    peer = target.peer_gateway if target is not None else None
    return Link(
        id=f"{first.metadata.namespace}/{first.metadata.name}",
        namespace=first.metadata.namespace,
        objects=tuple(seen.metadata.name for seen in unit),
        gateway=own.id if own is not None else None,
        peer=_gateway(peer).id if peer is not None else None,
        site=_site(first, target),
        tunnel=worst_tunnel(tunnels),
        up=up,
        total=total,
        activity=strongest_activity(activities),
        attention=worst_attention(attentions),
        since=connected.last_transition_time if connected is not None else None,
        reason=(summary.reason if summary is not None else None) or (ready.reason if ready is not None else ""),
        message=(summary.message if summary is not None else None) or (ready.message if ready is not None else ""),
        ready=_words(ready),
        connected=_words(connected),
        policy=first.holder.policy or _DEFAULT,
        observed=not any(seen.enforced for seen in unit),
        unseen=any(seen.metadata.generation > seen.status.observed_generation for seen in unit),
        differences=sum(len(seen.status.differences) for seen in unit),
        halves=halves,
    )


def gateways_of(unit: Sequence[SeenConnection]) -> Iterator[Gateway]:
    """The gateways at the ends of a tunnel, as far as they are known."""
    own = gateway_of(unit[0])
    if own is not None:
        yield own
    target = unit[0].target
    if isinstance(target, Target) and target.peer_gateway is not None:
        yield _gateway(target.peer_gateway)


def gateway_of(seen: SeenConnection) -> Gateway | None:
    """The gateway that has the object's connection.

    An object that only observes need not name it: Azure's name of it is in the status, and is looked for in the connection's own group.
    """
    target = seen.target
    if not isinstance(target, Target):
        return None
    if target.gateway is not None:
        return _gateway(target.gateway)
    known = seen.status.summary.gateway if seen.status.summary is not None else None
    if not known:
        return None
    connection = target.connection
    try:
        return _gateway(
            ArmId.build(connection.subscription, connection.resource_group, VIRTUAL_NETWORK_GATEWAYS, known)
        )
    except ValueError:
        return None


def _gateway(found: ArmId) -> Gateway:
    place = f"{found.subscription}/{found.resource_group}/{found.name}".lower()
    return Gateway(id=place, name=found.name, resource_group=found.resource_group, subscription=found.subscription)


def _site(seen: SeenConnection, target: Target | None) -> str | None:
    if target is not None and target.local_gateway is not None:
        return target.local_gateway.name
    if target is None or target.peer_gateway is None:
        # What is at the other end is told by Azure alone, or by a spec that breaks a rule.
        return seen.status.summary.peer if seen.status.summary is not None else None
    return None


def _halves(seen: SeenConnection) -> Iterator[Half]:
    targets = {HalfRole.FORWARD: seen.target, HalfRole.REVERSE: seen.reverse}
    known = {half.role: half for half in seen.status.halves}
    for role, target in targets.items():
        half = known.get(role)
        if half is None and not isinstance(target, Target):
            continue
        resolved = target if isinstance(target, Target) else None
        gateway = resolved.gateway if resolved is not None else None
        yield Half(
            object=seen.metadata.name,
            azure_name=_azure_name(half, resolved),
            id=half.id if half is not None else None,
            gateway=gateway.name if gateway is not None else None,
            status=half.connection_status if half is not None else None,
            tunnels=tuple(_tunnels(half)) if half is not None else (),
        )


def _azure_name(half: ConnectionHalf | None, target: Target | None) -> str:
    if target is not None:
        return target.connection.name
    return half.id.rpartition("/")[2] if half is not None and half.id is not None else ""


def _tunnels(half: ConnectionHalf) -> Iterator[Tunnel]:
    for tunnel in half.tunnels:
        yield Tunnel(
            name=tunnel.name, up=tunnel.status == _CONNECTED, status=tunnel.status, since=tunnel.last_established
        )


def _count(half: Half) -> tuple[int, int]:
    """Tunnels that are up, and all. Azure lists none for some connections: then the connection counts as one."""
    if half.tunnels:
        return sum(tunnel.up for tunnel in half.tunnels), len(half.tunnels)
    return int(half.status == _CONNECTED), int(half.status is not None)


def _words(condition: Condition | None) -> Words | None:
    if condition is None:
        return None
    return Words(
        status=condition.status.value,
        reason=condition.reason,
        message=condition.message,
        since=condition.last_transition_time,
    )
