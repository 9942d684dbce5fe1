"""Drift is found by one LIST per resource group and minute: a connection that shows otherwise than last seen gets a pass."""

import logging
from collections.abc import Callable, Iterable

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.lookups import Present
from azure_vpn_operator.domain.target import Target
from azure_vpn_operator.ports import ConnectionsPort
from azure_vpn_operator.reconcile.memory import ConnectionMemory
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore

log = logging.getLogger(__name__)


class GroupWatch:
    """Looks at whole resource groups."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        reader: Reader,
        connections: ConnectionsPort,
        operations: Operations,
        memory_of: Callable[[ObjectKey], ConnectionMemory],
        enqueue: Callable[[Iterable[ObjectKey]], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._connections = connections
        self._operations = operations
        self._memory_of = memory_of
        self._enqueue = enqueue

    def groups(self) -> dict[tuple[str, str], dict[ObjectKey, str]]:
        """The groups (subscription, name; in lower case) with the connections in them, by their ids in lower case."""
        found: dict[tuple[str, str], dict[ObjectKey, str]] = {}
        for document in self._store.list(CONNECTION):
            subject = self._reader.connection(document)
            target = self._reader.target(subject) if isinstance(subject, VpnConnection) else None
            if isinstance(target, Target):
                key = ObjectKey(CONNECTION, subject.metadata.namespace, subject.metadata.name)
                where = (target.connection.subscription.lower(), target.connection.resource_group.lower())
                found.setdefault(where, {})[key] = target.connection.key
        return found

    async def look(self, subscription: str, resource_group: str, members: dict[ObjectKey, str]) -> int:
        """List one group and ask for a pass over each connection that has changed; returns how many."""
        read = await self._connections.list_group(subscription, resource_group)
        if not isinstance(read, Present):
            log.info("could not list a resource group", extra={"resourceGroup": resource_group, "answer": str(read)})
            return 0
        listed = {connection.id.key: connection.configuration for connection in read.value}
        changed = []
        for key, connection_id in members.items():
            memory = self._memory_of(key)
            if memory.last_read is None or key in self._operations:
                continue
            found = listed.get(connection_id)
            # A list may show less than a GET does: what it showed the last time is no news.
            if found not in (memory.seen_configuration, memory.listed_configuration):
                changed.append(key)
            memory.listed_configuration = found
        self._enqueue(changed)
        return len(changed)
