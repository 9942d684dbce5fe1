"""What a pass has to know of shared keys: the Secret's, how it compares with Azure's, and whose turn it is.

Azure's key is read only if the digests leave a question open, and once an hour to find what somebody else has changed there.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, KeyRecord, VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, SecretData, SharedKey, Unreadable
from azure_vpn_operator.domain.azure.ownership import Owner, Ownership, judge_ownership
from azure_vpn_operator.domain.keys.digest import DigestKey, are_comparable
from azure_vpn_operator.domain.keys.records import current_record
from azure_vpn_operator.domain.passes.key_turns import KeyUser, Turn, judge_turn
from azure_vpn_operator.domain.passes.snapshot import (
    FailedOperation,
    GeneratedKey,
    KeyCheck,
    KeyEntryMissing,
    KeyFound,
    KeyLookup,
    KeyMalformed,
    KeyUnreadable,
    NotReferenced,
    OpenOperation,
)
from azure_vpn_operator.domain.planning.keys import KEY_DIFFERENCE
from azure_vpn_operator.domain.rules.shared_key import check_shared_key
from azure_vpn_operator.domain.rules.violations import Invalid
from azure_vpn_operator.ports import ConnectionsPort, DigestKeysPort, SecretsPort
from azure_vpn_operator.reconcile.facts.key_users import KeyUsers, begun_of
from azure_vpn_operator.reconcile.facts.random_keys import compare_halves
from azure_vpn_operator.reconcile.memory import ConnectionMemory
from azure_vpn_operator.reconcile.reading import Reader, Store
from azure_vpn_operator.reconcile.request_budget import current_priority
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority

log = logging.getLogger(__name__)

DIGEST_RETRY_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What was found out; the default is for objects whose key nobody asks for."""

    check: KeyCheck = KeyCheck.NOT_NEEDED
    rotated: bool = False
    digest: str | None = None
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """Which key is wanted where, and what the pass has read of that half so far."""

    key: ObjectKey
    role: HalfRole
    subject: VpnConnection
    owner: Owner
    connection: ArmId
    previous: VpnConnectionStatus
    live: Read[LiveConnection] | NotRead
    operation: OpenOperation | FailedOperation | None
    wanted: KeyFound | GeneratedKey
    partner: ArmId | None = None
    """The half that a random key is compared with; None if that is not this half's affair, or the other may not be touched."""

    @property
    def record(self) -> KeyRecord:
        """What is remembered of the half's key, in the light of what Azure shows."""
        half = next((half for half in self.previous.halves if half.role is self.role), ConnectionHalf(role=self.role))
        return current_record(half, self.live, self.operation)

    @property
    def drifted(self) -> bool:
        """Whether the key was another one when it was last compared."""
        return any(difference.path.endswith(KEY_DIFFERENCE.path) for difference in self.previous.differences)


