"""Three failures of the last ten stop all changes; one that works after the cool-down lets them go on."""

from datetime import timedelta

import pytest

from azure_vpn_operator.domain.rollout.breaker import COOL_DOWN, PastVerdict, judge_breaker
from support.builders import NOW


def verdicts(text: str, minutes: float = 1.0) -> list[PastVerdict]:
    """One for each letter, a minute apart: `x` failed, `o` did not, and at a `.` the cool-down passes."""
    found, moment = [], NOW
    for number, letter in enumerate(text):
        moment += COOL_DOWN if letter == "." else timedelta(minutes=minutes)
        if letter != ".":
            found.append(PastVerdict(moment, letter == "x", f"network/site-{number}"))
    return found


@pytest.mark.parametrize(
    ("history", "stopped"),
    [
        ("", False),
        ("xx", False),
        ("xxx", True),
        ("xoxoooox", True),
        ("xooooooooxx", False),
        ("xoooooooxx", True),
        ("xxxooooooo", True),
        ("xxx.o", False),
        ("xxx.x", True),
        ("xxx.x.o", False),
        ("xxx.oxx", False),
        ("xxx.oxxx", True),
    ],
)
def test_breaker(history: str, stopped: bool):
    assert (judge_breaker(verdicts(history)).one_from is not None) is stopped


def test_one_is_tried_after_the_cool_down_and_no_second_one_beside_it():
    breaker = judge_breaker(verdicts("xxx"))
    last = verdicts("xxx")[-1].time
    assert breaker.one_from == last + COOL_DOWN
    assert not breaker.lets_through(last + COOL_DOWN - timedelta(seconds=1), 0)
    assert breaker.lets_through(last + COOL_DOWN, 0)
    assert not breaker.lets_through(last + COOL_DOWN, 1)
    assert breaker.failures == ("network/site-0", "network/site-1", "network/site-2")
