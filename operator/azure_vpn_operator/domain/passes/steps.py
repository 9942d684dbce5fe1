"""What a pass may do: exactly one of these. Steps that write name the reason, and never carry a key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import Difference
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.passes.findings import Finding


@dataclass(frozen=True, slots=True)
class Refuse:
    """Write nothing: a person has to act. We look again slowly."""

    reason: Reason
    message: str
    differences: tuple[Difference, ...] = ()
    refused_hash: str | None = None
    """Set if it is Azure that refuses: hash of the configuration that it does not take."""
    applied_hash: str | None = None
    """Set if Azure holds completely what it is to hold for now: the hash of that."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Write nothing: something that is expected to come is not there yet."""

    reason: Reason
    message: str
    differences: tuple[Difference, ...] = ()
    until: datetime | None = None
    """When it comes, if that is known."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Write nothing: an operation is under way."""

    reason: Reason
    message: str
    seconds: float
    differences: tuple[Difference, ...] = ()
    applied_hash: str | None = None
    """Set if Azure holds completely what is wanted: the hash of that."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Write nothing: a call failed that has to succeed first. The fault says how to go on."""

    fault: Fault
    what: str
    """What could not be done, in a few words."""
    standing: tuple[Finding, Finding] | None = None
    """Ready and Synced as they were said before, if this is no reason to say something else."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to write."""

    reason: Reason
    message: str
    differences: tuple[Difference, ...] = ()
    applied_hash: str | None = None
    """Hash of the configuration that Azure holds completely."""


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Our finalizer must be on the object before the first write to Azure."""


@dataclass(frozen=True, slots=True)
class ReleaseFinalizer:
    """Let the object go, or, if it is not being deleted, stop guarding it."""

    reason: Reason | None = None
    """The Event to publish, if any."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Put:
    """Create or replace the connection."""

    reason: Reason
    body: Mapping[str, Any] = field(repr=False)
    differences: tuple[Difference, ...]
    wanted_hash: str
    """Hash of the configuration that the body makes."""
    creating: bool = False
    with_key: bool = False
    """Send the key along; only when creating."""
    drift: bool = False
    """Somebody else's change is put back."""
    why: str = ""
    """For message, log and Event."""


@dataclass(frozen=True, slots=True)
class PatchTags:
    """Write the tags and nothing else."""

    reason: Reason
    tags: Mapping[str, str]
    differences: tuple[Difference, ...]
    drift: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class SetKey:
    """Write the key of the Secret, or the pair's random one, and nothing else."""

    why: str
    requested: bool = False
    """A person asked for it, whatever Azure holds."""
    drift: bool = False
    """Somebody else's change is put back."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Have Azure bring the connection's tunnels down and up again; nothing of its configuration changes."""

    instead_of: "Refuse | Hold | Wait | Blocked | Settled"
    """What the pass would have come to without the request."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """They stay as they are."""
        return () if isinstance(self.instead_of, Blocked) else self.instead_of.differences


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the connection in Azure."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """Remove our owner tag from a connection that stays; then the finalizer is released, in the end whatever Azure answers."""

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Planned:
    """Write nothing, since the object only plans; this is what would be written."""

    write: "Put | PatchTags | SetKey"
    reason: Reason
    message: str

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the write would change; empty where it creates the connection, or sets the key."""
        return self.write.differences if isinstance(self.write, Put | PatchTags) else ()


Step = (
    Refuse
    | Hold
    | Wait
    | Blocked
    | Settled
    | Planned
    | AddFinalizer
    | ReleaseFinalizer
    | Put
    | PatchTags
    | SetKey
    | Reset
    | Delete
    | LetGo
)
Write = Put | PatchTags | SetKey | Reset | Delete | LetGo
