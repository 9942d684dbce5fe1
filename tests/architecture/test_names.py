"""The folder `operator/` has the name of a standard module, and other modules could: both break programs far away."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("operator/azure_vpn_operator", "simulator/azure_vpn_simulator", "hack/workbench", "tests/support")


def test_operator_folder_holds_the_package_and_nothing_else() -> None:
    left_by_tools = {"__pycache__", ".DS_Store"}
    entries = {path.name for path in (REPOSITORY / "operator").iterdir()} - left_by_tools

    assert entries == {"azure_vpn_operator"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-c", "import operator; assert operator.add(1, 2) == 3"], id="a script at the root"),
        pytest.param(["-c", "import collections, azure_vpn_operator"], id="the package beside the standard library"),
        pytest.param(["-m", "pytest", "--version"], id="a tool started as a module at the root"),
    ],
)
def test_standard_library_is_not_shadowed(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    modules = [path for source in SOURCES for path in (REPOSITORY / source).rglob("*.py")]
    clashes = [path for path in modules if path.stem in sys.stdlib_module_names and not path.stem.startswith("__")]
    packages = [path for source in SOURCES for path in (REPOSITORY / source).rglob("*/") if path.is_dir()]
    clashes += [path for path in packages if path.name in sys.stdlib_module_names]

    assert modules
    assert clashes == []
