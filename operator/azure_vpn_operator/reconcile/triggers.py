"""Which objects have to be looked at after a change in the store, and how urgently. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change
from azure_vpn_operator.runtime.priority import Priority

PREFIX = "azvpn.dev/"
COUNT_AFTER_SECONDS: Final = 1.0
"""So long a policy waits before it counts what its connections say: many of them may change at once."""


@dataclass(frozen=True, slots=True)
class Look:
    """A wish to have an object looked at."""

    key: ObjectKey
    priority: Priority = Priority.EDIT
    after: float = 0.0
    """Seconds."""


def looks_after(change: Change, reader: Reader) -> Iterator[Look]:
    """The objects that a change concerns, the changed one first. A change of nothing but status concerns only others.

    What an edit of a policy means for those who use it comes after what was edited in one of them.
    """
    if not change.happened:
        return
    if change.key.kind == CONNECTION:
        for key in _after_connection(change, reader):
            yield Look(key, after=COUNT_AFTER_SECONDS if key.kind == POLICY else 0.0)
    elif change.key.kind == POLICY and _asks_for_a_pass(change):
        yield Look(change.key)
        for user in reader.users_of_policy(change.key.namespace, change.key.name):
            yield Look(user, Priority.ROLLOUT)


def _after_connection(change: Change, reader: Reader) -> Iterator[ObjectKey]:
    if _asks_for_a_pass(change):
        yield change.key
    elif not _standing_changed(change):
        return
    for document in (change.old, change.new):
        if document is None:
            continue
        name = _mapping(_mapping(document, "spec"), "ipsecPolicyRef").get("name")
        if isinstance(name, str):
            yield ObjectKey(POLICY, change.key.namespace, name)
        connection = reader.connection(document)
        target = reader.target(connection) if isinstance(connection, VpnConnection) else None
        if isinstance(target, Target):
            yield from reader.partners_of(change.key, target)
    secret = _mapping(_mapping(change.new or {}, "spec"), "sharedKeySecretRef").get("name")
    if isinstance(secret, str) and (waiting := reader.next_user_of_secret(change.key.namespace, secret)) is not None:
        yield waiting


def _asks_for_a_pass(change: Change) -> bool:
    if change.old is None or change.new is None:
        return True
    return _wishes(change.old) != _wishes(change.new)


def _wishes(document: Document) -> tuple[object, ...]:
    metadata = _mapping(document, "metadata")
    annotations = _mapping(metadata, "annotations")
    return (
        metadata.get("uid"),
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        own_annotations(annotations),
        tuple(name for name in metadata.get("finalizers") or () if name.startswith(PREFIX)),
    )


def own_annotations(annotations: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The annotations that speak to the operator; those of others come and go."""
    return tuple(sorted((key, value) for key, value in annotations.items() if key.startswith(PREFIX)))


def _standing_changed(change: Change) -> bool:
    if change.old is None or change.new is None:
        return True
    return _standing(change.old) != _standing(change.new)


def _standing(document: Document) -> tuple[object, ...]:
    """What others look at: the policy and the keys that it holds, and whether it is in sync."""
    status = _mapping(document, "status")
    conditions = [item for item in status.get("conditions") or () if isinstance(item, Mapping)]
    halves = [item for item in status.get("halves") or () if isinstance(item, Mapping)]
    synced = [item.get("status") for item in conditions if item.get("type") == "Synced"]
    return status.get("policy"), [half.get("key") for half in halves], synced


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
