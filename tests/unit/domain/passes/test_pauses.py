"""Who asked that nothing be written, and until when."""

from datetime import UTC, datetime

import pytest

from azure_vpn_operator.domain.passes.pauses import find_pause
from support.builders import NOW

UNTIL = "azvpn.dev/hold-until"


@pytest.mark.parametrize(
    ("suspend", "annotations", "tags", "reason"),
    [
        (False, {}, {}, None),
        (True, {}, {}, "Suspended"),
        (True, {UNTIL: "2027-01-01T00:00:00Z"}, {"azvpn-hold": "x"}, "Suspended"),
        (False, {UNTIL: "2027-01-01T00:00:00Z"}, {"azvpn-hold": "x"}, "HeldUntil"),
        (False, {UNTIL: "2020-01-01T00:00:00Z"}, {"azvpn-hold": "x"}, "HeldInAzure"),
        (False, {}, {"AZVPN-HOLD": ""}, "HeldInAzure"),
        (False, {}, {"azvpn-holder": "x"}, None),
    ],
)
def test_which_pause(suspend: bool, annotations: dict[str, str], tags: dict[str, str], reason: str | None):
    pause = find_pause(suspend=suspend, annotations=annotations, live_tags=tags, now=NOW)
    assert (pause.reason if pause is not None else None) == reason


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-03-01T12:00:01Z", datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)),
        ("2026-03-01t12:00:01z", datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)),
        (" 2026-03-01T12:00:01+00:00 ", datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)),
        ("2026-03-01T14:00:01.5+02:00", datetime(2026, 3, 1, 12, 0, 1, 500000, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_the_end_of_a_hold(text: str, until: datetime):
    pause = find_pause(suspend=False, annotations={UNTIL: text}, live_tags={}, now=NOW)
    assert pause is not None
    assert (pause.reason, pause.until) == ("HeldUntil", until)


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2020-02-28T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_hold_that_is_over(text: str):
    assert find_pause(suspend=False, annotations={UNTIL: text}, live_tags={}, now=NOW) is None


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2027-01-01", "2027-01-01T00:00:00", "2027-02-30T00:00:00Z", "1798761600"]
)
def test_what_is_no_time_counts_as_a_hold(text: str):
    pause = find_pause(suspend=False, annotations={UNTIL: text}, live_tags={}, now=NOW)
    assert pause is not None
    assert (pause.reason, pause.until) == ("HoldInvalid", None)
