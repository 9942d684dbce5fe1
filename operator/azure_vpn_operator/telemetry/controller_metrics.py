"""The metrics that dashboards for Kubernetes controllers expect.

Names, labels and buckets are those of controller-runtime and, for the lease, of client-go, so that existing dashboards
and alerts fit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from azure_vpn_operator.telemetry.queue_metrics import QueueCollector, QueueMetrics

ReconcileResult: TypeAlias = Literal["success", "error", "requeue", "requeue_after"]

_RECONCILE_BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    *(1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60),
)


class ControllerMetrics:
    """Reconciles, workers and queues; `controller` is the controller's name throughout."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything; the series appear with their first value."""
        by_controller = ("controller",)
        self._total = Counter(
            "controller_runtime_reconcile_total",
            "Passes, by how they ended",
            ("controller", "result"),
            registry=registry,
        )
        self._errors = Counter(
            "controller_runtime_reconcile_errors_total",
            "Passes that ended with an error",
            by_controller,
            registry=registry,
        )
        self._terminal_errors = Counter(
            "controller_runtime_terminal_reconcile_errors_total",
            "Passes that ended with an error for which trying again soon is no help",
            by_controller,
            registry=registry,
        )
        self._time = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "How long a pass took",
            by_controller,
            buckets=_RECONCILE_BUCKETS,
            registry=registry,
        )
        self._max_concurrent = Gauge(
            "controller_runtime_max_concurrent_reconciles",
            "How many passes can run at once",
            by_controller,
            registry=registry,
        )
        self._active = Gauge(
            "controller_runtime_active_workers",
            "Workers that are busy with a pass",
            by_controller,
            registry=registry,
        )
        self._leader = Gauge(
            "leader_election_master_status",
            "Whether this process holds the lease: 1 if it is the leader, 0 if it stands by",
            ("name",),
            registry=registry,
        )
        self._queues = QueueCollector(registry)

    def sample(self) -> None:
        """Ask the queues for their figures, for the next scrape; to be called in the event loop."""
        self._queues.sample()

    def reconciled(self, controller: str, result: ReconcileResult, seconds: float, *, terminal: bool = False) -> None:
        """Count one pass that took this long; a `terminal` error is one that trying again soon does not help."""
        self._total.labels(controller, result).inc()
        self._time.labels(controller).observe(seconds)
        if result == "error":
            self._errors.labels(controller).inc()
            if terminal:
                self._terminal_errors.labels(controller).inc()

    def set_workers(self, controller: str, count: int) -> None:
        """Say how many passes can run at once; also makes the controller's counters appear as zeros."""
        self._max_concurrent.labels(controller).set(count)
        self._active.labels(controller)
        self._errors.labels(controller)
        self._terminal_errors.labels(controller)

    @contextmanager
    def working(self, controller: str) -> Iterator[None]:
        """Count a worker as active for the time of the block."""
        with self._active.labels(controller).track_inprogress():
            yield

    def set_leader(self, name: str, leading: bool) -> None:  # noqa: FBT001 - the value of the gauge
        """Say whether this process holds the lease of that name."""
        self._leader.labels(name).set(leading)

    def queue(self, name: str) -> QueueMetrics:
        """Return the metrics of the work queue of a controller; it is the queue's observer."""
        return self._queues.add(name)
