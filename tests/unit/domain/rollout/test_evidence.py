"""Whether a tunnel is back after a change: what counts as proof, and what is never taken for a failure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus
from azure_vpn_operator.api.tunnel_change import ChangeState, TunnelBefore
from azure_vpn_operator.api.vpn_connection import OnFailure
from azure_vpn_operator.api.vpn_connection_status import (
    ConnectionHalf,
    HalfRole,
    Traffic,
    TrafficState,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.observations import (
    BYTES_COME_IN,
    YOUNG_IKE_SA,
    Observations,
    TunnelSeen,
    observe,
)
from azure_vpn_operator.domain.rollout.evidence import (
    Judgement,
    Verdict,
    combine_judgements,
    judge_half,
    judge_until_rekey,
)
from azure_vpn_operator.domain.rollout.settings import half_of, joined, settings_of
from azure_vpn_operator.domain.rollout.terms import Terms
from support.builders import NOW, a_change, a_live_connection, a_snapshot

IN_FORCE = NOW - timedelta(minutes=1)
TERMS = Terms(600.0, OnFailure.ROLLBACK, 10.0)
UP, DOWN = "Connected", "NotConnected"
BEFORE, AFTER, LATER = "03/01/2026 09:00:00", "03/01/2026 11:59:10", "03/01/2026 11:59:25"


def at(seconds: float) -> datetime:
    """So many seconds after the change came into force."""
    return IN_FORCE + timedelta(seconds=seconds)


def shown(status: str, *, ingress: int = 0, tunnels: tuple[tuple[str, str, str | None], ...] = ()) -> LiveConnection:
    listed = [
        {"tunnel": name, "connectionStatus": state}
        | ({"lastConnectionEstablishedUtcTime": time} if time is not None else {})
        for name, state, time in tunnels
    ]
    return a_live_connection(connectionStatus=status, ingressBytesTransferred=ingress, tunnelConnectionStatus=listed)


def seen(*reads: tuple[float, LiveConnection], tunnels: tuple[TunnelBefore, ...] = (TunnelBefore(name=""),)) -> Any:
    """What several reads have shown, and the last one of them."""
    found: Observations | None = None
    for seconds, live in reads:
        found = observe(found, a_change().start_time, tunnels, live, now=at(seconds), counters_after=30.0)
    return found


def judged(
    *reads: tuple[float, LiveConnection],
    tunnels: tuple[TunnelBefore, ...] = (TunnelBefore(name=""),),
    down_since: float | None = None,
    traffic: TrafficState | None = None,
    mode: str = "Default",
) -> Judgement:
    """The verdict at the last read."""
    seconds, live = reads[-1]
    conditions = ()
    if down_since is not None:
        conditions = (
            Condition(
                type="Connected",
                status=ConditionStatus.FALSE,
                reason="NotConnected",
                last_transition_time=at(down_since),
            ),
        )
    half = ConnectionHalf(role=HalfRole.FORWARD, traffic=Traffic(state=traffic, since=NOW) if traffic else None)
    to = joined(settings_of(a_live_connection(connectionMode=mode)), None)
    change = a_change(tunnels=tunnels, to=to)
    snapshot = replace(
        a_snapshot(live=live, now=at(seconds), previous=VpnConnectionStatus(conditions=conditions, halves=(half,))),
        observations=seen(*reads, tunnels=tunnels),
    )
    return judge_half(snapshot, change, live, TERMS)


TWO = (
    TunnelBefore(name="a", last_established=datetime.fromisoformat("2026-03-01T09:00:00Z")),
    TunnelBefore(name="b", last_established=datetime.fromisoformat("2026-03-01T09:00:00Z")),
)


@pytest.mark.parametrize(
    ("reads", "more", "verdict"),
    [
        pytest.param([(0, shown(UP))], {}, Verdict.OPEN, id="Connected alone proves nothing: the report may be old"),
        pytest.param([(0, shown(DOWN)), (10, shown(UP))], {}, Verdict.OPEN, id="down and up is proof, held down first"),
        pytest.param(
            [(0, shown(DOWN)), (10, shown(UP)), (20, shown(UP))], {}, Verdict.CONFIRMED, id="and then confirmed"
        ),
        pytest.param(
            [(0, shown(DOWN)), (10, shown(UP)), (15, shown(DOWN)), (20, shown(UP))],
            {},
            Verdict.OPEN,
            id="one that goes down again begins the hold-down anew",
        ),
        pytest.param(
            [(0, shown(UP, ingress=5)), (20, shown(UP, ingress=9))],
            {},
            Verdict.OPEN,
            id="counters that grow at once may be those from before the change",
        ),
        pytest.param(
            [(0, shown(UP, ingress=5)), (30, shown(UP, ingress=9)), (40, shown(UP, ingress=9))],
            {},
            Verdict.CONFIRMED,
            id="counters that grow later are proof",
        ),
        pytest.param(
            [(0, shown(UP, ingress=5)), (300, shown(UP, ingress=5))],
            {},
            Verdict.OPEN,
            id="counters that stand still are none",
        ),
        pytest.param([(0, shown(UP)), (600, shown(UP))], {}, Verdict.UNPROVEN, id="Connected to the end is no failure"),
        pytest.param(
            [(0, shown(DOWN)), (599, shown(DOWN))], {"down_since": 0}, Verdict.OPEN, id="it has all of its time"
        ),
        pytest.param(
            [(0, shown(DOWN)), (600, shown(DOWN))], {"down_since": 0}, Verdict.FAILED, id="down at the end fails"
        ),
        pytest.param(
            [(0, shown("Connecting")), (600, shown("Connecting"))],
            {"down_since": 0},
            Verdict.FAILED,
            id="and on its way",
        ),
        pytest.param(
            [(0, shown(DOWN)), (600, shown(DOWN))],
            {"down_since": 50},
            Verdict.FAILED,
            id="a drop within a minute of the change is the change's",
        ),
        pytest.param(
            [(0, shown(UP)), (600, shown(DOWN))],
            {"down_since": 580},
            Verdict.OPEN,
            id="one that was up and goes down just before the end may be in a failover",
        ),
        pytest.param(
            [(0, shown(UP)), (881, shown(DOWN))],
            {"down_since": 580},
            Verdict.FAILED,
            id="which takes three minutes at most: after five it fails",
        ),
        pytest.param(
            [(0, shown(DOWN)), (600, shown(DOWN))],
            {"down_since": 0, "mode": "ResponderOnly"},
            Verdict.UNPROVEN,
            id="Azure only responds, and nobody is known to have sent anything",
        ),
        pytest.param(
            [(0, shown(DOWN)), (600, shown(DOWN))],
            {"down_since": 0, "mode": "ResponderOnly", "traffic": TrafficState.IDLE},
            Verdict.UNPROVEN,
            id="or is known to be silent",
        ),
        pytest.param(
            [(0, shown(DOWN)), (600, shown(DOWN))],
            {"down_since": 0, "mode": "ResponderOnly", "traffic": TrafficState.FLOWING},
            Verdict.FAILED,
            id="but one that sends all the time would have come back",
        ),
        pytest.param([(0, shown(UP))], {"tunnels": ()}, Verdict.CONFIRMED, id="no tunnel was up: nothing to wait for"),
        pytest.param(
            [
                (0, shown(UP, tunnels=(("a", UP, AFTER), ("b", UP, BEFORE)))),
                (30, shown(UP, tunnels=(("a", UP, AFTER), ("b", UP, BEFORE)))),
            ],
            {"tunnels": TWO},
            Verdict.OPEN,
            id="of two tunnels each needs proof of its own",
        ),
        pytest.param(
            [
                (0, shown(UP, tunnels=(("a", UP, AFTER), ("b", DOWN, BEFORE)))),
                (30, shown(UP, tunnels=(("a", UP, AFTER), ("b", UP, LATER)))),
            ],
            {"tunnels": TWO},
            Verdict.OPEN,
            id="the later of the two decides the hold-down",
        ),
        pytest.param(
            [
                (0, shown(UP, tunnels=(("a", UP, AFTER), ("b", UP, AFTER)))),
                (10, shown(UP, tunnels=(("a", UP, AFTER), ("b", UP, AFTER)))),
            ],
            {"tunnels": TWO},
            Verdict.CONFIRMED,
            id="both established later than before",
        ),
        pytest.param(
            [
                (0, shown(UP, tunnels=(("a", UP, AFTER), ("b", DOWN, BEFORE)))),
                (600, shown(UP, tunnels=(("a", UP, AFTER), ("b", DOWN, BEFORE)))),
            ],
            {"tunnels": TWO},
            Verdict.FAILED,
            id="one of two that does not come back fails, although Azure says Connected",
        ),
        pytest.param(
            [(0, shown(UP)), (600, shown(UP))], {"tunnels": TWO}, Verdict.UNPROVEN, id="Azure lists no tunnels any more"
        ),
    ],
)
def test_verdict(reads: list[tuple[float, LiveConnection]], more: dict[str, Any], verdict: Verdict):
    assert judged(*reads, **more).verdict is verdict


@pytest.mark.parametrize(
    ("at_seconds", "down_since", "verdict"),
    [
        pytest.param(590.0, None, Verdict.OPEN, id="its time is not over"),
        pytest.param(700.0, None, Verdict.OPEN, id="its time is over, and nobody has seen it down before"),
        pytest.param(700.0, 590.0, Verdict.OPEN, id="a failover may take minutes"),
        pytest.param(900.0, 590.0, Verdict.FAILED, id="it stays down"),
    ],
)
def test_a_tunnel_that_seemed_to_work_and_goes_down(at_seconds: float, down_since: float | None, verdict: Verdict):
    live = shown(DOWN)
    down = Condition(
        type="Connected",
        status=ConditionStatus.FALSE if down_since is not None else ConditionStatus.TRUE,
        reason="NotConnected" if down_since is not None else "AllTunnelsUp",
        last_transition_time=at(down_since or 0.0),
    )
    snapshot = a_snapshot(live=live, now=at(at_seconds), previous=VpnConnectionStatus(conditions=(down,)))
    change = a_change(state=ChangeState.PROVISIONAL, in_force_since=IN_FORCE, wait_until=at(600.0))
    assert judge_until_rekey(snapshot, change, live, TERMS, armed=True).verdict is verdict


def test_an_open_verdict_says_when_more_may_be_known():
    first, later, much_later = (
        judged((0, shown(UP))),
        judged((0, shown(UP)), (20, shown(UP))),
        judged((0, shown(UP)), (300, shown(UP))),
    )
    assert (first.look_in, later.look_in, much_later.look_in) == (15.0, 10.0, 30.0)
    assert judged((0, shown(UP)), (595, shown(UP))).look_in == 5.0


def test_a_tunnel_that_azure_says_came_up_a_while_ago_is_not_held_down_for_that_while_again():
    tunnels = (("a", UP, AFTER),)
    assert judged((0, shown(UP)), (25, shown(UP, tunnels=tunnels)), tunnels=TWO[:1]).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("proof", "weak"),
    [
        pytest.param(YOUNG_IKE_SA, False, id="a young IKE SA confirms for good"),
        pytest.param(BYTES_COME_IN, True, id="counters only for the time being"),
    ],
)
def test_a_verdict_says_how_strong_its_proof_is(proof: str, weak: bool):
    tunnels = (("", TunnelSeen(0, proven_since=at(50), proof=proof)),)
    observations = Observations(a_change().start_time, IN_FORCE, tunnels)
    snapshot = replace(a_snapshot(live=shown(UP)), observations=observations)
    verdict = judge_half(snapshot, a_change(), shown(UP), TERMS)
    assert (verdict.verdict, verdict.text, verdict.weak) == (Verdict.CONFIRMED, proof, weak)


def test_a_new_change_forgets_what_was_seen_of_the_one_before():
    old = seen((0, shown(DOWN)))
    new = observe(old, NOW, (TunnelBefore(name=""),), shown(UP), now=NOW, counters_after=30.0)
    found = new.of("")
    assert found is not None
    assert (found.was_down, found.proof) == (False, "")


def test_a_unit_fails_with_a_half_and_waits_for_a_half():
    parts = {verdict: Judgement(verdict, 1.0, "") for verdict in Verdict}
    order = [Verdict.FAILED, Verdict.OPEN, Verdict.UNPROVEN, Verdict.CONFIRMED]
    for number, worst in enumerate(order):
        for other in order[number:]:
            for pair in ((parts[worst], parts[other]), (parts[other], parts[worst])):
                assert combine_judgements(pair).verdict is worst


def test_settings_are_those_whose_difference_takes_the_tunnel_down():
    live = a_live_connection(connectionMode="ResponderOnly", dpdTimeoutSeconds=30)
    settings = settings_of(live)
    assert (settings.connection_mode, settings.dpd_timeout_seconds) == ("ResponderOnly", 30)
    assert settings_of(a_live_connection(routingWeight=9)) == settings_of(a_live_connection())
    assert half_of(joined(settings, None), HalfRole.REVERSE) is None
