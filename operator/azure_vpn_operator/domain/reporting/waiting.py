"""The status of a connection that waits before anything was read in Azure: so little of it is new."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionSummary, VpnConnectionStatus
from azure_vpn_operator.domain.passes.findings import Finding, find_condition, merge_conditions, recall
from azure_vpn_operator.domain.planning.foresight import StoredFacts
from azure_vpn_operator.domain.reporting.assigned_policy import assign_policy, find_policy, policy_column

_F, _T = ConditionStatus.FALSE, ConditionStatus.TRUE
_COLUMN_LIMIT: Final = 1024


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a connection waits for."""

    reason: Reason
    message: str
    in_peace: bool = False
    """Nothing is wrong with it meanwhile: it holds what it is assigned."""
    goes_on: bool = True
    """Whether the wait is part of work that goes on by itself, and not one for a time that the message tells and that may be days away."""


def says_that_it_waits(status: VpnConnectionStatus, generation: int, waiting: Waiting) -> bool:
    """Whether the status says of this generation that it waits, and for what."""
    ready = find_condition(status.conditions, ConditionType.READY)
    if status.observed_generation != generation or ready is None or ready.reason != waiting.reason:
        return False
    # Of a pair the message may begin with the name of a half.
    return waiting.goes_on or waiting.message in ready.message


def waiting_status(facts: StoredFacts, waiting: Waiting, now: datetime) -> VpnConnectionStatus:
    """The last status, with what is known now: who waits is not in sync any more, and has perhaps another policy.

    What Azure was last seen to hold stays as it is. `facts` are of a connection that was in force once and may be written to.
    """
    previous, generation = facts.previous, facts.metadata.generation
    before = previous.summary or ConnectionSummary()
    return previous.model_copy(
        update={
            "observed_generation": generation,
            "conditions": merge_conditions(previous.conditions, _findings(facts, waiting), generation, now),
            "policy": assign_policy(facts.subject, facts.policy, previous.policy, may_write=True),
            "summary": before.model_copy(
                update={
                    "policy": policy_column(facts.subject, may_write=True),
                    "reason": waiting.reason.value,
                    "message": waiting.message[:_COLUMN_LIMIT],
                }
            ),
        }
    )


def _findings(facts: StoredFacts, waiting: Waiting) -> Iterator[Finding]:
    yield Finding(ConditionType.READY, _T if waiting.in_peace else _F, waiting.reason, waiting.message)
    yield find_policy(facts.subject, facts.policy)
    yield from _as_before(facts, ConditionType.CREDENTIALS_RESOLVED)
    if waiting.in_peace:
        yield Finding(ConditionType.SYNCED, _T, Reason.UP_TO_DATE, waiting.message)
    else:
        yield Finding(ConditionType.SYNCED, _F, waiting.reason, waiting.message)
    yield from _as_before(facts, ConditionType.CONNECTED)
    if isinstance(facts.subject, VpnConnection) and facts.subject.spec.enable_bgp:
        yield from _as_before(facts, ConditionType.BGP_ESTABLISHED)
    if facts.pair is not None or facts.owns_both:
        yield from _as_before(facts, ConditionType.PAIR_IN_SYNC)
    yield _paused(facts)
    if waiting.goes_on and not waiting.in_peace:
        yield Finding(ConditionType.RECONCILING, _T, waiting.reason, waiting.message)


def _as_before(facts: StoredFacts, kind: ConditionType) -> Iterator[Finding]:
    found = recall(facts.previous.conditions, kind)
    if found is not None:
        yield found


def _paused(facts: StoredFacts) -> Finding:
    """The object itself does not ask for a pause, or it would not stand in line; a tag in Azure is not known here."""
    before = recall(facts.previous.conditions, ConditionType.PAUSED)
    if before is not None and before.reason is Reason.HELD_IN_AZURE:
        return before
    return Finding(ConditionType.PAUSED, _F, Reason.NOT_PAUSED)
