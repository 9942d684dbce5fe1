"""What the store keeps of each object: its document, read once when it arrived."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import ValidationError

from azure_vpn_operator.api.base import ApiModel, Condition, ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicyStatus
from azure_vpn_operator.api.kinds import API_VERSION
from azure_vpn_operator.api.vpn_connection import ManagementPolicy, VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies
from azure_vpn_operator.domain.azure.mirror import find_clash, mirrored
from azure_vpn_operator.domain.azure.target import Target, Unresolved, resolve_target
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid, Violation
from azure_vpn_operator.reconcile.sharing import share_gateways, share_parts
from azure_vpn_operator.runtime.frozen import Document, freeze
from azure_vpn_operator.runtime.object_store import ReadDocument

CONNECTION: Final = VpnConnection.KIND
POLICY: Final = IpsecPolicy.KIND
OWN_PREFIX: Final = "azvpn.dev/"
"""Begins the names of the annotations and finalizers that are the operator's affair."""

_Status = TypeVar("_Status", bound=ApiModel)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A spec, and all that follows from it alone. Shared by all versions of an object that have the same spec."""

    mark: bytes
    """Digest of the spec as it was given."""
    spec: VpnConnectionSpec | None
    """None if it breaks a rule."""
    violations: tuple[Violation, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    """The spec as it was given, if it breaks a rule."""
    target: Target | Unresolved | None = None
    """None if the spec breaks a rule."""
    reverse: VpnConnectionSpec | None = None
    """The spec of the other half, if the object owns both."""
    reverse_target: Target | Unresolved | None = None
    management: ManagementPolicy = ManagementPolicy.OBSERVE
    """How far the operator may go for it, after settings and cap."""
    policy: str | None = None
    """Name of the IpsecPolicy; also of an invalid object, which keeps its policy from being deleted as well."""
    secret: str | None = None

    @property
    def enforced(self) -> bool:
        """Whether anything may be written to Azure."""
        return self.management is ManagementPolicy.ENFORCE


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """A VpnConnection."""

    metadata: ObjectMeta
    """Only annotations of ours are in it."""
    wanted: Wanted
    status: VpnConnectionStatus
    """As stored; empty if it cannot be read."""

    @property
    def subject(self) -> VpnConnection | Invalid:
        """The object, without its status; or what is wrong with it."""
        if self.wanted.spec is None:
            return Invalid(self.metadata, self.wanted.violations)
        return VpnConnection(metadata=self.metadata, spec=self.wanted.spec)

    @property
    def writable(self) -> bool:
        """Whether anything may be written to Azure for it, other than to delete it."""
        return self.wanted.enforced and self.metadata.deletion_timestamp is None

    def condition(self, wanted: str) -> Condition | None:
        """A condition of the stored status."""
        return next((item for item in self.status.conditions if item.type == wanted), None)

    @property
    def holder(self) -> PolicyHolder:
        """The object as one that uses a policy."""
        spec = self.wanted.spec
        takes_part = self.writable and spec is not None and not spec.suspend
        return PolicyHolder(self.metadata, self.wanted.policy, takes_part, self.status)

    @property
    def is_synced(self) -> bool:
        """Whether Azure holds what the object is assigned, by the stored status."""
        synced = self.condition("Synced")
        return synced is not None and synced.status == "True"

    @property
    def reference(self) -> Mapping[str, Any]:
        """What an Event says of the object that it is about."""
        return _reference(CONNECTION, self.metadata)


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """An IpsecPolicy."""

    subject: IpsecPolicy | Invalid
    status: IpsecPolicyStatus
    """As stored; empty if it cannot be read."""

    @property
    def metadata(self) -> ObjectMeta:
        """Only annotations of ours are in it."""
        return self.subject.metadata

    @property
    def reference(self) -> Mapping[str, Any]:
        """What an Event says of the object that it is about."""
        return _reference(POLICY, self.metadata)


Record: TypeAlias = ConnectionRecord | PolicyRecord


def record_readers(installation: Installation) -> Mapping[str, ReadDocument[Record]]:
    """How the store reads the documents of each kind."""
    return {CONNECTION: partial(_read_connection, installation), POLICY: _read_policy}


def _read_connection(installation: Installation, document: Document, before: Record | None) -> ConnectionRecord:
    spec = document.get("spec")
    mark = blake2b(json.dumps(spec, sort_keys=True, default=str).encode(), digest_size=16).digest()
    metadata = _metadata(document)
    known = before.wanted if isinstance(before, ConnectionRecord) else None
    wanted = known if known is not None and known.mark == mark else _want(document, spec, mark, installation)
    return ConnectionRecord(
        share_parts(ObjectMeta.salvage(metadata)), wanted, _read_status(VpnConnectionStatus, document.get("status"))
    )


def _read_policy(document: Document, _before: Record | None) -> PolicyRecord:
    whole = {"metadata": _metadata(document), "spec": document.get("spec")}
    return PolicyRecord(read_policy(whole), _read_status(IpsecPolicyStatus, document.get("status")))


def _want(document: Document, spec: object, mark: bytes, installation: Installation) -> Wanted:
    connection = read_connection({"metadata": document.get("metadata"), "spec": spec})
    policy, secret = _name_in(spec, "ipsecPolicyRef"), _name_in(spec, "sharedKeySecretRef")
    if isinstance(connection, Invalid):
        given = freeze(spec) if isinstance(spec, Mapping) else {}
        return Wanted(mark, None, connection.violations, given, policy=policy, secret=secret)
    target, other = resolve(connection, installation)
    reverse = resolve_target(other, installation) if other is not None else None
    return Wanted(
        mark,
        share_parts(connection.spec),
        target=share_gateways(target),
        reverse=other.spec if other is not None else None,
        reverse_target=share_gateways(reverse),
        management=effective_policies(connection.spec, installation).management,
        policy=policy,
        secret=secret,
    )


def resolve(connection: VpnConnection, installation: Installation) -> tuple[Target | Unresolved, VpnConnection | None]:
    """The Azure resources that an object speaks about, and the object as it looks from the other side if it owns both halves."""
    found = resolve_target(connection, installation)
    if connection.spec.reverse is None or not isinstance(found, Target):
        return found, None
    other = mirrored(connection, found)
    reverse = resolve_target(other, installation)
    if isinstance(reverse, Unresolved):
        return reverse, None
    clash = find_clash(found, reverse)
    return (clash, None) if clash is not None else (found, other)


def _metadata(document: Document) -> Mapping[str, Any]:
    given = document["metadata"]
    annotations = given.get("annotations")
    if not isinstance(annotations, Mapping):
        return dict(given)
    own = {name: value for name, value in annotations.items() if str(name).startswith(OWN_PREFIX)}
    return {**given, "annotations": own}


def _name_in(spec: object, field_name: str) -> str | None:
    reference = spec.get(field_name) if isinstance(spec, Mapping) else None
    name = reference.get("name") if isinstance(reference, Mapping) else None
    return name if isinstance(name, str) else None


def _read_status(model: type[_Status], given: object) -> _Status:
    try:
        return share_parts(model.model_validate(given if isinstance(given, Mapping) else {}))
    except ValidationError:
        return model()


def _reference(kind: str, metadata: ObjectMeta) -> Mapping[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {
            "namespace": metadata.namespace,
            "name": metadata.name,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        },
    }
