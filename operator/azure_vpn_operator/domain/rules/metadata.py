"""What must hold for the metadata of an object, as Kubernetes itself has it; the rules of our kinds are elsewhere.

What the API server fills in (uid, managedFields and the like) is checked for its type only.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from azure_vpn_operator.domain.azure.names import OBJECT_NAME, lower_ascii, matches
from azure_vpn_operator.domain.rules.schema_check import check_schema, complete, find_unknown
from azure_vpn_operator.domain.rules.violations import Violation

_OBJECT_NAME_LIMIT: Final = 253
_GENERATED_LIMIT: Final = 58
"""So much of generateName is kept before the five letters that the API server appends."""
_PART_LIMIT: Final = 63
_ANNOTATIONS_LIMIT: Final = 256 * 1024
_ANY: Final = 2**31
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_FLAG: Final = {"type": "boolean"}
_TEXTS: Final = {"type": "object", "additionalProperties": _TEXT, "maxProperties": _ANY}
_ANYTHING: Final[dict[str, Any]] = {"type": "anything"}
_ANYTHING["additionalProperties"] = _ANYTHING
_ANYTHING["items"] = _ANYTHING
_OWNER: Final = {
    **dict.fromkeys(("apiVersion", "kind", "name", "uid"), _TEXT),
    **dict.fromkeys(("controller", "blockOwnerDeletion"), _FLAG),
}
_MANAGED: Final = {
    **dict.fromkeys(("apiVersion", "fieldsType", "manager", "operation", "subresource", "time"), _TEXT),
    "fieldsV1": _ANYTHING,
}


def _list_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "maxItems": _ANY, "items": {"type": "object", "properties": properties}}


_SCHEMA: Final = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "generateName", "namespace", "uid", "resourceVersion", "selfLink"), _TEXT),
        **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), _TEXT),
        **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), _NUMBER),
        **dict.fromkeys(("labels", "annotations"), _TEXTS),
        "finalizers": {"type": "array", "maxItems": _ANY, "items": _TEXT},
        "ownerReferences": _list_of(_OWNER),
        "managedFields": _list_of(_MANAGED),
    },
}


def check_names(metadata: object) -> Iterator[Violation]:
    """Yield what is wrong with name and namespace."""
    if not isinstance(metadata, Mapping):
        yield Violation("required" if metadata is None else "type", "metadata", "must be an object")
        return
    name = metadata.get("name")
    if name is None:
        said = "Required value: name or generateName is required"
        yield Violation("required", "metadata.name", "must be set", said=said)
    elif not isinstance(name, str):
        yield Violation("type", "metadata.name", "must be a text")
    elif len(name) > _OBJECT_NAME_LIMIT or not matches(OBJECT_NAME, name):
        message = (
            "must have at most 253 lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit"
        )
        yield Violation("object-name", "metadata.name", message)
    namespace = metadata.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        yield Violation("type", "metadata.namespace", "must be a text")
    elif namespace and (len(namespace) > _PART_LIMIT or "." in namespace or not matches(OBJECT_NAME, namespace)):
        message = "must have at most 63 lower case letters, digits and `-`, beginning and ending with a letter or digit"
        yield Violation("object-name", "metadata.namespace", message)


def name_as_generated(metadata: object) -> object:
    """The metadata with a name such as the API server makes from `generateName`, where that is what names the object."""
    if not isinstance(metadata, Mapping) or metadata.get("name") or not isinstance(metadata.get("generateName"), str):
        return metadata
    return {**metadata, "name": f"{metadata['generateName'][:_GENERATED_LIMIT]}xxxxx"}


def find_unknown_metadata(metadata: object) -> Iterator[Violation]:
    """Yield the fields that no object's metadata has."""
    yield from find_unknown(_SCHEMA, metadata, "metadata")


def check_rest(metadata: object) -> Iterator[Violation]:
    """Yield what is wrong with all but name and namespace, whose types `check_names` looks at."""
    if not isinstance(metadata, Mapping):
        return
    whole = complete(_SCHEMA, metadata)
    broken = set()
    for violation in check_schema(_SCHEMA, whole, "metadata"):
        broken.add(violation.field.split(".")[1].partition("[")[0])
        if violation.field not in {"metadata.name", "metadata.namespace"}:
            yield Violation(violation.rule, violation.field, violation.message, violation.hint)
    for name, check in _CHECKS.items():
        if name in whole and name not in broken:
            yield from check(whole[name])


def _check_generated(text: str) -> Iterator[Violation]:
    # As the beginning of a name it may end with a hyphen; Kubernetes then does not look at the letter before that either.
    name = f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text
    if text and (len(name) > _OBJECT_NAME_LIMIT or not matches(OBJECT_NAME, name)):
        message = "must have lower case letters, digits, `-` and `.`, beginning with a letter or digit"
        yield Violation("object-name", "metadata.generateName", message)


def _check_labels(labels: Mapping[str, str]) -> Iterator[Violation]:
    for key, value in labels.items():
        if (wrong := _find_fault_of_key(key)) is not None:
            yield Violation("label", f"metadata.labels.{key}", wrong)
        if len(value) > _PART_LIMIT or re.fullmatch(f"({_PART})?", value) is None:
            message = (
                "must have at most 63 letters, digits, `-`, `_` and `.` as its value, beginning and ending with a letter "
                "or digit, or be empty"
            )
            yield Violation("label", f"metadata.labels.{key}", message)


def _check_annotations(annotations: Mapping[str, str]) -> Iterator[Violation]:
    for key in annotations:
        if (wrong := _find_fault_of_key(lower_ascii(key))) is not None:
            yield Violation("annotation", f"metadata.annotations.{key}", wrong)
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        said = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        yield Violation("length", "metadata.annotations", "must have at most 256 KiB in all", said=said)


def _check_finalizers(names: Sequence[str]) -> Iterator[Violation]:
    for index, name in enumerate(names):
        if (wrong := _find_fault_of_key(name)) is not None:
            yield Violation("finalizer", f"metadata.finalizers[{index}]", wrong)


def _check_owners(owners: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    for index, owner in enumerate(owners):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                said = "Required value: must not be empty"
                yield Violation("required", f"metadata.ownerReferences[{index}].{name}", "must not be empty", said=said)
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        yield Violation("owners", "metadata.ownerReferences", "must have at most one with `controller: true`")


def _check_moment(field: str, text: str) -> Iterator[Violation]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        yield Violation("type", field, "must be a moment such as 2026-01-01T00:00:00Z")


_PART: Final = "([A-Za-z0-9][A-Za-z0-9_.-]*)?[A-Za-z0-9]"


def _find_fault_of_key(key: str) -> str | None:
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or len(prefix) > _OBJECT_NAME_LIMIT or not matches(OBJECT_NAME, prefix)):
        return "must have a DNS name such as example.com before the `/`"
    if len(name) > _PART_LIMIT or re.fullmatch(_PART, name) is None:
        return (
            "must have a name of 1 to 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit"
        )
    return None


_CHECKS: Final[Mapping[str, Callable[[Any], Iterator[Violation]]]] = {
    "generateName": _check_generated,
    "labels": _check_labels,
    "annotations": _check_annotations,
    "finalizers": _check_finalizers,
    "ownerReferences": _check_owners,
    "creationTimestamp": lambda text: _check_moment("metadata.creationTimestamp", text),
    "deletionTimestamp": lambda text: _check_moment("metadata.deletionTimestamp", text),
}
