import ipaddress
import json
import tomllib
from pathlib import Path

import yaml

from workbench.cluster import commands, settings
from workbench.cluster.layout import FIRST_SERVICE, NODE_ADDRESS, POD_NETWORK, SERVICE_NETWORK, Layout
from workbench.control_plane.commands import Ports, api_server_command

LAYOUT = Layout(Path("/somewhere/cluster"))


def test_addresses_fit_together() -> None:
    pods, services = ipaddress.ip_network(POD_NETWORK), ipaddress.ip_network(SERVICE_NETWORK)
    ipam = json.loads(settings.cni_config())["plugins"][0]["ipam"]

    assert not pods.overlaps(services)
    assert ipaddress.ip_address(NODE_ADDRESS) in pods
    assert ipaddress.ip_address(FIRST_SERVICE) == services[1]
    # No pod may get the node's own address.
    assert ipaddress.ip_address(ipam["ranges"][0][0]["rangeStart"]) > ipaddress.ip_address(NODE_ADDRESS)


def test_containerd_is_told_where_everything_is() -> None:
    config = tomllib.loads(settings.containerd_config(LAYOUT, Path("/bin/runc"), Path("/cni")))
    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]

    assert config["version"] == 3
    assert config["root"].startswith(str(LAYOUT.folder))
    assert runtime["containerd"]["runtimes"]["runc"]["options"] == {"BinaryName": "/bin/runc", "SystemdCgroup": False}
    assert runtime["cni"]["bin_dirs"] == ["/cni"]


def test_all_pods_are_below_the_cluster_s_own_cgroup() -> None:
    config = yaml.safe_load(settings.kubelet_config(LAYOUT))

    assert config["cgroupRoot"] == f"/{LAYOUT.cgroup}"
    assert Layout(Path("/elsewhere")).cgroup != LAYOUT.cgroup


def test_the_api_server_s_flags_take_the_place_of_those_of_one_without_nodes() -> None:
    ports = Ports(1, 2, 3)
    command = api_server_command(
        Path("/kube-apiserver"), LAYOUT.folder, ports, audit_log=None, extra=commands.api_server_flags(LAYOUT)
    )
    names = [flag.partition("=")[0] for flag in command]

    assert len(names) == len(set(names))
    assert "--authorization-mode=Node,RBAC" in command
    assert "--disable-admission-plugins=" in command
