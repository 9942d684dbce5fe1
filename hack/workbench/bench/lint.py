"""`kubectl azvpn` as somebody runs it: lint from the start of the program to its end, and the start of every other command.

It does one thing at a time and waits for nothing, so the processor time is what it takes on a machine that has nothing else to
do; that is what is promised. Of several runs the fastest counts.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import yaml

from azure_vpn_operator.azvpn.cli import COMMANDS
from workbench.rest import Document

MANIFESTS: Final = 1000
_POLICIES: Final = 100
_ON_A_GATEWAY: Final = 50
_RUNS: Final = 3
_STARTS: Final = 7


def measure_lint(directory: Path) -> Document:
    """Write the manifests into an empty folder, lint them, and return what that took."""
    many, one = directory / "many", directory / "one"
    many.mkdir()
    one.mkdir()
    for number, document in enumerate(_manifests()):
        (many / f"{number:04}.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    first = one / "policy.yaml"
    first.write_text(yaml.safe_dump(_policy(0), sort_keys=False), encoding="utf-8")
    # The first run compiles what has never been run here.
    _run([str(first)])
    return {
        "manifests": MANIFESTS,
        "many": _fastest(_run([str(many)]) for _ in range(_RUNS)),
        "one": _fastest(_run([str(first)]) for _ in range(_STARTS)),
        "starts": {name: _start_of(name) for name in COMMANDS},
    }


def _start_of(command: str) -> Document:
    """Until its help is printed: its module is loaded by then, and what it will need besides is not."""
    _run(["--help"], command)
    return _fastest(_run(["--help"], command) for _ in range(_RUNS))


def _fastest(runs: Iterable[tuple[float, float]]) -> Document:
    processor, clock = (min(seconds) for seconds in zip(*runs, strict=True))
    return {"processorSeconds": round(processor, 3), "seconds": round(clock, 3)}


def _run(arguments: Sequence[str], name: str = "lint") -> tuple[float, float]:
    """Seconds of the processor, and of the clock on the wall."""
    command = [sys.executable, "-m", "azure_vpn_operator.azvpn.cli", name, *arguments]
    # As installed: with what pip has compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun, before = time.monotonic(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, timeout=120)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, time.monotonic() - begun


def _manifests() -> list[Document]:
    policies = [_policy(number) for number in range(_POLICIES)]
    return [*policies, *(_connection(number) for number in range(MANIFESTS - _POLICIES))]


def _policy(number: int) -> Document:
    return _object(
        "IpsecPolicy",
        f"policy-{number}",
        {
            "ikeEncryption": "AES256",
            "ikeIntegrity": "SHA384",
            "dhGroup": "ECP384",
            "ipsecEncryption": "GCMAES256",
            "ipsecIntegrity": "GCMAES256",
            "pfsGroup": "ECP384",
        },
    )


def _connection(number: int) -> Document:
    block, place = divmod(number, 250)
    return _object(
        "VpnConnection",
        f"site-{number}",
        {
            "resourceGroup": "TestRG1",
            "virtualNetworkGateway": {"name": f"VNet{number // _ON_A_GATEWAY}GW"},
            "localNetworkGateway": {"name": f"Site{number}"},
            "ipsecPolicyRef": {"name": f"policy-{number % _POLICIES}"},
            "sharedKeySecretRef": {"name": f"site-{number}-key"},
            "usePolicyBasedTrafficSelectors": True,
            "trafficSelectorPolicies": [
                {"localAddressRanges": ["10.0.0.0/16"], "remoteAddressRanges": [f"172.{16 + block}.{place}.0/24"]}
            ],
            "tags": {"environment": "production"},
        },
    )


def _object(kind: str, name: str, spec: Document) -> Document:
    metadata = {"name": name, "namespace": "network", "labels": {"azvpn.dev/site": name}}
    return {"apiVersion": "azvpn.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
