"""Simulated time, and events in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_simulator.clock import ManualClock, ScaledClock, real_seconds
from azure_vpn_simulator.timeline import Timeline


def test_a_scaled_clock_runs_faster_from_the_moment_it_is_told_to() -> None:
    real = [100.0]
    clock = ScaledClock(2, monotonic=lambda: real[0])
    real[0] += 10
    assert clock.seconds() == 20
    clock.set_scale(60)
    assert clock.seconds() == 20
    real[0] += 1
    assert clock.seconds() == 80
    clock.step(5)
    assert clock.seconds() == 85


@pytest.mark.parametrize("scale", [0, -1, float("inf"), float("nan")])
def test_time_does_not_stand_still_or_go_back(scale: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(scale)
    clock = ManualClock()
    with pytest.raises(ValueError, match="above 0"):
        clock.set_scale(scale)
    with pytest.raises(ValueError, match="go back"):
        clock.step(-1)


@given(seconds=st.floats(0, 1e6), scale=st.floats(0.01, 1000))
def test_a_client_that_waits_as_told_has_waited_long_enough(seconds: float, scale: float) -> None:
    told = real_seconds(ManualClock(scale), seconds)
    assert told >= 1
    assert told * scale >= seconds - 1e-6 * max(1, seconds)


@given(st.lists(st.floats(0, 100), max_size=30), st.lists(st.floats(0, 30), max_size=10))
def test_events_run_once_in_order_at_their_own_times_whoever_looks_when(at: list[float], looks: list[float]) -> None:
    clock = ManualClock()
    timeline = Timeline(clock)
    ran: list[tuple[float, float]] = []
    for when in at:
        timeline.after(when, lambda when=when: ran.append((when, timeline.now)))
    for look in [*looks, 0]:
        clock.step(look)
        timeline.advance()
    due = sorted(when for when in at if when <= clock.seconds())
    assert [when for when, _ in ran] == due
    assert all(when == now for when, now in ran)


def test_an_event_can_add_one_that_is_due_at_once() -> None:
    clock = ManualClock()
    timeline = Timeline(clock)
    seen: list[float] = []
    timeline.after(1, lambda: timeline.after(1, lambda: seen.append(timeline.now)))
    clock.step(10)
    timeline.advance()
    assert seen == [2]
