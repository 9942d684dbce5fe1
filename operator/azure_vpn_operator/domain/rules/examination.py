"""Examines any JSON-like document as an object of one of our kinds, from its schema and the rules; no document makes it raise.

Nothing here needs the models, so whoever only wants the verdict need not load them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from azure_vpn_operator.api.kinds import IPSEC_POLICY, VPN_CONNECTION
from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES
from azure_vpn_operator.domain.rules.metadata import check_names, check_rest, find_unknown_metadata, name_as_generated
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.rule import Json, Rule, check_rules
from azure_vpn_operator.domain.rules.schema_check import check_schema, complete, find_unknown
from azure_vpn_operator.domain.rules.violations import Violation

if TYPE_CHECKING:
    from azure_vpn_operator.api.schema import Schema

RULES: Final[Mapping[str, Sequence[Rule]]] = {IPSEC_POLICY: POLICY_RULES, VPN_CONNECTION: CONNECTION_RULES}
"""Kind -> what must hold for its objects beyond their schema."""
_ROOT: Final = ("apiVersion", "kind", "metadata", "spec", "status")


def examine(document: object, schema: "Schema", rules: Sequence[Rule]) -> tuple[Json, list[Violation]]:
    """Return the document as the API server would store it, reduced to what is checked, and its violations.

    `schema` is that of the spec. The status is left out.
    """
    if not isinstance(document, Mapping):
        return {}, [Violation("type", "", "must be an object")]
    metadata, given = document.get("metadata"), document.get("spec")
    violations = list(check_names(metadata))
    whole: dict[str, Any] = {"metadata": metadata}
    if given is None:
        violations.append(Violation("required", "spec", "must be set", said="Required value"))
    else:
        whole["spec"] = complete(schema, given)
        violations += check_schema(schema, whole["spec"], "spec", given)
    # The API server asks its rules also about an object whose name has the wrong form.
    broken = [violation.field for violation in violations if violation.rule != "object-name"]
    violations += list(check_rules(rules, whole, broken))
    return whole, violations


def examine_manifest(
    document: Mapping[str, Any], spec: "Schema", status: "Schema"
) -> tuple[Json, tuple[Violation, ...]]:
    """The same for what somebody means to create, under strict validation: all of the metadata, and fields that are unknown.

    A status is no part of what is created: only its fields' names are looked at. `kind` must be one of `RULES`.
    """
    given = document.get("metadata")
    metadata = name_as_generated({} if given is None else given)
    whole, violations = examine({**document, "metadata": metadata}, spec, RULES[document["kind"]])
    unknown = tuple(_find_unknown(document, spec, status))
    return {**whole, "kind": document["kind"]}, (*unknown, *check_rest(metadata), *violations)


def _find_unknown(document: Mapping[str, Any], spec: "Schema", status: "Schema") -> Iterator[Violation]:
    for name in document:
        if name not in _ROOT:
            yield Violation("unknown-field", str(name), "is no field of this kind", said=f'unknown field "{name}"')
    yield from find_unknown_metadata(document.get("metadata"))
    yield from find_unknown(spec, document.get("spec"), "spec")
    yield from find_unknown(status, document.get("status"), "status")
