from pathlib import Path

import pytest
import yaml

from workbench.cluster.install import CREDENTIALS, Installation, write_kustomization
from workbench.image.names import ROOT, image_name
from workbench.stack import CLIENT_SECRET, SimulatedAzure


@pytest.fixture
def written(tmp_path: Path) -> Path:
    ca = tmp_path / "authority.crt"
    ca.write_text("certificate")
    azure = SimulatedAzure("https://a:1", "https://b:2", "http://c:3", ca)
    folder = tmp_path / "install"
    write_kustomization(folder, Installation(image_name(), azure, {"AZVPN_INSTALLATION_ID": "x"}))
    return folder


def test_it_stands_on_the_shipped_overlay(written: Path) -> None:
    document = yaml.safe_load((written / "kustomization.yaml").read_text())

    assert [(written / path).resolve() for path in document["resources"]] == [
        ROOT / "manifests" / "overlays" / "client-secret"
    ]


def test_the_secret_is_in_a_file_that_only_its_owner_reads_and_nowhere_else(written: Path) -> None:
    holding = [path for path in written.iterdir() if CLIENT_SECRET in path.read_text()]

    assert [path.name for path in holding] == ["credentials.env"]
    assert holding[0].stat().st_mode & 0o077 == 0
    assert CREDENTIALS in (written / "kustomization.yaml").read_text()


def test_settings_are_added_to_the_shipped_ones(written: Path) -> None:
    assert "AZVPN_INSTALLATION_ID=x\n" in (written / "settings.env").read_text()
    generators = yaml.safe_load((written / "kustomization.yaml").read_text())["configMapGenerator"]
    assert generators[0]["behavior"] == "merge"
