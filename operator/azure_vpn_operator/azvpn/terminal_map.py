"""The fleet as a tree of lines: each gateway with the tunnels that hang on it, one sign for each state.

A sign and a word always go together, so that nothing depends on colours or on the font.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from azure_vpn_operator.azvpn.columns import age, printable
from azure_vpn_operator.domain.overview.model import Activity, FleetMap, Gateway, Link, TunnelState

SIGNS: Final = {
    TunnelState.UP: "●",
    TunnelState.PARTLY: "◐",
    TunnelState.DOWN: "○",
    TunnelState.ABSENT: "·",
    TunnelState.UNKNOWN: "?",
}
_NOWHERE: Final = "no gateway known"


def draw_in_text(fleet: FleetMap, now: datetime) -> str:
    """Return the lines, each with its end. A tunnel between two gateways hangs on the first of them and names the other."""
    names = {gateway.id: gateway.name for gateway in fleet.gateways}
    lines: list[str] = []
    for gateway in fleet.gateways:
        own = [link for link in fleet.links if link.gateway == gateway.id]
        if own:
            lines += [_title(gateway), *_branches(own, names, now), ""]
    homeless = [link for link in fleet.links if link.gateway not in names]
    if homeless:
        lines += [_NOWHERE, *_branches(homeless, names, now), ""]
    key = "   ".join(f"{sign} {state.value.lower()}" for state, sign in SIGNS.items())
    return "".join(f"{printable(line)}\n" for line in (*lines, key))


def _title(gateway: Gateway) -> str:
    return f"{gateway.name}  ({gateway.resource_group}, {gateway.subscription})"


def _branches(links: Iterable[Link], names: dict[str, str], now: datetime) -> Iterator[str]:
    rows = [(SIGNS[link.tunnel], _end(link, names), link.id, _words(link, now)) for link in links]
    ends, ids = (max(len(row[column]) for row in rows) for column in (1, 2))
    for index, (sign, end, name, words) in enumerate(rows):
        corner = "└─" if index == len(rows) - 1 else "├─"
        yield f"{corner} {sign} {end.ljust(ends)}  {name.ljust(ids)}  {words}".rstrip()


def _end(link: Link, names: dict[str, str]) -> str:
    if link.peer is not None:
        return f"═ {names.get(link.peer, link.peer.rpartition('/')[2])}"
    return f"─ {link.site or 'site not known'}"


def _words(link: Link, now: datetime) -> str:
    counted = f" {link.up}/{link.total}" if link.total > 1 else ""
    words = [f"{link.tunnel.value.lower()}{counted} {age(link.since, now)}".rstrip()]
    if link.activity is not Activity.NONE:
        words.append(link.activity.value.lower())
    return ", ".join(words)
