"""Puts YAML into a cluster: files, folders and plain kustomizations, by server-side apply.

Of a kustomization only `resources` is understood; anything that would change the objects is refused rather than left
out silently, since what the demo applies must be what `kubectl apply -k` applies.
"""

import asyncio
import dataclasses
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from kubernetes.aio import client as kubernetes_client

from workbench.rest import ApiError, Document, call

FIELD_MANAGER = "workbench"

_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_KUSTOMIZATION_FIELDS = {"apiVersion", "kind", "resources"}
_FIRST = {"Namespace": 0, "CustomResourceDefinition": 1, "ServiceAccount": 2, "Secret": 2, "ConfigMap": 2}


class ManifestError(Exception):
    """A manifest cannot be read, or the API server refused it; the message names the file and the object."""


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """One object of a YAML file."""

    source: Path
    document: Document

    @property
    def kind(self) -> str:
        """The object's kind, such as `VpnConnection`."""
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.document["metadata"]["name"])

    @property
    def label(self) -> str:
        """What an error message calls it."""
        return f"{self.kind} {self.name} ({self.source})"


def load(path: Path) -> list[Manifest]:
    """Read a file, a folder with a kustomization, or every YAML file of a folder, in the order of their names."""
    if not path.is_dir():
        return list(_load_file(path))
    for name in _KUSTOMIZATION:
        if (path / name).exists():
            return [manifest for resource in _resources(path / name) for manifest in load(resource)]
    files = sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"})
    return [manifest for file in files for manifest in _load_file(file)]


async def apply(
    api_client: kubernetes_client.ApiClient, manifests: Iterable[Manifest], *, namespace: str = "default"
) -> list[Document]:
    """Apply each object, forced, as field manager `workbench`; returns them as the server holds them.

    Namespaces, then CRDs go first, and their kinds are served before the rest follows. `namespace` is for objects of
    namespaced kinds that name none. Raises ManifestError at the first object that is refused.
    """
    ordered = sorted(manifests, key=lambda manifest: _FIRST.get(manifest.kind, 3))
    resources = _Resources(api_client)
    applied = []
    for manifest in ordered:
        try:
            path = await resources.path_of(manifest.document, namespace)
            query = {"fieldManager": FIELD_MANAGER, "force": "true"}
            content_type = "application/apply-patch+yaml"
            answer = await call(
                api_client, "PATCH", path, body=manifest.document, query=query, content_type=content_type
            )
        except ApiError as error:
            raise ManifestError(f"{manifest.label}: {error}") from error
        applied.append(answer)
        if manifest.kind == "CustomResourceDefinition":
            await wait_until_served(api_client, answer)
    return applied


async def wait_until_served(
    api_client: kubernetes_client.ApiClient, crd: Document, *, timeout_seconds: float = 10.0
) -> None:
    """Wait until each served version of a CRD is in discovery and can be listed; raises ManifestError when that takes too long."""
    spec = crd["spec"]
    missing = [version["name"] for version in spec["versions"] if version["served"]]
    deadline = time.monotonic() + timeout_seconds
    while missing:
        version = missing[0]
        try:
            listing = await call(api_client, "GET", f"/apis/{spec['group']}/{version}")
            if any(resource["name"] == spec["names"]["plural"] for resource in listing["resources"]):
                # In discovery sooner than its storage is ready: until then every request is answered with 429.
                await call(
                    api_client,
                    "GET",
                    f"/apis/{spec['group']}/{version}/{spec['names']['plural']}",
                    query={"limit": "1"},
                )
                missing.pop(0)
                continue
        except ApiError as error:
            if error.status not in {404, 429, 503}:
                raise
        if time.monotonic() >= deadline:
            name = crd["metadata"]["name"]
            conditions = await call(
                api_client, "GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
            )
            raise ManifestError(f"CRD {name} {version} is not served: {conditions.get('status', {}).get('conditions')}")
        await asyncio.sleep(0.05)


class _Resources:
    """Knows the URL of an object, from the server's discovery, each group version asked once."""

    def __init__(self, api_client: kubernetes_client.ApiClient) -> None:
        self._api_client = api_client
        self._known: dict[str, dict[str, Document]] = {}

    async def path_of(self, document: Document, default_namespace: str) -> str:
        group_version, kind, metadata = document["apiVersion"], document["kind"], document["metadata"]
        root = f"/api/{group_version}" if "/" not in group_version else f"/apis/{group_version}"
        if kind not in self._known.get(root, {}):
            listing = await call(self._api_client, "GET", root)
            self._known[root] = {r["kind"]: r for r in listing["resources"] if "/" not in r["name"]}
        resource = self._known[root].get(kind)
        if resource is None:
            raise ApiError(404, "NotFound", f"the server has no kind {kind} in {group_version}")
        if resource["namespaced"]:
            root += f"/namespaces/{metadata.get('namespace', default_namespace)}"
        return f"{root}/{resource['name']}/{metadata['name']}"


def _resources(kustomization: Path) -> Iterator[Path]:
    content = yaml.safe_load(kustomization.read_text()) or {}
    if unknown := sorted(set(content) - _KUSTOMIZATION_FIELDS):
        raise ManifestError(f"{kustomization}: only `resources` is understood here, not {', '.join(unknown)}")
    for resource in content.get("resources", []):
        path = kustomization.parent / resource
        if not path.exists():
            raise ManifestError(f"{kustomization}: {resource} does not exist")
        yield path


def _load_file(path: Path) -> Iterator[Manifest]:
    try:
        documents: list[Any] = list(yaml.safe_load_all(path.read_text()))
    except (OSError, yaml.YAMLError) as error:
        raise ManifestError(f"{path}: {error}") from error
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= set(document):
            raise ManifestError(f"{path}: an object needs apiVersion, kind and metadata")
        if document["kind"].endswith("List") and "items" in document:
            raise ManifestError(f"{path}: write the items of a {document['kind']} as documents of their own")
        yield Manifest(path, document)
