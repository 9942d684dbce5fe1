"""`Microsoft.Network/connections` behind its port."""

from collections.abc import Mapping, Sequence
from typing import Any

from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.operations import look_at_operation, read_acceptance
from azure_vpn_operator.arm.questions import ask, look
from azure_vpn_operator.arm.reading import absent_or_unreadable, get_all, get_one, is_absent
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import LATE_WRITE, NOT_LEADING, Fault, FaultKind
from azure_vpn_operator.domain.azure.ike_sas import read_ike_sas
from azure_vpn_operator.domain.azure.live_connection import (
    LiveConnection,
    UnreadableDocumentError,
    read_live_connection,
)
from azure_vpn_operator.domain.azure.lookups import Present, Read, SharedKey, Unreadable
from azure_vpn_operator.domain.azure.names import CONNECTIONS
from azure_vpn_operator.domain.pairs.foreign_half import read_listed_half
from azure_vpn_operator.ports import Accepted, GatewayUse, IkeSasAnswer, OperationState
from azure_vpn_operator.runtime.fence import Fence, NoFence, NotCoveredError, within

_SHARED_KEY = "sharedKey"
_IKE_SAS = "getikesas"
_RESET = "resetconnection"


class ArmConnections:
    """Connections by their REST interface; keeps `ConnectionsPort`."""

    def __init__(self, session: ArmSession, fence: Fence | None = None) -> None:
        """Take the session, which stays the caller's to close, and what keeps writes back."""
        self._session = session
        self._fence = fence or NoFence()

    async def get(self, connection: ArmId) -> Read[LiveConnection]:
        """One connection with its tunnel state; Absent also when its resource group is gone."""
        return await get_one(
            self._session,
            self._session.address(connection),
            subscription=connection.subscription,
            resource=CONNECTIONS,
            read=lambda document: _read_the_one(document, connection),
        )

    async def list_group(self, subscription: str, resource_group: str) -> Read[Sequence[LiveConnection]]:
        """All connections of a group that can be read, every page. Tunnel state is not in a list.

        An item of a form that we do not know is left out: one odd connection must not hide the others' changes, and
        ours is looked at by itself when it is missing here.
        """
        found = await get_all(
            self._session,
            self._session.group_address(subscription, resource_group, CONNECTIONS),
            subscription=subscription,
            resource=CONNECTIONS,
            read=_read_if_possible,
        )
        return Present(tuple(filter(None, found.value))) if isinstance(found, Present) else found

    async def list_of_gateway(self, gateway: ArmId) -> Read[Sequence[GatewayUse]]:
        """All connections that use the gateway, with their provisioning state."""
        found = await get_all(
            self._session,
            self._session.address(gateway, CONNECTIONS),
            subscription=gateway.subscription,
            resource=CONNECTIONS,
            read=_read_use,
        )
        return Present(tuple(found.value)) if isinstance(found, Present) else found

    async def put(self, connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        """Create or replace. What the body leaves out is reset to Azure's default."""
        key = body.get("properties", {}).get(_SHARED_KEY)
        if isinstance(key, str):
            self._session.secrets.register(key)
        return await self._write("PUT", self._session.address(connection), connection, CONNECTIONS, body)

    async def patch_tags(self, connection: ArmId, tags: Mapping[str, str]) -> Accepted | Fault:
        """Replace the tags and touch nothing else."""
        return await self._write(
            "PATCH", self._session.address(connection), connection, CONNECTIONS, {"tags": dict(tags)}
        )

    async def delete(self, connection: ArmId) -> Accepted | Fault:
        """Delete; a connection that does not exist is a success without an operation."""
        result = await self._write("DELETE", self._session.address(connection), connection, CONNECTIONS, None)
        if isinstance(result, Fault) and is_absent(result):
            return Accepted(operation_url=None, retry_after=0.0)
        return result

    async def get_shared_key(self, connection: ArmId) -> Read[SharedKey]:
        """The key in force. Without the right to it, Azure answers in several wrong ways: all are Unreadable with kind FORBIDDEN."""
        answer = await self._session.send(
            "GET", self._key_address(connection), subscription=connection.subscription, resource=_SHARED_KEY
        )
        if isinstance(answer, Fault):
            if answer.code == "InternalServerError":
                return _key_refused("Azure answers InternalServerError", answer.request_id)
            return absent_or_unreadable(answer)
        value = answer.document.get("value") if isinstance(answer.document, Mapping) else None
        if not isinstance(value, str) or not value:
            return _key_refused("Azure answers without a key", answer.request_id)
        self._session.secrets.register(value)
        return Present(SharedKey(value))

    async def put_shared_key(self, connection: ArmId, key: SharedKey) -> Accepted | Fault:
        """Set the key, and nothing else of the connection."""
        self._session.secrets.register(key.value)
        return await self._write("PUT", self._key_address(connection), connection, _SHARED_KEY, {"value": key.value})

    async def reset(self, connection: ArmId) -> Accepted | Fault:
        """Take the tunnels of the connection down and have them negotiated anew; nothing else of it changes."""
        return await self._write("POST", self._session.address(connection, _RESET), connection, _RESET, None)

    async def poll(self, operation_url: str, subscription: str) -> OperationState | Fault:
        """Look at an operation once. A URL on another host than the resource manager's is not followed (kind UNSUPPORTED)."""
        return await look_at_operation(self._session, operation_url, subscription)

    async def get_ike_sas(self, connection: ArmId) -> IkeSasAnswer:
        """Ask the gateway for the IKE SAs of a connection; changes nothing, and holds no lock."""
        return await ask(self._session, connection, _IKE_SAS, resource=CONNECTIONS, read=read_ike_sas)

    async def look_at_ike_sas(self, connection: ArmId, url: str) -> IkeSasAnswer:
        """Look once at the answer that is pending at this address; kind NOT_FOUND if Azure no longer knows it."""
        return await look(self._session, connection, url, read=read_ike_sas)

    async def _write(
        self, method: str, url: str, connection: ArmId, resource: str, body: Mapping[str, Any] | None
    ) -> Accepted | Fault:
        async def send() -> Answer | Fault:
            return await self._session.send(
                method, url, subscription=connection.subscription, resource=resource, body=body
            )

        try:
            answer = await within(self._fence, send)
        except NotCoveredError:
            return NOT_LEADING
        except TimeoutError:
            return LATE_WRITE
        return answer if isinstance(answer, Fault) else read_acceptance(answer)

    def _key_address(self, connection: ArmId) -> str:
        return self._session.address(connection, "sharedkey")


def _read_the_one(document: object, asked: ArmId) -> LiveConnection:
    """Read the answer to a GET; a document about another connection would make us write to that one."""
    live = read_live_connection(document)
    if live.id != asked:
        raise UnreadableDocumentError("the answer is about another connection")
    return live


def _read_if_possible(document: object) -> LiveConnection | None:
    try:
        return read_live_connection(document)
    except UnreadableDocumentError:
        return None


def _key_refused(what: str, request_id: str) -> Unreadable:
    text = f"{what}, as it does without the right Microsoft.Network/connections/sharedKey/action."
    return Unreadable(Fault(FaultKind.FORBIDDEN, "SharedKeyNotReadable", text, None, request_id))


def _read_use(document: object) -> GatewayUse:
    root = document if isinstance(document, Mapping) else {}
    properties = root.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, Mapping) else None
    identifier = root.get("id")
    if not isinstance(identifier, str) or not isinstance(state, str):
        raise UnreadableDocumentError("an entry of the gateway's connections lacks id or provisioningState")
    return GatewayUse(identifier, state, read_listed_half(root))
