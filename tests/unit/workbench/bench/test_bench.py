from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from workbench import bench_figures as figures
from workbench.bench import missed_promises
from workbench.bench_fleet import Fleet
from workbench.bench_pairs import seconds_apart, summarize
from workbench.bench_table import print_report

GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        pytest.param([7.0], 0.99, 7.0, id="of one value every percentile is that value"),
        pytest.param([1.0, 2.0, 3.0, 4.0], 0.5, 2.0, id="half of them are not above it"),
        pytest.param([float(n) for n in range(1, 101)], 0.99, 99.0, id="of a hundred one may be above"),
        pytest.param([float(n) for n in range(1, 100)], 0.99, 99.0, id="of fewer than a hundred none may"),
        pytest.param([3.0, 1.0, 2.0], 1.0, 3.0, id="the order does not matter"),
        pytest.param([1.0, 2.0], 0.0, 1.0, id="never below the least"),
    ],
)
def test_percentile(values: list[float], share: float, expected: float):
    assert figures.percentile(values, share) == expected


def test_there_is_no_percentile_of_nothing():
    with pytest.raises(ValueError, match="nothing"):
        figures.percentile([], 0.5)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_measured_value_with_its_share_at_or_below(values: list[float], share: float):
    found = figures.percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_a_latency_is_in_milliseconds():
    assert figures.Latency.of([0.01, 0.02, 0.1234]) == figures.Latency(3, p50=20.0, p90=123.4, p99=123.4, worst=123.4)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        pytest.param("GET", f"{GROUP}/connections", "LIST group", id="drift of a group"),
        pytest.param("GET", f"{GROUP}/connections/c1", "GET connection", id="one connection"),
        pytest.param("PUT", f"{GROUP}/CONNECTIONS/c1", "PUT connection", id="whatever the case"),
        pytest.param("PUT", f"{GROUP}/connections/c1/sharedkey", "PUT sharedkey", id="the key"),
        pytest.param("GET", f"{GROUP}/virtualNetworkGateways/gw/connections", "LIST gateway", id="a gateway's list"),
        pytest.param("GET", f"{GROUP}/virtualNetworkGateways/gw", "GET gateway", id="a gateway"),
        pytest.param("GET", f"{GROUP}/localNetworkGateways/site", "GET local gateway", id="a site"),
        pytest.param(
            "GET",
            "/subscriptions/s/providers/Microsoft.Network/locations/eastus/operations/o",
            "GET operation",
            id="an operation",
        ),
        pytest.param("POST", "/tenant/oauth2/v2.0/token", "POST token", id="a token"),
        pytest.param("GET", "/metadata/endpoints", "GET other", id="something else"),
    ],
)
def test_kinds_of_requests(method: str, path: str, kind: str):
    assert figures.kind_of(method, path) == kind


def entry(method: str, path: str, time: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {"method": method, "path": path, "time": time}


def test_counts_come_the_most_frequent_first():
    entries = [entry("PUT", f"{GROUP}/connections/a"), *(entry("GET", f"{GROUP}/connections/a") for _ in range(3))]
    assert list(figures.count_kinds(entries).items()) == [("GET connection", 3), ("PUT connection", 1)]


def test_a_token_is_no_write():
    assert not figures.is_write(entry("POST", "/tenant/oauth2/v2.0/token"))
    assert figures.is_write(entry("PATCH", f"{GROUP}/connections/a"))


def test_the_first_write_is_the_earliest_one_to_that_connection():
    entries = [
        entry("GET", f"{GROUP}/connections/c1", "2026-01-01T00:00:01Z"),
        entry("PUT", f"{GROUP}/connections/c11", "2026-01-01T00:00:02Z"),
        entry("PUT", f"{GROUP}/connections/C1", "2026-01-01T00:00:04Z"),
        entry("PUT", f"{GROUP}/connections/c1", "2026-01-01T00:00:03.5Z"),
    ]
    assert figures.first_write(entries, "c1") == datetime(2026, 1, 1, 0, 0, 3, 500000, tzinfo=UTC)
    assert figures.first_write(entries, "c2") is None


def test_the_audit_log_counts_one_users_requests_of_a_stretch_of_time():
    def line(user: str, verb: str, second: int, **about: str) -> dict[str, Any]:
        return {
            "user": {"username": user},
            "verb": verb,
            "requestReceivedTimestamp": f"2026-01-01T00:00:{second:02d}.000000Z",
            "objectRef": about or None,
        }

    lines = [
        line("me", "patch", 5, resource="vpnconnections", subresource="status"),
        line("me", "patch", 6, resource="vpnconnections", subresource="status"),
        line("me", "get", 6, resource="secrets"),
        line("me", "watch", 6, resource="vpnconnections"),
        line("me", "get", 6),
        line("you", "get", 6, resource="secrets"),
        line("me", "get", 4, resource="secrets"),
        line("me", "get", 8, resource="secrets"),
    ]
    begin, end = (datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC) for second in (5, 8))
    assert figures.audited(lines, "me", begin, end) == {"patch vpnconnections/status": 2, "get secrets": 1}


def test_rates():
    assert figures.per_minute({"GET connection": 10}, 15) == {"GET connection": 40.0}


def test_memory_and_processor_time_are_read_as_linux_writes_them():
    assert figures.resident_mebibytes("Name:\tpython\nVmRSS:\t  131072 kB\n") == 128.0
    with pytest.raises(ValueError, match="VmRSS"):
        figures.resident_mebibytes("Name:\tkthread\n")
    stat = "4711 (odd) name)) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 6 7"
    assert figures.processor_seconds(stat, 100) == 3.0


