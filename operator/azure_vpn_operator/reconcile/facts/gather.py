"""All reads of one pass, into a frozen snapshot. Missing and unreadable are values in it; nothing is decided here.

Size: the snapshot has many fields, and the order in which they are read is one thought.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.tunnel_change import TunnelChange
from azure_vpn_operator.api.vpn_connection import ConnectionMode, VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.access import Denial, Identity, touched_by
from azure_vpn_operator.domain.azure.canonical import ArmId, canonical_policy
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, Unreadable
from azure_vpn_operator.domain.azure.ownership import Owner, find_neighbour
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.pairs.foreign_half import ForeignHalves
from azure_vpn_operator.domain.pairs.pairing import HalfFacts, PairView
from azure_vpn_operator.domain.passes.annotations import RECONCILE_AT, RESET, ROLLOUT_RETRY, ROTATE_KEY
from azure_vpn_operator.domain.passes.key_turns import Turn
from azure_vpn_operator.domain.passes.observations import COUNTERS_AFTER_HOLD_DOWNS, observe
from azure_vpn_operator.domain.passes.requests import is_requested, is_reset_requested
from azure_vpn_operator.domain.passes.snapshot import (
    Cadence,
    FailedOperation,
    GeneratedKey,
    KeyFound,
    KeyLookup,
    NotReferenced,
    OpenOperation,
    OperationKind,
    PolicyBroken,
    PolicyFound,
    PolicyLookup,
    Snapshot,
)
from azure_vpn_operator.domain.passes.traffic import record_traffic
from azure_vpn_operator.domain.passes.traffic_selectors import needs_address_spaces
from azure_vpn_operator.domain.planning.foresight import StoredFacts
from azure_vpn_operator.domain.rollout.evidence import tunnels_of
from azure_vpn_operator.domain.rollout.settings import half_of, same, settings_of
from azure_vpn_operator.domain.rollout.terms import terms_of
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.domain.rules.violations import Invalid
from azure_vpn_operator.reconcile.facts.ike_sas import TrialOfHalf
from azure_vpn_operator.reconcile.facts.keys import KeyFacts, KeyQuestion, KeyReader
from azure_vpn_operator.reconcile.facts.random_keys import RandomKeys
from azure_vpn_operator.reconcile.memory import ConnectionMemory, HalfKey
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.reading import POLICY, Reader, Store, stored_connection_status
from azure_vpn_operator.reconcile.records import ConnectionRecord, PolicyRecord
from azure_vpn_operator.reconcile.rollouts import Rollouts
from azure_vpn_operator.reconcile.tenancy import AzurePorts, Tenancy
from azure_vpn_operator.reconcile.triggers import own_annotations
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey


class Gatherer:
    """Reads what the next step of a connection depends on; at most one GET of the connection each time."""

    def __init__(
        self,
        *,
        installation: Installation,
        store: Store,
        reader: Reader,
        tenancy: Tenancy,
        keys: KeyReader,
        rollouts: Rollouts,
        operations: Operations,
        clock: Clock,
        cadence: Callable[[str | None, Identity | None], Cadence],
    ) -> None:
        self._installation = installation
        self._store = store
        self._reader = reader
        self._tenancy = tenancy
        self.keys = keys
        self.random_keys = RandomKeys()
        self._rollouts = rollouts
        self._operations = operations
        self._clock = clock
        self._cadence = cadence

    def known(self, half: HalfKey, record: ConnectionRecord, memory: ConnectionMemory) -> StoredFacts:
        """What the store says of one half; no I/O."""
        key = half.object
        whole = self._reader.connection(record)
        subject, released = self._seen_from(half.role, whole)
        previous = _with_what_was_not_stored(stored_connection_status(record), half.role, memory, subject.metadata.uid)
        target = self._reader.target(subject) if isinstance(subject, VpnConnection) and not released else NotRead()
        policy = self.look_up_policy(key, subject)
        touched = touched_by(target.connection, subject, target) if isinstance(target, Target) else None
        return StoredFacts(
            subject.metadata,
            subject,
            released,
            previous,
            target,
            policy,
            self._view_pair(key, subject, target, policy, previous) if whole is subject else None,
            self._tenancy.check(key.namespace, touched) if touched is not None else None,
            half.role,
            owns_both=isinstance(whole, VpnConnection) and whole.spec.reverse is not None,
        )

    def cadence_of(self, half: HalfKey, target: Target) -> Cadence:
        """How often the half is read by time, as the budget of reads allows."""
        return self._cadence(target.connection.subscription, self._tenancy.identity_of(half.object.namespace))

    async def gather(
        self, half: HalfKey, record: ConnectionRecord, memory: ConnectionMemory, *, from_list: bool = False
    ) -> Snapshot:
        """Read everything about one half; only cancellation leaves this method otherwise than by returning.

        `from_list`: a list of its group may stand for the first GET of the connection since the start.
        """
        key = half.object
        whole = self._reader.connection(record)
        stored = self.known(half, record, memory)
        subject, previous, target, policy = stored.subject, stored.previous, stored.target, stored.policy
        metadata, released, pair = stored.metadata, stored.released, stored.pair
        owner = Owner(self._installation.id, key.namespace, key.name)
        policies = effective_policies(subject.spec, self._installation) if isinstance(subject, VpnConnection) else None
        plans_writes = policies is not None and policies.plans_writes
        known = next((item.id for item in previous.halves if item.role is half.role), None)
        deleting = metadata.deletion_timestamp is not None
        connection = _connection_in_question(known, target, letting_go=deleting or released)
        asked = is_requested(metadata, previous.last_handled)
        by_hand = asked or is_reset_requested(metadata, previous)
        from_list = from_list and not (memory.compared or by_hand or deleting or released)
        first_look = not memory.compared
        denial, operation, live = await self._look_at_azure(half, subject, target, connection, from_list=from_list)
        operation = self._remember_operation(memory, operation)
        self._remember_live(memory, live)
        if first_look and self.look_up_policy(key, subject) != policy:
            # What it is to keep for now may be known only from Azure.
            stored = self.known(half, record, memory)
            policy, pair = stored.policy, stored.pair
        seen = self._observe(memory, half.role, previous.change, live)
        # Nothing is written while an operation is open: then no key is needed either.
        needed = not isinstance(operation, OpenOperation)
        lookup = _key_without_reading(subject)
        if plans_writes:
            lookup = await self._look_up_key(key, whole, previous, needed=needed)
        azure = self._tenancy.ports_for(key.namespace)
        resolved = target if isinstance(target, Target) and plans_writes and not deleting and denial is None else None
        if asked:
            memory.key.ask()
            _forget_gateways(azure, target)
        cadence = self._cadence(target.connection.subscription if isinstance(target, Target) else None, azure.identity)
        keys = KeyFacts()
        if resolved is not None and isinstance(subject, VpnConnection) and isinstance(lookup, KeyFound | GeneratedKey):
            partner = self._partner_to_compare(half, whole) if isinstance(lookup, GeneratedKey) else None
            question = KeyQuestion(
                key, half.role, subject, owner, resolved.connection, previous, live, operation, lookup, partner
            )
            keys = await self.keys.examine(question, memory)
        key_mark = (
            memory.key_mark if isinstance(lookup, NotRead) else memory.note_key(keys.digest or _version_of(lookup))
        )
        requests = (metadata.annotations.get(name) for name in (RECONCILE_AT, ROTATE_KEY, RESET, ROLLOUT_RETRY))
        wish = (*requests, metadata.uid, metadata.generation, policy_mark(policy), key_mark)
        gateway = await _read_gateway(azure, resolved.gateway if resolved is not None else None)
        peer_gateway = await _read_gateway(azure, resolved.peer_gateway if resolved is not None else None)
        if seen is not None and previous.change is not None and isinstance(subject, VpnConnection):
            trial = TrialOfHalf(
                previous.change,
                tunnels_of(previous.change, half.role),
                seen,
                terms_of(subject.spec, self._installation),
                _tunnel_count(gateway, peer_gateway),
            )
            memory.observations = await azure.ike.add_to(memory, trial)
        if azure.logs is not None and not deleting and not released:
            await azure.logs.add_to(memory, previous, target, live, cadence)
        behind = isinstance(subject, VpnConnection) and needs_address_spaces(subject)
        return Snapshot(
            now=self._clock.now(),
            installation=self._installation,
            owner=owner,
            metadata=metadata,
            subject=subject,
            raw_spec=record.wanted.given,
            previous=previous,
            target=target,
            policy=policy,
            key=lookup,
            live=live,
            gateway=gateway,
            local_gateway=await _read_local_gateway(azure, resolved.local_gateway if resolved is not None else None),
            peer_gateway=peer_gateway,
            own_prefixes=await _read_address_space(azure, gateway) if behind else NotRead(),
            peer_prefixes=await _read_address_space(azure, peer_gateway) if behind else NotRead(),
            key_check=keys.check,
            key_rotated=keys.rotated,
            key_digest=keys.digest,
            key_turn=keys.turn,
            operation=operation,
            pair=pair,
            foreign=await _read_foreign(azure, resolved, pair),
            attempts=memory.attempts(wish, self._clock.now()),
            cadence=cadence,
            traffic=memory.traffic,
            observations=memory.observations,
            sent_reset=memory.sent_reset,
            bgp=await azure.bgp.read(key, subject, target, live, cadence),
            log_lines=memory.log.lines if memory.log is not None else (),
            log_unread=memory.log is not None and memory.log.unread,
            role=half.role,
            released=released,
            denial=denial,
            neighbour_holds=self._is_held_by_neighbour(owner, live),
        )

    def _remember_operation(
        self, memory: ConnectionMemory, operation: OpenOperation | FailedOperation | None
    ) -> OpenOperation | FailedOperation | None:
        """Note how it stands; returns it, if it has anything to do with the configuration."""
        match operation:
            case OpenOperation():
                memory.busy_at = self._clock.now()
            case FailedOperation(OperationKind.RESET, fault):
                memory.sent_reset = memory.sent_reset and replace(memory.sent_reset, fault=fault)
                return None
            case FailedOperation(_, fault):
                memory.count_failed_write(fault, self._clock.now())
            case None:
                pass
        return operation

    def _is_held_by_neighbour(self, owner: Owner, live: Read[LiveConnection] | NotRead) -> bool:
        neighbour = find_neighbour(live.value.tags, owner) if isinstance(live, Present) else None
        return (
            neighbour is not None and isinstance(live, Present) and self._reader.looks_after(neighbour, live.value.id)
        )

    def _seen_from(self, role: HalfRole, whole: VpnConnection | Invalid) -> tuple[VpnConnection | Invalid, bool]:
        """The object as it looks from a half's side, and whether the half has left the spec."""
        if role is HalfRole.FORWARD or isinstance(whole, Invalid):
            return whole, False
        return (whole, True) if whole.spec.reverse is None else (self._reader.mirrored(whole), False)

    def _partner_to_compare(self, half: HalfKey, whole: VpnConnection | Invalid) -> ArmId | None:
        """The other half of an owned pair, if this one is to compare keys and the other may be touched too."""
        if half.role is not HalfRole.FORWARD:
            return None
        partner, released = self._seen_from(HalfRole.REVERSE, whole)
        target = self._reader.target(partner) if isinstance(partner, VpnConnection) and not released else None
        if not isinstance(target, Target):
            return None
        denial = self._tenancy.check(half.object.namespace, touched_by(target.connection, partner, target))
        return target.connection if denial is None else None

    def turn_of(self, half: HalfKey, snapshot: Snapshot) -> Turn:
        """Whether the half's unit may get its Secret's key now, by what the store holds at this moment; no I/O."""
        if not isinstance(snapshot.subject, VpnConnection) or not isinstance(snapshot.key, KeyFound):
            return Turn()
        return self.keys.turn_of(half.object, snapshot.subject, snapshot.key.key)

    def look_up_policy(self, key: ObjectKey, subject: VpnConnection | Invalid) -> PolicyLookup:
        """The policy that the object names, with the values that it is assigned now; no I/O."""
        if isinstance(subject, Invalid) or subject.spec.ipsec_policy_ref is None:
            return NotReferenced()
        name = subject.spec.ipsec_policy_ref.name
        found = self._store.get(ObjectKey(POLICY, key.namespace, name))
        if not isinstance(found, PolicyRecord):
            return Absent()
        policy = self._reader.policy(found)
        if isinstance(policy, Invalid):
            return PolicyBroken(str(policy))
        return self._rollouts.assign(key, found, policy)

    async def _look_up_key(
        self, key: ObjectKey, whole: VpnConnection | Invalid, previous: VpnConnectionStatus, *, needed: bool
    ) -> KeyLookup:
        owned = isinstance(whole, VpnConnection) and whole.spec.reverse is not None
        if owned and isinstance(whole, VpnConnection) and whole.spec.shared_key_secret_ref is None:
            return self.random_keys.offer(key, previous)
        return await self.keys.look_up(key.namespace, whole) if needed else _key_without_reading(whole)

    async def _look_at_azure(
        self,
        half: HalfKey,
        subject: VpnConnection | Invalid,
        target: object,
        connection: ArmId | Absent | None,
        *,
        from_list: bool,
    ) -> tuple[Denial | None, OpenOperation | FailedOperation | None, Read[LiveConnection] | NotRead]:
        """Whether the object may touch the connection; if so, the operation that runs on it, and what it is like."""
        namespace = half.object.namespace
        if isinstance(connection, ArmId):
            denial = self._tenancy.check(namespace, touched_by(connection, subject, target))
            if denial is not None:
                return denial, None, NotRead()
        operation = await self._operations.look(half)
        if isinstance(operation, OpenOperation) and operation.read_due and isinstance(connection, ArmId):
            seen = await self._tenancy.connections_for(namespace).get(connection)
            operation = self._operations.seen(half, seen)
            if operation is None:
                return self._after_reading(namespace, subject, target, connection, seen)
        if isinstance(operation, OpenOperation) or connection is None:
            return None, operation, NotRead()
        if isinstance(connection, Absent):
            return None, operation, connection
        live = await self._read_connection(namespace, connection, from_list=from_list)
        denial, _, shown = self._after_reading(namespace, subject, target, connection, live)
        return denial, operation if denial is None else None, shown

    def _after_reading(
        self,
        namespace: str,
        subject: VpnConnection | Invalid,
        target: object,
        connection: ArmId,
        live: Read[LiveConnection],
    ) -> tuple[Denial | None, None, Read[LiveConnection] | NotRead]:
        """Only now is it known which gateways the connection uses; and the rules may have changed meanwhile."""
        denial = self._tenancy.check(namespace, touched_by(connection, subject, target, live))
        return denial, None, NotRead() if denial is not None else live

    async def _read_connection(self, namespace: str, connection: ArmId, *, from_list: bool) -> Read[LiveConnection]:
        azure = self._tenancy.ports_for(namespace)
        listed = await azure.listed.pick(connection) if from_list else None
        return Present(replace(listed, listed=True)) if listed is not None else await azure.connections.get(connection)

    def _remember_live(self, memory: ConnectionMemory, live: Read[LiveConnection] | NotRead) -> None:
        now = self._clock.now()
        memory.first_try = memory.first_try or now
        memory.compared = memory.compared or not isinstance(live, Unreadable)
        match live:
            case Present(value) if value.listed:
                memory.seen_configuration, memory.seen_tunnel_values = value.configuration, value.tunnel_values
                memory.seen_policies = value.policies
            case Present(value):
                memory.last_read, memory.seen_configuration = now, value.configuration
                memory.seen_tunnel_values, memory.seen_policies = value.tunnel_values, value.policies
                memory.traffic = record_traffic(memory.traffic, value, now)
                memory.updating_since = None if value.settled else memory.updating_since or now
            case Absent():
                memory.last_read, memory.seen_configuration, memory.updating_since = now, None, None
                memory.traffic = None
            case Unreadable() | NotRead():
                pass

    def _observe(
        self,
        memory: ConnectionMemory,
        role: HalfRole,
        change: TunnelChange | None,
        live: Read[LiveConnection] | NotRead,
    ) -> LiveConnection | None:
        """Look for proof that the tunnels are back, once the change is seen in force; return what shows that it is."""
        if change is None or not change.is_open:
            memory.observations = memory.ike_question = None
            return None
        shown = live.value if isinstance(live, Present) else None
        if shown is None or shown.listed or shown.provisioning_state != "Succeeded" or shown.connection_status is None:
            return None
        if not same(settings_of(shown), half_of(change.to, role)):
            return None
        memory.observations = observe(
            memory.observations,
            change.start_time,
            tunnels_of(change, role),
            shown,
            now=self._clock.now(),
            counters_after=self._installation.hold_down_seconds * COUNTERS_AFTER_HOLD_DOWNS,
        )
        return shown

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
        if subject.spec.reverse is not None:
            return None
        rivals = tuple(other.name for other in self._reader.rivals_of(key, target))
        partners = []
        for other in self._reader.partners_of(key, target):
            record = self._store.get(other)
            partner = self._reader.connection(record) if record is not None else None
            if (
                record is None
                or not isinstance(partner, VpnConnection)
                or partner.metadata.deletion_timestamp is not None
                or partner.spec.reverse is not None
            ):
                continue
            enforced = effective_policies(partner.spec, self._installation).may_write
            facts = _half_facts(partner, self.look_up_policy(other, partner), stored_connection_status(record))
            partners.append(replace(facts, enforced=enforced))
        return PairView(own=_half_facts(subject, policy, previous), partners=tuple(partners), rivals=rivals)


