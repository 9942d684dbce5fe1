import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.azvpn.lint.composing import UnreadableError
from azure_vpn_operator.azvpn.lint.documents import Document, read_documents
from azure_vpn_operator.azvpn.lint.findings import Place


def read(text: str) -> list[Document]:
    return list(read_documents("f.yaml", text))


def value(text: str) -> Any:
    (document,) = read(text)
    return document.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("22:00", "22:00", id="no number to the base of 60, as YAML 1.1 has it"),
        pytest.param("2026-01-01", "2026-01-01", id="a date is a text"),
        pytest.param("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", id="a moment too"),
        pytest.param("1e3", 1000, id="a number without a dot"),
        pytest.param("yes", True, id="yes"),
        pytest.param("Off", False, id="off"),
        pytest.param("y", True, id="a letter that is true to kubectl"),
        pytest.param('"yes"', "yes", id="a quoted word is a text"),
        pytest.param("017", 15, id="octal as C writes it"),
        pytest.param("0o17", 15, id="octal"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("0b101", 5, id="binary"),
        pytest.param("08", 8, id="no octal number"),
        pytest.param("-5", -5, id="negative"),
        pytest.param("1_000", 1000, id="underscores"),
        pytest.param("+.5", 0.5, id="a fraction"),
        pytest.param("27000.0", 27000, id="a fraction of nothing"),
        pytest.param("1.5.2", "1.5.2", id="a version"),
        pytest.param("10.0.0.0/8", "10.0.0.0/8", id="a range"),
        pytest.param("9223372036854775807", 2**63 - 1, id="the largest whole number"),
        pytest.param("9223372036854775808", float(2**63), id="more than 64 bits"),
        pytest.param("9" * 5000, "9" * 5000, id="more digits than anything takes"),
        pytest.param("~", None, id="null"),
        pytest.param("Null", None, id="null as a word"),
        pytest.param("!!str 5", "5", id="a tag that says text"),
        pytest.param("!!int '5'", 5, id="a tag that says number"),
        pytest.param("|\n  a\n  b\n", "a\nb\n", id="a block"),
    ],
)
def test_scalars_are_read_as_kubectl_reads_them(text: str, expected: Any) -> None:
    found = value(f"a: {text}\n")["a"]

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("on: 1", {"true": 1}, id="a word that is a boolean"),
        pytest.param("1: a", {"1": "a"}, id="a number"),
        pytest.param('"on": 1', {"on": 1}, id="a quoted one stays"),
        pytest.param(
            "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}, id="merged"
        ),
        pytest.param("a: &x [1]\nb: *x", {"a": [1], "b": [1]}, id="an alias"),
    ],
)
def test_keys_become_texts_and_aliases_are_followed(text: str, expected: Any) -> None:
    assert value(text) == expected


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), _JSON, min_size=1, max_size=4))
def test_json_is_read_as_json(document: dict[str, Any]) -> None:
    if "items" in document:
        document.pop("kind", None)
    if "<<" not in document:
        assert value(json.dumps(document)) == json.loads(json.dumps(document))


# Without texts that PyYAML writes plainly and kubectl takes for something else, such as y and 1e3.
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text("abc äé😀:#-\n'\"{}[],&*!|>%@`\t", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1), _PLAIN, min_size=1, max_size=3))
def test_yaml_that_pyyaml_writes_is_read_as_it_was(document: dict[str, Any]) -> None:
    assert value(yaml.safe_dump(document)) == document


MANIFEST = """\
# a comment
metadata:
  name: a
  labels: {a.b/c: d, a: x}
spec:
  items:
  - {start: "22:00", days: [Mon, Tue]}
  - start: 23:00
    days:
      - Sat
  gateway: {name: g}
"""


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        pytest.param("", 2, 1, id="the document"),
        pytest.param("metadata.name", 3, 9, id="a value"),
        pytest.param("metadata.labels", 4, 3, id="an object is where its name is"),
        pytest.param("metadata.labels.a.b/c", 4, 19, id="a name with dots"),
        pytest.param("metadata.labels.a", 4, 25, id="a name that begins another one"),
        pytest.param("metadata.labels.missing", 4, 3, id="a missing field is where what should have it is"),
        pytest.param("spec.items[0].start", 7, 13, id="in flow style"),
        pytest.param("spec.items[0].days[1]", 7, 34, id="an item of a list of an item"),
        pytest.param("spec.items[1].start", 8, 12, id="the second item"),
        pytest.param("spec.items[1]", 8, 5, id="an item itself"),
        pytest.param("spec.items[7].start", 6, 3, id="an item that is not there"),
        pytest.param("spec.gateway.name", 11, 19, id="a value in flow style"),
        pytest.param("status.x", 2, 1, id="nothing of it is there"),
    ],
)
def test_a_field_is_where_it_is_written(path: str, line: int, column: int) -> None:
    (document,) = read(MANIFEST)
    place = document.place(path)

    assert (place.file, place.line, place.column) == ("f.yaml", line, column)


