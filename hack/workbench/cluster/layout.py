"""Addresses of the cluster, and the files below its folder."""

import dataclasses
import hashlib
from pathlib import Path

NODE = "node"
NODE_ADDRESS = "10.88.0.1"
"""The bridge's address: the node's, and the API server's and the simulator's as pods see them."""

POD_NETWORK = "10.88.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"
"""The Service `kubernetes` in the namespace default."""

BRIDGE = "cni0"


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """The files of one cluster. Several can run side by side in folders of their own."""

    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; its address works on this machine and inside the node."""
        return self.folder / "kubeconfig"

    @property
    def state(self) -> Path:
        """Written when the cluster is ready; what a client needs to know (`lifecycle.Cluster`)."""
        return self.folder / "cluster.json"

    @property
    def steps(self) -> Path:
        """One line for each step of the start."""
        return self.folder / "steps.log"

    @property
    def log(self) -> Path:
        """What the program inside says."""
        return self.folder / "node.log"

    @property
    def pid_file(self) -> Path:
        """The process that holds the namespaces."""
        return self.folder / "node.pid"

    @property
    def socket(self) -> Path:
        """Where the program inside takes orders."""
        return self.folder / "orders.sock"

    @property
    def containerd(self) -> Path:
        """Images and containers."""
        return self.folder / "containerd"

    @property
    def kubelet(self) -> Path:
        """Volumes of pods."""
        return self.folder / "kubelet"

    @property
    def scratch(self) -> Path:
        """What programs of the node write where they cannot be told to write elsewhere."""
        return self.folder / "scratch"

    @property
    def settings(self) -> Path:
        """Configuration files of all programs."""
        return self.folder / "settings"

    @property
    def cgroup(self) -> str:
        """The cgroup below which all pods are, in each hierarchy; of this folder only."""
        return f"azvpn-cluster-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"
