"""Keyed digests of shared keys: they tell whether the bytes of a key are the same as before, and nothing else.

Whoever reads a status can neither recover a key nor try out guesses, since that takes the digest key, which only the operator has. A
digest is bound to the connection, so equal keys of two connections do not show. It names the digest key it was made with: one made
with another (of a lost or rebuilt namespace) is unknown, and not different.
"""

import hmac
from dataclasses import dataclass, field
from typing import Final

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.lookups import SharedKey

DIGEST_KEY_BYTES: Final = 32
RANDOM: Final = "random:"
"""Begins the name of a random key, which stands in place of a digest."""
_NAME_DIGITS: Final = 8
_DIGEST_DIGITS: Final = 32
"""128 bits: no two keys will ever meet by chance."""


@dataclass(frozen=True, slots=True)
class DigestKey:
    """The random key that makes the digests of one installation."""

    value: bytes = field(repr=False)
    name: str = field(init=False, repr=False, compare=False)
    """Eight hex digits that tell digest keys apart, and tell nothing about them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self._mac(b"name-of-the-digest-key")[:_NAME_DIGITS])

    def digest(self, connection: ArmId, key: SharedKey) -> str:
        """Return the digest of a connection's key: `<name of the digest key>:<32 hex digits>`."""
        text = b"\0".join((b"shared-key", connection.key.encode(), key.value.encode()))
        return f"{self.name}:{self._mac(text)[:_DIGEST_DIGITS]}"

    def mark(self, key: SharedKey) -> str:
        """Return what tells this key from another one, wherever it is used; for memory only, as it shows equal keys."""
        return self._mac(b"mark\0" + key.value.encode())

    def _mac(self, text: bytes) -> str:
        return hmac.new(self.value, text, "sha256").hexdigest()


def are_comparable(one: str | None, other: str | None) -> bool:
    """Whether both are there, and are different only if the keys are: made with the same digest key, or of a random key."""
    if one is None or other is None:
        return False
    kinds = {one.partition(":")[0], other.partition(":")[0]}
    return len(kinds) == 1 or RANDOM.rstrip(":") in kinds
