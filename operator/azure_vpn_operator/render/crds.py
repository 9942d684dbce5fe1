"""CustomResourceDefinitions: the models' schema, the rules' CEL, and how kubectl shows the objects."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from azure_vpn_operator.api.base import ApiModel
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicySpec, IpsecPolicyStatus
from azure_vpn_operator.api.kinds import GROUP, VERSION
from azure_vpn_operator.api.schema import Schema, structural_schema
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES, CONNECTION_TRANSITIONS
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.rule import Rule, Transition

HEADER = "# Generated from operator/azure_vpn_operator by `make generate`; do not edit.\n"
_AGE = ("Age", "date", ".metadata.creationTimestamp", 0)


@dataclass(frozen=True, slots=True)
class _Kind:
    model: type[IpsecPolicy] | type[VpnConnection]
    short_name: str
    spec: type[ApiModel]
    status: type[ApiModel]
    rules: Sequence[Rule]
    transitions: Sequence[Transition]
    columns: Sequence[tuple[str, str, str, int]]
    """Heading, type, JSON path, and 1 for columns that only `-o wide` shows."""
    selectable_fields: Sequence[str]


def _condition(kind: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


_POLICY = _Kind(
    model=IpsecPolicy,
    short_name="ipsecpol",
    spec=IpsecPolicySpec,
    status=IpsecPolicyStatus,
    rules=POLICY_RULES,
    transitions=(),
    columns=(
        ("Ready", "string", _condition("Ready"), 0),
        ("RolledOut", "string", _condition("RolledOut"), 0),
        ("IKE", "string", ".spec.ikeEncryption", 0),
        ("IPsec", "string", ".spec.ipsecEncryption", 0),
        ("PFS", "string", ".spec.pfsGroup", 0),
        ("Connections", "integer", ".status.connections", 0),
        ("Updated", "integer", ".status.updatedConnections", 0),
        _AGE,
        ("Strength", "string", ".status.strength", 1),
        ("DH", "string", ".status.keyExchange.dhGroup", 1),
        ("PFS-Key", "string", ".status.keyExchange.pfsGroup", 1),
        ("IKE-Lifetime", "integer", ".status.keyExchange.ikeSaLifeTimeSeconds", 1),
        ("Message", "string", _condition("Ready", "message"), 1),
    ),
    selectable_fields=(),
)
_CONNECTION = _Kind(
    model=VpnConnection,
    short_name="vpnconn",
    spec=VpnConnectionSpec,
    status=VpnConnectionStatus,
    rules=CONNECTION_RULES,
    transitions=CONNECTION_TRANSITIONS,
    columns=(
        ("Ready", "string", _condition("Ready"), 0),
        ("Tunnel", "string", ".status.summary.tunnel", 0),
        ("Since", "date", _condition("Connected", "lastTransitionTime"), 0),
        ("Peer", "string", ".status.summary.peer", 0),
        ("Policy", "string", ".status.summary.policy", 0),
        ("Reason", "string", ".status.summary.reason", 0),
        _AGE,
        ("Gateway", "string", ".status.summary.gateway", 1),
        ("Synced", "string", _condition("Synced"), 1),
        ("Pair", "string", _condition("PairInSync"), 1),
        ("Message", "string", ".status.summary.message", 1),
    ),
    selectable_fields=(".spec.ipsecPolicyRef.name",),
)


def render_crds() -> dict[str, str]:
    """Return the files of `crds/`, path to text."""
    return {
        f"crds/{GROUP}_{kind.model.PLURAL}.yaml": HEADER
        + yaml.safe_dump(build_crd(kind), sort_keys=False, width=140, allow_unicode=True)
        for kind in (_POLICY, _CONNECTION)
    }


def build_crd(kind: _Kind) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind as a JSON document."""
    name: str = kind.model.KIND
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [_column(*column) for column in kind.columns],
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": _build_schema(kind)},
    }
    if kind.selectable_fields:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable_fields]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.model.PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": name,
                "listKind": f"{name}List",
                "plural": kind.model.PLURAL,
                "singular": name.lower(),
                "shortNames": [kind.short_name],
                "categories": ["azvpn"],
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def _column(name: str, kind: str, path: str, priority: int) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return column | {"priority": priority} if priority else column


def _build_schema(kind: _Kind) -> Schema:
    status = describe_once(deepcopy(structural_schema(kind.status)))
    root: Schema = {
        "type": "object",
        "description": " ".join((kind.model.__doc__ or "").split()),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": deepcopy(structural_schema(kind.spec)),
            "status": status | {"default": {"observedGeneration": -1}},
        },
    }
    for rule in kind.rules:
        for place in rule.at:
            _add_validation(_find_node(root, place), rule.cel, rule.text, rule.field)
    for transition in kind.transitions:
        _add_validation(root, transition.cel, transition.text, transition.field)
    return root


def describe_once(schema: Schema) -> Schema:
    """Drop, in place, what fields say of themselves where a whole structure is there once more; it keeps its own description.

    What is before and after a change has the same fields as what is put back, and a CRD is stored and sent as a whole.
    """
    seen: set[str] = set()

    def visit(node: Schema) -> None:
        if "properties" in node:
            shape = json.dumps({**node, "description": ""}, sort_keys=True)
            if shape in seen:
                _drop_descriptions(node)
            seen.add(shape)
        for child in _children(node):
            visit(child)

    visit(schema)
    return schema


def _drop_descriptions(node: Schema) -> None:
    for child in _children(node):
        child.pop("description", None)
        _drop_descriptions(child)


def _children(node: Schema) -> Iterator[Schema]:
    yield from node.get("properties", {}).values()
    yield from (node[key] for key in ("items", "additionalProperties") if key in node)


def _find_node(schema: Schema, place: str) -> Schema:
    for name in place.split(".") if place else ():
        schema = schema["properties"][name.removesuffix("[]")]
        if name.endswith("[]"):
            schema = schema["items"]
    return schema


def _add_validation(node: Schema, cel: str, message: str, field: str) -> None:
    validation: Mapping[str, str] = {"rule": cel, "message": message}
    # The API server knows nothing of the object's metadata when it checks where a rule points.
    if field and not field.startswith("metadata."):
        validation = {**validation, "fieldPath": f".{field}"}
    node.setdefault("x-kubernetes-validations", []).append(dict(validation))
