"""The command around the diagnosis: which objects it takes, what it prints, and how it ends."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.arguments import explain as arguments
from azure_vpn_operator.azvpn.cli import main
from azure_vpn_operator.azvpn.explain import command
from azure_vpn_operator.azvpn.failure import ToolError
from support.cases.maps import NOW, a_connection, a_policy, a_site, a_status, ago

UNKNOWN = ("False", "UnknownPeerSide", "the tunnel is down, and what the device behind Site1 has is not known")
DOWN = a_status(connected=UNKNOWN, tunnels=(0, 1), since=600)
DIFFERS = (
    "False",
    "PolicyMismatch",
    "the policies of the two halves differ in dhGroup (dhGroup: this half has ECP384)",
)

Run = Callable[..., tuple[int, str]]


class Cluster:
    """Objects as kubectl lists them."""

    def __init__(self, objects: Sequence[Mapping[str, Any]], *, events: bool = True) -> None:
        self._objects = objects
        self._events = events

    def list(self, kind: str, **_: bool) -> Sequence[Mapping[str, Any]]:
        if kind.startswith("events"):
            if not self._events:
                raise ToolError("events is forbidden")
            return [item for item in self._objects if item["kind"] == "Event"]
        wanted = {"vpnconnections": "VpnConnection", "ipsecpolicies": "IpsecPolicy"}[kind.partition(".")[0]]
        return [item for item in self._objects if item["kind"] == wanted]


@pytest.fixture
def explain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    class Clock:
        @staticmethod
        def now(_: Any) -> Any:
            return NOW

    def run(*arguments: str, objects: Sequence[Mapping[str, Any]], events: bool = True) -> tuple[int, str]:
        monkeypatch.setattr(kubectl, "Kubectl", lambda _: Cluster(objects, events=events))
        monkeypatch.setattr(command, "datetime", Clock)
        code = main(["explain", *arguments])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def a_pair_of_objects(**status: Any) -> list[dict[str, Any]]:
    def half(name: str, own: str, peer: str) -> dict[str, Any]:
        synced = {"Synced": ("True", "UpToDate", ""), **status.get("extra", {})}
        spec = {
            "azureName": name,
            "resourceGroup": "TestRG1",
            "virtualNetworkGateway": {"name": own},
            "peerVirtualNetworkGateway": {"name": peer},
        }
        connected = status.get("connected", ("False", "NotConnected", "down"))
        found = a_status(connected=connected, tunnels=(0, 1), names=(name,), extra=synced, since=600)
        found["policy"] = {"source": "Default"}
        found["halves"][0]["connectionProtocol"] = "IKEv2" if name == "one" else status.get("protocol", "IKEv2")
        return a_connection(name, spec, found)

    return [half("one", "VNet1GW", "VNet2GW"), half("two", "VNet2GW", "VNet1GW")]


def test_a_device_is_not_known_and_the_page_says_what_would_tell(explain: Run):
    code, text = explain("down", objects=[a_site("down", "Site1", status=DOWN)])

    assert code == 1
    lines = text.splitlines()
    assert lines[0] == "network/down (VNet1GW → Site1) is DOWN for 10m"
    assert lines[2:4] == [
        "UnknownPeerSide (the cause is not known)",
        "  The tunnel is down, and what the device behind Site1 has is not known.",
    ]
    assert "It may be, the nearest first:" in lines
    assert any(line.startswith("  - Azure itself: --azure reads") for line in lines)


def test_what_the_halves_in_the_cluster_tell_is_said_without_azure(explain: Run):
    code, text = explain("one", objects=a_pair_of_objects(protocol="IKEv1"))

    assert code == 1
    assert "ProtocolMismatch (certain)\n  The two halves speak different versions of IKE.\n" in text
    assert "    - connectionProtocol: one has IKEv2, two has IKEv1\n" in text
    assert text.endswith("By the cluster's objects alone; --azure also asks Azure.\n")


def test_what_the_operator_knows_better_stands(explain: Run):
    (one, _) = a_pair_of_objects(connected=DIFFERS)
    code, text = explain("one", objects=[one])

    assert code == 1
    assert "PolicyMismatch (likely)\n  The policies of the two halves differ in dhGroup" in text
    assert "the operator says so" in text


def test_no_other_half_by_the_operators_word(explain: Run):
    (one, _) = a_pair_of_objects(extra={"PairInSync": ("False", "PartnerMissing", "missing")})
    assert "PeerHalfMissing (certain)" in explain("one", objects=[one])[1]


def test_a_tunnel_that_is_up(explain: Run):
    code, text = explain("calm", objects=[a_site("calm", "Site1")])
    assert (code, text) == (0, "network/calm (VNet1GW → Site1) is up\n  Nothing speaks against it.\n")


def test_as_json(explain: Run):
    code, text = explain("down", "-o", "json", objects=[a_site("down", "Site1", status=DOWN)])
    found = json.loads(text)
    assert code == 1
    assert {name: found[name] for name in ("connection", "state", "since", "azureRead")} == {
        "connection": "network/down",
        "state": "Down",
        "since": "2026-03-01T11:50:00+00:00",
        "azureRead": False,
    }
    assert found["causes"][0]["reason"] == "UnknownPeerSide"
    assert found["causes"][0]["sureness"] == "NotKnown"
    assert found["wouldTell"]


def test_all_that_are_down(explain: Run):
    objects = [a_site("calm", "Site1"), a_site("down", "Site2", status=DOWN), a_policy("branches")]
    code, text = explain("--all", objects=objects)
    assert code == 1
    assert "network/down" in text
    assert "calm" not in text
    assert explain("--all", objects=objects[:1]) == (0, "No connection is down.\n")


def an_event(count: int) -> dict[str, Any]:
    return {
        "kind": "Event",
        "reason": "TunnelDown",
        "regarding": {"kind": "VpnConnection", "namespace": "network", "name": "down"},
        "eventTime": ago(1800),
        "series": {"count": count, "lastObservedTime": ago(60)},
    }


@pytest.mark.parametrize(
    ("count", "allowed", "flaps"),
    [
        pytest.param(3, True, True, id="three times"),
        pytest.param(2, True, False, id="twice"),
        pytest.param(3, False, False, id="Events may not be read: all else is said"),
    ],
)
def test_flapping_by_events(explain: Run, count: int, allowed: bool, flaps: bool):
    objects = [a_site("down", "Site1", status=DOWN), an_event(count)]
    code, text = explain("down", objects=objects, events=allowed)
    assert code == 1
    assert ("Flapping (certain)" in text) == flaps


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        pytest.param({"conditions": []}, 2, "is not known to be up or down", id="the operator has not looked yet"),
        pytest.param(
            a_status(connected=("Unknown", "StatusNotRead", "too old")), 2, "is not known to be up", id="too long ago"
        ),
    ],
)
def test_what_is_not_known_is_not_an_outage(explain: Run, status: dict[str, Any], code: int, state: str):
    ended, text = explain("new", objects=[a_site("new", "Site1", status=status)])
    assert ended == code
    assert state in text


@pytest.mark.parametrize(
    ("arguments", "objects", "message"),
    [
        pytest.param(["gone"], [], "VpnConnection gone: was not found", id="no such object"),
        pytest.param([], [], "name one connection, or give --all", id="nothing named"),
        pytest.param(["one", "--all"], [], "name one connection, or give --all", id="both"),
        pytest.param(["odd"], [a_connection("odd", {"azureName": 3}, None)], "breaks a rule", id="an invalid object"),
    ],
)
def test_refusals(explain: Run, arguments: list[str], objects: list[dict[str, Any]], message: str):
    code, text = explain(*arguments, objects=objects)
    assert code == 2
    assert message in text


def test_help_has_examples_and_the_exit_codes():
    parser = argparse.ArgumentParser()
    arguments.add_arguments(parser)
    assert parser.parse_args(["x", "--azure"]).azure
    assert "exit code" in arguments.EXAMPLES
