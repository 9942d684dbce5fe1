"""Files over the cluster: what there would be once they were applied."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.planning.objects import Files, overlay, read_files

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = ("VpnConnection", "network", "c1")
POLICY = "apiVersion: azvpn.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: p1}\nspec: {dhGroup: ECP384}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: other}\nstringData: {sharedKey: abc}\n"
FOREIGN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p1}\n"


def a_document(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": "VpnConnection",
        "metadata": {"name": "c1", "namespace": "network"},
        "spec": {"routingWeight": 1},
        **changes,
    }


def known() -> dict[str, Any]:
    metadata = {
        "name": "c1",
        "namespace": "network",
        "uid": "u1",
        "generation": 4,
        "resourceVersion": "17",
        "finalizers": ["azvpn.dev/connection"],
        "annotations": {"azvpn.dev/hold-until": "2027-01-01T00:00:00Z"},
    }
    return a_document(metadata=metadata, status={"observedGeneration": 4})


def test_an_edit_keeps_what_the_cluster_has_besides_the_spec():
    edited = a_document(spec={"routingWeight": 2})
    edited["metadata"]["annotations"] = {"azvpn.dev/reset": "1"}
    found = overlay([known()], Files({KEY: edited}, {}), NOW)[KEY]
    assert found["spec"] == {"routingWeight": 2}
    assert found["status"] == {"observedGeneration": 4}
    assert found["metadata"]["generation"] == 5, "so that the operator sees an edit"
    assert found["metadata"]["uid"] == "u1"
    assert found["metadata"]["finalizers"] == ["azvpn.dev/connection"]
    assert set(found["metadata"]["annotations"]) == {"azvpn.dev/hold-until", "azvpn.dev/reset"}


def test_the_same_spec_is_no_edit():
    assert overlay([known()], Files({KEY: a_document()}, {}), NOW)[KEY]["metadata"]["generation"] == 4


def test_what_is_not_there_yet_looks_as_if_just_created():
    found = overlay([], Files({KEY: a_document()}, {}), NOW)[KEY]
    assert found["metadata"]["generation"] == 1
    assert found["metadata"]["creationTimestamp"] == "2026-03-01T12:00:00Z"
    assert found["status"] == {}


def test_objects_that_no_file_names_stay():
    assert set(overlay([known()], Files({}, {}), NOW)) == {KEY}


def test_files_are_read_with_the_namespace_that_is_meant(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(f"{POLICY}---\n{SECRET}---\n{FOREIGN}")
    found = read_files([str(tmp_path)], "network")
    assert set(found.objects) == {("IpsecPolicy", "network", "p1")}
    assert set(found.secrets) == {("Secret", "other", "key")}
    assert found.namespaces == ["network", "other"]
    assert "abc" not in repr(found)


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        pytest.param([POLICY, POLICY], "IpsecPolicy network/p1 is in the files twice", id="twice"),
        pytest.param(["a: [1\n"], r"b0.yaml:2: ", id="no YAML, with file and line"),
    ],
)
def test_files_are_refused(tmp_path: Path, texts: list[str], complaint: str):
    for number, text in enumerate(texts):
        (tmp_path / f"b{number}.yaml").write_text(text)
    with pytest.raises(ToolError, match=complaint):
        read_files([str(tmp_path)], "network")


def test_a_patch_is_no_object_and_is_not_left_out_silently(tmp_path: Path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "stronger.yaml").write_text(POLICY.replace("ECP384", "ECP256"))
    (tmp_path / "kustomization.yaml").write_text("resources: [policy.yaml]\npatches: [{path: stronger.yaml}]\n")
    with pytest.raises(ToolError, match=r"stronger\.yaml is a patch of a kustomization: build it first"):
        read_files([str(tmp_path)], "network")


def test_a_path_that_is_not_there_is_an_error():
    with pytest.raises(ToolError, match="does not exist"):
        read_files(["/nowhere"], "network")
