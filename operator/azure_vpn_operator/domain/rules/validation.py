"""Reads any JSON-like document as one of our kinds: the whole object, or everything that is wrong with it.

This is the operator's second door, since objects can be older than a rule. No document makes it raise. Whoever only needs the
verdict asks `examination`.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from azure_vpn_operator.api.base import ApiModel, ObjectMeta
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, IpsecPolicySpec, IpsecPolicyStatus
from azure_vpn_operator.api.schema import structural_schema
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES, CONNECTION_TRANSITIONS
from azure_vpn_operator.domain.rules.examination import examine
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.rule import Json, Rule, check_transitions
from azure_vpn_operator.domain.rules.schema_check import complete
from azure_vpn_operator.domain.rules.violations import Invalid, Violation

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
    """Return what `examine` does, with the status."""
    whole, violations = examine(document, structural_schema(spec), rules)
    return {**whole, "status": _read_status(_child(document, "status"), status)}, violations


def _read_status(given: object, model: type[ApiModel]) -> Json:
    try:
        return model.model_validate(complete(structural_schema(model), given)).wire()
    except ValidationError:
        return {}


def _child(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, Mapping) else None
