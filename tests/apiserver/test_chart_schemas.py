"""kubeconform over everything that users apply, offline: with the schemas of the pinned API server and of our CRDs."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from support.json_schemas import LOCATION, write_crd_schemas, write_server_schemas
from support.packaging import CI_VALUES, MANIFESTS, ROOT, Document, Helm, find_kubectl, kustomizations, kustomize
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call

SKIPPED = {
    "ServiceMonitor": "is of the Prometheus operator, whose schemas are not at hand",
    "PrometheusRule": "is of the Prometheus operator too; promtool reads the rules",
}

pytestmark = pytest.mark.timeout(300)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def schemas(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    async with control_plane.client() as admin:
        write_server_schemas(await call(admin, "GET", "/openapi/v2", timeout_seconds=60), folder)
    for crd in (ROOT / "crds").glob("azvpn*.yaml"):
        write_crd_schemas(yaml.safe_load(crd.read_text()), folder)
    return folder


@pytest.fixture(scope="module")
def conform(chart_tools: Mapping[str, Path], schemas: Path, tmp_path_factory: pytest.TempPathFactory) -> "Conform":
    return Conform(chart_tools["kubeconform"], schemas, tmp_path_factory.mktemp("kubeconform"))


class Conform:
    """kubeconform with our schemas and no others."""

    def __init__(self, program: Path, schemas: Path, folder: Path) -> None:
        self._command = [
            str(program),
            "-strict",
            "-schema-location",
            f"{schemas}/{LOCATION}",
            "-skip",
            ",".join(SKIPPED),
        ]
        self._file = folder / "objects.yaml"

    def findings(self, documents: list[Document]) -> list[str]:
        """What it finds; nothing if all is well."""
        self._file.write_text(yaml.safe_dump_all(documents))
        ended = subprocess.run([*self._command, self._file], capture_output=True, text=True, check=False)
        assert ended.stderr == ""
        return ended.stdout.splitlines()


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.name.removesuffix("-values.yaml"))
def test_objects_of_the_chart_fit_their_schemas(conform: Conform, helm: Helm, values: Path) -> None:
    assert conform.findings(helm.template(values)) == []


@pytest.mark.parametrize("folder", kustomizations())
def test_objects_of_every_kustomization_fit_their_schemas(
    conform: Conform, kubernetes_binaries: Mapping[str, Path], folder: str
) -> None:
    assert conform.findings(kustomize(find_kubectl(), MANIFESTS / folder)) == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "dta": {}},
            "dta",
            id="a misspelt field",
        ),
        pytest.param(
            {
                "apiVersion": "azvpn.dev/v1alpha1",
                "kind": "IpsecPolicy",
                "metadata": {"name": "a"},
                "spec": {"dhGroup": "X"},
            },
            "dhGroup",
            id="a value that one of our kinds does not take",
        ),
        pytest.param(
            {"apiVersion": "v2", "kind": "Pod", "metadata": {"name": "a"}}, "could not find schema", id="no such kind"
        ),
    ],
)
def test_what_is_wrong_is_found(conform: Conform, document: Document, words: str) -> None:
    assert words in "\n".join(conform.findings([document]))
