"""Which values an object is to hold now: by the state of the rollout, and by what its tunnel has begun already."""

import pytest

from azure_vpn_operator.api.ipsec_policy import RevisionState
from azure_vpn_operator.domain.passes.snapshot import Held
from azure_vpn_operator.domain.rollout.assignment import assign
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from support.cases.rollouts import BEFORE, change, failed, holder, policy_with, revision, values

OLD, NEW = 3600, 7200
CURRENT, TARGET, FAILED, SUPERSEDED = (
    RevisionState.CURRENT,
    RevisionState.TARGET,
    RevisionState.FAILED,
    RevisionState.SUPERSEDED,
)
HELD_NEW, HELD_OLD = holder(values(NEW)), holder(values(OLD))
WAITS_FOR_WINDOW = holder(values(NEW), ready="WaitingForWindow")
PUT_BACK = holder(values(NEW), change=failed(values(NEW)))
PUT_BACK_BEFORE = holder(values(NEW), change=failed(values(NEW), end_time=BEFORE))
CONFIRMING = holder(values(NEW), change=change("Confirming", values(NEW)))


@pytest.mark.parametrize(
    ("state", "own", "other", "granted", "seconds", "held"),
    [
        pytest.param(TARGET, HELD_OLD, None, False, OLD, Held.WAITS, id="it waits for its turn"),
        pytest.param(TARGET, HELD_OLD, None, True, NEW, None, id="it has its turn"),
        pytest.param(
            TARGET, CONFIRMING, None, False, NEW, None, id="it has begun, and the turn is forgotten by a restart"
        ),
        pytest.param(TARGET, HELD_OLD, CONFIRMING, False, NEW, None, id="the pair's other object has begun"),
        pytest.param(TARGET, WAITS_FOR_WINDOW, None, False, OLD, Held.WAITS, id="a window kept it from beginning"),
        pytest.param(
            TARGET, PUT_BACK_BEFORE, None, True, OLD, Held.WAITS, id="what failed is tried again: it is left first"
        ),
        pytest.param(FAILED, HELD_OLD, None, True, OLD, Held.STOPPED, id="a failure takes the turn away"),
        pytest.param(FAILED, HELD_NEW, None, False, NEW, None, id="who has confirmed them keeps them"),
        pytest.param(FAILED, PUT_BACK, None, False, OLD, Held.STOPPED, id="who was put back stays there"),
        pytest.param(FAILED, HELD_NEW, PUT_BACK, False, OLD, Held.STOPPED, id="and so does the pair's other object"),
        pytest.param(CURRENT, HELD_OLD, None, False, NEW, None, id="all that could be moved have them: it may join"),
    ],
)
def test_what_an_object_is_assigned(
    state: RevisionState, own: PolicyHolder, other: PolicyHolder | None, granted: bool, seconds: int, held: Held | None
):
    policy = policy_with(NEW, 2)
    policy = policy.model_copy(update={"metadata": policy.metadata.model_copy(update={"name": "p1"})})
    revisions = (revision(NEW, state, 2), revision(OLD, SUPERSEDED if state is CURRENT else CURRENT))
    unit = [own, *([other] if other is not None else [])]
    found = assign(policy, revisions, unit, own, granted=granted, recall=lambda _: None)
    assert (found.policy.spec.sa_life_time_seconds, found.assignment.held) == (seconds, held)


def test_nothing_is_said_before_the_policy_has_looked_at_its_new_values():
    policy = policy_with(NEW, 2)
    found = assign(policy, (revision(OLD, CURRENT),), [HELD_OLD], HELD_OLD, granted=False, recall=lambda _: None)
    assert found.policy.spec.sa_life_time_seconds == OLD
    assert found.assignment.undecided
