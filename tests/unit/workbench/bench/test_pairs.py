from typing import Any

import pytest

from workbench.bench.pairs import seconds_apart, summarize


def taken(method: str, name: str, seconds: float, status: int = 200) -> dict[str, Any]:
    path = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/{name}"
    return {"method": method, "path": path, "status": status, "time": f"2026-03-01T12:00:{seconds:09.6f}Z"}


@pytest.mark.parametrize(
    ("entries", "apart"),
    [
        pytest.param(
            [taken("PUT", "a", 1.0), taken("PUT", "b", 1.25)], 5.0, id="in Azure's seconds, at twenty times the speed"
        ),
        pytest.param(
            [taken("PUT", "B", 1.0), taken("PUT", "A", 1.25)], 5.0, id="whichever comes first, in any spelling"
        ),
        pytest.param(
            [taken("PUT", "a", 1.0), taken("PUT", "b", 1.1, 409), taken("PUT", "b", 2.0)],
            20.0,
            id="only what Azure took counts",
        ),
        pytest.param([taken("PUT", "a", 1.0), taken("GET", "b", 1.1)], None, id="not before both are written"),
    ],
)
def test_how_long_two_halves_differ(entries: list[dict[str, Any]], apart: float | None):
    assert seconds_apart(entries, ("a", "b"), 20.0) == apart


def test_durations_are_told_by_median_and_longest():
    assert summarize([0.1, 0.5, 0.301]) == {"changes": 3, "median": 0.3, "max": 0.5}
