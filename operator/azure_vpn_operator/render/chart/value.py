"""A value of the chart: where it is, what it is if nobody says, what it means, and what it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = dict[str, Any]

STRING: Final[Schema] = {"type": "string"}
TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
"""A map of texts, such as labels."""
OBJECT: Final[Schema] = {"type": "object"}
"""Something of Kubernetes' own that its API server checks."""
OBJECTS: Final[Schema] = {"type": "array", "items": {"type": "object"}}


def integer(minimum: int) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": minimum}


def one_of(*choices: str) -> Schema:
    """Return the schema of a choice."""
    return {"type": "string", "enum": list(choices)}


@dataclass(frozen=True, slots=True)
class Value:
    """One value. Its path is a contract: people have it in their Git."""

    path: str
    """Names from the root, joined by dots."""
    default: Any
    text: str
    """What it means, for values.yaml, the schema and the README."""
    schema: Mapping[str, Any]


def switch(path: str, text: str, *, default: bool) -> Value:
    """Return a value that is true or false."""
    return Value(path, default, text, {"type": "boolean"})


@dataclass(frozen=True, slots=True)
class Section:
    """Values that belong together, under a heading."""

    title: str
    values: tuple[Value, ...]