async def _read_foreign(azure: AzurePorts, target: Target | None, pair: PairView | None) -> ForeignHalves:
    """What leads back from the peer's gateway, if the namespace has no partner."""
    if target is None or pair is None or target.gateway is None or target.peer_gateway is None:
        return NotRead()
    if pair.partners or pair.rivals:
        return NotRead()
    return await azure.crossing.between(target.peer_gateway, target.gateway)


def _with_what_was_not_stored(
    previous: VpnConnectionStatus, role: HalfRole, memory: ConnectionMemory, uid: str
) -> VpnConnectionStatus:
    """The status knows what was sent and seen, unless its write failed or met an edit: then memory does."""
    stored = next((half for half in previous.halves if half.role is role), None)
    half = memory.untold[1] if memory.untold is not None and memory.untold[0] == uid else stored
    known = half or ConnectionHalf(role=role)
    if memory.sent_tags <= set(known.managed_tags):
        memory.sent_tags = frozenset()
    else:
        half = known.model_copy(update={"managed_tags": tuple(sorted({*known.managed_tags, *memory.sent_tags}))})
    if half == stored:
        return previous
    others = tuple(other for other in previous.halves if other.role is not role)
    return previous.model_copy(update={"halves": (*others, half) if half is not None else others})


def _connection_in_question(known: str | None, target: object, *, letting_go: bool) -> ArmId | Absent | None:
    """The connection to read; Absent if there never was one, None if it must not be read."""
    resolved = target.connection if isinstance(target, Target) else None
    if letting_go:
        # What is deleted is what we made, whatever the object's names lead to by now.
        return ArmId.find(known) or resolved or Absent()
    return resolved if resolved is not None and (known is None or known.lower() == resolved.key) else None


