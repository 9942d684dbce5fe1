"""The pipeline examples: what they run is run, against a real API server, on a repository of manifests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.pages import ROOT
from workbench.control_plane.plane import ControlPlane
from workbench.toolchain.binaries import find_binaries

PIPELINES = ROOT / "gitops" / "pipelines"
CHECK = "sh check-manifests.sh crds manifests"
CLUSTER = "kind create cluster --wait 120s"
POLICY = (ROOT / "manifests" / "samples" / "site-to-site" / "ipsec-policy.yaml").read_text(encoding="utf-8")


def _commands(document: Any) -> Iterator[str]:
    """Each shell command of a pipeline: the keys `run` and `script`, wherever they stand."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name in {"run", "script"}:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from _commands(value)
    elif isinstance(document, list):
        for item in document:
            yield from _commands(item)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository as the examples take it: the CRDs, the script, and manifests in folders with and without a kustomization."""
    shutil.copytree(ROOT / "crds", tmp_path / "crds")
    shutil.copytree(ROOT / "manifests" / "samples", tmp_path / "manifests")
    shutil.copy(PIPELINES / "check-manifests.sh", tmp_path)
    (tmp_path / "manifests" / "more").mkdir()
    (tmp_path / "manifests" / "more" / "policy.yaml").write_text(POLICY.replace("name: site6", "name: more"))
    return tmp_path


def _run(command: str, repository: Path, plane: ControlPlane) -> subprocess.CompletedProcess[str]:
    path = f"{find_binaries(['kubectl'])['kubectl'].parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(repository), "KUBECONFIG": str(plane.kubeconfig)}
    return subprocess.run(
        ["bash", "-c", command], cwd=repository, env=env, capture_output=True, text=True, check=False, timeout=200
    )


def test_each_example_runs_the_check_and_nothing_else_but_the_making_of_a_cluster() -> None:
    found = {path.name: list(_commands(yaml.safe_load(path.read_text()))) for path in PIPELINES.glob("*.y*ml")}

    assert found == {
        "github-actions.yaml": [CLUSTER, CHECK],
        "azure-pipelines.yml": [CLUSTER, CHECK],
        "gitlab-ci.yml": [CHECK],
    }


def test_good_manifests_pass_and_nothing_of_them_stays(control_plane: ControlPlane, repository: Path) -> None:
    ended = _run(f"{CHECK} && kubectl get vpnconn,ipsecpol --all-namespaces", repository, control_plane)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    for line in ("ok    manifests/site-to-site", "ok    manifests/vnet-to-vnet", "ok    manifests/more/policy.yaml"):
        assert line in ended.stdout
    assert "FAIL" not in ended.stdout
    assert "network " not in ended.stdout, "a dry run keeps nothing"


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        pytest.param(
            "ipsecEncryption: AES256", "ipsecEncryption: GCMAES256", ["[ipsec-gcm-pair]"], id="one of our rules"
        ),
        pytest.param("dhGroup: DHGroup24", "dhGroup: DHGroup42", ["spec.dhGroup", "ECP384"], id="a wrong value"),
        pytest.param(
            "dhGroup: DHGroup24", "dhGrup: DHGroup24", ["dhGrup", "not declared in schema"], id="a wrong name"
        ),
    ],
)
def test_bad_policy_fails_and_its_file_is_named(
    control_plane: ControlPlane, repository: Path, good: str, bad: str, words: list[str]
) -> None:
    assert good in POLICY
    (repository / "manifests" / "more" / "policy.yaml").write_text(POLICY.replace(good, bad))

    ended = _run(CHECK, repository, control_plane)

    assert ended.returncode == 1, ended.stdout + ended.stderr
    failed = ended.stdout.partition("FAIL  manifests/more/policy.yaml\n")[2]
    for word in words:
        assert word in failed, ended.stdout
    assert "ok    manifests/site-to-site" in ended.stdout, "the others are checked all the same"


def test_policies_of_the_organisation_are_asked_too(control_plane: ControlPlane, repository: Path) -> None:
    rule = {"expression": "object.spec.ikeEncryption != 'AES256'", "message": "our auditors said so"}
    name = {"name": "auditors.example.com"}
    kinds = {"apiGroups": ["azvpn.dev"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["ipsecpolicies"]}
    mine = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "audited"}}, "resourceRules": [kinds]}
    api = "admissionregistration.k8s.io/v1"
    admission = [
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": name,
            "spec": {"matchConstraints": mine, "validations": [rule]},
        },
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": name,
            "spec": {"policyName": name["name"], "validationActions": ["Deny"]},
        },
    ]
    (repository / "admission.yaml").write_text(yaml.safe_dump_all(admission))
    (repository / "manifests" / "more" / "policy.yaml").write_text(
        POLICY.replace("namespace: network", "namespace: audited")
    )
    assert "namespace: audited" in (repository / "manifests" / "more" / "policy.yaml").read_text()

    # A policy of the API server is in force a moment after it is stored.
    again = f"for n in $(seq 30); do {CHECK} admission.yaml >said || break; sleep 0.5; done; cat said"
    ended = _run(again, repository, control_plane)

    assert "our auditors said so" in ended.stdout.partition("FAIL  manifests/more/policy.yaml")[2], ended.stdout


def test_wrong_use_is_said(repository: Path, control_plane: ControlPlane) -> None:
    ended = _run("sh check-manifests.sh crds", repository, control_plane)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "usage:" in ended.stderr
