"""Secrets, by `get` only: nothing here lists, watches or keeps one."""

import base64
import binascii
from collections.abc import Mapping
from typing import Protocol

from azure_vpn_operator.cluster.classify import OBJECT_NOT_FOUND
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.faults import Fault, FaultKind
from azure_vpn_operator.domain.lookups import Absent, Present, Read, SecretData, Unreadable


class SecretGuard(Protocol):
    """Who takes the keys out of texts."""

    def register(self, value: str | bytes) -> None:
        """Remember a value that must appear in no text."""
        ...


class ClusterSecrets:
    """Secrets by the REST interface; keeps `SecretsPort`."""

    def __init__(self, session: ClusterSession, *, secrets: SecretGuard) -> None:
        """Take the session, which stays the caller's to close, and who has to know each value that is read."""
        self._session = session
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


def _unreadable() -> Unreadable:
    return Unreadable(Fault(FaultKind.UNREADABLE, "UnexpectedDocument", "The API server's answer is not a Secret."))
