"""Files, folders and standard input: what is read, what is left out, and what is said of it."""

import copy
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.lint.findings import Report
from azure_vpn_operator.azvpn.lint.formats import as_json, github, junit, sarif, text
from azure_vpn_operator.azvpn.lint.linting import lint
from support.cases.manifests import make_manifests
from support.cases.objects import DROP, connection, pair_connection, policy

Put = Callable[[str, Any], str]

POLICY = """\
apiVersion: azvpn.dev/v1alpha1
kind: IpsecPolicy
metadata:
  name: site6
spec:
  ikeEncryption: AES256
  ikeIntegrity: SHA384
  dhGroup: ECP384
  ipsecEncryption: GCMAES256
  ipsecIntegrity: GCMAES256
  pfsGroup: ECP384
"""


def run(*paths: str, profile: str = "recommended", namespace: str = "default") -> Report:
    return lint(list(paths), profile, namespace)


def said(report: Report) -> list[tuple[str, str, int, int]]:
    return [(one.rule, one.place.file, one.place.line, one.place.column) for one in report.findings]


def test_a_good_file_has_no_findings(put: Put) -> None:
    report = run(put("a.yaml", POLICY))

    assert report.findings == ()
    assert report.tally.objects == {"IpsecPolicy": 1}
    assert report.checked == (("a.yaml", "IpsecPolicy default/site6"),)


@pytest.mark.parametrize(
    ("old", "new", "rule", "line", "column", "says"),
    [
        pytest.param(
            "dhGroup: ECP384",
            "dhGroup: Group14",
            *("enum", 8, 12, 'Unsupported value: "Group14": supported values: "None", "DHGroup1"'),
            id="a value that is none, in the server's words",
        ),
        pytest.param("dhGroup", "dhgroup", "required", 5, 1, "Required value", id="a field that is missing"),
        pytest.param(
            "  dhGroup:",
            "  DHGroup: a\n  dhGroup:",
            "unknown-field",
            8,
            3,
            'unknown field "spec.DHGroup"',
            id="unknown",
        ),
        pytest.param(
            "  pfs", "  saLifeTimeSeconds: 9\n  pfs", "range", 11, 22, "greater than or equal to 300", id="too small"
        ),
        pytest.param("ECP384\n  ipsec", "5\n  ipsec", "type", 8, 12, "must be of type string", id="a wrong type"),
        pytest.param(
            "ipsecIntegrity: GCMAES256",
            "ipsecIntegrity: SHA256",
            *("ipsec-gcm-pair", 10, 19, "must name the same GCMAES algorithm"),
            id="a rule, in our words",
        ),
        pytest.param("name: site6", "name: Site6", "object-name", 4, 9, "lower case", id="a name that is none"),
        pytest.param("v1alpha1", "v1", "no-such-kind", 1, 13, "azvpn.dev/v1alpha1", id="another version"),
        pytest.param(
            "kind: IpsecPolicy", "kind: IPsecPolicy", "no-such-kind", 2, 7, "IpsecPolicy and", id="another kind"
        ),
        pytest.param("apiVersion: azvpn.dev/v1alpha1\n", "", "no-such-kind", 1, 1, "is not there", id="no version"),
    ],
)
def test_an_error_is_at_its_field(put: Put, old: str, new: str, rule: str, line: int, column: int, says: str) -> None:
    report = run(put("a.yaml", POLICY.replace(old, new, 1)))

    assert (rule, "a.yaml", line, column) in said(report)
    assert any(says in finding.message for finding in report.findings)
    assert report.has_failed


def test_other_kinds_are_skipped_and_counted(put: Put) -> None:
    other = "apiVersion: v1\nkind: Secret\n---\nkind: VpnConnection\napiVersion: example.com/v1\n---\n- a list\n---\n"
    report = run(put("a.yaml", f"{other}{POLICY}"))

    assert report.findings == ()
    assert (report.tally.others, report.tally.objects) == (3, {"IpsecPolicy": 1})


def test_folders_are_read_with_all_below_each_file_once(put: Put) -> None:
    for name in ("b/z.yml", "b/c/a.json", "a.yaml", ".git/x.yaml", "b/readme.md"):
        put(
            name,
            POLICY.replace("site6", f"p{name[0]}{name[2]}".replace(".", "x")) if not name.endswith("json") else "[]",
        )
    report = run("b", ".", "a.yaml", "b/z.yml")

    assert report.tally.files == ["b/z.yml", "b/c/a.json", "./a.yaml"]
    assert [finding.rule for finding in report.findings] == []


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        pytest.param(["missing"], "missing does not exist", id="a path that is not there"),
        pytest.param(["empty"], "no file that ends in", id="a folder without manifests"),
    ],
)
def test_what_cannot_be_meant_is_refused(put: Put, paths: list[str], says: str) -> None:
    put("empty/readme.md", "")

    with pytest.raises(ToolError, match=says):
        run(*paths)


