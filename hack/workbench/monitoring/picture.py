"""The dashboard as a picture, in the layout that its file says, from Prometheus' answers.

It is not Grafana: it shows what the panels' questions return, and loads nothing from anywhere.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from workbench.monitoring.dashboard import Panel, Question
from workbench.monitoring.prometheus import Answer

_COLUMN: Final = 56
_UNIT: Final = 27
_GAP: Final = 6
_MARGIN: Final = 12
_LEGENDS: Final = 3
_GAP_SECONDS: Final = 3.0
"""After so long without a point a line is broken."""
_COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f", "#b8a800")
_UP, _DOWN, _UNKNOWN = "#009e73", "#d55e00", "#c8c8c8"
_FRAME, _TEXT, _QUIET = "#d9d9d9", "#1f2328", "#6e7781"


@dataclass(frozen=True, slots=True)
class Answered:
    """A panel with the answers to its questions."""

    panel: Panel
    answers: Sequence[tuple[Question, Answer]]


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    width: float
    height: float


def draw(board: Sequence[Answered], start: float, end: float, title: str) -> str:
    """The picture as SVG; times are seconds since 1970."""
    height = max(item.panel.top + item.panel.height for item in board) * _UNIT + 2 * _MARGIN + 30
    width = 24 * _COLUMN + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#f6f8fa"/>',
        f'<text x="{_MARGIN}" y="26" font-size="16" font-weight="bold" fill="{_TEXT}">{escape(title)}</text>',
    ]
    for item in board:
        parts += _panel(item, start, end)
    return "\n".join([*parts, "</svg>", ""])


def legend(question: Question, answer: Answer) -> str:
    """How a series is called, as Grafana fills in its legend."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: answer.labels.get(found[1], ""), question.legend)


def _panel(item: Answered, start: float, end: float) -> Iterator[str]:
    panel = item.panel
    box = _Box(
        _MARGIN + panel.left * _COLUMN,
        36 + panel.top * _UNIT,
        panel.width * _COLUMN - _GAP,
        panel.height * _UNIT - _GAP,
    )
    if panel.kind == "row":
        yield f'<text x="{box.left}" y="{box.top + 15}" font-size="13" font-weight="bold" fill="{_TEXT}">{escape(panel.title)}</text>'
        return
    yield f'<rect x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}" rx="3" fill="#ffffff" stroke="{_FRAME}"/>'
    yield f'<text x="{box.left + 8}" y="{box.top + 16}" font-weight="bold" fill="{_TEXT}">{escape(panel.title)}</text>'
    inner = _Box(box.left + 8, box.top + 24, box.width - 16, box.height - 30)
    match panel.kind:
        case "stat":
            yield from _stat(item, inner)
        case "state-timeline":
            yield from _states(item, inner, start, end)
        case "table":
            yield from _table(item, inner)
        case _:
            yield from _lines(item, inner, start, end)


def _stat(item: Answered, box: _Box) -> Iterator[str]:
    step = box.width / max(len(item.answers), 1)
    for number, (question, answer) in enumerate(item.answers):
        x = box.left + (number + 0.5) * step
        value = _shown(answer.points[-1][1], item.panel.unit)
        yield f'<text x="{x:.0f}" y="{box.top + 44}" font-size="30" text-anchor="middle" fill="{_TEXT}">{value}</text>'
        yield f'<text x="{x:.0f}" y="{box.top + 66}" text-anchor="middle" fill="{_QUIET}">{escape(legend(question, answer))}</text>'


def _states(item: Answered, box: _Box, start: float, end: float) -> Iterator[str]:
    step = min(box.height / max(len(item.answers), 1), 30.0)
    named = 0.22 * box.width
    scale = (box.width - named) / (end - start)
    for number, (question, answer) in enumerate(item.answers):
        y = box.top + number * step
        yield f'<text x="{box.left}" y="{y + step / 2 + 4:.1f}" fill="{_TEXT}">{escape(legend(question, answer))}</text>'
        for begun, ended, value in _runs(answer.points):
            colour = _UNKNOWN if math.isnan(value) else _UP if value else _DOWN
            x = box.left + named + (begun - start) * scale
            yield f'<rect x="{x:.1f}" y="{y + 3:.1f}" width="{(ended - begun) * scale:.1f}" height="{step - 6:.1f}" fill="{colour}"/>'


