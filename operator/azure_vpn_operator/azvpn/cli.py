"""The command line of `kubectl azvpn`: finds the command, loads its module and no other, and runs it."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

from typing_extensions import override

from azure_vpn_operator.azvpn.failure import ToolError

DISTRIBUTION = "azure-vpn-operator"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A command: its module, and one line for the list."""

    module: str
    """Offers `run`, and what `Arguments` says, unless another one does."""
    summary: str
    arguments: str = ""
    """Offers what `Arguments` says, where the module takes long to load."""


class Arguments(Protocol):
    """What a command takes."""

    EXAMPLES: str
    """Command lines that work, one in a line; `--help` ends with them."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say which arguments the command takes."""


class Command(Protocol):
    """What the module of a command offers."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; returns the exit code. Raises ToolError."""


_COMMANDS = "azure_vpn_operator.azvpn"
_ARGUMENTS = f"{_COMMANDS}.arguments"
COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "lint": Entry(f"{_COMMANDS}.lint.command", "say what the API server and the operator would say of manifests"),
        "plan": Entry(
            f"{_COMMANDS}.planning.command", "say what applying manifests would change in Azure, before it is done"
        ),
        "status": Entry(
            f"{_COMMANDS}.status", "show the fleet: tunnels, changes, what needs a look", f"{_ARGUMENTS}.status"
        ),
        "explain": Entry(
            f"{_COMMANDS}.explain.command", "say why a tunnel is down, and what to do", f"{_ARGUMENTS}.explain"
        ),
        "import": Entry(
            f"{_COMMANDS}.importing.command",
            "write manifests for what exists in Azure or in files",
            f"{_ARGUMENTS}.importing",
        ),
        "rollout": Entry(
            f"{_COMMANDS}.rollout",
            "show, follow, pause, try again or go back on an edit of a policy",
            f"{_ARGUMENTS}.rollout",
        ),
        "reset": Entry(f"{_COMMANDS}.reset", "bring the tunnels of a connection down and up again"),
        "strength": Entry(f"{_COMMANDS}.strength", "show how strong the policies are", f"{_ARGUMENTS}.strength"),
        "peer-config": Entry(
            f"{_COMMANDS}.peer_config.command",
            "write the configuration of the device at the other end",
            f"{_ARGUMENTS}.peer_config",
        ),
    }
)
"""In the order in which `--help` lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program. Returns the exit code: that of the command, or 2 if it could not do what it was asked for."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((argument for argument in given if not argument.startswith("-")), None)
    options = _parser(chosen).parse_args(given)
    try:
        return load(options.command).run(options)
    except ToolError as error:
        sys.stderr.write(f"{_program()} {options.command}: {error}\n")
        return 2
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_program(), description="Answers about Azure VPN connections, before and after a change."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog=_program())
    for name, entry in COMMANDS.items():
        if name != chosen:
            commands.add_parser(name, help=entry.summary)
            continue
        command = load_arguments(name)
        command.add_arguments(
            commands.add_parser(
                name,
                help=entry.summary,
                description=entry.summary,
                epilog=f"examples:\n{command.EXAMPLES}",
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes longer than all the rest of the start."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - see above

        sys.stdout.write(f"{DISTRIBUTION} {version(DISTRIBUTION)}\n")
        parser.exit()


def load_arguments(name: str) -> Arguments:
    """Import what says which arguments a command takes."""
    return cast("Arguments", import_module(COMMANDS[name].arguments or COMMANDS[name].module))


def load(name: str) -> Command:
    """Import the module of a command."""
    return cast("Command", import_module(COMMANDS[name].module))


def _program() -> str:
    called = Path(sys.argv[0]).name
    return "kubectl azvpn" if called.startswith("kubectl-") else "azvpn"


if __name__ == "__main__":
    sys.exit(main())
