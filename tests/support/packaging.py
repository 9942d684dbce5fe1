"""What a user's helm and kubectl make of the chart and of the kustomizations."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from workbench.toolchain.binaries import find_binaries

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "azure-vpn-operator"
MANIFESTS = ROOT / "manifests"
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
INSTALLATIONS = [
    "base",
    *(
        f"overlays/{name}"
        for name in ("workload-identity", "client-secret", "tenancy", "watch-secrets", "namespaced", "demo")
    ),
]
"""Kustomizations that install the operator with nothing but what a cluster has."""
RELEASE, NAMESPACE = "azure-vpn-operator", "azure-vpn-system"

Document = dict[str, Any]
Ended = subprocess.CompletedProcess[str]


def find_kubectl() -> str:
    """The user's own, else the pinned one."""
    return shutil.which("kubectl") or str(find_binaries(["kubectl"])["kubectl"])


def kustomize(kubectl: str, folder: Path) -> list[Document]:
    """Objects of a kustomization; raises CalledProcessError."""
    return _documents(_run([kubectl, "kustomize", str(folder)]))


def kustomizations() -> list[str]:
    """Every folder below manifests/ that somebody may apply, by its path from there."""
    return sorted(str(file.parent.relative_to(MANIFESTS)) for file in MANIFESTS.rglob("kustomization.yaml"))


class Helm:
    """The real helm with a home of its own, and without a cluster unless a kubeconfig is given."""

    def __init__(self, program: Path, home: Path, kubeconfig: Path | None = None) -> None:
        self._program = str(program)
        self._environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        if kubeconfig is not None:
            self._environ["KUBECONFIG"] = str(kubeconfig)

    def run(self, *arguments: str | Path) -> Ended:
        """One command, whatever comes of it."""
        command = [self._program, *map(str, arguments)]
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False)

    def do(self, *arguments: str | Path) -> str:
        """One command that must succeed; what it prints."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def template(self, values: Mapping[str, Any] | Path, *arguments: str) -> list[Document]:
        """Objects of the chart with these values."""
        return _documents(self.do("template", RELEASE, CHART, "--namespace", NAMESPACE, *flags(values), *arguments))

    def refuse(self, values: Mapping[str, Any]) -> str:
        """Why the chart does not take these values."""
        ended = self.run("template", RELEASE, CHART, "--namespace", NAMESPACE, *flags(values))
        assert ended.returncode != 0, ended.stdout
        return ended.stderr


def flags(values: Mapping[str, Any] | Path) -> list[str]:
    """Values as a user gives them: a file, or `--set-json`."""
    if isinstance(values, Path):
        return ["--values", str(values)]
    return [word for name, value in values.items() for word in ("--set-json", f"{name}={json.dumps(value)}")]


def key_of(document: Document) -> tuple[str, str, str]:
    """Kind, namespace and name."""
    metadata = document["metadata"]
    return document["kind"], metadata.get("namespace", ""), metadata["name"]


def by_key(documents: Sequence[Document]) -> dict[tuple[str, str, str], Document]:
    """The same, each once."""
    found = {key_of(document): document for document in documents}
    assert len(found) == len(documents), "an object is there twice"
    return found


def only(documents: Sequence[Document], kind: str, name: str | None = None) -> Document:
    """The one object of a kind, or of that kind and name."""
    found = [item for item in documents if item["kind"] == kind and name in (None, item["metadata"]["name"])]
    assert len(found) == 1, [item["metadata"]["name"] for item in found]
    return found[0]


def pod_of(documents: Sequence[Document]) -> Document:
    """The pod template of the operator."""
    return dict(only(documents, "Deployment")["spec"]["template"])


def container_of(documents: Sequence[Document]) -> Document:
    """The operator's container."""
    (found,) = pod_of(documents)["spec"]["containers"]
    return dict(found)


def settings_of(documents: Sequence[Document]) -> dict[str, str]:
    """Variables that the operator's container takes from its ConfigMap."""
    (source,) = [
        item["configMapRef"]["name"]
        for item in container_of(documents)["envFrom"]
        if item.get("configMapRef", {}).get("name", "").startswith(tuple(_settings_names(documents)))
    ]
    return dict(only(documents, "ConfigMap", source)["data"])


def _settings_names(documents: Sequence[Document]) -> list[str]:
    return [f"{only(documents, 'Deployment')['metadata']['name']}-settings"]


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _documents(text: str) -> list[Document]:
    # The CRDs are long; the parser in C takes a tenth of the time.
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]
