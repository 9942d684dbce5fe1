"""Which gateways are busy. Azure takes one operation at a time per gateway; we send the next when ours has ended.

A gateway that this process has not written to yet may be busy from before: its connections are read once first. Who may not
read them, as it may be with the gateway of somebody else's half, writes without: then Azure's own lock tells.
"""

import logging
from collections.abc import Callable

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import TERMINAL_STATES
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.domain.passes.verdicts import Busy
from azure_vpn_operator.ports import ConnectionsPort
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.reservations import Reservations

log = logging.getLogger(__name__)


class GatewayLedger:
    """Reservations of gateways by connections."""

    def __init__(
        self, connections_for: Callable[[str], ConnectionsPort], reservations: Reservations[ObjectKey]
    ) -> None:
        """Take the connections in Azure as a namespace sees them."""
        self._connections_for = connections_for
        self._reservations = reservations
        self._known: set[str] = set()

    async def reserve(
        self, key: ObjectKey, connections: frozenset[ArmId], gateways: frozenset[ArmId], priority: Priority
    ) -> Busy | Fault | None:
        """Reserve all the gateways for one write, or none. None means that the write may go out."""
        for gateway in sorted(gateways, key=lambda item: item.key):
            if (problem := await self._get_to_know(key.namespace, gateway, connections)) is not None:
                return problem
        if self._reservations.try_reserve(key, frozenset(gateway.key for gateway in gateways), priority=priority):
            return None
        names = sorted({_name_for(key, holder) for holder in self._reservations.blockers(key)})
        return Busy(", ".join(names) or "another operation")

    def release(self, key: ObjectKey) -> None:
        """Give back what the connection holds; whoever waits is woken."""
        self._reservations.release(key)

    def forget(self, key: ObjectKey) -> None:
        """Give back what the connection holds, and let it wait no longer."""
        self._reservations.forget(key)

    def doubt(self, gateways: frozenset[ArmId]) -> None:
        """A write whose answer was lost may be running: look at the gateway before the next one."""
        self._known -= {gateway.key for gateway in gateways}

    def doubt_all(self) -> None:
        """An operation that is not followed any more may be running, wherever: look at each gateway before its next write."""
        self._known.clear()

    async def _get_to_know(self, namespace: str, gateway: ArmId, connections: frozenset[ArmId]) -> Busy | Fault | None:
        if gateway.key in self._known:
            return None
        own = {connection.key for connection in connections}
        match await self._connections_for(namespace).list_of_gateway(gateway):
            case Unreadable(fault) if fault.kind is not FaultKind.FORBIDDEN:
                return fault
            case Unreadable() | Absent():
                return None
            case Present(uses):
                running = [
                    use.connection_id
                    for use in uses
                    if use.provisioning_state not in TERMINAL_STATES and use.connection_id.lower() not in own
                ]
                if running:
                    log.info("a gateway is busy from before", extra={"gateway": str(gateway), "busyWith": running[0]})
                    # Its name is not said in a status: it may be another namespace's.
                    return Busy("another connection")
                self._known.add(gateway.key)
                return None


def _name_for(reader: ObjectKey, holder: ObjectKey) -> str:
    """How an object is called in the status of another: names of other namespaces are not told."""
    same = reader.namespace == holder.namespace
    return f"{holder.namespace}/{holder.name}" if same else "a connection of another namespace"
