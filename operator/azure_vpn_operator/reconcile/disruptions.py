"""How many tunnels may be down at once for changes: the places that the installation has, one for each site at most.

Who has no place stands in no gateway's line: it waits here, costs nothing, and is woken when its turn has come. What is taken follows
from the statuses (a change that is not confirmed holds its site), and from claims: of those who have been let through and have not
recorded their change yet.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sortedcontainers import SortedList

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.verdicts import IN_LINE_SECONDS
from azure_vpn_operator.domain.rollout.breaker import Breaker, PastVerdict, judge_breaker
from azure_vpn_operator.reconcile.reading import Reader, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord, Record
from azure_vpn_operator.reconcile.triggers import Look
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change
from azure_vpn_operator.runtime.priority import Priority

SITE_LABEL: Final = "azvpn.dev/site"
_VERDICTS_KEPT: Final = 30
_LOOKED_THROUGH: Final = 20
"""So many of those who wait for the same gateways are looked through for one whose site is free."""
_AFTER_COOL_DOWN: Final = 1.0
_OPEN: Final = frozenset({ChangeState.SENT, ChangeState.CONFIRMING, ChangeState.ROLLING_BACK})


@dataclass(frozen=True, slots=True)
class NoPlace:
    """Why a change may not begin now."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class _Wish:
    holder: ObjectKey
    site: str
    lane: str
    """The gateways that it will want."""
    priority: Priority
    arrival: int

    @property
    def rank(self) -> tuple[Any, ...]:
        return (self.priority, self.arrival, self.holder)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a record says of its change."""

    open_site: str | None
    lane: str
    verdict: PastVerdict | None


class Disruptions:
    """Who may take a tunnel down now."""

    def __init__(
        self, store: Store, reader: Reader, clock: Clock, limit: int, enqueue: Callable[[Iterable[Look]], None]
    ) -> None:
        """Follow the store from now on; it must be empty as yet. `limit` 0: everybody may, and nothing stops them."""
        self._reader = reader
        self._clock = clock
        self._limit = limit
        self._enqueue = enqueue
        self._sites: Counter[str] = Counter()
        """Sites with a change that is not confirmed, and how many objects say so: the halves of a pair are two."""
        self._load: Counter[str] = Counter()
        """The same by gateways, with the claims."""
        self._claims: dict[ObjectKey, _Wish] = {}
        self._waiting: dict[ObjectKey, _Wish] = {}
        self._lanes: dict[str, SortedList[tuple[Any, ...]]] = {}
        self._verdicts: SortedList[PastVerdict] = SortedList()
        self._arrivals = 0
        store.listen(self._follow)

    @property
    def unconfirmed(self) -> int:
        """How many changes are not confirmed, with those that are about to begin; a pair is one."""
        return len(self._taken())

    @property
    def breaker(self) -> Breaker:
        """Whether too many changes have failed."""
        return judge_breaker(self._verdicts[-_VERDICTS_KEPT:])

    def __len__(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def enter(self, unit: Sequence[ObjectKey], priority: Priority) -> NoPlace | None:
        """Take a place for a change of the unit's tunnel, or wait for one; None if it may begin. No I/O."""
        if not self._limit:
            return None
        holder = unit[0]
        records = [record for key in unit if (record := self._reader.record(key)) is not None]
        if holder in self._claims or not records or any(_is_open(record) for record in records):
            return None
        wish = self._waiting.get(holder)
        if wish is None or priority < wish.priority:
            self._drop(holder)
            self._arrivals += 1
            wish = _Wish(holder, site_of(records[0]), _lane_of(records[0]), priority, self._arrivals)
            self._waiting[holder] = wish
            self._lanes.setdefault(wish.lane, SortedList()).add(wish.rank)
        self._offer(asking=holder)
        return None if holder in self._claims else self._explain(wish)

    def waits(self, holder: ObjectKey) -> bool:
        """Whether the unit waits for a place."""
        return holder in self._waiting

    def still_waits(self, holder: ObjectKey) -> bool:
        """The same, to be asked whenever the unit is looked at: time alone may have made a place free."""
        if holder in self._waiting:
            self._offer(asking=holder)
        return holder in self._waiting

    def look_in(self) -> float:
        """Seconds until it makes sense that one of those who wait looks by itself."""
        one_from = self.breaker.one_from
        if one_from is None:
            return IN_LINE_SECONDS
        return min(max((one_from - self._clock.now()).total_seconds(), 0.0) + _AFTER_COOL_DOWN, IN_LINE_SECONDS)

    def leave(self, holder: ObjectKey) -> None:
        """The unit wants no place (any more); what it has not used goes to the next one."""
        self._drop(holder)
        claim = self._claims.pop(holder, None)
        if claim is not None:
            self._load[claim.lane] -= 1
            self._offer()

    def _taken(self) -> set[str]:
        return {*self._sites, *(claim.site for claim in self._claims.values())}

    def _explain(self, wish: _Wish) -> NoPlace:
        breaker = self.breaker
        if not breaker.lets_through(self._clock.now(), self.unconfirmed):
            failed = ", ".join(name.partition("/")[2] for name in breaker.failures if self._is_told(name, wish))
            whose = f" ({failed})" if failed else ""
            return NoPlace(
                Reason.FLEET_HALTED,
                f"{len(breaker.failures)} of the last changes did not bring their tunnels back{whose}: no more tunnels are taken "
                "down; 15 minutes after the last failure one change is tried",
            )
        if wish.site in self._taken():
            return NoPlace(Reason.SITE_BUSY, "another change at the same site is not confirmed yet")
        return NoPlace(
            Reason.WAITING_FOR_BUDGET,
            f"{self.unconfirmed} changes that take a tunnel down are not confirmed yet, and maxDisruptions is {self._limit}",
        )

    @staticmethod
    def _is_told(name: str, wish: _Wish) -> bool:
        """Names of other namespaces are not told."""
        return name.partition("/")[0] == wish.holder.namespace

    def _offer(self, *, asking: ObjectKey | None = None) -> None:
        """Give free places to those who wait; all but the one who asks are told."""
        if not self._waiting:
            return
        taken = self._taken()
        breaker, now = self.breaker, self._clock.now()
        while len(taken) < self._limit and breaker.lets_through(now, len(taken)):
            wish = self._next(taken)
            if wish is None:
                return
            self._drop(wish.holder)
            self._claims[wish.holder] = wish
            self._load[wish.lane] += 1
            taken.add(wish.site)
            if wish.holder != asking:
                self._enqueue([Look(wish.holder, wish.priority)])

    def _next(self, taken: set[str]) -> _Wish | None:
        """The most urgent one whose site is free; among equals one whose gateways have least to do, so that they work side by side."""
        best: tuple[Any, ...] | None = None
        for lane, ranks in self._lanes.items():
            for rank in ranks[:_LOOKED_THROUGH]:
                if self._waiting[rank[2]].site not in taken:
                    candidate = (rank[0], self._load[lane], rank[1], rank[2])
                    best = candidate if best is None else min(best, candidate)
                    break
        return self._waiting[best[3]] if best is not None else None

    def _drop(self, holder: ObjectKey) -> None:
        wish = self._waiting.pop(holder, None)
        if wish is not None:
            ranks = self._lanes[wish.lane]
            ranks.remove(wish.rank)
            if not ranks:
                del self._lanes[wish.lane]

    def _follow(self, change: Change[Record]) -> None:
        before, after = _standing(change.key, change.old), _standing(change.key, change.new)
        if before == after:
            return
        before_it = self.breaker.one_from
        if before is not None:
            if before.open_site is not None:
                self._sites[before.open_site] -= 1
                if not self._sites[before.open_site]:
                    del self._sites[before.open_site]
                self._load[before.lane] -= 1
            if before.verdict is not None:
                self._verdicts.remove(before.verdict)
        if after is not None:
            if after.open_site is not None:
                self._sites[after.open_site] += 1
                self._load[after.lane] += 1
            if after.verdict is not None:
                self._verdicts.add(after.verdict)
        one_from = self.breaker.one_from
        if one_from is not None and before_it is None:
            self._ask_anew()
        self._offer()

    def _ask_anew(self) -> None:
        """What all wait for is another thing now, and they have to say so."""
        waiting = [*self._waiting.values()]
        for wish in waiting:
            self._drop(wish.holder)
        self._enqueue(Look(wish.holder, wish.priority) for wish in waiting)


