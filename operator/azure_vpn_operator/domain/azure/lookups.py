"""Results of reads, in which missing and unreadable are values like any other."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from azure_vpn_operator.domain.azure.faults import Fault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Present(Generic[T]):
    """It is there, and this is what was read."""

    value: T


@dataclass(frozen=True, slots=True)
class Absent:
    """The other side says that it does not exist."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It was asked for, and no usable answer came."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class NotRead:
    """It was not asked for in this pass, because no decision needs it."""


@dataclass(frozen=True, slots=True)
class SharedKey:
    """The bytes of a pre-shared key. They are in no repr, no log and no comparison message."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretData:
    """A Secret as it was read: the wanted entry (None if the Secret lacks it), the names of its entries, and its version."""

    version: str
    entry: bytes | None = field(repr=False)
    entries: tuple[str, ...] = ()


Read = Present[T] | Absent | Unreadable
"""What a read answers."""
