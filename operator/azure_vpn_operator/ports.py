"""What the reconcile passes need from outside, as promises. Adapters in `arm` and `cluster` keep them; tests have fakes.

All methods are safe to repeat, none waits for a long-running operation, and none raises for what Azure or the API server says:
such answers are values (`Absent`, `Fault`, …). Cancellation passes through.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Read, SecretData, SharedKey
from azure_vpn_operator.domain.keys.digest import DigestKey
from azure_vpn_operator.domain.pairs.foreign_half import ListedHalf
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.runtime.election import LeaseRecord


@dataclass(frozen=True, slots=True)
class Accepted:
    """A write that Azure took. `operation_url` is None if there is nothing to wait for."""

    operation_url: str | None
    retry_after: float
    """Seconds until the first look at the operation makes sense."""


class OperationStatus(StrEnum):
    """Where a long-running operation stands."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    GONE = "Gone"
    """Azure no longer knows the operation; the resource itself has to tell."""


@dataclass(frozen=True, slots=True)
class OperationState:
    """One look at an operation."""

    status: OperationStatus
    retry_after: float = 10.0
    """Seconds until the next look; only for IN_PROGRESS."""
    fault: Fault | None = None
    """Only for FAILED: Azure's own error."""


@dataclass(frozen=True, slots=True)
class GatewayUse:
    """A connection as the list of its gateway shows it."""

    connection_id: str
    provisioning_state: str
    half: ListedHalf | None = None
    """None for one that is not VNet-to-VNet, or that names no gateways."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Azure works on the answer to a question. The address says where to look; it is opaque and may be long."""

    url: str
    retry_after: float
    """Seconds until the next look."""


IkeSasAnswer = tuple[IkeSa, ...] | Pending | Fault
"""All IKE SAs of a connection, or not yet, or why not. A missing right is a fault of kind FORBIDDEN."""


class ConnectionsPort(Protocol):
    """`Microsoft.Network/connections`."""

    async def get(self, connection: ArmId) -> Read[LiveConnection]:
        """One connection with its tunnel state; Absent also when its resource group is gone."""
        ...

    async def list_group(self, subscription: str, resource_group: str) -> Read[Sequence[LiveConnection]]:
        """All connections of a group, every page. Tunnel state is not in a list."""
        ...

    async def list_of_gateway(self, gateway: ArmId) -> Read[Sequence[GatewayUse]]:
        """All connections that use the gateway, with their provisioning state."""
        ...

    async def put(self, connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        """Create or replace. What the body leaves out is reset to Azure's default."""
        ...

    async def patch_tags(self, connection: ArmId, tags: Mapping[str, str]) -> Accepted | Fault:
        """Replace the tags and touch nothing else."""
        ...

    async def delete(self, connection: ArmId) -> Accepted | Fault:
        """Delete; a connection that does not exist is a success without an operation."""
        ...

    async def get_shared_key(self, connection: ArmId) -> Read[SharedKey]:
        """The key in force. Without the right to it, Azure answers in several wrong ways: all are Unreadable with kind FORBIDDEN."""
        ...

    async def put_shared_key(self, connection: ArmId, key: SharedKey) -> Accepted | Fault:
        """Set the key, and nothing else of the connection."""
        ...

    async def reset(self, connection: ArmId) -> Accepted | Fault:
        """Take the tunnels of the connection down and have them negotiated anew; nothing else of it changes."""
        ...

    async def poll(self, operation_url: str, subscription: str) -> OperationState | Fault:
        """Look at an operation once. A URL on another host than the resource manager's is not followed (kind UNSUPPORTED)."""
        ...

    async def get_ike_sas(self, connection: ArmId) -> IkeSasAnswer:
        """Ask the gateway for the IKE SAs of a connection; changes nothing, and holds no lock."""
        ...

    async def look_at_ike_sas(self, connection: ArmId, url: str) -> IkeSasAnswer:
        """Look once at the answer that is pending at this address; kind NOT_FOUND if Azure no longer knows it."""
        ...


class GatewayLogsPort(Protocol):
    """What gateways have logged about their tunnels, in a Log Analytics workspace."""

    async def newest(
        self, gateway: ArmId, remote_addresses: Sequence[str], since: datetime
    ) -> Read[Sequence[GatewayLogLine]]:
        """The newest lines of a gateway about peers with these public addresses, newest first, at most some dozens.

        Without a workspace Absent; without the right to it, or while it does not answer, Unreadable with the reason.
        """
        ...


BgpAnswer = tuple[BgpSession, ...] | Pending | Fault
"""All sessions of a gateway, or not yet, or why not. A missing right is a fault of kind FORBIDDEN."""


class GatewaysPort(Protocol):
    """What is read of the resources that a connection refers to."""

    async def get_gateway(self, gateway: ArmId) -> Read[GatewayFacts]:
        """A virtual network gateway."""
        ...

    async def get_local_gateway(self, local_gateway: ArmId) -> Read[LocalGatewayFacts]:
        """A local network gateway."""
        ...

    async def get_address_space(self, network: ArmId) -> Read[tuple[str, ...]]:
        """The address prefixes of a virtual network."""
        ...

    async def list_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[GatewayFacts]]:
        """All virtual network gateways of a group that can be read, every page."""
        ...

    async def list_local_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[LocalGatewayFacts]]:
        """All local network gateways of a group that can be read, every page."""
        ...

    async def ask_bgp_sessions(self, gateway: ArmId) -> BgpAnswer:
        """Ask a virtual network gateway for its BGP sessions; changes nothing, and holds no lock."""
        ...

    async def look_at_bgp_sessions(self, gateway: ArmId, url: str) -> BgpAnswer:
        """Look once at the answer that is pending at this address; kind NOT_FOUND if Azure no longer knows it."""
        ...


