"""When a change may begin: the change windows of an object, or of the two objects of a pair, as periods of UTC.

A window opens on its days when the clocks of its zone show its start, and stays open for as long as it says, whatever the clocks do
meanwhile. A start that the clocks skip is told by the clocks from before (02:30 in a night that has no 02:30 is 03:30), and of one that
they show twice the first one counts, as RFC 5545 (iCalendar) has it. Windows that overlap or touch are one longer window.

A change needs time: for its operation, its proof, and an undo. It begins only if so much is left of a window; one that needs more
than any window has never begins, and that is said. To let it begin in the first moment of a window all the same would be worth little:
whoever has to wait for a gateway or for a place then would miss that moment, again and again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from azure_vpn_operator.api.vpn_connection import ChangeWindow, Weekday
from azure_vpn_operator.domain.rollout.terms import Terms
from azure_vpn_operator.domain.rules.change_windows import LONGEST_WINDOW, find_zone, read_duration, read_start

OPERATION: Final = timedelta(seconds=60)
"""What an operation of Azure takes, by experience."""
_AHEAD: Final = timedelta(days=8)
"""Each window opens at least once in a week, give or take the hours by which clocks change."""
_DAY: Final = timedelta(days=1)
_DAYS: Final = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a change may not begin now."""

    needed: timedelta
    """So much time has to be left."""
    opens: datetime | None
    """When a window opens that has it, in UTC; None: none of the coming week has."""
    zone: ZoneInfo | None = None
    """Whose clocks that window goes by; None for UTC."""
    unknown: str | None = None
    """A time zone that is not known, if that is why none opens."""

    @property
    def message(self) -> str:
        """When it goes on; the same text for as long as that stays so."""
        if self.opens is None:
            if self.unknown is not None:
                return f"spec.changeWindows never opens: the time zone {self.unknown[:64]} is not known"
            return (
                f"spec.changeWindows is never open for the {_minutes(self.needed)} that it needs at most (for Azure's operation, the "
                "proof within confirm.withinSeconds, and an undo): make a window longer, or that time shorter"
            )
        elsewhere = self.zone is not None and self.zone.key not in {"UTC", "Etc/UTC"}
        local = f", {_local(self.opens, self.zone)}" if self.zone is not None and elsewhere else ""
        return f"the next one that is open for at least {_minutes(self.needed)} opens at {self.opens:%Y-%m-%dT%H:%M:%SZ}{local}"


def time_for_change(terms: Terms) -> timedelta:
    """What a change may take at most, from its write until it is proven or undone."""
    return 2 * OPERATION + timedelta(seconds=terms.within_seconds + terms.hold_down_seconds)


def find_closed(wishes: Iterable[Sequence[ChangeWindow]], now: datetime, needed: timedelta) -> Closed | None:
    """Why what takes so much time may not begin now; None if it may.

    `wishes`: the windows of each object that is concerned; all have to be open. None at all means that an object does not mind. Windows
    whose zone, start or duration cannot be read never open.
    """
    restricted = [windows for windows in wishes if windows]
    if not restricted:
        return None
    fitting = [
        period
        for period in _common([_periods(windows, now) for windows in restricted])
        if period.ends - max(period.begins, now) >= needed
    ]
    if not fitting:
        names = (window.time_zone for windows in restricted for window in windows)
        unknown = next((name for name in names if name is not None and find_zone(name) is None), None)
        return Closed(needed, None, unknown=unknown)
    first = fitting[0]
    return Closed(needed, first.begins, first.zone) if first.begins > now else None


@dataclass(frozen=True, slots=True)
class _Period:
    begins: datetime
    ends: datetime
    zone: ZoneInfo | None
    """Of the window that it begins with."""


def _periods(windows: Sequence[ChangeWindow], now: datetime) -> list[_Period]:
    """When at least one of the windows is open, in order and apart from each other: from now on, and what began before and lasts."""
    found = sorted(
        (period for window in windows for period in _openings(window, now)), key=lambda period: period.begins
    )
    merged: list[_Period] = []
    for period in found:
        if merged and period.begins <= merged[-1].ends:
            last = merged[-1]
            merged[-1] = _Period(last.begins, max(last.ends, period.ends), last.zone)
        else:
            merged.append(period)
    # What begins later was looked for only to tell how long the one before lasts.
    return [period for period in merged if period.ends > now and period.begins <= now + _AHEAD]


def _openings(window: ChangeWindow, now: datetime) -> Iterator[_Period]:
    zone = find_zone(window.time_zone) if window.time_zone is not None else None
    start, duration = read_start(window.start), read_duration(window.duration)
    if start is None or duration is None or (zone is None and window.time_zone is not None):
        return
    # A day more at each end: clocks can be changed by up to a day, when a country moves to the other side of the date line.
    day = (now - LONGEST_WINDOW).astimezone(zone or UTC).date() - _DAY
    last = (now + _AHEAD + LONGEST_WINDOW).astimezone(zone or UTC).date() + _DAY
    while day <= last:
        if not window.days or _DAYS[day.weekday()] in window.days:
            begins = datetime.combine(day, start, tzinfo=zone or UTC).astimezone(UTC)
            yield _Period(begins, begins + duration, zone)
        day += _DAY


def _common(groups: Sequence[Sequence[_Period]]) -> list[_Period]:
    """When all are open, in order."""
    common = groups[0]
    for others in groups[1:]:
        pairs = (
            _Period(max(one.begins, other.begins), min(one.ends, other.ends), _later(one, other).zone)
            for one, other in product(common, others)
        )
        common = [period for period in pairs if period.begins < period.ends]
    return sorted(common, key=lambda period: period.begins)


def _later(one: _Period, other: _Period) -> _Period:
    return max(one, other, key=lambda period: period.begins)


def _minutes(duration: timedelta) -> str:
    minutes = ceil(duration.total_seconds() / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} in {zone.key}"