def _forget_gateways(azure: AzurePorts, target: object) -> None:
    if isinstance(target, Target):
        local = {target.local_gateway.key} if target.local_gateway is not None else set()
        azure.gateways.forget(target.gateway_ids | local)
        azure.crossing.forget(target.gateway_ids)
        azure.bgp.forget(target.gateway_ids)


def _tunnel_count(own: Read[GatewayFacts] | NotRead, peer: Read[GatewayFacts] | NotRead) -> int | None:
    """How many tunnels a connection has between its gateway and a peer, which is not read if a device is at the other end."""
    if not isinstance(own, Present) or not isinstance(peer, Present | NotRead):
        return None
    return 2 if own.value.active_active or (isinstance(peer, Present) and peer.value.active_active) else 1


async def _read_gateway(azure: AzurePorts, gateway: ArmId | None) -> Any:
    return await azure.gateways.gateway(gateway) if gateway is not None else NotRead()


async def _read_address_space(
    azure: AzurePorts, gateway: Read[GatewayFacts] | NotRead
) -> Read[tuple[str, ...]] | NotRead:
    network = gateway.value.network if isinstance(gateway, Present) else None
    return await azure.gateways.address_space(network) if network is not None else NotRead()


async def _read_local_gateway(azure: AzurePorts, local_gateway: ArmId | None) -> Read[LocalGatewayFacts] | NotRead:
    return await azure.gateways.local_gateway(local_gateway) if local_gateway is not None else NotRead()


