import copy
import io
from typing import Any

import pytest
from rich.console import Console

from workbench.demo.live_table import Fleet, changes, render_tables

EXPECTED = [("VpnConnection", "vnet1-to-site6"), ("IpsecPolicy", "site6")]

CONNECTION: dict[str, Any] = {
    "metadata": {"name": "vnet1-to-site6", "generation": 2},
    "status": {
        "observedGeneration": 2,
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Connected", "status": "True"}],
        "summary": {
            "tunnel": "1/1",
            "gateway": "VNet1GW",
            "peer": "Site6",
            "policy": "site6",
            "reason": "UpToDate",
            "message": "Azure holds what the object says",
        },
    },
}
POLICY: dict[str, Any] = {
    "metadata": {"name": "site6", "generation": 1},
    "spec": {
        "ikeEncryption": "AES256",
        "ikeIntegrity": "SHA384",
        "dhGroup": "DHGroup24",
        "ipsecEncryption": "AES256",
        "ipsecIntegrity": "SHA256",
        "pfsGroup": "None",
    },
    "status": {
        "observedGeneration": 1,
        "conditions": [{"type": "Ready", "status": "True", "message": "the policy is valid"}],
        "connections": 1,
        "updatedConnections": 1,
    },
}


def _with(document: dict[str, Any], **status: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    changed["status"].update(status)
    return changed


def _conditions(**statuses: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status} for kind, status in statuses.items()]}


def _missing(connections: list[dict[str, Any]], policies: list[dict[str, Any]]) -> list[str]:
    return [item.text for item in Fleet.of(connections, policies).missing(EXPECTED)]


def test_nothing_is_missing_when_all_is_ready_and_connected() -> None:
    assert _missing([CONNECTION], [POLICY]) == []


@pytest.mark.parametrize(
    ("connection", "text"),
    [
        pytest.param(
            _with(CONNECTION, observedGeneration=1),
            "VpnConnection vnet1-to-site6: not looked at yet",
            id="a status about an older spec says nothing about this one",
        ),
        pytest.param(
            {"metadata": {"name": "vnet1-to-site6", "generation": 1}},
            "VpnConnection vnet1-to-site6: not looked at yet",
            id="an object without a status has not been seen by the operator",
        ),
        pytest.param(
            _with(
                CONNECTION, **_conditions(Ready="False", Connected="Unknown"), summary={"reason": "X", "message": "why"}
            ),
            "VpnConnection vnet1-to-site6: Ready=False X: why",
            id="the operator's own words explain what is not ready",
        ),
        pytest.param(
            _with(CONNECTION, **_conditions(Ready="True")),
            "VpnConnection vnet1-to-site6: Connected=Unknown UpToDate: Azure holds what the object says",
            id="a tunnel that nobody has read is not up",
        ),
        pytest.param(
            _with(CONNECTION, **_conditions(Ready="True", Connected="True", PairInSync="False"), summary={}),
            "VpnConnection vnet1-to-site6: PairInSync=False",
            id="half a pair is not a pair",
        ),
    ],
)
def test_connection_that_is_not_complete_is_explained(connection: dict[str, Any], text: str) -> None:
    assert _missing([connection], [POLICY]) == [text]


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        pytest.param(
            _with(POLICY, **_conditions(Ready="False")),
            "IpsecPolicy site6: Ready=False",
            id="an invalid policy",
        ),
        pytest.param(
            _with(POLICY, connections=2),
            "IpsecPolicy site6: held by 1 of 2 connections",
            id="a policy that has not reached every connection",
        ),
        pytest.param(
            _with(POLICY, connections=0, updatedConnections=0),
            "IpsecPolicy site6: held by 0 of 0 connections",
            id="a policy that nobody was seen to use yet",
        ),
        pytest.param(
            _with(POLICY, observedGeneration=-1), "IpsecPolicy site6: not looked at yet", id="the status's default"
        ),
    ],
)
def test_policy_that_is_not_complete_is_explained(policy: dict[str, Any], text: str) -> None:
    assert _missing([CONNECTION], [policy]) == [text]


def test_object_that_does_not_exist_is_missing() -> None:
    assert _missing([], []) == ["VpnConnection vnet1-to-site6: not there", "IpsecPolicy site6: not there"]


def test_changes_name_only_what_changed() -> None:
    waiting = _with(
        CONNECTION, **_conditions(Ready="False"), summary={"reason": "Creating", "message": "Azure is creating it"}
    )
    before, after = Fleet.of([waiting], [POLICY]), Fleet.of([CONNECTION], [POLICY])

    assert changes(Fleet(), before) == ["vnet1-to-site6: Creating: Azure is creating it"]
    assert changes(before, after) == ["vnet1-to-site6: Ready, Connected, tunnel 1/1"]
    assert changes(after, after) == []


def test_changes_tell_of_a_rollout_and_of_who_waits_for_it() -> None:
    def rollout(reason: str) -> Fleet:
        conditions = [*POLICY["status"]["conditions"], {"type": "RolledOut", "reason": reason, "message": "so far"}]
        return Fleet.of([], [_with(POLICY, conditions=conditions)])

    waiting = _with(CONNECTION, summary={"tunnel": "1/1", "reason": "WaitingForRollout"})

    assert changes(Fleet(), rollout("RolledOut")) == []
    assert changes(rollout("RolledOut"), rollout("RollingOut")) == ["policy site6: RollingOut: so far"]
    assert changes(Fleet(), Fleet.of([waiting], [])) == [
        "vnet1-to-site6: Ready, Connected, tunnel 1/1, WaitingForRollout"
    ]


@pytest.mark.parametrize("fleet", [Fleet.of([CONNECTION], [POLICY]), Fleet()], ids=["objects", "no object yet"])
def test_only_messages_give_way_on_a_narrow_terminal(fleet: Fleet) -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    for table in render_tables(fleet, messages=True):
        console.print(table)

    lines = out.getvalue().splitlines()
    assert lines[0].split()[:7] == ["VpnConnection", "Ready", "Tunnel", "Gateway", "Peer", "Policy", "Reason"]
    if fleet.connections:
        assert lines[1].split()[:7] == ["vnet1-to-site6", "True", "1/1", "VNet1GW", "Site6", "site6", "UpToDate"]
        assert lines[1].rstrip().endswith("…")
        assert " ".join(lines[3].split()) == "site6 True AES256 SHA384 DHGroup24 AES256 SHA256 None 1/1 -"