def _runs(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float, float]]:
    begun = points[0][0]
    for (at, value), (following, other) in zip(points, [*points[1:], (points[-1][0], math.inf)], strict=True):
        if value != other and not (math.isnan(value) and math.isnan(other)):
            yield begun, following if other is not math.inf else at, value
            begun = following


def _table(item: Answered, box: _Box) -> Iterator[str]:
    hidden = {"__name__", "job", "instance"}
    names = sorted({name for _, answer in item.answers for name in answer.labels} - hidden)
    step = box.width / max(len(names), 1)
    rows: list[Mapping[str, str]] = [{name: name for name in names}, *(answer.labels for _, answer in item.answers)]
    for number, row in enumerate(rows[: int(box.height / 17)]):
        for place, name in enumerate(names):
            colour = _QUIET if number == 0 else _TEXT
            x, y = box.left + place * step, box.top + 12 + number * 17
            yield f'<text x="{x:.0f}" y="{y}" fill="{colour}">{escape(row.get(name, ""))}</text>'


def _lines(item: Answered, box: _Box, start: float, end: float) -> Iterator[str]:
    drawn = [(q, a) for q, a in item.answers if any(math.isfinite(value) for _, value in a.points)]
    values = [value for _, answer in drawn for _, value in answer.points if math.isfinite(value)]
    low, high = min([0.0, *values]), max([0.0, *values])
    high = high if high > low else low + 1.0
    shown = min(len(drawn), _LEGENDS)
    plot = _Box(box.left + 46, box.top + 4, box.width - 46, box.height - 8 - 14 * shown)
    for share in (0.0, 0.5, 1.0):
        y = plot.top + plot.height * (1 - share)
        yield f'<line x1="{plot.left}" y1="{y:.1f}" x2="{plot.left + plot.width}" y2="{y:.1f}" stroke="{_FRAME}"/>'
        yield (
            f'<text x="{plot.left - 4}" y="{y + 4:.1f}" text-anchor="end" fill="{_QUIET}">'
            f"{_shown(low + share * (high - low), item.panel.unit)}</text>"
        )
    for number, (question, answer) in enumerate(drawn):
        colour = _COLOURS[number % len(_COLOURS)]
        for part in _unbroken(answer.points):
            points = " ".join(
                f"{plot.left + (at - start) / (end - start) * plot.width:.0f},"
                f"{plot.top + (high - value) / (high - low) * plot.height:.1f}"
                for at, value in part
            )
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linecap="round"/>'
        if number < shown:
            more = f"  and {len(drawn) - shown} more" if number == shown - 1 and len(drawn) > shown else ""
            y = plot.top + plot.height + 16 + 14 * number
            yield f'<rect x="{plot.left}" y="{y - 8:.1f}" width="10" height="3" fill="{colour}"/>'
            yield f'<text x="{plot.left + 15}" y="{y - 2:.1f}" fill="{_TEXT}">{escape(legend(question, answer) + more)}</text>'


def _unbroken(points: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """The parts in which there is a number at each step."""
    part: list[tuple[float, float]] = []
    for at, value in points:
        if part and (not math.isfinite(value) or at - part[-1][0] > _GAP_SECONDS):
            yield part
            part = []
        if math.isfinite(value):
            part.append((at, value))
    if part:
        yield part


def _shown(value: float, unit: str) -> str:
    if math.isnan(value):
        return "?"
    if unit == "percentunit":
        return f"{100 * value:.0f} %"
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g} {suffix}{_SUFFIX.get(unit, '')}"
    return f"{value:.3g}{' ' if unit in _SUFFIX else ''}{_SUFFIX.get(unit, '')}"


_SUFFIX: Final = {"s": "s", "Bps": "B/s", "bytes": "B", "reqps": "/s", "ops": "/s"}
