from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.arm.answers import Answer, parse_json, read_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="no header"),
        pytest.param({"retry-after": "17"}, 17.0, id="whole seconds"),
        pytest.param({"retry-after": " 17 "}, 17.0, id="blanks around it"),
        pytest.param({"retry-after": "1.5"}, 1.5, id="a fraction, which the SDK cannot read"),
        pytest.param({"retry-after": "0"}, 0.0, id="zero is an answer"),
        pytest.param({"retry-after": "-5"}, 0.0, id="negative means now"),
        pytest.param({"retry-after": "999999999"}, 3600.0, id="nobody waits for longer than an hour"),
        pytest.param({"retry-after": "nan"}, None, id="not a number"),
        pytest.param({"retry-after": "inf"}, None, id="not finite"),
        pytest.param({"retry-after": "soon"}, None, id="garbage"),
        pytest.param({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30.0, id="an HTTP date"),
        pytest.param({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0, id="an HTTP date in the past"),
        pytest.param(
            {"retry-after": "Sun, 01 Mar 2026 13:00:30 GMT", "date": "Sun, 01 Mar 2026 13:00:00 GMT"},
            30.0,
            id="the server's clock counts, not ours",
        ),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None):
    assert read_retry_after(headers, NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks_the_reading(text: str):
    seconds = read_retry_after({"retry-after": text}, NOW)
    assert seconds is None or 0 <= seconds <= 3600


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        pytest.param(None, 10.0, id="what Azure usually says"),
        pytest.param(0.0, 1.0, id="never at once: that would spin"),
        pytest.param(25.0, 25.0, id="as told"),
    ],
)
def test_wait_for_an_operation(retry_after: float | None, wait: float):
    assert Answer(200, {}, None, retry_after=retry_after).wait == wait


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html></html>", id="HTML"),
        pytest.param(b'{"value": [', id="cut"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"[" * 200_000, id="nested too deeply"),
    ],
)
def test_bodies_that_are_not_json_are_one_error(body: bytes):
    with pytest.raises(ValueError, match="not JSON"):
        parse_json(body)


def test_byte_order_mark_is_tolerated():
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
