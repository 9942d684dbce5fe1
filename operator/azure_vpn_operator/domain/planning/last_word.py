"""A read that fails for a passing cause says nothing about the connection: for a while, what was said last stands.

Else one lost answer would flip Ready on every object that was due at that moment, and back a second later.
"""

from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import PolicySource
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.passes.findings import Finding, recall
from azure_vpn_operator.domain.passes.requests import is_requested, is_reset_requested, is_rotation_requested
from azure_vpn_operator.domain.passes.snapshot import GeneratedKey, NotReferenced, PolicyFound, Snapshot
from azure_vpn_operator.domain.planning.keys import is_random_key_due, is_rotation_due

_PASSING: Final = frozenset({FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.UNREADABLE})
_AT_REST: Final = frozenset(
    {
        Reason.UP_TO_DATE,
        Reason.OBSERVED,
        Reason.PLANNED,
        Reason.MANAGEMENT_POLICY_CAPPED,
        Reason.WAITING_FOR_ROLLOUT,
        Reason.ROLLOUT_STOPPED,
    }
)


def standing_word(snapshot: Snapshot, fault: Fault) -> tuple[Finding, Finding] | None:
    """Ready and Synced as they were said last, if `fault` is no reason to say something else; else None.

    They stand only for an object at rest of which nobody wants anything new: nobody is told that a change is in Azure that is not.
    """
    previous = snapshot.previous
    ready = recall(previous.conditions, ConditionType.READY)
    synced = recall(previous.conditions, ConditionType.SYNCED)
    if ready is None or synced is None or ready.status is not ConditionStatus.TRUE or ready.reason not in _AT_REST:
        return None
    if fault.kind not in _PASSING or snapshot.operation is not None or snapshot.is_outdated:
        return None
    if ready.reason in {Reason.OBSERVED, Reason.PLANNED, Reason.MANAGEMENT_POLICY_CAPPED} and len(previous.halves) > 1:
        # What was observed of two halves was said in one text, which is neither half's own.
        return None
    return (
        (ready, synced)
        if previous.observed_generation == snapshot.metadata.generation and not _wanted(snapshot)
        else None
    )


def _wanted(snapshot: Snapshot) -> bool:
    """Whether something has changed, beside the spec, that has still to reach Azure."""
    metadata, handled = snapshot.metadata, snapshot.previous.last_handled
    asked = (
        is_requested(metadata, handled)
        or is_rotation_requested(metadata, handled)
        or is_reset_requested(metadata, snapshot.previous)
    )
    # A random key that would be written is another one in each process, and no reason to write it.
    key_due = is_random_key_due(snapshot) if isinstance(snapshot.key, GeneratedKey) else is_rotation_due(snapshot)
    return asked or not _same_policy(snapshot) or key_due


def _same_policy(snapshot: Snapshot) -> bool:
    held = snapshot.previous.policy
    match snapshot.policy:
        case PolicyFound(policy):
            return held is not None and held.hash == canonical_policy(policy.spec).hash
        case NotReferenced():
            return held is None or held.source is PolicySource.DEFAULT
        case _:
            return False
