"""JSON schemas of every kind, for kubeconform: what the real API server publishes, and what our CRDs say."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

LOCATION = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
"""How kubeconform finds the file of a kind."""
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def write_server_schemas(swagger: Schema, folder: Path) -> None:
    """One file for each kind of the server's OpenAPI document (`/openapi/v2`); unknown fields are errors."""
    definitions = {name: _strict(node, name) for name, node in swagger["definitions"].items()}
    for name, node in swagger["definitions"].items():
        for kind in node.get("x-kubernetes-group-version-kind", []):
            needed = _reachable(name, definitions)
            schema = {"$ref": f"#/definitions/{name}", "definitions": {key: definitions[key] for key in needed}}
            _write(folder, kind["kind"], kind["group"], kind["version"], schema)


def write_crd_schemas(crd: Schema, folder: Path) -> None:
    """One file for each version of a CRD; unknown fields are errors."""
    spec = crd["spec"]
    for version in spec["versions"]:
        schema = _strict(copy.deepcopy(version["schema"]["openAPIV3Schema"]), "")
        schema["properties"]["metadata"] = {"type": "object"}
        _write(folder, spec["names"]["kind"], spec["group"], version["name"], schema)


def _write(folder: Path, kind: str, group: str, version: str, schema: Schema) -> None:
    suffix = "-".join(part for part in (group.split(".", maxsplit=1)[0], version) if part)
    (folder / f"{kind.lower()}-{suffix}.json").write_text(json.dumps(schema))


def _strict(node: Any, name: str) -> Any:
    if name == _QUANTITY:
        return {"type": ["string", "number"]}
    if isinstance(node, list):
        return [_strict(item, "") for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _strict(value, "") for key, value in node.items()}
    if result.get("format") == "int-or-string" or result.get("x-kubernetes-int-or-string") is True:
        result.pop("format", None)
        result["type"] = ["string", "integer"]
    if isinstance(result.get("properties"), Mapping) and not isinstance(result["properties"].get("type"), str):
        is_open = result.get("x-kubernetes-preserve-unknown-fields") is True
        result.setdefault("additionalProperties", is_open)
    return result


def _reachable(start: str, definitions: Mapping[str, Any]) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(definitions[name])
    return found


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"].removeprefix("#/definitions/")] if isinstance(node.get("$ref"), str) else []
        return here + [name for value in node.values() for name in _references(value)]
    return [name for item in node for name in _references(item)] if isinstance(node, list) else []
