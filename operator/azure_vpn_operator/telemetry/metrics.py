"""All metrics of the process, in a registry of its own."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, Info, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from azure_vpn_operator.telemetry.access_metrics import AccessMetrics
from azure_vpn_operator.telemetry.api_client_metrics import ApiClientMetrics
from azure_vpn_operator.telemetry.azure_metrics import AzureMetrics
from azure_vpn_operator.telemetry.controller_metrics import ControllerMetrics
from azure_vpn_operator.telemetry.families import Family
from azure_vpn_operator.telemetry.fleet_metrics import FleetPage
from azure_vpn_operator.telemetry.fleet_samples import FleetSample

_END: Final = b"# EOF\n"
"""How a page ends in OpenMetrics."""


class Metrics:
    """What /metrics shows."""

    def __init__(self, *, version: str, commit: str = "unknown") -> None:
        """Register everything, with the build's version and commit as labels of `build_info`.

        Switches off, for the whole process, the extra `..._created` series of the Prometheus client, which nearly
        double what a scrape has to carry and which nobody reads.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.controller = ControllerMetrics(self.registry)
        self.kubernetes = ApiClientMetrics(self.registry)
        self.azure = AzureMetrics(self.registry)
        self.access = AccessMetrics(self.registry)
        build = Info("azure_vpn_operator_build", "What is running", registry=self.registry)
        build.info({"version": version, "commit": commit})
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._fleet: FleetPage | None = None

    def watch_fleet(self, read: Callable[[], FleetSample]) -> None:
        """Show the series per object, out of what this function returns at each scrape; to be called once.

        The function is called in the event loop and must be quick.
        """
        if self._fleet is not None:
            raise ValueError("the fleet is watched already")
        self._fleet = FleetPage(read)

    def render(self, accept: str = "", names: Sequence[str] = ()) -> tuple[bytes, str]:
        """Return the page and its content type, in the format that the Accept header asks for; only these series, if any are named."""
        self._sample()
        return self._encode(accept, names)

    async def render_aside(self, accept: str = "", names: Sequence[str] = ()) -> tuple[bytes, str]:
        """Do the same without holding up the event loop, which a large fleet's page (4 MB at 5,000) would do."""
        self._sample()
        return await asyncio.to_thread(self._encode, accept, names)

    def _sample(self) -> None:
        self.controller.sample()
        if self._fleet is not None:
            self._fleet.sample()

    def families(self, names: Sequence[str] = ()) -> Iterator[Family]:
        """What there is beside the registry, as of the last page."""
        return self._fleet.families(names) if self._fleet is not None else iter(())

    def _encode(self, accept: str, names: Sequence[str]) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        page = encode(self.registry.restricted_registry(names) if names else self.registry)
        is_open = content_type.startswith("application/openmetrics-text")
        parts = [
            page.removesuffix(_END),
            *(family.page(open_metrics=is_open).encode() for family in self.families(names)),
        ]
        return b"".join((*parts, _END) if is_open else parts), content_type
