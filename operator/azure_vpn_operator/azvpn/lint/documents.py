"""Reads YAML and JSON as kubectl does, and remembers where each field is.

Plain scalars are read as sigs.k8s.io/yaml reads them, which differs from YAML 1.1 as PyYAML has it: `22:00` is a text and no number
to the base of 60, a date is a text, `1e3` is a number. Keys become texts, as in JSON. A key that is there twice is an error.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml

from azure_vpn_operator.azvpn.lint.findings import Place

Json = Any
_MOST_NODES: Final = 1_000_000
"""Of one document, its aliases followed: more is an attack."""
_WORDS: Final[dict[str, bool | None]] = {
    **{word: True for text in ("y", "yes", "true", "on") for word in (text, text.capitalize(), text.upper())},
    **{word: False for text in ("n", "no", "false", "off") for word in (text, text.capitalize(), text.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_WHOLE: Final = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNSAYABLE: Final = re.compile(r"\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF)")
_SOURCE: Final = re.compile(r"^# Source: (\S.*?)\s*$", re.MULTILINE)
_BEGIN: Final = yaml.Mark("", 0, 0, 0, None, 0)
_SHORT: Final = 1e21
"""Go writes larger numbers with an exponent."""
_LONGEST_NUMBER: Final = 300
_PLAIN: Final = "plain"
_TEXT: Final = "tag:yaml.org,2002:str"


class UnreadableError(Exception):
    """A file, or the rest of it, cannot be read; `place` says from where on."""

    def __init__(self, rule: str, message: str, place: Place, hint: str | None = None) -> None:
        super().__init__(message)
        self.rule, self.message, self.place, self.hint = rule, message, place, hint


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file, or one item of a List."""

    value: Json
    file: str
    template: str | None
    node: yaml.Node

    def place(self, path: str = "", *, of_name: bool = False) -> Place:
        """Where a field is (its name, if that is asked for), or the closest one that there is above a missing field."""
        node, key, is_there = self.node, self.node, True
        rest = path
        while rest:
            found = _step(node, rest)
            if found is None:
                is_there = False
                break
            key, node, rest = found
        shown = node if is_there and not of_name and isinstance(node, yaml.ScalarNode) else key
        start, end = shown.start_mark, shown.end_mark
        same = isinstance(shown, yaml.ScalarNode) and end.line == start.line and end.column > start.column
        return Place(
            self.file,
            start.line + 1,
            start.column + 1,
            end.line + 1 if same else None,
            end.column + 1 if same else None,
            self.template,
        )


