"""From text to YAML's nodes, which know their places; JSON that is no YAML too. What is wrong with a text is said for people."""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

import yaml

from azure_vpn_operator.azvpn.lint.findings import Place

Json = Any
PLAIN: Final = "plain"
"""Tag of a scalar without quotes: what it is has not been decided."""
TEXT: Final = "tag:yaml.org,2002:str"
_BEGIN: Final = yaml.Mark("", 0, 0, 0, None, 0)


class UnreadableError(Exception):
    """A file, or the rest of it, cannot be read; `place` says from where on."""

    def __init__(self, rule: str, message: str, place: Place, hint: str | None = None) -> None:
        super().__init__(message)
        self.rule, self.message, self.place, self.hint = rule, message, place, hint


class _Marked:
    """Leaves a node its plain text, for `_read_plain`, instead of guessing what YAML 1.1 takes it for."""

    def resolve(self, kind: type[yaml.Node], _value: str, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return PLAIN if implicit[0] else TEXT
        return "tag:yaml.org,2002:map"

    def descend_resolver(self, *_: Any) -> None: ...

    def ascend_resolver(self) -> None: ...


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _Reader(_Marked, CParser):
        """libyaml's parser, which is ten times as fast."""

else:  # pragma: no cover - PyYAML's wheels have libyaml
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Reader(_Marked, Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


def compose(file: str, text: str) -> Iterator[yaml.Node]:
    """Yield the root of each document. Raises UnreadableError where the rest cannot be read."""
    try:
        reader = _Reader(text)
        while reader.check_node():
            yield cast("yaml.Node", reader.get_node())
    except yaml.YAMLError as error:
        if text.lstrip().startswith("{") and (node := _compose_json(text)) is not None:
            yield node
            return
        raise _explain(file, text, error) from None
    except RecursionError:
        raise UnreadableError("yaml-syntax", "nested too deeply", Place(file, 1, 1)) from None


class _Pairs(list[tuple[str, Json]]):
    """A JSON object with all its keys, also those that are there twice."""


def _compose_json(text: str) -> yaml.Node | None:
    """JSON that is no YAML (its keys may be longer, and its escapes are others); None if it is no JSON either.

    Where its fields are is not known: all of it is where it begins.
    """
    try:
        return _node_of(json.loads(text, object_pairs_hook=_Pairs))
    except (ValueError, RecursionError):
        return None


def _node_of(value: Json) -> yaml.Node:
    if isinstance(value, _Pairs):
        pairs = [(yaml.ScalarNode(TEXT, key, _BEGIN, _BEGIN), _node_of(inner)) for key, inner in value]
        return yaml.MappingNode("object", pairs, _BEGIN, _BEGIN)
    if isinstance(value, list):
        return yaml.SequenceNode("list", [_node_of(item) for item in value], _BEGIN, _BEGIN)
    if isinstance(value, str):
        return yaml.ScalarNode(TEXT, value, _BEGIN, _BEGIN)
    return yaml.ScalarNode(PLAIN, json.dumps(value), _BEGIN, _BEGIN)


def _explain(file: str, text: str, error: yaml.YAMLError) -> UnreadableError:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        character = f"U+{error.character:04X}" if isinstance(error.character, int) else repr(error.character)
        message = f"the character {character} is not allowed in YAML"
        return UnreadableError("yaml-syntax", message, Place(file, line, column))
    if not isinstance(error, yaml.MarkedYAMLError):
        return UnreadableError("yaml-syntax", f"this is not YAML: {error}", Place(file, 1, 1))
    mark = error.problem_mark or error.context_mark
    number, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.split("\n")
    written = lines[number] if number < len(lines) else ""
    blank = written[: len(written) - len(written.lstrip())]
    rest = "; nothing from here on was read"
    if "\t" in blank or written[column : column + 1] == "\t":
        column = written.index("\t") if "\t" in blank else column
        message = f"a tab, where YAML takes only spaces{rest}"
        return UnreadableError("yaml-tab", message, Place(file, number + 1, column + 1), "write spaces instead")
    context = f"{error.context}, " if error.context else ""
    message = f"this is not YAML: {context}{error.problem}{rest}"
    return UnreadableError("yaml-syntax", message, Place(file, number + 1, column + 1))
