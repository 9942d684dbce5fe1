"""Stored documents read as objects, once per version, and the indexes over them that passes and triggers share."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies
from azure_vpn_operator.domain.azure.mirror import find_clash, mirrored
from azure_vpn_operator.domain.azure.ownership import Owner
from azure_vpn_operator.domain.azure.target import Target, Unresolved, resolve_target
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore

CONNECTION = VpnConnection.KIND
POLICY = IpsecPolicy.KIND
BY_POLICY = "connections-by-policy"
BY_GATEWAYS = "connections-by-gateways"
BY_SECRET = "connections-by-secret"  # noqa: S105 (a name)

_WAITING = frozenset({Reason.KEY_ROTATION_WAITS.value, Reason.KEY_ROTATION_STOPPED.value})


class Reader:
    """Reads documents of the store; each version of an object is parsed once."""

    def __init__(self, store: ObjectStore, installation: Installation) -> None:
        self._store = store
        self._installation = installation
        self._connections: dict[ObjectKey, tuple[str, VpnConnection | Invalid]] = {}
        self._policies: dict[ObjectKey, tuple[str, IpsecPolicy | Invalid]] = {}
        store.add_index(BY_POLICY, CONNECTION, self._policies_of)
        store.add_index(BY_GATEWAYS, CONNECTION, self._gateways_of)
        store.add_index(BY_SECRET, CONNECTION, _secrets_of)

    def connection(self, document: Document) -> VpnConnection | Invalid:
        """The document as a VpnConnection."""
        key, version = _identify(CONNECTION, document)
        cached = self._connections.get(key)
        if cached is None or cached[0] != version or not version:
            cached = (version, read_connection(document))
            self._connections[key] = cached
        return cached[1]

    def policy(self, document: Document) -> IpsecPolicy | Invalid:
        """The document as an IpsecPolicy."""
        key, version = _identify(POLICY, document)
        cached = self._policies.get(key)
        if cached is None or cached[0] != version or not version:
            cached = (version, read_policy(document))
            self._policies[key] = cached
        return cached[1]

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._connections.pop(key, None)
        self._policies.pop(key, None)

    def target(self, connection: VpnConnection) -> Target | Unresolved:
        """The Azure resources it speaks about."""
        found = resolve_target(connection, self._installation)
        if connection.spec.reverse is None or not isinstance(found, Target):
            return found
        reverse = resolve_target(mirrored(connection, found), self._installation)
        if isinstance(reverse, Unresolved):
            return reverse
        return find_clash(found, reverse) or found

    def users_of_policy(self, namespace: str, name: str) -> tuple[ObjectKey, ...]:
        """The connections that name the policy."""
        return self._store.keys_by_index(BY_POLICY, (namespace, name))

    def users_of_secret(self, namespace: str, name: str) -> tuple[ObjectKey, ...]:
        """The connections that name the Secret."""
        return self._store.keys_by_index(BY_SECRET, (namespace, name))

    def next_user_of_secret(self, namespace: str, name: str) -> ObjectKey | None:
        """The first of the connections that wait for their turn to get the Secret's key."""
        waits = (key for key in self.users_of_secret(namespace, name) if self._ready(key).get("reason") in _WAITING)
        return next(waits, None)

    def is_ready(self, key: ObjectKey) -> bool:
        """Whether the object's last status says so."""
        return self._ready(key).get("status") == "True"

    def _ready(self, key: ObjectKey) -> Mapping[str, Any]:
        document = self._store.get(key)
        return ready_of(document) if document is not None else {}

    def enforced(self, key: ObjectKey) -> VpnConnection | None:
        """The object, if it is valid, enforced and not being deleted."""
        document = self._store.get(key)
        connection = self.connection(document) if document is not None else None
        if not isinstance(connection, VpnConnection) or connection.metadata.deletion_timestamp is not None:
            return None
        return connection if effective_policies(connection.spec, self._installation).may_write else None

    def looks_after(self, owner: Owner, connection: ArmId) -> bool:
        """Whether the object is there and has that connection in Azure. One that only observes has given it up."""
        document = self._store.get(ObjectKey(CONNECTION, owner.namespace, owner.name))
        if document is None:
            return False
        found = self.connection(document)
        if isinstance(found, VpnConnection) and not effective_policies(found.spec, self._installation).may_write:
            return False
        known = {half.id.lower() for half in stored_connection_status(document).halves if half.id is not None}
        target = self.target(found) if isinstance(found, VpnConnection) else None
        return connection.key in known or (isinstance(target, Target) and target.connection == connection)

    def partners_of(self, key: ObjectKey, target: Target) -> tuple[ObjectKey, ...]:
        """The connections of the same namespace that lead back between the same gateways."""
        if target.gateway is None or target.peer_gateway is None:
            return ()
        found = self._store.keys_by_index(BY_GATEWAYS, (key.namespace, target.peer_gateway.key, target.gateway.key))
        return tuple(other for other in found if other != key)

    def halves_of(self, document: Document) -> tuple[HalfRole, ...]:
        """The halves that the object has in Azure, or still has there although its spec no longer names them."""
        connection = self.connection(document)
        named = isinstance(connection, VpnConnection) and connection.spec.reverse is not None
        known = any(half.role is HalfRole.REVERSE for half in stored_connection_status(document).halves)
        return (HalfRole.FORWARD, HalfRole.REVERSE) if named or known else (HalfRole.FORWARD,)

    def mirrored(self, connection: VpnConnection) -> VpnConnection:
        """The object as it looks from the other side; for an owned pair."""
        target = self.target(connection)
        if not isinstance(target, Target):
            return connection
        return mirrored(connection, target)

    def rivals_of(self, key: ObjectKey, target: Target) -> tuple[ObjectKey, ...]:
        """The enforced connections of the same namespace between the same gateways in the same direction."""
        if target.gateway is None or target.peer_gateway is None:
            return ()
        found = self._store.keys_by_index(BY_GATEWAYS, (key.namespace, target.gateway.key, target.peer_gateway.key))
        return tuple(other for other in found if other != key and self._writable(other) is not None)

    def unit_of(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """The objects that one pass is about: the halves of a tunnel, the same from either side, or the object alone.

        Halves are one unit if each is the other's only partner and both are enforced and not being deleted.
        """
        partners = self._writable_partners(key)
        if len(partners) != 1 or self._writable_partners(partners[0]) != (key,):
            return (key,)
        return tuple(sorted((key, partners[0])))

    def _writable_partners(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        connection = self._writable(key)
        target = self.target(connection) if connection is not None else None
        if not isinstance(target, Target):
            return ()
        crossing = self.partners_of(key, target) + self.rivals_of(key, target)
        return tuple(other for other in crossing if self._writable(other) is not None)

    def _writable(self, key: ObjectKey) -> VpnConnection | None:
        connection = self.enforced(key)
        # An object that owns both halves is nobody else's half.
        return None if connection is None or connection.spec.reverse is not None else connection

    def _policies_of(self, document: Document) -> Iterable[tuple[str, str]]:
        """Read without the rules: an invalid connection keeps its policy from being deleted as well."""
        reference = _child(_child(document, "spec"), "ipsecPolicyRef").get("name")
        metadata = _child(document, "metadata")
        return [(str(metadata.get("namespace")), reference)] if isinstance(reference, str) else []

    def _gateways_of(self, document: Document) -> Iterable[tuple[str, str, str]]:
        connection = self.connection(document)
        if isinstance(connection, Invalid):
            return []
        target = self.target(connection)
        if isinstance(target, Unresolved) or target.gateway is None or target.peer_gateway is None:
            return []
        return [(connection.metadata.namespace, target.gateway.key, target.peer_gateway.key)]


def ready_of(document: Document) -> Mapping[str, Any]:
    """The condition Ready as it is stored; empty if there is none that can be read."""
    conditions = _child(document, "status").get("conditions")
    items = conditions if isinstance(conditions, list | tuple) else ()
    return next((item for item in items if isinstance(item, Mapping) and item.get("type") == "Ready"), {})


def _secrets_of(document: Document) -> Iterable[tuple[str, str]]:
    reference = _child(_child(document, "spec"), "sharedKeySecretRef").get("name")
    return [(str(_child(document, "metadata").get("namespace")), reference)] if isinstance(reference, str) else []


def stored_connection_status(document: Document) -> VpnConnectionStatus:
    """The status as it is stored; one that cannot be read counts as empty."""
    try:
        return VpnConnectionStatus.model_validate(_child(document, "status"))
    except ValidationError:
        return VpnConnectionStatus()


def stored_policy_status(document: Document) -> IpsecPolicyStatus:
    """The status as it is stored; one that cannot be read counts as empty."""
    try:
        return IpsecPolicyStatus.model_validate(_child(document, "status"))
    except ValidationError:
        return IpsecPolicyStatus()


def _identify(kind: str, document: Document) -> tuple[ObjectKey, str]:
    metadata = _child(document, "metadata")
    key = ObjectKey(kind, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
    return key, f"{metadata.get('uid', '')}/{metadata.get('resourceVersion', '')}"


def _child(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