def site_of(record: ConnectionRecord) -> str:
    """What is at the other end: by the label, else the local network gateway, or the pair of gateways."""
    label = record.metadata.labels.get(SITE_LABEL)
    if label:
        return f"label {label}"
    target = record.wanted.target
    if not isinstance(target, Target):
        return f"object {record.metadata.namespace}/{record.metadata.name}"
    return target.local_gateway.key if target.local_gateway is not None else _lane_of(record)


def _lane_of(record: ConnectionRecord) -> str:
    target = record.wanted.target
    return " ".join(sorted(target.gateway_ids)) if isinstance(target, Target) else ""


def _is_open(record: ConnectionRecord) -> bool:
    return record.status.change is not None and record.status.change.state in _OPEN


def _standing(key: ObjectKey, record: Record | None) -> _Standing | None:
    if not isinstance(record, ConnectionRecord):
        return None
    name, change, good = f"{key.namespace}/{key.name}", record.status.change, record.status.last_known_good
    failed = (
        PastVerdict(change.end_time, failed=True, name=name)
        if change is not None and change.end_time is not None
        else None
    )
    if _is_open(record):
        return _Standing(site_of(record), _lane_of(record), failed)
    if failed is not None:
        return _Standing(None, "", failed)
    if good is not None and good.confirmed:
        return _Standing(None, "", PastVerdict(good.time, failed=False, name=name))
    return None
