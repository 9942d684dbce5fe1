"""How conditions move from one status to the next: the time of the last transition changes only when the status flips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ABNORMAL_TRUE, ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason

MESSAGE_LIMIT = 1024
_REASONS = {reason.value: reason for reason in Reason}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition should say now."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str = ""


def merge_conditions(
    previous: Sequence[Condition], findings: Iterable[Finding], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the complete new conditions, in the order of the findings. Types without a finding are dropped.

    Reconciling and Stalled are kept only while True.
    """
    known = {condition.type: condition for condition in previous}
    merged = []
    for finding in findings:
        if finding.type in ABNORMAL_TRUE and finding.status is not ConditionStatus.TRUE:
            continue
        before = known.get(finding.type)
        since = before.last_transition_time if before is not None and before.status is finding.status else now
        merged.append(
            Condition(
                type=finding.type.value,
                status=finding.status,
                reason=finding.reason.value,
                message=_cut(finding.message),
                observed_generation=generation,
                last_transition_time=since.replace(microsecond=0),
            )
        )
    return tuple(merged)


def find_condition(conditions: Sequence[Condition], wanted: ConditionType) -> Condition | None:
    """The condition of a type, if it is there."""
    return next((condition for condition in conditions if condition.type == wanted), None)


def recall(conditions: Sequence[Condition], wanted: ConditionType) -> Finding | None:
    """What a condition said before, to say it again; None if it said nothing that this release knows."""
    before = find_condition(conditions, wanted)
    reason = _REASONS.get(before.reason) if before is not None else None
    if before is None or reason is None:
        return None
    return Finding(wanted, before.status, reason, before.message)


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"
