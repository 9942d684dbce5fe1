"""How far a policy's values have come, on the map."""

from typing import Any

import pytest

from azure_vpn_operator.domain.overview.model import Attention, Phase, Policy, Standing
from support.cases.maps import AFTER, a_policy, a_site, in_rollout
from support.world.status_page import Fleet


def policy_of(standings: list[str], **facts: Any) -> Policy:
    fleet = Fleet()
    fleet.put(
        a_site(f"s{n}", f"Site{n}", status=in_rollout(standing, "branches")) for n, standing in enumerate(standings)
    )
    fleet.put([a_policy("branches", connections=len(standings), since=600, **facts)])
    (policy,) = fleet.map().policies
    return policy


@pytest.mark.parametrize(
    ("standings", "facts", "phase", "attention", "members"),
    [
        pytest.param(["done", "done"], {}, Phase.AT_REST, Attention.WELL, [], id="all hold the values"),
        pytest.param(
            ["behind", "behind", "behind"],
            {"target": AFTER, "state": "Target"},
            Phase.CANARY,
            Attention.CHANGING,
            [Standing.NEXT, Standing.BEHIND, Standing.BEHIND],
            id="the canary is about to go",
        ),
        pytest.param(
            ["moving", "behind", "behind"],
            {"target": AFTER, "state": "Target"},
            Phase.CANARY,
            Attention.CHANGING,
            [Standing.MOVING, Standing.BEHIND, Standing.BEHIND],
            id="the canary has gone",
        ),
        pytest.param(
            ["done", "behind", "behind", "behind"],
            {"target": AFTER, "state": "Target", "maxUnavailable": 2},
            Phase.WAVE,
            Attention.CHANGING,
            [Standing.DONE, Standing.NEXT, Standing.NEXT, Standing.BEHIND],
            id="a wave of two after the canary",
        ),
        pytest.param(
            ["done", "done"],
            {"target": AFTER, "state": "Target"},
            Phase.WAVE,
            Attention.CHANGING,
            [Standing.DONE, Standing.DONE],
            id="the last one holds the values, and the operator has not said yet that it is over",
        ),
        pytest.param(
            ["done", "behind"],
            {"target": AFTER, "state": "Target", "paused": True},
            Phase.PAUSED,
            Attention.WAITING,
            [Standing.DONE, Standing.BEHIND],
            id="somebody has paused it",
        ),
        pytest.param(
            ["done", "undone", "behind"],
            {"target": AFTER, "state": "Failed", "rolled_out": ("False", "RolloutFailed", "s1 did not come back")},
            Phase.FAILED,
            Attention.PROBLEM,
            [Standing.DONE, Standing.UNDONE, Standing.BEHIND],
            id="a tunnel did not come back, and was put back",
        ),
        pytest.param(
            ["undoing", "behind"],
            {"target": AFTER, "state": "Failed", "rolled_out": ("False", "RolloutFailed", "s0 did not come back")},
            Phase.FAILED,
            Attention.PROBLEM,
            [Standing.UNDONE, Standing.BEHIND],
            id="the canary is being put back",
        ),
        pytest.param(
            ["behind", "behind"],
            {"target": AFTER, "state": "Failed", "rolled_out": ("False", "RolloutFailed", "one did not come back")},
            Phase.FAILED,
            Attention.PROBLEM,
            [Standing.BEHIND, Standing.BEHIND],
            id="the one that failed has forgotten it, and still nobody is next",
        ),
    ],
)
def test_a_rollout_is_told(
    standings: list[str], facts: dict[str, Any], phase: Phase, attention: Attention, members: list[Standing]
):
    policy = policy_of(standings, **facts)
    assert (policy.phase, policy.attention) == (phase, attention)
    assert [member.standing for member in policy.members] == members


def test_a_failed_rollout_says_what_the_policy_says():
    policy = policy_of(
        ["undone"], target=AFTER, state="Failed", rolled_out=("False", "RolloutFailed", "s0 did not come back")
    )
    assert (policy.reason, policy.message) == ("RolloutFailed", "s0 did not come back")


def test_members_are_links_of_the_map():
    fleet = Fleet()
    fleet.put(
        [
            a_site("s0", "Site0", status=in_rollout("behind", "branches")),
            a_policy("branches", connections=1, target=AFTER, state="Target"),
        ]
    )
    drawn = fleet.map()
    assert {member.link for member in drawn.policies[0].members} == {link.id for link in drawn.links}


def test_a_policy_that_breaks_a_rule_is_a_problem():
    fleet = Fleet()
    document = a_policy("wrong")
    document["spec"] = {"ikeEncryption": "Rot13"}
    fleet.put([document])
    (policy,) = fleet.map().policies
    assert (policy.phase, policy.attention, policy.values) == (Phase.INVALID, Attention.PROBLEM, "")
