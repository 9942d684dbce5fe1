"""Reads any JSON-like document as one of our kinds: the whole object, or everything that is wrong with it.

This is the operator's second door, since objects can be older than a rule, and the whole of a linter's knowledge. No
document makes it raise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from azure_vpn_operator.api.base import ApiModel, ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicySpec, IpsecPolicyStatus
from azure_vpn_operator.api.schema import structural_schema
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.names import OBJECT_NAME, matches
from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES, CONNECTION_TRANSITIONS
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.rule import Json, Rule, check_rules, check_transitions
from azure_vpn_operator.domain.rules.schema_check import check_schema, complete
from azure_vpn_operator.domain.rules.violations import Invalid, Violation

_OBJECT_NAME_LIMIT = 253
_PREPARED = tuple(
    structural_schema(model) for model in (VpnConnectionSpec, VpnConnectionStatus, IpsecPolicySpec, IpsecPolicyStatus)
)
"""Made at import, and kept by `structural_schema`: a tenth of a second in which a running operator would do nothing else."""


def read_policy(document: object) -> IpsecPolicy | Invalid:
    """Read an IpsecPolicy. A status that does not fit the schema is taken for empty; nothing else is guessed."""
    whole, violations = _examine(document, IpsecPolicySpec, IpsecPolicyStatus, POLICY_RULES)
    metadata = ObjectMeta.salvage(_child(document, "metadata"))
    if violations:
        return Invalid(metadata, tuple(violations))
    return IpsecPolicy(
        metadata=metadata,
        spec=IpsecPolicySpec.model_validate(whole["spec"]),
        status=IpsecPolicyStatus.model_validate(whole["status"]),
    )


def read_connection(document: object) -> VpnConnection | Invalid:
    """Read a VpnConnection. A status that does not fit the schema is taken for empty; nothing else is guessed."""
    whole, violations = _examine(document, VpnConnectionSpec, VpnConnectionStatus, CONNECTION_RULES)
    metadata = ObjectMeta.salvage(_child(document, "metadata"))
    if violations:
        return Invalid(metadata, tuple(violations))
    return VpnConnection(
        metadata=metadata,
        spec=VpnConnectionSpec.model_validate(whole["spec"]),
        status=VpnConnectionStatus.model_validate(whole["status"]),
    )


def check_connection_update(new: object, old: object) -> tuple[Violation, ...]:
    """Return how an update of a VpnConnection would change its identity.

    The old document must be one that the API server has stored; of one that it would refuse nothing is said. What the
    new one breaks by itself is left to `read_connection`; what it breaks is not compared.
    """
    before, wrong = _examine(old, VpnConnectionSpec, VpnConnectionStatus, ())
    if wrong:
        return ()
    after, broken = _examine(new, VpnConnectionSpec, VpnConnectionStatus, ())
    return tuple(check_transitions(CONNECTION_TRANSITIONS, after, before, [violation.field for violation in broken]))


def _examine(
    document: object, spec: type[ApiModel], status: type[ApiModel], rules: Sequence[Rule]
) -> tuple[Json, list[Violation]]:
    """Return the document as the API server would store it, reduced to what is checked, and its violations."""
    if not isinstance(document, Mapping):
        return {}, [Violation("type", "", "must be an object")]
    violations = list(_check_metadata(document.get("metadata")))
    schema = structural_schema(spec)
    given = document.get("spec")
    whole: dict[str, Any] = {
        "metadata": document.get("metadata"),
        "status": _read_status(document.get("status"), status),
    }
    if given is None:
        violations.append(Violation("required", "spec", "must be set"))
    else:
        whole["spec"] = complete(schema, given)
        violations += check_schema(schema, whole["spec"], "spec", given)
    violations += list(check_rules(rules, whole, [violation.field for violation in violations]))
    return whole, violations


def _check_metadata(metadata: object) -> list[Violation]:
    if not isinstance(metadata, Mapping):
        return [Violation("required" if metadata is None else "type", "metadata", "must be an object")]
    violations = []
    name = metadata.get("name")
    if name is None:
        violations.append(Violation("required", "metadata.name", "must be set"))
    elif not isinstance(name, str):
        violations.append(Violation("type", "metadata.name", "must be a text"))
    elif len(name) > _OBJECT_NAME_LIMIT or not matches(OBJECT_NAME, name):
        message = (
            "must have at most 253 lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit"
        )
        violations.append(Violation("object-name", "metadata.name", message))
    namespace = metadata.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        violations.append(Violation("type", "metadata.namespace", "must be a text"))
    elif namespace and (len(namespace) > 63 or "." in namespace or not matches(OBJECT_NAME, namespace)):
        message = "must have at most 63 lower case letters, digits and `-`, beginning and ending with a letter or digit"
        violations.append(Violation("object-name", "metadata.namespace", message))
    return violations


def _read_status(given: object, model: type[ApiModel]) -> Json:
    try:
        return model.model_validate(complete(structural_schema(model), given)).wire()
    except ValidationError:
        return {}


def _child(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, Mapping) else None
