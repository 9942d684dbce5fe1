"""A side of a tunnel as a swanctl.conf."""

from collections.abc import Sequence
from dataclasses import dataclass, field

ANY = (("0.0.0.0/0",), ("0.0.0.0/0",))


@dataclass(frozen=True, slots=True)
class Side:
    """What one daemon is to do; it begins nothing by itself."""

    address: str
    peer: str
    ike: Sequence[str]
    """Proposals, such as `aes256-sha384-modp2048s256`; none: it has no connection at all."""
    esp: Sequence[str]
    key: str = field(repr=False)
    selectors: Sequence[tuple[Sequence[str], Sequence[str]]] = (ANY,)
    """Each an IPsec SA: the ranges on this side, and those on the other one."""
    version: int = 2
    lifetime: int = 27000
    """Seconds of an IPsec SA, which is renewed when somebody says so and not before."""


def swanctl(side: Side, name: str) -> str:
    """A connection of that name with its key; its children, one for each selector, are called `<name>-1`, `<name>-2` and so on."""
    if not side.ike or not side.esp:
        return "connections {}\n"
    children = "\n".join(
        f"{name}-{number} {{\nlocal_ts = {', '.join(local)}\nremote_ts = {', '.join(remote)}\n"
        f"esp_proposals = {', '.join(side.esp)}\nlife_time = {side.lifetime}s\nrekey_time = 0\n}}"
        for number, (local, remote) in enumerate(side.selectors, 1)
    )
    return f"""connections {{
{name} {{
version = {side.version}
local_addrs = {side.address}
remote_addrs = {side.peer}
proposals = {", ".join(side.ike)}
rekey_time = 0
local {{
auth = psk
id = {side.address}
}}
remote {{
auth = psk
id = {side.peer}
}}
children {{
{children}
}}
}}
}}
secrets {{
ike-{name} {{
id-1 = {side.peer}
secret = 0x{side.key.encode().hex()}
}}
}}
"""
