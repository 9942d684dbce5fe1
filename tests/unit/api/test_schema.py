from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import Field, create_model

from azure_vpn_operator.api.algorithms import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)
from azure_vpn_operator.api.base import ApiModel
from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec, IpsecPolicyStatus
from azure_vpn_operator.api.schema import NotStructuralError, structural_schema
from azure_vpn_operator.api.vpn_connection import VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus

_MODELS = [IpsecPolicySpec, IpsecPolicyStatus, VpnConnectionSpec, VpnConnectionStatus]


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from _nodes(inner)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from _nodes(schema[key])


@pytest.mark.parametrize("model", _MODELS)
def test_every_node_has_one_type_and_nothing_that_is_not_structural(model: type[ApiModel]):
    for node in _nodes(structural_schema(model)):
        if node.get("x-kubernetes-int-or-string"):
            assert "type" not in node
            continue
        assert node["type"] in {"object", "array", "string", "integer", "boolean"}
        assert (
            not {"$ref", "$defs", "anyOf", "allOf", "title", "const", "exclusiveMinimum", "prefixItems", "nullable"}
            & node.keys()
        )


@pytest.mark.parametrize("model", _MODELS)
def test_everything_is_bounded(model: type[ApiModel]):
    for node in _nodes(structural_schema(model)):
        match node.get("type"):
            case "string":
                assert node.keys() & {"maxLength", "enum", "format"}
            case "array":
                assert node["maxItems"] <= 100
                assert node["x-kubernetes-list-type"] in {"atomic", "map"}
            case "object":
                assert "properties" in node or node["maxProperties"] <= 40


@pytest.mark.parametrize("model", [IpsecPolicySpec, VpnConnectionSpec])
def test_every_field_of_a_spec_is_described(model: type[ApiModel]):
    for name, node in structural_schema(model)["properties"].items():
        assert len(node["description"]) > 10, name


def test_only_few_defaults_are_published_and_none_of_them_is_identity():
    defaults = {
        name: node["default"]
        for model in _MODELS
        for parent in _nodes(structural_schema(model))
        for name, node in parent.get("properties", {}).items()
        if "default" in node
    }

    assert defaults == {"saLifeTimeSeconds": 27000, "saDataSizeKilobytes": 102400000, "key": "sharedKey"}


def test_policy_needs_its_six_algorithms_and_nothing_else():
    assert sorted(structural_schema(IpsecPolicySpec)["required"]) == [
        "dhGroup",
        "ikeEncryption",
        "ikeIntegrity",
        "ipsecEncryption",
        "ipsecIntegrity",
        "pfsGroup",
    ]
    assert "required" not in structural_schema(VpnConnectionSpec)


# Typed from the enums of Azure's REST API.
@pytest.mark.parametrize(
    ("enum", "values"),
    [
        (IkeEncryption, "DES DES3 AES128 AES192 AES256 GCMAES128 GCMAES256"),
        (IkeIntegrity, "MD5 SHA1 SHA256 SHA384 GCMAES128 GCMAES256"),
        (DhGroup, "None DHGroup1 DHGroup2 DHGroup14 DHGroup2048 ECP256 ECP384 DHGroup24"),
        (IpsecEncryption, "None DES DES3 AES128 AES192 AES256 GCMAES128 GCMAES192 GCMAES256"),
        (IpsecIntegrity, "MD5 SHA1 SHA256 GCMAES128 GCMAES192 GCMAES256"),
        (PfsGroup, "None PFS1 PFS2 PFS2048 PFS14 PFS24 PFSMM ECP256 ECP384"),
    ],
)
def test_algorithms_have_azures_spellings(enum: Any, values: str):
    assert [member.value for member in enum] == values.split()


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        pytest.param((str, ...), "a string must be bounded", id="a text without limit"),
        pytest.param(
            (tuple[int, ...], Field(max_length=3)),
            "a list must be bounded",
            id="a list that does not say how it merges",
        ),
        pytest.param((Mapping[str, bool], ...), "a map must be bounded", id="a map without limit"),
        pytest.param((int | bool, ...), "a union", id="two types"),
        pytest.param((int, Field(gt=3)), "exclusiveMinimum", id="an exclusive bound"),
        pytest.param((Any, ...), "no single type", id="any type"),
        pytest.param(
            (str, Field(max_length=3, pattern="a+")), "pattern", id="a pattern, whose message nobody understands"
        ),
    ],
)
def test_model_that_has_no_structural_form_is_refused(field: Any, problem: str):
    model = create_model("Odd", __base__=ApiModel, odd=field)

    with pytest.raises(NotStructuralError, match=rf"Odd\.odd.*{problem}"):
        structural_schema(model)
