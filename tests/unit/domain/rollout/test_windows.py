"""When a change may begin: by the clocks of every zone, across midnight, the week's end, and nights in which clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.vpn_connection import ChangeWindow, OnFailure, Weekday
from azure_vpn_operator.domain.rollout.terms import Terms
from azure_vpn_operator.domain.rollout.windows import find_closed, time_for_change
from azure_vpn_operator.domain.rules.change_windows import find_zone

NEEDED = timedelta(minutes=13)


def window(text: str) -> ChangeWindow:
    """`Sat,Sun 22:00 4h Europe/Berlin`; `*` is every day, and without a zone it is UTC."""
    days, start, duration, *zone = text.split()
    named = {} if days == "*" else {"days": days.split(",")}
    return ChangeWindow(**named, start=start, duration=duration, time_zone=zone[0] if zone else None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def said(texts: str, now: str, needed: timedelta = NEEDED) -> str:
    """`open`, `never`, or when the next one opens in UTC. A `/` parts the windows of one object, a `+` those of two."""
    wishes = [[window(text) for text in part.split(" / ")] for part in texts.split(" + ")]
    closed = find_closed(wishes, at(now), needed)
    if closed is None:
        return "open"
    return f"{closed.opens:%Y-%m-%dT%H:%M}" if closed.opens is not None else "never"


# 2026-03-01 is a Sunday. Berlin's clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
CASES = [
    ("before it opens", "Sun 12:00 2h", "2026-03-01T11:59", "2026-03-01T12:00"),
    ("at its very begin", "Sun 12:00 2h", "2026-03-01T12:00", "open"),
    ("when just enough time is left", "Sun 12:00 2h", "2026-03-01T13:47", "open"),
    ("when a minute too little is left", "Sun 12:00 2h", "2026-03-01T13:48", "2026-03-08T12:00"),
    ("when it has just closed", "Sun 12:00 2h", "2026-03-01T14:00", "2026-03-08T12:00"),
    ("every day", "* 12:00 2h", "2026-03-01T14:00", "2026-03-02T12:00"),
    ("across midnight, before it", "Sat 23:00 2h", "2026-02-28T23:30", "open"),
    ("across midnight, after it: the day is that of the start", "Sat 23:00 2h", "2026-03-01T00:30", "open"),
    ("across midnight, a day later", "Sat 23:00 2h", "2026-03-02T00:30", "2026-03-07T23:00"),
    ("across the week's end", "Sun 20:00 12h", "2026-03-02T07:00", "open"),
    ("a whole day", "Sun 00:00 24h", "2026-03-01T23:40", "open"),
    ("whole days of all days are never closed", "* 00:00 24h", "2026-03-01T23:55", "open"),
    ("the first of several", "Mon 10:00 1h / Sun 20:00 1h", "2026-03-01T12:00", "2026-03-01T20:00"),
    ("several, in the later one", "Sun 10:00 1h / Sun 12:00 1h", "2026-03-01T12:30", "open"),
    ("several, between them", "Sun 10:00 1h / Sun 12:00 1h", "2026-03-01T11:30", "2026-03-01T12:00"),
    ("two that overlap are one longer one", "Sun 10:00 1h / Sun 10:55 1h", "2026-03-01T10:54", "open"),
    ("two that touch are one longer one", "Sun 10:00 1h / Sun 11:00 1h", "2026-03-01T10:54", "open"),
    ("two a minute apart are two", "Sun 10:00 1h / Sun 11:01 1h", "2026-03-01T10:54", "2026-03-01T11:01"),
    ("one within the other", "Sun 10:00 3h / Sun 11:00 1h", "2026-03-01T12:30", "open"),
    ("two zones that overlap", "Sun 10:00 1h / Sun 11:30 1h Europe/Berlin", "2026-03-01T10:54", "open"),
    ("a zone ahead of UTC", "Mon 01:00 2h Asia/Tokyo", "2026-03-01T16:30", "open"),
    ("a zone behind UTC", "Sat 22:00 4h America/New_York", "2026-03-01T04:00", "open"),
    ("a zone of half an hour", "Sun 12:00 1h Asia/Kolkata", "2026-03-01T06:29", "2026-03-01T06:30"),
    ("in winter", "Sun 02:00 2h Europe/Berlin", "2026-03-01T00:30", "2026-03-01T01:00"),
    ("in summer", "Sun 02:00 2h Europe/Berlin", "2026-06-06T23:30", "2026-06-07T00:00"),
    ("clocks go forward while it is open: it lasts as long", "Sun 01:00 4h Europe/Berlin", "2026-03-29T03:47", "open"),
    ("and no longer", "Sun 01:00 4h Europe/Berlin", "2026-03-29T03:48", "2026-04-04T23:00"),
    ("a start that clocks skip: by the clocks before", "Sun 02:30 1h Europe/Berlin", "2026-03-29T01:29", "2026-03-29T01:30"),
    ("a week later it is by the new ones", "Sun 02:30 1h Europe/Berlin", "2026-03-29T03:00", "2026-04-05T00:30"),
    ("a start that clocks show twice: the first", "Sun 02:30 1h Europe/Berlin", "2026-10-25T00:00", "2026-10-25T00:30"),
    ("and not the second", "Sun 02:30 1h Europe/Berlin", "2026-10-25T01:30", "2026-11-01T01:30"),
    ("clocks go back while it is open: it lasts as long", "Sun 01:00 4h Europe/Berlin", "2026-10-25T02:47", "open"),
    ("and no longer ", "Sun 01:00 4h Europe/Berlin", "2026-10-25T02:48", "2026-11-01T00:00"),
    ("whole days leave an hour out when clocks go back", "* 00:00 24h Europe/Berlin", "2026-10-25T22:30", "2026-10-25T23:00"),
    ("a day that a country has left out", "Fri 02:00 1h Pacific/Apia", "2011-12-30T11:00", "2011-12-30T12:00"),
    ("two objects, while both are open", "Sun 10:00 2h + Sun 11:00 2h", "2026-03-01T11:30", "open"),
    ("two objects, while one is open", "Sun 10:00 2h + Sun 11:00 2h", "2026-03-01T10:30", "2026-03-01T11:00"),
    ("two objects, and what both have is too short", "Sun 10:00 2h + Sun 11:50 2h", "2026-03-01T11:30", "never"),
    ("two objects, all pairs of windows", "Sun,Mon 10:00 1h + Mon,Tue 10:30 1h", "2026-03-01T10:00", "2026-03-02T10:30"),
    ("an unknown zone is never open", "Sun 12:00 2h Europe/Nowhere", "2026-03-01T12:00", "never"),
    ("an unknown zone beside a known one", "Sun 12:00 2h Europe/Nowhere / Sun 13:00 1h", "2026-03-01T12:00", "2026-03-01T13:00"),
    ("a start that is none is never open", "Sun 25:00 2h", "2026-03-01T12:00", "never"),
    ("a duration that is none is never open", "Sun 12:00 2d", "2026-03-01T12:00", "never"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [pytest.param(*case, id=why.strip() + str(n)) for n, (why, *case) in enumerate(CASES)],
)
def test_whether_a_change_may_begin_and_when_the_next_one_opens(windows: str, now: str, expected: str):
    assert said(windows, now) == expected


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (timedelta(minutes=60), "open"),
        (timedelta(minutes=61), "2026-03-01T20:00"),
        (timedelta(minutes=120), "2026-03-01T20:00"),
        (timedelta(minutes=121), "never"),
    ],
)
def test_a_window_that_is_shorter_than_what_is_needed_does_not_count(needed: timedelta, expected: str):
    assert said("Sun 12:00 1h / Sun 20:00 2h", "2026-03-01T12:00", needed) == expected


def test_an_object_without_windows_does_not_mind():
    assert find_closed([], at("2026-03-01T12:00"), NEEDED) is None
    assert find_closed([(), ()], at("2026-03-01T12:00"), NEEDED) is None
    assert find_closed([(), (window("Sun 12:00 1h"),)], at("2026-03-01T12:00"), NEEDED) is None
    assert find_closed([(), (window("Sun 13:00 1h"),)], at("2026-03-01T12:00"), NEEDED) is not None


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        pytest.param(
            "Sun 03:00 2h Europe/Berlin",
            "open for at least 13 minutes opens at 2026-03-08T02:00:00Z, Sun 2026-03-08 03:00 in Europe/Berlin",
            id="in UTC and by the clocks of its zone",
        ),
        pytest.param("Sun 03:00 2h UTC", "opens at 2026-03-08T03:00:00Z", id="in UTC once, if that is its zone"),
        pytest.param("Sun 03:00 2h", "opens at 2026-03-08T03:00:00Z", id="in UTC once, if it names none"),
    ],
)
def test_message_tells_when_it_opens(windows: str, words: str):
    closed = find_closed([[window(windows)]], at("2026-03-01T12:00"), NEEDED)
    assert closed is not None
    assert closed.message.endswith(words)


def test_message_of_windows_that_are_all_too_short_says_what_to_do():
    closed = find_closed([[window("Sun 12:00 15m")]], at("2026-03-01T12:00"), timedelta(seconds=901))
    assert closed is not None
    assert "never open for the 16 minutes" in closed.message
    assert "make a window longer" in closed.message


def test_message_names_the_zone_that_is_not_known():
    closed = find_closed([[window("Sun 12:00 1h Mars/Olympus")]], at("2026-03-01T12:00"), NEEDED)
    assert closed is not None
    assert closed.message == "spec.changeWindows never opens: the time zone Mars/Olympus is not known"


def test_a_change_needs_time_for_two_operations_and_its_proof():
    assert time_for_change(Terms(600.0, OnFailure.ROLLBACK, 10.0)) == timedelta(seconds=730)


def test_every_zone_of_iana_is_known_by_its_name():
    names = available_timezones() - {"Factory", "localtime"}
    assert len(names) > 400
    assert [name for name in names if find_zone(name) is None] == []


# --- properties: all in half hours, as are the offsets of these zones and the changes of their clocks

HALF_HOUR = timedelta(minutes=30)
ZONES = [None, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca"]
CHANGES = [
    at("2026-03-29T01:00"),
    at("2026-10-25T01:00"),
    at("2026-11-01T06:00"),
    at("2026-04-04T15:00"),
    at("2026-03-04T00:00"),
]


def a_window(days: list[Weekday], start: int, length: int, zone: str | None) -> ChangeWindow:
    text = f"{start // 2:02}:{start % 2 * 30:02}"
    duration = f"{length // 2}h{length % 2 * 30}m"
    return window(f"{','.join(days) or '*'} {text} {duration} {zone or ''}")


DAYS = st.lists(st.sampled_from(Weekday), max_size=3)
WINDOWS = st.lists(
    st.builds(a_window, DAYS, st.integers(0, 47), st.integers(1, 48), st.sampled_from(ZONES)), min_size=1, max_size=4
)
MOMENTS = st.builds(lambda near, steps: near + steps * HALF_HOUR, st.sampled_from(CHANGES), st.integers(-300, 300))
NEEDS = st.integers(1, 50).map(lambda steps: steps * HALF_HOUR)


def begins_at(item: ChangeWindow, moment: datetime) -> bool:
    """Whether a window opens at a moment, by a look at the clocks of that moment and at those of before a change."""
    zone, start = ZoneInfo(item.time_zone or "UTC"), time.fromisoformat(item.start)
    before = moment.astimezone(zone).replace(tzinfo=None)
    unchanged = moment.replace(tzinfo=None) + ((moment - 2 * HALF_HOUR).astimezone(zone).utcoffset() or timedelta(0))
    if before.time() == start:
        told, fits = before, not moment.astimezone(zone).fold
    else:
        told, fits = unchanged, unchanged.time() == start and not is_shown(unchanged, zone)
    return fits and (not item.days or list(Weekday)[told.weekday()] in item.days)


def is_shown(told: datetime, zone: ZoneInfo) -> bool:
    return told.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == told


def steps_open(windows: list[ChangeWindow], since: datetime, count: int) -> list[bool]:
    """Whether one is open, in each half hour."""
    found = [False] * count
    for item in windows:
        hours, minutes = item.duration[:-1].split("h")
        length = int(hours) * 2 + int(minutes) // 30
        for step in range(-48, count):
            if begins_at(item, since + step * HALF_HOUR):
                begin, end = max(step, 0), max(min(step + length, count), 0)
                found[begin:end] = [True] * len(found[begin:end])
    return found


@given(WINDOWS, MOMENTS, NEEDS)
def test_it_is_as_the_clocks_show_it_step_by_step(windows: list[ChangeWindow], now: datetime, needed: timedelta):
    ahead, length = 100, int(needed / HALF_HOUR)
    shown = steps_open(windows, now, ahead + length)
    first = next((step for step in range(ahead) if all(shown[step : step + length])), None)
    closed = find_closed([windows], now, needed)
    if first == 0:
        assert closed is None
    elif first is not None:
        assert closed is not None
        assert closed.opens == now + first * HALF_HOUR
    else:
        assert closed is not None
        assert closed.opens is None or closed.opens >= now + ahead * HALF_HOUR


@given(WINDOWS, MOMENTS, NEEDS, st.lists(st.floats(0, 1, exclude_max=True), max_size=5))
def test_the_next_opening_is_open_and_no_moment_before_it(
    windows: list[ChangeWindow], now: datetime, needed: timedelta, shares: list[float]
):
    closed = find_closed([windows], now, needed)
    if closed is None or closed.opens is None:
        assert closed is None or all(
            find_closed([windows], now + share * timedelta(days=1), needed) for share in shares
        )
        return
    assert closed.opens > now
    assert find_closed([windows], closed.opens, needed) is None
    wait = closed.opens - now
    last = closed.opens - timedelta(microseconds=1)
    for moment in (*(min(now + wait * share, last) for share in shares), last):
        again = find_closed([windows], moment, needed)
        assert again is not None
        assert (again.opens, again.message) == (closed.opens, closed.message)


@given(WINDOWS, WINDOWS, MOMENTS, NEEDS)
def test_two_objects_may_begin_only_when_each_of_them_may(
    one: list[ChangeWindow], other: list[ChangeWindow], now: datetime, needed: timedelta
):
    both = find_closed([one, other], now, needed)
    when = now if both is None else both.opens
    if when is not None:
        assert find_closed([one], when, needed) is None
        assert find_closed([other], when, needed) is None
    swapped = find_closed([other, one], now, needed)
    assert (swapped is None, getattr(swapped, "opens", None)) == (both is None, getattr(both, "opens", None))
