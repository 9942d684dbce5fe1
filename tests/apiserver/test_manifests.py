"""What users apply with `kubectl apply -k`: rendered by kubectl, applied to a real API server, and fit for the program."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.app.access_file import parse_access_file
from azure_vpn_operator.app.serving import split_address
from azure_vpn_operator.app.settings import Environment, Settings
from support.packaging import INSTALLATIONS
from workbench.control_plane.plane import ControlPlane
from workbench.toolchain.binaries import find_binaries

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"

pytestmark = pytest.mark.timeout(900)  # the first run builds kubectl


@pytest.fixture(scope="session")
def kubectl(kubernetes_binaries: Mapping[str, Path]) -> str:
    return shutil.which("kubectl") or str(find_binaries(["kubectl"])["kubectl"])


def render(kubectl: str, name: str) -> list[dict[str, Any]]:
    command = [kubectl, "kustomize", str(MANIFESTS / name)]
    return list(yaml.safe_load_all(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def apply(kubectl: str, name: str, kubeconfig: Path) -> subprocess.CompletedProcess[str]:
    command = [kubectl, "--kubeconfig", str(kubeconfig), "apply", "--server-side", "-k", str(MANIFESTS / name)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def only(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (document,) = [document for document in documents if document["kind"] == kind]
    return document


def settings_of(documents: list[dict[str, Any]]) -> dict[str, str]:
    (source,) = [item["configMapRef"]["name"] for item in container(documents)["envFrom"] if "configMapRef" in item]
    (found,) = [item for item in documents if item["kind"] == "ConfigMap" and item["metadata"]["name"] == source]
    return dict(found["data"])


def container(documents: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = only(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


async def test_everything_is_accepted_by_the_api_server(kubectl: str, own_control_plane: ControlPlane) -> None:
    for name in INSTALLATIONS:
        documents = render(kubectl, name)
        applied = apply(kubectl, name, own_control_plane.kubeconfig)
        assert applied.returncode == 0, applied.stderr
        assert "Warning" not in applied.stderr
        assert len(applied.stdout.splitlines()) == len(documents)

        pod = {"apiVersion": "v1", "kind": "Pod", **only(documents, "Deployment")["spec"]["template"]}
        pod["metadata"] = {**pod["metadata"], "name": name.replace("/", "-"), "namespace": "azure-vpn-system"}
        (created,) = await own_control_plane.apply_objects(pod)
        assert created["spec"]["securityContext"]["runAsNonRoot"], "the namespace enforces the restricted standard"


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_settings_are_what_the_program_reads(kubectl: str, name: str) -> None:
    known = {f"AZVPN_{field.upper()}" for field in Settings.model_fields}
    known |= {field.upper() for field in Environment.model_fields}

    assert set(settings_of(render(kubectl, name))) <= known


def test_program_does_not_start_without_an_installation_id(kubectl: str) -> None:
    settings = only(render(kubectl, "base"), "ConfigMap")["data"]
    program = Path(sys.executable).parent / "azure-vpn-operator"
    ended = subprocess.run([program, "run"], env=settings, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "AZVPN_INSTALLATION_ID" in ended.stderr


def test_a_changed_setting_starts_the_operator_anew(kubectl: str, tmp_path: Path) -> None:
    for name in ("manifests", "crds"):
        shutil.copytree(ROOT / name, tmp_path / name)
    settings = tmp_path / "manifests" / "base" / "settings.env"
    before = subprocess.run([kubectl, "kustomize", settings.parent], capture_output=True, text=True, check=True).stdout
    settings.write_text(settings.read_text().replace("AZVPN_INSTALLATION_ID=", "AZVPN_INSTALLATION_ID=prod"))
    after = subprocess.run([kubectl, "kustomize", settings.parent], capture_output=True, text=True, check=True).stdout

    references = [container(list(yaml.safe_load_all(text)))["envFrom"][0]["configMapRef"] for text in (before, after)]
    assert references[0] != references[1]


def test_probes_ask_where_the_program_answers(kubectl: str) -> None:
    ports = {port["name"]: port["containerPort"] for port in container(render(kubectl, "base"))["ports"]}
    defaults = {
        "metrics": Settings.model_fields["metrics_address"].default,
        "probes": Settings.model_fields["probe_address"].default,
    }

    assert ports == {name: split_address(address)[1] for name, address in defaults.items()}


def test_image_is_the_version_of_the_project(kubectl: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert container(render(kubectl, "base"))["image"] == f"azure-vpn-operator:{version}"


def test_two_replicas_are_elected_and_never_both_away(kubectl: str) -> None:
    documents = render(kubectl, "base")
    spec = only(documents, "Deployment")["spec"]
    settings = only(documents, "ConfigMap")["data"]

    assert (spec["replicas"], spec["strategy"]["type"]) == (2, "RollingUpdate")
    assert only(documents, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert settings.get("AZVPN_LEADER_ELECTION", "true") == "true"


def test_client_secret_comes_from_a_secret_and_wins_over_the_settings(kubectl: str) -> None:
    sources = container(render(kubectl, "overlays/client-secret"))["envFrom"]

    assert [next(iter(source)) for source in sources] == ["configMapRef", "secretRef"]
    assert sources[1]["secretRef"]["name"] == "azure-vpn-operator-credentials"


def test_workload_identity_marks_the_pod_and_the_account(kubectl: str) -> None:
    documents = render(kubectl, "overlays/workload-identity")

    assert (
        only(documents, "Deployment")["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    )
    assert "azure.workload.identity/client-id" in only(documents, "ServiceAccount")["metadata"]["annotations"]


def test_access_file_of_the_tenancy_overlay_is_valid_and_where_the_operator_looks_for_it(kubectl: str) -> None:
    documents = render(kubectl, "overlays/tenancy")
    access = next(item for item in documents if item["metadata"]["name"] == "azure-vpn-operator-access")
    rules = parse_access_file(access["data"]["access.yaml"].encode(), "access.yaml")
    operator = container(documents)
    path = next(item["value"] for item in operator["env"] if item["name"] == "AZVPN_ACCESS_FILE")
    mounts = {mount["name"]: mount for mount in operator["volumeMounts"]}

    assert path == f"{mounts['access']['mountPath']}/access.yaml"
    assert all("subPath" not in mount for mount in mounts.values()), "such a mount never changes"
    assert not rules.allow_others
    for identity in rules.identities:
        assert Path(identity.client_secret_file).parent == Path(mounts["identities"]["mountPath"])


def test_monitoring_overlay_adds_scraping_alerts_and_the_dashboard_and_nothing_else(kubectl: str) -> None:
    """Its kinds are the Prometheus operator's, which the API server of the tests does not have."""

    def named(documents: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(document["kind"], document["metadata"]["name"]) for document in documents}

    documents = render(kubectl, "overlays/monitoring")
    assert named(documents) - named(render(kubectl, "base")) == {
        ("ServiceMonitor", "azure-vpn-operator"),
        ("PrometheusRule", "azure-vpn-operator"),
        ("ConfigMap", "azure-vpn-operator-dashboard"),
    }
    dashboard = next(item for item in documents if item["metadata"]["name"] == "azure-vpn-operator-dashboard")
    assert dashboard["data"] == {"dashboard.json": (MANIFESTS / "monitoring" / "dashboard.json").read_text()}
    assert {
        item["metadata"]["namespace"] for item in documents if item["kind"] in {"ServiceMonitor", "PrometheusRule"}
    } == {only(documents, "Deployment")["metadata"]["namespace"]}
