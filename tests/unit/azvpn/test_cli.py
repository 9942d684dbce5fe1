import argparse
import subprocess
import sys
from importlib.metadata import version
from types import MappingProxyType, ModuleType

import pytest

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import GROUP
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.azvpn import cli, kubectl
from azure_vpn_operator.azvpn.arguments import peer_config, strength
from azure_vpn_operator.azvpn.cli import COMMANDS
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.peer_config.devices import DEVICES
from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor


@pytest.fixture
def greet(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A command of the test's own, beside one whose module is not there."""
    module = ModuleType("greeting")
    module.EXAMPLES = "  kubectl azvpn greet you"  # type: ignore[attr-defined]

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("whom")

    def run(options: argparse.Namespace) -> int:
        match options.whom:
            case "nobody":
                raise ToolError("there is nobody; name somebody")
            case "pipe":
                raise BrokenPipeError
        sys.stdout.write(f"hello {options.whom}\n")
        return 1

    module.add_arguments, module.run = add_arguments, run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "greeting", module)
    commands = {"greet": cli.Entry("greeting", "Say hello"), "other": cli.Entry("no.such.module", "Do something else")}
    monkeypatch.setattr(cli, "COMMANDS", MappingProxyType(commands))
    return module


def test_the_exit_code_is_that_of_the_command(greet: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["greet", "you"]) == 1
    assert capsys.readouterr().out == "hello you\n"


def test_what_the_command_cannot_do_is_said_with_its_name(
    greet: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl-azvpn"])

    assert cli.main(["greet", "nobody"]) == 2
    assert capsys.readouterr().err == "kubectl azvpn greet: there is nobody; name somebody\n"


def test_a_reader_that_has_seen_enough_is_no_failure(greet: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "azure_vpn_operator.azvpn.cli", "lint", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert b"Traceback" not in said


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["greet", "--help"]])
def test_help_loads_no_command_but_the_one_it_is_about(
    greet: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert "Say hello" in shown
    assert ("kubectl azvpn greet you" in shown) == ("greet" in arguments)


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"azure-vpn-operator {version('azure-vpn-operator')}\n"


@pytest.mark.parametrize(
    "arguments",
    [pytest.param([], id="no command"), pytest.param(["dance"], id="a command that is not there")],
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert "lint" in capsys.readouterr().err or not arguments


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_offers_what_a_command_must(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"kubectl azvpn {name}" in shown


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_takes_is_known_without_models(name: str):
    """pydantic alone takes longer than help or Tab may."""
    code = f"import sys; from azure_vpn_operator.azvpn.cli import load_arguments as find; find({name!r}); print('pydantic' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_the_names_that_are_written_down_for_that_are_those_of_the_domain():
    assert list(peer_config.FORMATS) == list(DEVICES)
    assert [floor.value for floor in CryptoFloor] == list(strength.FLOORS)
    assert {model: f"{model.PLURAL}.{GROUP}" for model in (VpnConnection, IpsecPolicy)} == {
        VpnConnection: kubectl.CONNECTIONS,
        IpsecPolicy: kubectl.POLICIES,
    }
