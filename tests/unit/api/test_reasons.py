"""The table of reasons: complete, sober, and about reasons that the code really gives."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_vpn_operator.api.conditions import ABNORMAL_TRUE, ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason

PACKAGE = Path(__file__).parents[3] / "operator" / "azure_vpn_operator"


def named_reasons() -> Iterator[str]:
    """The members of `Reason` that code outside the table names."""
    for path in PACKAGE.rglob("*.py"):
        if path.name == "reasons.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                yield node.attr


def test_every_reason_is_given_somewhere():
    assert set(Reason.__members__) - set(named_reasons()) == set()


def test_every_reason_is_explained_and_in_the_order_of_the_enum():
    assert list(REASONS) == list(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_explanation(reason: Reason):
    info = REASONS[reason]
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", reason.value)
    for text in (info.meaning, info.action):
        assert text.endswith("."), "a sentence"
        assert text == " ".join(text.split())
    assert len(set(info.conditions)) == len(info.conditions)
    assert info.meaning.startswith("Event: ") == (info.conditions == ()), "what only Events have says so"


@pytest.mark.parametrize("reason", [reason for reason in Reason if REASONS[reason].conditions])
def test_conditions_of_a_reason_fit_together(reason: Reason):
    conditions = set(REASONS[reason].conditions)
    for kind in ABNORMAL_TRUE:
        assert {status for found, status in conditions if found is kind} <= {ConditionStatus.TRUE}
        if (kind, ConditionStatus.TRUE) in conditions:
            assert (ConditionType.READY, ConditionStatus.FALSE) in conditions
    if (ConditionType.READY, ConditionStatus.TRUE) in conditions:
        assert (ConditionType.READY, ConditionStatus.FALSE) not in conditions
    if (ConditionType.READY, ConditionStatus.UNKNOWN) in conditions:
        pytest.fail("Ready is True or False: that it cannot be told is a reason for False")
