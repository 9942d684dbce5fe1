"""Series of the fleet, made when somebody scrapes: first a sample is read, then the series are made of it.

Nothing is kept between two scrapes, so an object that is gone has no series any more, and a replica that does not lead has none but
those about itself.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from azure_vpn_operator.telemetry.connection_metrics import count_connections, describe_connections
from azure_vpn_operator.telemetry.families import Family, gauge
from azure_vpn_operator.telemetry.fleet_samples import ChangesSample, FleetSample, PolicySample


class FleetPage:
    """The part of the page that is made of a sample; who asks for one number of the fleet does not pay for its objects."""

    def __init__(self, read: Callable[[], FleetSample]) -> None:
        """Take the function that reads the store."""
        self._read = read
        self._sample = FleetSample()

    def sample(self) -> None:
        """Read the fleet for the next page; to be called in the event loop."""
        self._sample = self._read()

    def families(self, names: Collection[str] = ()) -> Iterator[Family]:
        """All series of the last sample, or those of these names; may be gone through in a thread of its own."""
        sample = self._sample
        yield from _named(_of_the_fleet(sample), names)
        if not names or not _OF_OBJECTS.isdisjoint(names):
            yield from _named(_of_objects(sample), names)


def _named(families: Iterator[Family], names: Collection[str]) -> Iterator[Family]:
    return (family for family in families if not names or family.name in names)


def _of_objects(sample: FleetSample) -> Iterator[Family]:
    connections = tuple(sample.connections)
    yield count_connections(connections)
    if not sample.per_object:
        return
    yield from describe_connections(connections)
    yield from _policies(tuple(sample.policies))
    changes = sample.changes or ChangesSample()
    yield gauge(
        "gateway_line",
        "How many changes wait for each gateway that has an operation of ours; a pair stands in the line of both",
        ("gateway",),
        (((gateway,), count) for gateway, count in changes.lines.items()),
    )


def _policies(policies: tuple[PolicySample, ...]) -> Iterator[Family]:
    labels = ("namespace", "name")
    yield gauge(
        "policy_references",
        "Connections that refer to the policy",
        labels,
        (((policy.namespace, policy.name), policy.references) for policy in policies),
    )
    yield gauge(
        "policy_condition",
        "1 for the status that each condition of the policy has",
        (*labels, "type", "status", "reason"),
        (
            ((policy.namespace, policy.name, condition.type, condition.status, condition.reason), 1)
            for policy in policies
            for condition in policy.conditions
        ),
    )
    yield gauge(
        "policy_connections",
        "How far the policy's values have come: connections that are waiting, unconfirmed, confirmed, or skipped",
        (*labels, "stage"),
        (
            ((policy.namespace, policy.name, stage), count)
            for policy in policies
            for stage, count in policy.stages.items()
        ),
    )


def _of_the_fleet(sample: FleetSample) -> Iterator[Family]:
    yield gauge(
        "leading",
        "1 for the replica that does the installation's work, 0 for one that stands by",
        ("installation",),
        [((sample.installation,), sample.leading)],
    )
    yield from _changes(sample.changes)
    yield gauge(
        "cache_objects",
        "Kubernetes objects that the operator knows",
        ("kind",),
        (((kind,), count) for kind, count in sample.cache_objects.items()),
    )
    yield gauge(
        "watch_last_event_age_seconds",
        "Time since the watch last brought something",
        ("kind",),
        (((kind,), age) for kind, age in sample.watch_last_event_age.items()),
    )
    yield gauge(
        "event_loop_lag_seconds",
        "By how much the event loop was late at worst during the last minute",
        (),
        [((), sample.event_loop_lag)],
    )


def _changes(changes: ChangesSample | None) -> Iterator[Family]:
    known = changes or ChangesSample()
    for name, text, value in (
        ("operations_in_progress", "Azure operations that are under way", known.operations_in_progress),
        (
            "unchecked_connections",
            "Connections that have not been compared with Azure since the start",
            known.unchecked_connections,
        ),
        (
            "unconfirmed_changes",
            "Changes that take a tunnel down and are not confirmed yet; a pair is one",
            known.unconfirmed,
        ),
        ("waiting_changes", "Changes that wait until others are confirmed or undone", known.waiting),
        ("changes_halted", "1 if no more tunnels are taken down, since 3 of the last 10 changes failed", known.halted),
    ):
        yield gauge(name, text, (), [((), value)] if changes is not None else [])


_OF_OBJECTS: Final = frozenset(family.name for family in _of_objects(FleetSample()))
