"""Finds the files to read. What is no manifest by itself is left out where a folder was given, and said: nothing is lost silently.

- Templates of Helm charts (below the folder `templates` beside a `Chart.yaml`) are no YAML before Helm has made it.
- Patches that a `kustomization.yaml` names are parts of objects.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.lint.composing import Json, UnreadableError
from azure_vpn_operator.azvpn.lint.documents import read_documents
from azure_vpn_operator.azvpn.lint.findings import Place

STDIN: Final = "<stdin>"
KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CHART: Final = "Chart.yaml"
_NO_MANIFESTS: Final = frozenset({*KUSTOMIZATIONS, _CHART})
_ENDINGS: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read."""

    name: str
    text: str
    is_template: bool = False
    """Whether it is one of a Helm chart."""


@dataclass(slots=True)
class _Folder:
    """What is known of a folder that was given."""

    templates: set[str] = field(default_factory=set)
    """Folders whose files are templates of a chart."""
    patches: set[str] = field(default_factory=set)
    """Files that are patches, as real paths."""


def read_sources(paths: Sequence[str], skipped: list[str]) -> Iterator[Source | UnreadableError]:
    """Yield each file once, in the order of the paths, those of a folder by name; patches go to `skipped`.

    Raises ToolError for a path that is not there, and for a folder without any manifest.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == "-":
            yield _read_text(STDIN, sys.stdin.buffer.read)
        elif Path(path).is_dir():
            yield from _read_folder(path, skipped, seen)
        elif Path(path).exists():
            yield from _read_once(path, seen)
        else:
            raise ToolError(f"{path} does not exist; give files, folders, or - for the standard input")


def _read_folder(top: str, skipped: list[str], seen: set[tuple[int, int]]) -> Iterator[Source | UnreadableError]:
    files = list(_walk(top))
    if not any(file.endswith(_ENDINGS) for file in files):
        raise ToolError(f"{top} has no file that ends in .yaml, .yml or .json")
    folder = _look_at(files)
    for file in files:
        if not file.endswith(_ENDINGS) or file.rpartition(os.sep)[2] in _NO_MANIFESTS:
            continue
        if folder.patches and str(Path(file).resolve()) in folder.patches:
            skipped.append(file)
            continue
        is_template = any(file.startswith(f"{templates}{os.sep}") for templates in folder.templates)
        yield from _read_once(file, seen, is_template=is_template)


def _walk(top: str) -> Iterator[str]:
    for where, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (f"{where.removesuffix(os.sep)}{os.sep}{name}" for name in sorted(files))


def _look_at(files: Sequence[str]) -> _Folder:
    found = _Folder()
    for file in files:
        folder, _, name = file.rpartition(os.sep)
        if name == _CHART:
            found.templates.add(f"{folder}{os.sep}templates")
        elif name in KUSTOMIZATIONS:
            found.patches |= {str((Path(folder) / patch).resolve()) for patch in _patches_of(file)}
    return found


def _patches_of(file: str) -> Iterator[str]:
    try:
        documents = [document.value for document in read_documents(file, Path(file).read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError, UnreadableError):
        # A broken kustomization is not ours to judge.
        return
    for document in documents:
        if not isinstance(document, dict):
            continue
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            yield from _names(document.get(key))


def _names(patches: Json) -> Iterator[str]:
    for patch in patches if isinstance(patches, list) else ():
        name = patch.get("path") if isinstance(patch, dict) else patch
        if isinstance(name, str) and re.fullmatch(r"[^\n:{]+", name):
            yield name


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
