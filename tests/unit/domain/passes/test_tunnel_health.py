"""The condition Connected, from what Azure says and from what it does not say."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.domain.diagnosis.ends import count_tunnels
from azure_vpn_operator.domain.passes.snapshot import Attempts, Cadence
from azure_vpn_operator.domain.passes.tunnel_health import find_connected
from azure_vpn_operator.domain.passes.verdicts import Accepted
from support.builders import (
    NOW,
    a_connection,
    a_fault,
    a_half,
    a_listed_connection,
    a_live_connection,
    a_live_vnet_connection,
    a_snapshot,
    a_vnet_connection,
    an_open_operation,
)
from support.cases.objects import DROP
from support.checkers import run_pass


def tunnels(*states: str) -> list[dict[str, Any]]:
    return [{"tunnel": f"tunnel-{index}", "connectionStatus": state} for index, state in enumerate(states)]


@pytest.mark.parametrize(
    ("live", "condition", "column"),
    [
        ({}, ("True", "AllTunnelsUp"), "1/1"),
        ({"tunnelConnectionStatus": tunnels("Connected", "Connected")}, ("True", "AllTunnelsUp"), "2/2"),
        ({"tunnelConnectionStatus": tunnels("Connected", "NotConnected")}, ("True", "RedundancyLost"), "1/2"),
        ({"connectionStatus": "NotConnected"}, ("False", "UnknownPeerSide"), "0/1"),
        ({"connectionStatus": "Connecting"}, ("False", "Connecting"), "0/1"),
        ({"connectionStatus": "Unknown"}, ("Unknown", "StatusUnknown"), "0/1"),
        ({"connectionStatus": "Melting"}, ("Unknown", "StatusUnknown"), "0/1"),
        ({"connectionStatus": DROP}, ("Unknown", "StatusUnknown"), None),
    ],
)
def test_connected(live: dict[str, Any], condition: tuple[str, str], column: str | None):
    record = run_pass(a_snapshot(live=a_live_connection(**live)))
    assert record.condition("Connected") == condition
    assert record.status.summary is not None
    assert record.status.summary.tunnel == column


def test_a_tunnel_that_is_down_is_named():
    record = run_pass(a_snapshot(live=a_live_connection(tunnelConnectionStatus=tunnels("Connected", "NotConnected"))))
    (message,) = [c.message for c in record.status.conditions if c.type == "Connected"]
    assert message == "1 of 2 tunnels are up; down: tunnel-1"


LINE = GatewayLogLine(
    NOW, "IKEDiagnosticLog", "IKELogEvent", "SESSION_ID :{1} Remote 203.0.113.6:500: notify AUTHENTICATION_FAILED"
)
QUOTED = f'; the gateway\'s log: "Remote 203.0.113.6:500: notify AUTHENTICATION_FAILED" ({NOW:%Y-%m-%dT%H:%M:%SZ})'
TOLD = (
    f"the proof of the shared key was refused: the keys differ, or the device expects another identity ({QUOTED[2:]})"
)
PLAIN = (
    "the tunnel is down, and what the device behind Site6 has is not known: compare policy, shared key and IKE version with the other "
    "side, and see that it is reachable"
)
UNCLEAR = replace(LINE, message="SESSION_ID :{1} Remote 203.0.113.6:500: CREATE_CHILD_SA: INVALID_ID_INFORMATION")
UNCLEAR_QUOTED = QUOTED.replace("notify AUTHENTICATION_FAILED", "CREATE_CHILD_SA: INVALID_ID_INFORMATION")


@pytest.mark.parametrize(
    ("state", "lines", "unread", "before", "message"),
    [
        pytest.param("NotConnected", (LINE,), False, PLAIN, TOLD, id="the log tells why"),
        pytest.param("Connecting", (LINE,), False, PLAIN, TOLD, id="while it tries"),
        pytest.param("NotConnected", (UNCLEAR,), False, PLAIN, PLAIN + UNCLEAR_QUOTED, id="the log tells something"),
        pytest.param(
            "Connecting",
            (UNCLEAR,),
            False,
            PLAIN,
            "Azure is bringing the tunnel up" + UNCLEAR_QUOTED,
            id="something, while it tries",
        ),
        pytest.param("NotConnected", (), True, TOLD, TOLD, id="a new process leaves what was found"),
        pytest.param("Connecting", (), True, TOLD, TOLD, id="in every state"),
        pytest.param("NotConnected", (), False, TOLD, PLAIN, id="it was read again, and tells nothing"),
        pytest.param("NotConnected", (), True, PLAIN, PLAIN, id="nothing was ever found"),
        pytest.param("Connected", (LINE,), False, TOLD, "the tunnel is up", id="it is up"),
    ],
)
def test_what_the_gateways_log_adds(
    state: str, lines: tuple[GatewayLogLine, ...], unread: bool, before: str, message: str
):
    condition = {
        "type": "Connected",
        "status": "False",
        "reason": "NotConnected",
        "message": before,
        "lastTransitionTime": (NOW - timedelta(hours=1)).isoformat(),
        "observedGeneration": 1,
    }
    previous = VpnConnectionStatus.model_validate({"conditions": [condition]})
    snapshot = a_snapshot(live=a_live_connection(connectionStatus=state), previous=previous)
    finding = find_connected(replace(snapshot, log_lines=lines, log_unread=unread))
    assert finding.message == message


def test_being_down_is_not_being_unready():
    record = run_pass(a_snapshot(live=a_live_connection(connectionStatus="NotConnected")))
    assert record.condition("Ready") == ("True", "UpToDate")


def test_what_is_not_there_is_not_connected():
    assert run_pass(a_snapshot(live=Absent()), a_fault()).condition("Connected") == ("False", "NotCreated")


def test_a_pair_without_its_other_half_is_told_so():
    down = a_live_vnet_connection(connectionStatus="NotConnected")
    alone = a_snapshot(a_vnet_connection(), live=down)
    assert run_pass(replace(alone, foreign=Present(()))).condition("Connected") == ("False", "PeerHalfMissing")
    assert run_pass(alone).condition("Connected") == ("False", "UnknownPeerSide"), "nobody has looked for it"
    both = a_snapshot(a_vnet_connection(), live=down, partners=(a_half("b"),))
    assert run_pass(both).condition("Connected") == ("False", "NotConnected")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param(None, ("Unknown", "TunnelNotRead"), id="nothing was ever said of it"),
        pytest.param(a_live_connection(), ("True", "AllTunnelsUp"), id="what was said before the restart stands"),
        pytest.param(
            a_live_connection(connectionStatus="NotConnected"), ("False", "UnknownPeerSide"), id="also that it is down"
        ),
        pytest.param(Absent(), ("Unknown", "TunnelNotRead"), id="it was not there, and now it is"),
    ],
)
def test_a_list_says_nothing_of_the_tunnel(before: LiveConnection | Absent | None, said: tuple[str, str]):
    outcome = a_fault() if isinstance(before, Absent) else None
    previous = run_pass(a_snapshot(live=before), outcome).status if before is not None else VpnConnectionStatus()
    listed = run_pass(a_snapshot(previous=previous, live=a_listed_connection()))
    assert listed.condition("Connected") == said
    assert listed.condition("Synced") == ("True", "UpToDate")
    operation = run_pass(a_snapshot(previous=listed.status, live=a_live_connection(connectionStatus=None)))
    assert operation.condition("Connected") == (said if said[0] != "Unknown" else ("Unknown", "StatusUnknown"))


def last_seen(minutes: float, before: str = "Connected", steady: float = 300) -> tuple[str, str] | None:
    previous = run_pass(a_snapshot(live=a_live_connection(connectionStatus=before))).status
    attempts = Attempts(last_read=NOW - timedelta(minutes=minutes))
    snapshot = a_snapshot(
        previous=previous, live=Unreadable(a_fault()), attempts=attempts, cadence=Cadence(steady=steady)
    )
    return run_pass(snapshot).condition("Connected")


def test_the_last_word_stands_for_three_intervals():
    assert last_seen(15) == ("True", "AllTunnelsUp")
    assert last_seen(15.1) == ("Unknown", "StatusNotRead")
    assert last_seen(29, steady=600) == ("True", "AllTunnelsUp")
    assert last_seen(10, before="NotConnected") == ("False", "UnknownPeerSide")


def test_the_last_word_stands_during_an_operation():
    previous = run_pass(a_snapshot()).status
    record = run_pass(a_snapshot(previous=previous, operation=an_open_operation()))
    assert record.condition("Connected") == ("True", "AllTunnelsUp")


def test_a_connection_that_was_just_created_is_unknown_and_no_longer_missing():
    previous = run_pass(a_snapshot(live=Absent()), a_fault()).status
    record = run_pass(a_snapshot(previous=previous, operation=an_open_operation(creating=True)))
    assert record.condition("Connected") == ("Unknown", "StatusUnknown")


def test_a_connection_without_listed_tunnels_counts_as_one():
    assert count_tunnels(a_live_connection()) == (1, 1)
    assert count_tunnels(a_live_connection(connectionStatus="NotConnected")) == (0, 1)


# After a change of ours

ONE_OF_TWO = {"tunnelConnectionStatus": tunnels("Connected", "NotConnected")}
NONE_OF_TWO = {"connectionStatus": "NotConnected", "tunnelConnectionStatus": tunnels("NotConnected", "NotConnected")}
DOWN = {"connectionStatus": "NotConnected"}


def written(before: dict[str, Any]) -> VpnConnectionStatus:
    """The status when Azure has taken a write to a connection that was so before."""
    live = a_live_connection(**before)
    at_rest = run_pass(a_snapshot(live=live)).status
    return run_pass(a_snapshot(a_connection(routingWeight=5), previous=at_rest, live=live), Accepted(1)).status


@pytest.mark.parametrize(
    ("before", "after", "condition"),
    [
        pytest.param({}, DOWN, ("False", "Renegotiating"), id="the change has taken the tunnel down"),
        pytest.param({}, {"connectionStatus": "Connecting"}, ("False", "Renegotiating"), id="it is on its way back"),
        pytest.param({}, ONE_OF_TWO, ("True", "Renegotiating"), id="one tunnel is back before the other"),
        pytest.param({}, NONE_OF_TWO, ("False", "Renegotiating"), id="none is"),
        pytest.param({}, {}, ("True", "AllTunnelsUp"), id="it did not go down, or is back already"),
        pytest.param(DOWN, DOWN, ("False", "UnknownPeerSide"), id="it was down before: the change has not done it"),
        pytest.param({}, {"connectionStatus": "Melting"}, ("Unknown", "StatusUnknown"), id="a state we do not know"),
    ],
)
def test_a_tunnel_that_a_change_of_ours_took_down_is_given_a_minute(
    before: dict[str, Any], after: dict[str, Any], condition: tuple[str, str]
):
    held = a_live_connection(routingWeight=5, **after)
    snapshot = a_snapshot(a_connection(routingWeight=5), previous=written(before), live=held)
    first = run_pass(snapshot)
    assert first.condition("Connected") == condition
    assert (first.next_look == 10.0) == (condition[1] == "Renegotiating"), "it is looked at again soon"
    assert "TunnelDown" not in {note.reason for note in first.events}


@pytest.mark.parametrize(
    ("later", "after", "condition", "told"),
    [
        pytest.param(59, DOWN, ("False", "Renegotiating"), [], id="still within the minute"),
        pytest.param(60, DOWN, ("False", "UnknownPeerSide"), ["TunnelDown"], id="it stays down, and that is told"),
        pytest.param(60, ONE_OF_TWO, ("True", "RedundancyLost"), ["RedundancyLost"], id="one of two stays down"),
        pytest.param(10, {}, ("True", "AllTunnelsUp"), [], id="back again: nothing was told, so nothing is taken back"),
    ],
)
def test_after_the_minute_what_is_down_is_down(
    later: int, after: dict[str, Any], condition: tuple[str, str], told: list[str]
):
    subject = a_connection(routingWeight=5)
    down = a_live_connection(routingWeight=5, **DOWN)
    ended = run_pass(a_snapshot(subject, previous=written({}), live=down)).status
    record = run_pass(
        a_snapshot(
            subject,
            previous=ended,
            live=a_live_connection(routingWeight=5, **after),
            now=NOW + timedelta(seconds=later),
        )
    )
    assert record.condition("Connected") == condition
    assert [note.reason for note in record.events] == told


def test_a_tunnel_that_goes_down_while_azure_differs_by_somebody_elses_hand_is_down():
    subject = a_connection(driftPolicy="Report")
    before = run_pass(
        a_snapshot(subject, previous=run_pass(a_snapshot(subject)).status, live=a_live_connection(routingWeight=5))
    )
    assert before.condition("Synced") == ("False", "DriftDetected")
    down = a_live_connection(routingWeight=5, **DOWN)
    record = run_pass(a_snapshot(subject, previous=before.status, live=down))
    assert record.condition("Connected") == ("False", "UnknownPeerSide")
