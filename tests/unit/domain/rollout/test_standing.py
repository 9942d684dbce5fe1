"""Where a connection stands with the target of its policy, by its status."""

from typing import Any

import pytest

from azure_vpn_operator.api.ipsec_policy import PolicyRevision, RevisionState
from azure_vpn_operator.api.tunnel_change import KnownGood, TunnelSettings
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from azure_vpn_operator.domain.rollout.standing import combine_members, member_of
from azure_vpn_operator.domain.rollout.waves import Member, Standing
from support.builders import NOW
from support.cases.rollouts import AFTER, BEFORE, NEW, change, failed, hash_of, holder, values

OLD, OTHER = values(3600), values(9000)


def target(state: RevisionState = RevisionState.TARGET) -> PolicyRevision:
    return PolicyRevision(hash=hash_of(NEW), values=NEW, generation=2, state=state, since=NOW)


@pytest.mark.parametrize(
    ("found", "standing"),
    [
        pytest.param(holder(), Standing.DONE, id="it holds the values in peace"),
        pytest.param(holder(OLD), Standing.BEHIND, id="it holds others"),
        pytest.param(holder(None), Standing.BEHIND, id="it has no policy yet"),
        pytest.param(
            holder(policy="p2"), Standing.BEHIND, id="it names another policy by now, which has the same values"
        ),
        pytest.param(holder(takes_part=False), Standing.SKIPPED, id="it may not be written"),
        pytest.param(holder(synced=False), Standing.MOVING, id="its write is on its way"),
        pytest.param(holder(change=change("Confirming")), Standing.MOVING, id="its tunnel is not back yet"),
        pytest.param(holder(change=change("Provisional")), Standing.DONE, id="a weak proof will do"),
        pytest.param(holder(change=failed()), Standing.FAILED, id="its tunnel did not come back"),
        pytest.param(
            holder(change=failed(end_time=BEFORE)), Standing.BEHIND, id="that was before these values were the target"
        ),
        pytest.param(
            holder(change=failed(OTHER)),
            Standing.BEHIND,
            id="it failed with other values, and was assigned these meanwhile",
        ),
        pytest.param(
            holder(change=failed(OTHER), ready="PairPolicyMismatch"), Standing.SKIPPED, id="and its pair disagrees"
        ),
        pytest.param(
            holder(change=failed(OTHER), stalled="RolledBack"), Standing.BEHIND, id="what failed before holds nobody up"
        ),
        pytest.param(holder(OLD, stalled="InvalidSpec"), Standing.SKIPPED, id="its own spec is wrong"),
        pytest.param(holder(synced=False, ready="ChangesPaused"), Standing.SKIPPED, id="somebody holds it in Azure"),
        pytest.param(
            holder(synced=False, ready="ChangesPaused", change=change("Confirming")),
            Standing.MOVING,
            id="but what has begun is not over",
        ),
        pytest.param(holder(synced=False, ready="WaitingForWindow"), Standing.BEHIND, id="no change window is open"),
    ],
)
def test_where_a_connection_stands(found: PolicyHolder, standing: Standing):
    assert member_of(found, target()).standing is standing


@pytest.mark.parametrize(
    ("start", "standing"),
    [
        pytest.param(BEFORE, Standing.FAILED, id="the change belongs to the rollout"),
        pytest.param(AFTER, Standing.BEHIND, id="it came to the policy later"),
    ],
)
def test_once_all_hold_the_values_a_later_failure_is_the_connections_own(start: Any, standing: Standing):
    found = holder(change=failed(start_time=start))
    assert member_of(found, target(RevisionState.CURRENT)).standing is standing


@pytest.mark.parametrize(
    ("good", "moved"),
    [
        pytest.param(KnownGood(time=AFTER, confirmed=True, settings=TunnelSettings()), True, id="proved since"),
        pytest.param(KnownGood(time=BEFORE, confirmed=True, settings=TunnelSettings()), False, id="proved before"),
        pytest.param(KnownGood(time=AFTER, settings=TunnelSettings()), False, id="never proved"),
        pytest.param(None, False, id="nothing known"),
    ],
)
def test_who_has_been_moved_and_proved_it(good: KnownGood | None, moved: bool):
    assert member_of(holder(last_known_good=good), target()).moved is moved


@pytest.mark.parametrize(
    ("parts", "together"),
    [
        pytest.param("DD", Standing.DONE, id="both"),
        pytest.param("DB", Standing.BEHIND, id="one is behind"),
        pytest.param("MB", Standing.MOVING, id="one moves already"),
        pytest.param("MS", Standing.SKIPPED, id="one takes no part"),
        pytest.param("SF", Standing.FAILED, id="one has failed"),
    ],
)
def test_a_pair_stands_where_the_worse_half_does(parts: str, together: Standing):
    found = {standing.value[0]: standing for standing in Standing}
    members = [Member(f"{number}", found[letter], healthy=True) for number, letter in enumerate(parts)]
    assert combine_members("one", members).standing is together
    assert combine_members("one", members[::-1]).standing is together
