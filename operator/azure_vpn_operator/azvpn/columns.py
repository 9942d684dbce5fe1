"""Tables as kubectl prints them: columns that a person reads and `awk` splits, no frames."""

from collections.abc import Iterable, Sequence
from datetime import datetime

_GAP = "   "


def columns(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the lines of a table, each with its end. An empty cell is a hyphen; the last column may be of any length."""
    lines = [list(headings), *([printable(cell) or "-" for cell in row] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    widths[-1] = 0
    return "".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def printable(text: str) -> str:
    """The text in one line, without what a terminal would take for a command: messages quote Azure and users."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, in one or two units, as kubectl writes it; empty without a moment."""
    if since is None:
        return ""
    seconds = max(int((now - since).total_seconds()), 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 120:
        return f"{minutes}m"
    if hours < 48:
        return f"{hours}h"
    return f"{days}d"
