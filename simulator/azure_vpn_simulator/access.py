"""Who may do what: role assignments, management locks and Azure Policy, in the order in which ARM asks them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.resource_ids import within
from azure_vpn_simulator.topology import ManagementLock, PolicyAssignment, Principal

_asked: ContextVar[dict[str, bool] | None] = ContextVar("asked_rights", default=None)


@contextmanager
def asking() -> Iterator[dict[str, bool]]:
    """Collect the actions that a right is asked for in the block, in their order, each with whether it was allowed everywhere."""
    asked: dict[str, bool] = {}
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)


def allowed(principal: Principal, action: str, scope: str) -> bool:
    """Tell whether a role assignment gives the action at the scope."""
    found = _is_assigned(principal, action, scope)
    asked = _asked.get()
    if asked is not None:
        asked[action] = asked.get(action, True) and found
    return found


def _is_assigned(principal: Principal, action: str, scope: str) -> bool:
    return any(
        within(right.scope, scope)
        and any(_matches(pattern, action) for pattern in right.actions)
        and not any(_matches(pattern, action) for pattern in right.not_actions)
        for right in principal.rights
    )


def require(principal: Principal, action: str, scope: str) -> None:
    """Refuse with AuthorizationFailed unless the action is allowed at the scope."""
    if not allowed(principal, action, scope):
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have authorization to perform "
            f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
            "your credentials.",
            headers={"x-ms-failure-cause": "gateway"},
        )


def require_linked(principal: Principal, action: str, scope: str, *, linked_action: str, linked_scope: str) -> None:
    """Refuse with LinkedAuthorizationFailed unless the second action is allowed on the resource that the first one names."""
    if not allowed(principal, linked_action, linked_scope):
        raise ArmError(
            403,
            "LinkedAuthorizationFailed",
            f"The client '{principal.client_id}' with object id '{principal.object_id}' has permission to perform action "
            f"'{action}' on scope '{scope}'; however, it does not have permission to perform action '{linked_action}' on the "
            f"linked scope(s) '{linked_scope}' or the linked scope(s) are invalid.",
            headers={"x-ms-failure-cause": "gateway"},
        )


def require_unlocked(locks: list[ManagementLock], scope: str, *, delete: bool) -> None:
    """Refuse with ScopeLocked if a management lock at or above the scope forbids a write, or a delete."""
    held = [lock for lock in locks if within(lock.scope, scope) and (delete or lock.level == "ReadOnly")]
    if held:
        verb = "delete" if delete else "write"
        raise ArmError(
            409,
            "ScopeLocked",
            f"The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: "
            f"'{', '.join(lock.scope for lock in held)}'. Please remove the lock and try again.",
            headers={"x-ms-failure-cause": "gateway"},
        )


def require_compliant(
    policies: list[PolicyAssignment], scope: str, resource_type: str, name: str, tags: dict[str, str] | None
) -> None:
    """Refuse with RequestDisallowedByPolicy if a Deny assignment covers the write and its tag is not sent."""
    denials = [p for p in _covering(policies, scope, resource_type) if p.effect == "Deny"]
    denials = [p for p in denials if p.unless_tag is None or p.unless_tag not in (tags or {})]
    if not denials:
        return
    identifiers = [
        {
            "policyAssignment": {"name": p.name, "id": _assignment_id(p)},
            "policyDefinition": {
                "name": p.name,
                "id": f"/providers/Microsoft.Authorization/policyDefinitions/{p.name}",
            },
        }
        for p in denials
    ]
    info: list[dict[str, Any]] = [
        {
            "type": "PolicyViolation",
            "info": {
                "policyAssignmentName": p.name,
                "policyAssignmentId": _assignment_id(p),
                "policyAssignmentScope": p.scope,
                "policyDefinitionEffect": "Deny",
            },
        }
        for p in denials
    ]
    raise ArmError(
        403,
        "RequestDisallowedByPolicy",
        f"Resource '{name}' was disallowed by policy. Policy identifiers: '{json.dumps(identifiers, separators=(',', ':'))}'.",
        target=name,
        additional_info=info,
        headers={"x-ms-failure-cause": "gateway"},
    )


def modified_tags(
    policies: list[PolicyAssignment], scope: str, resource_type: str, tags: dict[str, str] | None
) -> dict[str, str] | None:
    """Return the tags with those added that Modify assignments put on a written resource."""
    added: dict[str, str] = {}
    for policy in _covering(policies, scope, resource_type):
        if policy.effect == "Modify":
            added |= policy.add_tags
    return {**added, **(tags or {})} if added else tags


def _covering(policies: list[PolicyAssignment], scope: str, resource_type: str) -> list[PolicyAssignment]:
    return [p for p in policies if within(p.scope, scope) and p.resource_type.lower() == resource_type.lower()]


def _assignment_id(policy: PolicyAssignment) -> str:
    return f"{policy.scope.rstrip('/')}/providers/Microsoft.Authorization/policyAssignments/{policy.name}"


def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE) is not None
