"""Requests to Azure: names and labels of Azure Service Operator where it has them, ours for the rest."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_REQUEST_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class AzureMetrics:
    """Requests, refusals, what is left of the limits, and drift."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything."""
        self._requests = Counter(
            "azure_requests_total",
            "Requests to Azure, by HTTP status",
            ("resource", "requestType", "responseCode"),
            registry=registry,
        )
        self._failed = Counter(
            "azure_failed_requests_total",
            "Requests to Azure that were refused or got no answer",
            ("resource", "requestType"),
            registry=registry,
        )
        self._time = Histogram(
            "azure_requests_time_seconds",
            "How long Azure took to answer a request",
            ("resource", "requestType"),
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._throttled = Counter(
            "azure_vpn_operator_arm_throttled_total",
            "Requests that Azure Resource Manager or the resource provider refused because of a limit or a lock",
            ("subscription", "type", "code"),
            registry=registry,
        )
        self._remaining = Gauge(
            "azure_vpn_operator_arm_remaining",
            "What the last response said is left of the subscription's limit",
            ("subscription", "type"),
            registry=registry,
        )
        self._drift = Counter(
            "azure_vpn_operator_drift_detected_total",
            "Connections found different from what was last seen in sync, by what correcting them does to the tunnel",
            ("namespace", "effect"),
            registry=registry,
        )
        self._verdicts = Counter(
            "azure_vpn_operator_change_verdicts_total",
            "Changes that took a tunnel down, by what became of them: Confirmed, Unproven or Failed",
            ("namespace", "verdict"),
            registry=registry,
        )

    def responded(self, resource: str, request_type: str, response_code: int | str, seconds: float) -> None:
        """Count a request to a type of resource.

        The request type is the HTTP method; the code is the HTTP status, or a word if there was no answer. Statuses
        from 400 on and words count as failed.
        """
        self._requests.labels(resource, request_type, str(response_code)).inc()
        self._time.labels(resource, request_type).observe(seconds)
        if not isinstance(response_code, int) or response_code >= 400:
            self._failed.labels(resource, request_type).inc()

    def throttled(self, subscription: str, request_kind: str, code: str) -> None:
        """Count a refusal; the kind is reads, writes or deletes, the code is the error code of Azure's answer."""
        self._throttled.labels(subscription, request_kind, code).inc()

    def remaining(self, subscription: str, request_kind: str, value: float) -> None:
        """Record what a response header said is left."""
        self._remaining.labels(subscription, request_kind).set(value)

    def drift_detected(self, namespace: str, effect: str) -> None:
        """Count a connection on which drift was found; to be called once per drift, not once per pass."""
        self._drift.labels(namespace, effect).inc()

    def change_judged(self, namespace: str, verdict: str) -> None:
        """Count a change that took a tunnel down and has got its verdict: Confirmed, Unproven or Failed."""
        self._verdicts.labels(namespace, verdict).inc()
