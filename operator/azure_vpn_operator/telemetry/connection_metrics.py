"""The series of each VpnConnection.

A connection has each of them from its first day to its last, whatever is known of it: a tunnel that is down must not vanish from a
dashboard, nor from an alert. What is not known is NaN. Only what a connection does not have at all (BGP, a place in the line, a change)
has no series.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from azure_vpn_operator.telemetry.families import Family, counter, gauge
from azure_vpn_operator.telemetry.fleet_samples import ConnectionSample, HalfSample

_OBJECT: Final = ("namespace", "name")
_HALF: Final = (*_OBJECT, "role")
_INFO: Final = ("connection_id", "gateway", "peer", "site", "policy")


def count_connections(connections: Sequence[ConnectionSample]) -> Family:
    """How many connections there are of each kind: few series, however many connections."""
    found = Counter((item.namespace, _tunnel(item), _ready(item)) for item in connections)
    return gauge(
        "connections",
        "Connections by the state of their tunnels (up, degraded, down, unknown) and by their condition Ready",
        ("namespace", "tunnel", "ready"),
        found.items(),
    )


def describe_connections(connections: Sequence[ConnectionSample]) -> Iterator[Family]:
    """All series of each connection."""
    yield gauge(
        "connection_info",
        "What the connection is, for joins; always 1",
        (*_OBJECT, *_INFO),
        (
            (
                (
                    *_key(item),
                    item.info.connection_id,
                    item.info.gateway,
                    item.info.peer,
                    item.info.site,
                    item.info.policy,
                ),
                1,
            )
            for item in connections
        ),
    )
    yield gauge(
        "connection_condition",
        "1 for the status that each condition of the connection has",
        (*_OBJECT, "type", "status", "reason"),
        (
            ((*_key(item), condition.type, condition.status, condition.reason), 1)
            for item in connections
            for condition in item.conditions
        ),
    )
    yield from _tunnels(connections)
    yield from _halves([(item, half) for item in connections for half in item.halves])
    yield from _changes(connections)
    yield from _bgp(connections)


def _tunnels(connections: Sequence[ConnectionSample]) -> Iterator[Family]:
    yield gauge(
        "tunnel_connected",
        "1 if the tunnel is up, if need be with fewer tunnels than expected; 0 if not; NaN if that is not known",
        _OBJECT,
        ((_key(item), item.connected) for item in connections),
    )
    yield gauge(
        "connection_last_observed_timestamp_seconds",
        "When the connection was last read from Azure by this process; NaN until it was",
        _OBJECT,
        ((_key(item), item.last_observed) for item in connections),
    )


def _halves(halves: Sequence[tuple[ConnectionSample, HalfSample]]) -> Iterator[Family]:
    keyed = [((*_key(item), half.role), half) for item, half in halves]
    yield gauge(
        "tunnels_up", "Tunnels that are up; NaN if not known", _HALF, ((k, half.tunnels_up) for k, half in keyed)
    )
    yield gauge(
        "tunnels_expected",
        "Tunnels that there are in Azure, two of an active-active gateway; NaN if not known",
        _HALF,
        ((k, half.tunnels_expected) for k, half in keyed),
    )
    yield gauge(
        "tunnel_last_established_timestamp_seconds",
        "When a tunnel last came up, by Azure; NaN if Azure does not say",
        _HALF,
        ((k, half.last_established) for k, half in keyed),
    )
    yield counter(
        "tunnel_flaps",
        "Tunnels found to have gone down by themselves, also those that have come up again before anybody looked",
        _HALF,
        ((k, half.flaps) for k, half in keyed),
    )
    for number, (direction, text) in enumerate(
        (("ingress", "came in from the other side"), ("egress", "went out to the other side"))
    ):
        yield counter(
            f"connection_{direction}_bytes",
            f"Bytes that {text}, by Azure's counter, which begins anew when Azure does",
            _HALF,
            ((k, half.traffic[number] if half.traffic is not None else None) for k, half in keyed),
        )
    yield gauge(
        "shared_key_set_timestamp_seconds",
        "When the operator gave Azure the shared key; NaN if the key was there before, or is not managed",
        _HALF,
        ((k, half.key_set) for k, half in keyed),
    )


def _changes(connections: Sequence[ConnectionSample]) -> Iterator[Family]:
    yield gauge(
        "connection_differences",
        "Values that Azure holds otherwise than the object wants them",
        _OBJECT,
        ((_key(item), item.differences) for item in connections),
    )
    yield gauge(
        "connection_changing",
        "1 while a change of the operator's own may have the tunnel down",
        _OBJECT,
        ((_key(item), item.changing) for item in connections),
    )
    yield gauge(
        "connection_last_change_timestamp_seconds",
        "When the last change that takes the tunnel down was sent, or confirmed if it is over; NaN if there was none",
        _OBJECT,
        ((_key(item), item.last_change) for item in connections),
    )
    yield gauge(
        "connection_change",
        "1 for a change that takes the tunnel down and is not confirmed, or has failed",
        (*_OBJECT, "cause", "state"),
        (((*_key(item), *item.change), 1) for item in connections if item.change is not None),
    )
    yield gauge(
        "connection_line_ahead",
        "How many stand in front of the connection in the line of its gateway; only while it waits there",
        _OBJECT,
        ((_key(item), item.ahead) for item in connections if item.ahead is not None),
    )


def _bgp(connections: Sequence[ConnectionSample]) -> Iterator[Family]:
    keyed = [(_key(item), item.bgp) for item in connections if item.bgp is not None]
    yield gauge(
        "bgp_established",
        "1 if all BGP sessions over the connection are up, 0 if not; NaN if not known",
        _OBJECT,
        ((k, bgp.established) for k, bgp in keyed),
    )
    yield gauge(
        "bgp_sessions",
        "BGP sessions over the connection; NaN if not known",
        _OBJECT,
        ((k, bgp.sessions) for k, bgp in keyed),
    )
    yield gauge(
        "bgp_sessions_established",
        "Those that are up; NaN if not known",
        _OBJECT,
        ((k, bgp.sessions_up) for k, bgp in keyed),
    )
    yield gauge(
        "bgp_routes_received",
        "Routes learned over the connection's BGP sessions; NaN if not known",
        _OBJECT,
        ((k, bgp.routes) for k, bgp in keyed),
    )


def _key(item: ConnectionSample) -> tuple[str, str]:
    return (item.namespace, item.name)


def _tunnel(item: ConnectionSample) -> str:
    if item.connected is None:
        return "unknown"
    if not item.connected:
        return "down"
    is_whole = all(
        half.tunnels_up is None or half.tunnels_expected is None or half.tunnels_up >= half.tunnels_expected
        for half in item.halves
    )
    return "up" if is_whole else "degraded"


def _ready(item: ConnectionSample) -> str:
    return next((condition.status for condition in item.conditions if condition.type == "Ready"), "Unknown")
