"""Checks a JSON value against a structural schema as the API server does: same verdict, similar words, all at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azure_vpn_operator.api.schema import Schema
from azure_vpn_operator.domain.rules.rule import join
from azure_vpn_operator.domain.rules.suggestions import find_meant, suggest
from azure_vpn_operator.domain.rules.violations import Violation

_SHOWN = 40


def complete(schema: Schema, value: Any) -> Any:
    """Return the value as the API server would store it: published defaults filled in, fields that are null left out.

    Fields that the schema does not know are left out too. Values of a wrong type come back as they are.
    """
    match schema.get("type"):
        case "object" if isinstance(value, Mapping) and "properties" in schema:
            result = {}
            for name, inner in schema["properties"].items():
                if value.get(name) is not None:
                    result[name] = complete(inner, value[name])
                elif "default" in inner:
                    result[name] = inner["default"]
            return result
        case "object" if isinstance(value, Mapping):
            return {name: inner for name, inner in value.items() if inner is not None}
        case "array" if _is_list(value) and len(value) <= schema["maxItems"]:
            return [complete(schema["items"], item) for item in value]
    return value


def check_schema(schema: Schema, value: Any, path: str, given: Any = None) -> Iterator[Violation]:
    """Yield every violation of the schema by a completed value.

    `given` is the value before completion, searched for misspelt names of missing fields.
    """
    match schema.get("type"):
        case None if isinstance(value, bool) or not isinstance(value, int | str):
            yield _wrong_type(path, "a whole number or a text", value)
        case "object":
            yield from _check_object(schema, value, path, given)
        case "array":
            yield from _check_list(schema, value, path, given)
        case "string":
            yield from _check_text(schema, value, path)
        case "integer":
            yield from _check_integer(schema, value, path)
        case "boolean" if not isinstance(value, bool):
            yield _wrong_type(path, "true or false", value)


def _check_object(schema: Schema, value: Any, path: str, given: Any) -> Iterator[Violation]:
    if not isinstance(value, Mapping):
        yield _wrong_type(path, "an object", value)
        return
    source = given if isinstance(given, Mapping) else value
    if "additionalProperties" in schema:
        if len(value) > schema["maxProperties"]:
            yield Violation("items", path, f"must have at most {schema['maxProperties']} entries")
            return
        for name, inner in value.items():
            yield from check_schema(schema["additionalProperties"], inner, f"{path}.{_short(name)}")
        return
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Violation("required", join(path, name), "must be set", _find_misspelt(name, source, properties))
    for name, inner in properties.items():
        if name in value:
            yield from check_schema(inner, value[name], join(path, name), source.get(name))


def _check_list(schema: Schema, value: Any, path: str, given: Any) -> Iterator[Violation]:
    if not _is_list(value):
        yield _wrong_type(path, "a list", value)
        return
    if len(value) > schema["maxItems"]:
        yield Violation("items", path, f"must have at most {schema['maxItems']} items")
        return
    if len(value) < schema.get("minItems", 0):
        yield Violation("items", path, f"must have at least {schema['minItems']} items")
    for index, item in enumerate(value):
        source = given[index] if _is_list(given) and index < len(given) else None
        yield from check_schema(schema["items"], item, f"{path}[{index}]", source)


def _check_text(schema: Schema, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _wrong_type(path, "a text", value, suggest(value, schema.get("enum", ())))
        return
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield Violation("length", path, f"must have at most {schema['maxLength']} characters")
    if len(value) < schema.get("minLength", 0):
        yield Violation("length", path, f"must have at least {schema['minLength']} characters")
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(schema["enum"])
        message = f"must be one of {allowed}, not {_short(value)!r}"
        yield Violation("enum", path, message, suggest(value, schema["enum"]))


def _check_integer(schema: Schema, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_whole(value):
        yield _wrong_type(path, "a whole number", value)
        return
    if value < schema.get("minimum", -math.inf):
        yield Violation("range", path, f"must be at least {schema['minimum']}")
    if value > schema.get("maximum", math.inf):
        yield Violation("range", path, f"must be at most {schema['maximum']}")


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or (math.isfinite(value) and value.is_integer())


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _wrong_type(path: str, wanted: str, value: Any, hint: str | None = None) -> Violation:
    quoted = isinstance(value, str) and wanted in {"a whole number", "true or false"}
    return Violation("type", path, f"must be {wanted}", hint or ("write it without quotes" if quoted else None))


def _find_misspelt(name: str, value: Mapping[Any, Any], properties: Mapping[str, Schema]) -> str | None:
    for found in value:
        if isinstance(found, str) and found not in properties and find_meant(found, properties) == name:
            return f"found {_short(found)!r} instead"
    return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
