"""From nodes to values, as kubectl reads YAML.

Plain scalars are read as sigs.k8s.io/yaml reads them, which differs from YAML 1.1 as PyYAML has it: `22:00` is a text and no number
to the base of 60, a date is a text, `1e3` is a number. Keys become texts, as in JSON. A key that is there twice is an error.
"""

import json
import math
import re
from typing import Final

import yaml

from azure_vpn_operator.azvpn.lint.composing import PLAIN, TEXT, Json, UnreadableError
from azure_vpn_operator.azvpn.lint.findings import Place

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
_SHORT: Final = 1e21
"""Go writes larger numbers with an exponent."""
_LONGEST_NUMBER: Final = 300


def read_value(file: str, node: yaml.Node, *, is_json: bool) -> Json:
    """The value of a document; `is_json` if the file is JSON. Raises UnreadableError."""
    return _Builder(file, is_json=is_json).build(node)


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
            if key.value == "<<" and key.tag == PLAIN:
                found = self.build(value)
                merged += found if isinstance(found, list) else [found]
                continue
            name = key.value if key.tag == TEXT else _name_of(self._read_scalar(key))
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
        if node.tag == TEXT or not text:
            return None if node.tag == PLAIN else text
        if node.tag == PLAIN and not text[0].isalpha():
            return self._read_plain(node, text)
        if node.tag == PLAIN:
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
