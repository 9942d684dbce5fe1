"""One name and one version, wherever the image is named."""

import re
from pathlib import Path

import pytest
import yaml

from workbench.image.names import ROOT, image_name, inputs_digest

IMAGE = image_name()


def test_the_dockerfile_has_the_version_that_a_build_without_arguments_gets() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert re.findall(r"^ARG VERSION=(\S+)$", dockerfile, re.MULTILINE) == [IMAGE.version]
    assert re.findall(r"docker build -t (\S+) ", dockerfile) == [str(IMAGE)]
    assert f'org.opencontainers.image.title="{IMAGE.name}"' in dockerfile


def test_the_manifests_name_it() -> None:
    base = ROOT / "manifests" / "base"
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text())
    deployment = yaml.safe_load((base / "deployment.yaml").read_text())
    images = [container["image"] for container in deployment["spec"]["template"]["spec"]["containers"]]

    assert images == [str(IMAGE)]
    assert [(image["name"], image["newTag"]) for image in kustomization["images"]] == [(IMAGE.name, IMAGE.version)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in {"Dockerfile": "FROM x", ".dockerignore": "*\n!operator\n!LICENSE\n", "LICENSE": "l"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "operator" / "__pycache__").mkdir(parents=True)
    (tmp_path / "operator" / "a.py").write_text("a")
    return tmp_path


@pytest.mark.parametrize("name", ["Dockerfile", "LICENSE", "operator/a.py", "operator/new.py"])
def test_another_input_is_another_digest(checkout: Path, name: str) -> None:
    before = inputs_digest(checkout)
    (checkout / name).write_text("other")

    assert inputs_digest(checkout) != before


@pytest.mark.parametrize("name", ["README.md", "operator/__pycache__/a.pyc"])
def test_what_is_not_built_from_does_not_count(checkout: Path, name: str) -> None:
    before = inputs_digest(checkout)
    (checkout / name).write_text("other")

    assert inputs_digest(checkout) == before
