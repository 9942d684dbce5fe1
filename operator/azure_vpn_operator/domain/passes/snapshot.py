"""Everything one pass has read, frozen: the only input of decisions. Missing and unreadable are values here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.access import Denial
from azure_vpn_operator.domain.azure.bgp_sessions import BgpFacts
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, SharedKey
from azure_vpn_operator.domain.azure.ownership import Owner
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.pairs.foreign_half import ForeignHalves
from azure_vpn_operator.domain.pairs.pairing import PairView
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.key_turns import Turn
from azure_vpn_operator.domain.passes.observations import Observations
from azure_vpn_operator.domain.passes.pauses import Pause, find_pause
from azure_vpn_operator.domain.passes.reset_view import ResetView, SentReset
from azure_vpn_operator.domain.passes.traffic import TrafficRecord
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.domain.rules.violations import Invalid


@dataclass(frozen=True, slots=True)
class NotReferenced:
    """The object names none."""


class Held(StrEnum):
    """Why a connection holds other values of its policy than the spec has."""

    WAITS = "Waits"
    """Its turn in the rollout has not come."""
    STOPPED = "Stopped"
    """The rollout has failed with another connection."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the rollout of a policy means for one connection."""

    held: Held | None = None
    """Set if it is to hold other values than the spec has."""
    undecided: bool = False
    """The policy has not said yet what becomes of its newest values."""
    rekey_proof: bool = True
    """Where the PFS group changes, the undo stays armed until the first rekey."""


@dataclass(frozen=True, slots=True)
class PolicyFound:
    """The named policy exists and is valid."""

    policy: IpsecPolicy
    """With the values that the connection is assigned, which may be older than the spec's."""
    assignment: Assignment = field(default_factory=Assignment)


@dataclass(frozen=True, slots=True)
class PolicyBroken:
    """The named policy exists and breaks a rule."""

    summary: str


PolicyLookup = NotReferenced | PolicyFound | PolicyBroken | Absent


@dataclass(frozen=True, slots=True)
class KeyFound:
    """A well-formed key, and the version of the Secret it is from."""

    key: SharedKey
    version: str


@dataclass(frozen=True, slots=True)
class KeyEntryMissing:
    """The Secret is there and lacks the named entry."""

    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyMalformed:
    """Azure would refuse the key; `problem` says why and never quotes it."""

    problem: str


@dataclass(frozen=True, slots=True)
class KeyUnreadable:
    """The API server did not hand the Secret out."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """No Secret is named, and the object owns both halves: the key is random, and this is the one to write if one is due."""

    key: SharedKey
    generation: str
    """Its name: `random:` and random digits that have nothing to do with the key."""


KeyLookup = NotReferenced | KeyFound | GeneratedKey | KeyEntryMissing | KeyMalformed | KeyUnreadable | Absent | NotRead


class KeyCheck(StrEnum):
    """How the key of the Secret compares with the key in Azure."""

    NOT_NEEDED = "NotNeeded"
    """Compared before, and neither side has changed since; or nothing to compare."""
    EQUAL = "Equal"
    DIFFERENT = "Different"
    UNREADABLE = "Unreadable"
    """Azure does not hand the key out."""


class OperationKind(StrEnum):
    """What a running operation is about."""

    PUT = "Put"
    TAGS = "Tags"
    SHARED_KEY = "SharedKey"
    RESET = "Reset"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """A write of ours that Azure has not finished."""

    kind: OperationKind
    creating: bool
    retry_after: float
    """Seconds until it makes sense to look again."""
    since: datetime
    why: str = ""
    """What is said of it while it runs."""
    read_due: bool = False
    """By now it should have ended: reading the connection will tell."""


@dataclass(frozen=True, slots=True)
class FailedOperation:
    """The last operation of ours ended badly."""

    kind: OperationKind
    fault: Fault


@dataclass(frozen=True, slots=True)
class Attempts:
    """What this process remembers of earlier passes over the object; reset by any change of spec, policy or Secret."""

    failures: int = 0
    """Passes in a row that ended in a fault or refusal."""
    failed_writes: int = 0
    """Writes that Azure took and whose operation then failed."""
    last_failure: Fault | None = None
    """Why the last of them failed."""
    fruitless_writes: int = 0
    """Writes that Azure took since it was last seen to hold what is wanted."""
    refusal: Fault | None = None
    """Azure refused this very wish a short while ago: it is not asked again yet."""
    locked_by_partner: bool = False
    """Azure locked this half's gateway while the other half of the pair changed."""
    updating_since: datetime | None = None
    """Since when Azure shows an operation that is still running."""
    last_read: datetime | None = None
    """When the connection was last read with success; if this process never did, when it first tried."""


