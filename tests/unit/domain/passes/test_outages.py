"""Since when a tunnel is down for another reason than a write of ours."""

from datetime import UTC, datetime

import pytest

from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.passes.outages import outage_since
from support.builders import a_live_connection

EARLIER = datetime(2026, 1, 1, 11, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 13, tzinfo=UTC)


def told(status: str, reason: str) -> VpnConnectionStatus:
    condition = {
        "type": "Connected",
        "status": status,
        "reason": reason,
        "message": "m",
        "lastTransitionTime": NOON.isoformat(),
        "observedGeneration": 1,
    }
    return VpnConnectionStatus.model_validate({"conditions": [condition]})


DOWN = told("False", "NotConnected")


@pytest.mark.parametrize(
    ("previous", "state", "own_write", "since"),
    [
        pytest.param(DOWN, "NotConnected", None, NOON, id="since the status says that it is down"),
        pytest.param(DOWN, "Connecting", None, NOON, id="a tunnel that Azure brings up in vain is down too"),
        pytest.param(DOWN, "NotConnected", LATER, LATER, id="what a write of ours left down is down since that write"),
        pytest.param(DOWN, "NotConnected", EARLIER, NOON, id="a write before it has nothing to do with it"),
        pytest.param(DOWN, "Connected", None, None, id="it is back"),
        pytest.param(DOWN, "Unknown", None, None, id="Azure does not say"),
        pytest.param(DOWN, None, None, None, id="it was not read"),
        pytest.param(told("True", "AllTunnelsUp"), "NotConnected", None, None, id="so new that no status tells it"),
        pytest.param(told("Unknown", "StatusUnknown"), "NotConnected", None, None, id="it was never seen up or down"),
        pytest.param(VpnConnectionStatus(), "NotConnected", None, None, id="nothing was ever told"),
    ],
)
def test_when_an_outage_began(
    previous: VpnConnectionStatus, state: str | None, own_write: datetime | None, since: datetime | None
) -> None:
    live = a_live_connection(connectionStatus=state) if state is not None else None
    assert outage_since(previous, live, own_write) == since
