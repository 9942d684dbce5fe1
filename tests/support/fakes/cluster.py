"""The API server behind its ports, in memory: objects, Secrets, and a journal of what was written.

A contract test holds it to a real API server. It checks no schema and has no watch.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, SecretData, Unreadable
from azure_vpn_operator.domain.keys.digest import DigestKey
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.ports import AnyVersion, StatusWrite, TakePage, Written
from azure_vpn_operator.runtime.clock import Clock
from support.fakes.documents import copied

Key = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True)
class StatusWritten:
    """One status or list of finalizers that was written."""

    what: str
    """`status` or `finalizers`."""
    kind: str
    name: str
    value: Any


class FakeCluster:
    """Objects, Secrets and Events; keeps `ObjectsPort`, `SecretsPort`, `DigestKeysPort` and `EventsPort`."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self.clock = clock
        self.documents: dict[Key, dict[str, Any]] = {}
        self.secrets: dict[tuple[str, str], tuple[str, dict[str, bytes]]] = {}
        self.writes: list[StatusWritten] = []
        self.events: list[tuple[str, EventNote]] = []
        """Name of the object, and what was told of it."""
        self.fault: Fault | None = None
        """While it is set, nothing works."""
        self.digest_key: DigestKey | Fault = DigestKey(b"the digest key of this fake installation")
        self.watched: set[tuple[str, str]] = set()
        """The Secrets that have the label."""
        self._numbers = itertools.count(1)

    def create(self, kind: str, namespace: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
        """Make an object as a user does."""
        document = {
            "apiVersion": "azvpn.dev/v1alpha1",
            "kind": kind,
            "metadata": {
                "namespace": namespace,
                "name": name,
                "uid": f"uid-{next(self._numbers)}",
                "generation": 1,
                "resourceVersion": self._version(),
                "creationTimestamp": self._now(),
                **metadata,
            },
            "spec": copied(spec),
            "status": {"observedGeneration": -1},
        }
        self.documents[kind, namespace, name] = document
        return copied(document)

    def edit(self, kind: str, namespace: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an object's spec as a user does."""
        document = self.documents[kind, namespace, name]
        if document["spec"] != spec:
            document["spec"] = copied(spec)
            document["metadata"] |= {
                "generation": document["metadata"]["generation"] + 1,
                "resourceVersion": self._version(),
            }
        return copied(document)

    def annotate(self, kind: str, namespace: str, name: str, **annotations: str) -> None:
        """Set annotations as a user does; underscores stand for hyphens, and the domain is `azvpn.dev`."""
        metadata = self.documents[kind, namespace, name]["metadata"]
        named = {f"azvpn.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        metadata["annotations"] = metadata.get("annotations", {}) | named
        metadata["resourceVersion"] = self._version()

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object as a user does: it goes once no finalizer is left."""
        metadata = self.documents[kind, namespace, name]["metadata"]
        if not metadata.get("finalizers"):
            del self.documents[kind, namespace, name]
        elif "deletionTimestamp" not in metadata:
            metadata |= {
                "deletionTimestamp": self._now(),
                "generation": metadata["generation"] + 1,
                "resourceVersion": self._version(),
            }

    def put_secret(self, namespace: str, name: str, **entries: bytes) -> None:
        """Make or replace a Secret."""
        self.secrets[namespace, name] = (self._version(), entries)

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """The object as it is now."""
        found = self.documents.get((kind, namespace, name))
        return copied(found) if found is not None else None

    async def list_all(self, kind: str, take: TakePage) -> Fault | None:
        """As the port says."""
        if self.fault is not None:
            return self.fault
        await take([copied(found) for key, found in sorted(self.documents.items()) if key[0] == kind])
        return None

    async def write_status(
        self, kind: str, namespace: str, name: str, version: str | AnyVersion, status: Mapping[str, Any]
    ) -> Written | Fault:
        """As the port says."""
        return self._replace((kind, namespace, name), version, "status", copied(status))

    async def write_finalizers(
        self, kind: str, namespace: str, name: str, resource_version: str, finalizers: Sequence[str]
    ) -> Written | Fault:
        """As the port says."""
        return self._replace((kind, namespace, name), resource_version, "finalizers", list(finalizers))

    async def read(self, namespace: str, name: str, entry: str) -> Read[SecretData]:
        """As the port says."""
        if self.fault is not None:
            return Unreadable(self.fault)
        if (namespace, name) not in self.secrets:
            return Absent()
        version, entries = self.secrets[namespace, name]
        return Present(SecretData(version=version, entry=entries.get(entry), entries=tuple(sorted(entries))))

    async def list_watched(self) -> Mapping[tuple[str, str], str] | Fault:
        """As the port says."""
        if self.fault is not None:
            return self.fault
        return {name: version for name, (version, _) in self.secrets.items() if name in self.watched}

    async def obtain(self) -> DigestKey | Fault:
        """As the port says."""
        return self.fault or self.digest_key

    async def record(self, regarding: Mapping[str, Any], notes: Sequence[EventNote]) -> None:
        """As the port says; repeats are kept, so that a test can count them."""
        if self.fault is None:
            self.events += [(regarding["metadata"]["name"], note) for note in notes]

    def _replace(self, key: Key, version: str | AnyVersion, what: str, value: Any) -> Written | Fault:
        if self.fault is not None:
            return self.fault
        document = self.documents.get(key)
        if document is None:
            return Written(StatusWrite.GONE)
        metadata = document["metadata"]
        if isinstance(version, AnyVersion):
            if metadata["uid"] != version.uid:
                return Fault(
                    FaultKind.REJECTED, "Invalid", "the server rejected our request due to an error in our request"
                )
        elif metadata["resourceVersion"] != version:
            return Written(StatusWrite.CONFLICT)
        self.writes.append(StatusWritten(what, key[0], key[2], copied(value)))
        place = document if what == "status" else metadata
        if place.get(what, []) != value:
            place[what] = value
            metadata["resourceVersion"] = self._version()
        if not metadata.get("finalizers"):
            metadata.pop("finalizers", None)
            if "deletionTimestamp" in metadata:
                del self.documents[key]
        return Written(StatusWrite.WRITTEN, copied(document))

    def _version(self) -> str:
        return str(next(self._numbers))

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
