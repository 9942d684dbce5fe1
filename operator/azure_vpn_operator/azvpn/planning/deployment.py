"""What the operator's Deployments are given: variables, and files from ConfigMaps. As far as the user may read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Document, Kubectl

INSTALLATION_ID: Final = "AZVPN_INSTALLATION_ID"
_SELECTOR: Final = "app.kubernetes.io/name=azure-vpn-operator"


@dataclass(frozen=True)
class Installed:
    """One Deployment of the operator."""

    name: str
    variables: Mapping[str, str]
    """Those that are set in plain text, by itself or by a ConfigMap; what is in Secrets is left out."""
    _pod: Mapping[str, Any]
    _kubectl: Kubectl

    def read_file(self, path: str) -> str:
        """A file of the container, if it is mounted from a ConfigMap. Raises ToolError, with the reason, if it cannot be had."""
        for mount in _items(self._pod["containers"], "volumeMounts"):
            inside = _below(path, str(mount.get("mountPath", "")))
            if inside is not None:
                return self._of_volume(str(mount.get("name")), inside)
        raise ToolError(f"Deployment {self.name} mounts nothing at {path}")

    def _of_volume(self, name: str, inside: str) -> str:
        volumes: Sequence[Mapping[str, Any]] = self._pod.get("volumes") or []
        found = next((volume for volume in volumes if volume.get("name") == name), {})
        source = found.get("configMap")
        if not isinstance(source, Mapping):
            raise ToolError(f"the volume {name} of Deployment {self.name} is no ConfigMap")
        keys = {item["path"]: item["key"] for item in source.get("items") or []}
        text = _data(self._kubectl, source["name"]).get(keys.get(inside, inside))
        if text is None:
            raise ToolError(f"ConfigMap {source['name']} has no {inside}")
        return text


def find_installed(kubectl: Kubectl, namespace: str, installation_id: str | None) -> Installed | None:
    """The Deployment of this installation, or the only one there is; None if there is none, or they may not be read.

    Raises ToolError if there are several and nobody says which is meant.
    """
    reach = kubectl.in_namespace(namespace)
    try:
        found = [_read(item, reach) for item in reach.list("deployments.apps", selector=_SELECTOR)]
    except ToolError:
        return None
    if installation_id is not None:
        named = [item for item in found if item.variables.get(INSTALLATION_ID) == installation_id]
        found = named or [item for item in found if INSTALLATION_ID not in item.variables]
    if len(found) > 1:
        names = ", ".join(f"{item.name} ({item.variables.get(INSTALLATION_ID, 'unnamed')})" for item in found)
        raise ToolError(f"namespace {namespace} has several operators: {names}; give --installation-id")
    return found[0] if found else None


def _read(deployment: Document, kubectl: Kubectl) -> Installed:
    pod = deployment["spec"]["template"]["spec"]
    variables: dict[str, str] = {}
    for source in _items(pod["containers"], "envFrom"):
        reference = source.get("configMapRef")
        if isinstance(reference, Mapping):
            prefix = source.get("prefix") or ""
            variables |= {f"{prefix}{name}": value for name, value in _known(kubectl, reference["name"]).items()}
    variables |= {str(item["name"]): str(item["value"]) for item in _items(pod["containers"], "env") if "value" in item}
    return Installed(deployment["metadata"]["name"], variables, pod, kubectl)


def _items(containers: Sequence[Mapping[str, Any]], field: str) -> Iterator[Mapping[str, Any]]:
    for container in containers:
        yield from (item for item in container.get(field) or [] if isinstance(item, Mapping))


def _known(kubectl: Kubectl, config_map: str) -> Mapping[str, str]:
    """What a ConfigMap says; nothing if it may not be read: then the user has to say it."""
    try:
        return _data(kubectl, config_map)
    except ToolError:
        return {}


def _data(kubectl: Kubectl, config_map: str) -> Mapping[str, str]:
    data: Mapping[str, str] = kubectl.get("configmaps", config_map).get("data") or {}
    return data


def _below(path: str, folder: str) -> str | None:
    try:
        return str(PurePosixPath(path).relative_to(PurePosixPath(folder)))
    except ValueError:
        return None
