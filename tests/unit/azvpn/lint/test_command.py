import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.azvpn.cli import COMMANDS, main
from azure_vpn_operator.azvpn.lint.command import FORMATS, PROFILES
from azure_vpn_operator.azvpn.lint.judging import load_schemas
from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor
from support.cases.crypto import BEST
from support.cases.objects import policy

Put = Callable[[str, Any], str]
HEAVY = ("pydantic", "kopf", "azure", "kubernetes", "aiohttp", "asyncio", "ssl", "importlib.metadata", "urllib.request")


@pytest.mark.parametrize(
    ("changes", "options", "code"),
    [
        pytest.param(BEST, [], 0, id="nothing is wrong"),
        pytest.param({}, [], 0, id="warnings alone"),
        pytest.param({}, ["--strict"], 1, id="warnings that fail"),
        pytest.param({}, ["--strict", "--profile", "none"], 0, id="nobody asked about strength"),
        pytest.param({"dhGroup": "x"}, [], 1, id="an error"),
    ],
)
@pytest.mark.parametrize("output", FORMATS)
def test_exit_codes_are_the_same_in_every_form(
    put: Put, capsys: pytest.CaptureFixture[str], output: str, changes: dict[str, Any], options: list[str], code: int
) -> None:
    path = put("a.yaml", [policy(**changes)])

    assert main(["lint", path, "--output", output, *options]) == code
    assert capsys.readouterr().out or output == "github"


def test_what_cannot_be_run_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "no-such-file.yaml"]) == 2
    assert capsys.readouterr().err == (
        f"{'azvpn'} lint: no-such-file.yaml does not exist; give files, folders, or - for the standard input\n"
    )


def test_profiles_are_the_floors_and_none() -> None:
    assert (*CryptoFloor, "none") == PROFILES


def test_the_schemas_have_both_kinds_without_what_only_people_read() -> None:
    schemas = load_schemas()

    assert set(schemas) == {"IpsecPolicy", "VpnConnection"}
    assert "description" not in schemas["IpsecPolicy"]["spec"]["properties"]["dhGroup"]


def test_the_hook_for_pre_commit_calls_a_program_and_a_command_that_there_are() -> None:
    root = Path(__file__).parents[4]
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, command = hook["entry"].split()

    assert (hook["id"], hook["language"], hook["types"]) == ("azvpn-lint", "python", ["yaml"])
    assert program in tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert command in COMMANDS


@pytest.mark.slow
@pytest.mark.parametrize("output", FORMATS)
def test_nothing_heavy_is_loaded(put: Put, output: str) -> None:
    """Half a second of a start, for every file that somebody saves."""
    path = put("a.yaml", [policy()])
    heavy = [name for name in HEAVY if (output, name) != ("sarif", "importlib.metadata")]
    code = (
        "import sys\nfrom azure_vpn_operator.azvpn.cli import COMMANDS, main\n"
        f"main(['lint', {path!r}, '--output', {output!r}])\n"
        f"sys.stderr.write(' '.join(name for name in {heavy!r} if name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stderr == ""
    assert ended.stdout
