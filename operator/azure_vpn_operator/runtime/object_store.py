"""What the operator last saw of the cluster: one record per object, with secondary indexes.

A document is read into its record once, when it arrives; the document itself is not kept. Indexes follow each change, so that a
question about other objects costs the same with ten of them and with thousands.

Two sources fill the store: a watch (one event after the other) and an occasional LIST that repairs what the watch lost. Either
may be late; a version that is older than the stored one is ignored. Versions are compared as Kubernetes allows it: the
resourceVersions of one kind are integers that grow; where they are not numeric, the last one wins.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar

from sortedcontainers import SortedKeyList, SortedList

from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey

R = TypeVar("R")

ReadDocument: TypeAlias = Callable[[Document, R | None], R]
"""From a document, and the record that there was before, to the object's record."""
IndexValue: TypeAlias = tuple[str, ...]
"""What an index finds objects by; of the same length for all objects of the index."""

# Deleted objects to remember so that a late reading does not bring them back. A reading is late by seconds.
_MAX_TOMBSTONES = 10_000


class ChangeKind(StrEnum):
    """What a reading did to the store."""

    ADDED = "Added"
    MODIFIED = "Modified"
    REPLACED = "Replaced"
    """Another object (uid) of the same name: the old one is gone, also if nobody saw that."""
    REMOVED = "Removed"
    UNCHANGED = "Unchanged"
    """The same version again."""
    STALE = "Stale"
    """Older than what is stored, or about an object that is not the stored one; ignored."""


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """What happened to a key, with the records before and after."""

    key: ObjectKey
    kind: ChangeKind
    old: R | None = field(default=None, repr=False)
    new: R | None = field(default=None, repr=False)

    @property
    def happened(self) -> bool:
        """Whether the store is different from before."""
        return self.kind not in {ChangeKind.UNCHANGED, ChangeKind.STALE}


@dataclass(frozen=True, slots=True)
class Listing:
    """A LIST that is being taken in: the state of the store when it was sent, and what it has brought so far."""

    kind: str
    sequence: int
    seen: set[ObjectKey] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Stored(Generic[R]):
    record: R
    uid: str
    version: str
    sequence: int


@dataclass(frozen=True, slots=True)
class _Tombstone:
    uid: str
    version: str
    sequence: int


@dataclass(slots=True)
class _Index(Generic[R]):
    kind: str
    values_of: Callable[[R], Iterable[IndexValue]]
    entries: "SortedList[tuple[Any, ...]]" = field(default_factory=SortedList)
    """Pairs of value and key."""

    def values(self, record: R | None) -> frozenset[IndexValue]:
        return frozenset(self.values_of(record)) if record is not None else frozenset()

    def replace(self, key: ObjectKey, before: frozenset[IndexValue], after: frozenset[IndexValue]) -> None:
        for value in before - after:
            self.entries.remove((value, key))
        for value in after - before:
            self.entries.add((value, key))

    def keys(self, value: IndexValue) -> Iterator[ObjectKey]:
        first, behind = _bounds(value)
        return (key for _, key in self.entries.irange(first, behind, inclusive=(True, False)))

    def count(self, value: IndexValue) -> int:
        first, behind = _bounds(value)
        return self.entries.bisect_left(behind) - self.entries.bisect_left(first)


