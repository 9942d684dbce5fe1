"""All reads of one pass, into a frozen snapshot. Missing and unreadable are values in it; nothing is decided here."""

from collections.abc import Callable, Mapping
from typing import Any

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.vpn_connection import ConnectionMode, ConnectionProtocol, VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.canonical import ArmId, canonical_policy
from azure_vpn_operator.domain.faults import FaultKind
from azure_vpn_operator.domain.gateway_rules import LocalGatewayFacts
from azure_vpn_operator.domain.installation import Installation, effective_policies
from azure_vpn_operator.domain.live_connection import LiveConnection
from azure_vpn_operator.domain.lookups import Absent, NotRead, Present, Read, SecretData, SharedKey, Unreadable
from azure_vpn_operator.domain.ownership import Owner, Ownership, judge_ownership
from azure_vpn_operator.domain.pairing import HalfFacts, PairView
from azure_vpn_operator.domain.requests import RECONCILE_AT, is_requested
from azure_vpn_operator.domain.shared_key_rules import check_shared_key
from azure_vpn_operator.domain.snapshot import (
    Cadence,
    FailedOperation,
    KeyCheck,
    KeyEntryMissing,
    KeyFound,
    KeyLookup,
    KeyMalformed,
    KeyUnreadable,
    NotReferenced,
    OpenOperation,
    PolicyBroken,
    PolicyFound,
    PolicyLookup,
    Snapshot,
)
from azure_vpn_operator.domain.target import Target
from azure_vpn_operator.domain.violations import Invalid
from azure_vpn_operator.ports import ConnectionsPort, SecretsPort
from azure_vpn_operator.reconcile.bgp_sessions import BgpSessions
from azure_vpn_operator.reconcile.gateway_facts import GatewayDirectory
from azure_vpn_operator.reconcile.memory import ConnectionMemory
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import POLICY, Reader, stored_connection_status
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import ObjectStore


