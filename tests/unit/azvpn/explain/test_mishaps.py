"""`explain` on mishaps that the simulated Azure plays: it finds what can be known, and never names what is not true."""

from pathlib import Path

import pytest

from support.mishaps.scores import page_with, play, play_all
from support.mishaps.table import KINDS, Kind

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "explain.md"


@pytest.mark.slow
@pytest.mark.parametrize("reads_log", [False, True], ids=["without the log", "with the log"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
async def test_the_first_of_each_kind(kind: Kind, reads_log: bool):
    found = await play(kind, 0, reads_log=reads_log)
    assert not found.is_wrong, found
    assert found.is_right if kind.knowable else found.is_right or found.admitted, found


@pytest.mark.exhaustive
async def test_three_hundred_mishaps():
    outcomes, with_log = await play_all(), await play_all(reads_log=True)
    knowable = [outcome for outcome in outcomes if outcome.kind.knowable]

    assert len(outcomes) == 300
    assert [outcome for outcome in (*outcomes, *with_log) if outcome.is_wrong] == []
    assert sum(outcome.is_right for outcome in with_log) >= 0.9 * len(with_log)
    assert sum(outcome.is_right for outcome in knowable) >= 0.9 * len(knowable)
    assert all(outcome.is_right or outcome.admitted for outcome in outcomes), "else it says what would tell"
    page = PAGE.read_text()
    assert page == page_with(page, outcomes, with_log), "python -m support.mishaps --write"