class ObjectStore(Generic[R]):
    """Records of a fixed set of kinds. Asking about another kind is a KeyError.

    Documents come in as the API server sends them: metadata with name, uid, resourceVersion; namespace if there is one.
    """

    def __init__(self, readers: Mapping[str, ReadDocument[R]]) -> None:
        """Take for each kind how to read its documents: also odd ones, and so that nothing of them is shared with the record.

        All kinds have to be listed before the store counts as synced.
        """
        self._readers = dict(readers)
        self._objects: dict[str, dict[ObjectKey, _Stored[R]]] = {kind: {} for kind in readers}
        self._sorted: dict[str, SortedKeyList[ObjectKey, Any]] = {
            kind: SortedKeyList(key=attrgetter("namespace", "name")) for kind in readers
        }
        self._synced = {kind: asyncio.Event() for kind in readers}
        self._indexes: dict[str, _Index[R]] = {}
        self._listeners: list[Callable[[Change[R]], None]] = []
        self._tombstones: dict[ObjectKey, _Tombstone] = {}
        self._sequence = itertools.count(1)

    def put(self, kind: str, document: Document) -> Change[R]:
        """Take a reading of one object, unless it is older than what is stored or known to be deleted."""
        key, uid, version = _identify(kind, document)
        stored = self._objects[kind].get(key)
        if stored is None:
            tombstone = self._tombstones.get(key)
            if tombstone and tombstone.uid == uid and not _is_newer(version, tombstone.version):
                return Change(key, ChangeKind.STALE)
        elif stored.uid == uid:
            if stored.version == version:
                return Change(key, ChangeKind.UNCHANGED, stored.record, stored.record)
            if _is_newer(stored.version, version):
                return Change(key, ChangeKind.STALE, stored.record, stored.record)
        return self._store(key, uid, version, document)

    def remove(self, key: ObjectKey, uid: str, *, resource_version: str | None = None) -> Change[R]:
        """Take the news that the object with this uid was deleted, at `resource_version` if that is known."""
        stored = self._objects[key.kind].get(key)
        version = resource_version or (stored.version if stored and stored.uid == uid else "")
        if stored is not None and stored.uid != uid:
            return Change(key, ChangeKind.STALE, stored.record, stored.record)
        self._tombstones.pop(key, None)
        self._tombstones[key] = _Tombstone(uid, version, next(self._sequence))
        while len(self._tombstones) > _MAX_TOMBSTONES:
            del self._tombstones[next(iter(self._tombstones))]
        return self._drop(key) if stored else Change(key, ChangeKind.UNCHANGED)

    def begin_list(self, kind: str) -> Listing:
        """Note that a LIST is about to be sent; what it brings goes to `take_listed`, in as many parts as one likes."""
        if kind not in self._objects:
            raise KeyError(kind)
        return Listing(kind, next(self._sequence))

    def take_listed(self, listing: Listing, document: Document) -> Change[R]:
        """Take one object of a LIST, which may come more than once.

        An object that nothing touched since the LIST was sent is replaced by what the list says, also by a lower version: the
        server's data may have been restored from a backup.
        """
        key, uid, version = _identify(listing.kind, document)
        listing.seen.add(key)
        stored = self._objects[listing.kind].get(key)
        known = stored or self._tombstones.get(key)
        if known is None or known.sequence < listing.sequence:
            if stored is None or (stored.uid, stored.version) != (uid, version):
                return self._store(key, uid, version, document)
        elif known.uid == uid or _is_newer(version, known.version):
            return self.put(listing.kind, document)
        record = stored.record if stored else None
        return Change(key, ChangeKind.UNCHANGED, record, record)

    def end_list(self, listing: Listing) -> tuple[Change[R], ...]:
        """Drop what the complete LIST did not bring, unless the watch brought it since; the kind counts as synced from now on."""
        gone = [
            key
            for key, stored in self._objects[listing.kind].items()
            if stored.sequence < listing.sequence and key not in listing.seen
        ]
        self.mark_synced(listing.kind)
        return tuple(self._drop(key) for key in gone)

    def get(self, key: ObjectKey) -> R | None:
        """Return the record of the key."""
        stored = self._objects[key.kind].get(key)
        return stored.record if stored else None

    def keys(self, kind: str, namespace: str | None = None) -> tuple[ObjectKey, ...]:
        """Return the keys of a kind, sorted, of one namespace or of all."""
        if namespace is None:
            return tuple(self._sorted[kind])
        # A name has no zero character: nothing is between a namespace and the next one that begins with it.
        return tuple(self._sorted[kind].irange_key((namespace, ""), (namespace + "\0", "")))

    def list(self, kind: str, namespace: str | None = None) -> tuple[R, ...]:
        """Return the records of a kind in the order of their keys, of one namespace or of all."""
        objects = self._objects[kind]
        return tuple(objects[key].record for key in self.keys(kind, namespace))

    def count(self, kind: str) -> int:
        """Return how many objects of the kind there are."""
        return len(self._objects[kind])

    def add_index(self, name: str, kind: str, values_of: Callable[[R], Iterable[IndexValue]]) -> None:
        """Find objects of a kind by what `values_of` says of their records, which it must say again whenever it is asked."""
        if name in self._indexes:
            raise ValueError(f"there is an index {name} already")
        index = _Index(kind, values_of)
        for key, stored in self._objects[kind].items():
            index.replace(key, frozenset(), index.values(stored.record))
        self._indexes[name] = index

    def find(self, name: str, value: IndexValue) -> Iterator[ObjectKey]:
        """Return the keys, in their order, of the objects for which the index has this value; the store must not change meanwhile."""
        return self._indexes[name].keys(value)

    def find_first(self, name: str, value: IndexValue, limit: int) -> tuple[ObjectKey, ...]:
        """Return the first `limit` of them."""
        return tuple(itertools.islice(self.find(name, value), limit))

    def count_found(self, name: str, value: IndexValue) -> int:
        """Return how many they are, without looking at them."""
        return self._indexes[name].count(value)

    def listen(self, listener: Callable[[Change[R]], None]) -> None:
        """Have each change that happens told, once store and indexes are up to date."""
        self._listeners.append(listener)

    def mark_synced(self, kind: str) -> None:
        """Say that everything that existed of this kind has been seen."""
        self._synced[kind].set()

    def is_synced(self, kind: str) -> bool:
        """Return whether everything that existed of this kind has been seen."""
        return self._synced[kind].is_set()

    def all_synced(self) -> bool:
        """Return whether all kinds are synced: only then does "not in the store" mean "does not exist"."""
        return all(event.is_set() for event in self._synced.values())

    async def wait_all_synced(self) -> None:
        """Return once all kinds are synced."""
        for event in self._synced.values():
            await event.wait()

    def _store(self, key: ObjectKey, uid: str, version: str, document: Document) -> Change[R]:
        old = self._objects[key.kind].get(key)
        before = old.record if old is not None else None
        new = self._readers[key.kind](document, before)
        self._reindex(key, before, new)
        self._tombstones.pop(key, None)
        if old is None:
            self._sorted[key.kind].add(key)
        self._objects[key.kind][key] = _Stored(new, uid, version, next(self._sequence))
        if old is None:
            return self._tell(Change(key, ChangeKind.ADDED, None, new))
        return self._tell(Change(key, ChangeKind.MODIFIED if old.uid == uid else ChangeKind.REPLACED, before, new))

    def _drop(self, key: ObjectKey) -> Change[R]:
        old = self._objects[key.kind].pop(key)
        self._sorted[key.kind].remove(key)
        self._reindex(key, old.record, None)
        return self._tell(Change(key, ChangeKind.REMOVED, old.record, None))

    def _reindex(self, key: ObjectKey, before: R | None, after: R | None) -> None:
        changes = [
            (index, index.values(before), index.values(after))
            for index in self._indexes.values()
            if index.kind == key.kind
        ]
        for index, old, new in changes:
            index.replace(key, old, new)

    def _tell(self, change: Change[R]) -> Change[R]:
        for listener in self._listeners:
            listener(change)
        return change


def _bounds(value: IndexValue) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What comes before every entry with this value, and what behind: all values of an index have the same length."""
    return (value,), ((*value, ""),)


def _identify(kind: str, document: Document) -> tuple[ObjectKey, str, str]:
    metadata: Any = document["metadata"]
    key = ObjectKey(kind, metadata.get("namespace") or "", metadata["name"])
    return key, metadata.get("uid") or "", metadata.get("resourceVersion") or ""


def _is_number(version: str) -> bool:
    return version.isascii() and version.isdigit()


def _is_newer(version: str, than: str) -> bool:
    return _is_number(version) and _is_number(than) and int(version) > int(than)
