"""The image that `make image` wrote into dist/. Without it, or with that of other files, these tests are skipped; in CI they fail."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from workbench.image.archive import ImageArchive
from workbench.image.confined import run_confined
from workbench.image.names import ROOT, image_name, inputs_digest

IMAGE = image_name()


class Unpacked:
    """The image's files in a folder, and what Kubernetes would run of them."""

    def __init__(self, root: Path, settings: dict[str, Any]) -> None:
        self.root = root
        self.settings = settings
        self.environment = dict(entry.split("=", 1) for entry in settings["Env"])

    def operator(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(*self.settings["Entrypoint"], *arguments)

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        return self.run("/opt/azure-vpn-operator/bin/python", "-c", code)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return run_confined(self.root, self.settings["User"], command, environment=self.environment)


@pytest.fixture(scope="session")
def image() -> Iterator[ImageArchive]:
    path, inputs = ROOT / "dist" / IMAGE.archive, ROOT / "dist" / IMAGE.inputs
    if not path.exists() or not inputs.exists():
        cannot(f"{path} is not there; `make image` builds it")
    if inputs.read_text().strip() != inputs_digest():
        cannot(f"{path} was built from other files than these; `make image` builds it anew")
    with ImageArchive(path) as opened:
        yield opened


@pytest.fixture(scope="session")
def unpacked(image: ImageArchive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unpacked]:
    if os.geteuid() != 0:
        cannot("files keep their owners, and programs are confined, only if root does it")
    root = tmp_path_factory.mktemp("image")
    image.extract(root)
    yield Unpacked(root, image.config["config"])
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def bill() -> dict[str, Any]:
    """The bill of materials as it was written beside the archive."""
    path = ROOT / "dist" / IMAGE.bill_of_materials
    if not path.exists():
        cannot(f"{path} is not there; `make image` writes it")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def cannot(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
