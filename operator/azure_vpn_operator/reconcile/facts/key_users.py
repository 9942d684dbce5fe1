"""Who uses an entry of a Secret, and how far each is with its key: kept in order as objects change.

A new key makes nobody compute anything. Users are compared with it one after the other, in the order in which they get it, each once
per key: so far as somebody asks who comes first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from sortedcontainers import SortedList

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf
from azure_vpn_operator.domain.passes.key_turns import KeyUser
from azure_vpn_operator.reconcile.reading import Reader, Store
from azure_vpn_operator.reconcile.records import ConnectionRecord, Record
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change

Entry: TypeAlias = tuple[str, str, str]
"""Namespace and name of a Secret, and the name of an entry of it."""
HoldsAnother: TypeAlias = Callable[[ConnectionHalf], bool]
"""Whether a half is known to hold another key than the one in question."""

_GOES_ON: Final = frozenset(
    {
        Reason.SETTING_SHARED_KEY,
        Reason.CONFIRMING,
        Reason.GATEWAY_EVENT,
        Reason.WAITING_FOR_BUDGET,
        Reason.SITE_BUSY,
        Reason.CHANGE_FAILED,
        Reason.KEY_ROTATION_WAITS,
        Reason.KEY_ROTATION_STOPPED,
        Reason.GATEWAY_BUSY,
        Reason.THROTTLED,
    }
)
"""Reasons why a connection is not ready that do not keep it from getting the next key by itself."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What counts of one user."""

    entry: Entry
    able: bool
    """It can change, and something is known of the key that it holds."""
    halves: tuple[tuple[str | None, str | None], ...]
    """Of each half the connection in Azure, and the digest of the key that it holds."""
    since: datetime | None
    """Set while a key is on its way."""


@dataclass(slots=True)
class _Progress:
    """How far the users were found to be with one key."""

    key_mark: str
    due: set[ObjectKey] = field(default_factory=set)
    done: "set[tuple[Any, ...]]" = field(default_factory=set)
    """Those of the candidates that do not hold another key."""


class KeyUsers:
    """The users of Secrets, by the name of their unit. Enforced objects that are not being deleted."""

    def __init__(self, store: Store, reader: Reader) -> None:
        """Follow the store from now on; it must be empty as yet."""
        self._reader = reader
        self._under_way: SortedList[tuple[Any, ...]] = SortedList()
        """Entry, since when, name of the unit, key."""
        self._candidates: SortedList[tuple[Any, ...]] = SortedList()
        """Entry, name of the unit, key; those that were found done are left out."""
        self._units: dict[ObjectKey, str] = {}
        """Name of the unit, where that is not the object's own."""
        self._progress: dict[Entry, _Progress] = {}
        store.listen(self._follow)

    def before(
        self, unit: Sequence[ObjectKey], entry: Entry, key_mark: str, holds_another: HoldsAnother
    ) -> Iterator[KeyUser]:
        """The users besides the unit that decide whether it may get the entry's key now, at most one of each kind.

        They are the one whose key has been on its way for the longest time, and the first one that is due, if that comes before
        the unit. `key_mark` tells one key of the entry from the next one.
        """
        for _, since, name, key in _of_entry(self._under_way, entry):
            if key not in unit:
                record = self._reader.record(key)
                yield KeyUser(name, due=False, since=since, failed=record is not None and has_failed(record))
                break
        progress = self._progress.get(entry)
        if progress is None or progress.key_mark != key_mark:
            if progress is not None:
                self._candidates.update(progress.done)
            progress = self._progress[entry] = _Progress(key_mark)
        first = self._first_due(unit, entry, progress, holds_another)
        if first is not None:
            yield KeyUser(first, due=True)

    def _first_due(
        self, unit: Sequence[ObjectKey], entry: Entry, progress: _Progress, holds_another: HoldsAnother
    ) -> str | None:
        behind: tuple[Any, ...] = (entry,)
        while True:
            found = next(_of_entry(self._candidates, entry, behind), None)
            if found is None or found[1] >= unit[0].name:
                return None
            _, name, key = found
            if key in unit:
                behind = found
                continue
            if key in progress.due:
                return str(name)
            record = self._reader.record(key)
            if record is not None and any(holds_another(half) for half in record.status.halves):
                progress.due.add(key)
                return str(name)
            self._candidates.remove(found)
            progress.done.add(found)

    def _follow(self, change: Change[Record]) -> None:
        old = change.old if isinstance(change.old, ConnectionRecord) else None
        new = change.new if isinstance(change.new, ConnectionRecord) else None
        if old is None and new is None:
            return
        self._move(change.key, _standing(old), _standing(new))
        neighbours = {key for record in (old, new) if record is not None for key in self._reader.crossing(record)}
        for key in neighbours - {change.key}:
            same = _standing(self._reader.record(key))
            self._move(key, same, same)

    def _move(self, key: ObjectKey, before: _Standing | None, after: _Standing | None) -> None:
        old_unit = self._units.get(key, key.name)
        new_unit = self._reader.unit_of(key)[0].name if after is not None else key.name
        if before == after and old_unit == new_unit:
            return
        if before is not None:
            self._take_out(key, before, old_unit)
        if new_unit != key.name:
            self._units[key] = new_unit
        else:
            self._units.pop(key, None)
        if after is not None:
            if after.since is not None:
                self._under_way.add((after.entry, after.since, new_unit, key))
            if after.able:
                self._candidates.add((after.entry, new_unit, key))

    def _take_out(self, key: ObjectKey, standing: _Standing, unit: str) -> None:
        if standing.since is not None:
            self._under_way.remove((standing.entry, standing.since, unit, key))
        place = (standing.entry, unit, key)
        self._candidates.discard(place)
        progress = self._progress.get(standing.entry)
        if progress is not None:
            progress.due.discard(key)
            progress.done.discard(place)
            if not progress.done and next(_of_entry(self._candidates, standing.entry), None) is None:
                del self._progress[standing.entry]


def begun_of(record: ConnectionRecord) -> datetime | None:
    """Since when a key of the object is on its way, or has not proved that it works; None at rest."""
    change = record.status.change
    times = [half.key.since for half in record.status.halves if half.key and half.key.since]
    if change is not None and change.cause is ChangeCause.KEY and (change.is_open or change.is_failed):
        times.append(change.start_time)
    return min(times, default=None)


def has_failed(record: ConnectionRecord) -> bool:
    """Whether the object's tunnel did not come back with its key."""
    change = record.status.change
    return change is not None and change.cause is ChangeCause.KEY and change.is_failed


def _standing(record: ConnectionRecord | None) -> _Standing | None:
    if record is None or not record.writable or record.wanted.spec is None:
        return None
    spec, reference = record.wanted.spec, record.wanted.spec.shared_key_secret_ref
    if reference is None:
        return None
    ready = record.condition("Ready")
    goes_on = ready is not None and (ready.status == "True" or ready.reason in _GOES_ON)
    halves = tuple((half.id, half.key.digest if half.key is not None else None) for half in record.status.halves)
    return _Standing(
        (record.metadata.namespace, reference.name, reference.key),
        goes_on and not spec.suspend and any(held is not None for _, held in halves),
        halves,
        begun_of(record),
    )


def _of_entry(
    ordered: "SortedList[tuple[Any, ...]]", entry: Entry, behind: tuple[Any, ...] | None = None
) -> Iterator[tuple[Any, ...]]:
    """What belongs to the entry, in order; only what comes after `behind` if that is given."""
    return ordered.irange(behind or (entry,), ((*entry, ""),), inclusive=(False, False))
