"""What a pass writes to the API server: finalizers and status, each known to the store at once."""

import logging
from collections.abc import Callable, Iterable

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.passes.finalizers import CONNECTION_FINALIZER
from azure_vpn_operator.ports import AnyVersion, ObjectsPort, StatusWrite, Written
from azure_vpn_operator.reconcile.pass_result import API_SERVER_RETRY_SECONDS, CONFLICT_RETRY_SECONDS, PassResult
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord
from azure_vpn_operator.reconcile.triggers import Look, looks_after
from azure_vpn_operator.runtime.keys import ObjectKey

log = logging.getLogger(__name__)


class ObjectWriter:
    """Writes VpnConnections; a result means that the pass ends here."""

    def __init__(
        self,
        store: Store,
        reader: Reader,
        objects: ObjectsPort,
        enqueue: Callable[[Iterable[Look]], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._objects = objects
        self._enqueue = enqueue

    async def set_finalizer(
        self, key: ObjectKey, record: ConnectionRecord, *, present: bool
    ) -> ConnectionRecord | PassResult:
        """Put our finalizer on the object, or take it off; returns the object as it is then."""
        metadata = record.metadata
        others = tuple(name for name in metadata.finalizers if name != CONNECTION_FINALIZER)
        wanted = (*others, CONNECTION_FINALIZER) if present else others
        written = await self._objects.write_finalizers(
            CONNECTION, key.namespace, key.name, metadata.resource_version, wanted
        )
        return self._take(key, written)

    async def write_status(
        self, key: ObjectKey, version: str | AnyVersion, status: VpnConnectionStatus
    ) -> PassResult | None:
        """Replace the status, if the object still has this version."""
        written = await self._objects.write_status(CONNECTION, key.namespace, key.name, version, status.wire())
        taken = self._take(key, written)
        return taken if isinstance(taken, PassResult) else None

    def _take(self, key: ObjectKey, written: Written | Fault) -> ConnectionRecord | PassResult:
        """Our own write is known at once, and wakes only others: this pass has already acted on it."""
        if isinstance(written, Fault):
            level = logging.ERROR if written.kind is FaultKind.FORBIDDEN else logging.WARNING
            log.log(level, "could not write to the API server", extra={"fault": str(written), "object": str(key)})
            return PassResult(written.retry_after or API_SERVER_RETRY_SECONDS, failed=True)
        if written.document is None:
            return PassResult(CONFLICT_RETRY_SECONDS if written.result is StatusWrite.CONFLICT else None)
        change = self._store.put(CONNECTION, written.document)
        self._enqueue(look for look in looks_after(change, self._reader) if look.key != key)
        # A late answer about an object that is gone meanwhile leaves nothing to go on with.
        return self._reader.record(key) or PassResult(0.0)
