import json
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.azvpn.lint.findings import Finding, Place, Report, Severity, Tally
from azure_vpn_operator.azvpn.lint.formats import as_json, github, junit, sarif, text
from azure_vpn_operator.azvpn.lint.rule_texts import describe

ERROR = Finding(
    Severity.ERROR,
    "enum",
    'Unsupported value: "x, y: 5%": supported values: "A"',
    Place("my files/a.yaml", 8, 12, 8, 20),
    "spec.dhGroup",
    "IpsecPolicy net/a",
    hint="did you mean A?",
)
WARNING = Finding(
    Severity.WARNING, "floor-dh-group", "too weak", Place("<stdin>", 3, 1, template="c/templates/a.yaml"),
    "spec.dhGroup", "IpsecPolicy net/b", source="RFC 8247",
)  # fmt: skip
NOTE = Finding(Severity.NOTE, "short-lifetime", "rekeys often", Place("<stdin>", 4, 1), "spec.x", "IpsecPolicy net/b")
OF_A_FILE = Finding(Severity.ERROR, "yaml-syntax", "not YAML\nat all", Place("b,c:d.yaml", 1, 1))


def a_report(*findings: Finding, strict: bool = False) -> Report:
    files = list(dict.fromkeys([*(one.place.file for one in findings), "good.yaml"]))
    tally = Tally(files, {"IpsecPolicy": 2, "VpnConnection": 1}, others=2, skipped=["t.yaml"])
    checked = [(one.place.file, one.object) for one in findings if one.object]
    return Report(findings, tally, (*dict.fromkeys(checked), ("good.yaml", "VpnConnection net/c")), strict)


ALL = a_report(ERROR, WARNING, NOTE, OF_A_FILE)


def test_text_is_a_block_for_each_file_and_a_summary() -> None:
    assert text.render(ALL) == (
        "my files/a.yaml\n"
        '  8:12  error    spec.dhGroup: Unsupported value: "x, y: 5%": supported values: "A" [enum]\n'
        "                 did you mean A?\n"
        "\n"
        "<stdin>\n"
        "  3:1  warning  spec.dhGroup: too weak [floor-dh-group]\n"
        "                made by c/templates/a.yaml\n"
        "  4:1  note     spec.x: rekeys often [short-lifetime]\n"
        "\n"
        "b,c:d.yaml\n"
        "  1:1  error    not YAML\n"
        "                at all [yaml-syntax]\n"
        "\n"
        "2 errors, 1 warning, 1 note in 4 files: 2 IpsecPolicies, 1 VpnConnection, 2 documents of other kinds skipped, "
        "1 template or patch skipped\n"
    )


def test_text_moves_no_cursor() -> None:
    shown = text.render(a_report(Finding(Severity.ERROR, "x", "a\x1b[2Jb", Place("\x9b.yaml", 1, 1), hint="\r")))

    assert not any((ord(sign) < 32 and sign != "\n") or 127 <= ord(sign) < 160 for sign in shown)


def test_text_says_when_there_was_nothing_of_ours() -> None:
    assert text.render(Report((), Tally(["a.yaml"]), ())) == "nothing found in 1 file: no object of azvpn.dev\n"


@pytest.mark.parametrize(
    ("terminal", "variable", "coloured"),
    [
        pytest.param(True, None, True, id="on a terminal"),
        pytest.param(True, "1", False, id="where nobody wants colour"),
        pytest.param(True, "", True, id="where NO_COLOR is empty, which means nothing"),
        pytest.param(False, None, False, id="into a file"),
    ],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, terminal: bool, variable: str | None, coloured: bool) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if variable is not None:
        monkeypatch.setenv("NO_COLOR", variable)

    assert ("\033[" in text.render(ALL)) == coloured


def test_json_has_every_fact() -> None:
    document = json.loads(as_json.render(ALL))

    assert document["findings"][0] == {
        "severity": "error",
        "rule": "enum",
        "message": ERROR.message,
        "hint": "did you mean A?",
        "object": "IpsecPolicy net/a",
        "field": "spec.dhGroup",
        "file": "my files/a.yaml",
        "line": 8,
        "column": 12,
        "endLine": 8,
        "endColumn": 20,
    }
    assert document["findings"][1]["source"] == "RFC 8247"
    assert document["findings"][1]["template"] == "c/templates/a.yaml"
    assert document["summary"] == {
        "errors": 2,
        "warnings": 1,
        "notes": 1,
        "failed": True,
        "files": 4,
        "objects": {"IpsecPolicy": 2, "VpnConnection": 1},
        "otherDocuments": 2,
        "skippedFiles": ["t.yaml"],
    }


