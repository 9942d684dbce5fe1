from typing import Any

import pytest


@pytest.fixture
def report() -> dict[str, Any]:
    latency = {"count": 100, "p50": 20.0, "p90": 40.0, "p99": 80.0, "worst": 90.0}
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
