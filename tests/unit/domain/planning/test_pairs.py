"""Laws of the plan for two halves, over every combination of what each half may be at."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.domain.pairs.pairing import PairView
from azure_vpn_operator.domain.passes.snapshot import Attempts, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Hold, PatchTags, Put, Refuse, SetKey, Settled, Wait
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy
from azure_vpn_operator.domain.planning.pair_stages import HalfInMotion, Stage, find_stage
from azure_vpn_operator.domain.planning.pairs import coordinate, plan_pair
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import (
    NOW,
    OWNER,
    a_fault,
    a_half,
    a_live_vnet_connection,
    a_policy,
    a_snapshot,
    a_vnet_connection,
    an_open_operation,
)

WRITES = Put | PatchTags | SetKey
OTHER = a_policy(dhGroup="ECP256")
REFUSAL = a_fault(FaultKind.REJECTED, "InvalidPolicy")
STATES: dict[str, dict[str, Any]] = {
    "in peace": {},
    "to be changed": {"policy": OTHER},
    "to be changed and refused": {"policy": OTHER, "attempts": Attempts(refusal=REFUSAL, last_read=NOW)},
    "to be changed and locked by the partner": {
        "policy": OTHER,
        "attempts": Attempts(locked_by_partner=True, last_read=NOW),
    },
    "changing": {"operation": an_open_operation()},
    "getting a key": {"operation": an_open_operation(OperationKind.SHARED_KEY)},
    "missing": {"live": Absent()},
    "unreadable": {"live": Unreadable(a_fault())},
    "busy with something else": {"live": a_live_vnet_connection(provisioningState="Updating")},
    "moved ahead": {"live": a_live_vnet_connection(ipsecPolicies=[OTHER.spec.model_dump(by_alias=True, mode="json")])},
    "without its policy": {"policy": Absent()},
    "with other tags": {"live": a_live_vnet_connection(tags={"azvpn-owner": OWNER, "old": "1"})},
    "suspended": {"subject": a_vnet_connection(suspend=True)},
}
DISAGREEMENTS: tuple[dict[str, Any], ...] = (
    {"policy_hash": "bbbbbbbbbbbb"},
    {"key_reference": ("other", "sharedKey")},
    {"protocol": "IKEv1"},
)
halves = st.sampled_from(sorted(STATES))
LAW = settings(max_examples=2 * settings.default.max_examples, deadline=None)


def snapshot_of(state: str, name: str, partner: str) -> Snapshot:
    made = a_snapshot(**{"subject": a_vnet_connection(), **STATES[state]})
    return replace(made, pair=PairView(a_half(name), (a_half(partner),)))


def pair_of(one: str, other: str) -> tuple[Snapshot, Snapshot]:
    return snapshot_of(one, "a", "b"), snapshot_of(other, "b", "a")


@LAW
@given(halves, halves)
def test_swapping_the_halves_swaps_the_steps_and_nothing_else(one: str, other: str):
    a, b = pair_of(one, other)
    forth, back = plan_pair((a, b)), plan_pair((b, a))
    assert forth.steps == back.steps[::-1]
    both_or_none_refused = forth.first == back.first == 0
    assert both_or_none_refused or forth.first == 1 - back.first


@LAW
@given(halves, halves, st.sampled_from(DISAGREEMENTS))
def test_halves_that_disagree_are_never_written(one: str, other: str, difference: dict[str, Any]):
    a, b = pair_of(one, other)
    a = replace(a, pair=PairView(a_half("a"), (a_half("b", **difference),)))
    b = replace(b, pair=PairView(a_half("b", **difference), (a_half("a"),)))
    assert not any(isinstance(step, WRITES) for step in plan_pair((a, b)).steps)


@LAW
@given(halves, halves)
def test_a_half_never_changes_its_policy_alone_while_the_other_cannot(one: str, other: str):
    a, b = pair_of(one, other)
    steps = plan_pair((a, b)).steps
    for mine, step, partner, their_step in ((a, steps[0], b, steps[1]), (b, steps[1], a, steps[0])):
        if not isinstance(step, Put) or not isinstance(their_step, Refuse | Hold) or not changes_policy(step):
            continue
        assert isinstance(mine.live, Present)
        assert isinstance(partner.live, Present)
        written = tuple(canonical_policy(item) for item in step.body["properties"]["ipsecPolicies"])
        assert written == partner.live.value.policies, "it may only follow, to what the other one holds"


def changes_policy(step: Put) -> bool:
    return any(difference.path.startswith("ipsecPolicies") for difference in step.differences)


@LAW
@given(halves, halves)
def test_planning_what_was_planned_changes_nothing(one: str, other: str):
    pair = pair_of(one, other)
    assert coordinate(pair, (plan(pair[0]), plan(pair[1]))) == plan_pair(pair)


def test_a_half_that_moved_ahead_of_a_refused_one_is_put_back_also_if_it_is_to_move_on():
    ahead = snapshot_of("moved ahead", "a", "b")
    refused = snapshot_of("to be changed and refused", "b", "a")
    for policy in (OTHER, a_policy(dhGroup="ECP384")):
        mine = replace(ahead, policy=type(refused.policy)(policy))  # type: ignore[call-arg,arg-type]
        step = plan_pair((mine, refused)).steps[0]
        assert isinstance(step, Put)
        assert step.reason is Reason.PAIR_PUT_BACK
        assert [item["dhGroup"] for item in step.body["properties"]["ipsecPolicies"]] == ["DHGroup24"]


def test_a_half_whose_write_failed_and_shows_the_new_policy_is_followed_as_by_any_change():
    mine = snapshot_of("to be changed", "a", "b")
    refused = snapshot_of("to be changed and refused", "b", "a")
    assert isinstance(refused.live, Present)
    shows_the_new = replace(refused.live.value, policies=(canonical_policy(OTHER.spec),), provisioning_state="Failed")
    step = plan_pair((mine, replace(refused, live=Present(shows_the_new)))).steps[0]
    assert isinstance(step, Put)
    assert step.reason is Reason.UPDATING
    assert [item["dhGroup"] for item in step.body["properties"]["ipsecPolicies"]] == [OTHER.spec.dh_group.value]


def test_a_half_that_was_refused_before_goes_first():
    a, b = pair_of("to be changed", "to be changed")
    wanted = plan(b)
    assert isinstance(wanted, Put)
    half = ConnectionHalf(role=HalfRole.FORWARD, refused_hash=wanted.wanted_hash)
    b = replace(b, previous=VpnConnectionStatus(halves=(half,)))
    assert plan_pair((a, b)).first == 1
    assert plan_pair((b, a)).first == 0


@LAW
@given(
    halves, halves, st.sampled_from([None, Accepted(10.0), Busy("x"), REFUSAL]), st.sampled_from([None, Accepted(10.0)])
)
def test_the_stage_is_the_same_from_either_side(one: str, other: str, first: Any, second: Any):
    a, b = pair_of(one, other)
    steps = plan_pair((a, b)).steps
    motions = HalfInMotion(a, steps[0], first), HalfInMotion(b, steps[1], second)
    assert find_stage(*motions) == find_stage(*motions[::-1])


def test_the_stages_of_a_change():
    a, b = pair_of("to be changed", "to be changed")
    put = plan(a)
    moving = HalfInMotion(a, put, Accepted(10.0))
    assert find_stage(moving, HalfInMotion(b, put, Busy("x"))) is Stage.FIRST_ACCEPTED
    assert find_stage(moving, moving) is Stage.BOTH_ACCEPTED
    refused = HalfInMotion(b, Refuse(Reason.AZURE_REJECTED, "no", (), "aaaaaaaaaaaa"), None)
    assert find_stage(moving, refused) is Stage.PUTTING_BACK
    at_rest = HalfInMotion(b, Settled(Reason.UP_TO_DATE, ""), None)
    assert find_stage(moving, at_rest) is None
    assert find_stage(HalfInMotion(a, Wait(Reason.UPDATING, "", 1.0), None), at_rest) is None
