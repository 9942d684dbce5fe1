"""When to look at a connection again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.lookups import Absent
from azure_vpn_operator.domain.passes.snapshot import Cadence, PolicyBroken
from azure_vpn_operator.domain.reporting.cadence import stretched
from support.builders import NOW, a_connection, a_known_good, a_listed_connection, a_live_connection, a_snapshot
from support.checkers import run_pass

PEACE = run_pass(a_snapshot()).status
OLD = NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("changes", "delay"),
    [
        pytest.param({}, 30.0, id="what has just become ready is looked at often"),
        pytest.param({"previous": PEACE, "now": OLD - timedelta(seconds=1)}, 30.0, id="for half a minute"),
        pytest.param({"previous": PEACE, "now": OLD}, 300.0, id="and then seldom"),
        pytest.param(
            {"previous": PEACE, "now": OLD, "live": a_live_connection(connectionStatus="NotConnected")},
            30.0,
            id="a tunnel that is down",
        ),
        pytest.param({"previous": PEACE, "now": OLD, "policy": Absent()}, 30.0, id="waiting in Kubernetes"),
        pytest.param(
            {"previous": PEACE, "now": OLD, "live": a_listed_connection()},
            0.0,
            id="only a list was read: its turn is due",
        ),
    ],
)
def test_next_look(changes: dict[str, Any], delay: float):
    assert run_pass(a_snapshot(**changes)).next_look == delay


@pytest.mark.parametrize(
    ("live", "cadence", "delay"),
    [
        pytest.param({"connectionStatus": "NotConnected"}, Cadence(), 30.0, id="its tunnel is down"),
        pytest.param({}, Cadence(steady=60.0), 60.0, id="its tunnel is up: as often as the setting asks for"),
        pytest.param({}, Cadence(steady=900.0), 300.0, id="a person may have acted: not later than that"),
        pytest.param(None, Cadence(steady=60.0), 300.0, id="there is no connection"),
    ],
)
def test_a_tunnel_is_watched_also_if_a_person_has_to_act(live: dict[str, Any] | None, cadence: Cadence, delay: float):
    found = Absent() if live is None else a_live_connection(**live)
    refused = a_snapshot(policy=PolicyBroken("x"), live=found, cadence=cadence)
    later = replace(refused, previous=run_pass(refused).status, now=OLD)

    assert run_pass(later).condition("Stalled") == ("True", "PolicyInvalid")
    assert run_pass(later).next_look == delay


@pytest.mark.parametrize(
    ("proven", "delay"),
    [
        pytest.param(timedelta(0), 300.0, id="the change has proved itself just now"),
        pytest.param(timedelta(minutes=-1), 30.0, id="it has before, and something else has changed since"),
    ],
)
def test_a_change_that_has_proved_itself_was_looked_at_for_long_enough(proven: timedelta, delay: float):
    good = a_known_good(time=NOW + proven, confirmed=True)
    assert run_pass(a_snapshot(previous=VpnConnectionStatus(last_known_good=good))).next_look == delay


@pytest.mark.parametrize(
    ("recent", "delay"),
    [
        pytest.param(30.0, 10.0, id="soon enough by itself"),
        pytest.param(1.0, 1.0, id="as often as the setting asks for"),
    ],
)
def test_the_end_of_somebody_elses_change_is_looked_for(recent: float, delay: float):
    updating = a_live_connection(provisioningState="Updating", connectionStatus=None)
    assert run_pass(a_snapshot(live=updating, cadence=Cadence(recent=recent))).next_look == delay


@pytest.mark.parametrize(
    ("until", "delay"),
    [
        pytest.param("2026-03-01T12:00:10Z", 11.0, id="a hold that ends soon"),
        pytest.param("2026-03-02T12:00:00Z", 30.0, id="a hold that ends late is looked at as anything that waits"),
        pytest.param("2026-03-01T11:00:00Z", 30.0, id="a hold that is over"),
        pytest.param("soon", 30.0, id="a hold that is no time"),
    ],
)
def test_the_end_of_a_hold_wakes_the_object(until: str, delay: float):
    subject = a_connection(annotations={"azvpn.dev/hold-until": until})
    assert run_pass(a_snapshot(subject)).next_look == delay


@pytest.mark.parametrize(
    ("connections", "refill", "steady"),
    [
        pytest.param(100, 25.0, 300.0, id="few connections keep the setting"),
        pytest.param(5000, 25.0, 400.0, id="many stretch it until half of the refill is enough"),
        pytest.param(5000, 0.0, 300.0, id="nothing is known of the refill"),
    ],
)
def test_steady_reads_leave_half_of_the_quota(connections: int, refill: float, steady: float):
    assert stretched(Cadence(), connections, refill) == Cadence(steady=steady, recent=30.0)
