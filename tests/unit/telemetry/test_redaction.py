import base64
import json
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azure_vpn_operator.telemetry.redaction import SecretRegistry

KEY = 'p"s\\k/é +&=secret'


def registry(*values: str | bytes) -> SecretRegistry:
    secrets = SecretRegistry()
    for value in values:
        secrets.register(value)
    return secrets


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(KEY, id="as it is"),
        pytest.param(f"key={KEY},", id="inside other text"),
        pytest.param(json.dumps({"value": KEY}), id="in JSON"),
        pytest.param(json.dumps({"value": KEY}, ensure_ascii=False), id="in JSON with its own letters"),
        pytest.param(json.dumps({"body": json.dumps({"value": KEY})}), id="in JSON in JSON"),
        pytest.param(json.dumps({"value": KEY}).replace("/", "\\/"), id="in JSON that escapes slashes"),
        pytest.param(f"https://x/?{urlencode({'k': KEY})}", id="in a query string"),
        pytest.param(f"https://x/{quote(KEY)}", id="in a path"),
        pytest.param(f"https://x/{quote(KEY, safe='')}", id="in a path segment"),
        pytest.param(f"https://x/?{quote_plus(KEY)}", id="quoted with plus signs"),
        pytest.param(repr({"value": KEY}), id="in a Python literal"),
        pytest.param(repr(KEY.encode()), id="in a Python bytes literal"),
        pytest.param(f"data: {base64.b64encode(KEY.encode()).decode()}", id="in base64, as in a Secret"),
        pytest.param(base64.b64encode(f"user:{KEY}".encode()).decode(), id="in base64 after something else"),
        pytest.param(base64.b64encode(f"ab{KEY} and more".encode()).decode(), id="in base64 between other things"),
        pytest.param(base64.urlsafe_b64encode(f"a{KEY}".encode()).decode(), id="in base64 for URLs"),
    ],
)
def test_a_value_is_hidden_in_every_form(hidden: str):
    redacted = registry(KEY).redact(hidden)
    assert "[redacted]" in redacted
    for form in (KEY, json.dumps(KEY)[1:-1], quote(KEY), quote(KEY, safe=""), quote_plus(KEY), "secret", "p%22s"):
        assert form not in redacted
    core = base64.b64encode(KEY.encode()).decode()[:-4]
    assert core not in redacted
    assert base64.b64encode(KEY.encode())[4:12].decode() not in redacted


def test_the_rest_of_the_text_stays():
    assert registry("hunter2!").redact("PUT key hunter2! failed: 400") == "PUT key [redacted] failed: 400"


@pytest.mark.parametrize(
    ("secret", "text", "redacted"),
    [
        pytest.param("a", "a tunnel, key=a", "[redacted] tunnel, key=[redacted]", id="alone, a letter is hidden"),
        pytest.param("a", "gateway", "gateway", id="inside a word it is not"),
        pytest.param("abc12", "key abc12.", "key [redacted].", id="five characters that stand alone"),
        pytest.param("abc12", "xabc12 abc123", "xabc12 abc123", id="five characters inside longer words"),
        pytest.param("abc123", "xabc1234", "x[redacted]4", id="six characters are hidden anywhere"),
        pytest.param("?", "really?", "really?", id="a mark after a word is not alone"),
        pytest.param("a", "YQ== in data", "[redacted] in data", id="base64 of a letter"),
    ],
)
def test_tiny_values_are_hidden_where_they_stand_alone(secret: str, text: str, redacted: str):
    assert registry(secret).redact(text) == redacted


def test_tiny_and_long_values_do_not_disturb_each_other():
    assert registry("x", "h", "hunter2-long").redact("x hunter2-long h") == "[redacted] [redacted] [redacted]"


def test_overlapping_values_hide_each_other():
    assert registry("abcdefgh", "efghijkl").redact("xabcdefghijklx") == "x[redacted]x"


def test_of_two_values_with_one_beginning_the_longer_is_hidden():
    assert registry("secret", "secret-and-more").redact("secret-and-more, secret!") == "[redacted], [redacted]!"


@pytest.mark.parametrize("nothing", ["", "  ", "\n", b""])
def test_empty_values_hide_nothing(nothing: str | bytes):
    secrets = registry(nothing)
    assert len(secrets) == 0
    assert secrets.redact("some  text\n") == "some  text\n"


def test_bytes_and_white_space_around_a_value_are_understood():
    assert registry(b"  hunter2-long\n").redact("key=hunter2-long;") == "key=[redacted];"
    encoded = base64.b64encode(b"hunter2-long\n").decode()
    assert encoded[:16] not in registry(b"hunter2-long\n").redact(encoded)


def test_beyond_the_limit_the_oldest_is_forgotten_and_a_repeated_one_counts_as_new():
    secrets = SecretRegistry(limit=2)
    for value in ("first-value", "second-value", "first-value", "third-value"):
        secrets.register(value)
    assert len(secrets) == 2
    assert secrets.redact("first-value second-value third-value") == "[redacted] second-value [redacted]"


def test_forgetting_leaves_nothing_behind():
    secrets = SecretRegistry(limit=1)
    for n in range(100):
        secrets.register(f"value-{n}")
        secrets.register(f"value-{n}")
    secrets.register("x")
    assert not secrets._long
    assert len(secrets._uses) == sum(sum(lengths.values()) for lengths in secrets._short.values())


def test_a_form_that_two_values_share_stays_while_one_of_them_does():
    secrets = SecretRegistry(limit=2)
    for value in ("hunter2+x", "hunter2%2Bx", "another-one"):  # the second is the first, quoted
        secrets.register(value)
    assert secrets.redact("hunter2%2Bx") == "[redacted]"


def test_the_registry_does_not_show_its_values():
    assert "hunter2" not in repr(registry("hunter2-secret"))


# Without the letters of the mark itself, so that a value found afterwards can only be the secret.
LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="[redacted]")
PRINTABLE = st.characters(min_codepoint=33, exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))


@given(st.text(LETTERS, min_size=6, max_size=40), st.text(LETTERS, max_size=30), st.text(LETTERS, max_size=30))
def test_no_registered_value_survives(secret: str, before: str, after: str):
    value = secret.strip()
    assume(len(value) >= 6)
    assert value not in registry(value).redact(before + value + after)


@given(st.text(PRINTABLE, min_size=12, max_size=40), st.binary(max_size=20), st.binary(max_size=20))
def test_no_registered_value_can_be_read_out_of_base64(secret: str, before: bytes, after: bytes):
    text = base64.b64encode(before + secret.encode() + after).decode()
    redacted = registry(secret).redact(text)
    assert "[redacted]" in redacted
    around = sum(-(-len(part) // 3) * 4 for part in (before, after))
    assert len(redacted.replace("[redacted]", "")) <= around + 4, "only what stands around it is left"


def test_many_values_do_not_make_a_line_slow():
    began = time.process_time()
    secrets = SecretRegistry()
    for n in range(2000):
        secrets.register(f"shared-key-number-{n:06d}")
    line = "PUT https://management.azure.com/subscriptions/0000/shared-key-number-x " * 5
    for _ in range(100):
        assert secrets.redact(line) == line
    assert time.process_time() - began < 2.0, "it takes about 0.1 ms a line; 10 ms would hold up the event loop"
