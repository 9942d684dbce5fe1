"""The manifest for krew: which archive is for whom, where it is to be found, and its SHA-256."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from workbench.plugin.platforms import BINARY, Platform

NAME: Final = "azvpn"
FILE: Final = f"{NAME}.yaml"
PLACEHOLDER: Final = "https://releases.example.com/azure-vpn-operator"
"""Where the archives are said to be if nobody says where they are: nowhere."""
_DESCRIPTION: Final = """\
Answers about Azure VPN connections and their IPsec/IKE policies, before and
after a change: lint and import manifests, see the fleet and follow a rollout,
reset a tunnel, write the configuration of the device at the other end.
For the objects of azure-vpn-operator, whose own code it is.
"""
_CAVEATS: Final = """\
It needs python3, version 3.11 to 3.14, and no package of it.
plan, import and explain --azure ask Azure, and need more than is packed here:
pip install 'azure-vpn-operator[controller]' instead.
"""


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive."""

    platform: Platform
    file: str
    sha256: str


def manifest_of(version: str, packed: Sequence[Packed], base: str = PLACEHOLDER) -> Mapping[str, Any]:
    """The manifest; the archives are at `<base>/v<version>/<file>`."""
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": NAME},
        "spec": {
            "version": f"v{version}",
            "homepage": base,
            "shortDescription": "Answers about Azure VPN connections and policies",
            "description": _DESCRIPTION,
            "caveats": _CAVEATS,
            "platforms": [
                {
                    "selector": {"matchLabels": {"os": each.platform.os, "arch": each.platform.arch}},
                    "uri": f"{base}/v{version}/{each.file}",
                    "sha256": each.sha256,
                    "bin": BINARY,
                    "files": [{"from": "*", "to": "."}],
                }
                for each in packed
            ],
        },
    }


def render(manifest: Mapping[str, Any]) -> str:
    """The manifest as a file."""
    return "# Made by `make plugin`, with the archives that it names; do not edit.\n" + yaml.dump(
        manifest, sort_keys=False
    )
