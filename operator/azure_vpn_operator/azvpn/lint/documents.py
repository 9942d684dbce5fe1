"""The documents of a file, and where each of their fields is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import yaml

from azure_vpn_operator.azvpn.lint.composing import PLAIN, Json, compose
from azure_vpn_operator.azvpn.lint.findings import Place
from azure_vpn_operator.azvpn.lint.values import read_value

_SOURCE: Final = re.compile(r"^# Source: (\S.*?)\s*$", re.MULTILINE)
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


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


def read_documents(file: str, text: str) -> Iterator[Document]:
    """Yield the documents of a file, Lists taken apart and empty ones left out.

    Raises UnreadableError where the rest cannot be read.
    """
    sources = [(match.start(), match[1]) for match in _SOURCE.finditer(text)] if "# Source: " in text else []
    is_json = text.lstrip().startswith("{")
    for root in compose(file, text):
        if isinstance(root, yaml.ScalarNode) and root.tag == PLAIN and root.value in _NOTHING:
            continue
        template = next((name for start, name in reversed(sources) if start < root.start_mark.index), None)
        document = Document(read_value(file, root, is_json=is_json), file, template, root)
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
