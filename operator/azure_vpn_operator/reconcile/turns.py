"""Waiting before anything is read: who is foreseen to write says once what it waits for, and does nothing.

What takes a tunnel down waits first for a change window, where it stands in no line, and is read as any other connection: a tunnel that
goes down meanwhile must not stay unseen for days, nor its repair wait. Then it waits for a place among the changes that may take a tunnel
down, and everybody for his gateways. It is looked at again when its turn has come, when its object or policy changes, and, in case
that something was missed, after a long time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.snapshot import Assignment, PolicyFound
from azure_vpn_operator.domain.passes.verdicts import IN_LINE_SECONDS
from azure_vpn_operator.domain.planning.foresight import StoredFacts, drops_the_tunnel, foresee_closed, foresee_gateways
from azure_vpn_operator.domain.reporting.waiting import Waiting, says_that_it_waits, waiting_status
from azure_vpn_operator.domain.rollout.overlay import why_held
from azure_vpn_operator.domain.rollout.window_gate import message_of_wait
from azure_vpn_operator.domain.rollout.windows import Closed
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.facts.gather import Gatherer, mark_of
from azure_vpn_operator.reconcile.halves import is_rolling_back
from azure_vpn_operator.reconcile.memory import HalfKey, Memories
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.pass_result import PassResult
from azure_vpn_operator.reconcile.reading import Reader
from azure_vpn_operator.reconcile.timed_reads import Knowledge, combine_knowledge
from azure_vpn_operator.reconcile.writes.gateway_line import GatewayLine
from azure_vpn_operator.reconcile.writes.object_writer import ObjectWriter
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

_LONGEST_REST: Final = timedelta(seconds=IN_LINE_SECONDS)
_SOON_ENOUGH: Final = 0.8
"""After so much of the interval a look may be the one that reads: looks by time come a little earlier or later."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What a unit came into the line for."""

    marks: Mapping[HalfKey, tuple[object, ...]]
    since: datetime


