"""Workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""

from collections.abc import Iterator
from typing import Final

from azure_vpn_operator.azvpn.lint.findings import Finding, Report, Severity

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report) -> str:
    """Return one command in a line for each finding."""
    return "".join(f"{_command(finding)}\n" for finding in report.findings)


def _command(finding: Finding) -> str:
    properties = ",".join(f"{name}={_escape_property(str(value))}" for name, value in _properties(finding))
    return f"::{_COMMANDS[finding.severity]} {properties}::{_escape(finding.text)}"


def _properties(finding: Finding) -> Iterator[tuple[str, object]]:
    place = finding.place
    yield "file", place.file
    yield "line", place.line
    yield "col", place.column
    if place.end_line is not None and place.end_column is not None:
        yield "endLine", place.end_line
        yield "endColumn", place.end_column
    yield "title", finding.object or finding.rule


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
