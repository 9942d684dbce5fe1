"""The chart and the kustomizations make the same objects; what may differ is written down here, and nothing else does."""

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.app.settings import Settings
from support.packaging import MANIFESTS, RELEASE, Document, Helm, by_key, find_kubectl, kustomize

SETTINGS = f"{RELEASE}-settings"
CREDENTIALS = f"{RELEASE}-credentials"

PAIRS = [
    pytest.param(["base"], {}, id="as it is"),
    pytest.param(["overlays/watch-secrets"], {"watchSecrets": True}, id="watched Secrets"),
    pytest.param(["overlays/client-secret"], {"azure.credentialsSecret": CREDENTIALS}, id="a client secret"),
    pytest.param(
        ["overlays/workload-identity"],
        {"azure.workloadIdentity.enabled": True, "azure.clientId": "00000000-0000-0000-0000-000000000000"},
        id="workload identity",
    ),
    pytest.param(["overlays/namespaced"], {"watchNamespaces": ["network"]}, id="one namespace"),
    pytest.param(
        ["overlays/monitoring"],
        {
            "metrics.serviceMonitor.enabled": True,
            "metrics.serviceMonitor.renderMode": "alwaysRender",
            "metrics.prometheusRule.enabled": True,
            "metrics.prometheusRule.renderMode": "alwaysRender",
            "metrics.dashboard.enabled": True,
        },
        id="monitoring",
    ),
    *(
        pytest.param(
            ["base", f"crypto-floor/{level}"], {"admission.cryptoFloor.level": level}, id=f"crypto floor {level}"
        )
        for level in ("recommended", "fips", "cnsa")
    ),
]
NOT_COMPARED = {
    "overlays/tenancy": "the access file is an example in one and a value in the other; test_manifests reads it",
    "overlays/demo": "its credentials and addresses are the simulator's",
    "monitoring": "part of overlays/monitoring",
}
"""Kustomizations that are no pair, and why."""


@pytest.fixture(scope="module")
def kubectl(kubernetes_binaries: Mapping[str, Path]) -> str:
    return find_kubectl()


Difference = Callable[[Document], None]
"""Takes away, in place, what may differ in an object."""


def _labels(document: Document) -> None:
    """Helm's standard labels are of the release; kustomize has none. Components are the same where both name one."""
    labels = document["metadata"].get("labels", {})
    release = ("instance", "version", "part-of", "managed-by")
    for name in (*(f"app.kubernetes.io/{name}" for name in release), "helm.sh/chart"):
        labels.pop(name, None)
    if labels.get("app.kubernetes.io/component") in {"operator", "crds"}:
        labels.pop("app.kubernetes.io/component")
    if document["kind"] in {"CustomResourceDefinition", "ConfigMap"}:
        # Generated ones have none.
        labels.pop("app.kubernetes.io/name", None)
    document["metadata"]["labels"] = labels


def _selectors(node: Any) -> None:
    """Two releases may share a namespace, so the chart selects by release too."""
    if isinstance(node, dict):
        if node.get("app.kubernetes.io/name") == RELEASE:
            node.pop("app.kubernetes.io/instance", None)
        for inner in node.values():
            _selectors(inner)
    elif isinstance(node, list):
        for inner in node:
            _selectors(inner)


def _kept_crds(document: Document) -> None:
    """Only helm would delete the CRDs with the rest."""
    if document["kind"] == "CustomResourceDefinition":
        assert document["metadata"].pop("annotations", {}) in ({}, {"helm.sh/resource-policy": "keep"})


def _settings(document: Document) -> None:
    """Kustomize names the ConfigMap by its content; helm says the defaults too, and the name of the Lease."""
    if document["kind"] == "ConfigMap" and document["metadata"]["name"].startswith(SETTINGS):
        document["metadata"]["name"] = SETTINGS
        defaults = {f"AZVPN_{name.upper()}": _text(field.default) for name, field in Settings.model_fields.items()}
        document["data"] = {key: text for key, text in document["data"].items() if text and text != defaults.get(key)}


def _text(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return str(int(default)) if isinstance(default, float) else str(default)


def _rollout_on_change(document: Document) -> None:
    """What starts the operator anew: another name of the ConfigMap here, a checksum of it there."""
    if document["kind"] == "Deployment":
        document["spec"]["template"]["metadata"]["annotations"].pop("checksum/settings", None)
        for source in document["spec"]["template"]["spec"]["containers"][0]["envFrom"]:
            if source.get("configMapRef", {}).get("name", "").startswith(SETTINGS):
                source["configMapRef"]["name"] = SETTINGS


DIFFERENCES: tuple[Difference, ...] = (_labels, _selectors, _kept_crds, _settings, _rollout_on_change)


def comparable(documents: list[Document]) -> dict[tuple[str, str, str], Document]:
    """The same without what may differ. Namespaces are left out: helm makes none, `--create-namespace` does."""
    found = copy.deepcopy([document for document in documents if document["kind"] != "Namespace"])
    for document in found:
        for take_away in DIFFERENCES:
            take_away(document)
    return by_key(found)


@pytest.mark.parametrize(("folders", "values"), PAIRS)
def test_both_make_the_same_objects(helm: Helm, kubectl: str, folders: list[str], values: dict[str, Any]) -> None:
    base = {"installationId": "prod-eu"}
    ours = comparable([document for folder in folders for document in kustomize(kubectl, MANIFESTS / folder)])
    theirs = comparable(helm.template(base | values))
    settings = theirs["ConfigMap", "azure-vpn-system", SETTINGS]["data"]

    # The base leaves it to whoever installs it.
    assert settings.pop("AZVPN_INSTALLATION_ID") == "prod-eu"
    assert theirs.keys() == ours.keys()
    for key, document in theirs.items():
        assert document == ours[key], key


def test_every_kustomization_is_compared_or_says_why_not() -> None:
    compared = {folder for pair in PAIRS for folder in pair.values[0]}
    folders = {str(file.parent.relative_to(MANIFESTS)) for file in MANIFESTS.rglob("kustomization.yaml")}
    samples = {folder for folder in folders if folder.startswith("samples/")}

    assert folders - samples == compared | NOT_COMPARED.keys()
