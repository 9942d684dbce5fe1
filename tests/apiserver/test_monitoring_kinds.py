"""What is shipped for the Prometheus operator against that project's own CRDs, on a real API server."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.packaging import CHART, MANIFESTS, NAMESPACE, RELEASE, Helm, find_kubectl, flags
from workbench.control_plane.plane import ControlPlane
from workbench.kubectl import Kubectl, KubectlError
from workbench.rest import call
from workbench.toolchain.building import HACK
from workbench.toolchain.tools import find_source

pytestmark = pytest.mark.timeout(300)

OPERATOR = "github.com/prometheus-operator/prometheus-operator"
KINDS = ("servicemonitors", "prometheusrules")
GROUP = "monitoring.coreos.com"
VALUES = {
    "installationId": "test",
    "metrics.serviceMonitor.enabled": True,
    "metrics.prometheusRule.enabled": True,
    "metrics.dashboard.enabled": True,
}


@pytest.fixture
async def plane(own_control_plane: ControlPlane) -> ControlPlane:
    """An API server with the CRDs of the Prometheus operator, and nothing of ours."""
    crds = find_source(OPERATOR, HACK / "prometheus-operator-crds") / "example" / "prometheus-operator-crd"
    for kind in KINDS:
        await own_control_plane.apply(crds / f"{GROUP}_{kind}.yaml")
    return own_control_plane


async def shipped(plane: ControlPlane) -> Mapping[str, list[str]]:
    """Names of the objects of those kinds in the operator's namespace."""
    async with plane.client() as admin:
        path = f"/apis/{GROUP}/v1/namespaces/{NAMESPACE}"
        lists = {kind: await call(admin, "GET", f"{path}/{kind}") for kind in KINDS}
    return {kind: [item["metadata"]["name"] for item in found["items"]] for kind, found in lists.items()}


async def test_helm_installs_them_where_the_cluster_has_the_kinds(
    plane: ControlPlane, chart_tools: Mapping[str, Path], tmp_path: Path
) -> None:
    helm = Helm(chart_tools["helm"], tmp_path, plane.kubeconfig)
    where = ("--namespace", NAMESPACE, "--create-namespace")

    await asyncio.to_thread(helm.do, "install", RELEASE, CHART, *where, *flags(VALUES))

    assert await shipped(plane) == {kind: [RELEASE] for kind in KINDS}


async def test_kustomize_applies_them_and_no_field_is_unknown(plane: ControlPlane) -> None:
    kubectl = Kubectl(Path(find_kubectl()), plane.kubeconfig)
    overlay = str(MANIFESTS / "overlays" / "monitoring")

    await kubectl("apply", "--server-side", "--validate=strict", "-k", overlay)

    assert await shipped(plane) == {kind: [RELEASE] for kind in KINDS}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param("ServiceMonitor", "service-monitor.yaml", id="ServiceMonitor"),
        pytest.param("PrometheusRule", "prometheus-rule.yaml", id="PrometheusRule"),
    ],
)
async def test_the_server_would_have_refused_a_misspelt_field(plane: ControlPlane, kind: str, path: str) -> None:
    kubectl = Kubectl(Path(find_kubectl()), plane.kubeconfig)
    text = (MANIFESTS / "monitoring" / path).read_text(encoding="utf-8")
    misspelt = text.replace("\nspec:\n", "\nspec:\n  noSuchField: 1\n")
    assert misspelt != text
    await plane.create_namespace(NAMESPACE)

    with pytest.raises(KubectlError, match="noSuchField"):
        await kubectl("create", "--validate=strict", "-f", "-", stdin=misspelt)
