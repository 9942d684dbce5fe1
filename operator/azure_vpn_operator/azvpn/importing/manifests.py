"""From connections to manifests: names, policies that several share, pairs in one object; and what could not be said."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import API_VERSION
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection
from azure_vpn_operator.azvpn.importing.found import Found, FoundConnection, Note
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy
from azure_vpn_operator.domain.azure.description import Description, describe
from azure_vpn_operator.domain.azure.live_connection import (
    KNOWN_PROPERTIES,
    LiveConnection,
    UnreadableDocumentError,
    read_live_connection,
)
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid

Document = dict[str, Any]
_LONGEST: Final = 63


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chose."""

    namespace: str | None = None
    keys: bool = True
    """Name a Secret for each connection."""
    management_policy: ManagementPolicy | None = None


@dataclass(frozen=True, slots=True)
class Manifests:
    """Objects to apply, in order, the Secrets that they name, and what they do not say."""

    objects: tuple[Document, ...]
    secrets: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    place: str
    live: LiveConnection
    description: Description


def make_manifests(found: Found, options: Options) -> Manifests:
    """Make them. A connection of which something cannot be said is left out as a whole, with a note: a write would lose that."""
    notes = list(found.notes)
    items: list[_Item] = []
    for each in found.connections:
        item = _item(each)
        notes += _unknown(each)
        if isinstance(item, Note):
            notes.append(item)
        elif item.description.unsaid:
            notes.append(Note(each.place, f"left out: a VpnConnection cannot say {', '.join(item.description.unsaid)}"))
        else:
            items.append(item)
    names = _names(item.live.id.name for item in items)
    policies = _policies(items, names)
    objects: list[Document] = [_policy(name, policy, options) for policy, name in policies.items()]
    secrets = []
    for item, name in zip(items, names, strict=True):
        document = _connection(item.description, name, policies, options)
        problem = read_connection(document)
        if isinstance(problem, Invalid):
            words = "; ".join(violation.message for violation in problem.violations)
            notes.append(Note(item.place, f"left out: {words}"))
            continue
        objects.append(document)
        secrets += [_secret_of(name)] if options.keys else []
    used = {each["spec"].get("ipsecPolicyRef", {}).get("name") for each in objects}
    kept = [each for each in objects if each["kind"] != IpsecPolicy.KIND or each["metadata"]["name"] in used]
    notes += [note for each in kept if each["kind"] == IpsecPolicy.KIND for note in _broken_policy(each)]
    return Manifests(tuple(kept), tuple(secrets), tuple(notes))


def _item(found: FoundConnection) -> _Item | Note:
    try:
        live = read_live_connection(found.document)
    except UnreadableDocumentError as error:
        return Note(found.place, f"left out: {error}")
    return _Item(found.place, live, describe(live))


def _unknown(found: FoundConnection) -> Iterator[Note]:
    properties = found.document.get("properties")
    for name, value in properties.items() if isinstance(properties, Mapping) else ():
        if name not in KNOWN_PROPERTIES and value not in (None, "", [], {}, False):
            yield Note(found.place, f"properties.{name} is not known, and is not in the manifest")


def _names(azure_names: Iterable[str]) -> list[str]:
    """Names of objects: those in Azure in lower case, with what Kubernetes does not take as hyphens; each once."""
    taken: Counter[str] = Counter()
    found = []
    for azure_name in azure_names:
        name = re.sub(r"[^a-z0-9-]+", "-", azure_name.lower()).strip("-")[: _LONGEST - 4].strip("-") or "connection"
        taken[name] += 1
        found.append(name if taken[name] == 1 else f"{name}-{taken[name]}")
    return found


def _policies(items: Sequence[_Item], names: Sequence[str]) -> dict[CanonicalPolicy, str]:
    """Each policy once, by name: that of its only connection, else of its algorithms."""
    users: dict[CanonicalPolicy, list[str]] = {}
    for item, name in zip(items, names, strict=True):
        if item.description.policy is not None:
            users.setdefault(item.description.policy, []).append(name)
    taken: Counter[str] = Counter()
    found = {}
    for policy, using in users.items():
        name = using[0] if len(using) == 1 else _algorithms(policy)
        taken[name] += 1
        found[policy] = name if taken[name] == 1 else f"{name}-{policy.hash}"
    return found


def _algorithms(policy: CanonicalPolicy) -> str:
    parts = (policy.ike_encryption, policy.ike_integrity, policy.dh_group, policy.ipsec_encryption, policy.pfs_group)
    return re.sub(r"[^a-z0-9-]+", "-", "-".join(parts).lower())[:_LONGEST]


def _policy(name: str, policy: CanonicalPolicy, options: Options) -> Document:
    return _object(IpsecPolicy.KIND, name, policy.wire(), options)


def _connection(
    description: Description, name: str, policies: Mapping[CanonicalPolicy, str], options: Options
) -> Document:
    spec = dict(description.spec)
    if spec["azureName"] == name:
        del spec["azureName"]
    if description.policy is not None:
        spec["ipsecPolicyRef"] = {"name": policies[description.policy]}
    if options.keys:
        spec["sharedKeySecretRef"] = {"name": _secret_of(name)}
    if options.management_policy is not None:
        spec["managementPolicy"] = options.management_policy.value
    return _object(VpnConnection.KIND, name, spec, options)


def _secret_of(name: str) -> str:
    return f"{name}-key"


def _object(kind: str, name: str, spec: Mapping[str, Any], options: Options) -> Document:
    metadata = {"name": name} | ({"namespace": options.namespace} if options.namespace else {})
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def _broken_policy(document: Document) -> Iterator[Note]:
    problem = read_policy(document)
    if isinstance(problem, Invalid):
        for violation in problem.violations:
            yield Note(f"IpsecPolicy {document['metadata']['name']}", violation.message)