class KeyReader:
    """Looks up and compares keys."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        connections_for: Callable[[str], ConnectionsPort],
        secrets: SecretsPort,
        digest_keys: DigestKeysPort,
        clock: Clock,
        kept: timedelta,
    ) -> None:
        """Take how old what a pass knows of a Secret may be, if nothing but time has caused the pass: `kept`."""
        self._kept_for = kept
        self._reader = reader
        self._connections_for = connections_for
        self._secrets = secrets
        self._digest_keys = digest_keys
        self._clock = clock
        self._users = KeyUsers(store, reader)
        self._kept: OrderedDict[tuple[str, str, str], tuple[datetime, Present[SecretData]]] = OrderedDict()
        self._digest_key: DigestKey | None = None
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def look_up(self, namespace: str, subject: VpnConnection | Invalid) -> KeyLookup:
        """The key that the object names."""
        if isinstance(subject, Invalid) or subject.spec.shared_key_secret_ref is None:
            return NotReferenced()
        reference = subject.spec.shared_key_secret_ref
        match await self._read_secret(namespace, reference.name, reference.key):
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

    async def _read_secret(self, namespace: str, name: str, entry: str) -> Read[SecretData]:
        """Read the Secret, or recall what was read a moment ago if time alone has caused this pass: many share a Secret."""
        now, place = self._clock.now(), (namespace, name, entry)
        while self._kept and now - next(iter(self._kept.values()))[0] >= self._kept_for:
            self._kept.popitem(last=False)
        if current_priority.get() is Priority.RESYNC and place in self._kept:
            return self._kept[place][1]
        read = await self._secrets.read(namespace, name, entry)
        self._kept.pop(place, None)
        if isinstance(read, Present):
            self._kept[place] = (now, read)
        return read

    async def examine(self, question: "KeyQuestion", memory: ConnectionMemory) -> KeyFacts:
        """Compare the wanted key with what is known of Azure's, and with Azure's own if that leaves a question open."""
        wanted, live = question.wanted, question.live
        if isinstance(wanted, GeneratedKey):
            return await self._examine_random(question, wanted, memory)
        digest_key = await self._obtain_digest_key()
        digest = digest_key.digest(question.connection, wanted.key) if digest_key is not None else None
        record, mark = question.record, digest or wanted.version
        equal = record.pending is None and record.digest == digest if digest else memory.key.equal_mark == mark
        facts = KeyFacts(_kept(memory), not equal, digest)
        if not isinstance(live, Present) or not live.value.settled:
            return facts
        metadata = question.subject.metadata
        if judge_ownership(live.value.tags, question.owner, metadata.annotations) is not Ownership.OURS:
            return replace(facts, check=KeyCheck.NOT_NEEDED)
        if digest is not None and equal:
            spread = _spread(question.connection)
            due = question.drifted or memory.key.recheck_due(self._clock.now(), spread)
        else:
            due = memory.key.due(mark, self._clock.now())
        known_to_differ = are_comparable(record.digest, digest) and record.digest != digest
        if not equal:
            facts = replace(facts, turn=self.turn_of(question.key, question.subject, wanted.key))
            due = due and not (known_to_differ and facts.turn.reason is not None)
        if not due:
            # The pass may have compared already, when it had seen no more than a list.
            return replace(facts, check=KeyCheck.EQUAL) if not equal and memory.key.was_equal(mark) else facts
        read = await self._connections_for(question.key.namespace).get_shared_key(live.value.id)
        if (isinstance(read, Unreadable) and read.fault.kind is not FaultKind.FORBIDDEN) or isinstance(read, Absent):
            # Not remembered: the next pass asks again. A key that nothing is known of is not passed off as compared.
            return facts if equal or known_to_differ else replace(facts, check=KeyCheck.UNREADABLE)
        return _compare(memory, mark, read, wanted.key, facts, self._clock.now())

    async def _examine_random(
        self, question: "KeyQuestion", wanted: GeneratedKey, memory: ConnectionMemory
    ) -> KeyFacts:
        """See whether somebody has changed the key of one half, where both were given the same one."""
        live, record, now = question.live, question.record, self._clock.now()
        facts = KeyFacts(_kept(memory), digest=wanted.generation)
        if question.partner is None or not isinstance(live, Present) or not live.value.settled:
            return facts
        if (
            judge_ownership(live.value.tags, question.owner, question.subject.metadata.annotations)
            is not Ownership.OURS
        ):
            return facts
        holds = {half.key.digest if half.key and not half.key.pending else None for half in question.previous.halves}
        if holds != {record.digest} or record.digest is None or record.pending is not None:
            return facts
        if not (question.drifted or memory.key.recheck_due(now, _spread(question.connection))):
            return facts
        check = await compare_halves(
            self._connections_for(question.key.namespace), question.connection, question.partner
        )
        if check is None:
            return facts
        # That both are equal does not say that they hold the key that would be written next.
        known = KeyCheck.NOT_NEEDED if check is KeyCheck.EQUAL else check
        if known is not KeyCheck.DIFFERENT:
            memory.key.remember(record.digest, known, now)
        return replace(facts, check=known)

    def turn_of(self, key: ObjectKey, subject: VpnConnection, shared_key: SharedKey) -> Turn:
        """Whether the object's unit may get the Secret's key now; from the store alone."""
        reference = subject.spec.shared_key_secret_ref
        if reference is None or self._digest_key is None:
            return Turn()
        digest_key, unit = self._digest_key, self._reader.unit_of(key)

        def holds_another(half: ConnectionHalf) -> bool:
            return _holds_another(half, shared_key, digest_key)

        own = [record for record in map(self._reader.record, unit) if record is not None]
        begun = [since for since in map(begun_of, own) if since is not None]
        others = self._users.before(
            unit, (key.namespace, reference.name, reference.key), digest_key.mark(shared_key), holds_another
        )
        return judge_turn(KeyUser(unit[0].name, due=True, since=min(begun, default=None)), list(others))

    async def _obtain_digest_key(self) -> DigestKey | None:
        # Who comes while it is being asked for waits for the answer: without it the key would be compared, and not recorded.
        async with self._asking:
            now = self._clock.now()
            if self._digest_key is None and (self._asked_at is None or now - self._asked_at > DIGEST_RETRY_AFTER):
                self._asked_at = now
                found = await self._digest_keys.obtain()
                if isinstance(found, Fault):
                    log.warning("no digests of keys can be made", extra={"fault": str(found)})
                else:
                    self._digest_key = found
        return self._digest_key


class KeyLanes:
    """One rotation of a Secret is decided at a time: what it decides must be in the store before the next one looks there."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, str], ObjectKey] = {}

    def enter(self, holder: ObjectKey, secrets: set[tuple[str, str]]) -> bool:
        """Take the lanes of these Secrets (namespace and name); False if one is taken."""
        if any(self._holders.get(secret, holder) != holder for secret in secrets):
            return False
        self._holders |= dict.fromkeys(secrets, holder)
        return True

    def leave(self, holder: ObjectKey) -> None:
        """Give back whatever the holder has."""
        self._holders = {secret: other for secret, other in self._holders.items() if other != holder}


def _compare(
    memory: ConnectionMemory, mark: str, read: Read[SharedKey], wanted: SharedKey, facts: KeyFacts, now: datetime
) -> KeyFacts:
    result = KeyCheck.UNREADABLE
    if isinstance(read, Present):
        result = KeyCheck.EQUAL if read.value == wanted else KeyCheck.DIFFERENT
    if result is not KeyCheck.DIFFERENT:
        # A difference is looked at again each pass until it is gone: the write that mends it may fail.
        memory.key.remember(mark, result, now)
    return replace(facts, check=result)


def _kept(memory: ConnectionMemory) -> KeyCheck:
    return KeyCheck.UNREADABLE if memory.key.result is KeyCheck.UNREADABLE else KeyCheck.NOT_NEEDED


def _spread(connection: ArmId) -> float:
    """A number from 0 to 1 of its own for each connection, so that not all are compared at the same time."""
    return int(hashlib.sha256(connection.key.encode()).hexdigest()[:8], 16) / 2**32


def _holds_another(half: ConnectionHalf, key: SharedKey, digest_key: DigestKey) -> bool:
    """Whether the half is known to hold another key."""
    if half.id is None or half.key is None or half.key.digest is None:
        return False
    try:
        wanted = digest_key.digest(ArmId.parse(half.id), key)
    except ValueError:
        return False
    return are_comparable(half.key.digest, wanted) and half.key.digest != wanted