INTERVALS_UNTIL_UNKNOWN: Final = 3
"""So many steady intervals without a good read, and what was said last no longer counts."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often to look, in seconds."""

    steady: float = 300.0
    recent: float = 30.0
    """While not connected, or recently changed, or waiting for something in Kubernetes."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One object and all that its next step depends on."""

    now: datetime
    installation: Installation
    owner: Owner
    metadata: ObjectMeta
    subject: VpnConnection | Invalid
    raw_spec: Mapping[str, Any]
    """Only for the deletion of an object whose spec is invalid."""
    previous: VpnConnectionStatus
    target: Target | Unresolved | NotRead
    policy: PolicyLookup
    key: KeyLookup
    live: Read[LiveConnection] | NotRead
    gateway: Read[GatewayFacts] | NotRead
    local_gateway: Read[LocalGatewayFacts] | NotRead
    peer_gateway: Read[GatewayFacts] | NotRead
    key_check: KeyCheck
    key_rotated: bool
    """The Secret has changed since its key was last seen equal to Azure's (or that was never seen)."""
    operation: OpenOperation | FailedOperation | None
    pair: PairView | None
    attempts: Attempts
    cadence: Cadence
    role: HalfRole = HalfRole.FORWARD
    """Which half of the object this is about. For the reverse half, `subject` and `target` are seen from that side."""
    released: bool = False
    """The half has left the spec: it is to be let go."""
    denial: Denial | None = None
    """The namespace may not use this half's connection or gateways: nothing of it has been read in Azure."""
    key_digest: str | None = None
    """What the status calls the key that is wanted; None if there is none, or no digest can be made."""
    key_turn: Turn = field(default_factory=Turn)
    """Whether the connection may rotate its key now, as one of the users of a Secret."""
    foreign: ForeignHalves = field(default_factory=NotRead)
    """Connections in Azure that lead back and that no object of the namespace makes."""
    neighbour_holds: bool = False
    """The owner tag names an object of another namespace that is still there to look after this connection."""
    own_prefixes: Read[tuple[str, ...]] | NotRead = field(default_factory=NotRead)
    """The address space of the gateway's virtual network, where the traffic selectors follow from it."""
    peer_prefixes: Read[tuple[str, ...]] | NotRead = field(default_factory=NotRead)
    """The same of the peer's."""
    traffic: TrafficRecord | None = None
    """What Azure's byte counters have told so far."""
    observations: Observations | None = None
    """What has been seen of the tunnels since the object's last change came into force."""
    change_view: ChangeView = field(default_factory=ChangeView)
    """How that change stands."""
    sent_reset: SentReset | None = None
    """The last reset that this process has sent; its end counts once no operation runs any more."""
    reset: ResetView = field(default_factory=ResetView)
    """How the last request to reset the half stands."""
    bgp: BgpFacts | None = None
    """None: the spec does not ask for BGP, or there is no connection to ask about."""
    log_lines: tuple[GatewayLogLine, ...] = ()
    """What the gateway's log has told of the outage that goes on, newest first; empty while the tunnel is up, or if it told nothing."""
    log_unread: bool = False
    """The tunnel is down, and this process has not asked for the log yet: what was said of it before stands."""

    @property
    def listed(self) -> bool:
        """Whether what is known of Azure is from a list: its configuration, and nothing of the tunnel."""
        return isinstance(self.live, Present) and self.live.value.listed

    @property
    def pause(self) -> Pause | None:
        """Why nothing may be written to this connection now, if anybody asked for that."""
        return find_pause(
            suspend=isinstance(self.subject, VpnConnection) and self.subject.spec.suspend,
            annotations=self.metadata.annotations,
            live_tags=self.live.value.tags if isinstance(self.live, Present) else {},
            now=self.now,
        )

    @property
    def is_outdated(self) -> bool:
        """Whether the connection was not read for so long that nothing can be said of it any more."""
        last_read = self.attempts.last_read
        limit = timedelta(seconds=INTERVALS_UNTIL_UNKNOWN * self.cadence.steady)
        return last_read is not None and self.now - last_read > limit

    @property
    def half(self) -> ConnectionHalf:
        """What the last status says of this half; empty if it says nothing."""
        return next((half for half in self.previous.halves if half.role is self.role), ConnectionHalf(role=self.role))