def test_a_name_is_found_instead_of_its_value_if_that_is_asked_for() -> None:
    (document,) = read(MANIFEST)

    assert document.place("metadata.name", of_name=True).column == 3


def test_what_is_merged_is_where_it_came_from() -> None:
    (document,) = read("base: &b\n  x: {y: 1}\nspec:\n  <<: *b\n")

    assert document.place("spec.x.y").line == 2


def test_columns_count_characters_and_the_end_is_behind_the_last_one() -> None:
    (document,) = read('tags: {ä: "é€😀", b: wrong}\n')
    place = document.place("tags.b")

    assert (place.column, place.end_column, place.end_line) == (21, 26, 1)


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_documents_lists_and_empty_ones(start: str) -> None:
    text = f"""{start}---
---
# only a comment
---
a: 1
---
kind: List
items:
- {{b: 2}}
- kind: ConfigMapList
  items: [{{c: 3}}, {{d: 4}}]
---
null
---
kind: List
items: []
...
"""
    documents = read(text.removeprefix("\ufeff"))

    assert [document.value for document in documents] == [{"a": 1}, {"b": 2}, {"c": 3}, {"d": 4}]
    assert [document.place().line for document in documents] == [5, 9, 11, 11]


def test_the_template_is_the_one_that_helm_names() -> None:
    text = "---\n# Source: net/templates/a.yaml\na: 1\n---\n# Source: net/templates/b.yaml\nb: 1\n---\nc: 1\n"

    assert [document.place("a").template for document in read(text)] == [
        "net/templates/a.yaml",
        "net/templates/b.yaml",
        "net/templates/b.yaml",
    ]


@pytest.mark.parametrize(
    ("text", "rule", "line", "column", "says"),
    [
        pytest.param("a: 1\n\tb: 2\n", "yaml-tab", 2, 1, "a tab", id="a tab as indentation"),
        pytest.param("a:\n  \tb: 2\n", "yaml-tab", 2, 3, "a tab", id="a tab among spaces"),
        pytest.param("a: 1\n\nb: [1\nc: 2\n", "yaml-syntax", 4, 2, "not YAML", id="a bracket that stays open"),
        pytest.param("a: 'x\n", "yaml-syntax", 2, 1, "not YAML", id="a quote that stays open"),
        pytest.param("a: {{ .Values.a }}\n", "yaml-syntax", 1, 5, "key must be a text", id="a template"),
        pytest.param("a: *x\n", "yaml-syntax", 1, 4, "undefined alias", id="an alias of nothing"),
        pytest.param("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "first one is on line 1", id="a key twice"),
        pytest.param("x: {a: 1, a: 2}\n", "duplicate-key", 1, 11, "`a` is there twice", id="a key twice in flow style"),
        pytest.param("a: 1\nb: \x01\n", "yaml-syntax", 2, 4, "U+0001", id="a character that is not allowed"),
        pytest.param("a: .inf\n", "yaml-syntax", 1, 4, "has no number", id="a number that JSON cannot say"),
        pytest.param("a: &x [*x]\n", "yaml-syntax", 1, 4, "contain themselves", id="an alias within itself"),
        pytest.param("a: {<<: 5}\n", "yaml-syntax", 1, 4, "followed by an object", id="merged with a number"),
        pytest.param(
            "---\na: 1\n--- a\nb: 1\n", "yaml-syntax", 4, 2, "not YAML", id="a second document that is broken"
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, rule: str, line: int, column: int, says: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        read(text)

    assert (raised.value.rule, raised.value.place.line) == (rule, line)
    assert raised.value.place.column == column
    assert says in raised.value.message


def test_documents_before_a_broken_one_are_read() -> None:
    reading = read_documents("f.yaml", "a: 1\n---\nb: [\n")

    assert next(reading).value == {"a": 1}
    with pytest.raises(UnreadableError):
        next(reading)


def test_aliases_that_grow_beyond_all_bounds_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(UnreadableError, match="too much"):
        read("\n".join(lines))


def test_json_that_is_no_yaml_is_read_all_the_same() -> None:
    assert value('{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


def _places(text: str) -> list[Place]:
    places = []
    try:
        for document in read_documents("f", text):
            places += [document.place(path) for path in ("", "a", "a.b[0]", "[0]")]
    except UnreadableError as error:
        places.append(error.place)
    return places


@given(st.text(max_size=60) | st.text("{}[]:,-&*!|>'\"#%@` \t\nab", max_size=40))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    assert all(place.line >= 1 and place.column >= 1 for place in _places(text))


def test_samples_are_read_as_pyyaml_reads_them() -> None:
    samples = sorted((Path(__file__).parents[4] / "manifests" / "samples").rglob("*.yaml"))

    assert samples
    for sample in samples:
        text = sample.read_text(encoding="utf-8")
        assert [document.value for document in read(text)] == list(yaml.safe_load_all(text))
