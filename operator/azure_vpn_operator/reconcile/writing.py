"""The writes to Azure: one per pass, under a reservation of the gateways, its operation remembered until it ends."""

import logging
from collections.abc import Mapping
from typing import Any

from azure_vpn_operator.domain.canonical import ArmId
from azure_vpn_operator.domain.faults import Fault
from azure_vpn_operator.domain.lookups import Present
from azure_vpn_operator.domain.snapshot import KeyCheck, KeyFound, OperationKind, Snapshot
from azure_vpn_operator.domain.steps import Delete, LetGo, PatchTags, Put, SetKey, Write
from azure_vpn_operator.domain.target import Target
from azure_vpn_operator.domain.verdicts import Accepted, Outcome
from azure_vpn_operator.ports import Accepted as PortAccepted
from azure_vpn_operator.ports import ConnectionsPort
from azure_vpn_operator.reconcile.gateway_ledger import GatewayLedger
from azure_vpn_operator.reconcile.memory import ConnectionMemory
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)


class Writer:
    """Carries out the writing steps."""

    def __init__(
        self, connections: ConnectionsPort, ledger: GatewayLedger, operations: Operations, clock: Clock
    ) -> None:
        self._connections = connections
        self._ledger = ledger
        self._operations = operations
        self._clock = clock

    async def write(
        self, key: ObjectKey, snapshot: Snapshot, step: Write, memory: ConnectionMemory, priority: Priority
    ) -> Outcome:
        """Send the step's write, if the gateways are free. A write never waits for its operation."""
        connection = _connection_of(snapshot)
        gateways = _gateways_of(snapshot)
        if (stopped := await self._ledger.reserve(key, connection, gateways, priority)) is not None:
            return stopped
        answer: PortAccepted | Fault | None = None
        try:
            answer = await self._send(connection, snapshot, step)
        finally:
            if answer is None:
                self._ledger.release(key)
        log.info(
            "wrote to Azure",
            extra={"step": type(step).__name__, "why": getattr(step, "why", ""), "answer": _in_short(answer)},
        )
        if isinstance(answer, Fault):
            if answer.outcome_unknown:
                self._ledger.doubt(gateways)
            self._ledger.release(key)
            return answer
        if isinstance(step, SetKey):
            memory.key.forget()
        if isinstance(step, Put) and step.with_key and isinstance(snapshot.key, KeyFound):
            memory.key.remember(snapshot.key.version, KeyCheck.EQUAL, self._clock.now())
        if answer.operation_url is None:
            self._ledger.release(key)
            return Accepted(answer.retry_after)
        self._operations.begin(
            key,
            _kind(step),
            answer.operation_url,
            connection.subscription,
            answer.retry_after,
            creating=isinstance(step, Put) and step.creating,
        )
        return Accepted(answer.retry_after)

    def nothing_to_write(self, key: ObjectKey, snapshot: Snapshot) -> None:
        """Stop waiting for gateways, and give them back once nothing runs any more.

        An operation may be reported as done while the connection is still Updating: then its gateways stay reserved.
        """
        running = key in self._operations or (isinstance(snapshot.live, Present) and not snapshot.live.value.settled)
        if not running:
            self._ledger.forget(key)

    def forget(self, key: ObjectKey) -> None:
        """The object is gone: so are its operation and its reservations."""
        self._operations.forget(key)
        self._ledger.forget(key)

    async def _send(self, connection: ArmId, snapshot: Snapshot, step: Write) -> PortAccepted | Fault:
        match step:
            case Put():
                return await self._connections.put(connection, _body(snapshot, step))
            case PatchTags(tags=tags) | LetGo(tags=tags):
                return await self._connections.patch_tags(connection, tags)
            case SetKey():
                if not isinstance(snapshot.key, KeyFound):
                    raise ValueError("there is no key to set")
                return await self._connections.put_shared_key(connection, snapshot.key.key)
            case Delete():
                return await self._connections.delete(connection)


def _body(snapshot: Snapshot, step: Put) -> Mapping[str, Any]:
    if not step.with_key:
        return step.body
    if not isinstance(snapshot.key, KeyFound):
        raise ValueError("there is no key to create with")
    return {**step.body, "properties": {**step.body["properties"], "sharedKey": snapshot.key.key.value}}


def _kind(step: Write) -> OperationKind:
    match step:
        case Put():
            return OperationKind.PUT
        case PatchTags() | LetGo():
            return OperationKind.TAGS
        case SetKey():
            return OperationKind.SHARED_KEY
        case Delete():
            return OperationKind.DELETE


def _connection_of(snapshot: Snapshot) -> ArmId:
    """What was read is what is written."""
    if isinstance(snapshot.live, Present):
        return snapshot.live.value.id
    if isinstance(snapshot.target, Target):
        return snapshot.target.connection
    raise ValueError("no connection to write to")


def _gateways_of(snapshot: Snapshot) -> frozenset[ArmId]:
    if isinstance(snapshot.target, Target):
        found = (snapshot.target.gateway, snapshot.target.peer_gateway)
        return frozenset(gateway for gateway in found if gateway is not None)
    if isinstance(snapshot.live, Present):
        live = snapshot.live.value
        return frozenset(ArmId.parse(text) for text in (live.gateway_id, live.peer_gateway_id) if text)
    return frozenset()


def _in_short(answer: PortAccepted | Fault | None) -> str:
    match answer:
        case None:
            return "interrupted"
        case Fault() as fault:
            return f"{fault} (request {fault.request_id})" if fault.request_id else str(fault)
        case PortAccepted():
            return "accepted"
