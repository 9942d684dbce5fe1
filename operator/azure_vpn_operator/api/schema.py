"""Structural OpenAPI schemas, as the API server requires them, made from the wire models.

Pydantic's JSON schema is not structural: it has `$ref`, `title`, a union with null for optional fields, and defaults
that an object should not be given. Here these are inlined, dropped or refused; a keyword nobody thought about raises
`NotStructuralError` instead of reaching a cluster.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure_vpn_operator.api.base import ApiModel

Schema = dict[str, Any]

_KEPT = (
    "type",
    "format",
    "description",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-int-or-string",
)
_INT_OR_STRING = "x-kubernetes-int-or-string"
_DROPPED = frozenset({"title", "default", "x-published-default"})
_HANDLED = frozenset({"properties", "items", "additionalProperties", "anyOf", "$ref", "$defs"})


class NotStructuralError(TypeError):
    """A model uses something that a structural schema cannot say."""


@cache
def structural_schema(model: "type[ApiModel]") -> Schema:
    """Return the structural schema of a model; callers must not change it.

    Raises `NotStructuralError` for a construct that has no structural form.
    """
    document = model.model_json_schema(by_alias=True)
    definitions: Mapping[str, Schema] = document.get("$defs", {})
    return _convert(document, definitions, model.__name__)


def _convert(node: Schema, definitions: Mapping[str, Schema], path: str) -> Schema:
    flat = node if node.get(_INT_OR_STRING) else _flatten(node, definitions, path)
    unknown = set(flat) - set(_KEPT) - _DROPPED - _HANDLED
    if flat.get(_INT_OR_STRING):
        return {key: " ".join(flat[key].split()) if key == "description" else flat[key] for key in flat if key in _KEPT}
    if unknown or not isinstance(flat.get("type"), str):
        raise NotStructuralError(f"{path}: {', '.join(sorted(unknown)) or 'no single type'}")
    result: Schema = {key: flat[key] for key in _KEPT if key in flat}
    if "description" in result:
        result["description"] = " ".join(result["description"].split())
    if flat.get("x-published-default"):
        result["default"] = flat["default"]
    match flat["type"]:
        case "object" if "properties" in flat:
            properties: Mapping[str, Schema] = flat["properties"]
            result["properties"] = {k: _convert(v, definitions, f"{path}.{k}") for k, v in properties.items()}
        case "object" if isinstance(values := flat.get("additionalProperties"), dict):
            if "maxProperties" not in flat:
                raise NotStructuralError(f"{path}: a map must be bounded")
            result["additionalProperties"] = _convert(values, definitions, f"{path}.*")
        case "array":
            if "maxItems" not in flat or "x-kubernetes-list-type" not in flat:
                raise NotStructuralError(f"{path}: a list must be bounded and say how it merges")
            result["items"] = _convert(flat["items"], definitions, f"{path}[]")
        case "string":
            if "maxLength" not in flat and "enum" not in flat and "format" not in flat:
                raise NotStructuralError(f"{path}: a string must be bounded")
        case _:
            pass
    return result


def _flatten(node: Schema, definitions: Mapping[str, Schema], path: str) -> Schema:
    """Inline a reference and a union with null; words beside the reference win over those of its target."""
    if (reference := node.get("$ref")) is not None:
        target = definitions[reference.removeprefix("#/$defs/")]
        return _flatten(target | {k: v for k, v in node.items() if k != "$ref"}, definitions, path)
    if (branches := node.get("anyOf")) is not None:
        present = [branch for branch in branches if branch != {"type": "null"}]
        if len(present) != 1:
            raise NotStructuralError(f"{path}: a union of several types")
        return _flatten(present[0] | {k: v for k, v in node.items() if k != "anyOf"}, definitions, path)
    return node