def test_every_connection_of_the_fleet_exists_in_azure_with_our_tag_and_the_values_of_its_object():
    fleet = Fleet(connections=7, gateways=3)
    groups = {group["name"]: group for group in fleet.topology("demo")["subscriptions"][0]["resourceGroups"]}
    connections = [item for item in fleet.objects() if item["kind"] == "VpnConnection"]
    policies = {item["metadata"]["name"]: item["spec"] for item in fleet.objects() if item["kind"] == "IpsecPolicy"}

    assert len(connections) == len(policies) == 7
    for document in connections:
        name, spec = document["metadata"]["name"], document["spec"]
        [live] = [item for item in groups[spec["resourceGroup"]]["connections"] if item["name"] == name]
        assert live["tags"] == {"azvpn-owner": f"demo/bench/{name}"}
        assert live["localNetworkGateway"] == spec["localNetworkGateway"]["name"]
        assert live["properties"]["ipsecPolicies"] == [policies[spec["ipsecPolicyRef"]["name"]]]
        assert live["properties"]["routingWeight"] == spec["routingWeight"]


def report(p99: float = 80.0) -> dict[str, Any]:
    latency = {"count": 100, "p50": 20.0, "p90": 40.0, "p99": p99, "worst": 90.0}
    writes = {
        "create": {"PUT connection": 1},
        "connection edit": {"PUT connection": 1},
        "policy edit": {"PUT connection": 1},
        "tag edit": {"PATCH connection": 1},
        "alias only": {},
        "delete": {"DELETE connection": 1},
    }
    return {
        "loadAverage": 0.5,
        "latencyMilliseconds": {"all": latency, "connectionEdit": latency, "policyEdit": latency},
        "requestsPerChange": {
            name: {"azure": {"GET connection": 2, **found}, "apiServer": {"get secrets": 1}, "seconds": 1.1}
            for name, found in writes.items()
        },
        "start": {
            "connections": 200,
            "gateways": 10,
            "secondsUntilReady": 1.2,
            "secondsUntilAllChecked": 3.4,
            "processorSeconds": 2.0,
            "residentMebibytes": 128.0,
            "azureRequests": {"GET connection": 200},
            "azureWrites": 0,
        },
        "idle": {
            "seconds": 60,
            "connections": 200,
            "resourceGroups": 10,
            "azureRequestsPerMinute": {"GET connection": 40.0},
            "azureWrites": 0,
            "apiServerRequestsPerMinute": {"get secrets": 40.0, "list vpnconnections": 0.2},
            "processorPercent": 0.8,
            "residentMebibytes": 130.0,
        },
        "secondsThatHalvesDiffer": {"own": {"one object": {"changes": 6, "median": 0.17, "max": 0.35}}},
    }


def test_a_good_report_misses_nothing():
    assert missed_promises(report()) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        pytest.param(("latencyMilliseconds", "all", "p99"), 250.0, "250 ms", id="an edit that is late"),
        pytest.param(("requestsPerChange", "create", "azure"), {"PUT connection": 2}, "create", id="a second PUT"),
        pytest.param(("requestsPerChange", "tag edit", "azure"), {"PUT connection": 1}, "tag edit", id="PUT for a tag"),
        pytest.param(
            ("requestsPerChange", "alias only", "azure"), {"PUT connection": 1}, "alias", id="PUT for nothing"
        ),
        pytest.param(("start", "azureWrites"), 1, "start", id="a write at the start"),
        pytest.param(("idle", "azureWrites"), 1, "idle", id="a write while idle"),
        pytest.param(
            ("idle", "apiServerRequestsPerMinute"),
            {"patch vpnconnections/status": 1.0},
            "patch",
            id="a status while idle",
        ),
    ],
)
def test_a_missed_promise_is_named(path: tuple[str, ...], value: object, words: str):
    bad = report()
    *outer, last = path
    inner = bad
    for name in outer:
        inner = inner[name]
    inner[last] = value
    [missed] = missed_promises(bad)
    assert words in missed


def test_the_table_shows_every_figure():
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as captured:
        print_report(report(), console)
    text = captured.get()
    for shown in (
        "80",
        "1 PUT connection",
        "1 DELETE connection",
        "200 connections on 10 gateways",
        "3.4 s",
        "128 MiB",
        "0.17",
    ):
        assert shown in text


def taken(method: str, name: str, seconds: float, status: int = 200) -> dict[str, Any]:
    path = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/{name}"
    return {"method": method, "path": path, "status": status, "time": f"2026-03-01T12:00:{seconds:09.6f}Z"}


@pytest.mark.parametrize(
    ("entries", "apart"),
    [
        pytest.param(
            [taken("PUT", "a", 1.0), taken("PUT", "b", 1.25)], 5.0, id="in Azure's seconds, at twenty times the speed"
        ),
        pytest.param(
            [taken("PUT", "B", 1.0), taken("PUT", "A", 1.25)], 5.0, id="whichever comes first, in any spelling"
        ),
        pytest.param(
            [taken("PUT", "a", 1.0), taken("PUT", "b", 1.1, 409), taken("PUT", "b", 2.0)],
            20.0,
            id="only what Azure took counts",
        ),
        pytest.param([taken("PUT", "a", 1.0), taken("GET", "b", 1.1)], None, id="not before both are written"),
    ],
)
def test_how_long_two_halves_differ(entries: list[dict[str, Any]], apart: float | None):
    assert seconds_apart(entries, ("a", "b"), 20.0) == apart


def test_durations_are_told_by_median_and_longest():
    assert summarize([0.1, 0.5, 0.301]) == {"changes": 3, "median": 0.3, "max": 0.5}
