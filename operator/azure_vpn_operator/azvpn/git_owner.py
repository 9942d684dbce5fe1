"""Whether an object comes from Git, by the marks that GitOps tools leave on what they apply."""

from collections.abc import Mapping
from typing import Any, Final

_LABELS: Final = {
    "kustomize.toolkit.fluxcd.io/name": "Flux's Kustomization",
    "helm.toolkit.fluxcd.io/name": "Flux's HelmRelease",
    "argocd.argoproj.io/instance": "Argo CD's Application",
}
_ANNOTATIONS: Final = {"argocd.argoproj.io/tracking-id": "Argo CD's Application"}


def git_owner(document: Mapping[str, Any]) -> str | None:
    """Return what applies the object, such as `Flux's Kustomization network`; None if nothing shows that anything does."""
    metadata = document.get("metadata") or {}
    for marks, names in ((metadata.get("labels"), _LABELS), (metadata.get("annotations"), _ANNOTATIONS)):
        for name, tool in names.items():
            value = (marks or {}).get(name)
            if value:
                return f"{tool} {str(value).partition(':')[0]}"
    return None
