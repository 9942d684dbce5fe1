"""What a daemon says of its security associations: the raw messages of `swanctl --list-sas`, as dictionaries."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"\{|\}|\[|\]|[^\s{}\[\]]+")


@dataclass(frozen=True, slots=True)
class ChildSa:
    """An IPsec SA."""

    name: str
    state: str
    encryption: str
    """With the length of the key, such as AES_CBC_256."""
    integrity: str
    """Empty with an AEAD."""
    group: str
    """Of its own key exchange: empty for the first one, and without perfect forward secrecy."""
    bytes_in: int
    bytes_out: int
    lifetime: int
    """Seconds until it ends."""
    local: tuple[str, ...]
    remote: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IkeSa:
    """An IKE SA with its children."""

    name: str
    state: str
    encryption: str
    integrity: str
    prf: str
    group: str
    children: tuple[ChildSa, ...]

    @property
    def installed(self) -> tuple[ChildSa, ...]:
        """The children that carry traffic."""
        return tuple(child for child in self.children if child.state == "INSTALLED")


def read_sas(text: str) -> tuple[IkeSa, ...]:
    """Read what `swanctl --list-sas --raw` printed."""
    found = []
    for line in text.splitlines():
        if line.startswith("list-sa event "):
            message = _read_block(iter(_WORD.findall(line.removeprefix("list-sa event "))))
            found += [_ike_sa(name, sa) for name, sa in message.items() if isinstance(sa, dict)]
    return tuple(found)


def _read_block(words: Iterator[str]) -> dict[str, Any]:
    """Read `{name {…} key=value key=[…]}`, of which the first brace may have been read already."""
    block: dict[str, Any] = {}
    name = ""
    for word in words:
        if word == "{":
            if name:
                block[name] = _read_block(words)
                name = ""
        elif word == "}":
            return block
        elif word == "[":
            block[name] = _read_list(words)
            name = ""
        elif "=" in word:
            key, _, value = word.partition("=")
            block[key] = value
            name = "" if value else key
        else:
            name = word
    return block


def _read_list(words: Iterator[str]) -> tuple[str, ...]:
    items = []
    for word in words:
        if word == "]":
            break
        items.append(word)
    return tuple(items)


def _ike_sa(name: str, sa: dict[str, Any]) -> IkeSa:
    children = tuple(_child_sa(child) for child in sa.get("child-sas", {}).values())
    return IkeSa(
        name=name,
        state=sa.get("state", ""),
        encryption=_cipher(sa),
        integrity=sa.get("integ-alg", ""),
        prf=sa.get("prf-alg", ""),
        group=sa.get("dh-group", ""),
        children=children,
    )


def _child_sa(sa: dict[str, Any]) -> ChildSa:
    return ChildSa(
        name=sa["name"],
        state=sa["state"],
        encryption=_cipher(sa),
        integrity=sa.get("integ-alg", ""),
        group=sa.get("dh-group", ""),
        bytes_in=int(sa.get("bytes-in", 0)),
        bytes_out=int(sa.get("bytes-out", 0)),
        lifetime=int(sa.get("life-time", 0)),
        local=tuple(sa.get("local-ts", ())),
        remote=tuple(sa.get("remote-ts", ())),
    )


def _cipher(sa: dict[str, Any]) -> str:
    size = sa.get("encr-keysize")
    return f"{sa.get('encr-alg', '')}_{size}" if size else sa.get("encr-alg", "")