class _Marked:
    """Leaves a node its plain text, for `_read_plain`, instead of guessing what YAML 1.1 takes it for."""

    def resolve(self, kind: type[yaml.Node], _value: str, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
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


def read_documents(file: str, text: str) -> Iterator[Document]:
    """Yield the documents of a file, Lists taken apart and empty ones left out.

    Raises UnreadableError where the rest cannot be read.
    """
    sources = [(match.start(), match[1]) for match in _SOURCE.finditer(text)] if "# Source: " in text else []
    is_json = text.lstrip().startswith("{")
    for root in _compose(file, text):
        if isinstance(root, yaml.ScalarNode) and root.tag == _PLAIN and _WORDS.get(root.value, 0) is None:
            continue
        template = next((name for start, name in reversed(sources) if start < root.start_mark.index), None)
        document = Document(_Builder(file, is_json=is_json).build(root), file, template, root)
        yield from _take_apart(document)


def _take_apart(document: Document) -> Iterator[Document]:
    value = document.value
    items = value.get("items") if isinstance(value, dict) and str(value.get("kind", "")).endswith("List") else None
    found = _step(document.node, "items") if isinstance(items, list) else None
    if found is None:
        yield document
        return
    for item, node in zip(cast("list[Json]", items), found[1].value, strict=True):
        yield from _take_apart(Document(item, document.file, document.template, node))


def _compose(file: str, text: str) -> Iterator[yaml.Node]:
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
        pairs = [(yaml.ScalarNode(_TEXT, key, _BEGIN, _BEGIN), _node_of(inner)) for key, inner in value]
        return yaml.MappingNode("object", pairs, _BEGIN, _BEGIN)
    if isinstance(value, list):
        return yaml.SequenceNode("list", [_node_of(item) for item in value], _BEGIN, _BEGIN)
    if isinstance(value, str):
        return yaml.ScalarNode(_TEXT, value, _BEGIN, _BEGIN)
    return yaml.ScalarNode(_PLAIN, json.dumps(value), _BEGIN, _BEGIN)


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


class _Builder:
    """Makes the value of one document."""

    def __init__(self, file: str, *, is_json: bool) -> None:
        self._file = file
        self._is_json = is_json
        self._left = _MOST_NODES
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> Json:
        if isinstance(node, yaml.ScalarNode):
            return self._read_scalar(node)
        self._left -= 1
        if id(node) in self._open or self._left < 0:
            raise self._error("yaml-syntax", "aliases that contain themselves, or too much of them", node)
        self._open.add(id(node))
        value = self._build_list(node) if isinstance(node, yaml.SequenceNode) else self._build_object(node)
        self._open.discard(id(node))
        return value

    def _build_list(self, node: yaml.SequenceNode) -> list[Json]:
        return [self.build(item) for item in node.value]

    def _build_object(self, node: yaml.Node) -> dict[str, Json]:
        result: dict[str, Json] = {}
        merged: list[dict[str, Json]] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error("yaml-syntax", "a key must be a text", key)
            if key.value == "<<" and key.tag == _PLAIN:
                found = self.build(value)
                merged += found if isinstance(found, list) else [found]
                continue
            name = key.value if key.tag == _TEXT else _name_of(self._read_scalar(key))
            if name in result:
                first = next(one for one, _ in node.value if one.value == key.value)
                message = f"the key `{key.value}` is there twice; the first one is on line {first.start_mark.line + 1}"
                raise self._error("duplicate-key", message, key)
            result[name] = self.build(value)
        for source in merged:
            if not isinstance(source, dict):
                raise self._error("yaml-syntax", "`<<` must be followed by an object", node)
            for name, inner in source.items():
                result.setdefault(name, inner)
        return result

    def _read_scalar(self, node: yaml.ScalarNode) -> Json:
        self._left -= 1
        text: str = node.value
        if node.tag == _TEXT or not text:
            return None if node.tag == _PLAIN else text
        if node.tag == _PLAIN and not text[0].isalpha():
            return self._read_plain(node, text)
        if node.tag == _PLAIN:
            return _WORDS.get(text, text)
        if node.tag == "tag:yaml.org,2002:null":
            return None
        if node.tag.startswith("tag:yaml.org,2002:") and not node.tag.endswith(("binary", "timestamp")):
            return self._read_plain(node, text)
        return text

    def _read_plain(self, node: yaml.ScalarNode, text: str) -> Json:
        if text in _WORDS:
            return _WORDS[text]
        if _UNSAYABLE.fullmatch(text):
            raise self._error("yaml-syntax", f"JSON, and so Kubernetes, has no number {text}", node)
        plain = text.replace("_", "") if text[0] in "+-0123456789" else text
        if _WHOLE.fullmatch(plain):
            return _read_whole(plain)
        if _FLOAT.fullmatch(plain) and math.isfinite(number := float(plain)):
            # On its way from YAML to JSON, which kubectl sends, such a number loses its fraction.
            return int(number) if number.is_integer() and abs(number) < _SHORT and not self._is_json else number
        return text

    def _error(self, rule: str, message: str, node: yaml.Node) -> UnreadableError:
        mark = node.start_mark
        return UnreadableError(rule, message, Place(self._file, mark.line + 1, mark.column + 1))


def _read_whole(text: str) -> int | float | str:
    digits = text.lstrip("+-").lower()
    if len(digits) > _LONGEST_NUMBER:
        return text
    value = int(digits, 8 if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() else 0)
    # What does not fit into 64 bits is no whole number to the API server.
    return value * (-1 if text.startswith("-") else 1) if value < 2**63 else float(text)


def _name_of(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _step(node: yaml.Node, path: str) -> tuple[yaml.Node, yaml.Node, str] | None:
    """The name and the value of the first field of a path, and the rest of it; names with dots in them are found too."""
    if isinstance(node, yaml.SequenceNode):
        match = re.match(r"\[(\d+)\]\.?", path)
        if match is None or int(match[1]) >= len(node.value):
            return None
        item = node.value[int(match[1])]
        return item, item, path[match.end() :]
    if not isinstance(node, yaml.MappingNode):
        return None
    best: tuple[yaml.Node, yaml.Node, str] | None = None
    length = -1
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if name is None or len(name) <= length or not path.startswith(name):
            continue
        rest = path[len(name) :]
        if not rest or rest[0] in ".[":
            best, length = (key, value, rest.removeprefix(".")), len(name)
    return best or _step_into_merged(node, path)


def _step_into_merged(node: yaml.MappingNode, path: str) -> tuple[yaml.Node, yaml.Node, str] | None:
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value == "<<":
            for source in value.value if isinstance(value, yaml.SequenceNode) else (value,):
                if (found := _step(source, path)) is not None:
                    return found
    return None
