"""Series per object, made when somebody scrapes: first a sample is read, then the series are made of it.

Nothing is kept between two scrapes, so an object that is gone has no series any more, and a replica that does not lead
simply has no objects to show.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

_PREFIX = "azure_vpn_operator_"


@dataclass(frozen=True, slots=True)
class ConditionSample:
    """One condition as it is in an object's status; `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionSample:
    """One connection."""

    namespace: str
    name: str
    conditions: tuple[ConditionSample, ...]
    connected: bool | None
    """Whether all its tunnels are up; None if that is not known at the moment."""


@dataclass(frozen=True, slots=True)
class TrafficSample:
    """Azure's byte counters of one half of a connection, seen from its gateway."""

    namespace: str
    name: str
    role: str
    """Forward or Reverse."""
    ingress_bytes: int
    egress_bytes: int


@dataclass(frozen=True, slots=True)
class PolicySample:
    """One policy and how many connections refer to it."""

    namespace: str
    name: str
    references: int


@dataclass(frozen=True, slots=True)
class FleetSample:
    """Everything that is read at scrape time."""

    connections: Iterable[ConnectionSample] = ()
    """Gone through by `collect`, in whichever thread that runs: making 5,000 of them takes longer than the event loop should wait."""
    policies: tuple[PolicySample, ...] = ()
    operations_in_progress: int = 0
    unchecked_connections: int = 0
    unconfirmed_changes: int = 0
    waiting_changes: int = 0
    changes_halted: bool = False
    cache_objects: Mapping[str, int] = field(default_factory=dict)
    """Objects in the store, by kind."""
    watch_last_event_age: Mapping[str, float] = field(default_factory=dict)
    """Seconds since the watch last brought something, a bookmark included, by kind."""
    event_loop_lag: float = 0.0
    """Seconds."""
    traffic: Iterable[TrafficSample] = ()
    """Of the connections that this process has read."""


class FleetCollector:
    """Turns a sample into series: those of each object, and those of the fleet as a whole.

    They are two collectors, so that whoever asks for one number of the fleet does not pay for thousands of series.
    """

    def __init__(self, read: Callable[[], FleetSample], registry: CollectorRegistry) -> None:
        """Take the function that reads the store, and register both."""
        self._read = read
        self._parts = (_Part(_of_objects), _Part(_of_the_fleet))
        for part in self._parts:
            registry.register(part)

    def sample(self) -> None:
        """Read the fleet for the next page; to be called in the event loop."""
        sample = self._read()
        for part in self._parts:
            part.sample = sample


class _Part(Collector):
    """Yields the series of the last sample; may run in a thread of its own."""

    def __init__(self, series: Callable[[FleetSample], Iterator[Metric]]) -> None:
        self._series = series
        self.sample = FleetSample()

    @override
    def collect(self) -> Iterator[Metric]:
        return self._series(self.sample)

    def describe(self) -> Iterator[Metric]:
        return self._series(FleetSample())


def _of_objects(sample: FleetSample) -> Iterator[Metric]:
    yield from _connections(tuple(sample.connections))
    yield from _traffic(tuple(sample.traffic))
    yield _gauge(
        "policy_references",
        "Connections that refer to the policy",
        ("namespace", "name"),
        {(policy.namespace, policy.name): policy.references for policy in sample.policies},
    )


def _of_the_fleet(sample: FleetSample) -> Iterator[Metric]:
    yield _gauge(
        "operations_in_progress", "Azure operations that are under way", (), {(): sample.operations_in_progress}
    )
    yield _gauge(
        "unchecked_connections",
        "Connections that have not been compared with Azure since the start",
        (),
        {(): sample.unchecked_connections},
    )
    yield from _changes(sample)
    yield _gauge(
        "cache_objects",
        "Kubernetes objects that the operator knows",
        ("kind",),
        {(kind,): count for kind, count in sample.cache_objects.items()},
    )
    yield _gauge(
        "watch_last_event_age_seconds",
        "Time since the watch last brought something",
        ("kind",),
        {(kind,): age for kind, age in sample.watch_last_event_age.items()},
    )
    yield _gauge(
        "event_loop_lag_seconds",
        "By how much the event loop was late at worst during the last minute",
        (),
        {(): sample.event_loop_lag},
    )


def _changes(sample: FleetSample) -> Iterator[Metric]:
    yield _gauge(
        "unconfirmed_changes",
        "Changes that take a tunnel down and are not confirmed yet; a pair is one",
        (),
        {(): sample.unconfirmed_changes},
    )
    yield _gauge(
        "waiting_changes", "Changes that wait until others are confirmed or undone", (), {(): sample.waiting_changes}
    )
    yield _gauge(
        "changes_halted",
        "1 if no more tunnels are taken down, since 3 of the last 10 changes failed",
        (),
        {(): sample.changes_halted},
    )


def _connections(connections: tuple[ConnectionSample, ...]) -> Iterator[Metric]:
    yield _gauge(
        "connection_condition",
        "1 for the status that each condition of the connection has",
        ("namespace", "name", "type", "status", "reason"),
        {
            (connection.namespace, connection.name, condition.type, condition.status, condition.reason): 1
            for connection in connections
            for condition in connection.conditions
        },
    )
    yield _gauge(
        "tunnel_connected",
        "1 if all tunnels of the connection are up, 0 if not or if that is not known",
        ("namespace", "name"),
        {(connection.namespace, connection.name): connection.connected is True for connection in connections},
    )
    yield _gauge(
        "tunnel_state_known",
        "1 if the state of the tunnels was read from Azure recently, else 0",
        ("namespace", "name"),
        {(connection.namespace, connection.name): connection.connected is not None for connection in connections},
    )


def _traffic(samples: tuple[TrafficSample, ...]) -> Iterator[Metric]:
    for direction, text in (("ingress", "came in from the other side"), ("egress", "went out to the other side")):
        family = CounterMetricFamily(
            f"{_PREFIX}connection_{direction}_bytes",
            f"Bytes that {text}, by Azure's counter, which begins anew when Azure does",
            labels=("namespace", "name", "role"),
        )
        for item in samples:
            count = item.ingress_bytes if direction == "ingress" else item.egress_bytes
            family.add_metric((item.namespace, item.name, item.role), float(count))
        yield family


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, text, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, float(value))
    return family
