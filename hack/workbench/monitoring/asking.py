"""Asks Prometheus all that the dashboard asks."""

from collections.abc import Iterator, Sequence
from typing import Final

from workbench.monitoring.dashboard import panels
from workbench.monitoring.picture import Answered
from workbench.monitoring.prometheus import Prometheus

STEP: Final = 1.0
"""Seconds from one point of an answer to the next."""
_OF_NOW: Final = frozenset({"stat", "table"})
"""Panels that show how it is, and not how it was."""


async def ask_all(prometheus: Prometheus, start: float, end: float, rate_interval: str) -> list[Answered]:
    """The answers to all panels, over this time (seconds since 1970)."""
    board = []
    for panel in panels(rate_interval):
        answers = []
        for question in panel.questions:
            if panel.kind in _OF_NOW:
                found = await prometheus.ask(question.expr)
            else:
                found = await prometheus.ask_range(question.expr, start, end, STEP)
            answers += [(question, answer) for answer in found]
        board.append(Answered(panel, answers))
    return board


def without_data(board: Sequence[Answered]) -> Iterator[str]:
    """The panels that show nothing: whose questions have no answer, or only ones that are no number."""
    for item in board:
        numbers = (value for _, answer in item.answers for _, value in answer.points if value == value)  # noqa: PLR0124 (NaN)
        if item.panel.questions and next(numbers, None) is None:
            yield item.panel.title
