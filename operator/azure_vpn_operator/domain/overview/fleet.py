"""The whole map from everything that is known."""

from collections.abc import Iterable
from operator import attrgetter

from azure_vpn_operator.domain.overview.links import draw_link, find_units, gateways_of
from azure_vpn_operator.domain.overview.model import Facts, FleetMap
from azure_vpn_operator.domain.overview.rollouts import draw_policy, units_by_policy
from azure_vpn_operator.domain.overview.seen import SeenConnection, SeenPolicy


def draw_map(facts: Facts, connections: Iterable[SeenConnection], policies: Iterable[SeenPolicy]) -> FleetMap:
    """Draw it; objects come in the order of their namespaces and names, and equal objects give an equal map."""
    units = find_units(connections)
    users = units_by_policy(units)
    gateways = {gateway.id: gateway for unit in units for gateway in gateways_of(unit)}
    return FleetMap(
        facts=facts,
        gateways=tuple(sorted(gateways.values(), key=attrgetter("subscription", "resource_group", "name", "id"))),
        links=tuple(draw_link(unit) for unit in units),
        policies=tuple(
            draw_policy(seen, users.get((seen.metadata.namespace, seen.metadata.name), ())) for seen in policies
        ),
    )
