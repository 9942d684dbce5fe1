"""The writes to Azure: with all gateways concerned in hand, each operation remembered until it ends."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure_vpn_operator.domain.access import touched_by
from azure_vpn_operator.domain.azure.bodies import read_put_body
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, verdict
from azure_vpn_operator.domain.azure.lookups import Present, SharedKey
from azure_vpn_operator.domain.azure.operation_end import Sent, SentConfiguration, SentDeletion, SentTags
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.reset_view import SentReset
from azure_vpn_operator.domain.passes.snapshot import (
    GeneratedKey,
    KeyCheck,
    KeyFound,
    OpenOperation,
    OperationKind,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import Delete, LetGo, PatchTags, Put, Reset, SetKey, Write
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy, Outcome, message_of_write, retry_seconds
from azure_vpn_operator.ports import Accepted as PortAccepted
from azure_vpn_operator.reconcile.facts.gather import mark_of
from azure_vpn_operator.reconcile.memory import ConnectionMemory, HalfKey
from azure_vpn_operator.reconcile.operations import Beginning, Operations
from azure_vpn_operator.reconcile.tenancy import Tenancy
from azure_vpn_operator.reconcile.writes.gateway_line import GatewayLine
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """One write that a pass wants sent."""

    key: HalfKey
    snapshot: Snapshot
    step: Write
    memory: ConnectionMemory


class Writer:
    """Carries out the writing steps."""

    def __init__(self, tenancy: Tenancy, line: GatewayLine, operations: Operations, clock: Clock) -> None:
        self._tenancy = tenancy
        self._line = line
        self._operations = operations
        self._clock = clock

    async def reserve(
        self, holder: ObjectKey, orders: Sequence[Order], unit: Sequence[Snapshot], priority: Priority
    ) -> Busy | Fault | None:
        """Take all gateways that the writes need, or a place in the line; None: the holder has them, and should send.

        `unit` are all halves that the pass is about.
        """
        connections = frozenset(filter(None, (_known_connection(snapshot) for snapshot in unit)))
        runs = any(isinstance(snapshot.operation, OpenOperation) for snapshot in unit)
        return await self._line.reserve(holder, connections, _all_gateways_of(orders), priority, _wish(unit), runs=runs)

    async def send(self, holder: ObjectKey, orders: Sequence[Order], unit: Sequence[Snapshot]) -> list[Outcome]:
        """Send the writes one after the other, each only if Azure accepted the one before; the gateways must be reserved.

        Returns an outcome for each order; None for a write that was not sent because of the one before, or since the access
        rules have come to forbid one of the unit. No write waits for an operation.
        """
        gateways = _all_gateways_of(orders)
        outcomes: list[Outcome] = []
        for order in orders:
            may_go = (not outcomes or isinstance(outcomes[-1], Accepted)) and self.may_write(holder, unit)
            outcomes.append(await self._write_one(order, gateways) if may_go else None)
        self._note_locks(holder, orders, outcomes, gateways)
        return outcomes

    def waits(self, holder: ObjectKey) -> bool:
        """Whether the unit waits for a gateway."""
        return self._line.waits(holder)

    def nothing_to_write(self, holder: ObjectKey, keys: Sequence[HalfKey]) -> None:
        """The halves are as they should be, or cannot be helped: wait for gateways no longer."""
        if not any(key in self._operations for key in keys):
            for waiting in {holder, *(key.object for key in keys)}:
                self._line.leave(waiting)

    def give_back(self, holder: ObjectKey, halves: Mapping[HalfKey, ConnectionMemory]) -> None:
        """Let the next one have the gateways, unless something of these halves is still running.

        An operation may be reported as done while the connection is still Updating: then they are kept.
        """
        if any(key in self._operations or memory.updating_since is not None for key, memory in halves.items()):
            return
        for member in {holder, *(key.object for key in halves)}:
            self._line.release(member)

    def join(self, holder: ObjectKey, keys: Iterable[HalfKey], unit: Iterable[ObjectKey]) -> None:
        """Let `holder` stand for the unit from now on: what an object reserved while it was by itself is given back.

        Not before its operation has ended.
        """
        busy = {key.object for key in keys if key in self._operations}
        for member in set(unit) - busy - {holder}:
            self._line.forget(member)

    def abandon(self, key: HalfKey) -> None:
        """The object may no longer touch the connection: an operation that still runs is not looked at any more.

        Whoever writes to the gateway next looks first whether it has ended.
        """
        if key in self._operations:
            self._operations.forget(key)
            self._line.doubt_all()

    def may_write(self, holder: ObjectKey, unit: Sequence[Snapshot]) -> bool:
        """Ask the rules of this moment, which may be newer than those that the pass began with."""
        for snapshot in unit:
            connection = _known_connection(snapshot)
            if connection is None or snapshot.denial is not None:
                continue
            touched = touched_by(connection, snapshot.subject, snapshot.target, snapshot.live)
            if self._tenancy.check(holder.namespace, touched) is not None:
                return False
        return True

    def forget(self, key: ObjectKey, halves: Iterable[HalfKey]) -> None:
        """The object is gone: so are the operations of its halves, and its place in the line."""
        for half in halves:
            self._operations.forget(half)
        self._line.forget(key)

    async def _write_one(self, order: Order, gateways: frozenset[ArmId]) -> Outcome:
        step, snapshot, memory = order.step, order.snapshot, order.memory
        connection = _connection_of(snapshot)
        answer = await self._send(order.key.object.namespace, connection, snapshot, step)
        log.info(
            "wrote to Azure",
            extra={
                "connection": connection.name,
                "step": type(step).__name__,
                "why": getattr(step, "why", ""),
                "answer": _in_short(answer),
            },
        )
        if isinstance(answer, Fault):
            self._note_fault(order, answer, gateways)
            return answer
        memory.locked_by_partner = False
        if isinstance(step, SetKey):
            memory.key.forget()
        if isinstance(step, Reset):
            memory.sent_reset = SentReset(snapshot.reset.due or "")
        if isinstance(step, Put) and step.with_key and isinstance(snapshot.key, KeyFound):
            memory.key.remember(snapshot.key_digest or snapshot.key.version, KeyCheck.EQUAL, self._clock.now())
        if answer.operation_url is None:
            return Accepted(answer.retry_after)
        beginning = Beginning(
            _kind(step),
            connection.subscription,
            answer,
            _sent(snapshot, step),
            creating=isinstance(step, Put) and step.creating,
            why=message_of_write(step),
        )
        return Accepted(self._operations.begin(order.key, beginning))

    def _note_fault(self, order: Order, fault: Fault, gateways: frozenset[ArmId]) -> None:
        if fault.outcome_unknown:
            self._line.doubt(gateways)
        order.memory.locked_by_partner = fault.kind is FaultKind.BUSY
        if isinstance(order.step, Put) and verdict(fault).stalled:
            seconds = fault.retry_after or verdict(fault).retry_seconds
            order.memory.note_refusal(fault, self._clock.now(), seconds)

    def _note_locks(
        self, holder: ObjectKey, orders: Sequence[Order], outcomes: Sequence[Outcome], gateways: frozenset[ArmId]
    ) -> None:
        """Azure says that a gateway is locked: nobody else is sent there to be told the same."""
        if any(order.key in self._operations for order in orders):
            # Then it is the unit's other half that locks it.
            return
        for order, outcome in zip(orders, outcomes, strict=True):
            if isinstance(outcome, Fault) and outcome.kind is FaultKind.BUSY:
                self._line.step_back(holder, gateways, retry_seconds(order.snapshot, outcome))

    async def _send(self, namespace: str, connection: ArmId, snapshot: Snapshot, step: Write) -> PortAccepted | Fault:
        azure = self._tenancy.connections_for(namespace)
        match step:
            case Put():
                return await azure.put(connection, _body(snapshot, step))
            case PatchTags(tags=tags) | LetGo(tags=tags):
                return await azure.patch_tags(connection, tags)
            case SetKey():
                return await azure.put_shared_key(connection, _key_of(snapshot))
            case Reset():
                return await azure.reset(connection)
            case Delete():
                return await azure.delete(connection)


def _body(snapshot: Snapshot, step: Put) -> Mapping[str, Any]:
    if not step.with_key:
        return step.body
    return {**step.body, "properties": {**step.body["properties"], "sharedKey": _key_of(snapshot).value}}


def _key_of(snapshot: Snapshot) -> SharedKey:
    if not isinstance(snapshot.key, KeyFound | GeneratedKey):
        raise ValueError("there is no key to write")
    return snapshot.key.key


def _kind(step: Write) -> OperationKind:
    match step:
        case Put():
            return OperationKind.PUT
        case PatchTags() | LetGo():
            return OperationKind.TAGS
        case SetKey():
            return OperationKind.SHARED_KEY
        case Reset():
            return OperationKind.RESET
        case Delete():
            return OperationKind.DELETE


def _sent(snapshot: Snapshot, step: Write) -> Sent | None:
    match step:
        case Put() if isinstance(snapshot.target, Target):
            return SentConfiguration(read_put_body(step.body, snapshot.target))
        case PatchTags(tags=tags) | LetGo(tags=tags):
            return SentTags(tags)
        case Delete():
            return SentDeletion()
        case _:
            return None


def _connection_of(snapshot: Snapshot) -> ArmId:
    found = _known_connection(snapshot)
    if found is None:
        raise ValueError("no connection to write to")
    return found


def _wish(unit: Sequence[Snapshot]) -> object:
    """What the unit wants now; None while its halves hold different policies: then it must not wait for others."""
    held = {snapshot.live.value.policies for snapshot in unit if isinstance(snapshot.live, Present)}
    return tuple(mark_of(snapshot.metadata, snapshot.policy) for snapshot in unit) if len(held) <= 1 else None


def _known_connection(snapshot: Snapshot) -> ArmId | None:
    """What was read is what is written."""
    if isinstance(snapshot.live, Present):
        return snapshot.live.value.id
    return snapshot.target.connection if isinstance(snapshot.target, Target) else None


def _all_gateways_of(orders: Sequence[Order]) -> frozenset[ArmId]:
    return frozenset().union(*(_gateways_of(order.snapshot) for order in orders))


def _gateways_of(snapshot: Snapshot) -> frozenset[ArmId]:
    if isinstance(snapshot.target, Target):
        found = (snapshot.target.gateway, snapshot.target.peer_gateway)
        return frozenset(gateway for gateway in found if gateway is not None)
    if isinstance(snapshot.live, Present):
        live = snapshot.live.value
        return frozenset(ArmId.parse(text) for text in (live.gateway_id, live.peer_gateway_id) if text)
    return frozenset()


def _in_short(answer: PortAccepted | Fault) -> str:
    match answer:
        case Fault() as fault:
            return f"{fault} (request {fault.request_id})" if fault.request_id else str(fault)
        case PortAccepted():
            return "accepted"
