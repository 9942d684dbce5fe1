import shutil
import sys
from pathlib import Path

import pytest

from workbench.image.archive import ImageArchive
from workbench.kind import node_image
from workbench.kind.node_image import names_by_program, sandbox_image, write_build_folder

LISTED = [
    "registry.k8s.io/kube-apiserver:v1.37.2",
    "registry.k8s.io/kube-controller-manager:v1.37.2",
    "registry.k8s.io/kube-scheduler:v1.37.2",
    "registry.k8s.io/kube-proxy:v1.37.2",
    "registry.k8s.io/coredns/coredns:v1.14.6",
    "registry.k8s.io/pause:3.10.2",
    "registry.k8s.io/etcd:3.7.0-0",
]


def test_programs_get_the_names_under_which_kubeadm_looks_for_them() -> None:
    assert names_by_program(LISTED) == {
        "kube-apiserver": "registry.k8s.io/kube-apiserver:v1.37.2",
        "kube-controller-manager": "registry.k8s.io/kube-controller-manager:v1.37.2",
        "kube-scheduler": "registry.k8s.io/kube-scheduler:v1.37.2",
        "kube-proxy": "registry.k8s.io/kube-proxy:v1.37.2",
        "etcd": "registry.k8s.io/etcd:3.7.0-0",
    }


def test_the_sandbox_has_the_name_that_the_nodes_containerd_asks_for() -> None:
    assert (
        sandbox_image('[plugins]\n  # fixed\n  sandbox_image = "registry.k8s.io/pause:3.10"\n')
        == "registry.k8s.io/pause:3.10"
    )
    with pytest.raises(ValueError, match="names no sandbox_image"):
        sandbox_image("version = 3\n")


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("ldd") is None, reason="a node is a Linux")
def test_the_build_folder_has_all_that_the_dockerfile_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = _programs(tmp_path / "programs")
    node_files = _node_files(tmp_path / "module")
    monkeypatch.setattr(node_image, "CNI_PLUGINS", tmp_path / "cni")
    (tmp_path / "cni").mkdir()
    (tmp_path / "cni" / "bridge").touch(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: sys.executable)  # in place of nft: some program with libraries
    build = tmp_path / "build"
    build.mkdir()

    write_build_folder(build, programs, node_files, "v1.37.2")

    root = build / "root"
    assert "COPY root/ /" in (build / "Dockerfile").read_text().splitlines()
    assert {path.name for path in (root / "kind/images").iterdir()} == {
        *(
            "kube-apiserver.tar",
            "kube-controller-manager.tar",
            "kube-scheduler.tar",
            "kube-proxy.tar",
            "etcd.tar",
            "pause.tar",
        )
    }
    with ImageArchive(root / "kind/images/etcd.tar") as image:
        assert image.tags == ["registry.k8s.io/etcd:3.7.0-0"]
        assert image.entries["usr/local/bin/etcd"].mode == 0o755
    with ImageArchive(root / "kind/images/pause.tar") as image:
        assert image.tags == ["registry.k8s.io/pause:3.10"]
    assert (root / "kind/version").read_text() == "v1.37.2"
    assert (root / "etc/cni/net.d/10-pods.conflist").exists()
    modes = {
        "usr/local/bin/entrypoint": 0o755,  # of the module, where it is not executable
        "etc/containerd/config.toml": 0o644,
        "usr/bin/kubelet": 0o755,
        "usr/local/sbin/runc": 0o755,
        "opt/cni/bin/bridge": 0o755,
        "etc/systemd/system": 0o755,
    }
    assert {path: (root / path).stat().st_mode & 0o777 for path in modes} == modes


def _programs(folder: Path) -> dict[str, Path]:
    folder.mkdir()
    names = {"containerd", "containerd-shim-runc-v2", "ctr", "runc", "kubeadm", "kubectl", "kubelet", "pause", "etcd"}
    names |= {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"}
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\nprintf '%s\\n' {' '.join(LISTED)}\n")
        (folder / name).chmod(0o755)
    return {name: folder / name for name in names}


def _node_files(folder: Path) -> Path:
    """As in Go's module cache: nothing is writable."""
    contents = {
        "usr/local/bin/entrypoint": "#!/bin/bash\n",
        "kind/bin/undo-mount-hacks.sh": "#!/bin/bash\n",
        "etc/containerd/config.toml": 'sandbox_image = "registry.k8s.io/pause:3.10"\n',
        "etc/systemd/system/kubelet.service": "[Service]\n",
    }
    for path, text in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        (folder / path).chmod(0o444)
    return folder
