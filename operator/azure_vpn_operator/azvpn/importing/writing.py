"""Manifests as files for Git: in one stream, or a folder with a kustomization."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.importing.manifests import Document, Manifests


def stream_of(manifests: Manifests) -> str:
    """All objects as one YAML stream, with what there is to know in comments before them."""
    head = "".join(f"# {line}\n" if line else "#\n" for line in remarks_on(manifests))
    return head + "---\n".join(_text(document) for document in manifests.objects)


def write_folder(manifests: Manifests, folder: Path) -> list[Path]:
    """Write a file for each object, and a kustomization; returns them. Raises ToolError for a folder with anything in it."""
    if folder.exists() and any(folder.iterdir()):
        raise ToolError(f"{folder} is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for document in manifests.objects:
        path = folder / f"{document['kind'].lower()}-{document['metadata']['name']}.yaml"
        path.write_text(_text(document), encoding="utf-8")
        written.append(path)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [path.name for path in written],
    }
    path = folder / "kustomization.yaml"
    head = "".join(f"# {line}\n" if line else "#\n" for line in remarks_on(manifests))
    path.write_text(head + _text(kustomization), encoding="utf-8")
    return [*written, path]


def remarks_on(manifests: Manifests) -> Iterator[str]:
    """Which Secrets are missing and how to make one, and what the objects do not say."""
    if manifests.secrets:
        yield "Secrets to make, each with the connection's shared key in the entry sharedKey. Keys are in no manifest:"
        for name in manifests.secrets:
            yield f"  kubectl create secret generic {name} --from-file=sharedKey=/dev/stdin"
    if manifests.notes:
        yield "Not in these manifests:"
        for note in manifests.notes:
            yield f"  {note.place}: {note.what}"


def _text(document: Document) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=140)
