"""What a status comes to on the map: table of statuses, each with what people must see."""

from typing import Any

import pytest

from azure_vpn_operator.domain.overview.model import Activity, Attention, TunnelState
from support.cases import maps
from support.cases.maps import a_change, a_connection, a_site, a_status, ago
from support.world.status_page import Fleet

DOWN = ("False", "NotConnected", "down")
READY = ("True", "UpToDate", "")
STALLED = ("False", "AzureForbidden", "no right")
CHANGING = {"Reconciling": ("True", "Updating", "")}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, (TunnelState.UP, Activity.NONE, Attention.WELL), id="all is well"),
        pytest.param({"connected": DOWN}, (TunnelState.DOWN, Activity.NONE, Attention.PROBLEM), id="a tunnel is down"),
        pytest.param(
            {"connected": ("True", "RedundancyLost", "")},
            (TunnelState.PARTLY, Activity.NONE, Attention.PROBLEM),
            id="one of two tunnels is down: the next one costs the site",
        ),
        pytest.param(
            {"connected": ("Unknown", "StatusNotRead", "")},
            (TunnelState.UNKNOWN, Activity.NONE, Attention.UNKNOWN),
            id="nobody knows: neither up nor down",
        ),
        pytest.param(
            {"connected": ("False", "NotCreated", ""), "ready": ("False", "Creating", ""), "extra": CHANGING},
            (TunnelState.ABSENT, Activity.CHANGING, Attention.CHANGING),
            id="it is being made",
        ),
        pytest.param(
            {"connected": ("False", "NotCreated", ""), "ready": ("False", "SecretNotFound", "")},
            (TunnelState.ABSENT, Activity.BLOCKED, Attention.PROBLEM),
            id="it cannot be made, since the Secret is missing",
        ),
        pytest.param(
            {"connected": ("False", "NotCreated", ""), "extra": {"Paused": ("True", "Suspended", "")}},
            (TunnelState.ABSENT, Activity.HELD, Attention.WAITING),
            id="it is not to be made for now",
        ),
        pytest.param(
            {"connected": DOWN, "ready": ("False", "Updating", ""), "extra": CHANGING, "change": a_change("Sent")},
            (TunnelState.DOWN, Activity.CHANGING, Attention.CHANGING),
            id="down since it is being changed: no reason to call anybody",
        ),
        pytest.param(
            {"connected": DOWN, "ready": ("False", "Confirming", ""), "change": a_change("Confirming")},
            (TunnelState.DOWN, Activity.CONFIRMING, Attention.CHANGING),
            id="down after a change that has yet to prove itself",
        ),
        pytest.param(
            {"connected": ("True", "Renegotiating", "")},
            (TunnelState.PARTLY, Activity.NONE, Attention.CHANGING),
            id="coming back after a write",
        ),
        pytest.param(
            {"connected": DOWN, "ready": ("False", "RollingBack", ""), "change": a_change("RollingBack")},
            (TunnelState.DOWN, Activity.UNDOING, Attention.PROBLEM),
            id="a change failed and is being undone",
        ),
        pytest.param(
            {
                "ready": ("False", "RolledBack", ""),
                "extra": {"Stalled": ("True", "RolledBack", "")},
                "change": a_change("RolledBack", endTime=ago(9)),
            },
            (TunnelState.UP, Activity.UNDONE, Attention.PROBLEM),
            id="its own edit was undone: somebody has to decide",
        ),
        pytest.param(
            {"ready": ("True", "RolloutStopped", ""), "change": a_change("RolledBack", endTime=ago(9))},
            (TunnelState.UP, Activity.UNDONE, Attention.WAITING),
            id="put back by a rollout: the policy is what somebody has to decide about",
        ),
        pytest.param(
            {"ready": ("False", "ChangeFailed", ""), "extra": {"Stalled": ("True", "ChangeFailed", "")}},
            (TunnelState.UP, Activity.FAILED, Attention.PROBLEM),
            id="a change failed and stays",
        ),
        pytest.param(
            {"ready": STALLED, "extra": {"Stalled": STALLED}, "change": a_change("RolledBack", endTime=ago(9))},
            (TunnelState.UP, Activity.STALLED, Attention.PROBLEM),
            id="stalled for a reason that is newer than an old undo",
        ),
        pytest.param(
            {"ready": ("False", "WaitingForWindow", "")},
            (TunnelState.UP, Activity.WINDOW, Attention.WAITING),
            id="waits for its window",
        ),
        pytest.param(
            {"ready": ("False", "GatewayBusy", ""), "extra": {"Reconciling": ("True", "GatewayBusy", "")}},
            (TunnelState.UP, Activity.QUEUED, Attention.WAITING),
            id="waits for its gateway",
        ),
        pytest.param(
            {"ready": ("False", "GatewayBusy", ""), "connected": DOWN},
            (TunnelState.DOWN, Activity.QUEUED, Attention.PROBLEM),
            id="waits for its gateway, and is down meanwhile",
        ),
        pytest.param(
            {"ready": ("True", "WaitingForRollout", "")},
            (TunnelState.UP, Activity.ROLLOUT, Attention.WAITING),
            id="waits for its wave",
        ),
        pytest.param(
            {"ready": ("True", "RolloutStopped", "")},
            (TunnelState.UP, Activity.STOPPED, Attention.WAITING),
            id="the rollout has stopped: nothing waits for a turn",
        ),
        pytest.param(
            {"extra": {"Paused": ("True", "HeldInAzure", "")}},
            (TunnelState.UP, Activity.HELD, Attention.WAITING),
            id="held by a tag in Azure",
        ),
        pytest.param(
            {"change": a_change("Provisional")},
            (TunnelState.UP, Activity.PROVISIONAL, Attention.WELL),
            id="works, and the undo is armed",
        ),
        pytest.param(
            {"extra": {"BgpEstablished": ("False", "BgpDown", "")}},
            (TunnelState.UP, Activity.NONE, Attention.PROBLEM),
            id="up without routes",
        ),
        pytest.param(
            {"extra": {"PairInSync": ("False", "PartnerUpdating", "")}},
            (TunnelState.UP, Activity.NONE, Attention.WELL),
            id="the other half is a moment behind",
        ),
        pytest.param(
            {"extra": {"PairInSync": ("False", "ForeignHalfDiffers", "")}},
            (TunnelState.UP, Activity.NONE, Attention.PROBLEM),
            id="the half that somebody else keeps is another one",
        ),
    ],
)
def test_a_status_is_judged(status: dict[str, Any], expected: tuple[str, str, str]):
    fleet = Fleet()
    fleet.put([a_site("site6", "Site6", status=a_status(**status))])
    (link,) = fleet.map().links
    assert (link.tunnel, link.activity, link.attention) == expected


def test_an_object_that_nobody_has_looked_at_is_unknown_and_says_so():
    fleet = Fleet()
    fleet.put([a_connection("new", maps.a_site("x", "Site6")["spec"], None)])
    (link,) = fleet.map().links
    assert (link.tunnel, link.attention, link.unseen, link.total) == (TunnelState.UNKNOWN, Attention.UNKNOWN, True, 0)


def test_an_object_that_is_being_deleted_says_so():
    fleet = Fleet()
    document = a_site("site6", "Site6")
    document["metadata"]["deletionTimestamp"] = ago(3)
    fleet.put([document])
    (link,) = fleet.map().links
    assert (link.activity, link.attention) == (Activity.DELETING, Attention.CHANGING)
