import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.domain.rules.shared_key import check_shared_key

_PRINTABLE = "".join(chr(code) for code in range(33, 127))
_ACCEPTED = "".join(letter for letter in _PRINTABLE if letter not in "-~")


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(b"a", id="one character is enough"),
        pytest.param(b"a" * 128, id="128 characters are the most"),
        pytest.param(_ACCEPTED.encode(), id="all printable signs but two"),
        pytest.param(b"Demo.Site6.Key.not.for.use", id="the sample's key"),
        pytest.param(string.punctuation.replace("-", "").replace("~", "").encode(), id="punctuation"),
    ],
)
def test_key_that_azure_takes_is_accepted(key: bytes):
    assert check_shared_key(key) is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        pytest.param(b"", "it is empty", id="nothing"),
        pytest.param(b"a" * 129, "it is longer", id="129 characters"),
        pytest.param(b"abc def", "it has a space", id="a space"),
        pytest.param(b"abc-def", "it has a hyphen", id="a hyphen"),
        pytest.param(b"abc~def", "it has a tilde", id="a tilde"),
        pytest.param(b"a-b~c d", "it has a space and a hyphen and a tilde", id="all three"),
        pytest.param("schlüssel".encode(), "characters outside ASCII", id="an umlaut"),
        pytest.param(b"\xff\xfe\x00", "characters outside ASCII", id="bytes that are no text"),
        pytest.param(b"abc\tdef", "control characters", id="a tab"),
        pytest.param(b"abc\x00", "control characters", id="a zero byte"),
        pytest.param(b"abc\x7f", "control characters", id="a delete"),
        pytest.param(b"abc\ndef", "control characters", id="a line break inside"),
    ],
)
def test_key_that_azure_refuses_is_refused_with_the_cause(key: bytes, words: str):
    found = check_shared_key(key)

    assert found is not None
    assert (found.rule, found.field) == ("shared-key", "spec.sharedKeySecretRef")
    assert found.message.endswith(words)
    assert found.hint is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_break_at_the_end_has_a_hint_at_its_usual_origin(end: bytes):
    found = check_shared_key(b"abc" + end)

    assert found is not None
    assert "ends with a line break" in found.message
    assert "echo -n" in str(found.hint)


@given(key=st.binary(max_size=200))
def test_verdict_is_that_of_the_alphabet_and_the_length(key: bytes):
    legal = 1 <= len(key) <= 128 and all(chr(byte) in _ACCEPTED for byte in key)

    assert (check_shared_key(key) is None) == legal


@given(
    key=st.text(alphabet=string.ascii_uppercase, min_size=12, max_size=150), bad=st.sampled_from([" ", "\n", "ü", "~"])
)
def test_key_is_never_shown(key: str, bad: str):
    found = check_shared_key((key + bad).encode())

    assert found is not None
    assert key not in f"{found} {found!r}"
