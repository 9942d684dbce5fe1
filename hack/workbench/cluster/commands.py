"""The command lines of a cluster's programs, other than etcd and kube-apiserver, of which only the further flags are here."""

from collections.abc import Mapping
from pathlib import Path

from workbench.cluster.layout import NODE, NODE_ADDRESS, POD_NETWORK, SERVICE_NETWORK, Layout


def api_server_flags(layout: Layout) -> list[str]:
    """Return what makes a bare API server one for nodes and pods."""
    pki = layout.folder / "pki"
    return [
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}",
        "--endpoint-reconciler-type=lease",
        "--authorization-mode=Node,RBAC",
        "--disable-admission-plugins=",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def controller_manager(programs: Mapping[str, Path], layout: Layout, kubeconfig: Path) -> list[str]:
    """Return kube-controller-manager's command line."""
    pki = layout.folder / "pki"
    return [
        str(programs["kube-controller-manager"]),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--cluster-cidr={POD_NETWORK}",
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        # A node that is gone is one that a test took away: sooner than the 40 s and 5 min of real ones.
        "--node-monitor-grace-period=16s",
    ]


def scheduler(programs: Mapping[str, Path], kubeconfig: Path) -> list[str]:
    """Return kube-scheduler's command line."""
    return [
        str(programs["kube-scheduler"]),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]


def kubelet(programs: Mapping[str, Path], layout: Layout, kubeconfig: Path) -> list[str]:
    """Return the kubelet's command line."""
    return [
        str(programs["kubelet"]),
        f"--config={layout.settings / 'kubelet.yaml'}",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={layout.kubelet}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
    ]


def proxy(programs: Mapping[str, Path], layout: Layout) -> list[str]:
    """Return kube-proxy's command line."""
    return [
        str(programs["kube-proxy"]),
        f"--config={layout.settings / 'kube-proxy.yaml'}",
        f"--hostname-override={NODE}",
    ]


def containerd(programs: Mapping[str, Path], layout: Layout) -> list[str]:
    """Return containerd's command line."""
    return [str(programs["containerd"]), f"--config={layout.settings / 'containerd.toml'}"]


def simulator(
    program: Path, layout: Layout, *, topology: str, time_scale: float, port: int, control_port: int
) -> list[str]:
    """Return the command line of the simulated Azure, which pods reach at the node's address."""
    return [
        str(program),
        "serve",
        *("--topology", topology),
        *("--state-dir", str(layout.folder / "azure")),
        *("--host", NODE_ADDRESS),
        *("--port", str(port)),
        *("--control", f"127.0.0.1:{control_port}"),
        *("--time-scale", str(time_scale)),
        *("--ready-file", str(layout.folder / "simulator-ready.json")),
    ]
