"""Secrets: read one at a time and not kept. Of the labelled ones a list of names and versions can be had, without their data."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from azure_vpn_operator.cluster.classify import OBJECT_NOT_FOUND
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, SecretData, Unreadable

WATCH_LABEL: Final = "azvpn.dev/watch"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


class SecretGuard(Protocol):
    """Who takes the keys out of texts."""

    def register(self, value: str | bytes) -> None:
        """Remember a value that must appear in no text."""
        ...


class ClusterSecrets:
    """Secrets by the REST interface; keeps `SecretsPort`."""

    def __init__(self, session: ClusterSession, *, secrets: SecretGuard, namespaces: Sequence[str] = ()) -> None:
        """Take the session, which stays the caller's to close, who has to know each value that is read, and the watched namespaces."""
        self._session = session
        self._namespaces = tuple(namespaces)
        self._guard = secrets

    async def read(self, namespace: str, name: str, entry: str) -> Read[SecretData]:
        """One entry of a Secret; Absent if there is no such Secret."""
        reply = await self._session.request("GET", ("api", "v1", "namespaces", namespace, "secrets", name))
        if isinstance(reply, Fault):
            gone = reply.kind is FaultKind.NOT_FOUND and reply.code == OBJECT_NOT_FOUND
            return Absent() if gone else Unreadable(reply)
        data, metadata = reply.document.get("data") or {}, reply.document.get("metadata")
        if not isinstance(data, Mapping) or not isinstance(metadata, Mapping):
            return _unreadable()
        try:
            value = base64.b64decode(data[entry], validate=True) if entry in data else None
        except (binascii.Error, TypeError, ValueError):
            return _unreadable()
        if value:
            self._guard.register(value)
        return Present(
            SecretData(version=str(metadata.get("resourceVersion", "")), entry=value, entries=tuple(sorted(data)))
        )

    async def list_watched(self) -> Mapping[tuple[str, str], str] | Fault:
        """Names and versions of the labelled Secrets in the watched namespaces; only metadata leaves the API server."""
        found: dict[tuple[str, str], str] = {}
        paths: list[tuple[str, ...]] = [
            ("api", "v1", "namespaces", namespace, "secrets") for namespace in self._namespaces
        ]
        for path in paths or [("api", "v1", "secrets")]:
            query = {"labelSelector": f"{WATCH_LABEL}=true", "resourceVersion": "0"}
            reply = await self._session.request("GET", path, query=query, accept=METADATA_ONLY)
            if isinstance(reply, Fault):
                return reply
            items = reply.document.get("items")
            if reply.document.get("kind") != "PartialObjectMetadataList" or not isinstance(items, list):
                return _unreadable().fault
            for item in items:
                metadata = item["metadata"]
                found[metadata["namespace"], metadata["name"]] = metadata["resourceVersion"]
        return found


def _unreadable() -> Unreadable:
    return Unreadable(Fault(FaultKind.UNREADABLE, "UnexpectedDocument", "The API server's answer is not a Secret."))
