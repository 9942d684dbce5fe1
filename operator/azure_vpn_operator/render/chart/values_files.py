"""values.yaml, values.schema.json, tables of values, and the template of the settings' ConfigMap, from one list of values."""

import json
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

import yaml
from pydantic.alias_generators import to_camel

from azure_vpn_operator.app.settings import Settings
from azure_vpn_operator.render.chart.knobs import IDENTITY, SECTIONS
from azure_vpn_operator.render.chart.settings_values import AZURE, azure_key, azure_values, settings_values
from azure_vpn_operator.render.chart.value import Schema, Section, Value
from azure_vpn_operator.render.crds import HEADER

CHART: Final = "charts/azure-vpn-operator"
_WIDTH: Final = 118
_CHOSEN_IN_TEMPLATES: Final = frozenset({"installation_id", "namespace", "lease_name", "access_file"})
"""Settings whose variable is not just the value."""


def all_sections() -> tuple[Section, ...]:
    """Return every value of the chart, in order."""
    return (
        Section("Settings of the operator. Times are seconds", settings_values()),
        Section("Azure, and who the operator is there", (*azure_values(), *IDENTITY)),
        *SECTIONS,
    )


def render_values() -> dict[str, str]:
    """Return the files that are made of nothing but values, path to text."""
    sections = all_sections()
    return {
        f"{CHART}/values.yaml": HEADER + "".join(_values_lines(sections)),
        f"{CHART}/values.schema.json": json.dumps(_root_schema(sections), indent=2, ensure_ascii=False) + "\n",
        f"{CHART}/templates/_settings.tpl": "".join(_settings_lines()),
    }


def _values_lines(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield f"\n# --- {section.title}\n"
        yield from _nested_lines([(value.path.split("."), value) for value in section.values], "")


def _nested_lines(entries: list[tuple[list[str], Value]], indent: str) -> Iterator[str]:
    for name, group in _grouped(entries).items():
        if len(group) == 1 and len(group[0][0]) == 1:
            value = group[0][1]
            for line in wrap(value.text, _WIDTH - len(indent)):
                yield f"{indent}# {line}\n"
            text = yaml.safe_dump({name: value.default}, sort_keys=False, allow_unicode=True, width=200)
            yield from (f"{indent}{line}\n" for line in text.splitlines())
        else:
            yield f"{indent}{name}:\n"
            yield from _nested_lines([(path[1:], value) for path, value in group], indent + "  ")


def _grouped(entries: Iterable[tuple[list[str], Value]]) -> Mapping[str, list[tuple[list[str], Value]]]:
    groups: dict[str, list[tuple[list[str], Value]]] = {}
    for path, value in entries:
        groups.setdefault(path[0], []).append((path, value))
    return groups


def _root_schema(sections: Iterable[Section]) -> Schema:
    root: Schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart azure-vpn-operator",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "global": {
                "type": "object",
                "description": "What a parent chart tells all its dependencies; not used here.",
            }
        },
    }
    for section in sections:
        for value in section.values:
            node = root
            *above, name = value.path.split(".")
            for part in above:
                node = node["properties"].setdefault(
                    part, {"type": "object", "additionalProperties": False, "properties": {}}
                )
            node["properties"][name] = {"description": value.text, "default": value.default, **value.schema}
    return root


def table_of(section: Section) -> str:
    """Return the section as a table in Markdown."""
    rows = (f"| `{value.path}` | {_shown(value.default)} | {value.text} |\n" for value in section.values)
    return "| value | default | meaning |\n|---|---|---|\n" + "".join(rows)


def _shown(default: Any) -> str:
    return f"`{json.dumps(default, ensure_ascii=False)}`" if default not in ("", {}, []) else "empty"


def _settings_lines() -> Iterator[str]:
    yield "{{- /* Generated from operator/azure_vpn_operator by `make generate`; do not edit. */ -}}\n"
    yield '{{- define "azure-vpn-operator.settings" -}}\n'
    for name, field in Settings.model_fields.items():
        if name not in _CHOSEN_IN_TEMPLATES:
            yield _setting_line(
                f"AZVPN_{name.upper()}", f".Values.{to_camel(name)}", is_optional=field.default in ("", ())
            )
    for name in AZURE:
        if name not in {"azure_tenant_id", "azure_client_id"}:
            yield _setting_line(name.upper(), f".Values.azure.{azure_key(name)}", is_optional=True)
    yield "{{- end }}\n"


def _setting_line(variable: str, value: str, *, is_optional: bool) -> str:
    line = f'{variable}: {{{{ include "azure-vpn-operator.text" {value} }}}}\n'
    return f"{{{{- if {value} }}}}\n{line}{{{{- end }}}}\n" if is_optional else line
