"""What is read of the store when somebody scrapes, as plain values: what the series are made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConditionSample:
    """One condition as it is in an object's status; `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class HalfSample:
    """One connection in Azure, as a half of an object. None: not known at the moment."""

    role: str
    """Forward or Reverse."""
    tunnels_up: int | None = None
    tunnels_expected: int | None = None
    last_established: float | None = None
    """When the last of its tunnels to come up did so; seconds since 1970, as all times here."""
    flaps: int = 0
    """How often one of its tunnels was found to have gone down by itself, since this process has led."""
    traffic: tuple[int, int] | None = None
    """Bytes that came in and went out, by Azure's counters, seen from its gateway; None until this process has read them."""
    key_set: float | None = None
    """When the operator gave Azure the key that it holds."""


@dataclass(frozen=True, slots=True)
class BgpSample:
    """BGP over one connection. None: not known at the moment."""

    established: bool | None = None
    sessions: int | None = None
    sessions_up: int | None = None
    routes: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """What a connection is: text to join with. Empty: not known, or there is none."""

    connection_id: str = ""
    """The ARM id of the object's own half."""
    gateway: str = ""
    peer: str = ""
    site: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionSample:
    """One VpnConnection."""

    namespace: str
    name: str
    conditions: tuple[ConditionSample, ...] = ()
    connected: bool | None = None
    """Whether its tunnel is up, at least in part; None if that is not known at the moment."""
    info: ConnectionInfo = ConnectionInfo()
    halves: tuple[HalfSample, ...] = (HalfSample("Forward"),)
    last_observed: float | None = None
    """When this process last read it from Azure; of several halves the one longest ago."""
    last_change: float | None = None
    """When the last change that takes the tunnel down was sent, or confirmed if it is over."""
    change: tuple[str, str] | None = None
    """Cause and state of such a change that is open, or has failed."""
    changing: bool = False
    """A change of the operator's own may have the tunnel down right now."""
    differences: int = 0
    bgp: BgpSample | None = None
    """None for one without BGP."""
    ahead: int | None = None
    """How many stand in front of it in the line of its gateway; None if it does not wait."""


@dataclass(frozen=True, slots=True)
class PolicySample:
    """One IpsecPolicy, and where its connections stand."""

    namespace: str
    name: str
    references: int
    conditions: tuple[ConditionSample, ...] = ()
    stages: Mapping[str, int] = field(default_factory=dict)
    """How many connections are waiting, unconfirmed, confirmed and skipped."""


@dataclass(frozen=True, slots=True)
class ChangesSample:
    """What is going on in Azure, and what waits for it."""

    operations_in_progress: int = 0
    unchecked_connections: int = 0
    unconfirmed: int = 0
    waiting: int = 0
    halted: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)
    """How many wait for each gateway that is busy."""


@dataclass(frozen=True, slots=True)
class FleetSample:
    """Everything that is read at scrape time. A process that stands by has only what it says of itself."""

    installation: str = ""
    leading: bool = True
    connections: Iterable[ConnectionSample] = ()
    """Gone through by `collect`, in whichever thread that runs: making 5,000 of them takes longer than the event loop should wait."""
    policies: Iterable[PolicySample] = ()
    per_object: bool = True
    """Whether each object has series of its own."""
    changes: ChangesSample | None = ChangesSample()
    """None for a process that stands by."""
    cache_objects: Mapping[str, int] = field(default_factory=dict)
    """Objects in the store, by kind."""
    watch_last_event_age: Mapping[str, float] = field(default_factory=dict)
    """Seconds since the watch last brought something, a bookmark included, by kind."""
    event_loop_lag: float = 0.0
    """Seconds."""
