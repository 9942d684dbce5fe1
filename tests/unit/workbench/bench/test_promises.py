from typing import Any

import pytest

from workbench.bench.promises import configuration_limit, missed_promises, promises


def test_a_good_report_misses_nothing(report: dict[str, Any]):
    assert missed_promises(report) == []


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
        pytest.param(("lint", "many", "processorSeconds"), 2.1, "1000 manifests", id="a linter that is slow"),
        pytest.param(
            ("lint", "starts", "plan", "processorSeconds"), 0.31, "start plan", id="a command that begins late"
        ),
        pytest.param(("lint", "one", "processorSeconds"), 0.31, "one manifest", id="a linter that begins late"),
        pytest.param(("massEdit", "makespanOverLowerBound"), 1.11, "makespan", id="a line that stands still"),
        pytest.param(("massEdit", "mostPutsOfOneConnection"), 2, "PUTs", id="a second PUT of a mass edit"),
        pytest.param(("massEdit", "perConnection", "azureRequests"), 6.1, "requests", id="asking again and again"),
        pytest.param(
            ("massEdit", "perConnection", "statusWrites"), 4.1, "status", id="a status for each place in line"
        ),
        pytest.param(("massEdit", "perConnection", "events"), 3.1, "Events", id="an Event for each place in line"),
        pytest.param(("massEdit", "perConnection", "secretReads"), 2.1, "Secret", id="a key read while waiting"),
        pytest.param(("massEdit", "perConnection", "processorMilliseconds"), 41.0, "40 GETs", id="time for nothing"),
        pytest.param(("massEdit", "sdkGetMilliseconds"), 0.5, "40 GETs", id="the same time on a faster machine"),
        pytest.param(("massEdit", "directEdit", "secondsUntilWritten"), 11.5, "11 s", id="a direct edit that waits"),
        pytest.param(("massEdit", "eventLoopLateMilliseconds"), 100.0, "100 ms", id="a pass that stops all others"),
        pytest.param(("starts", 0, "secondsUntilConfigurationKnown"), 10.5, "configuration", id="a start by reads"),
        pytest.param(("starts", 1, "secondsUntilTunnelsRead"), 90.0, "tunnels", id="reads that use less than they may"),
        pytest.param(("starts", 1, "statusWrites"), 1, "status", id="a status after a restart"),
        pytest.param(("starts", 1, "azureWrites"), 1, "Azure", id="a write to Azure after a restart"),
        pytest.param(("starts", 1, "residentMebibytes"), 140.0, "35 kB", id="memory for each connection"),
        pytest.param(("crds", "storedKilobytes", "azvpn.dev_vpnconnections"), 90.0, "100 kB", id="CRDs that grow"),
    ],
)
def test_a_missed_promise_is_named(report: dict[str, Any], path: tuple[str | int, ...], value: object, words: str):
    bad = report
    *outer, last = path
    inner: Any = bad
    for name in outer:
        inner = inner[name]
    inner[last] = value
    [missed] = missed_promises(bad)
    assert words in missed


def test_renewals_of_the_lease_are_no_writes_of_an_idle_fleet(report: dict[str, Any]):
    report["idle"]["apiServerRequestsPerMinute"] = {"patch leases": 12.0}
    assert missed_promises(report) == []


def test_every_measured_part_has_promises_and_no_other(report: dict[str, Any]):
    parts = {promise.part for promise in promises(report)}
    assert parts == {
        "one edit",
        "start",
        "idle",
        "mass edit of 250 on 25",
        "start of 100",
        "start of 1000",
        "100 to 1000 connections",
        "CRDs",
        "lint",
        "edit that no device takes, Staged",
        "edit that no device takes, policyRefs",
    }
    assert promises({"loadAverage": 0.1}) == []


def test_the_memory_of_fleets_of_nearly_one_size_promises_nothing(report: dict[str, Any]):
    report["starts"][1]["connections"] = 250
    report["starts"][1]["residentMebibytes"] = 900
    assert missed_promises({"starts": report["starts"][:1]}) == []
    assert not any("memory" in missed for missed in missed_promises(report))


@pytest.mark.parametrize(
    ("connections", "seconds"),
    [
        pytest.param(100, 10, id="a small fleet has the time of a large one"),
        pytest.param(1000, 10, id="up to a thousand"),
        pytest.param(5000, 20, id="and twice that for five thousand"),
    ],
)
def test_when_the_configuration_is_known(connections: int, seconds: float):
    assert configuration_limit(connections) == seconds
