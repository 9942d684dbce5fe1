"""JUnit's XML, as test reports of CI systems read it: a suite for each file, a case for each object and for what a file itself says."""

from collections import defaultdict
from typing import Final
from xml.etree import ElementTree as ET

from azure_vpn_operator.azvpn.lint.findings import Finding, Report

_TOOL: Final = "kubectl azvpn lint"
_OF_THE_FILE: Final = "file"


def render(report: Report) -> str:
    """Return the document. What fails is a failure of its case; the rest is in the case's output."""
    cases: dict[str, dict[str, list[Finding]]] = defaultdict(dict)
    for file in report.tally.files:
        cases[file] = {}
    for file, title in report.checked:
        cases[file].setdefault(title, [])
    for finding in report.findings:
        cases[finding.place.file].setdefault(finding.object or _OF_THE_FILE, []).append(finding)
    root = ET.Element("testsuites", name=_TOOL)
    for file, found in cases.items():
        if found:
            _add_suite(root, file, found, report)
    for name in ("tests", "failures"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_suite(root: ET.Element, file: str, found: dict[str, list[Finding]], report: Report) -> None:
    suite = ET.SubElement(root, "testsuite", name=_clean(file), errors="0", skipped="0")
    failures = 0
    for title, findings in found.items():
        case = ET.SubElement(suite, "testcase", classname=_clean(file), name=_clean(title), file=_clean(file))
        failing = [finding for finding in findings if report.fails(finding)]
        failures += bool(failing)
        if failing:
            rules = ", ".join(dict.fromkeys(finding.rule for finding in failing))
            failure = ET.SubElement(case, "failure", message=_clean(rules), type=failing[0].severity)
            failure.text = _tell(failing)
        if rest := [finding for finding in findings if not report.fails(finding)]:
            ET.SubElement(case, "system-out").text = _tell(rest)
    suite.set("tests", str(len(found)))
    suite.set("failures", str(failures))


def _tell(findings: list[Finding]) -> str:
    lines = (f"{one.place.file}:{one.place.line}:{one.place.column}: {one.severity}: {one.text}" for one in findings)
    return _clean("\n".join(lines))


def _clean(text: str) -> str:
    """Without characters that XML has no way to write."""
    return "".join(sign if sign in "\t\n\r" or " " <= sign < "\ufffe" or sign > "\uffff" else "\ufffd" for sign in text)
