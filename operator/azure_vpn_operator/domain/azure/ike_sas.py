"""The IKE security associations of a connection, as its gateway tells them when it is asked.

The answer is JSON in a string, and its names have been seen in more than one spelling.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError

_LISTS: Final = ("ikesas", "data", "value")
"""Where the list has been seen or is documented; a null there is an empty one."""
_DEPTH: Final = 3
"""So many strings with JSON in them, or objects around the list, are opened at most."""


@dataclass(frozen=True, slots=True)
class IkeSa:
    """One SA. Its cookies, algorithms and counters are left out: nothing is decided by them."""

    local_endpoint: str
    """The address at the gateway's end; empty if it is not told."""
    remote_endpoint: str
    elapsed_seconds: float | None
    """How long it has existed; None if it is not told. A rekey of IKE begins anew."""
    has_child: bool
    """Whether it has an IPsec SA. Without one the two ends know each other, and agree on nothing that carries traffic."""


def read_ike_sas(document: object) -> tuple[IkeSa, ...]:
    """Read the answer to `getikesas`; raises `UnreadableDocumentError` if there is no list of SAs in it."""
    return tuple(_read_one(item) for item in _list_in(document, _DEPTH))


def _list_in(document: object, depth: int) -> Sequence[Mapping[str, Any]]:
    if isinstance(document, str) and depth:
        return _list_in(_parse(document), depth - 1)
    if isinstance(document, list) and all(isinstance(item, Mapping) for item in document):
        return document
    if isinstance(document, Mapping) and depth:
        known = _lowered(document)
        for name in _LISTS:
            if name in known:
                return () if known[name] is None else _list_in(known[name], depth - 1)
    raise UnreadableDocumentError("no list of IKE SAs")


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableDocumentError("the list of IKE SAs is not JSON") from None


def _read_one(item: Mapping[str, Any]) -> IkeSa:
    known = _lowered(item)
    children = known.get("quickmodesas") or known.get("quickmodesa")
    return IkeSa(
        local_endpoint=_text(known.get("localendpoint")),
        remote_endpoint=_text(known.get("remoteendpoint")),
        elapsed_seconds=_seconds(known.get("elapsedtimeinseconds")),
        has_child=isinstance(children, list) and any(isinstance(child, Mapping) and child for child in children),
    )


def _lowered(item: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in item.items()}


def _text(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
