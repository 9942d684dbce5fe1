"""The node's network, and mounts that only it sees. Called once, in new namespaces."""

import subprocess
from pathlib import Path

from workbench.cluster.layout import BRIDGE, NODE_ADDRESS, SERVICE_NETWORK
from workbench.namespaces import overlay

_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/route_localnet": "1",
    # The answer of a pod to a pod that called it by a Service must come back the way it went.
    "net/bridge/bridge-nf-call-iptables": "1",
}


def prepare_namespaces(scratch: Path) -> None:
    """Give the namespaces what programs of a node expect, and hide from them what belongs to the machine.

    What is written to /run, /var/log and /var/lib is lost or stays in `scratch`: the kubelet has a few paths that it
    cannot be told.
    """
    for folder in ("/run", "/var/log"):
        _call("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
    _call(*overlay(Path("/var/lib"), scratch))
    _call("ip", "link", "set", "lo", "up")
    _call("ip", "link", "add", BRIDGE, "type", "bridge")
    _call("ip", "address", "add", f"{NODE_ADDRESS}/16", "dev", BRIDGE)
    _call("ip", "link", "set", BRIDGE, "up")
    # Programs of the node itself call Services, too: any route will do, kube-proxy does the rest.
    _call("ip", "route", "add", SERVICE_NETWORK, "dev", BRIDGE)
    for name, value in _SETTINGS.items():
        Path("/proc/sys", name).write_text(value, encoding="ascii")


def _call(*command: str) -> None:
    subprocess.run(command, check=True)
