"""When a tunnel counts as having gone down by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.reporting.flaps import changes_by_us, count_flaps
from support.builders import a_change

EARLY, LATE = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 2))


def tunnel(name: str = "a", status: str = "Connected", since: datetime | None = EARLY) -> dict[str, Any]:
    return {"name": name, "status": status, "lastEstablished": since}


def status(
    *tunnels: dict[str, Any],
    connection_status: str | None = "Connected",
    connected: str = "AllTunnelsUp",
    synced: str = "UpToDate",
    role: str = "Forward",
    **rest: Any,
) -> VpnConnectionStatus:
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": EARLY}
        for kind, reason in (("Connected", connected), ("Synced", synced))
    ]
    half = {"role": role, "tunnels": tunnels, "connectionStatus": connection_status}
    return VpnConnectionStatus.model_validate({"conditions": conditions, "halves": [half], **rest})


UP = status(tunnel())


def reset(state: str, time: datetime) -> list[dict[str, Any]]:
    return [{"role": "Forward", "token": "a", "state": state, "time": time}]


@pytest.mark.parametrize(
    ("before", "after", "flaps"),
    [
        pytest.param(UP, UP, 0, id="nothing has changed"),
        pytest.param(UP, status(tunnel(status="NotConnected")), 1, id="it is down"),
        pytest.param(UP, status(tunnel(status="Connecting")), 1, id="it is down and tries to come up"),
        pytest.param(UP, status(tunnel(since=LATE)), 1, id="it was down and came up before anybody looked"),
        pytest.param(UP, status(tunnel(since=None)), 0, id="Azure no longer says when it came up"),
        pytest.param(UP, status(tunnel(status="Unknown")), 0, id="Azure does not know"),
        pytest.param(UP, status(tunnel(name="b", status="NotConnected")), 0, id="another tunnel has taken its place"),
        pytest.param(UP, status(connection_status=None), 0, id="an operation runs, and Azure tells nothing"),
        pytest.param(status(tunnel(status="NotConnected")), UP, 0, id="it came up: its end was counted"),
        pytest.param(
            status(tunnel(status="NotConnected")), status(tunnel(status="NotConnected")), 0, id="it stays down"
        ),
        pytest.param(
            status(tunnel("a"), tunnel("b")),
            status(tunnel("a", "NotConnected"), tunnel("b", since=LATE)),
            2,
            id="each tunnel of an active-active gateway counts",
        ),
        pytest.param(status(), status(connection_status="NotConnected"), 1, id="Azure lists no tunnels: it is one"),
        pytest.param(
            status(tunnel(), resets=reset("Sent", EARLY)), status(tunnel(since=LATE)), 0, id="somebody has it reset"
        ),
        pytest.param(
            status(tunnel(), resets=reset("Done", LATE)),
            status(tunnel(since=LATE), resets=reset("Done", LATE)),
            0,
            id="Azure tells late that it came up after a reset",
        ),
        pytest.param(
            status(tunnel(), resets=reset("Done", EARLY)),
            status(tunnel(since=LATE), resets=reset("Done", EARLY)),
            1,
            id="long after a reset",
        ),
        pytest.param(VpnConnectionStatus(), UP, 0, id="the object is new"),
        pytest.param(UP, VpnConnectionStatus(), 0, id="the half has left"),
    ],
)
def test_a_tunnel_that_went_down_by_itself_is_a_flap(
    before: VpnConnectionStatus, after: VpnConnectionStatus, flaps: int
):
    assert count_flaps(before, after, HalfRole.FORWARD) == flaps


def test_each_half_counts_its_own_tunnels():
    before, after = status(tunnel(), role="Reverse"), status(tunnel(since=LATE), role="Reverse")
    assert count_flaps(before, after, HalfRole.FORWARD) == 0
    assert count_flaps(before, after, HalfRole.REVERSE) == 1


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param({"change": a_change()}, id="a change waits for its proof"),
        pytest.param({"connected": "Renegotiating"}, id="a write has just ended"),
        pytest.param({"synced": "Updating"}, id="a write is on its way"),
        pytest.param({"synced": "RollingBack"}, id="a change is undone"),
        pytest.param({"synced": "SettingSharedKey"}, id="a key is set"),
        pytest.param({"synced": "Deleting"}, id="the connection goes"),
    ],
)
def test_what_a_change_of_ours_does_is_no_flap(busy: dict[str, Any]):
    down = status(tunnel(status="NotConnected"), **busy)
    assert changes_by_us(down)
    assert count_flaps(UP, down, HalfRole.FORWARD) == 0
    assert count_flaps(status(tunnel(), **busy), status(tunnel(since=LATE)), HalfRole.FORWARD) == 0


@pytest.mark.parametrize(
    "at_rest",
    [
        pytest.param({}, id="peace"),
        pytest.param({"synced": "DriftDetected"}, id="somebody else has changed it"),
        pytest.param({"synced": "OperationStuck"}, id="an operation that does not end"),
    ],
)
def test_everything_else_is_not_our_doing(at_rest: dict[str, Any]):
    assert not changes_by_us(status(tunnel(), **at_rest))