class StatusWrite(StrEnum):
    """How the write of a status or of metadata ended, when no fault is to be told."""

    WRITTEN = "Written"
    CONFLICT = "Conflict"
    """The object has changed since it was read: read it again and start over."""
    GONE = "Gone"


@dataclass(frozen=True, slots=True)
class Written:
    """A write to the API server; `document` is the object after it (None unless WRITTEN)."""

    result: StatusWrite
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AnyVersion:
    """Instead of a resourceVersion: whatever has been edited meanwhile, as long as it is the object with this uid."""

    uid: str


PAGES_EXPIRED: Final = "Expired"
"""Code of a fault."""
TakePage = Callable[[Sequence[Mapping[str, Any]]], Awaitable[None]]
"""Takes one page of a list."""


class ObjectsPort(Protocol):
    """Our own kinds in the API server. `kind` is `VpnConnection` or `IpsecPolicy`."""

    async def list_all(self, kind: str, take: TakePage) -> Fault | None:
        """Hand every object of the kind in the watched namespaces to `take`, page by page, from a consistent read.

        A fault: some may not have come. One with the code `PAGES_EXPIRED` means that it took too long; begun again it may work.
        """
        ...

    async def write_status(
        self, kind: str, namespace: str, name: str, version: str | AnyVersion, status: Mapping[str, Any]
    ) -> Written | Fault:
        """Replace the whole status, if the object still has this resourceVersion.

        With `AnyVersion` an edit in between does not stop the write; another object of the same name is a fault of kind REJECTED.
        """
        ...

    async def write_finalizers(
        self, kind: str, namespace: str, name: str, resource_version: str, finalizers: Sequence[str]
    ) -> Written | Fault:
        """Replace the list of finalizers, if the object still has this resourceVersion."""
        ...


class SecretsPort(Protocol):
    """Secrets: one at a time, or, where the right to it is granted, which of the labelled ones have changed."""

    async def read(self, namespace: str, name: str, entry: str) -> Read[SecretData]:
        """One entry of a Secret; Absent if there is no such Secret."""
        ...

    async def list_watched(self) -> Mapping[tuple[str, str], str] | Fault:
        """Namespace and name of the Secrets labelled `azvpn.dev/watch: "true"`, with their versions; never what is in them."""
        ...


class DigestKeysPort(Protocol):
    """The key that this installation makes its digests with, in a Secret of the operator's namespace."""

    async def obtain(self) -> DigestKey | Fault:
        """The key, made and stored if there is none yet; every process of the installation gets the same one."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """What an installation says of itself beside its record."""

    lease: str
    """The name of its Lease."""
    installation: str
    namespaces: frozenset[str]
    """Where it works; empty: everywhere."""
    held_until: datetime | None = None
    """By its own clock; None if nobody leads there."""


class LeasePort(Protocol):
    """The record of who leads."""

    async def read(self) -> LeaseRecord | Fault | None:
        """The record; None if there is none yet."""
        ...

    async def write(self, record: LeaseRecord) -> LeaseRecord | Fault:
        """Store the record if it still has the version that it names; kind CONFLICT if somebody else was quicker."""
        ...

    async def other_claims(self) -> Sequence[LeaseClaim] | Fault:
        """What the other installations say that have their Lease in the same namespace."""
        ...


class EventsPort(Protocol):
    """Kubernetes Events; best effort, never an error to the caller."""

    async def record(self, regarding: Mapping[str, Any], notes: Sequence[EventNote]) -> None:
        """Publish the notes on the object; repeats of the same note are counted in a series."""
        ...