def _version_of(lookup: KeyLookup) -> str | None:
    return lookup.version if isinstance(lookup, KeyFound) else None


def _half_facts(connection: VpnConnection, policy: PolicyLookup, status: VpnConnectionStatus) -> HalfFacts:
    spec = connection.spec
    secret = spec.shared_key_secret_ref
    values = canonical_policy(policy.policy.spec) if isinstance(policy, PolicyFound) else None
    return HalfFacts(
        name=connection.metadata.name,
        policy=values,
        policy_hash=values.hash if values is not None else None,
        policy_name=spec.ipsec_policy_ref.name if spec.ipsec_policy_ref is not None else None,
        key_reference=(secret.name, secret.key) if secret is not None else None,
        protocol=spec.connection_protocol.value if spec.connection_protocol is not None else None,
        known_protocol=next(
            (half.connection_protocol for half in status.halves if half.role is HalfRole.FORWARD), None
        ),
        responder_only=spec.connection_mode is ConnectionMode.RESPONDER_ONLY,
        initiator_only=spec.connection_mode is ConnectionMode.INITIATOR_ONLY,
        synced=any(c.type == "Synced" and c.status == "True" for c in status.conditions),
        held_policy_hash=status.policy.hash if status.policy is not None else None,
    )


def _key_without_reading(subject: VpnConnection | Invalid) -> KeyLookup:
    if isinstance(subject, VpnConnection) and subject.spec.shared_key_secret_ref is not None:
        return NotRead()
    return NotReferenced()


def mark_of(metadata: ObjectMeta, policy: PolicyLookup) -> tuple[object, ...]:
    """What counts of an object's version: its wishes, and the values of its policy."""
    return (
        metadata.uid,
        metadata.generation,
        metadata.deletion_timestamp,
        own_annotations(metadata.annotations),
        policy_mark(policy),
    )


def policy_mark(policy: PolicyLookup) -> str:
    """What counts of a policy: its values, or why there are none."""
    return canonical_policy(policy.policy.spec).hash if isinstance(policy, PolicyFound) else type(policy).__name__
