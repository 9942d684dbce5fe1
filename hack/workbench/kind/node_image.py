"""The image of kind's nodes, made here: a Debian, the files of kind's own base, and programs built from pinned modules."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from workbench.cluster.pause import write_pause_image
from workbench.cluster.programs import CNI_PLUGINS
from workbench.image.debian import make_debian
from workbench.image.static import write_static_image
from workbench.kind.programs import MODULE
from workbench.steps import run_step
from workbench.toolchain.building import cache_folder
from workbench.toolchain.lock import exclusive

SUITE = "bookworm"
PACKAGES = (
    *("systemd", "systemd-sysv", "kmod", "mount", "procps", "util-linux", "hostname", "jq", "ca-certificates"),
    *("iptables", "nftables", "iproute2", "ethtool", "conntrack", "libseccomp2"),
)
"""What kind's first program, the kubelet, kubeadm, containerd and the CNI plugins call or load."""

NODE = MODULE / "node"
"""What is ours in the image."""

_IN_KUBERNETES_IMAGES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd")


def find_debian(log: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return a tar of the Debian below everything, making it once for all. Raises StepError."""
    identity = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:16]
    folder = cache_folder(environ, "kind-debian")
    archive = folder / f"{identity}.tar"
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / "lock", "Waiting for another process that makes a Debian"):
        if not archive.exists():
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                root, unfinished = Path(scratch, "root"), Path(scratch, "tar")
                what = f"Making a Debian {SUITE} for nodes (once; kept in {folder})"
                make_debian(what, root, PACKAGES, suite=SUITE, log=log)
                run_step("Packing it", ["tar", "-C", root, "-cf", unfinished, "."], log=log)
                unfinished.replace(archive)
    return archive


def images_wanted(kubeadm: Path, version: str) -> dict[str, str]:
    """Return program -> name of the image in which kubeadm looks for it."""
    command = [str(kubeadm), "config", "images", "list", "--kubernetes-version", version]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return names_by_program(listed)


def names_by_program(listed: Iterable[str]) -> dict[str, str]:
    """Return program -> image from a list of images; those of which no program is here are left out."""
    by_program = {re.sub(r".*/|:.*", "", name): name for name in listed}
    return {program: by_program[program] for program in _IN_KUBERNETES_IMAGES}


def sandbox_image(containerd_config: str) -> str:
    """Return the image that holds a pod's namespaces, from the text of the node's containerd configuration."""
    match = re.search(r'^\s*sandbox_image = "([^"]+)"$', containerd_config, re.MULTILINE)
    if match is None:
        raise ValueError("the containerd configuration of kind's nodes names no sandbox_image")
    return match[1]


def write_build_folder(folder: Path, programs: Mapping[str, Path], node_files: Path, version: str) -> None:
    """Fill `folder` with hack/kind/node/Dockerfile and `root`, all that it copies. `version` is Kubernetes' (`v1.37.2`)."""
    root = folder / "root"
    shutil.copy(NODE / "Dockerfile", folder)
    for part in ("etc", "kind", "usr"):
        shutil.copytree(node_files / part, root / part, copy_function=_copy_writable)
    _open_folders(root)
    _copy_programs(programs, ("containerd", "containerd-shim-runc-v2", "ctr"), root / "usr/local/bin")
    _copy_programs(programs, ("runc",), root / "usr/local/sbin")
    _copy_programs(programs, ("kubeadm", "kubectl", "kubelet"), root / "usr/bin")
    shutil.copytree(CNI_PLUGINS, root / "opt/cni/bin")
    (root / "etc/cni/net.d").mkdir(parents=True)
    shutil.copy(NODE / "pods.conflist", root / "etc/cni/net.d/10-pods.conflist")
    shutil.copy(NODE / "images.service", root / "etc/systemd/system")
    (root / "kind/version").write_text(version, encoding="ascii")
    _write_images(root, programs, images_wanted(programs["kubeadm"], version))


def _copy_programs(programs: Mapping[str, Path], names: Iterable[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(programs[name], folder / name)


def _copy_writable(source: str, target: str) -> str:
    """Copy a file of Go's module cache, in which nothing is writable or executable."""
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if "/bin/" in source else 0o644)
    return target


def _open_folders(root: Path) -> None:
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def _write_images(root: Path, programs: Mapping[str, Path], names: Mapping[str, str]) -> None:
    target = root / "kind/images"
    target.mkdir()
    for program, name in names.items():
        files = {f"/usr/local/bin/{program}": programs[program]}
        if program == "kube-proxy":
            files |= _with_libraries(Path(shutil.which("nft") or "/usr/sbin/nft"))
        write_static_image(target / f"{program}.tar", name, files)
    config = (root / "etc/containerd/config.toml").read_text(encoding="utf-8")
    write_pause_image(programs["pause"], target / "pause.tar", name=sandbox_image(config))


def _with_libraries(program: Path) -> dict[str, Path]:
    """Return a program of this system with what it loads, each at its own path: kube-proxy calls nft."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {str(program): program} | {path: Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}
