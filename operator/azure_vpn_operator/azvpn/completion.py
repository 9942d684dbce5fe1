"""`kubectl_complete-azvpn`: what kubectl asks when somebody presses Tab after `kubectl azvpn`.

kubectl gives the words so far, the last of which is being typed, and takes candidates, one a line, with a tab before a description,
and a last line `:DIRECTIVE` (kubectl's documentation of plugins; the directives are those of its library cobra).
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from azure_vpn_operator.azvpn.cli import COMMANDS, load_arguments
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import CONNECTIONS, POLICIES, Kubectl

NO_FILES: Final = 4
FILES: Final = 0
"""Directives: the shell offers files, or nothing, where there are no candidates."""
_OBJECTS: Final = {"POLICY": POLICIES, "NAME": CONNECTIONS}
"""Placeholder of an argument -> the kind whose names it takes."""
_FILES: Final = {"FILE", "PATH", "DIR"}


def main(words: Sequence[str] | None = None) -> int:
    """Print the candidates; returns 0, also where there are none."""
    given = list(sys.argv[1:] if words is None else words) or [""]
    candidates, directive = complete(given)
    sys.stdout.write("".join(f"{candidate}\n" for candidate in candidates) + f":{directive}\n")
    return 0


def complete(words: Sequence[str]) -> tuple[list[str], int]:
    """Return the candidates for the last word, and the directive."""
    *before, typed = words
    if not before or before[0] not in COMMANDS:
        names = [f"{name}\t{entry.summary}" for name, entry in COMMANDS.items()]
        return ([name for name in names if name.startswith(typed)] if not before else []), NO_FILES
    taken = _arguments_of(before[0])
    rest = before[1:]
    if rest and taken.commands and rest[0] in taken.commands:
        taken = taken.commands[rest.pop(0)]
    elif taken.commands:
        return [name for name in taken.commands if name.startswith(typed)], NO_FILES
    option = taken.options.get(rest[-1]) if rest else None
    if option is not None and not option.is_switch:
        return _values(option, before, typed)
    if typed.startswith("-"):
        return [name for name in taken.options if name.startswith(typed) and name.startswith("--")], NO_FILES
    if not taken.positionals:
        return [], NO_FILES
    return _values(taken.positionals[0], before, typed)


class _Argument:
    def __init__(self, **how: Any) -> None:
        self.is_switch = "action" in how and how["action"] != "append"
        self.choices: Sequence[str] = [str(choice) for choice in how.get("choices") or ()]
        self.placeholder = str(how.get("metavar", ""))


class _Arguments:
    """Stands in for a parser, and keeps what a command says of its arguments."""

    def __init__(self) -> None:
        self.options: dict[str, _Argument] = {}
        self.positionals: list[_Argument] = []
        self.commands: dict[str, _Arguments] = {}

    def add_argument(self, *names: str, **how: Any) -> None:
        argument = _Argument(**how)
        for name in names:
            if name.startswith("-"):
                self.options[name] = argument
            else:
                self.positionals.append(argument)

    def add_argument_group(self, *_: Any, **__: Any) -> "_Arguments":
        return self

    def add_mutually_exclusive_group(self, **_: Any) -> "_Arguments":
        return self

    def add_subparsers(self, **_: Any) -> "_Arguments":
        return self

    def add_parser(self, name: str, **_: Any) -> "_Arguments":
        return self.commands.setdefault(name, _Arguments())

    def set_defaults(self, **_: Any) -> None:
        """Nothing to complete."""


def _arguments_of(command: str) -> _Arguments:
    found = _Arguments()
    load_arguments(command).add_arguments(cast("argparse.ArgumentParser", found))
    return found


def _values(argument: _Argument, before: Sequence[str], typed: str) -> tuple[list[str], int]:
    if argument.placeholder in _FILES:
        return [], FILES
    candidates = argument.choices or list(_names(argument.placeholder, before))
    return [name for name in candidates if name.startswith(typed)], NO_FILES


def _names(placeholder: str, before: Sequence[str]) -> Iterator[str]:
    """Names of objects, where the cluster can be reached; whoever presses Tab wants no error."""
    kind = _OBJECTS.get(placeholder)
    if kind is None:
        return
    try:
        printed = Kubectl(_cluster_flags(before))("get", kind, "--output=name", "--request-timeout=3s")
    except ToolError:
        return
    for line in printed.splitlines():
        yield line.partition("/")[2]


def _cluster_flags(before: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    for names in (("--kubeconfig",), ("--context",), ("-n", "--namespace")):
        parser.add_argument(*names)
    return parser.parse_known_args(list(before))[0]
