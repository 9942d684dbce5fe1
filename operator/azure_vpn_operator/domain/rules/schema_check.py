"""Checks a JSON value against a structural schema as the API server does: same verdict, similar words, all at once."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from azure_vpn_operator.domain.rules.rule import join
from azure_vpn_operator.domain.rules.suggestions import find_meant, suggest
from azure_vpn_operator.domain.rules.violations import Violation

if TYPE_CHECKING:
    from azure_vpn_operator.api.schema import Schema

_SHOWN = 40


def complete(schema: "Schema", value: Any) -> Any:
    """Return the value as the API server would store it: published defaults filled in, fields that are null left out.

    Fields that the schema does not know are left out too. Values of a wrong type come back as they are.
    """
    match schema.get("type"):
        case "object" if _is_object(value) and "properties" in schema:
            result = {}
            for name, inner in schema["properties"].items():
                if value.get(name) is not None:
                    result[name] = complete(inner, value[name])
                elif "default" in inner:
                    result[name] = inner["default"]
            return result
        case "object" if _is_object(value):
            return {name: inner for name, inner in value.items() if inner is not None}
        case "array" if _is_list(value) and len(value) <= schema["maxItems"]:
            return [complete(schema["items"], item) for item in value]
    return value


def check_schema(schema: "Schema", value: Any, path: str, given: Any = None) -> Iterator[Violation]:
    """Yield every violation of the schema by a completed value.

    `given` is the value before completion, searched for misspelt names of missing fields.
    """
    match schema.get("type"):
        case None if isinstance(value, bool) or not isinstance(value, int | str):
            yield _wrong_type(path, "a whole number or a text", value, "integer,string")
        case "object":
            yield from _check_object(schema, value, path, given)
        case "array":
            yield from _check_list(schema, value, path, given)
        case "string":
            yield from _check_text(schema, value, path)
        case "integer":
            yield from _check_integer(schema, value, path)
        case "boolean" if not isinstance(value, bool):
            yield _wrong_type(path, "true or false", value, "boolean")


def find_unknown(schema: "Schema", value: Any, path: str) -> Iterator[Violation]:
    """Yield every field that the schema does not know, as strict validation does; `value` is as it was given."""
    if _is_object(value):
        properties: Mapping[str, Schema] = schema.get("properties", {})
        entries = schema.get("additionalProperties")
        for name, inner in value.items():
            where = join(path, _short(name))
            known = properties.get(name, entries)
            if known is not None:
                yield from find_unknown(known, inner, where)
            else:
                said = f'unknown field "{where}"'
                yield Violation("unknown-field", where, "is no field of this kind", suggest(name, properties), said)
    elif _is_list(value):
        for index, item in enumerate(value):
            yield from find_unknown(schema.get("items", {}), item, f"{path}[{index}]")


def _check_object(schema: "Schema", value: Any, path: str, given: Any) -> Iterator[Violation]:
    if not _is_object(value):
        yield _wrong_type(path, "an object", value, "object")
        return
    source = given if _is_object(given) else value
    if "additionalProperties" in schema:
        if len(value) > schema["maxProperties"]:
            yield _too_many(path, len(value), schema["maxProperties"], "entries")
            return
        for name, inner in value.items():
            yield from check_schema(schema["additionalProperties"], inner, f"{path}.{_short(name)}")
        return
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            hint = _find_misspelt(name, source, properties)
            yield Violation("required", join(path, name), "must be set", hint, said="Required value")
    for name, inner in properties.items():
        if name in value:
            yield from check_schema(inner, value[name], join(path, name), source.get(name))


def _check_list(schema: "Schema", value: Any, path: str, given: Any) -> Iterator[Violation]:
    if not _is_list(value):
        yield _wrong_type(path, "a list", value, "array")
        return
    if len(value) > schema["maxItems"]:
        yield _too_many(path, len(value), schema["maxItems"], "items")
        return
    if len(value) < schema.get("minItems", 0):
        least = schema["minItems"]
        said = f"Invalid value: {len(value)}: {path} in body should have at least {least} items"
        yield Violation("items", path, f"must have at least {least} items", said=said)
    for index, item in enumerate(value):
        source = given[index] if _is_list(given) and index < len(given) else None
        yield from check_schema(schema["items"], item, f"{path}[{index}]", source)


def _check_text(schema: "Schema", value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _wrong_type(path, "a text", value, "string", suggest(value, schema.get("enum", ())))
        return
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        most = schema["maxLength"]
        said = f"Too long: may not be more than {most} bytes"
        yield Violation("length", path, f"must have at most {most} characters", said=said)
    if len(value) < schema.get("minLength", 0):
        least = schema["minLength"]
        said = f"Invalid value: {json.dumps(value)}: {path} in body should be at least {least} chars long"
        yield Violation("length", path, f"must have at least {least} characters", said=said)
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(schema["enum"])
        message = f"must be one of {allowed}, not {_short(value)!r}"
        supported = ", ".join(f'"{one}"' for one in schema["enum"])
        said = f"Unsupported value: {json.dumps(_short(value), ensure_ascii=False)}: supported values: {supported}"
        yield Violation("enum", path, message, suggest(value, schema["enum"]), said)


def _check_integer(schema: "Schema", value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_whole(value):
        yield _wrong_type(path, "a whole number", value, "integer")
        return
    if value < schema.get("minimum", -math.inf):
        yield _out_of_range(path, value, "must be at least", "greater than or equal to", schema["minimum"])
    if value > schema.get("maximum", math.inf):
        yield _out_of_range(path, value, "must be at most", "less than or equal to", schema["maximum"])


def _out_of_range(path: str, value: float, ours: str, theirs: str, limit: int) -> Violation:
    shown = _short(value) if isinstance(value, int) else f"{value:.17g}"
    said = f"Invalid value: {shown}: {path} in body should be {theirs} {limit}"
    return Violation("range", path, f"{ours} {limit}", said=said)


def _too_many(path: str, count: int, most: int, what: str) -> Violation:
    said = f"Too many: {count}: must have at most {most} items"
    return Violation("items", path, f"must have at most {most} {what}", said=said)


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or (math.isfinite(value) and value.is_integer())


def _is_object(value: Any) -> bool:
    # Most are plain dicts, and to be asked whether one is a Mapping takes ten times as long.
    return isinstance(value, (dict, Mapping))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)))


def _wrong_type(path: str, ours: str, value: Any, theirs: str, hint: str | None = None) -> Violation:
    quoted = isinstance(value, str) and theirs in {"integer", "boolean"}
    found = _json_type(value)
    said = f'Invalid value: "{found}": {path} in body must be of type {theirs}: "{found}"'
    return Violation("type", path, f"must be {ours}", hint or ("write it without quotes" if quoted else None), said)


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case _:
            return "array"


def _find_misspelt(name: str, value: Mapping[Any, Any], properties: Mapping[str, "Schema"]) -> str | None:
    for found in value:
        if isinstance(found, str) and found not in properties and find_meant(found, properties) == name:
            return f"found {_short(found)!r} instead"
    return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
