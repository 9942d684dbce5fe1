from typing import Any

import pytest

from workbench.bench.promises import missed_promises


def test_a_good_report_misses_nothing(report: dict[str, Any]):
    assert missed_promises(report) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        pytest.param(("latencyMilliseconds", "all", "p99"), 250.0, "250 ms", id="an edit that is late"),
        pytest.param(("requestsPerChange", "create", "azure"), {"PUT connection": 2}, "create", id="a second PUT"),
        pytest.param(("requestsPerChange", "tag edit", "azure"), {"PUT connection": 1}, "tag edit", id="PUT for a tag"),
        pytest.param(
            ("requestsPerChange", "alias only", "azure"), {"PUT connection": 1}, "alias", id="PUT for nothing"
        ),
        pytest.param(("start", "azureWrites"), 1, "start", id="a write at the start"),
        pytest.param(("idle", "azureWrites"), 1, "idle", id="a write while idle"),
        pytest.param(
            ("idle", "apiServerRequestsPerMinute"),
            {"patch vpnconnections/status": 1.0},
            "patch",
            id="a status while idle",
        ),
    ],
)
def test_a_missed_promise_is_named(report: dict[str, Any], path: tuple[str, ...], value: object, words: str):
    bad = report
    *outer, last = path
    inner = bad
    for name in outer:
        inner = inner[name]
    inner[last] = value
    [missed] = missed_promises(bad)
    assert words in missed
