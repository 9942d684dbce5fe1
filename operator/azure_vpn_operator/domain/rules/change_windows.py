"""What must hold for change windows, and what their texts mean.

Zones come from the system's time zone data, or else from the package tzdata; they are read once and kept.
"""

import re
from datetime import time, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from azure_vpn_operator.domain.azure.names import matches
from azure_vpn_operator.domain.rules.rule import Rule
from azure_vpn_operator.domain.rules.suggestions import suggest

SHORTEST_WINDOW: Final = timedelta(minutes=15)
LONGEST_WINDOW: Final = timedelta(hours=24)
_START: Final = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_DURATION: Final = "^([0-9]{1,2}h)?([0-9]{1,4}m)?$"
_ZONE: Final = "^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$"
"""No name of IANA's begins with a small letter; machines have files such as `localtime` beside them, and no two the same."""
_NO_ZONES: Final = ("Local", "Factory")
"""What the API server's and IANA's data take for the machine's own zone."""


def read_start(text: str) -> time | None:
    """The time of day in `HH:MM`; None if the text is none."""
    return time.fromisoformat(text) if matches(_START, text) else None


def read_duration(text: str) -> timedelta | None:
    """The duration in hours and minutes (`4h`, `90m`, `1h30m`); None if the text is none, or too short or too long for a window."""
    found = re.fullmatch(_DURATION, text)
    if found is None:
        return None
    hours, minutes = (int(part[:-1]) if part else 0 for part in found.groups())
    duration = timedelta(hours=hours, minutes=minutes)
    return duration if SHORTEST_WINDOW <= duration <= LONGEST_WINDOW else None


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name; None if there is none. The answer stays as it is for the life of the process."""
    if not matches(_ZONE, name) or name in _NO_ZONES:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # No such zone, a file that is something else, or a folder of zones.
        return None


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(name for name in available_timezones() if matches(_ZONE, name) and name not in _NO_ZONES))


def _suggest_zone(name: str) -> str | None:
    return suggest(name, _zone_names())


CHANGE_WINDOW_RULES: Final = (
    Rule(
        id="window-start",
        at=("spec.changeWindows[].start",),
        field="",
        message="must be a time of day from 00:00 to 23:59, with two digits each for hours and minutes",
        cel=f"self.matches('{_START}')",
        holds=lambda text: read_start(text) is not None,
    ),
    Rule(
        id="window-duration",
        at=("spec.changeWindows[].duration",),
        field="",
        message="must be hours, minutes or both, such as 4h, 90m or 1h30m, from 15m to 24h",
        cel=f"self != '' && self.matches('{_DURATION}') && duration(self) >= duration('15m') && "
        "duration(self) <= duration('24h')",
        holds=lambda text: read_duration(text) is not None,
    ),
    Rule(
        id="window-time-zone",
        at=("spec.changeWindows[].timeZone",),
        field="",
        message="must be IANA's name of a time zone, such as Europe/Berlin or UTC",
        # To ask for the hour in an unknown zone is an error, and so a refusal.
        cel=f"self.matches('{_ZONE}') && !(self in {list(_NO_ZONES)}) && "
        "timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
        holds=lambda name: find_zone(name) is not None,
        hint=_suggest_zone,
    ),
)
