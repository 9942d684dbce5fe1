"""Which objects have to be looked at after a change in the store, and how urgently. No I/O."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.finalizers import POLICY_FINALIZER
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader
from azure_vpn_operator.reconcile.records import OWN_PREFIX, ConnectionRecord, Record
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change
from azure_vpn_operator.runtime.priority import Priority

COUNT_AFTER_SECONDS: Final = 1.0
"""So long a policy waits before it counts what its connections say: many of them may change at once."""
_COUNTED_PER_SECOND: Final = 2500
"""It waits longer the more they are, so that counting never costs more than a few hundredths of a processor."""


@dataclass(frozen=True, slots=True)
class Look:
    """A wish to have an object looked at."""

    key: ObjectKey
    priority: Priority = Priority.EDIT
    after: float = 0.0
    """Seconds."""


def looks_after(change: Change[Record], reader: Reader) -> Iterator[Look]:
    """The objects that a change concerns, the changed one first. A change of nothing but status concerns only others.

    What an edit of a policy means for those who use it comes after what was edited in one of them.
    """
    if not change.happened:
        return
    if change.key.kind == CONNECTION:
        yield from _after_connection(change, reader)
    elif _asks_for_a_pass(change):
        yield Look(change.key)
        for user in reader.users_of_policy(change.key.namespace, change.key.name):
            yield Look(user, Priority.ROLLOUT)


def _after_connection(change: Change[Record], reader: Reader) -> Iterator[Look]:
    asks = _asks_for_a_pass(change)
    standing_changed = _differs(change, _standing)
    if asks:
        yield Look(change.key)
    elif not standing_changed and not _differs(change, _progress):
        return
    for record in (change.old, change.new):
        if not isinstance(record, ConnectionRecord):
            continue
        if record.wanted.policy is not None:
            yield _for_policy(reader, change.key.namespace, record.wanted.policy)
        if isinstance(record.wanted.target, Target) and (asks or standing_changed):
            yield from (Look(other) for other in reader.partners_of(change.key, record.wanted.target))
    secret = change.new.wanted.secret if isinstance(change.new, ConnectionRecord) else None
    if secret is not None and (waiting := reader.next_user_of_secret(change.key.namespace, secret)) is not None:
        yield Look(waiting, Priority.ROLLOUT)


def _for_policy(reader: Reader, namespace: str, name: str) -> Look:
    """A policy counts its connections a little later, once for many of them, unless its finalizer has to come or go."""
    key = ObjectKey(POLICY, namespace, name)
    metadata = reader.metadata_of(key)
    guarded = metadata is not None and POLICY_FINALIZER in metadata.finalizers
    users = reader.count_users_of_policy(namespace, name)
    after = max(COUNT_AFTER_SECONDS, users / _COUNTED_PER_SECOND)
    return Look(key, after=after if guarded == (users > 0) else 0.0)


def _asks_for_a_pass(change: Change[Record]) -> bool:
    if change.old is None or change.new is None:
        return True
    return _wishes(change.old.metadata) != _wishes(change.new.metadata)


def _wishes(metadata: ObjectMeta) -> tuple[object, ...]:
    return (
        metadata.uid,
        metadata.generation,
        metadata.deletion_timestamp,
        own_annotations(metadata.annotations),
        tuple(name for name in metadata.finalizers if name.startswith(OWN_PREFIX)),
    )


def own_annotations(annotations: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The annotations that speak to the operator; those of others come and go."""
    return tuple(sorted((key, value) for key, value in annotations.items() if key.startswith(OWN_PREFIX)))


def _differs(change: Change[Record], part: Callable[[ConnectionRecord], object]) -> bool:
    if not isinstance(change.old, ConnectionRecord) or not isinstance(change.new, ConnectionRecord):
        return True
    return part(change.old) != part(change.new)


def _progress(record: ConnectionRecord) -> object:
    """How far its change is: what its policy and the other users of its Secret go by.

    Not the other half of a pair: that is in the same pass, and one that is refused comes this far and back again with each attempt.
    """
    return record.status.change.state if record.status.change is not None else None


def _standing(record: ConnectionRecord) -> tuple[object, ...]:
    """What others look at: the policy and the keys that it holds, and whether it is in sync."""
    synced = record.condition("Synced")
    return (
        record.status.policy,
        [half.key for half in record.status.halves],
        synced.status if synced is not None else None,
    )
