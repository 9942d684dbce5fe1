"""What becomes of the values that a policy had, and which of them each connection is to hold."""

from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.ipsec_policy import PolicyRevision, RevisionState, RolloutStrategy
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.rollout.revisions import (
    MOST_REVISIONS,
    Target,
    assigned_values,
    conclude_wave,
    recall_revisions,
    set_target,
    wants_rekey_proof,
    with_continue,
    with_values,
)
from azure_vpn_operator.domain.rollout.waves import Member, Standing, WaveTerms, plan_wave
from support.builders import NOW
from support.cases.rollouts import policy_with, revision

LATER = NOW + timedelta(hours=1)
CURRENT, TARGET, FAILED, SUPERSEDED = (
    RevisionState.CURRENT,
    RevisionState.TARGET,
    RevisionState.FAILED,
    RevisionState.SUPERSEDED,
)


def seen(revisions: tuple[PolicyRevision, ...]) -> list[tuple[int, str]]:
    return [(item.values.sa_life_time_seconds, item.state.value) for item in revisions]


@pytest.mark.parametrize(
    ("before", "wanted", "retry", "after"),
    [
        pytest.param((), 3600, False, [(3600, "Current")], id="a new policy has nobody to move"),
        pytest.param(((3600, CURRENT),), 3600, False, [(3600, "Current")], id="nothing has changed"),
        pytest.param(((3600, CURRENT),), 7200, False, [(7200, "Target"), (3600, "Current")], id="an edit"),
        pytest.param(
            ((7200, TARGET), (3600, CURRENT)),
            9000,
            False,
            [(9000, "Target"), (7200, "Superseded"), (3600, "Current")],
            id="an edit during a rollout takes over",
        ),
        pytest.param(
            ((7200, TARGET), (3600, CURRENT)),
            3600,
            False,
            [(3600, "Target"), (7200, "Superseded")],
            id="a revert is a target like any other",
        ),
        pytest.param(
            ((7200, FAILED), (3600, CURRENT)),
            3600,
            False,
            [(3600, "Target"), (7200, "Failed")],
            id="a revert after a failure",
        ),
        pytest.param(
            ((7200, FAILED), (3600, CURRENT)),
            7200,
            False,
            [(7200, "Failed"), (3600, "Current")],
            id="what has failed is not tried again",
        ),
        pytest.param(
            ((7200, FAILED), (3600, CURRENT)),
            7200,
            True,
            [(7200, "Target"), (3600, "Current")],
            id="unless somebody asks",
        ),
        pytest.param(
            ((7200, CURRENT), (3600, SUPERSEDED)),
            7200,
            True,
            [(7200, "Current"), (3600, "Superseded")],
            id="to ask for what works changes nothing",
        ),
    ],
)
def test_the_target(before: tuple[tuple[int, RevisionState], ...], wanted: int, retry: bool, after: list[object]):
    kept = tuple(revision(seconds, state, 9 - number) for number, (seconds, state) in enumerate(before))
    same = bool(kept) and kept[0].values.sa_life_time_seconds == wanted
    policy = policy_with(wanted, generation=9 if same else 10)
    assert seen(set_target(policy, kept, LATER, others_held=False, retry=retry).revisions) == after


def test_the_values_of_before_this_version_are_a_target_if_connections_hold_others():
    found = set_target(policy_with(3600), (), NOW, others_held=True, retry=False)
    assert seen(found.revisions) == [(3600, "Target")]


def test_only_the_last_revisions_are_kept():
    revisions: tuple[PolicyRevision, ...] = ()
    for number in range(MOST_REVISIONS + 5):
        policy = policy_with(3600 + number, generation=number + 1)
        revisions = set_target(policy, revisions, NOW, others_held=False, retry=False).revisions
    assert len(revisions) == MOST_REVISIONS
    assert revisions[0].values.sa_life_time_seconds == 3600 + MOST_REVISIONS + 4


@pytest.mark.parametrize(
    ("state", "standings", "after"),
    [
        pytest.param(TARGET, "BM", "Target", id="some are behind"),
        pytest.param(TARGET, "DM", "Target", id="one is not confirmed"),
        pytest.param(TARGET, "DD", "Current", id="all have it"),
        pytest.param(TARGET, "DS", "Current", id="but one that takes no part"),
        pytest.param(TARGET, "", "Current", id="nobody uses it"),
        pytest.param(TARGET, "DF", "Failed", id="one has failed"),
        pytest.param(CURRENT, "DF", "Failed", id="one fails at its first rekey, when all have it"),
        pytest.param(CURRENT, "DB", "Current", id="one joins"),
        pytest.param(FAILED, "DD", "Failed", id="a failure stays until something is done"),
    ],
)
def test_what_becomes_of_the_target(state: RevisionState, standings: str, after: str):
    found = {standing.value[0]: standing for standing in Standing}
    members = [Member(f"{number}", found[letter], healthy=True) for number, letter in enumerate(standings)]
    mine = revision(7200, state, 2)
    before = Target(mine, (mine, revision(3600, SUPERSEDED if state is CURRENT else CURRENT)))
    ended = conclude_wave(before, plan_wave(members, WaveTerms(RolloutStrategy.STAGED, 1)), LATER)
    assert ended.revision.state.value == after
    assert ended.revision.since == (NOW if after == state.value else LATER)
    currents = [item for item in ended.revisions if item.state is CURRENT]
    assert len(currents) <= 1, "only one is what new connections begin with"


