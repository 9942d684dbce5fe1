"""Connections in an ARM template, as `az group export` and `bicep build` write it: nested deployments and symbolic names included."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from azure_vpn_operator.azvpn.importing.arm_expressions import Scope, UnknownExpressionError
from azure_vpn_operator.azvpn.importing.found import KEY, Found, FoundConnection, Note, SourceError

TYPE: Final = "microsoft.network/connections"
_NESTED: Final = "microsoft.resources/deployments"
_SECRET: Final = {"securestring", "secureobject"}
_LEFT_OUT: Final = "(left out)"
"""Stands for the value of a secret parameter: a key is never read."""


def read_template(path: Path, subscription: str, resource_group: str, parameters: Path | None = None) -> Found:
    """Read all connections of a template that is deployed to this group. Raises SourceError."""
    given: dict[str, Any] = {}
    if parameters is not None:
        found = _load(parameters).get("parameters")
        if not isinstance(found, Mapping):
            raise SourceError(f"{parameters}: not a parameter file")
        given = {name: item.get("value") for name, item in found.items() if isinstance(item, Mapping)}
    return read_template_document(_load(path), str(path), subscription, resource_group, given)


def read_template_document(
    document: Any, name: str, subscription: str, resource_group: str, parameters: Mapping[str, Any]
) -> Found:
    """Read all connections of a template that has been parsed. Raises SourceError if it is none."""
    if not isinstance(document, Mapping) or not isinstance(document.get("resources"), list | Mapping):
        raise SourceError(f"{name}: not an ARM template (it has no resources)")
    scope = Scope(subscription, resource_group)
    items = list(_walk(document, f"{name}: ", "resources", scope, parameters))
    return Found(
        tuple(item for item in items if isinstance(item, FoundConnection)),
        tuple(item for item in items if isinstance(item, Note)),
    )


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{path}: not JSON ({error}); a Bicep file becomes a template by `az bicep build`") from error


def _walk(
    template: Mapping[str, Any], prefix: str, path: str, outer: Scope, given: Mapping[str, Any]
) -> Iterator[FoundConnection | Note]:
    scope = Scope(
        outer.subscription, outer.resource_group, _parameters(template, given), template.get("variables") or {}
    )
    resources = template["resources"]
    entries = resources.items() if isinstance(resources, Mapping) else enumerate(resources)
    for key, resource in entries:
        place = f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]"
        kind = str(resource.get("type", "")).lower()
        if kind not in {TYPE, _NESTED}:
            continue
        if "copy" in resource or resource.get("condition", True) is not True:
            yield Note(
                f"{prefix}{place}", "a resource with copy or condition is not read: export the resource group instead"
            )
        elif kind == _NESTED:
            yield from _nested(resource, prefix, place, scope)
        else:
            yield _read(resource, f"{prefix}{place}", scope)


def _parameters(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, definition in (template.get("parameters") or {}).items():
        if str(definition.get("type", "")).lower() in _SECRET:
            found[name] = _LEFT_OUT
        elif name in given:
            found[name] = given[name]
        elif "defaultValue" in definition:
            found[name] = definition["defaultValue"]
    return found


def _nested(resource: Mapping[str, Any], prefix: str, place: str, scope: Scope) -> Iterator[FoundConnection | Note]:
    properties = resource.get("properties") or {}
    template = properties.get("template")
    if not isinstance(template, Mapping) or "resources" not in template:
        yield Note(f"{prefix}{place}", "the nested deployment's template is somewhere else")
        return
    try:
        group = scope.resolve(resource.get("resourceGroup", scope.resource_group))
        subscription = scope.resolve(resource.get("subscriptionId", scope.subscription))
        given = {
            name: scope.resolve(item["value"])
            for name, item in (properties.get("parameters") or {}).items()
            if isinstance(item, Mapping) and "value" in item
        }
    except UnknownExpressionError as error:
        yield Note(f"{prefix}{place}", f"cannot be worked out: {error}")
        return
    inner = Scope(subscription, group)
    yield from _walk(template, prefix, f"{place}.properties.template.resources", inner, given)


def _read(resource: Mapping[str, Any], place: str, scope: Scope) -> FoundConnection | Note:
    properties = {name: value for name, value in (resource.get("properties") or {}).items() if name != KEY}
    try:
        name = scope.resolve(resource.get("name", ""))
        document = {
            "id": f"/subscriptions/{scope.subscription}/resourceGroups/{scope.resource_group}"
            f"/providers/Microsoft.Network/connections/{name}",
            "name": name,
            "location": "",
            "tags": scope.resolve(resource.get("tags") or {}),
            "properties": {"provisioningState": "Succeeded", **scope.resolve(properties)},
        }
    except UnknownExpressionError as error:
        return Note(place, f"cannot be worked out: {error}")
    return FoundConnection(place, document)
