import re
from typing import Any

import pytest

from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES, CONNECTION_TRANSITIONS
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.rule import Rule, Transition, check_rules

_EVERY_RULE: list[Rule | Transition] = [*POLICY_RULES, *CONNECTION_RULES, *CONNECTION_TRANSITIONS]


def _rule(cel: str, at: str = "spec", **changes: Any) -> Rule:
    return Rule(
        **(
            {"id": "some-rule", "at": (at,), "field": "x", "message": "m", "cel": cel, "holds": lambda _: False}
            | changes
        )
    )


@pytest.mark.parametrize("rule", _EVERY_RULE, ids=lambda rule: rule.id)
def test_rule_has_a_plain_id_and_one_text_that_shows_it(rule: Rule | Transition):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id)
    assert rule.text == f"{rule.message} [{rule.id}]"
    assert len(rule.text) <= 300
    assert "must" in rule.message
    assert not rule.message.endswith(".")


def test_id_stands_for_one_text():
    texts: dict[str, set[str]] = {}
    for rule in _EVERY_RULE:
        texts.setdefault(rule.id, set()).add(rule.text)

    assert all(len(found) == 1 for found in texts.values())


@pytest.mark.parametrize(
    ("cel", "reads"),
    [
        ("self.a == self.b", {"a", "b"}),
        ("has(self.spec.a) ? self.spec.a : self.metadata.name", {"spec.a", "metadata.name"}),
        ("self.matches('self')", {""}),
        ("self.a.startsWith('x')", {"a"}),
        ("oldSelf.a == 1", set()),
        ("self.all(x, x != '')", {""}),
    ],
)
def test_what_a_rule_reads_is_taken_from_its_cel(cel: str, reads: set[str]):
    assert _rule(cel).reads - {""} == reads - {""}
    assert ("" in _rule(cel).reads) or "" not in reads


@pytest.mark.parametrize(
    ("broken", "asked"),
    [
        ([], True),
        (["spec.b"], True),
        (["spec.aa"], True),
        (["metadata.name"], True),
        (["spec.a"], False),
        (["spec.a[3].c"], False),
        (["spec.a.c"], False),
        (["spec"], False),
        ([""], False),
    ],
)
def test_rule_is_asked_only_where_everything_it_reads_is_sound(broken: list[str], asked: bool):
    found = list(check_rules([_rule("self.a > 0")], {"spec": {"a": 1, "b": 1}}, broken))

    assert bool(found) == asked


def test_items_of_a_list_are_asked_one_by_one():
    rule = _rule("self > 0", at="spec.a[].b", field="", holds=lambda value: value > 0)
    document = {"spec": {"a": [{"b": 1}, {"b": -1}, {"c": 0}, {"b": -2}, {"b": -3}]}}

    found = list(check_rules([rule], document, ["spec.a[3].b"]))

    assert [violation.field for violation in found] == ["spec.a[1].b", "spec.a[4].b"]


@pytest.mark.parametrize("document", [{}, {"spec": None}, {"spec": []}, {"spec": {"a": "text"}}, {"spec": {"a": None}}])
def test_place_that_is_not_there_is_not_asked(document: Any):
    assert list(check_rules([_rule("self > 0", at="spec.a[].b", field="")], document, [])) == []
