from typing import Any

import pytest

from azure_vpn_operator.domain.rules.metadata import check_rest, find_unknown_metadata, name_as_generated


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({"labels": {"a.b/C_d": "x.Y-z", "e": ""}}, [], id="labels of every sort"),
        pytest.param({"labels": None, "annotations": None, "finalizers": None}, [], id="nothing said"),
        pytest.param({"labels": {"a": None}}, [], id="a label without a value"),
        pytest.param({"labels": {"-a": "x"}}, [("label", "metadata.labels.-a")], id="a key that begins with a hyphen"),
        pytest.param(
            {"labels": {"A.b/c": "x"}}, [("label", "metadata.labels.A.b/c")], id="a prefix that is no DNS name"
        ),
        pytest.param({"labels": {"/c": "x"}}, [("label", "metadata.labels./c")], id="no prefix before the slash"),
        pytest.param({"labels": {"a": "x" * 64}}, [("label", "metadata.labels.a")], id="a long value"),
        pytest.param({"labels": {"a": "x\n"}}, [("label", "metadata.labels.a")], id="a line break in a value"),
        pytest.param({"labels": {"a": 1}}, [("type", "metadata.labels.a")], id="a number"),
        pytest.param({"labels": []}, [("type", "metadata.labels")], id="a list of labels"),
        pytest.param({"annotations": {"A.B/C": "anything at all"}}, [], id="annotations may have capital prefixes"),
        pytest.param({"annotations": {"a b": ""}}, [("annotation", "metadata.annotations.a b")], id="a blank in a key"),
        pytest.param({"annotations": {"a": "x" * 262144}}, [("length", "metadata.annotations")], id="too much in all"),
        pytest.param({"finalizers": ["a.b/c", "d"]}, [], id="finalizers"),
        pytest.param({"finalizers": ["a b"]}, [("finalizer", "metadata.finalizers[0]")], id="a blank in a finalizer"),
        pytest.param({"generateName": "a-"}, [], id="the beginning of a name"),
        pytest.param({"generateName": "a_"}, [("object-name", "metadata.generateName")], id="an underscore in it"),
        pytest.param(
            {"ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "b", "uid": ""}]},
            [("required", "metadata.ownerReferences[0].uid")],
            id="an owner without a uid",
        ),
        pytest.param(
            {"ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "b", "uid": "c", "controller": True}] * 2},
            [("owners", "metadata.ownerReferences")],
            id="two controllers",
        ),
        pytest.param({"creationTimestamp": "2026-01-01T00:00:00Z"}, [], id="a moment"),
        pytest.param({"creationTimestamp": "2026-01-01"}, [("type", "metadata.creationTimestamp")], id="no moment"),
        pytest.param({"generation": "1"}, [("type", "metadata.generation")], id="a number as text"),
        pytest.param("x", [], id="what is no object is refused with the names"),
    ],
)
def test_metadata_is_judged_as_kubernetes_does(metadata: Any, expected: list[tuple[str, str]]) -> None:
    assert [(violation.rule, violation.field) for violation in check_rest(metadata)] == expected


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param(
            {"name": "a", "labels": {"x": "y"}, "managedFields": [{"fieldsV1": {"f:a": {}}}]}, [], id="all known"
        ),
        pytest.param({"Labels": {}}, ["metadata.Labels"], id="another spelling"),
        pytest.param({"ownerReferences": [{"foo": 1}]}, ["metadata.ownerReferences[0].foo"], id="of an owner"),
    ],
)
def test_fields_that_no_metadata_has_are_found(metadata: Any, expected: list[str]) -> None:
    assert [violation.field for violation in find_unknown_metadata(metadata)] == expected


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        pytest.param({"generateName": "a-"}, "a-xxxxx", id="five letters more"),
        pytest.param({"generateName": "a" * 63}, f"{'a' * 58}xxxxx", id="never longer than a label"),
        pytest.param({"generateName": "a-", "name": "b"}, "b", id="a name of its own"),
    ],
)
def test_a_generated_name_looks_like_the_servers(metadata: dict[str, str], name: str) -> None:
    named = name_as_generated(metadata)

    assert isinstance(named, dict)
    assert named["name"] == name
