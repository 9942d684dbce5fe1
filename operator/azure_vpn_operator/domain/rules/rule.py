"""Rules about objects: each has one id, one text, and its CEL form beside its Python form.

The API server enforces the CEL form through the CRD, everybody else the Python form. Rules look at plain JSON values
instead of models, because they also speak about objects that no model accepts. A rule is only asked where everything
it reads has the right type and size; the schema says the rest.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from azure_vpn_operator.domain.rules.violations import Violation

Json = Any
"""A JSON value whose shape the schema has checked."""


@dataclass(frozen=True)
class Rule:
    """Something that must hold for one node of an object, whenever it is created or updated."""

    id: str
    """Kebab-case; stable over releases."""
    at: tuple[str, ...]
    """Nodes it is about, such as `spec.tags` or `spec.ingressNatRules[].id`; the empty text is the object."""
    field: str
    """Where the node's violation is reported, relative to the node; empty for the node itself."""
    message: str
    """What must hold, and if that is not the same, how to repair it."""
    cel: str
    """The rule for the API server; `self` is the node."""
    holds: Callable[[Json], bool]
    """The rule in Python, given the node."""
    hint: Callable[[Json], str | None] | None = None
    """How to repair a node that breaks the rule, if more can be said than the message does."""

    @property
    def text(self) -> str:
        """The message as the API server shows it, with the id."""
        return f"{self.message} [{self.id}]"

    @cached_property
    def reads(self) -> frozenset[str]:
        """Paths below the node that the CEL form names; the empty text if it looks at the node itself."""
        return _paths_read(self.cel, "self")


@dataclass(frozen=True)
class Transition:
    """Something that must hold between an object and its update. Always about the whole object."""

    id: str
    field: str
    message: str
    cel: str
    """The rule for the API server; `self` is the new object, `oldSelf` the old one."""
    holds: Callable[[Json, Json], bool]
    """The rule in Python, given the new object and the old one."""

    @property
    def text(self) -> str:
        """The message as the API server shows it, with the id."""
        return f"{self.message} [{self.id}]"

    @cached_property
    def reads(self) -> frozenset[str]:
        """Paths of the new object that the CEL form names."""
        return _paths_read(self.cel, "self")


def check_rules(rules: Iterable[Rule], document: Json, broken: Sequence[str]) -> Iterator[Violation]:
    """Yield what the document violates, leaving out rules that read one of the broken paths."""
    # Many rules are about the same few places, and a start reads thousands of objects.
    nodes: dict[str, Sequence[tuple[str, Json]]] = {}
    for rule in rules:
        for place in rule.at:
            if place not in nodes:
                nodes[place] = _find_nodes(document, place)
            for path, node in nodes[place]:
                is_blocked = broken and _is_blocked(path, rule.reads, broken)
                if not is_blocked and not rule.holds(node):
                    hint = rule.hint(node) if rule.hint is not None else None
                    yield Violation(rule.id, join(path, rule.field), rule.message, hint)


def check_transitions(
    transitions: Iterable[Transition], new: Json, old: Json, broken: Sequence[str]
) -> Iterator[Violation]:
    """Yield what an update violates, leaving out rules that read one of the new object's broken paths."""
    for transition in transitions:
        if not _is_blocked("", transition.reads, broken) and not transition.holds(new, old):
            yield Violation(transition.id, transition.field, transition.message)


def join(path: str, name: str) -> str:
    """Append a field to a path."""
    return f"{path}.{name}" if path and name else path or name


def _paths_read(cel: str, root: str) -> frozenset[str]:
    """Find up to two field names behind each mention of the root: enough to tell spec fields apart."""
    return frozenset(
        match[1].removeprefix(".") for match in re.finditer(rf"\b{root}\b((?:\.[a-z]\w*\b(?!\()){{0,2}})", cel)
    )


def _is_blocked(path: str, reads: Iterable[str], broken: Sequence[str]) -> bool:
    read = [join(path, name) for name in reads]
    return any(
        _is_within(path, bad) or any(_is_within(bad, one) or _is_within(one, bad) for one in read) for bad in broken
    )


def _is_within(path: str, ancestor: str) -> bool:
    return not ancestor or path == ancestor or path.startswith((f"{ancestor}.", f"{ancestor}["))


def _find_nodes(document: Json, place: str) -> Sequence[tuple[str, Json]]:
    nodes: list[tuple[str, Json]] = [("", document)]
    for key, in_list in _steps(place):
        # Most objects are plain dicts and lists, and to be asked whether one is a Mapping takes ten times as long.
        nodes = [
            (f"{path}.{key}" if path else key, node[key])
            for path, node in nodes
            if isinstance(node, (dict, Mapping)) and key in node
        ]
        if in_list:
            nodes = [
                (f"{path}[{index}]", item)
                for path, items in nodes
                if isinstance(items, (list, Sequence)) and not isinstance(items, str)
                for index, item in enumerate(items)
            ]
        if not nodes:
            break
    return nodes


@cache
def _steps(place: str) -> tuple[tuple[str, bool], ...]:
    """The names on the way to a place, and whether it goes on in the items of a list."""
    return tuple((name.removesuffix("[]"), name.endswith("[]")) for name in place.split(".")) if place else ()
