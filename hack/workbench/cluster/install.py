"""Installs the operator into a cluster with helm, from the chart, pointed at the simulated Azure. One function: `install`."""

import asyncio
import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.control_plane.pki import write_private
from workbench.image.names import ROOT, ImageName
from workbench.kubectl import Kubectl
from workbench.stack import SYSTEM_NAMESPACE, SimulatedAzure

RELEASE = DEPLOYMENT = "azure-vpn-operator"
CREDENTIALS = "azure-vpn-operator-credentials"
CHART = ROOT / "charts" / "azure-vpn-operator"
NAMESPACE_FILE = ROOT / "manifests" / "base" / "namespace.yaml"
"""With restricted pod security; the chart does not make the namespace that it is in."""

_CA_FOLDER = "/etc/simulated-azure"


class HelmError(Exception):
    """helm ended with anything but 0; the message has its arguments and what it said."""


@dataclasses.dataclass(frozen=True, slots=True)
class Helm:
    """A helm for one cluster. Called, it returns what was printed."""

    program: Path
    kubeconfig: Path
    home: Path

    async def __call__(self, *arguments: str | Path) -> str:
        """Run it in the operator's namespace; raises HelmError if it fails."""
        words = [*map(str, arguments), "--namespace", SYSTEM_NAMESPACE]
        process = await asyncio.create_subprocess_exec(
            self.program,
            *words,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode != 0:
            raise HelmError(f"helm {' '.join(words)}: {errors.decode().strip()}")
        return output.decode()


@dataclasses.dataclass(frozen=True, slots=True)
class Installation:
    """What is installed: the image, settings as values of the chart, and the Azure that it is pointed at, as pods reach it."""

    image: ImageName
    azure: SimulatedAzure
    settings: Mapping[str, Any]


async def install(kubectl: Kubectl, helm: Helm, installation: Installation, folder: Path) -> None:
    """Make what the chart expects, install the chart, and wait until the operator has rolled out.

    Again, it is an upgrade, which also puts back what somebody else has changed. `folder` gets what is applied. Raises KubectlError
    and HelmError.
    """
    await prepare(kubectl, installation, folder)
    values = write_values(folder, installation)
    await helm("upgrade", "--install", RELEASE, CHART, "--values", values, "--force-conflicts")
    await rolled_out(kubectl)


async def prepare(kubectl: Kubectl, installation: Installation, folder: Path) -> None:
    """Make the namespace, the credentials and the certificate that the operator trusts."""
    await kubectl("apply", "--server-side", "-f", str(NAMESPACE_FILE))
    for document in _given(installation):
        path = _write_document(folder, document)
        await kubectl("apply", "--server-side", "--force-conflicts", "-f", str(path))


async def uninstall(kubectl: Kubectl, helm: Helm) -> None:
    """Remove all that `install` put in, CRDs and so all objects with them."""
    await kubectl("delete", "vpnconn,ipsecpol", "--all", "--all-namespaces", "--timeout=120s")
    await helm("uninstall", RELEASE, "--ignore-not-found", "--wait")
    await kubectl("delete", "crd", "vpnconnections.azvpn.dev", "ipsecpolicies.azvpn.dev", "--ignore-not-found")
    await kubectl("delete", "namespace", SYSTEM_NAMESPACE, "--ignore-not-found", "--timeout=120s")


async def rolled_out(kubectl: Kubectl, *, seconds: int = 120) -> None:
    """Wait until all replicas run what the Deployment says."""
    await kubectl(
        "rollout", "status", f"deployment/{DEPLOYMENT}", "--namespace", SYSTEM_NAMESPACE, f"--timeout={seconds}s"
    )


def write_values(folder: Path, installation: Installation) -> Path:
    """Write the chart's values, none of them secret; returns the file."""
    environment = installation.azure.environment
    volume = {"name": "simulated-azure", "configMap": {"name": "simulated-azure"}}
    document = {
        **installation.settings,
        "image": {
            "repository": installation.image.name,
            "tag": installation.image.version,
            # The image is in the cluster already, and in no registry.
            "pullPolicy": "Never",
        },
        "azure": {
            "subscriptionId": environment["AZURE_SUBSCRIPTION_ID"],
            "resourceManagerEndpoint": environment["AZURE_RESOURCE_MANAGER_ENDPOINT"],
            "resourceManagerAudience": environment["AZURE_RESOURCE_MANAGER_AUDIENCE"],
            "authorityHost": environment["AZURE_AUTHORITY_HOST"],
            "logAnalyticsEndpoint": environment["AZURE_LOG_ANALYTICS_ENDPOINT"],
            "logAnalyticsAudience": environment["AZURE_LOG_ANALYTICS_AUDIENCE"],
            "credentialsSecret": CREDENTIALS,
        },
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": f"{_CA_FOLDER}/ca.crt"}],
        "extraVolumes": [volume],
        "extraVolumeMounts": [{"name": "simulated-azure", "mountPath": _CA_FOLDER, "readOnly": True}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "values.json"
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return path


def _write_document(folder: Path, document: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{document['kind'].lower()}.json"
    write_private(path, json.dumps(document).encode())
    return path


def _given(installation: Installation) -> list[dict[str, Any]]:
    azure = installation.azure
    names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": CREDENTIALS, "namespace": SYSTEM_NAMESPACE},
            "stringData": {name: azure.environment[name] for name in names},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "simulated-azure", "namespace": SYSTEM_NAMESPACE},
            "data": {"ca.crt": azure.ca_file.read_text(encoding="utf-8")},
        },
    ]