class Gatherer:
    """Reads what the next step of a connection depends on; at most one GET of the connection per pass."""

    def __init__(
        self,
        *,
        installation: Installation,
        store: ObjectStore,
        reader: Reader,
        connections: ConnectionsPort,
        gateways: GatewayDirectory,
        bgp: BgpSessions,
        secrets: SecretsPort,
        operations: Operations,
        clock: Clock,
        cadence: Callable[[str | None], Cadence],
    ) -> None:
        self._installation = installation
        self._store = store
        self._reader = reader
        self._connections = connections
        self._gateways = gateways
        self._bgp = bgp
        self._secrets = secrets
        self._operations = operations
        self._clock = clock
        self._cadence = cadence

    async def gather(self, key: ObjectKey, document: Document, memory: ConnectionMemory) -> Snapshot:
        """Read everything; only cancellation leaves this method otherwise than by returning."""
        subject = self._reader.connection(document)
        metadata = subject.metadata
        previous = _with_sent_tags(stored_connection_status(document), memory)
        owner = Owner(self._installation.id, key.namespace, key.name)
        target = self._reader.target(subject) if isinstance(subject, VpnConnection) else NotRead()
        policy = self.look_up_policy(key.namespace, subject)
        enforced = isinstance(subject, VpnConnection) and effective_policies(subject.spec, self._installation).may_write
        lookup = await self._look_up_key(key.namespace, subject) if enforced else _key_without_reading(subject)
        operation = await self._operations.look(key)
        if isinstance(operation, FailedOperation):
            memory.count_failed_write(operation.fault, self._clock.now())
        live = await self._read_live(metadata, previous, target, operation)
        self._remember_live(memory, live)
        deleting = metadata.deletion_timestamp is not None
        resolved = target if isinstance(target, Target) and enforced and not deleting else None
        if is_requested(metadata, previous.last_handled):
            memory.key.forget()
            self._forget_gateways(target)
        wish = (
            metadata.annotations.get(RECONCILE_AT),
            metadata.uid,
            metadata.generation,
            policy_mark(policy),
            lookup.version if isinstance(lookup, KeyFound) else None,
        )
        cadence = self._cadence(target.connection.subscription if isinstance(target, Target) else None)
        check, rotated = KeyCheck.NOT_NEEDED, False
        if resolved is not None and isinstance(lookup, KeyFound):
            check, rotated = await self._compare_key(memory, lookup, live, owner, metadata)
        return Snapshot(
            now=self._clock.now(),
            installation=self._installation,
            owner=owner,
            metadata=metadata,
            subject=subject,
            raw_spec=_child(document, "spec"),
            previous=previous,
            target=target,
            policy=policy,
            key=lookup,
            live=live,
            gateway=await self._read_gateway(resolved.gateway if resolved is not None else None),
            local_gateway=await self._read_local_gateway(resolved.local_gateway if resolved is not None else None),
            peer_gateway=await self._read_gateway(resolved.peer_gateway if resolved is not None else None),
            key_check=check,
            key_rotated=rotated,
            operation=operation,
            pair=self._view_pair(key, subject, target, policy, previous),
            attempts=memory.attempts(wish, self._clock.now()),
            cadence=cadence,
            bgp=await self._bgp.read(key, subject, target, live, cadence),
        )

    def look_up_policy(self, namespace: str, subject: VpnConnection | Invalid) -> PolicyLookup:
        """The policy that the object names, as the store has it now; no I/O."""
        if isinstance(subject, Invalid) or subject.spec.ipsec_policy_ref is None:
            return NotReferenced()
        found = self._store.get(ObjectKey(POLICY, namespace, subject.spec.ipsec_policy_ref.name))
        if found is None:
            return Absent()
        policy = self._reader.policy(found)
        if isinstance(policy, Invalid):
            return PolicyBroken("; ".join(str(violation) for violation in policy.violations))
        return PolicyFound(policy)

    async def _look_up_key(self, namespace: str, subject: VpnConnection | Invalid) -> KeyLookup:
        if isinstance(subject, Invalid) or subject.spec.shared_key_secret_ref is None:
            return NotReferenced()
        reference = subject.spec.shared_key_secret_ref
        match await self._secrets.read(namespace, reference.name, reference.key):
            case Absent():
                return Absent()
            case Unreadable(fault):
                return KeyUnreadable(fault)
            case Present(SecretData(version, entry, entries)):
                if entry is None:
                    return KeyEntryMissing(tuple(sorted(entries))[:20])
                violation = check_shared_key(entry)
                if violation is not None:
                    return KeyMalformed(str(violation))
                return KeyFound(SharedKey(entry.decode("ascii")), version)

    async def _read_live(
        self,
        metadata: ObjectMeta,
        previous: VpnConnectionStatus,
        target: object,
        operation: OpenOperation | FailedOperation | None,
    ) -> Read[LiveConnection] | NotRead:
        if isinstance(operation, OpenOperation):
            return NotRead()
        known = next((half.id for half in previous.halves if half.id), None)
        if metadata.deletion_timestamp is not None:
            # What is deleted is what we made, whatever the object's names lead to by now.
            connection = _parse(known) or (target.connection if isinstance(target, Target) else None)
            return await self._connections.get(connection) if connection is not None else Absent()
        if not isinstance(target, Target) or (known is not None and known.lower() != target.connection.key):
            return NotRead()
        return await self._connections.get(target.connection)

    def _remember_live(self, memory: ConnectionMemory, live: Read[LiveConnection] | NotRead) -> None:
        now = self._clock.now()
        memory.first_try = memory.first_try or now
        match live:
            case Present(value):
                memory.last_read, memory.seen_configuration = now, value.configuration
                memory.updating_since = None if value.settled else memory.updating_since or now
            case Absent():
                memory.last_read, memory.seen_configuration, memory.updating_since = now, None, None
            case Unreadable() | NotRead():
                pass

    async def _compare_key(
        self,
        memory: ConnectionMemory,
        key: KeyFound,
        live: Read[LiveConnection] | NotRead,
        owner: Owner,
        metadata: ObjectMeta,
    ) -> tuple[KeyCheck, bool]:
        rotated = memory.key.equal_version != key.version
        if not isinstance(live, Present) or not live.value.settled:
            return _kept(memory), rotated
        if judge_ownership(live.value.tags, owner, metadata.annotations) is not Ownership.OURS:
            return KeyCheck.NOT_NEEDED, rotated
        if not memory.key.due(key.version, self._clock.now()):
            return _kept(memory), rotated
        read = await self._connections.get_shared_key(live.value.id)
        if isinstance(read, Present):
            result = KeyCheck.EQUAL if read.value == key.key else KeyCheck.DIFFERENT
        elif isinstance(read, Unreadable) and read.fault.kind is FaultKind.FORBIDDEN:
            result = KeyCheck.UNREADABLE
        else:
            # Not remembered: the next pass asks again. A key that was never seen equal is not passed off as compared.
            return KeyCheck.UNREADABLE if rotated else _kept(memory), rotated
        if result is not KeyCheck.DIFFERENT:
            # A difference is looked at again each pass until it is gone: the write that mends it may fail.
            memory.key.remember(key.version, result, self._clock.now())
        return result, rotated

    def _forget_gateways(self, target: object) -> None:
        if isinstance(target, Target):
            local = {target.local_gateway.key} if target.local_gateway is not None else set()
            self._gateways.forget(target.gateway_ids | local)
            self._bgp.forget(target.gateway_ids)

    async def _read_gateway(self, gateway: ArmId | None) -> Any:
        return await self._gateways.gateway(gateway) if gateway is not None else NotRead()

    async def _read_local_gateway(self, local_gateway: ArmId | None) -> Read[LocalGatewayFacts] | NotRead:
        return await self._gateways.local_gateway(local_gateway) if local_gateway is not None else NotRead()

    def _view_pair(
        self,
        key: ObjectKey,
        subject: VpnConnection | Invalid,
        target: object,
        policy: PolicyLookup,
        previous: VpnConnectionStatus,
    ) -> PairView | None:
        if isinstance(subject, Invalid) or not isinstance(target, Target) or target.peer_gateway is None:
            return None
        partners = []
        for other in self._reader.partners_of(key, target):
            document = self._store.get(other)
            partner = self._reader.connection(document) if document is not None else None
            if document is not None and isinstance(partner, VpnConnection):
                status = stored_connection_status(document)
                partners.append(_half_facts(partner, self.look_up_policy(other.namespace, partner), status))
        return PairView(own=_half_facts(subject, policy, previous), partners=tuple(partners))