def test_files_that_cannot_be_read_are_errors(put: Put, tmp_path: Path) -> None:
    put("a.yaml", POLICY)
    (tmp_path / "b.yaml").write_bytes(b"a: 1\nb: \xff\n")
    (tmp_path / "c.yaml").symlink_to("nowhere")
    (tmp_path / "d.yaml").mkdir()
    put("d.yaml/e.yaml", "a: [\n")
    report = run(".")

    assert said(report) == [
        ("unreadable", "./b.yaml", 2, 1),
        ("unreadable", "./c.yaml", 1, 1),
        ("yaml-syntax", "./d.yaml/e.yaml", 2, 1),
    ]
    assert report.has_failed


def test_a_broken_document_loses_nothing_before_it(put: Put) -> None:
    report = run(put("a.yaml", f"{POLICY.replace('ECP384', 'x')}---\na: 1\na: 2\n"))

    assert [rule for rule, *_ in said(report)] == ["enum", "enum", "duplicate-key"]


def test_templates_of_a_chart_are_left_out_and_said(put: Put) -> None:
    put("net/Chart.yaml", "name: net\nversion: 1.0.0\n")
    put("net/values.yaml", "a: 1\n")
    put("net/templates/vpn.yaml", "apiVersion: azvpn.dev/v1alpha1\n{{- if .Values.a }}\n")
    put("net/templates/deployment.yaml", "{{- if .Values.a }}\n")
    report = run(".")

    assert said(report) == [("helm-template", "./net/templates/vpn.yaml", 1, 1)]
    assert report.findings[0].hint == "render the chart first: helm template CHART | kubectl azvpn lint -"
    assert not report.has_failed
    assert len(report.tally.skipped) == 2


def test_a_template_of_no_chart_is_an_error_with_the_way_out(put: Put) -> None:
    report = run(put("t.yaml", "apiVersion: azvpn.dev/v1alpha1\n{{- if .Values.a }}\nkind: x\n{{- end }}\n"))

    assert report.has_failed
    assert "helm template CHART |" in str(report.findings[0].hint)


def test_patches_of_a_kustomization_are_left_out(put: Put) -> None:
    put(
        "kustomization.yaml", "patches:\n- path: patch.yaml\n- patch: '[{op: remove, path: /a}]'\nresources: [a.yaml]\n"
    )
    put(
        "patch.yaml",
        "apiVersion: azvpn.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: site6}\nspec: {dhGroup: None}\n",
    )
    put("a.yaml", POLICY)
    report = run(".")

    assert report.findings == ()
    assert (report.tally.skipped, report.tally.files) == (["./patch.yaml"], ["./a.yaml"])


def test_files_that_pre_commit_names_are_known_for_what_they_are(put: Put) -> None:
    put("net/Chart.yaml", "name: net\nversion: 1.0.0\n")
    template = put("net/templates/more/vpn.yaml", "apiVersion: azvpn.dev/v1alpha1\n{{- if .Values.a }}\n")
    put("overlay/kustomization.yaml", "patches:\n- path: patches/a.yaml\n")
    patch = put("overlay/patches/a.yaml", "apiVersion: azvpn.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: a}\n")
    report = run(template, patch, put("a.yaml", POLICY), "overlay/kustomization.yaml", "net/Chart.yaml")

    assert [rule for rule, *_ in said(report)] == ["helm-template"]
    assert not report.has_failed
    assert sorted(report.tally.skipped) == [template, patch]
    assert (report.tally.objects, report.tally.others) == ({"IpsecPolicy": 1}, 2)


