"""Our own kinds in the API server."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import GROUP, VERSION
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.cluster.classify import OBJECT_NOT_FOUND
from azure_vpn_operator.cluster.session import FIELD_MANAGER, JSON_PATCH, ClusterSession, Reply
from azure_vpn_operator.domain.azure.faults import LATE_WRITE, NOT_LEADING, Fault, FaultKind
from azure_vpn_operator.ports import PAGES_EXPIRED, AnyVersion, StatusWrite, TakePage, Written
from azure_vpn_operator.runtime.fence import Fence, NoFence, NotCoveredError, within

_PLURALS: Final = {kind.KIND: kind.PLURAL for kind in (VpnConnection, IpsecPolicy)}
_PAGE: Final = "100"
_EXPIRED: Final = frozenset({"Expired", "Gone"})


class ClusterObjects:
    """Objects by the REST interface; keeps `ObjectsPort`."""

    def __init__(self, session: ClusterSession, *, namespaces: Sequence[str] = (), fence: Fence | None = None) -> None:
        """Take the session, which stays the caller's to close, the watched namespaces, none means all, and what keeps writes back."""
        self._session = session
        self._fence = fence or NoFence()
        self._namespaces = tuple(namespaces)

    async def list_all(self, kind: str, take: TakePage) -> Fault | None:
        """Hand every object of the kind in the watched namespaces to `take`, page by page, from a consistent read."""
        paths = [_path(kind, namespace) for namespace in self._namespaces] or [_path(kind)]
        for path in paths:
            fault = await self._list(path, take)
            if fault is not None:
                return replace(fault, code=PAGES_EXPIRED) if fault.code in _EXPIRED else fault
        return None

    async def write_status(
        self, kind: str, namespace: str, name: str, version: str | AnyVersion, status: Mapping[str, Any]
    ) -> Written | Fault:
        """Replace the whole status, if the object still has this resourceVersion, or whatever version it has."""
        path = (*_path(kind, namespace), name, "status")
        return await self._replace(path, version, "/status", dict(status))

    async def write_finalizers(
        self, kind: str, namespace: str, name: str, resource_version: str, finalizers: Sequence[str]
    ) -> Written | Fault:
        """Replace the list of finalizers, if the object still has this resourceVersion."""
        path = (*_path(kind, namespace), name)
        return await self._replace(path, resource_version, "/metadata/finalizers", list(finalizers))

    async def _replace(
        self, path: Sequence[str], version: str | AnyVersion, place: str, value: object
    ) -> Written | Fault:
        # A version in the patched document is a precondition (409 if it fails); a failed `test` is a 422, as is an invalid value.
        condition = (
            {"op": "test", "path": "/metadata/uid", "value": version.uid}
            if isinstance(version, AnyVersion)
            else {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
        )
        patch = [condition, {"op": "add", "path": place, "value": value}]

        async def send() -> Reply | Fault:
            return await self._session.request(
                "PATCH", path, query={"fieldManager": FIELD_MANAGER}, body=patch, content_type=JSON_PATCH
            )

        try:
            reply = await within(self._fence, send)
        except NotCoveredError:
            return NOT_LEADING
        except TimeoutError:
            return LATE_WRITE
        if not isinstance(reply, Fault):
            return Written(StatusWrite.WRITTEN, reply.document)
        if reply.kind is FaultKind.NOT_FOUND and reply.code == OBJECT_NOT_FOUND:
            return Written(StatusWrite.GONE)
        return Written(StatusWrite.CONFLICT) if reply.kind is FaultKind.CONFLICT else reply

    async def _list(self, path: Sequence[str], take: TakePage) -> Fault | None:
        # Without a resourceVersion the read is consistent, and all pages show the same moment.
        query = {"limit": _PAGE}
        while True:
            reply = await self._session.request("GET", path, query=query)
            if isinstance(reply, Fault):
                return reply
            items, metadata = reply.document.get("items"), reply.document.get("metadata")
            if not isinstance(items, list) or not isinstance(metadata, Mapping):
                return Fault(FaultKind.UNREADABLE, "UnexpectedDocument", "The API server's answer is not a list.")
            await take(items)
            if not metadata.get("continue"):
                return None
            query = {"limit": _PAGE, "continue": metadata["continue"]}


def _path(kind: str, namespace: str | None = None) -> tuple[str, ...]:
    middle = ("namespaces", namespace) if namespace else ()
    return ("apis", GROUP, VERSION, *middle, _PLURALS[kind])
