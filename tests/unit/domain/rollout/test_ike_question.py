"""When a gateway is asked for its IKE SAs: only where the answer can change the verdict."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.tunnel_change import ChangeState, TunnelBefore
from azure_vpn_operator.api.vpn_connection import OnFailure
from azure_vpn_operator.domain.passes.observations import BYTES_COME_IN, observe
from azure_vpn_operator.domain.rollout.ike_question import is_worth_asking
from azure_vpn_operator.domain.rollout.terms import Terms
from support.builders import NOW, a_change, a_live_connection

IN_FORCE = NOW - timedelta(minutes=1)
TIMES = "03/01/2026 09:00:00"


def at(seconds: float) -> datetime:
    """So many seconds after the change came into force."""
    return IN_FORCE + timedelta(seconds=seconds)


def asked(
    now: float,
    *,
    before: float | None = None,
    times: bool = True,
    proof: tuple[str, ...] = ("",),
    up: tuple[bool, ...] = (True,),
    state: ChangeState = ChangeState.CONFIRMING,
    within: float = 600.0,
) -> bool:
    """Whether to ask `now` seconds after the change came into force, when the last question was `before` seconds after it."""
    names = [f"c1_{number}" for number in range(len(up))]
    listed: list[dict[str, Any]] = [
        {"tunnel": name, "connectionStatus": "Connected" if is_up else "NotConnected"}
        | ({"lastConnectionEstablishedUtcTime": TIMES} if times else {})
        for name, is_up in zip(names, up, strict=True)
    ]
    live = a_live_connection(connectionStatus="Connected", tunnelConnectionStatus=listed)
    tunnels = [TunnelBefore(name=name) for name in names]
    seen = observe(None, IN_FORCE, tunnels, live, now=IN_FORCE, counters_after=30.0)
    proven = zip(seen.tunnels, proof, strict=True)
    seen = replace(seen, tunnels=tuple((name, replace(found, proof=known)) for (name, found), known in proven))
    last = at(before) if before is not None else None
    terms = Terms(within, OnFailure.ROLLBACK, 10.0)
    return is_worth_asking(a_change(state), tunnels, live, seen, terms, asked_at=last, now=at(now))


@pytest.mark.parametrize(
    ("now", "more", "expected"),
    [
        pytest.param(0, {}, False, id="the change is in force just now"),
        pytest.param(69, {}, False, id="Azure tells times, and may tell one yet"),
        pytest.param(70, {}, True, id="a minute after the hold-down it has not"),
        pytest.param(300, {"before": 71}, False, id="it was asked"),
        pytest.param(540, {"before": 71}, True, id="once more before the time is over"),
        pytest.param(599, {"before": 540}, False, id="and that was the last time"),
        pytest.param(19, {"times": False}, False, id="Azure tells no times: still too early"),
        pytest.param(20, {"times": False}, True, id="before counters count"),
        pytest.param(29, {"times": False, "before": 20}, False, id="asked just now"),
        pytest.param(30, {"times": False, "before": 20}, True, id="when they begin to"),
        pytest.param(70, {"times": False, "before": 30}, True, id="after a minute"),
        pytest.param(30, {"proof": (BYTES_COME_IN,)}, True, id="bytes come in, which proves little"),
        pytest.param(100, {"proof": ("it was established anew",)}, False, id="there is proof"),
        pytest.param(100, {"up": (False,)}, False, id="the tunnel is down, and an SA would not change that"),
        pytest.param(100, {"up": (True, False), "proof": ("", "")}, False, id="one of two is down"),
        pytest.param(100, {"up": (True, True), "proof": ("it was established anew", "")}, True, id="one lacks proof"),
        pytest.param(100, {"up": (), "proof": ()}, False, id="no tunnel was up before"),
        pytest.param(100, {"state": ChangeState.SENT}, False, id="the change is not in force"),
        pytest.param(100, {"state": ChangeState.PROVISIONAL}, False, id="it seems to work"),
        pytest.param(100, {"state": ChangeState.FAILED}, False, id="it has failed"),
        pytest.param(29, {"within": 60.0}, False, id="a change with little time: not in its first half"),
        pytest.param(30, {"within": 60.0}, True, id="then once"),
        pytest.param(59, {"within": 60.0, "before": 30}, False, id="and no more"),
    ],
)
def test_question(now: float, more: dict[str, Any], expected: bool):
    assert asked(now, **more) is expected


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("within", [60.0, 120.0, 600.0, 86400.0])
def test_a_change_is_asked_about_four_times_at_most(times: bool, within: float):
    questions: list[float] = []
    # A pass comes every five seconds; in a day, a bit more seldom.
    for now in range(0, int(within), max(5, int(within) // 2000)):
        if asked(now, before=questions[-1] if questions else None, times=times, within=within):
            questions.append(now)
    assert 1 <= len(questions) <= (2 if times else 4)
