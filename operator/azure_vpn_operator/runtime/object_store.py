"""What the operator last saw of the cluster: documents by key, with secondary indexes.

Two sources fill it: a watch (one event after the other) and an occasional LIST that repairs what the watch lost. Either
may be late; a version that is older than the stored one is ignored. Versions are compared as Kubernetes allows it: the
resourceVersions of one kind are integers that grow; where they are not numeric, the last one wins.
"""

import asyncio
import itertools
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from azure_vpn_operator.runtime.frozen import Document, freeze
from azure_vpn_operator.runtime.keys import ObjectKey

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
class Change:
    """What happened to a key; the documents are frozen and stay out of the repr, as Secrets are among them."""

    key: ObjectKey
    kind: ChangeKind
    old: Document | None = field(default=None, repr=False)
    new: Document | None = field(default=None, repr=False)

    @property
    def happened(self) -> bool:
        """Whether the store is different from before."""
        return self.kind not in {ChangeKind.UNCHANGED, ChangeKind.STALE}


@dataclass(frozen=True, slots=True)
class ListMarker:
    """The state of the store when a LIST was sent."""

    sequence: int


@dataclass(frozen=True, slots=True)
class _Stored:
    document: Document
    uid: str
    version: str
    sequence: int


@dataclass(frozen=True, slots=True)
class _Tombstone:
    uid: str
    version: str
    sequence: int


@dataclass(slots=True)
class _Index:
    kind: str
    values_of: Callable[[Document], Iterable[Hashable]]
    keys: dict[Hashable, set[ObjectKey]] = field(default_factory=dict)
    values: dict[ObjectKey, frozenset[Hashable]] = field(default_factory=dict)

    def replace(self, key: ObjectKey, values: frozenset[Hashable]) -> None:
        for gone in self.values.pop(key, frozenset()) - values:
            self.keys[gone].discard(key)
            if not self.keys[gone]:
                del self.keys[gone]
        for value in values:
            self.keys.setdefault(value, set()).add(key)
        if values:
            self.values[key] = values


