"""The series of objects: there whatever is known, gone with the object, and few where that is wanted."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from azure_vpn_operator.telemetry.fleet_samples import (
    BgpSample,
    ChangesSample,
    ConditionSample,
    ConnectionInfo,
    ConnectionSample,
    FleetSample,
    HalfSample,
    PolicySample,
)
from azure_vpn_operator.telemetry.metrics import Metrics
from support.exposition import series, value

PREFIX = "azure_vpn_operator_"
UP = ConnectionSample(
    "network",
    "site6",
    (ConditionSample("Ready", "True", "UpToDate"), ConditionSample("Connected", "True", "AllTunnelsUp")),
    connected=True,
    info=ConnectionInfo("/subscriptions/s/connections/c", "VNet1GW", "Site6", "Berlin", "strong"),
    halves=(HalfSample("Forward", 2, 2, 1000.0, flaps=3, traffic=(7, 8), key_set=500.0),),
    last_observed=2000.0,
    last_change=1500.0,
    bgp=BgpSample(established=True, sessions=2, sessions_up=2, routes=12),
)
NEW = ConnectionSample("network", "new")
OBJECT = {"namespace": "network", "name": "site6"}
HALF = {**OBJECT, "role": "Forward"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3")


def show(metrics: Metrics, *connections: ConnectionSample, **changes: object) -> None:
    sample = replace(FleetSample(installation="it", connections=connections), **changes)
    metrics.watch_fleet(lambda: sample)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("tunnel_connected", OBJECT, 1),
        ("tunnels_up", HALF, 2),
        ("tunnels_expected", HALF, 2),
        ("tunnel_last_established_timestamp_seconds", HALF, 1000),
        ("tunnel_flaps_total", HALF, 3),
        ("connection_ingress_bytes_total", HALF, 7),
        ("connection_egress_bytes_total", HALF, 8),
        ("shared_key_set_timestamp_seconds", HALF, 500),
        ("connection_last_observed_timestamp_seconds", OBJECT, 2000),
        ("connection_last_change_timestamp_seconds", OBJECT, 1500),
        ("connection_changing", OBJECT, 0),
        ("connection_differences", OBJECT, 0),
        ("bgp_established", OBJECT, 1),
        ("bgp_sessions", OBJECT, 2),
        ("bgp_sessions_established", OBJECT, 2),
        ("bgp_routes_received", OBJECT, 12),
        (
            "connection_info",
            OBJECT
            | {
                "connection_id": "/subscriptions/s/connections/c",
                "gateway": "VNet1GW",
                "peer": "Site6",
                "site": "Berlin",
                "policy": "strong",
            },
            1,
        ),
        ("connection_condition", OBJECT | {"type": "Ready", "status": "True", "reason": "UpToDate"}, 1),
    ],
)
def test_what_is_known_of_a_connection_is_shown(metrics: Metrics, name: str, labels: dict[str, str], expected: float):
    show(metrics, UP)
    assert value(metrics, PREFIX + name, **labels) == expected


@pytest.mark.parametrize(
    "name",
    [
        "tunnel_connected",
        "tunnels_up",
        "tunnels_expected",
        "tunnel_last_established_timestamp_seconds",
        "connection_last_observed_timestamp_seconds",
        "connection_last_change_timestamp_seconds",
        "shared_key_set_timestamp_seconds",
    ],
)
def test_what_is_not_known_is_not_a_number_and_the_series_is_there(metrics: Metrics, name: str):
    show(metrics, NEW)
    (found,) = series(metrics, PREFIX + name).values()
    assert math.isnan(found)


@pytest.mark.parametrize("name", ["tunnel_flaps_total", "connection_changing", "connection_differences"])
def test_what_has_not_happened_yet_is_zero(metrics: Metrics, name: str):
    show(metrics, NEW)
    assert list(series(metrics, PREFIX + name).values()) == [0]


@pytest.mark.parametrize(
    "name",
    [
        "bgp_established",
        "bgp_sessions",
        "bgp_routes_received",
        "connection_line_ahead",
        "connection_change",
        "connection_ingress_bytes_total",
    ],
)
def test_what_a_connection_does_not_have_has_no_series(metrics: Metrics, name: str):
    show(metrics, NEW)
    assert series(metrics, PREFIX + name) == {}


def test_bgp_that_azure_has_not_told_of_is_not_a_number(metrics: Metrics):
    show(metrics, replace(UP, bgp=BgpSample()))
    names = ("bgp_established", "bgp_sessions", "bgp_sessions_established", "bgp_routes_received")
    assert all(math.isnan(found) for name in names for found in series(metrics, PREFIX + name).values())
    assert [len(series(metrics, PREFIX + name)) for name in names] == [1] * 4


def test_a_change_that_is_open_or_has_failed_names_its_cause(metrics: Metrics):
    show(metrics, replace(UP, change=("Policy", "RollingBack"), changing=True, ahead=4))
    assert value(metrics, PREFIX + "connection_change", **OBJECT, cause="Policy", state="RollingBack") == 1
    assert value(metrics, PREFIX + "connection_changing", **OBJECT) == 1
    assert value(metrics, PREFIX + "connection_line_ahead", **OBJECT) == 4


def test_an_object_that_is_gone_has_no_series_any_more(metrics: Metrics):
    fleet = [UP, NEW]
    metrics.watch_fleet(lambda: FleetSample(connections=tuple(fleet)))
    assert b'name="site6"' in metrics.render()[0]
    fleet.remove(UP)
    assert b'name="site6"' not in metrics.render()[0]
    assert b'name="new"' in metrics.render()[0]


@pytest.mark.parametrize(
    ("connection", "tunnel"),
    [
        pytest.param(UP, "up", id="all tunnels are up"),
        pytest.param(replace(UP, halves=(HalfSample("Forward", 1, 2),)), "degraded", id="one of two is up"),
        pytest.param(replace(UP, connected=False), "down", id="down"),
        pytest.param(replace(UP, connected=None), "unknown", id="not known"),
        pytest.param(replace(UP, halves=(HalfSample("Forward"),)), "up", id="up, and Azure tells of no single tunnels"),
    ],
)
def test_connections_are_counted_by_the_state_of_their_tunnels(
    metrics: Metrics, connection: ConnectionSample, tunnel: str
):
    show(metrics, connection, replace(connection, name="b"))
    assert value(metrics, PREFIX + "connections", namespace="network", tunnel=tunnel, ready="True") == 2


def test_without_series_per_object_a_thousand_connections_are_as_many_series_as_one(metrics: Metrics):
    policy = PolicySample("network", "strong", 1)
    show(metrics, *(replace(UP, name=f"c{n}") for n in range(1000)), per_object=False, policies=(policy,))
    page = metrics.render()[0].decode()
    assert value(metrics, PREFIX + "connections", namespace="network", tunnel="up", ready="True") == 1000
    assert 'name="c1"' not in page
    assert 'name="strong"' not in page


def test_a_standby_shows_no_object_and_no_change_and_says_that_it_stands_by(metrics: Metrics):
    show(metrics, leading=False, changes=None, cache_objects={"VpnConnection": 5})
    assert value(metrics, PREFIX + "leading", installation="it") == 0
    assert value(metrics, PREFIX + "cache_objects", kind="VpnConnection") == 5
    for name in ("connections", "changes_halted", "unchecked_connections", "unconfirmed_changes"):
        assert series(metrics, PREFIX + name) == {}, name


def test_policies_and_the_fleet_are_shown(metrics: Metrics):
    policy = PolicySample(
        "network", "strong", 3, (ConditionSample("RolledOut", "False", "RollingOut"),), {"waiting": 2, "confirmed": 1}
    )
    show(
        metrics,
        policies=(policy,),
        changes=ChangesSample(operations_in_progress=2, unconfirmed=1, waiting=5, halted=True, lines={"gw": 4}),
        watch_last_event_age={"VpnConnection": 1.5},
        event_loop_lag=0.25,
    )
    of_policy = {"namespace": "network", "name": "strong"}
    assert value(metrics, PREFIX + "policy_references", **of_policy) == 3
    assert value(metrics, PREFIX + "policy_connections", **of_policy, stage="waiting") == 2
    assert (
        value(metrics, PREFIX + "policy_condition", **of_policy, type="RolledOut", status="False", reason="RollingOut")
        == 1
    )
    assert value(metrics, PREFIX + "operations_in_progress") == 2
    assert value(metrics, PREFIX + "unconfirmed_changes") == 1
    assert value(metrics, PREFIX + "waiting_changes") == 5
    assert value(metrics, PREFIX + "changes_halted") == 1
    assert value(metrics, PREFIX + "gateway_line", gateway="gw") == 4
    assert value(metrics, PREFIX + "leading", installation="it") == 1
    assert value(metrics, PREFIX + "watch_last_event_age_seconds", kind="VpnConnection") == 1.5
    assert value(metrics, PREFIX + "event_loop_lag_seconds") == 0.25


@pytest.mark.parametrize(
    ("accept", "parse"),
    [
        pytest.param("", text_string_to_metric_families, id="text"),
        pytest.param(
            "application/openmetrics-text; version=1.0.0", openmetrics.text_string_to_metric_families, id="OpenMetrics"
        ),
    ],
)
def test_the_page_is_what_the_parsers_of_prometheus_expect(metrics: Metrics, accept: str, parse: Callable[[str], Any]):
    odd = replace(UP, name="odd", info=ConnectionInfo("", 'a "quoted" \\ text', "two\nlines", "Zürich", ""))
    show(metrics, UP, odd, NEW)
    families = {family.name: family for family in parse(metrics.render(accept)[0].decode())}
    flaps = families[PREFIX + "tunnel_flaps"]
    assert flaps.type == "counter"
    assert {sample.labels["name"]: (sample.name, sample.value) for sample in flaps.samples} == {
        "site6": (PREFIX + "tunnel_flaps_total", 3.0),
        "odd": (PREFIX + "tunnel_flaps_total", 3.0),
        "new": (PREFIX + "tunnel_flaps_total", 0.0),
    }
    assert families[PREFIX + "tunnels_up"].type == "gauge"
    info = next(s.labels for s in families[PREFIX + "connection_info"].samples if s.labels["name"] == "odd")
    assert (info["gateway"], info["peer"], info["site"]) == ('a "quoted" \\ text', "two\nlines", "Zürich")
    established = families[PREFIX + "tunnel_last_established_timestamp_seconds"].samples
    assert [sample.value for sample in established][:2] == [1000.0, 1000.0]


def test_a_connection_costs_less_than_three_kilobytes_a_scrape(metrics: Metrics):
    """With the longest usual conditions; what a scrape of a whole fleet costs is in the guide."""
    conditions = tuple(
        ConditionSample(kind, "True", reason)
        for kind, reason in (
            ("Ready", "UpToDate"),
            ("PolicyResolved", "PolicyFound"),
            ("CredentialsResolved", "KeyFound"),
            ("Synced", "UpToDate"),
            ("Connected", "AllTunnelsUp"),
            ("BgpEstablished", "BgpEstablished"),
            ("PairInSync", "PartnerUpdating"),
            ("Paused", "NotPaused"),
            ("Reconciling", "WaitingForBudget"),
        )
    )
    fleet = [replace(UP, name=f"connection-{n:03}", conditions=conditions, bgp=None) for n in range(100)]
    metrics.watch_fleet(lambda: FleetSample(connections=fleet))
    whole = len(metrics.render()[0])
    fleet.clear()
    assert (whole - len(metrics.render()[0])) / 100 < 3000
