"""Finds the files to read, and reads them. What is no manifest by itself is left out and counted: nothing is lost silently."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.lint.composing import UnreadableError
from azure_vpn_operator.azvpn.lint.findings import Place
from azure_vpn_operator.azvpn.lint.surroundings import CHART, KUSTOMIZATIONS, Surroundings

STDIN: Final = "<stdin>"
_NO_MANIFESTS: Final = frozenset({*KUSTOMIZATIONS, CHART})
_ENDINGS: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read."""

    name: str
    text: str
    is_template: bool = False
    """Whether it is one of a Helm chart."""


def read_sources(paths: Sequence[str], skipped: list[str]) -> Iterator[Source | UnreadableError]:
    """Yield each file once, in the order of the paths, those of a folder by name; patches go to `skipped`.

    Raises ToolError for a path that is not there, and for a folder without any manifest.
    """
    surroundings = Surroundings()
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == "-":
            yield _read_text(STDIN, sys.stdin.buffer.read)
            continue
        if Path(path).is_dir():
            files = _list_folder(path, surroundings)
        elif Path(path).exists():
            surroundings.look_above(path)
            files = [path]
        else:
            raise ToolError(f"{path} does not exist; give files, folders, or - for the standard input")
        for file in files:
            if surroundings.is_patch(file):
                skipped.append(file)
            else:
                yield from _read_once(file, seen, is_template=surroundings.is_template(file))


def _list_folder(top: str, surroundings: Surroundings) -> list[str]:
    files = list(_walk(top))
    if not any(file.endswith(_ENDINGS) for file in files):
        raise ToolError(f"{top} has no file that ends in .yaml, .yml or .json")
    names = {file: file.rpartition(os.sep)[2] for file in files}
    for file, name in names.items():
        if name in _NO_MANIFESTS:
            surroundings.look_at(file)
    return [file for file, name in names.items() if name.endswith(_ENDINGS) and name not in _NO_MANIFESTS]


def _walk(top: str) -> Iterator[str]:
    for where, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (f"{where.removesuffix(os.sep)}{os.sep}{name}" for name in sorted(files))


def _read_once(
    file: str, seen: set[tuple[int, int]], *, is_template: bool = False
) -> Iterator[Source | UnreadableError]:
    path = Path(file)
    try:
        found = path.stat()
    except OSError as error:
        yield _unreadable(file, error)
        return
    if (found.st_dev, found.st_ino) not in seen:
        seen.add((found.st_dev, found.st_ino))
        yield _read_text(file, path.read_bytes, is_template=is_template)


def _read_text(name: str, read: Callable[[], bytes], *, is_template: bool = False) -> Source | UnreadableError:
    try:
        return Source(name, read().decode("utf-8-sig"), is_template)
    except OSError as error:
        return _unreadable(name, error)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return UnreadableError("unreadable", "cannot be read: it is not UTF-8", Place(name, line, 1))


def _unreadable(file: str, error: OSError) -> UnreadableError:
    return UnreadableError("unreadable", f"cannot be read: {error.strerror}", Place(file, 1, 1))