class ObjectStore:
    """Documents of a fixed set of kinds. Asking about another kind is a KeyError.

    Documents come in as the API server sends them (metadata with name, uid, resourceVersion; namespace if there is
    one) and are kept as frozen copies, which the readers share.
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        """Take the kinds that have to be listed before the store counts as synced."""
        self._objects: dict[str, dict[ObjectKey, _Stored]] = {kind: {} for kind in kinds}
        self._synced = {kind: asyncio.Event() for kind in self._objects}
        self._indexes: dict[str, _Index] = {}
        self._tombstones: dict[ObjectKey, _Tombstone] = {}
        self._sequence = itertools.count(1)

    def put(self, kind: str, document: Document) -> Change:
        """Take a reading of one object, unless it is older than what is stored or known to be deleted."""
        key, uid, version = _identify(kind, document)
        stored = self._objects[kind].get(key)
        if stored is None:
            tombstone = self._tombstones.get(key)
            if tombstone and tombstone.uid == uid and not _is_newer(version, tombstone.version):
                return Change(key, ChangeKind.STALE)
        elif stored.uid == uid:
            if stored.version == version:
                return Change(key, ChangeKind.UNCHANGED, stored.document, stored.document)
            if _is_newer(stored.version, version):
                return Change(key, ChangeKind.STALE, stored.document, stored.document)
        return self._store(key, uid, version, document)

    def remove(self, key: ObjectKey, uid: str, *, resource_version: str | None = None) -> Change:
        """Take the news that the object with this uid was deleted, at `resource_version` if that is known."""
        stored = self._objects[key.kind].get(key)
        version = resource_version or (stored.version if stored and stored.uid == uid else "")
        if stored is not None and stored.uid != uid:
            return Change(key, ChangeKind.STALE, stored.document, stored.document)
        self._tombstones.pop(key, None)
        self._tombstones[key] = _Tombstone(uid, version, next(self._sequence))
        while len(self._tombstones) > _MAX_TOMBSTONES:
            del self._tombstones[next(iter(self._tombstones))]
        return self._drop(key) if stored else Change(key, ChangeKind.UNCHANGED)

    def begin_list(self) -> ListMarker:
        """Note that a LIST is about to be sent; its result goes to `replace_all`."""
        return ListMarker(next(self._sequence))

    def replace_all(self, kind: str, documents: Iterable[Document], marker: ListMarker) -> tuple[Change, ...]:
        """Take the complete LIST of a kind and return what it changed; the kind counts as synced from now on.

        An object that the list does not have is dropped, unless the watch brought it after the LIST began. An object
        that nothing touched since is replaced by what the list says, also by a lower version: the server's data may
        have been restored from a backup.
        """
        changes: list[Change] = []
        listed: set[ObjectKey] = set()
        objects = self._objects[kind]
        for document in documents:
            key, uid, version = _identify(kind, document)
            listed.add(key)
            known = objects.get(key) or self._tombstones.get(key)
            if known is None or known.sequence < marker.sequence:
                stored = objects.get(key)
                if stored is None or (stored.uid, stored.version) != (uid, version):
                    changes.append(self._store(key, uid, version, document))
            elif known.uid == uid or _is_newer(version, known.version):
                changes.append(self.put(kind, document))
        for key, seen in tuple(objects.items()):
            if key not in listed and seen.sequence < marker.sequence:
                changes.append(self._drop(key))
        self.mark_synced(kind)
        return tuple(change for change in changes if change.happened)

    def get(self, key: ObjectKey) -> Document | None:
        """Return the document of the key."""
        stored = self._objects[key.kind].get(key)
        return stored.document if stored else None

    def keys(self, kind: str, namespace: str | None = None) -> tuple[ObjectKey, ...]:
        """Return the keys of a kind, sorted, of one namespace or of all."""
        return tuple(sorted(key for key in self._objects[kind] if namespace is None or key.namespace == namespace))

    def list(self, kind: str, namespace: str | None = None) -> tuple[Document, ...]:
        """Return the documents of a kind in the order of their keys, of one namespace or of all."""
        objects = self._objects[kind]
        return tuple(objects[key].document for key in self.keys(kind, namespace))

    def count(self, kind: str) -> int:
        """Return how many objects of the kind there are."""
        return len(self._objects[kind])

    def add_index(self, name: str, kind: str, values_of: Callable[[Document], Iterable[Hashable]]) -> None:
        """Find documents of a kind by what `values_of` says of them; it must take every document, also an odd one."""
        if name in self._indexes:
            raise ValueError(f"there is an index {name} already")
        index = _Index(kind, values_of)
        for key, stored in self._objects[kind].items():
            index.replace(key, frozenset(values_of(stored.document)))
        self._indexes[name] = index

    def keys_by_index(self, name: str, value: Hashable) -> tuple[ObjectKey, ...]:
        """Return the keys, sorted, of the documents for which the index has this value."""
        return tuple(sorted(self._indexes[name].keys.get(value, ())))

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

    def _store(self, key: ObjectKey, uid: str, version: str, document: Document) -> Change:
        old = self._objects[key.kind].get(key)
        new = freeze(document)
        indexed = [(index, frozenset(index.values_of(new))) for index in self._indexes_of(key.kind)]
        self._tombstones.pop(key, None)
        self._objects[key.kind][key] = _Stored(new, uid, version, next(self._sequence))
        for index, values in indexed:
            index.replace(key, values)
        if old is None:
            return Change(key, ChangeKind.ADDED, None, new)
        return Change(key, ChangeKind.MODIFIED if old.uid == uid else ChangeKind.REPLACED, old.document, new)

    def _drop(self, key: ObjectKey) -> Change:
        old = self._objects[key.kind].pop(key)
        for index in self._indexes_of(key.kind):
            index.replace(key, frozenset())
        return Change(key, ChangeKind.REMOVED, old.document, None)

    def _indexes_of(self, kind: str) -> Iterable[_Index]:
        return (index for index in self._indexes.values() if index.kind == kind)


def _identify(kind: str, document: Document) -> tuple[ObjectKey, str, str]:
    metadata: Any = document["metadata"]
    key = ObjectKey(kind, metadata.get("namespace") or "", metadata["name"])
    return key, metadata.get("uid") or "", metadata.get("resourceVersion") or ""


def _is_number(version: str) -> bool:
    return version.isascii() and version.isdigit()


def _is_newer(version: str, than: str) -> bool:
    return _is_number(version) and _is_number(than) and int(version) > int(than)
