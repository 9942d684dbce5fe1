"""The table of reasons: complete, sober, and about reasons that the code really gives."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from azure_vpn_operator.api.conditions import ABNORMAL_TRUE, ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason, ReasonInfo

PACKAGE = Path(__file__).parents[3] / "operator" / "azure_vpn_operator"
TABLE = PACKAGE / "api" / "reasons"
TEXTS = sorted(path.stem for path in TABLE.glob("*.py") if path.stem not in {"__init__", "reason"})
ABOUT = {
    "azure_faults": {ConditionType.READY, ConditionType.SYNCED},
    "events_only": set[ConditionType](),
    "explained_only": set[ConditionType](),
    "trial": {ConditionType.READY},
    "tunnel_causes": {ConditionType.CONNECTED},
}
"""What the modules that have not the name of a condition speak about."""
BECAUSE_OF = {
    Reason.KEY_ROTATION_WAITS,
    Reason.KEY_ROTATION_STOPPED,
    Reason.PARTNER_NOT_READY,
    Reason.PAIR_PUT_BACK,
}
"""Reasons of Ready that other users of the key, or the other half, give."""


def texts_in(module: str) -> dict[Reason, ReasonInfo]:
    table: dict[Reason, ReasonInfo] = getattr(import_module(f"azure_vpn_operator.api.reasons.{module}"), module.upper())
    return table


def named_reasons() -> Iterator[str]:
    """The members of `Reason` that code outside the table names."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent == TABLE:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                yield node.attr


def test_every_reason_is_given_somewhere():
    assert set(Reason.__members__) - set(named_reasons()) == set()


def test_every_reason_is_explained_in_exactly_one_module():
    assert sorted(reason for module in TEXTS for reason in texts_in(module)) == sorted(Reason)
    assert set(REASONS) == set(Reason)


@pytest.mark.parametrize("module", TEXTS)
def test_a_module_explains_reasons_of_the_condition_that_it_is_named_after(module: str):
    about = ABOUT[module] if module in ABOUT else {ConditionType[module.upper()]}
    for reason, info in texts_in(module).items():
        kinds = {kind for kind, _ in info.conditions}
        assert reason in BECAUSE_OF or (kinds & about if about else not kinds), reason


@pytest.mark.parametrize("reason", Reason)
def test_explanation(reason: Reason):
    info = REASONS[reason]
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", reason.value)
    for text in (info.meaning, info.action):
        assert text.endswith("."), "a sentence"
        assert text == " ".join(text.split())
    assert len(set(info.conditions)) == len(info.conditions)
    assert info.meaning.startswith("Event: ") == (info.conditions == () and not info.explained_only), (
        "what only Events have says so"
    )


@pytest.mark.parametrize("reason", [reason for reason in Reason if REASONS[reason].conditions])
def test_conditions_of_a_reason_fit_together(reason: Reason):
    conditions = set(REASONS[reason].conditions)
    for kind in ABNORMAL_TRUE:
        assert {status for found, status in conditions if found is kind} <= {ConditionStatus.TRUE}
        if (kind, ConditionStatus.TRUE) in conditions and (
            ConditionType.ROLLED_OUT,
            ConditionStatus.FALSE,
        ) not in conditions:
            assert (ConditionType.READY, ConditionStatus.FALSE) in conditions
    if (ConditionType.READY, ConditionStatus.TRUE) in conditions:
        assert (ConditionType.READY, ConditionStatus.FALSE) not in conditions
    if (ConditionType.READY, ConditionStatus.UNKNOWN) in conditions:
        pytest.fail("Ready is True or False: that it cannot be told is a reason for False")
