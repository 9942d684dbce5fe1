"""The whole map from everything that is known."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from azure_vpn_operator.domain.overview.links import draw_link, find_units, gateways_of
from azure_vpn_operator.domain.overview.model import Facts, FleetMap, Gateway, Link
from azure_vpn_operator.domain.overview.rollouts import draw_policy, units_by_policy
from azure_vpn_operator.domain.overview.seen import SeenConnection, SeenPolicy

_Unit = tuple[SeenConnection, ...]
_Drawn = tuple[_Unit, Link, tuple[Gateway, ...]]


class Drawer:
    """Draws maps, each time only what is another object than last time; what it draws depends on what it is given alone.

    For one thread at a time.
    """

    def __init__(self) -> None:
        self._drawn: dict[_Key, _Drawn] = {}

    def draw(self, facts: Facts, connections: Iterable[SeenConnection], policies: Iterable[SeenPolicy]) -> FleetMap:
        """Draw one; objects come in the order of their namespaces and names, and equal objects give an equal map."""
        units = find_units(connections)
        users = units_by_policy(units)
        drawn = [self._draw(unit) for unit in units]
        self._drawn = {_key_of(unit): found for unit, found in zip(units, drawn, strict=True)}
        gateways = {gateway.id: gateway for _, _, ends in drawn for gateway in ends}
        return FleetMap(
            facts=facts,
            gateways=tuple(sorted(gateways.values(), key=attrgetter("subscription", "resource_group", "name", "id"))),
            links=tuple(link for _, link, _ in drawn),
            policies=tuple(
                draw_policy(seen, users.get((seen.metadata.namespace, seen.metadata.name), ())) for seen in policies
            ),
        )

    def _draw(self, unit: _Unit) -> _Drawn:
        known = self._drawn.get(_key_of(unit))
        if known is not None and _is_same(known[0], unit):
            return known
        return unit, draw_link(unit), tuple(gateways_of(unit))


_Key = tuple[str, str]


def _key_of(unit: _Unit) -> _Key:
    return unit[0].metadata.namespace, unit[0].metadata.name


def _is_same(before: Sequence[SeenConnection], now: Sequence[SeenConnection]) -> bool:
    """The very same objects: comparing what is in them would cost as much as drawing them."""
    return len(before) == len(now) and all(one is other for one, other in zip(before, now, strict=True))
