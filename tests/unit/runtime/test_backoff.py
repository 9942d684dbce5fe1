import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.runtime.backoff import Backoff


def without_jitter() -> float:
    return 0.5


def test_delays_double_up_to_the_maximum():
    backoff = Backoff[str](base=2, maximum=60, random=without_jitter)
    assert [backoff.next_delay("a") for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert backoff.failures("a") == 7


def test_keys_fail_on_their_own():
    backoff = Backoff[str](base=2, random=without_jitter)
    backoff.next_delay("a")
    assert backoff.next_delay("b") == 2
    assert len(backoff) == 2


def test_a_forgotten_key_starts_over_and_leaves_nothing_behind():
    backoff = Backoff[str](base=2, random=without_jitter)
    backoff.next_delay("a")
    backoff.next_delay("a")
    backoff.forget("a")
    backoff.forget("never seen")
    assert backoff.failures("a") == 0
    assert len(backoff) == 0
    assert backoff.next_delay("a") == 2


@pytest.mark.parametrize(
    ("chance", "delay"),
    [
        pytest.param(0.0, 8.0, id="the lowest chance makes it 20 % shorter"),
        pytest.param(0.5, 10.0, id="the middle leaves it alone"),
        pytest.param(0.999999999, 12.0, id="the highest makes it 20 % longer"),
    ],
)
def test_jitter_spreads_by_a_fifth(chance: float, delay: float):
    backoff = Backoff[str](base=10, jitter=0.2, random=lambda: chance)
    assert backoff.next_delay("a") == pytest.approx(delay)


def test_a_key_that_fails_for_a_year_does_not_overflow():
    backoff = Backoff[str](base=1, maximum=600, random=without_jitter)
    delays = {backoff.next_delay("a") for _ in range(5000)}
    assert max(delays) == 600


@given(st.floats(0.01, 100), st.floats(100, 10_000), st.integers(1, 200), st.floats(0, 0.999999))
def test_every_delay_stays_within_a_fifth_of_the_limits(base: float, maximum: float, failures: int, chance: float):
    backoff = Backoff[str](base=base, maximum=maximum, random=lambda: chance)
    for _ in range(failures):
        delay = backoff.next_delay("a")
        assert 0.8 * base * 0.999 <= delay <= 1.2 * maximum


@pytest.mark.parametrize("arguments", [{"base": 0}, {"base": 10, "maximum": 5}, {"jitter": 1.0}, {"jitter": -0.1}])
def test_impossible_settings_are_refused(arguments: dict[str, float]):
    with pytest.raises(ValueError, match="must be"):
        Backoff[str](**arguments)
