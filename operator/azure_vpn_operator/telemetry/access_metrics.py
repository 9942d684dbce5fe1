"""Whether the access rules in force are those that the administrators have written."""

from prometheus_client import CollectorRegistry, Gauge


class AccessMetrics:
    """The state of the access file."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything; without an access file nothing is ever wrong with it."""
        self._valid = Gauge(
            "azure_vpn_operator_access_file_valid",
            "1 if the access rules in force are those of the access file, 0 if the file cannot be used and older rules hold",
            registry=registry,
        )
        self._loaded = Gauge(
            "azure_vpn_operator_access_file_last_loaded_timestamp_seconds",
            "When the access rules in force were read",
            registry=registry,
        )
        self._valid.set(1)

    def loaded(self, timestamp: float) -> None:
        """The rules of the file hold from now on (seconds since 1970)."""
        self._valid.set(1)
        self._loaded.set(timestamp)

    def refused(self) -> None:
        """The file cannot be used; the rules before it hold on."""
        self._valid.set(0)
