"""`kubectl azvpn reset`: what it says at each point, and what it ends with."""

import argparse
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection_status import ResetState, VpnConnectionStatus
from azure_vpn_operator.azvpn import fleet, kubectl, reset
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.reset import describe, progress_of
from support.cases.maps import NOW, small_fleet

SINCE = (NOW - timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_status(*states: str, ready: str = "UpToDate", connected: str = "True", token: str = "a") -> VpnConnectionStatus:
    message = {"message": "spec.suspend is true"}
    records = [
        {"role": role, "token": token, "state": state, "time": SINCE, **(message if state == "Refused" else {})}
        for role, state in zip(("Forward", "Reverse"), states, strict=False)
    ]
    common = {"lastTransitionTime": SINCE}
    conditions = [
        {**common, "type": "Ready", "status": str(ready == "UpToDate"), "reason": ready, "message": "words"},
        {**common, "type": "Connected", "status": connected, "reason": "Some", "message": "the tunnel is as it is"},
    ]
    return VpnConnectionStatus.model_validate({"resets": records, "conditions": conditions})


def a_document(status: VpnConnectionStatus, halves: int = 1) -> dict[str, Any]:
    spec = {"reverse": {"azureName": "back"}} if halves == 2 else {}
    return {"metadata": {"annotations": {"azvpn.dev/reset": "a"}}, "spec": spec, "status": status.wire()}


@pytest.mark.parametrize(
    ("status", "halves", "line", "code"),
    [
        pytest.param(a_status(), 1, "The operator has not taken it up", None, id="nobody has looked yet"),
        pytest.param(a_status("Done", token="b"), 1, "The operator has not", None, id="what is known is about another"),
        pytest.param(a_status("Waits", ready="GatewayBusy"), 1, "Waits (GatewayBusy: words)", None, id="in the line"),
        pytest.param(a_status("Waits"), 1, "Waits", None, id="nothing says for what"),
        pytest.param(a_status("Sent"), 1, "Sent", None, id="it runs"),
        pytest.param(
            a_status("Sent", "Waits"), 2, "Sent: Azure carries it out, 1 of 2.", None, id="one half after the other"
        ),
        pytest.param(a_status("Done", "Sent"), 2, "Sent: Azure carries it out, 2 of 2.", None, id="the second half"),
        pytest.param(a_status("Done"), 2, "Waits", None, id="the second half is not told of yet"),
        pytest.param(a_status("Refused"), 1, "Refused: spec.suspend is true", 1, id="a pause"),
        pytest.param(a_status("Failed"), 1, "Failed: ", 1, id="Azure could not"),
        pytest.param(a_status("Done", "Refused"), 2, "Refused: spec.suspend", 1, id="half of it is not done"),
        pytest.param(a_status("Done"), 1, "Done, and up: the tunnel is as it is", 0, id="the tunnel is back"),
        pytest.param(a_status("Done", connected="False"), 1, "Done; the tunnel is not back", None, id="not yet"),
        pytest.param(a_status("Done", connected="Unknown"), 1, "Done; the tunnel is not back", None, id="not told yet"),
    ],
)
def test_what_is_said_of_a_request(status: VpnConnectionStatus, halves: int, line: str, code: int | None):
    found = progress_of(a_document(status, halves), "a", NOW)

    assert found.line.startswith(line)
    assert found.code == code


def test_a_tunnel_that_stays_down_is_said_after_a_minute():
    document = a_document(a_status("Done", connected="False"))
    found = progress_of(document, "a", NOW + timedelta(seconds=31))

    assert (found.line, found.code) == ("Done, and not up: the tunnel is as it is", 1)


class Cluster:
    """A kubectl over the connections of the small fleet; what `becomes` says follows each look."""

    def __init__(self, name: str, becomes: list[list[str]]) -> None:
        self.document = next(item for item in small_fleet() if item["metadata"]["name"] == name)
        self.becomes = becomes
        self.sent: list[tuple[str, ...]] = []
        self.keeps_it = True

    def __call__(self, *arguments: str) -> str:
        self.sent.append(arguments)
        if self.keeps_it:
            name, _, token = arguments[3].partition("=")
            self.document["metadata"].setdefault("annotations", {})[name] = token
        return ""

    def get(self, _kind: str, _name: str) -> dict[str, Any]:
        if self.sent and self.becomes:
            token = self.sent[-1][3].partition("=")[2]
            self.document["status"]["resets"] = a_status(*self.becomes.pop(0), token=token).wire()["resets"]
        return self.document


def run(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("azure_vpn_operator.azvpn.kubectl.Kubectl", lambda _options: cluster)
    monkeypatch.setattr(reset, "LOOK_SECONDS", 0.0)
    parser = argparse.ArgumentParser()
    reset.add_arguments(parser)
    return reset.run(parser.parse_args(["shop-turin", *arguments]))


def test_it_asks_once_and_says_how_it_goes_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    cluster = Cluster("shop-turin", [[], ["Sent"], ["Sent"], ["Refused"]])

    assert run(cluster, monkeypatch) == 1

    (sent,) = cluster.sent
    assert sent[:3] == ("annotate", "vpnconnections.azvpn.dev", "shop-turin")
    assert sent[3].startswith("azvpn.dev/reset=2")
    assert [line.split(":")[0].split()[0] for line in capsys.readouterr().out.splitlines()] == [
        *("Azure", "The", "Sent", "Refused")
    ]


def test_it_need_not_be_followed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    cluster = Cluster("shop-turin", [])

    assert run(cluster, monkeypatch, "--no-wait") == 0
    assert "kubectl get vpnconn shop-turin --watch" in capsys.readouterr().out
    assert len(cluster.sent) == 1


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ToolError, match="the request stands: The operator has not taken it up"):
        run(Cluster("shop-turin", []), monkeypatch, "--timeout", "0")


def test_a_request_that_somebody_takes_back_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    cluster = Cluster("shop-turin", [["Waits"], []])
    cluster.keeps_it = False

    assert run(cluster, monkeypatch) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("Taken back")


def test_two_calls_ask_twice(monkeypatch: pytest.MonkeyPatch):
    clusters = [Cluster("shop-turin", []) for _ in range(2)]
    for cluster in clusters:
        run(cluster, monkeypatch, "--no-wait")

    assert clusters[0].sent != clusters[1].sent


def test_what_is_about_to_happen_is_said_first():
    said = [describe(each) for each in small_fleet() if each["kind"] == "VpnConnection"]

    assert all(text.startswith("Azure is asked to reset ") for text in said)


def test_words_of_the_api_are_those_of_its_models():
    assert kubectl.CONNECTIONS == fleet.CONNECTIONS
    assert set(ResetState) - {ResetState.WAITS, ResetState.SENT} == reset._OVER


def test_no_model_is_loaded():
    code = "import sys, azure_vpn_operator.azvpn.reset; print('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
