"""SARIF 2.1.0, as code scanning reads it."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from azure_vpn_operator.azvpn.lint.findings import Finding, Report
from azure_vpn_operator.azvpn.lint.rule_texts import describe
from azure_vpn_operator.azvpn.lint.sources import STDIN

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report) -> str:
    """Return the log: one run, with the rules that it broke."""
    rules = list(dict.fromkeys(finding.rule for finding in report.findings))
    driver = {
        "name": "kubectl-azvpn lint",
        "semanticVersion": version("azure-vpn-operator"),
        "rules": [_rule(rule, report.findings) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(finding, rules.index(finding.rule)) for finding in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: str, findings: Iterable[Finding]) -> dict[str, Any]:
    first = next(finding for finding in findings if finding.rule == rule)
    text = describe(rule)
    described: dict[str, Any] = {
        "id": rule,
        "shortDescription": {"text": text.summary if text is not None else first.message},
        "defaultConfiguration": {"level": first.severity.value},
    }
    if text is not None and text.action:
        described["help"] = {"text": text.action}
    return described


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place = finding.place
    region = {"startLine": place.line, "startColumn": place.column}
    if place.end_line is not None and place.end_column is not None:
        region |= {"endLine": place.end_line, "endColumn": place.end_column}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(place.file)}, "region": region}}
    if finding.object:
        name = f"{finding.object} {finding.field}".strip()
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": finding.text},
        "locations": [location],
    }
    if finding.source is not None:
        result["properties"] = {"source": finding.source}
    return result


def _uri(file: str) -> str:
    """A relative path stays relative: code scanning takes it from the root of the repository."""
    if file == STDIN:
        return "stdin"
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
