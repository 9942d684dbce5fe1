import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azure_vpn_operator.azvpn.lint.findings import Finding, Report
from azure_vpn_operator.azvpn.lint.linting import lint

Lint = Callable[..., Report]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], str]:
    """Write a file of the working folder: a text, or objects, one in a line."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: Any) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(f"---\n{json.dumps(document)}\n" for document in content)
        path.write_text(content, encoding="utf-8")
        return name

    return write


@pytest.fixture
def lint_objects(put: Callable[[str, Any], str]) -> Lint:
    """Lint objects, which come into one file."""

    def run(*objects: Any, profile: str = "none", namespace: str = "default", strict: bool = False) -> Report:
        return lint([put("all.yaml", list(objects))], profile, namespace, strict=strict)

    return run


def told(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.severity.value, finding.rule, finding.field) for finding in findings]
