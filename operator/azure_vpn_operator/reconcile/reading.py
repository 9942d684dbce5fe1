"""What passes and triggers ask of the store: records by key, and who has to do with whom, by indexes."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.ownership import Owner
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.rules.violations import Invalid
from azure_vpn_operator.reconcile.records import CONNECTION, POLICY, ConnectionRecord, PolicyRecord, Record, resolve
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import IndexValue, ObjectStore

__all__ = ["CONNECTION", "POLICY", "Reader", "Store", "stored_connection_status", "stored_policy_status"]

Store: TypeAlias = ObjectStore[Record]

_BY_POLICY: Final = "connections-by-policy"
_BY_HELD_POLICY: Final = "synced-connections-by-policy-and-hash"
_BY_REKEY: Final = "connections-by-policy-that-wait-for-a-rekey"
_BY_GATEWAYS: Final = "connections-by-gateways"
_BY_GATEWAY: Final = "connections-by-gateway"
_BY_PAIR: Final = "single-halves-by-pair-of-gateways"
_BY_SECRET: Final = "connections-by-secret"  # noqa: S105 (a name)
_BY_AWAITED_SECRET: Final = "waiting-connections-by-secret"  # noqa: S105 (a name)

_WAITING: Final = frozenset({Reason.KEY_ROTATION_WAITS.value, Reason.KEY_ROTATION_STOPPED.value})
_TWO: Final = 2


class Reader:
    """Asks the store. No answer costs more because there are more objects, unless it names them all."""

    def __init__(self, store: Store, installation: Installation) -> None:
        self._store = store
        self._installation = installation
        store.add_index(_BY_POLICY, CONNECTION, _policy_of)
        store.add_index(_BY_HELD_POLICY, CONNECTION, _held_policy_of)
        store.add_index(_BY_REKEY, CONNECTION, _provisional_of)
        store.add_index(_BY_GATEWAYS, CONNECTION, _gateways_of)
        store.add_index(_BY_PAIR, CONNECTION, _pair_of)
        store.add_index(_BY_GATEWAY, CONNECTION, _each_gateway_of)
        store.add_index(_BY_SECRET, CONNECTION, _secret_of)
        store.add_index(_BY_AWAITED_SECRET, CONNECTION, _awaited_secret_of)

    def record(self, key: ObjectKey) -> ConnectionRecord | None:
        """What is known of a VpnConnection."""
        found = self._store.get(key)
        return found if isinstance(found, ConnectionRecord) else None

    def policy_record(self, key: ObjectKey) -> PolicyRecord | None:
        """What is known of an IpsecPolicy."""
        found = self._store.get(key)
        return found if isinstance(found, PolicyRecord) else None

    def metadata_of(self, key: ObjectKey) -> ObjectMeta | None:
        """The metadata of an object of either kind, if it is there."""
        found = self._store.get(key)
        return found.metadata if found is not None else None

    def connection(self, record: Record) -> VpnConnection | Invalid:
        """The object, without its status; the record must be of a VpnConnection."""
        return _connection(record).subject

    def policy(self, record: Record) -> IpsecPolicy | Invalid:
        """The object, without its status; the record must be of an IpsecPolicy."""
        if isinstance(record, ConnectionRecord):
            raise TypeError("not a record of an IpsecPolicy")
        return record.subject

    def target(self, connection: VpnConnection) -> Target | Unresolved:
        """The Azure resources it speaks about."""
        record = self.record(_key_of(connection))
        if record is not None and record.wanted.spec is connection.spec and record.wanted.target is not None:
            return record.wanted.target
        if record is not None and record.wanted.reverse is connection.spec and record.wanted.reverse_target is not None:
            return record.wanted.reverse_target
        return resolve(connection, self._installation)[0]

    def mirrored(self, connection: VpnConnection) -> VpnConnection:
        """The object as it looks from the other side; for an owned pair."""
        record = self.record(_key_of(connection))
        if record is not None and record.wanted.spec is connection.spec and record.wanted.reverse is not None:
            return VpnConnection(metadata=connection.metadata, spec=record.wanted.reverse)
        return resolve(connection, self._installation)[1] or connection

    def halves_of(self, record: Record) -> tuple[HalfRole, ...]:
        """The halves that the object has in Azure, or still has there although its spec no longer names them."""
        found = _connection(record)
        named = found.wanted.spec is not None and found.wanted.spec.reverse is not None
        known = any(half.role is HalfRole.REVERSE for half in found.status.halves)
        return (HalfRole.FORWARD, HalfRole.REVERSE) if named or known else (HalfRole.FORWARD,)

    # -- users of a policy

    def users_of_policy(self, namespace: str, name: str) -> Iterator[ObjectKey]:
        """The connections that name the policy."""
        return self._store.find(_BY_POLICY, (namespace, name))

    def first_users_of_policy(self, namespace: str, name: str, limit: int) -> tuple[ObjectKey, ...]:
        """The first of them."""
        return self._store.find_first(_BY_POLICY, (namespace, name), limit)

    def count_users_of_policy(self, namespace: str, name: str) -> int:
        """How many they are."""
        return self._store.count_found(_BY_POLICY, (namespace, name))

    def count_holders_of_policy(self, namespace: str, name: str, policy_hash: str) -> int:
        """How many of them are in sync with these values of it."""
        return self._store.count_found(_BY_HELD_POLICY, (namespace, name, policy_hash))

    def holders_of_policy(self, namespace: str, name: str, policy_hash: str) -> Iterator[ObjectKey]:
        """Those of them that are in sync with these values of it."""
        return self._store.find(_BY_HELD_POLICY, (namespace, name, policy_hash))

    def count_provisional(self, namespace: str, name: str) -> int:
        """How many of them have a changed PFS group, and the first rekey with it still to come."""
        return self._store.count_found(_BY_REKEY, (namespace, name))

    # -- users of a Secret

    def users_of_secret(self, namespace: str, name: str) -> Iterator[ObjectKey]:
        """The connections that name the Secret."""
        return self._store.find(_BY_SECRET, (namespace, name))

    def next_user_of_secret(self, namespace: str, name: str) -> ObjectKey | None:
        """The first of the connections that wait for their turn to get the Secret's key."""
        return next(iter(self._store.find_first(_BY_AWAITED_SECRET, (namespace, name), 1)), None)

    # -- neighbours

    def first_at_gateway(self, gateway: str, limit: int) -> tuple[ObjectKey, ...]:
        """The first connections of a gateway, of all namespaces; the gateway as a comparable text."""
        return self._store.find_first(_BY_GATEWAY, (gateway,), limit)

    def is_ready(self, key: ObjectKey) -> bool:
        """Whether the object's last status says so."""
        record = self.record(key)
        ready = record.condition("Ready") if record is not None else None
        return ready is not None and ready.status == "True"

    def looks_after(self, owner: Owner, connection: ArmId) -> bool:
        """Whether the object is there and has that connection in Azure. One that only observes has given it up."""
        record = self.record(ObjectKey(CONNECTION, owner.namespace, owner.name))
        if record is None or (record.wanted.spec is not None and not record.wanted.enforced):
            return False
        known = {half.id.lower() for half in record.status.halves if half.id is not None}
        target = record.wanted.target
        return connection.key in known or (isinstance(target, Target) and target.connection == connection)

    def partners_of(self, key: ObjectKey, target: Target) -> tuple[ObjectKey, ...]:
        """The connections of the same namespace that lead back between the same gateways."""
        if target.gateway is None or target.peer_gateway is None:
            return ()
        found = self._store.find(_BY_GATEWAYS, (key.namespace, target.peer_gateway.key, target.gateway.key))
        return tuple(other for other in found if other != key)

    def rivals_of(self, key: ObjectKey, target: Target) -> tuple[ObjectKey, ...]:
        """The connections of the same namespace between the same gateways in the same direction that are enforced, or as far as it."""
        own = self.record(key)
        if target.gateway is None or target.peer_gateway is None:
            return ()
        found = self._store.find(_BY_GATEWAYS, (key.namespace, target.gateway.key, target.peer_gateway.key))
        reach = own.wanted.management if own is not None else None
        return tuple(other for other in found if other != key and self._is_half(other, reach))

    def unit_of(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """The objects that one pass is about: the halves of a tunnel, the same from either side, or the object alone.

        Halves are one unit if each is the other's only partner, and both are enforced or both plan, and not being deleted.
        """
        record = self.record(key)
        crossing = self.crossing(record) if record is not None else ()
        return crossing if len(crossing) == _TWO else (key,)

    def crossing(self, record: ConnectionRecord) -> tuple[ObjectKey, ...]:
        """The halves of a tunnel that the object is one of, in either direction: the first three, as three are no unit any more."""
        found: tuple[ObjectKey, ...] = ()
        for value in _pair_of(record):
            found = self._store.find_first(_BY_PAIR, value, _TWO + 1)
        return found

    def _is_half(self, key: ObjectKey, reach: ManagementPolicy | None) -> bool:
        record = self.record(key)
        return record is not None and _is_half(record) and (record.writable or record.wanted.management is reach)


def stored_connection_status(record: Record) -> VpnConnectionStatus:
    """The status as it is stored; one that could not be read is empty. The record must be of a VpnConnection."""
    return _connection(record).status


def stored_policy_status(record: Record) -> IpsecPolicyStatus:
    """The status as it is stored; one that could not be read is empty. The record must be of an IpsecPolicy."""
    if isinstance(record, ConnectionRecord):
        raise TypeError("not a record of an IpsecPolicy")
    return record.status


def _connection(record: Record) -> ConnectionRecord:
    if isinstance(record, PolicyRecord):
        raise TypeError("not a record of a VpnConnection")
    return record


def _key_of(connection: VpnConnection) -> ObjectKey:
    return ObjectKey(CONNECTION, connection.metadata.namespace, connection.metadata.name)


def _is_half(record: ConnectionRecord) -> bool:
    """Whether it may be one half of a unit of two objects. An object that owns both halves is nobody else's half."""
    spec = record.wanted.spec
    deleting = record.metadata.deletion_timestamp is not None
    return (
        spec is not None
        and spec.reverse is None
        and record.wanted.management is not ManagementPolicy.OBSERVE
        and not deleting
    )


def _policy_of(record: Record) -> Iterable[IndexValue]:
    name = _connection(record).wanted.policy
    return [(record.metadata.namespace, name)] if name is not None else []


def _held_policy_of(record: Record) -> Iterable[IndexValue]:
    found = _connection(record)
    held = found.status.policy.hash if found.status.policy is not None else None
    if found.wanted.policy is None or held is None or not found.is_synced:
        return []
    return [(found.metadata.namespace, found.wanted.policy, held)]


def _provisional_of(record: Record) -> Iterable[IndexValue]:
    change = _connection(record).status.change
    return _policy_of(record) if change is not None and change.state is ChangeState.PROVISIONAL else []


def _gateways_of(record: Record) -> Iterable[IndexValue]:
    target = _connection(record).wanted.target
    if not isinstance(target, Target) or target.gateway is None or target.peer_gateway is None:
        return []
    return [(record.metadata.namespace, target.gateway.key, target.peer_gateway.key)]


def _each_gateway_of(record: Record) -> Iterable[IndexValue]:
    target = _connection(record).wanted.target
    return [(gateway,) for gateway in target.gateway_ids] if isinstance(target, Target) else []


def _pair_of(record: Record) -> Iterable[IndexValue]:
    """A half by its gateways in one order, beside what may be done about it; a gateway and itself are no pair."""
    found = _connection(record)
    if not _is_half(found):
        return []
    return [
        (namespace, found.wanted.management.value, *sorted(ends))
        for namespace, *ends in _gateways_of(record)
        if len(set(ends)) == _TWO
    ]


def _secret_of(record: Record) -> Iterable[IndexValue]:
    name = _connection(record).wanted.secret
    return [(record.metadata.namespace, name)] if name is not None else []


def _awaited_secret_of(record: Record) -> Iterable[IndexValue]:
    ready = _connection(record).condition("Ready")
    return _secret_of(record) if ready is not None and ready.reason in _WAITING else []
