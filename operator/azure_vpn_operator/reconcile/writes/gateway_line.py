"""Which gateways are busy, and who is next. Azure takes one operation at a time per gateway; we send the next when ours has ended.

A gateway that this process has not written to yet may be busy from before: its connections are read once first, by whoever has
come to the front. Who may not read them, as it may be with the gateway of somebody else's half, writes without: then Azure's own
lock tells.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import TERMINAL_STATES
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.domain.passes.verdicts import Busy
from azure_vpn_operator.ports import ConnectionsPort
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.line import Line
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)

BUSY_FROM_BEFORE_SECONDS: Final = 10.0
"""So long nobody is let to a gateway on which somebody else's operation was seen."""


class GatewayLine:
    """The line of the connections in front of the gateways. A pair stands in it once, for both of its gateways."""

    def __init__(self, connections_for: Callable[[str], ConnectionsPort], line: Line[ObjectKey]) -> None:
        """Take the connections in Azure as a namespace sees them."""
        self._connections_for = connections_for
        self._line = line
        self._known: set[str] = set()
        self._priorities: dict[ObjectKey, Priority] = {}
        self._announced: dict[ObjectKey, Priority] = {}
        """How urgent the next write is of those whose own operation still runs."""
        self._wishes: dict[ObjectKey, object] = {}
        """What those who hold gateways have written, or are about to write."""

    def enter(self, key: ObjectKey, gateways: frozenset[str], priority: Priority) -> Busy | None:
        """Take all these gateways (as comparable texts), or a place in the line; None if the connection has them. No I/O.

        The place is given by the best priority that the connection ever came with since it last had nothing to write.
        """
        known = (self._priorities.get(key, priority), self._announced.pop(key, priority))
        if not gateways <= self._line.held_by(key):
            # What it holds is for a write that it does not want any more.
            self.release(key)
        priority = self._priorities[key] = min(priority, *known)
        if self._line.enter(key, gateways, priority=priority):
            return None
        names = sorted({_name_for(key, holder) for holder in self._line.blockers(key)})
        return Busy(", ".join(names) or "another operation", self._line.ahead_of(key))

    async def reserve(
        self,
        key: ObjectKey,
        connections: frozenset[ArmId],
        gateways: frozenset[ArmId],
        priority: Priority,
        wish: object = None,
        *,
        runs: bool = False,
    ) -> Busy | Fault | None:
        """Take all the gateways for one write, or a place in the line. None means that the write may go out.

        Who holds them from a write for another `wish` goes back into the line: a change that has come meanwhile has its own place. As
        long as an operation of its own `runs`, as that of the other half of a pair, it can neither give them back nor go on.
        """
        wanted = frozenset(gateway.key for gateway in gateways)
        if wish is not None and self._wishes.get(key, wish) != wish:
            if runs:
                return Busy("its own operation")
            del self._wishes[key]
            # The pass that sees the end of an operation is urgent, and the next change is so only if somebody has edited the object.
            own = priority if priority is Priority.UNDO else max(priority, Priority.ROLLOUT)
            priority = self._priorities[key] = min(own, self._announced.pop(key, own))
            self._line.enter_anew(key, wanted, priority=priority)
        if (busy := self.enter(key, wanted, priority)) is not None:
            return busy
        for gateway in sorted(gateways, key=lambda item: item.key):
            problem = await self._get_to_know(key.namespace, gateway, connections)
            if isinstance(problem, Busy):
                self.step_back(key, gateways, BUSY_FROM_BEFORE_SECONDS)
                return problem
            if problem is not None:
                self.release(key)
                return problem
        if wish is not None:
            self._wishes[key] = wish
        return None

    def announce(self, key: ObjectKey, priority: Priority) -> None:
        """Remember how urgent the next write of a connection is, while its own operation keeps it from the line."""
        self._announced[key] = min(priority, self._announced.get(key, priority))

    def claim(self, key: ObjectKey) -> bool:
        """Whether the connection has the gateways that it waits for; to be asked whenever it is looked at. No I/O."""
        return self._line.claim(key)

    def places(self) -> Mapping[ObjectKey, int]:
        """How many stand in front of each connection that waits."""
        return {key: self._line.ahead_of(key) for key in self._line.waiting()}

    def lengths(self) -> Mapping[str, int]:
        """How many wait for each gateway that somebody has or waits for; gateways as comparable texts."""
        return {**dict.fromkeys(self._line.held(), 0), **self._line.lengths()}

    def waits(self, key: ObjectKey) -> bool:
        """Whether the connection stands in the line."""
        return self._line.waits(key)

    def release(self, key: ObjectKey) -> None:
        """Give back what the connection has; the next one is told. Its next write has an urgency of its own."""
        if self._line.held_by(key):
            self._priorities.pop(key, None)
        self._wishes.pop(key, None)
        self._line.release(key)

    def leave(self, key: ObjectKey) -> None:
        """Give up the place in the line; what the connection has, it keeps."""
        self._priorities.pop(key, None)
        self._announced.pop(key, None)
        self._line.leave(key)

    def forget(self, key: ObjectKey) -> None:
        """The connection gives back what it has, and its place in the line."""
        self._priorities.pop(key, None)
        self._announced.pop(key, None)
        self._wishes.pop(key, None)
        self._line.forget(key)

    def step_back(self, key: ObjectKey, gateways: Iterable[ArmId], seconds: float) -> None:
        """Azure does something else there: nobody gets these gateways for so long, and the connection waits again."""
        wanted = frozenset(gateway.key for gateway in gateways)
        self._line.close(wanted, seconds)
        priority = self._priorities.get(key, Priority.EDIT)
        self.release(key)
        self._priorities[key] = priority
        self._line.enter(key, wanted, priority=priority)

    def doubt(self, gateways: Iterable[ArmId]) -> None:
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
