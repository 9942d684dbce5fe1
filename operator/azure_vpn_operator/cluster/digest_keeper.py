"""The digest key in its Secret: read, or made once for all processes of the installation."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any, Final

from azure_vpn_operator.cluster.classify import OBJECT_NOT_FOUND
from azure_vpn_operator.cluster.secret_reader import SecretGuard
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.keys.digest import DIGEST_KEY_BYTES, DigestKey

DIGEST_SECRET: Final = "azure-vpn-operator-digest"  # noqa: S105 (a name)
ENTRY: Final = "digestKey"
APPLY_PATCH: Final = "application/apply-patch+yaml"
_LOST_RACE: Final = frozenset({FaultKind.CONFLICT, FaultKind.REJECTED})
"""Another process has made the Secret in the meantime: its field is not ours to apply, and the Secret is immutable."""


class DigestKeeper:
    """Keeps `DigestKeysPort`. Needs get, create and patch on this one Secret by its name, and no other right."""

    def __init__(self, session: ClusterSession, *, namespace: str, guard: SecretGuard) -> None:
        """Take the session, which stays the caller's to close, the operator's namespace, and who keeps values out of texts."""
        self._session = session
        self._path = ("api", "v1", "namespaces", namespace, "secrets", DIGEST_SECRET)
        self._namespace = namespace
        self._guard = guard

    async def obtain(self) -> DigestKey | Fault:
        """The key; if there is none, the one that we make, or the one of whoever was quicker."""
        found = await self._read()
        if not isinstance(found, Fault) or found.code != OBJECT_NOT_FOUND:
            return found
        made = await self._make()
        if isinstance(made, Fault) and made.kind in _LOST_RACE:
            return await self._read()
        return made

    async def _read(self) -> DigestKey | Fault:
        reply = await self._session.request("GET", self._path)
        return reply if isinstance(reply, Fault) else self._take(reply.document)

    async def _make(self) -> DigestKey | Fault:
        # An apply creates by name, so the right to it can be granted for this name alone, which a POST's cannot. Each process applies
        # under a name of its own: the second one conflicts with the first instead of overwriting it.
        value = base64.b64encode(secrets.token_bytes(DIGEST_KEY_BYTES)).decode()
        document = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": DIGEST_SECRET,
                "namespace": self._namespace,
                "labels": {"app.kubernetes.io/name": "azure-vpn-operator", "app.kubernetes.io/component": "digest"},
            },
            "type": "Opaque",
            "immutable": True,
            "data": {ENTRY: value},
        }
        query = {"fieldManager": f"azure-vpn-operator-{secrets.token_hex(8)}"}
        reply = await self._session.request("PATCH", self._path, query=query, body=document, content_type=APPLY_PATCH)
        return reply if isinstance(reply, Fault) else self._take(reply.document)

    def _take(self, document: Mapping[str, Any]) -> DigestKey | Fault:
        data = document.get("data")
        try:
            value = base64.b64decode(data[ENTRY], validate=True) if isinstance(data, Mapping) else b""
        except (KeyError, binascii.Error, TypeError, ValueError):
            value = b""
        if len(value) < DIGEST_KEY_BYTES:
            text = f"Secret {DIGEST_SECRET} has no entry {ENTRY} of {DIGEST_KEY_BYTES} bytes: delete it to have it made anew."
            return Fault(FaultKind.UNREADABLE, "UnexpectedDocument", text)
        self._guard.register(value)
        return DigestKey(value)
