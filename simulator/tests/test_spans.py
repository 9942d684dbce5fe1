"""Durations between two bounds: what may be written, and that chance repeats."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from azure_vpn_simulator.spans import Draws, Seconds, Span

SECONDS: TypeAdapter[Span] = TypeAdapter(Seconds)
bounds = st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)).map(sorted)


@pytest.mark.parametrize("document", [0, 7.5, {"min": 10, "max": 15}])
def test_it_is_shown_as_it_was_written(document: Any) -> None:
    assert SECONDS.dump_python(SECONDS.validate_python(document), mode="json") == document


@pytest.mark.parametrize(
    ("document", "told"),
    [
        pytest.param(-1, "give a number from 0 to 1000000000, or {min, max}", id="a negative one"),
        pytest.param("5", "give a number from 0", id="a text"),
        pytest.param(True, "give a number from 0", id="a truth value"),
        pytest.param(float("nan"), "give a number from 0", id="no number"),
        pytest.param(10**400, "give a number from 0", id="more than a float holds"),
        pytest.param(None, "give a number from 0", id="nothing"),
        pytest.param({"min": 2}, "max\n  Field required", id="one bound"),
        pytest.param({"min": 2, "max": 1}, "min must not be above max", id="the wrong way round"),
        pytest.param({"min": 1, "max": 2, "mean": 1}, "mean\n  Extra inputs", id="an unknown key"),
    ],
)
def test_what_is_no_duration_is_refused(document: Any, told: str) -> None:
    with pytest.raises(ValidationError) as mistake:
        SECONDS.validate_python(document)
    assert told in str(mistake.value)


@given(bounds, st.integers(), st.lists(st.text() | st.integers(), max_size=3))
def test_a_draw_is_within_its_bounds_and_the_same_whenever_it_is_asked_for(
    limits: list[float], seed: int, key: list[Any]
) -> None:
    span = Span(min=limits[0], max=limits[1])
    draws = Draws(seed)
    first = draws.pick(span, *key)
    draws.pick(span, "something else")
    assert span.min <= first <= span.max
    assert draws.pick(span, *key) == first == Draws(seed).pick(span, *key)


def test_another_seed_and_another_occasion_draw_otherwise() -> None:
    span = Span(min=0, max=1000)
    drawn = [Draws(seed).pick(span, occasion) for seed in range(20) for occasion in range(20)]
    assert len(set(drawn)) == 400
    assert 400 < sum(drawn) / 400 < 600
    assert min(drawn) < 50
    assert max(drawn) > 950


@given(bounds, st.integers(), st.lists(st.floats(0, 1e6), min_size=2, max_size=20).map(sorted))
def test_what_wanders_stays_within_its_bounds_and_never_runs_ahead_of_time(
    limits: list[float], seed: int, times: list[float]
) -> None:
    span, draws = Span(min=limits[0], max=limits[1]), Draws(seed)
    lags = [draws.wander(span, now, "key") for now in times]
    assert all(span.min - 1e-6 <= lag <= span.max + 1e-6 for lag in lags)
    seen = [now - lag for now, lag in zip(times, lags, strict=True)]
    assert all(later >= earlier - 1e-6 for earlier, later in itertools.pairwise(seen))


def test_what_wanders_uses_its_whole_span() -> None:
    lags = [Draws(3).wander(Span(min=10, max=310), 100.0 * i, "key") for i in range(200)]
    assert min(lags) < 40
    assert max(lags) > 280
