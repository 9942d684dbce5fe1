import argparse
import json
from typing import Any

import pytest

from azure_vpn_operator.azvpn import status
from azure_vpn_operator.azvpn.arguments import status as arguments
from azure_vpn_operator.azvpn.fleet import Fleet, fleet_of
from azure_vpn_operator.azvpn.status import summary_of, table_of
from azure_vpn_operator.azvpn.terminal_map import draw_in_text
from support.cases import maps
from support.cases.maps import NOW, a_connection, a_pair, a_policy, a_site, a_status, small_fleet

DOWN = a_status(connected=("False", "NotConnected", "the tunnel is down"), tunnels=(0, 1))


def read(*documents: dict[str, Any]) -> Fleet:
    kinds = {kind: [each for each in documents if each["kind"] == kind] for kind in ("VpnConnection", "IpsecPolicy")}
    return fleet_of(kinds["VpnConnection"], kinds["IpsecPolicy"])


def test_what_needs_a_look_comes_first_and_says_why():
    lines = table_of(read(a_site("calm", "Site1"), a_site("down", "Site2", status=DOWN)).draw(), NOW).splitlines()

    assert lines[0].split() == ["NAMESPACE", "CONNECTION", "TUNNEL", "SINCE", "POLICY", "DOES", "WHY"]
    assert lines[1].split()[:4] == ["network", "down", "Down", "0/1"]
    assert lines[1].endswith("NotConnected: the tunnel is down")
    assert lines[2].split()[1] == "calm"
    assert lines[2].endswith("-")


def test_the_table_of_a_small_fleet_reads_like_this():
    text = table_of(read(*small_fleet()).draw(), NOW)

    assert (
        "network     shop-turin        Down 0/1     25s     branches   Confirming   Confirming: the change is in force"
        in text
    )
    assert "network     hub-east (pair)   Up 2/2       2h      vnets      -            -" in text
    assert "network     branches   Wave      2/6" in text
    assert text.splitlines()[-1].startswith("10 connections: 7 up, 1 partly, 2 down; 2 should be looked at")


@pytest.mark.parametrize("size", [0, 1, 40, 200])
@pytest.mark.parametrize("draw", [table_of, draw_in_text])
def test_every_tunnel_is_shown_once(size: int, draw: Any):
    fleet = read(*maps.fleet(size)).draw() if size else read().draw()
    text = draw(fleet, NOW)

    for link in fleet.links:
        name = link.id if draw is draw_in_text else " + ".join(link.objects)
        assert sum(f"{name} " in f"{line} " for line in text.splitlines()) >= 1, name
    if draw is draw_in_text:
        assert sum(line.startswith(("├─", "└─")) for line in text.splitlines()) == len(fleet.links)


def test_a_pair_hangs_on_one_gateway_and_names_the_other():
    text = draw_in_text(read(a_pair("hub", "HubGW", "SpokeGW")).draw(), NOW)

    assert text.count("network/hub") == 1
    assert "═ SpokeGW" in text or "═ HubGW" in text


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        pytest.param(
            a_site("new", "Site1", status={"conditions": []}), "Unknown", id="the operator has not looked yet"
        ),
        pytest.param(
            a_site("odd", "Site1", status={"conditions": "none"}), "Unknown", id="a status of another version"
        ),
        pytest.param(a_connection("wrong", {"azureName": 3}, None), "Unknown", id="a spec that breaks a rule"),
    ],
)
def test_nothing_is_left_out_because_it_is_broken(document: dict[str, Any], shown: str):
    fleet = read(document).draw()

    assert shown in table_of(fleet, NOW)
    assert document["metadata"]["name"] in draw_in_text(fleet, NOW)


def test_objects_without_a_subscription_are_where_the_others_are():
    (link,) = read(a_site("one", "Site1")).draw().links

    assert link.gateway is not None
    assert link.gateway.startswith(maps.SUBSCRIPTION)


def test_texts_of_others_cannot_steer_the_terminal():
    hostile = a_status(connected=("False", "NotConnected", "red \x1b[31m\nsecond line\r"), tunnels=(0, 1))
    fleet = read(a_site("one", "Site1", status=hostile)).draw()

    for text in (table_of(fleet, NOW), draw_in_text(fleet, NOW)):
        assert all(line.isprintable() for line in text.splitlines())
    assert len(table_of(fleet, NOW).splitlines()) == 4


def test_an_empty_cluster_says_so():
    assert table_of(read().draw(), NOW) == "No connections.\n"
    assert table_of(read(a_policy("unused")).draw(), NOW).startswith("No connections. There are policies")


def test_the_summary_counts_each_tunnel_once():
    assert summary_of(read(a_site("one", "Site1")).draw()) == "1 connection: 1 up; nothing to look at."


class Cluster:
    """A kubectl that lists what a test wrote."""

    documents: tuple[dict[str, Any], ...] = ()

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    def list(self, kind: str, *, everywhere: bool) -> list[dict[str, Any]]:
        assert everywhere == self.options.all_namespaces
        return [each for each in self.documents if kind.startswith(each["kind"].lower()[:8])]


@pytest.mark.parametrize(
    ("documents", "given", "code"),
    [
        pytest.param([a_site("one", "Site1")], ["--exit-code"], 0, id="all is well"),
        pytest.param([a_site("one", "Site1", status=DOWN)], ["--exit-code"], 1, id="a tunnel is down"),
        pytest.param([a_site("one", "Site1", status=DOWN)], [], 0, id="nobody asked"),
        pytest.param([], ["--exit-code", "-A"], 0, id="nothing there"),
    ],
)
def test_the_exit_code_is_for_scripts(
    documents: list[dict[str, Any]], given: list[str], code: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(status.kubectl, "Kubectl", Cluster)
    monkeypatch.setattr(Cluster, "documents", tuple(documents))

    assert run(*given) == code


def run(*given: str) -> int:
    parser = argparse.ArgumentParser()
    arguments.add_arguments(parser)
    return status.run(parser.parse_args(given))


def test_json_is_the_document_of_the_status_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(status.kubectl, "Kubectl", Cluster)
    monkeypatch.setattr(Cluster, "documents", tuple(small_fleet()))

    assert run("-o", "json", "-A") == 0

    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"gateways", "links", "policies"}
    assert len(shown["links"]) == 10
