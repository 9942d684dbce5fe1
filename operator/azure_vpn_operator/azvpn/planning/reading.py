"""What the operator's core reads besides Azure, for one who only asks: kept in memory, or asked of the user's kubectl.

Nothing that the core stores leaves the process.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Document, Kubectl
from azure_vpn_operator.azvpn.planning.objects import SECRET, Name
from azure_vpn_operator.cluster.digest_keeper import DIGEST_SECRET, ENTRY
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, SecretData, Unreadable
from azure_vpn_operator.domain.keys.digest import DigestKey
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.ports import AnyVersion, StatusWrite, TakePage, Written
from azure_vpn_operator.telemetry.redaction import SecretRegistry

_NOT_FOUND: Final = "(NotFound)"


class ObjectsInMemory:
    """Keeps `ObjectsPort` over documents that stay in the process."""

    def __init__(self, objects: Mapping[Name, Document]) -> None:
        self._objects = dict(objects)

    async def list_all(self, kind: str, take: TakePage) -> Fault | None:
        """All at once."""
        await take([document for name, document in self._objects.items() if name[0] == kind])
        return None

    async def write_status(
        self, kind: str, namespace: str, name: str, version: str | AnyVersion, status: Mapping[str, Any]
    ) -> Written | Fault:
        """Replace it here."""
        del version
        return self._change((kind, namespace, name), {"status": dict(status)})

    async def write_finalizers(
        self, kind: str, namespace: str, name: str, resource_version: str, finalizers: Sequence[str]
    ) -> Written | Fault:
        """Replace them here."""
        del resource_version
        known = self._objects.get((kind, namespace, name), {})
        return self._change((kind, namespace, name), {"metadata": {**known["metadata"], "finalizers": [*finalizers]}})

    def _change(self, name: Name, change: Mapping[str, Any]) -> Written:
        known = self._objects.get(name)
        if known is None:
            return Written(StatusWrite.GONE)
        metadata = change.get("metadata", known["metadata"])
        version = f"{metadata.get('resourceVersion', '0')}1"
        changed = {**known, **change, "metadata": {**metadata, "resourceVersion": version}}
        self._objects[name] = changed
        return Written(StatusWrite.WRITTEN, changed)


class SecretsByKubectl:
    """Keeps `SecretsPort`: the Secrets of the files, else those that the user may read in the cluster."""

    def __init__(self, kubectl: Kubectl, given: Mapping[Name, Document], guard: SecretRegistry) -> None:
        self._kubectl = kubectl
        self._given = given
        self._guard = guard

    async def read(self, namespace: str, name: str, entry: str) -> Read[SecretData]:
        """One entry of a Secret."""
        found = self._given.get((SECRET, namespace, name))
        if found is None:
            asked = await asyncio.to_thread(get_secret, self._kubectl.in_namespace(namespace), name)
            if not isinstance(asked, dict):
                return asked
            found = asked
        entries = _entries_of(found)
        value = entries.get(entry)
        if value:
            self._guard.register(value)
        version = str(found["metadata"].get("resourceVersion", "of the files"))
        return Present(SecretData(version=version, entry=value, entries=tuple(sorted(entries))))

    async def list_watched(self) -> Mapping[tuple[str, str], str] | Fault:
        """None: nobody waits for a change here."""
        return {}


class DigestKeyByKubectl:
    """Keeps `DigestKeysPort`: the operator's digest key, if the user may read its Secret. It is never made here."""

    def __init__(self, kubectl: Kubectl, namespace: str, guard: SecretRegistry) -> None:
        self._kubectl = kubectl.in_namespace(namespace)
        self._guard = guard

    async def obtain(self) -> DigestKey | Fault:
        """Without it, keys are compared where Azure hands them out, and not at all elsewhere."""
        found = await asyncio.to_thread(get_secret, self._kubectl, DIGEST_SECRET)
        if isinstance(found, Unreadable):
            return found.fault
        value = _entries_of(found).get(ENTRY) if isinstance(found, dict) else None
        if not value:
            return Fault(FaultKind.NOT_FOUND, "NotFound", f"there is no Secret {DIGEST_SECRET}")
        self._guard.register(value)
        return DigestKey(value)


class NoEvents:
    """Keeps `EventsPort`; nobody is told."""

    async def record(self, regarding: Mapping[str, Any], notes: Sequence[EventNote]) -> None:
        """Do nothing."""


def get_secret(kubectl: Kubectl, name: str) -> Document | Absent | Unreadable:
    """A Secret of the cluster, or why there is none."""
    try:
        return kubectl.get("secrets", name)
    except ToolError as error:
        if _NOT_FOUND in str(error):
            return Absent()
        return Unreadable(Fault(FaultKind.FORBIDDEN, "Forbidden", str(error)))


def _entries_of(secret: Document) -> Mapping[str, bytes]:
    """The entries as the API server would store them; one that is not base64 is left out."""
    entries: dict[str, bytes] = {}
    data, text = secret.get("data"), secret.get("stringData")
    for name, value in (data if isinstance(data, dict) else {}).items():
        try:
            entries[name] = base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            continue
    return entries | {name: str(value).encode() for name, value in (text if isinstance(text, dict) else {}).items()}
