"""What `make plugin` packs, unpacked as krew does, is a plugin of the real kubectl."""

import os
import sys
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from support.pages import ROOT, run

pytestmark = pytest.mark.timeout(300)
SAMPLES = str(ROOT / "manifests" / "samples")


@pytest.fixture
async def built(tmp_path: Path) -> Path:
    """The folder with an archive for this machine, made of what is installed here."""
    target = tmp_path / "dist"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "hack")}
    builder = (sys.executable, "-m", "workbench.plugin", "--here", "--dir", str(target))
    code, text = await run(*builder, cwd=tmp_path, environment=environment)
    assert code == 0, text
    return target


def install(built: Path, target: Path, files: Mapping[str, str]) -> str:
    """Do what krew does: check the sum, unpack, and link the program; return the folder of the link."""
    (platform,) = yaml.safe_load((built / "azvpn.yaml").read_text(encoding="utf-8"))["spec"]["platforms"]
    archive = built / str(platform["uri"]).rpartition("/")[2]
    assert sha256(archive.read_bytes()).hexdigest() == platform["sha256"]
    assert f"{platform['sha256']}  {archive.name}\n" in (built / "kubectl-azvpn.sha256").read_text(encoding="utf-8")
    assert platform["files"] == [files]
    store, links = target / "store", target / "bin"
    with tarfile.open(archive) as opened:
        opened.extractall(store, filter="data")
    links.mkdir()
    (links / "kubectl-azvpn").symlink_to(store / platform["bin"])
    return str(links)


async def test_the_archive_is_a_plugin_of_kubectl(
    built: Path, tmp_path: Path, kubernetes_binaries: Mapping[str, Path]
) -> None:
    links = install(built, tmp_path, {"from": "*", "to": "."})
    python = tmp_path / "python"
    python.mkdir()
    (python / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    path = os.pathsep.join((links, str(kubernetes_binaries["kubectl"].parent), str(python), "/usr/bin", "/bin"))
    environment = {"PATH": path, "HOME": str(tmp_path)}

    async def azvpn(*arguments: str) -> tuple[int, str]:
        return await run("kubectl", "azvpn", *arguments, cwd=tmp_path, environment=environment)

    code, text = await azvpn("lint", SAMPLES)
    assert code == 0, text
    assert "in 12 files: 2 IpsecPolicies, 5 VpnConnections" in text
    code, text = await azvpn("--version")
    assert (code, text.split()[0]) == (0, "azure-vpn-operator")
    for command in ("status", "rollout", "reset", "strength", "peer-config", "import"):
        code, text = await azvpn(command, "--help")
        assert code == 0, text
        assert text.startswith(f"usage: kubectl azvpn {command}")


async def test_a_python_that_is_too_old_is_said(built: Path, tmp_path: Path) -> None:
    links = Path(install(built, tmp_path, {"from": "*", "to": "."}))
    (own,) = (tmp_path / "store" / "lib").glob("cp*")
    own.rename(own.with_name("cp310"))

    code, text = await run(
        sys.executable, str(links / "kubectl-azvpn"), "--help", cwd=tmp_path, environment=dict(os.environ)
    )

    assert code == 2
    assert text.startswith("kubectl-azvpn needs Python 3.10; python3 is 3.")
