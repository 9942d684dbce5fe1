"""What a source has found: connections as Azure writes them, and what it cannot read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.azvpn.failure import ToolError

KEY: Final = "sharedKey"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the manifests do not say."""

    place: str
    """Where it is: a file and a path in it, or an id."""
    what: str


@dataclass(frozen=True, slots=True)
class FoundConnection:
    """One connection."""

    place: str
    """Where it is: a file and a path in it, or an id."""
    document: Mapping[str, Any]
    """As a GET of Azure would answer, without the shared key."""


@dataclass(frozen=True, slots=True)
class Found:
    """All of a source."""

    connections: tuple[FoundConnection, ...]
    notes: tuple[Note, ...] = ()


class SourceError(ToolError):
    """The source cannot be read at all."""
