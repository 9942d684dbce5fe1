import os
import subprocess
from pathlib import Path

import pytest

from workbench.image.engines import Buildah, Docker, build_secrets, find_engine, revision
from workbench.steps import StepError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    monkeypatch.setattr("shutil.which", lambda name: str(folder / name) if (folder / name).exists() else None)
    return folder


def put(folder: Path, name: str, code: int) -> None:
    (folder / name).write_text(f"#!/bin/sh\nexit {code}\n")
    (folder / name).chmod(0o755)


def test_docker_is_used_where_its_engine_answers(programs: Path, tmp_path: Path) -> None:
    put(programs, "docker", 0)
    put(programs, "buildah", 0)

    assert find_engine(tmp_path) == Docker()


def test_a_docker_command_without_an_engine_is_none(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(programs, "docker", 1)
    put(programs, "buildah", 0)
    put(programs, "debootstrap", 0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert find_engine(tmp_path) == Buildah(tmp_path)


@pytest.mark.parametrize(
    ("there", "user", "why"),
    [
        pytest.param([], 0, "there is no buildah and no debootstrap", id="nothing is installed"),
        pytest.param(["buildah"], 0, "there is no debootstrap", id="half is installed"),
        pytest.param(["buildah", "debootstrap"], 1000, "without Docker this needs root", id="not root"),
    ],
)
def test_who_cannot_build_is_told_what_to_do(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str], user: int, why: str
) -> None:
    for name in there:
        put(programs, name, 0)
    monkeypatch.setattr(os, "geteuid", lambda: user)

    with pytest.raises(StepError, match=why) as refused:
        find_engine(tmp_path)
    assert "apt-get install buildah debootstrap" in str(refused.value)


def test_pip_inside_trusts_whom_pip_trusts_here(tmp_path: Path) -> None:
    mine, system, settings = tmp_path / "mine.pem", tmp_path / "system.pem", tmp_path / "pip.conf"
    for file in (mine, system, settings):
        file.touch()

    assert build_secrets({"PIP_CERT": str(mine), "SSL_CERT_FILE": str(system)}) == {"ca": mine}
    assert build_secrets({"SSL_CERT_FILE": str(system), "PIP_CONFIG_FILE": str(settings)}) == {
        "ca": system,
        "pip": settings,
    }
    assert "pip" not in build_secrets({"SSL_CERT_FILE": str(system), "PIP_CONFIG_FILE": os.devnull})


def test_the_revision_tells_a_commit_from_one_with_changes(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=e")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert revision(tmp_path) == ""
    git("init", "--quiet")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "--quiet", "--message", "m")
    assert revision(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("2")
    assert revision(tmp_path) == f"{git('rev-parse', 'HEAD')}-dirty"