class Turns:
    """Which units may do a pass now, and which wait."""

    def __init__(
        self,
        *,
        installation: Installation,
        reader: Reader,
        gatherer: Gatherer,
        operations: Operations,
        line: GatewayLine,
        disruptions: Disruptions,
        objects: ObjectWriter,
        memories: Memories,
        clock: Clock,
        steady_seconds: float,
    ) -> None:
        self._installation = installation
        self._reader = reader
        self._gatherer = gatherer
        self._operations = operations
        self._line = line
        self._disruptions = disruptions
        self._objects = objects
        self._memories = memories
        self._clock = clock
        self._steady_seconds = steady_seconds
        self._places: dict[ObjectKey, _Place] = {}

    async def wait(self, unit: Sequence[ObjectKey], priority: Priority) -> PassResult | None:
        """Have the unit wait if that is all it can do; None if its pass is to be done now."""
        holder = unit[0]
        has_turn, halves = self._line.claim(holder), self._halves(unit)
        runs = any(half in self._operations or self._memories.of(half).updating_since is not None for half, _ in halves)
        if runs and _is_edited(halves):
            self._line.announce(holder, Priority.EDIT)
        if has_turn or runs:
            return None
        marks = {half: mark_of(facts.metadata, facts.policy) for half, facts in halves}
        place = self._places.get(holder)
        in_line = self._disruptions.still_waits(holder) or self._line.waits(holder)
        if in_line and place is not None and place.marks == marks and not self._is_due(place, halves):
            return PassResult(self._look_in(holder))
        gateways = self._foresee(halves)
        if not gateways:
            self._places.pop(holder, None)
            held = self._held_back(halves) if priority is Priority.ROLLOUT else None
            return await self._rest_held_back(halves, held) if held is not None else None
        urgency = _line_priority(halves, priority)
        if self._drops(halves):
            closed = foresee_closed([facts for _, facts in halves], self._installation, self._clock.now())
            if closed is not None:
                return await self._stay_outside(holder, halves, closed)
            if (no_place := self._disruptions.enter(unit, urgency)) is not None:
                self._line.leave(holder)
                return await self._rest(holder, marks, halves, Waiting(no_place.reason, no_place.message))
        busy = self._line.enter(holder, gateways, urgency)
        if busy is None:
            self._places.pop(holder, None)
            return None
        return await self._rest(holder, marks, halves, Waiting(Reason.GATEWAY_BUSY, busy.message))

    async def _rest(
        self,
        holder: ObjectKey,
        marks: Mapping[HalfKey, tuple[object, ...]],
        halves: Sequence[tuple[HalfKey, StoredFacts]],
        waiting: Waiting,
    ) -> PassResult:
        self._places[holder] = _Place(marks, self._clock.now())
        return await self._tell(halves, waiting) or PassResult(self._look_in(holder))

    def _look_in(self, holder: ObjectKey) -> float:
        """Seconds until the unit looks by itself: when too many changes have failed, one is tried after a while."""
        return self._disruptions.look_in() if self._disruptions.waits(holder) else IN_LINE_SECONDS

    async def _stay_outside(
        self, holder: ObjectKey, halves: Sequence[tuple[HalfKey, StoredFacts]], closed: Closed
    ) -> PassResult | None:
        """Have the unit wait for a window: it stands nowhere, and is read as one in peace; None if it is to be read now."""
        self._line.leave(holder)
        self._disruptions.leave(holder)
        self._places.pop(holder, None)
        read_in, knowledge = self._next_read(halves)
        if knowledge is None:
            return None
        waiting = Waiting(Reason.WAITING_FOR_WINDOW, message_of_wait(closed), goes_on=False)
        if (ended := await self._tell(halves, waiting)) is not None:
            return ended
        opens_in = (closed.opens - self._clock.now()).total_seconds() if closed.opens is not None else None
        return PassResult(read_in, alarm_in=opens_in, knowledge=knowledge)

    def _next_read(self, halves: Sequence[tuple[HalfKey, StoredFacts]]) -> tuple[float, Knowledge | None]:
        """In how many seconds the unit is to be read by time, and what that is planned with; None: it is to be read now."""
        found, delays = [], []
        for half, facts in halves:
            read_at = self._memories.of(half).last_read
            if not isinstance(facts.target, Target) or read_at is None:
                return 0.0, None
            interval, age = self._gatherer.cadence_of(half, facts.target).steady, self._clock.now() - read_at
            if age.total_seconds() >= interval * _SOON_ENOUGH:
                return 0.0, None
            delays.append(interval - age.total_seconds())
            found.append(Knowledge(facts.target.connection.subscription, read_at))
        return min(delays), combine_knowledge(found)

    def note_planned(self, holder: ObjectKey, marks: Mapping[HalfKey, tuple[object, ...]]) -> None:
        """A pass has read and planned with these versions, and waits: it need not do so again before its turn has come."""
        self._places[holder] = _Place(marks, self._clock.now())

    def forget(self, key: ObjectKey) -> None:
        """The object is gone, or is now looked after with another one."""
        self._places.pop(key, None)

    def _halves(self, unit: Sequence[ObjectKey]) -> list[tuple[HalfKey, StoredFacts]]:
        found = []
        for member in unit:
            record = self._reader.record(member)
            if record is None:
                continue
            for role in self._reader.halves_of(record):
                half = HalfKey(member, role)
                found.append((half, self._gatherer.known(half, record, self._memories.of(half))))
        return found

    def _is_due(self, place: _Place, halves: Iterable[tuple[HalfKey, StoredFacts]]) -> bool:
        """Whether the unit should be looked at although its turn has not come."""
        deleting = any(facts.metadata.deletion_timestamp is not None for _, facts in halves)
        return deleting or self._clock.now() - place.since >= _LONGEST_REST

    def _foresee(self, halves: Sequence[tuple[HalfKey, StoredFacts]]) -> frozenset[str]:
        gateways: frozenset[str] = frozenset()
        for half, facts in halves:
            memory = self._memories.of(half)
            if memory.looked_at != mark_of(facts.metadata, facts.policy):
                gateways |= foresee_gateways(facts, self._installation)
        return gateways

    def _held_back(self, halves: Sequence[tuple[HalfKey, StoredFacts]]) -> Assignment | None:
        """Set if all that has happened is that the policy has values which the unit may not have (yet)."""
        for half, facts in halves:
            found, memory = facts.policy, self._memories.of(half)
            ready = find_condition(facts.previous.conditions, ConditionType.READY)
            if not isinstance(found, PolicyFound) or found.assignment.held is None or ready is None:
                return None
            if memory.last_read is None or memory.looked_at != mark_of(facts.metadata, found):
                return None
            if ready.status is not ConditionStatus.TRUE or facts.metadata.deletion_timestamp is not None:
                return None
            return found.assignment
        return None

    async def _rest_held_back(self, halves: Sequence[tuple[HalfKey, StoredFacts]], why: Assignment) -> PassResult:
        """Say so, once the policy has decided. Nothing is read for that; the next look by time comes as it would have."""
        found = halves[0][1].policy
        if why.held is not None and not why.undecided and isinstance(found, PolicyFound):
            waiting = Waiting(*why_held(why.held, found.policy.metadata.name), in_peace=True)
            if (ended := await self._tell(halves, waiting)) is not None:
                return ended
        known = [
            Knowledge(facts.target.connection.subscription, self._memories.of(half).last_read)
            for half, facts in halves
            if isinstance(facts.target, Target)
        ]
        return PassResult(self._steady_seconds, settled=True, knowledge=combine_knowledge(known) if known else None)

    def _drops(self, halves: Iterable[tuple[HalfKey, StoredFacts]]) -> bool:
        return any(drops_the_tunnel(facts, self._memories.of(half).seen_tunnel_values) for half, facts in halves)

    async def _tell(self, halves: Sequence[tuple[HalfKey, StoredFacts]], waiting: Waiting) -> PassResult | None:
        """Say in each object's status that it waits, if that is not said yet; a result means that it could not be said."""
        told: set[ObjectKey] = set()
        for half, facts in halves:
            key = half.object
            if key in told or says_that_it_waits(facts.previous, facts.metadata.generation, waiting):
                continue
            told.add(key)
            status = waiting_status(facts, waiting, self._clock.now())
            version = facts.metadata.resource_version
            if (ended := await self._objects.write_status(key, version, status)) is not None:
                # Then the place is not told of, and the next pass tries again.
                self._places.pop(halves[0][0].object, None)
                return ended
        return None


def _line_priority(halves: Iterable[tuple[HalfKey, StoredFacts]], priority: Priority) -> Priority:
    """How urgent the change is, also if it is found by a restart: an edit of the object itself, or of what it shares with others."""
    halves = list(halves)
    if any(is_rolling_back(facts.previous.change) for _, facts in halves):
        return Priority.UNDO
    return min(priority, Priority.EDIT if _is_edited(halves) else Priority.ROLLOUT)


def _is_edited(halves: Iterable[tuple[HalfKey, StoredFacts]]) -> bool:
    """Whether somebody has changed an object of the unit, and no status has spoken of that yet."""
    return any(facts.metadata.generation != facts.previous.observed_generation for _, facts in halves)
