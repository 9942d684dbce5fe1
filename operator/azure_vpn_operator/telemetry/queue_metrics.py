"""The metrics of work queues; names, labels and buckets are those of controller-runtime."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

_QUEUE_BUCKETS = tuple(float(f"1e{exponent}") for exponent in range(-8, 4))


class QueueGauges(Protocol):
    """What a work queue can be asked at any time."""

    def depth_by_priority(self) -> Mapping[int, int]:
        """Return how many keys are ready, by priority."""
        ...

    def unfinished_work_seconds(self) -> float:
        """Return the summed age of what is being worked on."""
        ...

    def longest_running_processor_seconds(self) -> float:
        """Return the age of the oldest piece of work."""
        ...


class QueueMetrics:
    """The metrics of one work queue, fed by it through the `on_...` methods."""

    def __init__(self, collector: "QueueCollector", name: str) -> None:
        """Use `ControllerMetrics.queue`."""
        self._collector = collector
        self._name = name
        self._adds = collector.adds.labels(name, name)
        self._latency = collector.latency.labels(name, name)
        self._work = collector.work.labels(name, name)
        self._retries = collector.retries.labels(name, name)

    def watch(self, gauges: QueueGauges) -> None:
        """Ask the queue itself, at scrape time, for depth and unfinished work."""
        self._collector.gauges[self._name] = gauges

    def on_add(self) -> None:
        """Count a key that became ready."""
        self._adds.inc()

    def on_get(self, queue_seconds: float) -> None:
        """Record how long a key was ready before a worker took it."""
        self._latency.observe(queue_seconds)

    def on_done(self, work_seconds: float) -> None:
        """Record how long a worker had a key."""
        self._work.observe(work_seconds)

    def on_retry(self) -> None:
        """Count a key added with a delay."""
        self._retries.inc()


@dataclass(frozen=True, slots=True)
class _QueueSample:
    depth: Mapping[int, int]
    unfinished: float
    longest: float


class QueueCollector:
    """All work queues. A queue's name is its controller's, and controller-runtime sets both labels to it."""

    _LABELS = ("name", "controller")

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything."""
        self.gauges: dict[str, QueueGauges] = {}
        self._samples: dict[str, _QueueSample] = {}
        self.adds = Counter(
            "workqueue_adds_total", "Keys that became ready for a worker", self._LABELS, registry=registry
        )
        self.latency = Histogram(
            "workqueue_queue_duration_seconds",
            "How long a key was ready before a worker took it",
            self._LABELS,
            buckets=_QUEUE_BUCKETS,
            registry=registry,
        )
        self.work = Histogram(
            "workqueue_work_duration_seconds",
            "How long a worker had a key",
            self._LABELS,
            buckets=_QUEUE_BUCKETS,
            registry=registry,
        )
        self.retries = Counter(
            "workqueue_retries_total", "Keys that were added with a delay", self._LABELS, registry=registry
        )
        registry.register(self)

    def add(self, name: str) -> QueueMetrics:
        """Return the metrics of one more queue."""
        return QueueMetrics(self, name)

    def sample(self) -> None:
        """Ask every queue for its figures; to be called in the event loop."""
        self._samples = {
            name: _QueueSample(
                dict(gauges.depth_by_priority()),
                gauges.unfinished_work_seconds(),
                gauges.longest_running_processor_seconds(),
            )
            for name, gauges in self.gauges.items()
        }

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of the last sample; may run in a thread of its own."""
        depth = GaugeMetricFamily(
            "workqueue_depth",
            "Keys that are ready for a worker",
            labels=(*self._LABELS, "priority"),
        )
        unfinished = GaugeMetricFamily(
            "workqueue_unfinished_work_seconds",
            "The summed age of the passes in progress; grows steadily if workers are stuck",
            labels=self._LABELS,
        )
        longest = GaugeMetricFamily(
            "workqueue_longest_running_processor_seconds",
            "The age of the oldest pass in progress",
            labels=self._LABELS,
        )
        for name, sample in self._samples.items():
            for priority, count in sample.depth.items():
                depth.add_metric((name, name, str(priority)), count)
            unfinished.add_metric((name, name), sample.unfinished)
            longest.add_metric((name, name), sample.longest)
        yield from (depth, unfinished, longest)
