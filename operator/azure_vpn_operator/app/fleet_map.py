"""What the status page shows, read from the store when somebody looks."""

from collections.abc import Callable
from typing import Protocol

from azure_vpn_operator.app.settings import Settings
from azure_vpn_operator.domain.overview.fleet import Drawer
from azure_vpn_operator.domain.overview.model import Facts, FleetMap
from azure_vpn_operator.domain.overview.seen import SeenConnection, SeenPolicy
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord


class _Source(Protocol):
    """What is read of the core."""

    store: Store
    disruptions: Disruptions


class FleetMapReader:
    """Takes records out of the store. They never change, so the map may be drawn of them in another thread."""

    def __init__(self, core: _Source, settings: Settings, version: str, leads: Callable[[], bool]) -> None:
        self._core = core
        self._settings = settings
        self._version = version
        self._leads = leads
        self._drawer = Drawer()
        self._seen: dict[int, tuple[ConnectionRecord, SeenConnection]] = {}
        """By the record itself: as long as it is kept here, nothing else has its id."""

    def facts(self) -> Facts:
        """What the process knows besides the objects."""
        disruptions = self._core.disruptions
        return Facts(
            installation=self._settings.installation_id,
            version=self._version,
            leads=self._leads(),
            complete=self._core.store.all_synced(),
            unconfirmed=disruptions.unconfirmed,
            most_unconfirmed=self._settings.max_disruptions,
            halted_until=disruptions.breaker.one_from,
        )

    def gather(self) -> Callable[[], FleetMap]:
        """Take all records; what is returned draws them, and is to be called once and in one thread at a time."""
        facts = self.facts()
        connections, policies = self._core.store.list(CONNECTION), self._core.store.list(POLICY)

        def draw() -> FleetMap:
            self._seen = {
                id(record): self._see(record) for record in connections if isinstance(record, ConnectionRecord)
            }
            return self._drawer.draw(
                facts,
                (seen for _, seen in self._seen.values()),
                (SeenPolicy(record.subject, record.status) for record in policies if isinstance(record, PolicyRecord)),
            )

        return draw

    def _see(self, record: ConnectionRecord) -> tuple[ConnectionRecord, SeenConnection]:
        known = self._seen.get(id(record))
        return known if known is not None else (record, _connection(record))


def _connection(record: ConnectionRecord) -> SeenConnection:
    wanted = record.wanted
    return SeenConnection(record.holder, wanted.target, wanted.reverse_target, wanted.enforced)
