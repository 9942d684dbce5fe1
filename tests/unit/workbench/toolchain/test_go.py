from pathlib import Path

import pytest

from workbench.toolchain.go import ToolchainError, find_go, version_numbers


def a_go(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    go = folder / "go"
    go.write_text(f'#!/bin/sh\necho \'{{"GOVERSION": "{version}", "GOOS": "linux", "GOARCH": "amd64"}}\'\n')
    go.chmod(0o755)
    return go


def test_go_on_path_is_taken(tmp_path: Path, site_packages: Path) -> None:
    on_path = a_go(tmp_path / "bin", "go1.26.8")
    a_go(site_packages / "go" / "bin", "go1.27.3")

    found = find_go({"PATH": str(on_path.parent)}, "1.26.0")

    assert (found.command, found.version) == (on_path, "go1.26.8")


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "devel"])
def test_go_that_is_too_old_is_passed_over_for_the_package(tmp_path: Path, site_packages: Path, version: str) -> None:
    on_path = a_go(tmp_path / "bin", version)
    packaged = a_go(site_packages / "go" / "bin", "go1.27.3")

    assert find_go({"PATH": str(on_path.parent)}, "1.26.0").command == packaged


def test_only_an_old_go_is_named_in_the_message(tmp_path: Path, site_packages: Path) -> None:
    on_path = a_go(tmp_path / "bin", "go1.25.9")

    with pytest.raises(ToolchainError, match=f"{on_path} is go1.25.9"):
        find_go({"PATH": str(on_path.parent)}, "1.26.0")


def test_go_that_does_not_run_is_named_in_the_message(tmp_path: Path, site_packages: Path) -> None:
    on_path = a_go(tmp_path / "bin", "go1.26.8")
    on_path.write_text("#!/bin/sh\nexit 1\n")

    with pytest.raises(ToolchainError, match=f"{on_path} does not run"):
        find_go({"PATH": str(on_path.parent)}, "1.26.0")


def test_no_go_says_the_three_ways_out(site_packages: Path) -> None:
    with pytest.raises(ToolchainError) as refused:
        find_go({"PATH": ""}, "1.26.0")

    message = str(refused.value)
    assert "Go 1.26.0 or newer" in message
    assert "hack/requirements/go.txt" in message
    assert "KUBEBUILDER_ASSETS" in message


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        pytest.param("go1.26.8", (1, 26, 8), id="a release"),
        pytest.param("1.26.0", (1, 26, 0), id="the go line of a go.mod"),
        pytest.param("go1.27rc1", (1, 27), id="a release candidate"),
        pytest.param("devel go1.28-abcdef", (), id="a development build says nothing that can be compared"),
    ],
)
def test_version_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert version_numbers(version) == numbers
