"""Drift is found by one LIST per resource group and minute: a connection that shows otherwise than last seen gets a pass."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole
from azure_vpn_operator.domain.access import Identity, Touched, touched_by
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.reconcile.memory import ConnectionMemory, HalfKey
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader, Store
from azure_vpn_operator.reconcile.tenancy import Tenancy
from azure_vpn_operator.runtime.keys import ObjectKey

log = logging.getLogger(__name__)

_AT_ONCE: Final = 200
"""Objects that are looked at in one go."""


@dataclass(frozen=True, slots=True)
class Group:
    """A resource group as one identity sees it; names in lower case."""

    subscription: str
    name: str
    identity: Identity | None = None


class GroupWatch:
    """Looks at whole resource groups."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        tenancy: Tenancy,
        operations: Operations,
        memory_of: Callable[[HalfKey], ConnectionMemory],
        enqueue: Callable[[Iterable[ObjectKey]], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._tenancy = tenancy
        self._operations = operations
        self._memory_of = memory_of
        self._enqueue = enqueue

    async def groups(self) -> dict[Group, dict[HalfKey, Touched]]:
        """The groups with the halves in them that may be looked at there. Others get their turn meanwhile."""
        found: dict[Group, dict[HalfKey, Touched]] = {}
        for number, record in enumerate(self._store.list(CONNECTION), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            subject = self._reader.connection(record)
            if not isinstance(subject, VpnConnection):
                continue
            sides = {HalfRole.FORWARD: subject}
            if subject.spec.reverse is not None:
                sides[HalfRole.REVERSE] = self._reader.mirrored(subject)
            for role, side in sides.items():
                target = self._reader.target(side)
                if isinstance(target, Target):
                    key = ObjectKey(CONNECTION, subject.metadata.namespace, subject.metadata.name)
                    where = self._group_of(key.namespace, target)
                    touched = touched_by(target.connection, side, target)
                    if self._tenancy.check(key.namespace, touched) is None:
                        found.setdefault(where, {})[HalfKey(key, role)] = touched
        return found

    async def look(self, group: Group, members: Mapping[HalfKey, Touched]) -> int:
        """List one group and ask for a pass over each connection that has changed; returns how many."""
        # The rules may be newer than the members.
        members = {half: touched for half, touched in members.items() if self._belongs(half, group, touched)}
        if not members:
            return 0
        azure = self._tenancy.ports_for(next(iter(members)).object.namespace)
        read = await azure.connections.list_group(group.subscription, group.name)
        if not isinstance(read, Present):
            log.info("could not list a resource group", extra={"resourceGroup": group.name, "answer": str(read)})
            return 0
        listed = {connection.id.key: connection for connection in read.value}
        changed, uncompared = [], []
        for number, (half, touched) in enumerate(members.items(), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            memory = self._memory_of(half)
            connection = listed.get(touched.connection.key)
            if not memory.compared:
                uncompared += [connection] if connection is not None else []
                continue
            if half in self._operations:
                continue
            found = connection.configuration if connection is not None else None
            # A list may show less than a GET does: what it showed the last time is no news.
            if found not in (memory.seen_configuration, memory.listed_configuration):
                changed.append(half.object)
            memory.listed_configuration = found
        azure.listed.renew(group.subscription, group.name, uncompared)
        self._enqueue(changed)
        return len(changed)

    def _group_of(self, namespace: str, target: Target) -> Group:
        connection = target.connection
        identity = self._tenancy.rules.identity_of(namespace)
        return Group(connection.subscription.lower(), connection.resource_group.lower(), identity)

    def _belongs(self, half: HalfKey, group: Group, touched: Touched) -> bool:
        namespace = half.object.namespace
        same = self._tenancy.rules.identity_of(namespace) == group.identity
        return same and self._tenancy.check(namespace, touched) is None
