from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.passes.key_turns import KeyUser, judge_turn
from support.builders import NOW

SOON = NOW - timedelta(seconds=20)
LONG = NOW - timedelta(hours=1)
OWN = KeyUser("m", due=True)


@pytest.mark.parametrize(
    ("own", "others", "reason", "after"),
    [
        pytest.param(OWN, [], None, None, id="nobody else uses the Secret"),
        pytest.param(OWN, [KeyUser("a", due=False)], None, None, id="the others have the key already"),
        pytest.param(OWN, [KeyUser("z", due=True)], None, None, id="the other one comes later"),
        pytest.param(OWN, [KeyUser("b", due=True), KeyUser("a", due=True)], "KeyRotationWaits", "a", id="first come a"),
        pytest.param(OWN, [KeyUser("z", due=False, since=SOON)], "KeyRotationWaits", "z", id="one is under way"),
        pytest.param(OWN, [KeyUser("z", due=False, since=LONG)], "KeyRotationWaits", "z", id="and takes its time"),
        pytest.param(
            OWN, [KeyUser("z", due=False, since=SOON, failed=True)], "KeyRotationStopped", "z", id="one failed"
        ),
        pytest.param(
            KeyUser("m", due=True, since=SOON),
            [KeyUser("a", due=True)],
            None,
            None,
            id="what has begun goes on, whoever comes first otherwise",
        ),
        pytest.param(
            KeyUser("m", due=True, since=SOON),
            [KeyUser("z", due=True, since=SOON - timedelta(seconds=5))],
            "KeyRotationWaits",
            "z",
            id="of two that have begun, the earlier one",
        ),
        pytest.param(
            KeyUser("m", due=True, since=LONG, failed=True),
            [],
            None,
            None,
            id="its own failure does not stop the unit itself",
        ),
    ],
)
def test_whose_turn_it_is(own: KeyUser, others: list[KeyUser], reason: str | None, after: str | None):
    turn = judge_turn(own, others)
    assert (turn.reason, turn.after) == (Reason(reason) if reason else None, after)
    assert after is None or after in turn.message


USERS = st.lists(
    st.builds(
        KeyUser,
        st.sampled_from("abcdef"),
        due=st.booleans(),
        since=st.none() | st.integers(0, 900).map(lambda seconds: NOW - timedelta(seconds=seconds)),
        failed=st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda user: user.name,
)


@given(USERS)
def test_at_most_one_may_go_and_the_order_of_looking_does_not_matter(users: list[KeyUser]):
    may_go = [
        user.name
        for user in users
        if (user.due or user.since) and judge_turn(user, [u for u in users if u is not user]).reason is None
    ]
    assert len(may_go) <= 1
    for order in permutations(users[1:]):
        assert judge_turn(users[0], order) == judge_turn(users[0], users[1:])


@given(USERS.filter(lambda users: any(user.due or user.since for user in users)))
def test_there_is_always_one_that_is_not_waiting_for_another(users: list[KeyUser]):
    assert any(judge_turn(user, [u for u in users if u is not user]).reason is None for user in users)
