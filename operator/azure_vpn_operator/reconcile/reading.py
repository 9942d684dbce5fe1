"""Stored documents read as objects, once per version, and the indexes over them that passes and triggers share."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.installation import Installation
from azure_vpn_operator.domain.target import Target, Unresolved, resolve_target
from azure_vpn_operator.domain.validation import read_connection, read_policy
from azure_vpn_operator.domain.violations import Invalid
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore

CONNECTION = VpnConnection.KIND
POLICY = IpsecPolicy.KIND
BY_POLICY = "connections-by-policy"
BY_GATEWAYS = "connections-by-gateways"


class Reader:
    """Reads documents of the store; each version of an object is parsed once."""

    def __init__(self, store: ObjectStore, installation: Installation) -> None:
        self._store = store
        self._installation = installation
        self._connections: dict[ObjectKey, tuple[str, VpnConnection | Invalid]] = {}
        self._policies: dict[ObjectKey, tuple[str, IpsecPolicy | Invalid]] = {}
        store.add_index(BY_POLICY, CONNECTION, self._policies_of)
        store.add_index(BY_GATEWAYS, CONNECTION, self._gateways_of)

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
        return resolve_target(connection, self._installation)

    def users_of_policy(self, namespace: str, name: str) -> tuple[ObjectKey, ...]:
        """The connections that name the policy."""
        return self._store.keys_by_index(BY_POLICY, (namespace, name))

    def partners_of(self, key: ObjectKey, target: Target) -> tuple[ObjectKey, ...]:
        """The connections of the same namespace that lead back between the same gateways."""
        if target.gateway is None or target.peer_gateway is None:
            return ()
        found = self._store.keys_by_index(BY_GATEWAYS, (key.namespace, target.peer_gateway.key, target.gateway.key))
        return tuple(other for other in found if other != key)

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
