"""A key does not wait for a configuration that Azure refuses: both halves get it, or neither."""

from dataclasses import replace
from typing import Any

import pytest

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, KeyRecord, VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent
from azure_vpn_operator.domain.pairs.pairing import PairView
from azure_vpn_operator.domain.passes.key_turns import Turn
from azure_vpn_operator.domain.passes.snapshot import Attempts, KeyCheck, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Put
from azure_vpn_operator.domain.passes.verdicts import Accepted, Summary, judge
from azure_vpn_operator.domain.planning.pairs import PairPlan, plan_pair
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.reporting.half import build_half
from support.builders import (
    CONNECTION_ID,
    NOW,
    a_fault,
    a_half,
    a_policy,
    a_snapshot,
    a_vnet_connection,
    an_open_operation,
)

OLD, NEW = "name:old", "name:new"
EDITED: dict[str, Any] = {"policy": a_policy(dhGroup="ECP256")}
REFUSED = EDITED | {"attempts": Attempts(refusal=a_fault(FaultKind.REJECTED, "InvalidPolicy"), last_read=NOW)}
WITHOUT_POLICY: dict[str, Any] = {"policy": Absent()}
PUTTING = {"operation": an_open_operation(OperationKind.PUT)}
GETTING_KEY = {"operation": an_open_operation(OperationKind.SHARED_KEY)}


def half(
    state: dict[str, Any], name: str, partner: str, held: str, *, check: KeyCheck = KeyCheck.NOT_NEEDED
) -> Snapshot:
    record = KeyRecord(digest=held)
    previous = VpnConnectionStatus(halves=(ConnectionHalf(role=HalfRole.FORWARD, id=CONNECTION_ID, key=record),))
    made = a_snapshot(**{"subject": a_vnet_connection(), "previous": previous, "key_check": check, **state})
    pair = PairView(a_half(name), (a_half(partner),))
    return replace(made, pair=pair, key_digest=NEW, key_rotated=held != NEW)


def steps(pair: PairPlan) -> tuple[str, str]:
    return type(pair.steps[0]).__name__, type(pair.steps[1]).__name__


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param((EDITED, OLD), (REFUSED, OLD), ("SetKey", "SetKey"), id="due on both: both get it"),
        pytest.param(({}, OLD), (REFUSED, OLD), ("SetKey", "SetKey"), id="one needs nothing but the key"),
        pytest.param((EDITED, NEW), (REFUSED, OLD), ("Hold", "SetKey"), id="one has it: the other follows"),
        pytest.param((EDITED, NEW), (REFUSED, NEW), ("Hold", "Refuse"), id="nothing is due"),
        pytest.param((EDITED, OLD), (WITHOUT_POLICY, OLD), ("Hold", "Hold"), id="one is held and cannot follow"),
        pytest.param(
            (EDITED, OLD), (WITHOUT_POLICY, NEW), ("SetKey", "Hold"), id="the one that is held has it already"
        ),
    ],
)
def test_who_gets_the_key(
    one: tuple[dict[str, Any], str], other: tuple[dict[str, Any], str], expected: tuple[str, str]
):
    a, b = half(one[0], "a", "b", one[1]), half(other[0], "b", "a", other[1])
    assert steps(plan_pair((a, b))) == expected
    assert steps(plan_pair((b, a))) == expected[::-1]


def test_a_key_that_was_changed_on_the_refused_half_is_mended_together_with_one_that_is_due():
    a = half(EDITED, "a", "b", OLD, check=KeyCheck.DIFFERENT)
    b = half(REFUSED, "b", "a", OLD, check=KeyCheck.DIFFERENT)
    assert steps(plan_pair((a, b))) == ("SetKey", "SetKey")


def test_a_key_that_was_changed_on_one_half_is_mended_on_that_half_alone():
    a = half(EDITED, "a", "b", NEW)
    b = half(REFUSED, "b", "a", NEW, check=KeyCheck.DIFFERENT)
    b = replace(b, subject=a_vnet_connection(driftPolicy="Correct"))
    assert steps(plan_pair((a, b))) == ("Hold", "SetKey")


def test_the_turn_of_other_users_of_the_secret_holds_both():
    turn = Turn(Reason.KEY_ROTATION_WAITS, "c comes first", "c")
    a, b = (replace(half(state, *names, OLD), key_turn=turn) for state, names in ((EDITED, "ab"), (REFUSED, "ba")))
    assert steps(plan_pair((a, b))) == ("Hold", "Refuse")


def test_a_pause_of_one_half_holds_both():
    a = replace(half({}, "a", "b", OLD), subject=a_vnet_connection(suspend=True))
    b = half(REFUSED, "b", "a", OLD)
    assert steps(plan_pair((a, b))) == ("Hold", "Refuse")


def test_a_policy_waits_while_the_other_half_gets_a_key_and_a_key_while_the_other_half_gets_a_policy():
    edited, due = half(EDITED, "a", "b", NEW), half({}, "a", "b", OLD)
    assert steps(plan_pair((edited, half(PUTTING, "b", "a", NEW)))) == ("Put", "Wait")
    assert steps(plan_pair((edited, half(GETTING_KEY, "b", "a", NEW)))) == ("Wait", "Wait")
    assert steps(plan_pair((due, half(GETTING_KEY, "b", "a", NEW)))) == ("SetKey", "Wait")
    assert steps(plan_pair((due, half(PUTTING, "b", "a", NEW)))) == ("Wait", "Wait")


def test_what_azure_takes_in_the_end_no_longer_counts_as_refused():
    snapshot = half(EDITED, "a", "b", NEW)
    step = plan(snapshot)
    assert isinstance(step, Put)
    refused = ConnectionHalf(role=HalfRole.FORWARD, id=CONNECTION_ID, refused_hash=step.wanted_hash)
    snapshot = replace(snapshot, previous=VpnConnectionStatus(halves=(refused,)))

    def remembered(step: Put, summary: Summary) -> str | None:
        found = build_half(snapshot, step, summary)
        assert found is not None
        return found.refused_hash

    taken = judge(snapshot, step, Accepted(10.0))
    put_back = replace(step, reason=Reason.PAIR_PUT_BACK)
    assert remembered(step, taken) is None
    assert remembered(step, judge(snapshot, step, a_fault(FaultKind.REJECTED))) == step.wanted_hash
    assert remembered(put_back, taken) == step.wanted_hash, "that was not what had been refused"
