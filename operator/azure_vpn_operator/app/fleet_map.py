"""What the status page shows, read from the store when somebody looks."""

from collections.abc import Callable
from typing import Protocol

from azure_vpn_operator.app.settings import Settings
from azure_vpn_operator.domain.overview.fleet import draw_map
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
        """Take all records; what is returned draws them."""
        facts = self.facts()
        connections, policies = self._core.store.list(CONNECTION), self._core.store.list(POLICY)

        def draw() -> FleetMap:
            return draw_map(
                facts,
                (_connection(record) for record in connections if isinstance(record, ConnectionRecord)),
                (SeenPolicy(record.subject, record.status) for record in policies if isinstance(record, PolicyRecord)),
            )

        return draw


def _connection(record: ConnectionRecord) -> SeenConnection:
    wanted = record.wanted
    return SeenConnection(record.holder, wanted.target, wanted.reverse_target, wanted.enforced)
