from typing import Any

import pytest


def a_start(connections: int) -> dict[str, Any]:
    return {
        "connections": connections,
        "gateways": 25,
        "secondsUntilReady": 1.2,
        "secondsUntilConfigurationKnown": 3.4,
        "secondsUntilTunnelsRead": connections / 12.5,
        "secondsTunnelsBound": connections / 12.5,
        "processorSeconds": 2.0,
        "processorMillisecondsPerConnection": 2000 / connections,
        "residentMebibytes": 100 + connections * 30 / 1024,
        "eventLoopLateMilliseconds": 8.0,
        "azureRequests": {"GET connection": connections, "LIST group": 25},
        "azureWrites": 0,
        "statusWrites": 0,
    }


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
        "processors": 2,
        "latencyMilliseconds": {"all": latency, "connectionEdit": latency, "policyEdit": latency},
        "requestsPerChange": {
            name: {"azure": {"GET connection": 2, **found}, "apiServer": {"get secrets": 1}, "seconds": 1.1}
            for name, found in writes.items()
        },
        "start": a_start(200),
        "crds": {
            "storedKilobytes": {"azvpn.dev_ipsecpolicies": 12.0, "azvpn.dev_vpnconnections": 84.0},
            "apiServerMebibytes": {"azvpn.dev_ipsecpolicies": 4.4, "azvpn.dev_vpnconnections": 9.7},
            "apiServerMebibytesBefore": 90.7,
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
        "massEdit": {
            "connections": 250,
            "gateways": 25,
            "timeScale": 5.0,
            "operationSeconds": 9.0,
            "operationsOnFullestGateway": 10,
            "lowerBoundSeconds": 90.0,
            "makespanSeconds": 97.2,
            "makespanOverLowerBound": 1.08,
            "secondsUntilAllReady": 98.5,
            "directEdit": {"secondsUntilWritten": 7.5, "secondsUntilEnded": 16.5},
            "eventLoopLateMilliseconds": 12.0,
            "residentMebibytes": 130.0,
            "sdkGetMilliseconds": 1.0,
            "mostPutsOfOneConnection": 1,
            "refusedWrites": 0,
            "azure": {"GET operation": 750, "PUT connection": 250},
            "apiServer": {"patch vpnconnections/status": 750, "get secrets": 500},
            "perConnection": {
                "azureRequests": 4.0,
                "statusWrites": 3.0,
                "events": 2.0,
                "secretReads": 2.0,
                "processorMilliseconds": 35.5,
            },
        },
        "starts": [a_start(100), a_start(1000)],
        "blastRadius": {
            "connections": 100,
            "gateways": 10,
            "timeScale": 5.0,
            "confirmWithinSeconds": 600.0,
            "runs": {
                name: {
                    "tunnelsDown": most,
                    "mostAtOnce": most,
                    "tunnelSecondsLost": 700.5 * most,
                    "longestSeconds": 712.5,
                    "downAtTheEnd": 0,
                    "secondsUntilAllUp": 760.0,
                    "puts": 2 * most,
                    "connectionsWritten": most,
                }
                for name, most in (("Staged", 1), ("AllAtOnce", 99), ("policyRefs", 10))
            },
        },
        "lint": {
            "starts": {"plan": {"processorSeconds": 0.2, "seconds": 0.3}},
            "manifests": 1000,
            "many": {"processorSeconds": 1.125, "seconds": 1.5},
            "one": {"processorSeconds": 0.125, "seconds": 0.25},
        },
        "secondsThatHalvesDiffer": {"own": {"one object": {"changes": 6, "median": 0.17, "max": 0.35}}},
    }
