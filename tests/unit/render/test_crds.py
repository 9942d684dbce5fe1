import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.render.crds import render_crds

_REPOSITORY = Path(__file__).parents[3]
_PATHS = ["crds/azvpn.dev_ipsecpolicies.yaml", "crds/azvpn.dev_vpnconnections.yaml"]


def _crds() -> list[dict[str, Any]]:
    return [yaml.safe_load(text) for text in render_crds().values()]


def test_files_in_the_repository_are_current():
    rendered = render_crds()

    assert sorted(rendered) == _PATHS
    for path, text in rendered.items():
        assert (_REPOSITORY / path).read_text(encoding="utf-8") == text, f"{path} is stale: run make generate"


def test_files_say_that_they_are_generated():
    assert all(
        text.startswith("# Generated") and "do not edit" in text.splitlines()[0] for text in render_crds().values()
    )


def test_names_of_the_kinds():
    names = [(crd["metadata"]["name"], crd["spec"]["names"]) for crd in _crds()]

    assert [name for name, _ in names] == ["ipsecpolicies.azvpn.dev", "vpnconnections.azvpn.dev"]
    assert [entry["kind"] for _, entry in names] == ["IpsecPolicy", "VpnConnection"]
    assert [entry["shortNames"] for _, entry in names] == [["ipsecpol"], ["vpnconn"]]
    assert all(entry["categories"] == ["azvpn"] for _, entry in names)


@pytest.mark.parametrize("crd", _crds(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_one_version_with_status_is_served(crd: dict[str, Any]):
    (version,) = crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]

    assert crd["spec"]["scope"] == "Namespaced"
    assert (version["name"], version["served"], version["storage"], version["subresources"]) == (
        "v1alpha1",
        True,
        True,
        {"status": {}},
    )
    assert schema["required"] == ["spec"]
    assert schema["properties"]["status"]["default"] == {"observedGeneration": -1}


def test_what_later_versions_add_is_not_there_yet():
    _, connection = (crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] for crd in _crds())

    assert not {"key"} & connection["status"]["properties"].keys()


def test_rules_are_told_with_message_and_place():
    validations = [
        node for crd in _crds() for node in _validations(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    ]

    assert len(validations) > 40
    for validation in validations:
        assert validation.keys() <= {"rule", "message", "fieldPath"}
        assert validation["message"].endswith("]")


def _validations(node: dict[str, Any]) -> list[dict[str, str]]:
    inner = [
        *node.get("properties", {}).values(),
        *(node[key] for key in ("items", "additionalProperties") if key in node),
    ]
    return [*node.get("x-kubernetes-validations", []), *(found for child in inner for found in _validations(child))]


def test_both_kinds_together_are_below_100_kilobytes():
    """As the API server keeps them and sends them to every client that asks for its schemas."""
    stored = [json.dumps(crd, separators=(",", ":"), ensure_ascii=False).encode() for crd in _crds()]

    assert sum(map(len, stored)) < 100_000


def test_a_structure_that_is_there_again_is_not_described_again():
    _, connection = (crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] for crd in _crds())
    change = connection["status"]["properties"]["change"]["properties"]

    first, again = (change[name]["properties"]["connectionMode"] for name in ("from", "to"))
    assert first.pop("description")
    assert again == first
    assert change["to"]["description"]


def test_every_field_that_a_user_writes_is_described():
    bare = [path for crd in _crds() for path in _undescribed(_spec_of(crd), "spec")]

    assert bare == []


def _spec_of(crd: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return dict(schema["properties"]["spec"])


def _undescribed(node: dict[str, Any], path: str) -> list[str]:
    fields = node.get("properties", {}).items()
    found = [f"{path}.{name}" for name, child in fields if not child.get("description")]
    inner = [*fields, *((key, node[key]) for key in ("items",) if key in node)]
    return found + [bare for name, child in inner for bare in _undescribed(child, f"{path}.{name}")]
