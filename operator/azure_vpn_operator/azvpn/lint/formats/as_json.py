"""For programs."""

import json
from typing import Any

from azure_vpn_operator.azvpn.lint.findings import Finding, Report, Severity


def render(report: Report) -> str:
    """Return one JSON object: `findings`, and a `summary` of what was looked at."""
    tally = report.tally
    document = {
        "findings": [_finding(finding) for finding in report.findings],
        "summary": {
            **{f"{severity}s": report.count(severity) for severity in Severity},
            "failed": report.has_failed,
            "files": len(tally.files),
            "objects": tally.objects,
            "otherDocuments": tally.others,
            "skippedFiles": tally.skipped,
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    fields = {
        "severity": finding.severity,
        "rule": finding.rule,
        "message": finding.message,
        "hint": finding.hint,
        "source": finding.source,
        "object": finding.object or None,
        "field": finding.field or None,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "template": place.template,
    }
    return {name: value for name, value in fields.items() if value is not None}