def test_standard_input_names_the_templates_of_helm(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    given = f"---\n# Source: net/templates/policy.yaml\n{POLICY.replace('ECP384', 'é', 1)}"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="ascii"))
    report = run("-")

    assert said(report) == [("enum", "<stdin>", 10, 12)]
    assert report.findings[0].place.template == "net/templates/policy.yaml"


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        pytest.param({"name": "a"}, "IpsecPolicy net/a", id="the one that was asked for"),
        pytest.param({"name": "a", "namespace": "b"}, "IpsecPolicy b/a", id="its own"),
    ],
)
def test_the_namespace_of_an_object(put: Put, metadata: dict[str, str], title: str) -> None:
    document = policy({"namespace": DROP, "name": DROP, **metadata})
    report = run(put("a.yaml", [document]), namespace="net")

    assert report.checked == (("a.yaml", title),)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        pytest.param("none", [("note", "short-lifetime")], id="none says nothing of algorithms"),
        pytest.param(
            "recommended",
            [
                ("warning", "floor-dh-group", "RFC 8247, RFC 9395"),
                ("note", "short-lifetime"),
                ("note", "no-forward-secrecy"),
            ],
            id="recommended",
        ),
        pytest.param(
            "fips",
            [
                ("warning", "floor-dh-group", "NIST SP 800-77r1"),
                ("note", "short-lifetime"),
                ("note", "no-forward-secrecy"),
            ],
            id="fips",
        ),
        pytest.param(
            "cnsa",
            [
                ("warning", "floor-dh-group", "CNSA 1.0, RFC 9206"),
                ("warning", "floor-ipsec-encryption", "CNSA 1.0, RFC 9206"),
                ("warning", "floor-ipsec-integrity", "CNSA 1.0, RFC 9206"),
                ("note", "short-lifetime"),
                ("warning", "floor-pfs-group", "CNSA 1.0, RFC 9206"),
            ],
            id="cnsa, which requires forward secrecy, so that advice about it is not repeated",
        ),
    ],
)
def test_weak_encryption_is_warned_of_with_the_document_that_says_so(
    put: Put, profile: str, expected: list[tuple[str, ...]]
) -> None:
    report = run(put("a.yaml", [policy(saLifeTimeSeconds=300)]), profile=profile)
    found = [(one.severity.value, one.rule, *([one.source] if one.source else [])) for one in report.findings]

    assert sorted(found) == sorted(expected)
    assert all(one.source in one.message for one in report.findings if one.source)


def test_a_connection_below_the_floor_names_its_documents(put: Put) -> None:
    document = connection(ipsecPolicyRef=DROP, connectionProtocol="IKEv1")
    report = run(put("a.yaml", [document]), profile="fips")

    assert {one.rule: one.source for one in report.findings} == {
        "floor-policy": "NIST SP 800-77r1",
        "floor-ikev2": "RFC 9395",
    }
    assert all(str(one.source).split(",")[0] in one.message for one in report.findings)


@pytest.mark.parametrize("strict", [False, True])
def test_warnings_fail_only_if_that_is_asked_for_and_notes_never(put: Put, *, strict: bool) -> None:
    weak = lint([put("weak.yaml", [policy()])], "recommended", "default", strict=strict)
    noted = lint([put("note.yaml", [policy(dhGroup="ECP384")])], "recommended", "default", strict=strict)

    assert (weak.has_failed, noted.has_failed) == (strict, False)
    assert noted.findings


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
_OBJECTS = st.sampled_from([policy(), connection(), pair_connection(), policy(saLifeTimeSeconds=27000.0)])


@st.composite
def _odd_objects(draw: st.DrawFn) -> Any:
    document: Any = copy.deepcopy(draw(_OBJECTS))
    for path in draw(
        st.lists(st.sampled_from(["apiVersion", "kind", "metadata", "spec", "metadata.name", "spec.tags"]))
    ):
        node = document
        *above, last = path.split(".")
        for name in above:
            node = node.get(name) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[last] = draw(_VALUES)
    return document


@given(st.lists(_odd_objects() | _VALUES, max_size=4), st.integers(0, 10**6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_object_makes_it_fail(tmp_path: Path, documents: list[Any], seed: int) -> None:
    file = tmp_path / "objects.yaml"
    documents = [*documents, *make_manifests(seed, 4)]
    file.write_text("".join(f"---\n{json.dumps(document)}\n" for document in documents), encoding="utf-8")

    for output in (text, as_json, sarif, junit, github):
        assert output.render(lint([str(file)], "cnsa", "default")) or output is github


def test_findings_are_in_the_order_of_files_and_lines(put: Put) -> None:
    bad = POLICY.replace("ECP384", "x").replace("AES256", "y")
    report = run(put("z.yaml", bad), put("a.yaml", bad.replace("site6", "site7")))
    places = [(one.place.file, one.place.line) for one in report.findings]

    assert places == sorted(places, key=lambda place: (place[0] != "z.yaml", place[1]))
    assert {file for file, _ in places} == {"a.yaml", "z.yaml"}
