from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.bench import figures

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


def test_metrics_are_found_by_name_and_labels():
    text = (
        "# HELP late How late\n# TYPE late gauge\nlate 0.25\n"
        '# HELP objects Objects\n# TYPE objects gauge\nobjects{kind="A"} 3.0\nobjects{kind="B",of="x"} 4.0\n'
    )
    assert figures.samples(text) == {"late": 0.25, 'objects{kind="A"}': 3.0, 'objects{kind="B",of="x"}': 4.0}


@pytest.mark.parametrize(
    ("request_", "status", "event"),
    [
        pytest.param("patch vpnconnections/status", True, False, id="a status"),
        pytest.param("get vpnconnections/status", False, False, id="a status that is only read"),
        pytest.param("create events", False, True, id="an Event"),
        pytest.param("patch events", False, True, id="an Event that is counted up"),
        pytest.param("list events", False, False, id="Events that are only read"),
        pytest.param("patch vpnconnections", False, False, id="a finalizer"),
    ],
)
def test_writes_to_the_api_server(request_: str, status: bool, event: bool):
    assert (figures.is_status_write(request_), figures.is_event_write(request_)) == (status, event)
