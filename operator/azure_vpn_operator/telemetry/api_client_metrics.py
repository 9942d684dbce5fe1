"""Requests to the Kubernetes API server; names, labels and buckets are those of Kubernetes' component-base."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_REQUEST_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)


class ApiClientMetrics:
    """Requests to the Kubernetes API server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything."""
        self._requests = Counter(
            "rest_client_requests_total",
            "Requests to the Kubernetes API server, by HTTP status",
            ("code", "method", "host"),
            registry=registry,
        )
        self._duration = Histogram(
            "rest_client_request_duration_seconds",
            "How long the Kubernetes API server took to answer",
            ("verb", "host"),
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )

    def responded(self, method: str, host: str, code: int | str, seconds: float) -> None:
        """Count a request; `code` is the HTTP status, or `<error>` (as client-go has it) if there was no answer."""
        self._requests.labels(str(code), method, host).inc()
        self._duration.labels(method, host).observe(seconds)
