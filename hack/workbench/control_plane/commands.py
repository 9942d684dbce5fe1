"""The command lines of etcd and kube-apiserver, and the files and ports that they need."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from workbench.control_plane.pki import Authority, create_signing_key, write_private
from workbench.ports import HOST, choose_ports

_AUDIT_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Ports:
    """Where the two programs listen, all on loopback."""

    etcd_client: int
    etcd_peer: int
    api_server: int

    @classmethod
    def choose(cls) -> "Ports":
        """Choose three ports that are free."""
        return cls(*choose_ports(3))


def prepare(directory: Path, *, hosts: Sequence[str] = ()) -> Authority:
    """Make `directory` ready for a fresh start: no data, no logs, new certificates. Returns the authority.

    The authority's own key is kept in memory only. `hosts`: further names and addresses of the API server.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for folder in ("etcd", "pki"):
        shutil.rmtree(directory / folder, ignore_errors=True)
    for name in ("etcd.log", "kube-apiserver.log", "audit.log", "kubeconfig"):
        (directory / name).unlink(missing_ok=True)
    pki = directory / "pki"
    pki.mkdir(mode=0o700)
    (directory / "etcd").mkdir(mode=0o700)
    authority = Authority()
    serving = authority.issue_server(hosts=["localhost", HOST, "kubernetes.default.svc", *hosts])
    # As whom the API server asks kubelets, where there are any: for logs and exec.
    kubelet_client = authority.issue_client(user="kube-apiserver-kubelet-client", group="system:masters")
    private, public = create_signing_key()
    (pki / "ca.crt").write_bytes(authority.certificate)
    (pki / "apiserver.crt").write_bytes(serving.certificate)
    write_private(pki / "apiserver.key", serving.key)
    (pki / "kubelet-client.crt").write_bytes(kubelet_client.certificate)
    write_private(pki / "kubelet-client.key", kubelet_client.key)
    (pki / "sa.pub").write_bytes(public)
    write_private(pki / "sa.key", private)
    (pki / "audit-policy.yaml").write_text(_AUDIT_POLICY)
    return authority


def etcd_command(binary: Path, directory: Path, ports: Ports) -> list[str]:
    """Return the command line of etcd. It does not wait for the disk: the data is thrown away."""
    client, peer = f"http://{HOST}:{ports.etcd_client}", f"http://{HOST}:{ports.etcd_peer}"
    return [
        str(binary),
        etcd_marker(directory),
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync=true",
        "--log-level=warn",
    ]


def api_server_command(
    binary: Path, directory: Path, ports: Ports, *, audit_log: Path | None, extra: Sequence[str]
) -> list[str]:
    """Return the command line of kube-apiserver: TLS, RBAC, tokens; a flag in `extra` takes the place of the same one here."""
    pki = directory / "pki"
    command = [
        str(binary),
        f"--etcd-servers=http://{HOST}:{ports.etcd_client}",
        f"--bind-address={HOST}",
        # Without a default route the server cannot find an address to advertise, and loopback it would refuse to
        # publish as an endpoint.
        f"--advertise-address={HOST}",
        "--endpoint-reconciler-type=none",
        f"--secure-port={ports.api_server}",
        api_server_marker(directory),
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Nobody makes the `default` ServiceAccounts that this plugin would ask for.
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
        "--profiling=false",
    ]
    if audit_log is not None:
        command += [f"--audit-policy-file={pki / 'audit-policy.yaml'}", f"--audit-log-path={audit_log}"]
    # Some flags are lists, which would grow if they were given twice.
    given = {flag.partition("=")[0] for flag in extra}
    return [*(flag for flag in command if flag.partition("=")[0] not in given), *extra]


def etcd_marker(directory: Path) -> str:
    """Return the argument by which this folder's etcd is told from any other program."""
    return f"--data-dir={directory / 'etcd'}"


def api_server_marker(directory: Path) -> str:
    """Return the argument by which this folder's kube-apiserver is told from any other program."""
    return f"--cert-dir={directory / 'pki'}"
