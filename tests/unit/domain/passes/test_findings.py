"""How conditions move from one status to the next."""

from datetime import timedelta

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.passes.findings import Finding, find_condition, merge_conditions, recall
from support.builders import NOW

READY = Finding(ConditionType.READY, ConditionStatus.TRUE, Reason.UP_TO_DATE, "fine")
UNREADY = Finding(ConditionType.READY, ConditionStatus.FALSE, Reason.UPDATING, "busy")
STALLED = Finding(ConditionType.STALLED, ConditionStatus.TRUE, Reason.INVALID_SPEC, "broken")
LATER = NOW + timedelta(minutes=1)


def first(*findings: Finding) -> tuple[Condition, ...]:
    return merge_conditions((), findings, 1, NOW)


def test_the_time_moves_with_the_status_and_with_nothing_else():
    before = first(READY)
    other_words = Finding(ConditionType.READY, ConditionStatus.TRUE, Reason.OBSERVED, "other words")
    (same,) = merge_conditions(before, [other_words], 2, LATER)
    assert (same.last_transition_time, same.reason, same.observed_generation) == (NOW, "Observed", 2)
    (flipped,) = merge_conditions(before, [UNREADY], 2, LATER)
    assert flipped.last_transition_time == LATER


def test_times_are_whole_seconds_as_the_api_server_keeps_them():
    (condition,) = merge_conditions((), [READY], 1, NOW + timedelta(microseconds=999_999))
    assert condition.last_transition_time == NOW


def test_what_is_no_longer_found_goes():
    assert [c.type for c in merge_conditions(first(READY, STALLED), [READY], 1, NOW)] == ["Ready"]


def test_stalled_is_written_only_while_it_is_true():
    over = Finding(ConditionType.STALLED, ConditionStatus.FALSE, Reason.UP_TO_DATE)
    assert [c.type for c in first(READY, over)] == ["Ready"]


def test_long_messages_are_cut_visibly():
    (condition,) = first(Finding(ConditionType.READY, ConditionStatus.FALSE, Reason.INVALID_SPEC, "x" * 5000))
    assert len(condition.message) == 1024
    assert condition.message.endswith("…")


def test_recalling_what_was_said():
    conditions = first(READY)
    assert recall(conditions, ConditionType.READY) == READY
    assert recall(conditions, ConditionType.STALLED) is None
    strange = conditions[0].model_copy(update={"reason": "FromTheFuture"})
    assert recall((strange,), ConditionType.READY) is None
    assert find_condition((strange,), ConditionType.READY) is strange
