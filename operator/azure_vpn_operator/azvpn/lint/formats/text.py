"""For people: one block for each file, and what was looked at."""

import os
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from azure_vpn_operator.azvpn.lint.findings import Finding, Report, Severity

_COLOURS: Final = {Severity.ERROR: "\033[31m", Severity.WARNING: "\033[33m", Severity.NOTE: "\033[36m"}
_CONTROL: Final = dict.fromkeys((*range(10), *range(11, 32), *range(127, 160)), "\ufffd")
"""What may be in a name or a value and would move a terminal's cursor."""
_BOLD: Final = "\033[1m"
_END: Final = "\033[0m"
_WIDTH: Final = 7
"""Of the longest severity."""


def render(report: Report) -> str:
    """Return the report; in colour on a terminal, unless NO_COLOR is set."""
    return "".join(
        f"{line}\n" for line in _lines(report, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    )


def _lines(report: Report, *, colour: bool) -> Iterator[str]:
    for file, found in groupby(report.findings, key=lambda finding: finding.place.file):
        name = _plain(file)
        yield f"{_BOLD}{name}{_END}" if colour else name
        findings = list(found)
        width = max(len(_position(finding)) for finding in findings)
        for finding in findings:
            yield from _tell(finding, width, colour=colour)
        yield ""
    yield _summary(report)


def _tell(finding: Finding, width: int, *, colour: bool) -> Iterator[str]:
    severity = finding.severity.ljust(_WIDTH)
    shown = f"{_COLOURS[finding.severity]}{severity}{_END}" if colour else severity
    field = f"{finding.field}: " if finding.field else ""
    lines = _plain(f"{field}{finding.message} [{finding.rule}]").split("\n")
    yield f"  {_position(finding).ljust(width)}  {shown}  {lines[0]}"
    if finding.hint:
        lines.append(_plain(finding.hint))
    if finding.place.template:
        lines.append(f"made by {_plain(finding.place.template)}")
    indent = " " * (width + _WIDTH + 6)
    yield from (f"{indent}{line}" for line in lines[1:])


def _plain(text: str) -> str:
    return text.translate(_CONTROL)


def _position(finding: Finding) -> str:
    return f"{finding.place.line}:{finding.place.column}"


def _summary(report: Report) -> str:
    tally = report.tally
    found = [_count(report.count(severity), severity) for severity in Severity if report.count(severity)]
    seen = [_count(number, kind) for kind, number in sorted(tally.objects.items())] or ["no object of azvpn.dev"]
    if tally.others:
        seen.append(f"{_count(tally.others, 'document')} of other kinds skipped")
    if tally.skipped:
        seen.append(f"{_count(len(tally.skipped), 'template or patch', 'templates or patches')} skipped")
    return f"{', '.join(found) or 'nothing found'} in {_count(len(tally.files), 'file')}: {', '.join(seen)}"


def _count(number: int, one: str, many: str | None = None) -> str:
    plural = many or (f"{one[:-1]}ies" if one.endswith("cy") else f"{one}s")
    return f"{number} {one if number == 1 else plural}"
