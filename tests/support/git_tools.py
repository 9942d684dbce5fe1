"""What the tools of GitOps make of an object, asked of the code that they run themselves: kstatus' library, and Argo CD's Lua."""

import copy
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`InProgress`, `Current`, `Failed` or `Terminating`, and the words that go with it."""

    status: str
    message: str


class Kstatus:
    """The library by which Flux, Config Sync and kpt judge objects."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def judge(self, documents: Iterable[Document]) -> list[Verdict]:
        """One verdict for each object, in order."""
        return [Verdict(**answer) for answer in _ask(self._program, documents)]


class ArgoLua:
    """Our scripts, run as Argo CD runs those of argocd-cm: with its interpreter and no more libraries."""

    def __init__(self, program: Path, customizations: Path) -> None:
        self._program = program
        self._customizations = customizations

    def folder(self, document: Mapping[str, Any]) -> Path:
        """The folder with the scripts of the object's kind."""
        return self._customizations / str(document["apiVersion"]).partition("/")[0] / str(document["kind"])

    def health(self, documents: Sequence[Document]) -> list[Verdict]:
        """The health of each object, in order. Of one that is being deleted Argo CD does not ask, but the script has to answer."""
        return [Verdict(**answer) for answer in self._run("health.lua", documents)]

    def offered(self, document: Document) -> dict[str, bool]:
        """Which actions are shown for the object, and whether each can be chosen."""
        (found,) = self._run("actions/discovery.lua", [document])
        return {name: not action.get("disabled", False) for name, action in found.items()}

    def act(self, document: Document, action: str) -> Document:
        """The object as the action wants it; Lua cannot tell an empty list from an empty map, so what was empty stays as it was."""
        (found,) = self._run(f"actions/{action}/action.lua", [document])
        return dict(_restored(found, document))

    def _run(self, script: str, documents: Sequence[Document]) -> list[Any]:
        scripts = {path: path.read_text() for path in {self.folder(document) / script for document in documents}}
        asked = [{"script": scripts[self.folder(document) / script], "object": document} for document in documents]
        answers = _ask(self._program, asked)
        errors = [answer["error"] for answer in answers if "error" in answer]
        assert not errors, errors[0]
        return [answer["result"] for answer in answers]


def _ask(program: Path, questions: Iterable[Any]) -> list[Any]:
    lines = "".join(f"{json.dumps(question)}\n" for question in questions)
    ended = subprocess.run([program], input=lines, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(answers) == len(lines.splitlines())
    return answers


def _restored(new: Any, old: Any) -> Any:
    if isinstance(new, list) and not new and isinstance(old, dict):
        return copy.deepcopy(old)
    if isinstance(new, dict) and isinstance(old, dict):
        return {name: _restored(value, old.get(name)) for name, value in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_restored(*both) for both in zip(new, old, strict=True)]
    return new
