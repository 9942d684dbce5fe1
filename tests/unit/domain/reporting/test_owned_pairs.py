"""What is said of an object that owns both halves: the Tunnel column, and the Events of its reverse half."""

from dataclasses import replace
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import ConnectionSummary, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import PatchTags
from azure_vpn_operator.domain.passes.verdicts import Accepted, judge_before
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.reporting.announcements import announce_write
from azure_vpn_operator.domain.reporting.halves import HalfReport
from azure_vpn_operator.domain.reporting.status import build_status
from support.builders import a_live_vnet_connection, a_snapshot, a_vnet_connection

UP, DOWN, UNTOLD = ({"connectionStatus": value} for value in ("Connected", "NotConnected", None))
TWO_OF_TWO, ONE_OF_TWO = (
    {
        "tunnelConnectionStatus": [
            {"tunnel": "a", "connectionStatus": "Connected"},
            {"tunnel": "b", "connectionStatus": second},
        ]
    }
    for second in ("Connected", "NotConnected")
)
GONE = Absent()
UNREADABLE = Unreadable(Fault(FaultKind.UNAVAILABLE, "ServiceUnavailable", "try again"))
BEFORE = VpnConnectionStatus(summary=ConnectionSummary(tunnel="1/2"))


def seen(live: Any, previous: VpnConnectionStatus | None = None) -> Snapshot:
    found = a_live_vnet_connection(**live) if isinstance(live, dict) else live
    return a_snapshot(a_vnet_connection(), live=found, previous=previous)


def report(snapshot: Snapshot) -> HalfReport:
    step = plan(snapshot)
    return HalfReport(snapshot, step, judge_before(snapshot, step))


def column(forward: Any, reverse: Any, *, released: bool = False) -> str | None:
    one, other = seen(forward, BEFORE), replace(seen(reverse, BEFORE), role=HalfRole.REVERSE, released=released)
    first = report(one)
    status = build_status(one, first.step, first.summary, report(other))
    assert status.summary is not None
    return status.summary.tunnel


@pytest.mark.parametrize(
    ("forward", "reverse", "shown"),
    [
        pytest.param(UP, UP, "2/2", id="both ends say that the tunnel is up"),
        pytest.param(UP, DOWN, "1/2", id="the reverse end has lost it"),
        pytest.param(DOWN, UP, "1/2", id="the forward end has lost it"),
        pytest.param(DOWN, DOWN, "0/2", id="down"),
        pytest.param(UP, GONE, "1/2", id="a half that Azure does not have is a tunnel that is not up"),
        pytest.param(GONE, DOWN, "0/2", id="the half that is there has nobody to talk to"),
        pytest.param(GONE, GONE, None, id="nothing is there yet"),
        pytest.param(TWO_OF_TWO, TWO_OF_TWO, "4/4", id="active-active gateways have two tunnels at each end"),
        pytest.param(TWO_OF_TWO, ONE_OF_TWO, "3/4", id="one of two is down at one end"),
        pytest.param(UP, UNTOLD, "1/2", id="while one half is being updated the last word stands"),
        pytest.param(UNTOLD, GONE, "1/2", id="also if the other one is not there"),
        pytest.param(UP, UNREADABLE, "1/2", id="a half that cannot be read says nothing new"),
    ],
)
def test_the_tunnel_of_an_owned_pair_is_counted_at_both_ends(forward: Any, reverse: Any, shown: str | None):
    assert column(forward, reverse) == shown


def test_a_half_that_is_let_go_is_not_counted():
    assert column(UP, DOWN, released=True) == "1/1"


def test_the_event_of_a_write_to_the_reverse_half_names_it():
    adopting = a_snapshot(a_vnet_connection(), live=a_live_vnet_connection(tags={}))
    step = plan(adopting)
    assert isinstance(step, PatchTags)

    (note,) = announce_write(step, Accepted(10), "VNet2toVNet1")

    assert note.note == f"VNet2toVNet1: {step.why}"
    assert announce_write(step, None, "VNet2toVNet1") == ()
