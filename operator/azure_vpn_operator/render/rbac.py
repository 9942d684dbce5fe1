"""What the operator may do in the cluster, and what users may do with our kinds: rules as data, rendered to YAML.

Tests run the operator under these rules, so a right that is missing fails there. Each rule says what it is for.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import GROUP
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.render.crds import HEADER

NAME: Final = "azure-vpn-operator"
NAMESPACE: Final = "azure-vpn-system"
RBAC_PATH: Final = "manifests/base/rbac.yaml"
SECRET_WATCH_PATH: Final = "manifests/overlays/watch-secrets/rbac.yaml"  # noqa: S105 (a path)
NAMESPACED_PATH: Final = "manifests/overlays/namespaced/rbac.yaml"
CHART_RULES_PATH: Final = "charts/azure-vpn-operator/files/rbac.yaml"
SAMPLE_NAMESPACE: Final = "network"
"""The namespace of the overlay `namespaced`, which is that of the samples."""
DIGEST_SECRET: Final = "azure-vpn-operator-digest"  # noqa: S105 (a name)
LEASE: Final = "azure-vpn-operator"
_API: Final = "rbac.authorization.k8s.io"
_PLURALS: Final = (IpsecPolicy.PLURAL, VpnConnection.PLURAL)
_STATUS: Final = tuple(f"{plural}/status" for plural in _PLURALS)
_LABELS: Final = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "rbac"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One PolicyRule and why it is there."""

    why: str
    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Only these objects; empty: any."""

    def wire(self) -> dict[str, Any]:
        """Return the rule as Kubernetes has it."""
        rule = {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}
        return rule | ({"resourceNames": list(self.names)} if self.names else {})


NAMESPACE_DELETION_RULES: Final = (
    Rule(
        "Read and watch our kinds; set and release their finalizers.",
        GROUP,
        _PLURALS,
        ("list", "watch", "patch"),
    ),
    Rule("Report.", GROUP, _STATUS, ("patch",)),
)
"""What it needs to let go of the objects of a namespace that is deleted. Such a namespace takes the bindings in it along first, so
where the other rights come from those, these have to come from a ClusterRole."""

OPERATOR_RULES: Final = (
    *NAMESPACE_DELETION_RULES,
    Rule("Read the keys that connections name: one at a time, never all.", "", ("secrets",), ("get",)),
    Rule("Tell what happened.", "events.k8s.io", ("events",), ("create", "patch")),
)
"""The operator's own rights, wherever it watches."""

OWN_NAMESPACE_RULES: Final = (
    Rule(
        "Keep the key of the digests. It is made by an apply, which, unlike a POST, can be granted for one name.",
        "",
        ("secrets",),
        ("get", "create", "patch"),
        (DIGEST_SECRET,),
    ),
    Rule(
        "Let one replica lead. The Lease is made by an apply as well.",
        "coordination.k8s.io",
        ("leases",),
        ("get", "create", "patch"),
        (LEASE,),
    ),
    Rule(
        "See whether another installation works in the same namespaces.",
        "coordination.k8s.io",
        ("leases",),
        ("list",),
    ),
)
"""The operator's rights in its own namespace."""

SECRET_WATCH_RULES: Final = (
    Rule(
        'See which Secrets labelled azvpn.dev/watch: "true" have changed. Kubernetes cannot limit `list` to a label or to metadata.',
        "",
        ("secrets",),
        ("list",),
    ),
)
"""Only with the setting watchSecrets; not part of the default."""

VIEW_RULES: Final = (Rule("See our kinds.", GROUP, _PLURALS, ("get", "list", "watch")),)
"""Added to the cluster's role `view`."""

EDIT_RULES: Final = (
    Rule("Own our kinds.", GROUP, _PLURALS, ("create", "update", "patch", "delete", "deletecollection")),
)
"""Added to the cluster's roles `edit` and `admin`. Status and finalizers are the operator's."""


def render_rbac() -> dict[str, str]:
    """Return the RBAC manifests, path to text: for the whole cluster, for one namespace, for watched Secrets, and the chart's rules."""
    return {
        RBAC_PATH: _text(build_rbac()),
        SECRET_WATCH_PATH: _text(build_secret_watch_rbac()),
        NAMESPACED_PATH: _text(build_namespaced_rbac(SAMPLE_NAMESPACE)),
        CHART_RULES_PATH: HEADER + yaml.safe_dump(_chart_rules(), sort_keys=False, width=140),
    }


def build_namespaced_rbac(namespace: str) -> list[dict[str, Any]]:
    """Return what stands in place of the ClusterRole where the operator works in one namespace: two roles and their bindings.

    One is in the namespace; what the operator needs when that is deleted belongs to the cluster.
    """
    deletion = f"{NAME}-namespace-deletion"
    return [
        _role(NAME, OPERATOR_RULES, namespace=namespace),
        _binding("Role", NAME, namespace),
        _role(deletion, NAMESPACE_DELETION_RULES),
        _binding("ClusterRole", deletion),
    ]


def _chart_rules() -> dict[str, Any]:
    """Return the rules alone; the chart's templates decide on names and on kinds of roles. LEASE stands for the Lease's name."""
    own = [replace(rule, names=("LEASE",)) if rule.names == (LEASE,) else rule for rule in OWN_NAMESPACE_RULES]
    rules = {
        "operator": OPERATOR_RULES,
        "namespaceDeletion": NAMESPACE_DELETION_RULES,
        "ownNamespace": own,
        "watchSecrets": SECRET_WATCH_RULES,
        "view": VIEW_RULES,
        "edit": EDIT_RULES,
    }
    return {name: [rule.wire() for rule in found] for name, found in rules.items()}


def build_secret_watch_rbac() -> list[dict[str, Any]]:
    """Return the role for the setting watchSecrets, and its binding."""
    name = f"{NAME}-watch-secrets"
    return [_role(name, SECRET_WATCH_RULES), _binding("ClusterRole", name)]


def _text(documents: list[dict[str, Any]]) -> str:
    return HEADER + yaml.safe_dump_all(documents, sort_keys=False, width=140)


def build_rbac() -> list[dict[str, Any]]:
    """Return the objects of the manifest: ServiceAccount, the operator's role and its binding, the users' roles."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(NAME) | {"namespace": NAMESPACE}}
    return [
        account,
        _role(NAME, OPERATOR_RULES),
        _binding("ClusterRole", NAME),
        _role(NAME, OWN_NAMESPACE_RULES, namespace=NAMESPACE),
        _binding("Role", NAME),
        _role(f"{NAME}-view", VIEW_RULES, "view"),
        _role(f"{NAME}-edit", EDIT_RULES, "edit", "admin"),
    ]


def _binding(kind: str, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    return {
        "apiVersion": f"{_API}/v1",
        "kind": f"{kind}Binding",
        "metadata": _metadata(name) | ({"namespace": namespace} if kind == "Role" else {}),
        "roleRef": {"apiGroup": _API, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _role(name: str, rules: tuple[Rule, ...], *added_to: str, namespace: str | None = None) -> dict[str, Any]:
    metadata = _metadata(name, {f"{_API}/aggregate-to-{role}": "true" for role in added_to})
    return {
        "apiVersion": f"{_API}/v1",
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": metadata | ({"namespace": namespace} if namespace else {}),
        "rules": [rule.wire() for rule in rules],
    }


def _metadata(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "labels": _LABELS | (labels or {})}