OLD, NEW, GONE = 3600, 7200, 1800


@pytest.mark.parametrize(
    ("state", "held", "may_move", "rollout", "expected"),
    [
        pytest.param(TARGET, OLD, False, {}, OLD, id="it keeps what it has until its turn"),
        pytest.param(TARGET, OLD, True, {}, NEW, id="its turn"),
        pytest.param(TARGET, None, False, {}, OLD, id="a new connection begins with what is current"),
        pytest.param(TARGET, GONE, False, {}, OLD, id="what it holds is not remembered any more"),
        pytest.param(TARGET, OLD, False, {"strategy": "AllAtOnce"}, NEW, id="all at once"),
        pytest.param(FAILED, OLD, False, {}, OLD, id="what has failed reaches nobody"),
        pytest.param(FAILED, NEW, False, {}, OLD, id="and leaves who was put back"),
        pytest.param(FAILED, NEW, True, {}, NEW, id="but not who has confirmed it"),
        pytest.param(FAILED, OLD, False, {"strategy": "AllAtOnce"}, OLD, id="a failure stops all at once too"),
        pytest.param(CURRENT, OLD, False, {}, NEW, id="who joins later need not wait"),
    ],
)
def test_what_a_connection_is_to_hold(
    state: RevisionState, held: int | None, may_move: bool, rollout: dict[str, Any], expected: int
):
    policy = policy_with(NEW, 2, **rollout)
    revisions = (revision(NEW, state, 2), revision(OLD, SUPERSEDED if state is CURRENT else CURRENT))
    held_hash = canonical_policy(policy_with(held).spec).hash if held is not None else None
    assigned = assigned_values(policy, revisions, held_hash, may_move=may_move)
    found = policy if assigned is None else with_values(policy, assigned)
    assert found.spec.sa_life_time_seconds == expected


@pytest.mark.parametrize(
    ("before", "held", "may_move", "expected"),
    [
        pytest.param((), OLD, False, OLD, id="nobody has looked at the policy yet"),
        pytest.param(((NEW, TARGET),), OLD, False, OLD, id="its turn has not come"),
        pytest.param(((NEW, TARGET),), OLD, True, NEW, id="its turn has come"),
        pytest.param(((NEW, FAILED),), OLD, False, OLD, id="the new values have failed"),
        pytest.param(((NEW, CURRENT),), OLD, False, NEW, id="all that could be moved have the new values"),
        pytest.param(((NEW, TARGET), (GONE, CURRENT)), OLD, False, OLD, id="what it holds comes before what others do"),
        pytest.param(((NEW, TARGET), (GONE, CURRENT)), None, False, GONE, id="a new one begins with what others hold"),
    ],
)
def test_a_connection_that_holds_what_no_revision_knows_keeps_it(
    before: tuple[tuple[int, RevisionState], ...], held: int | None, may_move: bool, expected: int
):
    policy = policy_with(NEW, 2)
    revisions = tuple(revision(seconds, state) for seconds, state in before)
    known = {revision(OLD, CURRENT).hash: revision(OLD, CURRENT).values}
    held_hash = revision(held, CURRENT).hash if held is not None else None
    assigned = assigned_values(policy, revisions, held_hash, may_move=may_move, recall=known.get)
    found = policy if assigned is None else with_values(policy, assigned)
    assert found.spec.sa_life_time_seconds == expected


def test_a_policy_that_was_made_again_has_the_revisions_that_its_connections_hold():
    held = [revision(seconds, CURRENT).values for seconds in (OLD, GONE, GONE)]
    recalled = recall_revisions((), held, NOW)
    assert seen(recalled) == [(GONE, "Current"), (OLD, "Superseded")]
    target = set_target(policy_with(NEW), recalled, NOW, others_held=True, retry=False)
    assert seen(target.revisions) == [(NEW, "Target"), (GONE, "Current"), (OLD, "Superseded")]


def test_what_connections_hold_may_become_known_only_when_the_new_values_are_a_target_already():
    recalled = recall_revisions([revision(NEW, FAILED)], [revision(OLD, CURRENT).values], LATER)
    assert seen(recalled) == [(NEW, "Failed"), (OLD, "Current")]


def test_a_policy_that_nobody_has_looked_at_yet_is_what_its_spec_says():
    assert assigned_values(policy_with(NEW), (), None, may_move=False) is None


@pytest.mark.parametrize(
    ("rollout", "continued", "expected"),
    [
        pytest.param({}, False, True, id="by default"),
        pytest.param({"rekeyProof": "None"}, False, False, id="the policy does not want it"),
        pytest.param({}, True, False, id="somebody does not want to wait"),
    ],
)
def test_who_has_to_survive_a_rekey(rollout: dict[str, Any], continued: bool, expected: bool):
    mine = revision(NEW, TARGET, 2)
    target = Target(mine, (mine, revision(OLD, CURRENT)))
    if continued:
        target = with_continue(target)
    assert wants_rekey_proof(policy_with(NEW, 2, **rollout), target.revisions) is expected
