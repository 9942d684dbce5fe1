"""The configuration files of a node, as text. Nothing here touches the machine."""

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from workbench.cluster.layout import BRIDGE, NODE_ADDRESS, POD_NETWORK, Layout
from workbench.cluster.pause import PAUSE_IMAGE

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
"""In the /run that only the node sees."""


def containerd_config(layout: Layout, runc: Path, cni_plugins: Path) -> str:
    """Return containerd's config.toml (version 3)."""
    return f"""\
version = 3
root = "{layout.containerd / "root"}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE nobody may lower oom_score_adj, and runc would not start anything.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{cni_plugins}"]
    conf_dir = "{layout.settings / "cni"}"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "{runc}"
      SystemdCgroup = false
"""


def cni_config() -> str:
    """Return the pod network: a bridge, whose address is the node's, and loopback."""
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": POD_NETWORK, "rangeStart": "10.88.1.0", "gateway": NODE_ADDRESS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "/run/cni",
        },
    }
    plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}]
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}, indent=2)


def kubelet_config(layout: Layout) -> str:
    """Return the kubelet's configuration: pods under a cgroup of this cluster, nothing evicted for want of disk or memory."""
    return _document(
        "kubelet.config.k8s.io/v1beta1",
        "KubeletConfiguration",
        {
            "address": NODE_ADDRESS,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(layout.folder / "pki" / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{layout.cgroup}",
            "cgroupsPerQOS": True,
            "enforceNodeAllocatable": ["pods"],
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
            "failCgroupV1": False,
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "localStorageCapacityIsolation": False,
            "podLogsDir": str(layout.folder / "pods"),
            "resolvConf": str(layout.settings / "resolv.conf"),
            "registerWithTaints": [],
            "shutdownGracePeriod": "0s",
            "staticPodPath": "",
        },
    )


def proxy_config(kubeconfig: Path) -> str:
    """Return kube-proxy's configuration: nftables, in the node's own network namespace."""
    return _document(
        "kubeproxy.config.k8s.io/v1alpha1",
        "KubeProxyConfiguration",
        {
            "bindAddress": NODE_ADDRESS,
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "clusterCIDR": POD_NETWORK,
            "conntrack": {"maxPerCore": 0},
            "metricsBindAddress": "127.0.0.1:10249",
            "mode": "nftables",
        },
    )


def _document(api_version: str, kind: str, fields: Mapping[str, object]) -> str:
    return yaml.safe_dump({"apiVersion": api_version, "kind": kind, **fields}, sort_keys=False)
