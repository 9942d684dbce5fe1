"""The objects that there would be once the files were applied: those of the cluster, with those of the files over them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import API_VERSION
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import CONNECTIONS, POLICIES, Document, Kubectl
from azure_vpn_operator.azvpn.lint.composing import UnreadableError
from azure_vpn_operator.azvpn.lint.documents import read_documents
from azure_vpn_operator.azvpn.lint.sources import Source, read_sources

Name: TypeAlias = tuple[str, str, str]
"""Kind, namespace and name."""
SECRET: Final = "Secret"  # noqa: S105 (a kind)
KINDS: Final = (VpnConnection.KIND, IpsecPolicy.KIND)


@dataclass(frozen=True, slots=True)
class Files:
    """The objects of the files that matter here."""

    objects: Mapping[Name, Document]
    secrets: Mapping[Name, Document] = field(repr=False)

    @property
    def namespaces(self) -> Sequence[str]:
        """Where they are to be."""
        return sorted({namespace for _, namespace, _ in (*self.objects, *self.secrets)})


def read_files(paths: Sequence[str], namespace: str) -> Files:
    """Read files, folders, or the standard input (`-`); `namespace` is that of objects that name none.

    Raises ToolError for what cannot be read, for a part of an object, and for an object that is there twice.
    """
    objects: dict[Name, Document] = {}
    secrets: dict[Name, Document] = {}
    patches: list[str] = []
    for source in read_sources(paths, patches):
        for document in _documents_of(source):
            kind, name = str(document.get("kind", "")), _name_of(document, namespace)
            if name is None or not _is_ours(document, kind):
                continue
            found = secrets if kind == SECRET else objects
            if name in found:
                raise ToolError(f"{kind} {name[1]}/{name[2]} is in the files twice: leave one of them out")
            found[name] = document
    if patches:
        raise ToolError(
            f"{patches[0]} is a patch of a kustomization: build it first (kustomize build … | kubectl azvpn plan -)"
        )
    return Files(objects, secrets)


def read_cluster(kubectl: Kubectl, namespaces: Iterable[str]) -> list[Document]:
    """All objects of both kinds in these namespaces. Raises ToolError."""
    return [
        document
        for namespace in namespaces
        for kind in (CONNECTIONS, POLICIES)
        for document in kubectl.in_namespace(namespace).list(kind)
    ]


def overlay(known: Iterable[Document], files: Files, now: datetime) -> dict[Name, Document]:
    """All objects as they would be. Status, finalizers and uid stay those of the cluster."""
    there = {name: document for document in known if (name := _name_of(document, "")) is not None}
    return there | {name: _applied(name, wanted, there.get(name), now) for name, wanted in files.objects.items()}


def _applied(name: Name, wanted: Document, known: Document | None, now: datetime) -> Document:
    kind, namespace, called = name
    metadata = dict((known or {}).get("metadata") or {})
    given = wanted["metadata"]
    for field_name in ("labels", "annotations"):
        metadata[field_name] = {**(metadata.get(field_name) or {}), **(given.get(field_name) or {})}
    changed = known is None or known.get("spec") != wanted.get("spec")
    metadata |= {"name": called, "namespace": namespace}
    metadata["generation"] = int(metadata.get("generation", 0)) + int(changed)
    metadata.setdefault("uid", f"not-created-{namespace}-{called}")
    metadata.setdefault("resourceVersion", "0")
    metadata.setdefault("creationTimestamp", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    status = (known or {}).get("status") or {}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "spec": wanted.get("spec"),
        "status": status,
    }


def _documents_of(source: Source | UnreadableError) -> Iterable[Document]:
    try:
        if isinstance(source, UnreadableError):
            raise source
        if source.is_template:
            raise ToolError(
                f"{source.name} is a template of a Helm chart: render it first (helm template … | kubectl azvpn plan -)"
            )
        for document in read_documents(source.name, source.text):
            if isinstance(document.value, dict):
                yield document.value
    except UnreadableError as error:
        raise ToolError(f"{error.place.file}:{error.place.line}: {error.message}") from None


def _name_of(document: Mapping[str, Any], namespace: str) -> Name | None:
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(name, str):
        return None
    return str(document.get("kind", "")), str(metadata.get("namespace") or namespace), name


def _is_ours(document: Document, kind: str) -> bool:
    return kind == SECRET or (kind in KINDS and document.get("apiVersion") == API_VERSION)