def _with_sent_tags(previous: VpnConnectionStatus, memory: ConnectionMemory) -> VpnConnectionStatus:
    """The status knows which tags are ours, unless its write failed or met an edit: then memory does."""
    half = next(iter(previous.halves), ConnectionHalf(role=HalfRole.FORWARD))
    if memory.sent_tags <= set(half.managed_tags):
        memory.sent_tags = frozenset()
        return previous
    names = tuple(sorted({*half.managed_tags, *memory.sent_tags}))
    return previous.model_copy(update={"halves": (half.model_copy(update={"managed_tags": names}),)})


def _half_facts(connection: VpnConnection, policy: PolicyLookup, status: VpnConnectionStatus) -> HalfFacts:
    spec = connection.spec
    secret = spec.shared_key_secret_ref
    return HalfFacts(
        name=connection.metadata.name,
        policy_hash=canonical_policy(policy.policy.spec).hash if isinstance(policy, PolicyFound) else None,
        policy_name=spec.ipsec_policy_ref.name if spec.ipsec_policy_ref is not None else None,
        key_reference=(secret.name, secret.key) if secret is not None else None,
        protocol=(spec.connection_protocol or ConnectionProtocol.IKEV2).value,
        responder_only=spec.connection_mode is ConnectionMode.RESPONDER_ONLY,
        synced=any(c.type == "Synced" and c.status == "True" for c in status.conditions),
        held_policy_hash=status.policy.hash if status.policy is not None else None,
    )


def _key_without_reading(subject: VpnConnection | Invalid) -> KeyLookup:
    if isinstance(subject, VpnConnection) and subject.spec.shared_key_secret_ref is not None:
        return NotRead()
    return NotReferenced()


def policy_mark(policy: PolicyLookup) -> str:
    """What counts of a policy: its values, or why there are none."""
    return canonical_policy(policy.policy.spec).hash if isinstance(policy, PolicyFound) else type(policy).__name__


def _kept(memory: ConnectionMemory) -> KeyCheck:
    return KeyCheck.UNREADABLE if memory.key.result is KeyCheck.UNREADABLE else KeyCheck.NOT_NEEDED


def _parse(text: str | None) -> ArmId | None:
    try:
        return ArmId.parse(text) if text else None
    except ValueError:
        return None


def _child(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
