"""`pip install azure-vpn-operator` brings the tool without what the controller needs, and each says what is missing."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
EXTRA = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["controller"]
ABSENT = {Requirement(line).name for line in EXTRA}
BLOCKED = sorted(
    module
    for module, distributions in packages_distributions().items()
    if set(distributions) & ABSENT or module == "azure"
)

WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Absent())
sys.argv = {arguments!r}
from {module} import main
sys.exit(main())
"""


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program's main function where the extra's libraries cannot be imported."""
    code = WITHOUT.format(blocked=BLOCKED, arguments=["program", *arguments], module=module)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_list_of_what_is_absent_is_not_empty() -> None:
    assert {"kopf", "azure", "kubernetes", "aiohttp"} <= set(BLOCKED)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--help"], id="the list of commands"),
        pytest.param(["--version"], id="the version"),
        pytest.param(["explain", "--help"], id="a command that may ask Azure"),
    ],
)
def test_the_tool_works_without_the_controllers_libraries(arguments: list[str]) -> None:
    ended = run("azure_vpn_operator.azvpn.cli", *arguments)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout


def test_the_controller_says_what_to_install() -> None:
    ended = run("azure_vpn_operator.__main__", "run")

    assert ended.returncode == 2
    assert ended.stderr.startswith("azure-vpn-operator: the library ")
    assert ended.stderr.endswith("is not installed: pip install 'azure-vpn-operator[controller]'\n")


@pytest.mark.parametrize(
    "arguments", [pytest.param(["plan", "x.yaml"], id="plan"), pytest.param(["import", "-g", "TestRG1"], id="import")]
)
def test_what_asks_azure_says_what_to_install(arguments: list[str]) -> None:
    ended = run("azure_vpn_operator.azvpn.cli", *arguments)

    assert ended.returncode == 2
    assert ended.stderr.endswith(": pip install 'azure-vpn-operator[controller]'\n")
