"""Installs the operator into a cluster, from the shipped manifests, pointed at the simulated Azure. One function: `install`."""

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from workbench.control_plane.pki import write_private
from workbench.image.names import ROOT, ImageName
from workbench.kubectl import Kubectl
from workbench.stack import SYSTEM_NAMESPACE, SimulatedAzure

DEPLOYMENT = "azure-vpn-operator"
CREDENTIALS = "azure-vpn-operator-credentials"
"""The Secret that the overlay `client-secret` asks for."""

_CA_FILE = "/etc/simulated-azure/ca.crt"


@dataclasses.dataclass(frozen=True, slots=True)
class Installation:
    """What is installed: the image, the operator's settings, and the Azure that it is pointed at, as pods reach it."""

    image: ImageName
    azure: SimulatedAzure
    settings: Mapping[str, str]


async def install(kubectl: Kubectl, installation: Installation, folder: Path) -> None:
    """Apply the shipped manifests and wait until the operator has rolled out. `folder` gets what is applied.

    Again with other settings, it is an upgrade. Raises KubectlError.
    """
    write_kustomization(folder, installation)
    await kubectl("apply", "--server-side", "--force-conflicts", "-k", str(folder))
    await rolled_out(kubectl)


async def uninstall(kubectl: Kubectl, folder: Path) -> None:
    """Remove all that `install` put in, CRDs and so all objects with them."""
    await kubectl("delete", "-k", str(folder), "--ignore-not-found", "--timeout=120s")


async def rolled_out(kubectl: Kubectl, *, seconds: int = 120) -> None:
    """Wait until all replicas run what the Deployment says."""
    await kubectl(
        "rollout", "status", f"deployment/{DEPLOYMENT}", "--namespace", SYSTEM_NAMESPACE, f"--timeout={seconds}s"
    )


def write_kustomization(folder: Path, installation: Installation) -> None:
    """Write an overlay of the overlay `client-secret`: credentials, settings, and whom the operator trusts."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(installation.azure.ca_file, folder / "ca.crt")
    environment = {**installation.azure.environment, "SSL_CERT_FILE": _CA_FILE}
    subscription = environment.pop("AZURE_SUBSCRIPTION_ID")
    write_private(folder / "credentials.env", _lines(environment))
    (folder / "settings.env").write_bytes(_lines({"AZURE_SUBSCRIPTION_ID": subscription, **installation.settings}))
    # kustomize refuses absolute paths.
    base = os.path.relpath(ROOT / "manifests" / "overlays" / "client-secret", folder.resolve())
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [base],
        "configMapGenerator": [
            _generator("azure-vpn-operator-settings", envs=["settings.env"], behavior="merge"),
            _generator("simulated-azure", files=["ca.crt"]),
        ],
        "secretGenerator": [_generator(CREDENTIALS, envs=["credentials.env"])],
        "images": [{"name": installation.image.name, "newTag": installation.image.version}],
        "patches": [{"target": {"kind": "Deployment", "name": DEPLOYMENT}, "patch": yaml.safe_dump(_trust())}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _generator(name: str, **fields: object) -> dict[str, object]:
    return {"name": name, "namespace": SYSTEM_NAMESPACE, **fields}


def _trust() -> Sequence[Mapping[str, object]]:
    pod = "/spec/template/spec"
    mount = {"name": "simulated-azure", "mountPath": str(Path(_CA_FILE).parent), "readOnly": True}
    volume = {"name": "simulated-azure", "configMap": {"name": "simulated-azure"}}
    return [
        {"op": "add", "path": f"{pod}/containers/0/volumeMounts", "value": [mount]},
        {"op": "add", "path": f"{pod}/volumes", "value": [volume]},
    ]


def _lines(values: Mapping[str, str]) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in sorted(values.items())).encode()
