"""What Helm and Kustomize make of files: templates and patches are no manifests by themselves.

- A template of a chart is below the folder `templates` beside a `Chart.yaml`, and no YAML before Helm has made it.
- A patch that a `kustomization.yaml` names is a part of an object.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from azure_vpn_operator.azvpn.lint.composing import Json, UnreadableError
from azure_vpn_operator.azvpn.lint.documents import read_documents

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART: Final = "Chart.yaml"
_TELLING: Final = (CHART, *KUSTOMIZATIONS)
_LEVELS: Final = 8
"""So far above a file that was given by name, unless the repository begins before."""


class Surroundings:
    """What has been seen of charts and kustomizations."""

    def __init__(self) -> None:
        self._templates: set[Path] = set()
        self._patches: set[Path] = set()
        self._seen: set[Path] = set()

    def look_at(self, file: str) -> None:
        """Learn from a file, if it is a chart's or a kustomization."""
        path = Path(file)
        if path.name == CHART:
            self._templates.add(path.parent.resolve() / "templates")
        elif path.name in KUSTOMIZATIONS:
            self._patches |= {(path.parent / patch).resolve() for patch in _patches_of(path)}

    def look_above(self, file: str) -> None:
        """Learn from what is in the folders above a file."""
        for folder in Path(file).absolute().parents[:_LEVELS]:
            if folder in self._seen:
                return
            self._seen.add(folder)
            for name in _TELLING:
                if (folder / name).is_file():
                    self.look_at(str(folder / name))
            if (folder / ".git").exists():
                return

    def is_template(self, file: str) -> bool:
        """Whether it is a template of a chart that was seen."""
        return bool(self._templates) and not self._templates.isdisjoint(Path(file).resolve().parents)

    def is_patch(self, file: str) -> bool:
        """Whether a kustomization that was seen names it as a patch."""
        return bool(self._patches) and Path(file).resolve() in self._patches


def _patches_of(file: Path) -> Iterator[str]:
    try:
        documents = [document.value for document in read_documents(str(file), file.read_text(encoding="utf-8"))]
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
        # A patch may also be written down right there.
        if isinstance(name, str) and re.fullmatch(r"[^\n:{]+", name):
            yield name
