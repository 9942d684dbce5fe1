"""The status page over a real store that a test fills; nothing else of the operator runs."""

import itertools
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from azure_vpn_operator.app.fleet_map import FleetMapReader
from azure_vpn_operator.app.serving import Endpoint
from azure_vpn_operator.app.settings import Settings
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.overview.model import FleetMap
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import record_readers
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore
from azure_vpn_operator.status_page.publisher import Publisher
from azure_vpn_operator.status_page.website import build_site
from support.cases.maps import SUBSCRIPTION
from support.fakes.clock import FakeClock
from support.world.browser import Page


@dataclass
class Fleet:
    """Objects as the operator has them, and what it knows besides. `gather` and `facts` are what a publisher asks."""

    leads: bool = True
    store: Store = field(init=False)
    drawn: int = 0
    """How often a map was drawn."""

    def __post_init__(self) -> None:
        installation = Installation(id="demo", subscription_id=SUBSCRIPTION)
        self.store = ObjectStore(record_readers(installation))
        reader = Reader(self.store, installation)
        self.disruptions = Disruptions(self.store, reader, FakeClock(), 10, lambda _: None)
        self._versions = itertools.count(1)
        self._reader = FleetMapReader(self, Settings(installation_id="demo"), "0.1.0", lambda: self.leads)
        for kind in (CONNECTION, POLICY):
            self.store.mark_synced(kind)

    def put(self, documents: Iterable[dict[str, Any]]) -> None:
        """Take objects, as the watch brings them."""
        for document in documents:
            metadata = {**document["metadata"], "resourceVersion": str(next(self._versions))}
            self.store.put(document["kind"], {**document, "metadata": metadata})

    def remove(self, name: str, namespace: str = "network") -> None:
        """Take the news that a VpnConnection is gone."""
        self.store.remove(ObjectKey(CONNECTION, namespace, name), f"{namespace}/{name}")

    def facts(self) -> Any:
        """See FleetMapReader."""
        return self._reader.facts()

    def gather(self) -> Any:
        """See FleetMapReader; counts."""
        self.drawn += 1
        return self._reader.gather()

    def map(self) -> FleetMap:
        """The map of now."""
        drawn: FleetMap = self._reader.gather()()
        return drawn


@asynccontextmanager
async def serve(fleet: Fleet, hosts: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """Serve the page of a fleet on a free port; yields its address."""
    publisher = Publisher(fleet, SystemClock())
    fleet.store.listen(lambda _: publisher.touch())
    endpoint = Endpoint("127.0.0.1:0", build_site(publisher, hosts))
    port = await endpoint.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await endpoint.stop()


@asynccontextmanager
async def served(page: Page, fleet: Fleet) -> AsyncIterator[str]:
    """The same until this tab has left the page: a tab that is still there would complain of the server's end."""
    async with serve(fleet) as url:
        yield url
        await page.open("about:blank")
