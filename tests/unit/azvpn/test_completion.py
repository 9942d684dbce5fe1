import pytest

from azure_vpn_operator.azvpn import completion
from azure_vpn_operator.azvpn.cli import COMMANDS
from azure_vpn_operator.azvpn.completion import FILES, NO_FILES, complete
from azure_vpn_operator.azvpn.failure import ToolError


class Cluster:
    """A kubectl that lists two policies and knows which flags it got."""

    def __init__(self, options: object) -> None:
        self.options = vars(options)

    def __call__(self, *arguments: str) -> str:
        if self.options.get("context") == "gone":
            raise ToolError("no such context")
        names = ("north",) if self.options.get("namespace") == "red" else ("site6", "site7")
        return "".join(f"{arguments[1].partition('.')[0]}.azvpn.dev/{name}\n" for name in names)


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "Kubectl", Cluster)


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        pytest.param(["rollout", "u"], ["undo"], id="an action"),
        pytest.param(["rollout", "undo", ""], ["site6", "site7"], id="names of policies"),
        pytest.param(["rollout", "undo", "site7"], ["site7"], id="a name that is begun"),
        pytest.param(["rollout", "undo", "-n", "red", ""], ["north"], id="names in the namespace that was given"),
        pytest.param(["rollout", "undo", "--context", "gone", ""], [], id="no cluster, no error"),
        pytest.param(["rollout", "undo", "--fo"], ["--force"], id="an option of an action"),
        pytest.param(["status", "--al"], ["--all-namespaces"], id="an option"),
        pytest.param(["status", "-o", ""], ["table", "json"], id="values of an option"),
        pytest.param(["strength", "--floor", "f"], ["fips"], id="a value that is begun"),
        pytest.param(["explain", ""], ["site6", "site7"], id="names of connections"),
        pytest.param(["explain", "site6", "--az"], ["--azure"], id="an option after a name"),
        pytest.param(["status", ""], [], id="nothing to say"),
        pytest.param(["unknown", ""], [], id="a command that is none"),
    ],
)
def test_tab_offers(words: list[str], candidates: list[str]):
    assert complete(words) == (candidates, NO_FILES)


def test_tab_offers_the_commands_with_what_they_do():
    found, directive = complete([""])

    assert [line.partition("\t")[0] for line in found] == list(COMMANDS)
    assert all(line.partition("\t")[2] for line in found)
    assert directive == NO_FILES


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["status", "--kubeconfig", ""], id="of an option"),
        pytest.param(["lint", ""], id="of an argument"),
        pytest.param(["import", "--output-dir", ""], id="a folder"),
    ],
)
def test_where_a_file_is_asked_for_the_shell_offers_files(words: list[str]):
    assert complete(words) == ([], FILES)


def test_the_directive_comes_last(capsys: pytest.CaptureFixture[str]):
    assert completion.main(["stat"]) == 0
    assert capsys.readouterr().out.endswith(f"\n:{NO_FILES}\n")
