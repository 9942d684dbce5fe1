"""Settings as values of the chart, and what is made of the values."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.alias_generators import to_camel

from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.render.chart.settings_values import (
    AZURE,
    NO_VALUES,
    OVERRIDES,
    azure_values,
    settings_values,
)
from azure_vpn_operator.render.chart.values_files import CHART, all_sections, render_values

_REPOSITORY = Path(__file__).parents[3]
_FILES = render_values()
_VALUES = yaml.safe_load(_FILES[f"{CHART}/values.yaml"])
_SCHEMA = json.loads(_FILES[f"{CHART}/values.schema.json"])


def _at(tree: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        tree = tree[name]
    return tree


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_a_value_with_its_default_and_its_words(name: str):
    field, schema = Settings.model_fields[name], _SCHEMA["properties"][to_camel(name)]
    different = OVERRIDES.get(name, {})

    expected = different.get("default", field.default)
    assert _VALUES[to_camel(name)] == (list(expected) if isinstance(expected, tuple) else expected)
    assert schema["description"] == different.get("text", field.description)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_reaches_the_pod(name: str):
    templates = "".join(path.read_text() for path in (_REPOSITORY / CHART / "templates").iterdir())

    assert re.search(rf"AZVPN_{name.upper()}\b", templates)


def test_every_variable_of_the_environment_is_a_value_or_has_a_reason_not_to_be_one():
    assert AZURE.keys() | NO_VALUES.keys() == Environment.model_fields.keys()
    assert not AZURE.keys() & NO_VALUES.keys()
    assert len(azure_values()) == len(AZURE)


def test_numbers_and_choices_are_refused_by_the_schema_as_by_the_settings():
    properties = _SCHEMA["properties"]

    assert (properties["workers"]["minimum"], properties["workers"]["maximum"]) == (1, 100)
    assert properties["leaseDuration"]["minimum"] == 20
    assert properties["managementPolicy"]["enum"] == ["Enforce", "Plan", "Observe"]
    assert properties["watchNamespaces"]["items"] == {"type": "string"}


def test_no_object_of_the_schema_takes_a_misspelt_value():
    open_ones = [
        path
        for path, node in _objects(_SCHEMA, "")
        if node.get("properties") and node["additionalProperties"] is not False
    ]

    assert open_ones == []


def _objects(node: dict[str, Any], path: str) -> list[tuple[str, dict[str, Any]]]:
    inner = [found for name, child in node.get("properties", {}).items() for found in _objects(child, f"{path}.{name}")]
    return [(path, node), *inner]


def test_values_yaml_and_schema_have_the_same_values():
    for section in all_sections():
        for value in section.values:
            assert _at(_VALUES, value.path) == value.default
    described = {path.removeprefix(".") for path, node in _objects(_SCHEMA, "") if "default" in node}
    assert described == {value.path for section in all_sections() for value in section.values}


def test_every_value_says_what_it_means_in_one_sentence_or_more():
    for section in all_sections():
        for value in section.values:
            assert value.text.endswith((".", "…")) or value.path in {to_camel(name) for name in Settings.model_fields}
            assert "|" not in value.text, "it is a cell of a table"


def test_values_that_are_not_settings_have_names_of_their_own():
    settings = {value.path for value in settings_values()}
    others = [value.path for section in all_sections()[1:] for value in section.values]

    assert not settings & {path.split(".")[0] for path in others}
    assert len(set(others)) == len(others)


def test_the_chart_has_the_version_of_the_project():
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((_REPOSITORY / CHART / "Chart.yaml").read_text())

    assert (chart["name"], chart["version"], chart["appVersion"]) == (
        project["name"],
        project["version"],
        project["version"],
    )


def test_artifact_hub_is_told_of_both_kinds_with_examples():
    annotations = yaml.safe_load((_REPOSITORY / CHART / "Chart.yaml").read_text())["annotations"]
    kinds = {
        crd["spec"]["names"]["kind"]
        for path in (_REPOSITORY / "crds").glob("azvpn*.yaml")
        for crd in [yaml.safe_load(path.read_text())]
    }

    assert {item["kind"] for item in yaml.safe_load(annotations["artifacthub.io/crds"])} == kinds
    assert {item["kind"] for item in yaml.safe_load(annotations["artifacthub.io/crdsExamples"])} == kinds
