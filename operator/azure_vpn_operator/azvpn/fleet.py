"""The objects of a cluster, read as the operator reads them, and the map that it draws of them.

What only the operator's process knows, its settings above all, is not in the cluster. The subscription of objects that name none is
taken from where other connections are in Azure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.azvpn.kubectl import CONNECTIONS, POLICIES, Document, Kubectl
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.overview.fleet import Drawer
from azure_vpn_operator.domain.overview.model import Facts, FleetMap
from azure_vpn_operator.domain.overview.seen import SeenConnection, SeenPolicy
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord, Record, record_readers


@dataclass(frozen=True, slots=True)
class Fleet:
    """All objects that were asked for, in the order of their namespaces and names."""

    connections: Sequence[ConnectionRecord]
    policies: Sequence[PolicyRecord]

    def draw(self) -> FleetMap:
        """The map of them. Its facts are empty: they are the process's."""
        connections = (
            SeenConnection(
                record.holder, record.wanted.target, record.wanted.reverse_target, enforced=record.wanted.enforced
            )
            for record in self.connections
        )
        policies = (SeenPolicy(record.subject, record.status) for record in self.policies)
        facts = Facts(installation="", version="", leads=False, complete=True, unconfirmed=0, most_unconfirmed=0)
        return Drawer().draw(facts, connections, policies)


def read_fleet(kubectl: Kubectl, *, everywhere: bool) -> Fleet:
    """Ask for all objects of both kinds, in the namespace or in all of them. Raises ToolError."""
    return fleet_of(kubectl.list(CONNECTIONS, everywhere=everywhere), kubectl.list(POLICIES, everywhere=everywhere))


def fleet_of(connections: Iterable[Document], policies: Iterable[Document]) -> Fleet:
    """Read the objects from their documents. A status that cannot be read counts as empty."""
    documents = list(connections)
    readers = record_readers(Installation(id="", subscription_id=_usual_subscription(documents)))
    read = [readers[VpnConnection.KIND](document, None) for document in documents]
    others = [readers[IpsecPolicy.KIND](document, None) for document in policies]
    return Fleet(
        sorted((record for record in read if isinstance(record, ConnectionRecord)), key=_place),
        sorted((record for record in others if isinstance(record, PolicyRecord)), key=_place),
    )


def _place(record: Record) -> tuple[str, str]:
    return record.metadata.namespace, record.metadata.name


def _usual_subscription(documents: Iterable[Document]) -> str | None:
    found = Counter(
        subscription
        for document in documents
        for half in _halves(document)
        if (subscription := _subscription(half.get("id"))) is not None
    )
    return found.most_common(1)[0][0] if found else None


def _halves(document: Document) -> Sequence[dict[str, Any]]:
    status = document.get("status")
    halves = status.get("halves") if isinstance(status, dict) else None
    return [half for half in halves if isinstance(half, dict)] if isinstance(halves, list) else []


def _subscription(text: object) -> str | None:
    found = ArmId.find(str(text))
    return found.subscription if found is not None else None
