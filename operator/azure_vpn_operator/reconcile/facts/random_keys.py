"""Random keys for owned pairs without a Secret. A key is in memory until both halves hold it, and nowhere else outside Azure."""

import secrets
import string
from typing import Final

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Present, SharedKey, Unreadable
from azure_vpn_operator.domain.keys.digest import RANDOM
from azure_vpn_operator.domain.passes.snapshot import GeneratedKey, KeyCheck
from azure_vpn_operator.ports import ConnectionsPort
from azure_vpn_operator.runtime.keys import ObjectKey

_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTH: Final = 64
"""Characters; about 380 bits."""


def make_key() -> GeneratedKey:
    """Return a key that Azure accepts, with a name that has nothing to do with it."""
    value = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return GeneratedKey(SharedKey(value), f"{RANDOM}{secrets.token_hex(8)}")


async def compare_halves(connections: ConnectionsPort, one: ArmId, other: ArmId) -> KeyCheck | None:
    """Whether both halves hold one key, by Azure's word; None if it cannot be told now. Which key that should be, nobody knows."""
    held = []
    for half in (one, other):
        match await connections.get_shared_key(half):
            case Present(key):
                held.append(key)
            case Unreadable(fault) if fault.kind is FaultKind.FORBIDDEN:
                return KeyCheck.UNREADABLE
            case _:
                return None
    return KeyCheck.EQUAL if held[0] == held[1] else KeyCheck.DIFFERENT


class RandomKeys:
    """For each object the key to write if one is due."""

    def __init__(self) -> None:
        self._keys: dict[ObjectKey, GeneratedKey] = {}

    def offer(self, key: ObjectKey, status: VpnConnectionStatus) -> GeneratedKey:
        """The key for the object's halves: the same one for both until both hold it, and another one then."""
        known = self._keys.get(key)
        if known is None or _is_held(known, status):
            known = self._keys[key] = make_key()
        return known

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._keys.pop(key, None)


def _is_held(key: GeneratedKey, status: VpnConnectionStatus) -> bool:
    records = [half.key for half in status.halves if half.key is not None]
    return bool(records) and all(r.digest == key.generation and r.pending is None for r in records)