def test_github_gets_one_escaped_command_for_each_finding() -> None:
    assert github.render(ALL).splitlines() == [
        (
            "::error file=my files/a.yaml,line=8,col=12,endLine=8,endColumn=20,title=IpsecPolicy net/a::"
            'spec.dhGroup: Unsupported value: "x, y: 5%25": supported values: "A" [enum]; did you mean A?'
        ),
        (
            "::warning file=<stdin>,line=3,col=1,title=IpsecPolicy net/b::"
            "spec.dhGroup: too weak [floor-dh-group] (template c/templates/a.yaml)"
        ),
        "::notice file=<stdin>,line=4,col=1,title=IpsecPolicy net/b::spec.x: rekeys often [short-lifetime]",
        "::error file=b%2Cc%3Ad.yaml,line=1,col=1,title=yaml-syntax::not YAML%0Aat all [yaml-syntax]",
    ]


def test_junit_has_a_case_for_each_object_and_fails_what_fails() -> None:
    root = ET.fromstring(junit.render(ALL).partition("\n")[2])
    suites = {suite.get("name"): suite for suite in root}

    assert (root.get("tests"), root.get("failures")) == ("4", "2")
    assert list(suites) == ["my files/a.yaml", "<stdin>", "b,c:d.yaml", "good.yaml"]
    (good,) = suites["good.yaml"]
    assert (good.get("name"), list(good)) == ("VpnConnection net/c", [])
    (bad,) = suites["my files/a.yaml"]
    failure = bad.find("failure")
    assert failure is not None
    assert failure.get("message") == "enum"
    assert str(failure.text).startswith("my files/a.yaml:8:12: error: spec.dhGroup: Unsupported value")
    (warned,) = suites["<stdin>"]
    assert warned.find("failure") is None
    assert "too weak" in str(warned.findtext("system-out"))


def test_junit_fails_warnings_where_they_fail() -> None:
    root = ET.fromstring(junit.render(a_report(WARNING, NOTE, strict=True)).partition("\n")[2])
    failure = root.find("testsuite/testcase/failure")

    assert failure is not None
    assert (failure.get("type"), root.get("failures")) == ("warning", "1")
    assert "rekeys often" in str(root.findtext("testsuite/testcase/system-out"))


@pytest.fixture(scope="module")
def run() -> dict[str, Any]:
    log = json.loads(sarif.render(ALL))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (found,) = log["runs"]
    return dict(found)


def test_sarif_describes_each_rule_once_and_results_refer_to_it(run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]

    assert run["tool"]["driver"]["name"] == "kubectl-azvpn lint"
    assert [rule["id"] for rule in rules] == ["enum", "floor-dh-group", "short-lifetime", "yaml-syntax"]
    assert all(rule["shortDescription"]["text"] for rule in rules)
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "warning", "note", "error"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]


def test_sarif_says_where_each_result_is(run: dict[str, Any]) -> None:
    (location,) = run["results"][0]["locations"]

    assert run["columnKind"] == "unicodeCodePoints"
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20files/a.yaml"},
        "region": {"startLine": 8, "startColumn": 12, "endLine": 8, "endColumn": 20},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "IpsecPolicy net/a spec.dhGroup", "kind": "object"}]
    assert run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "stdin"}
    assert run["results"][1]["properties"] == {"source": "RFC 8247"}
    assert run["results"][3]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "b%2Cc%3Ad.yaml"}


def test_sarif_without_findings_is_a_run_without_results() -> None:
    (found,) = json.loads(sarif.render(Report((), Tally(), ())))["runs"]

    assert (found["results"], found["tool"]["driver"]["rules"]) == ([], [])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        pytest.param("enum", "one of those", id="of the schema"),
        pytest.param("ipsec-gcm-pair", "same GCMAES algorithm", id="of ours"),
        pytest.param("PairKeyMismatch", "different Secrets", id="a reason of the operator"),
        pytest.param("floor-dh-group", "crypto floor", id="of a floor"),
    ],
)
def test_rules_are_described(rule: str, says: str) -> None:
    described = describe(rule)

    assert described is not None
    assert says in described.summary


_ANY = st.builds(
    Finding,
    st.sampled_from(Severity),
    st.text(min_size=1),
    st.text(),
    st.builds(Place, st.text(min_size=1), st.integers(1), st.integers(1)),
    st.text(),
    st.text(),
)


@given(st.lists(_ANY, max_size=4))
def test_whatever_is_said_the_forms_stay_whole(findings: list[Finding]) -> None:
    report = a_report(*findings)

    assert len(json.loads(as_json.render(report))["findings"]) == len(findings)
    assert len(json.loads(sarif.render(report))["runs"][0]["results"]) == len(findings)
    assert ET.fromstring(junit.render(report).partition("\n")[2]).tag == "testsuites"
    assert github.render(report).count("\n") == len(findings)
    assert text.render(report).endswith("skipped\n")
