"""The status of a connection that stands in the line in front of its gateway: nothing was read in Azure, so little of it is new."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import ConnectionSummary, VpnConnectionStatus
from azure_vpn_operator.domain.passes.findings import Finding, find_condition, merge_conditions, recall
from azure_vpn_operator.domain.passes.verdicts import Busy
from azure_vpn_operator.domain.planning.foresight import StoredFacts
from azure_vpn_operator.domain.reporting.assigned_policy import assign_policy, find_policy, policy_column

_F, _T = ConditionStatus.FALSE, ConditionStatus.TRUE
_COLUMN_LIMIT: Final = 1024


def says_that_it_waits(status: VpnConnectionStatus, generation: int) -> bool:
    """Whether the status says of this generation that it waits for a gateway."""
    ready = find_condition(status.conditions, ConditionType.READY)
    return status.observed_generation == generation and ready is not None and ready.reason == Reason.GATEWAY_BUSY


def waiting_status(facts: StoredFacts, busy: Busy, now: datetime) -> VpnConnectionStatus:
    """The last status, with what is known now: who waits is not in sync any more, and has perhaps another policy.

    What Azure was last seen to hold stays as it is. `facts` are of a connection that was in force once and may be written to.
    """
    previous, generation = facts.previous, facts.metadata.generation
    before = previous.summary or ConnectionSummary()
    return previous.model_copy(
        update={
            "observed_generation": generation,
            "conditions": merge_conditions(previous.conditions, _findings(facts, busy), generation, now),
            "policy": assign_policy(facts.subject, facts.policy, previous.policy, may_write=True),
            "summary": before.model_copy(
                update={
                    "policy": policy_column(facts.subject, may_write=True),
                    "reason": Reason.GATEWAY_BUSY.value,
                    "message": busy.message[:_COLUMN_LIMIT],
                }
            ),
        }
    )


def _findings(facts: StoredFacts, busy: Busy) -> Iterator[Finding]:
    yield Finding(ConditionType.READY, _F, Reason.GATEWAY_BUSY, busy.message)
    yield find_policy(facts.subject, facts.policy)
    yield from _as_before(facts, ConditionType.CREDENTIALS_RESOLVED)
    yield Finding(ConditionType.SYNCED, _F, Reason.GATEWAY_BUSY, busy.message)
    yield from _as_before(facts, ConditionType.CONNECTED)
    if isinstance(facts.subject, VpnConnection) and facts.subject.spec.enable_bgp:
        yield from _as_before(facts, ConditionType.BGP_ESTABLISHED)
    if facts.pair is not None or facts.owns_both:
        yield from _as_before(facts, ConditionType.PAIR_IN_SYNC)
    yield _paused(facts)
    yield Finding(ConditionType.RECONCILING, _T, Reason.GATEWAY_BUSY, busy.message)


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
