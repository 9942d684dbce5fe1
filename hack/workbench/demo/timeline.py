"""The picture of a story: one row for each connection, with the time to the right. A plain SVG that loads nothing."""

import math
from collections.abc import Callable, Iterator
from html import escape
from typing import Final

from workbench.demo.story import Story

_LEFT: Final = 86.0
_WIDTH: Final = 720.0
_TOP: Final = 66.0
_ROW: Final = 22.0
_BAR: Final = 12.0
_UP, _DOWN, _SENT, _UNDO, _TEXT, _FAINT = "#2da44e", "#cf222e", "#0969da", "#8250df", "#1f2328", "#d1d9e0"


def draw(story: Story, time_scale: float) -> str:
    """Return the picture. `time_scale` is Azure's seconds in one of the picture's; the picture says so."""
    end = max(math.ceil(story.length), 1)
    bottom = _TOP + _ROW * len(story.connections)
    width, height = _LEFT + _WIDTH + 24, bottom + 78

    def x(seconds: float) -> float:
        return round(_LEFT + _WIDTH * min(max(seconds, 0.0), end) / end, 1)

    style = 'font-family="system-ui, sans-serif" font-size="12" role="img"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" {style}>',
        f"<title>{escape(_title(story))}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="600" fill="{_TEXT}">{escape(_title(story))}</text>',
    ]
    parts += _axis(x, end, bottom)
    for number, name in enumerate(story.connections):
        parts += _row(story, name, x, _TOP + _ROW * number)
    parts += _legend(bottom + 48)
    note = f"Seconds since the edit, from one run of make demo ACT=rollback. Azure's time runs {time_scale:g} times as fast there."
    parts.append(f'<text x="12" y="{bottom + 70:g}" font-size="11" fill="{_TEXT}">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _title(story: Story) -> str:
    edit = story.edit
    return f"Policy {edit.policy}: {edit.before} becomes {edit.after}, which no device takes"


def _axis(x: Callable[[float], float], end: int, bottom: float) -> Iterator[str]:
    for second in range(0, end + 1, 5):
        yield f'<line x1="{x(second):g}" y1="{_TOP - 8:g}" x2="{x(second):g}" y2="{bottom:g}" stroke="{_FAINT}"/>'
        yield f'<text x="{x(second):g}" y="{_TOP - 14:g}" text-anchor="middle" fill="{_TEXT}">{second} s</text>'


def _row(story: Story, name: str, x: Callable[[float], float], top: float) -> Iterator[str]:
    yield f'<text x="12" y="{top + _BAR - 1:g}" fill="{_TEXT}">{escape(name)}</text>'
    yield _bar(x(0), x(story.length), top, _UP)
    for outage in story.outages:
        if outage.connection == name:
            until = story.length if outage.end is None else outage.end
            yield _bar(x(outage.start), x(until), top, _DOWN)
            yield (
                f'<text x="{(x(outage.start) + x(until)) / 2:g}" y="{top + _BAR - 2:g}" text-anchor="middle" font-size="11"'
                f' fill="#ffffff">down for {until - max(outage.start, 0.0):.1f} s</text>'
            )
    for write in story.writes:
        if write.connection == name:
            yield _mark(x(write.at), top - 3, _UNDO if write.dh_group == story.edit.before else _SENT)


def _bar(start: float, end: float, top: float, colour: str) -> str:
    return f'<rect x="{start:g}" y="{top:g}" width="{max(end - start, 0.5):g}" height="{_BAR:g}" fill="{colour}"/>'


def _mark(x: float, top: float, colour: str) -> str:
    return f'<rect x="{x - 2:g}" y="{top:g}" width="4" height="{_BAR + 6:g}" fill="{colour}" stroke="#ffffff"/>'


def _legend(top: float) -> Iterator[str]:
    x = _LEFT
    for colour, text in (
        (_UP, "tunnel up"),
        (_DOWN, "tunnel down"),
        (_SENT, "change sent to Azure"),
        (_UNDO, "old values sent to Azure"),
    ):
        yield f'<rect x="{x:g}" y="{top - 10:g}" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 18:g}" y="{top:g}" fill="{_TEXT}">{text}</text>'
        x += 180
