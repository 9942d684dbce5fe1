from datetime import UTC, datetime
from typing import Any

import pytest

from workbench.bench.mass_edit import accepted_puts, costs, lower_bound

GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"


def sent(method: str, path: str, status: int = 200, second: int = 1) -> dict[str, Any]:
    return {"method": method, "path": f"{GROUP}/{path}", "status": status, "time": f"2026-01-01T00:00:{second:02d}Z"}


@pytest.mark.parametrize(
    ("on_gateway", "operations", "seconds"),
    [
        pytest.param(10, 250, 90.0, id="ten operations of 45 s, five times as fast, one after the other"),
        pytest.param(40, 1000, 360.0, id="forty of them"),
        pytest.param(1, 1000, 89.0, id="one on each gateway: 800 writes at ten a second, and the last one's operation"),
        pytest.param(1, 150, 9.0, id="no quota is felt below two hundred writes"),
    ],
)
def test_lower_bound(on_gateway: int, operations: int, seconds: float):
    assert lower_bound(on_gateway, operations) == seconds


def test_only_what_azure_took_counts_as_written():
    entries = [
        sent("PUT", "connections/C1", 409, 1),
        sent("PUT", "connections/C1", 200, 2),
        sent("PUT", "connections/c2/sharedkey", 200, 3),
        sent("GET", "connections/c3", 200, 4),
        sent("PUT", "connections/c4", 201, 5),
    ]
    assert accepted_puts(entries) == [
        ("c1", datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)),
        ("c4", datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)),
    ]


def test_costs_are_told_in_all_and_for_each_connection():
    entries = [
        sent("PUT", "connections/c1", 429),
        sent("PUT", "connections/c1"),
        sent("PUT", "connections/c1"),
        sent("PUT", "connections/c2"),
        *(sent("GET", "connections/c2") for _ in range(4)),
    ]
    audited = {
        "patch vpnconnections/status": 5,
        "update vpnconnections/status": 1,
        "patch ipsecpolicies/status": 9,
        "create events": 3,
        "patch events": 1,
        "get secrets": 3,
    }

    found = costs(entries, audited, 0.07, 2)

    assert found["mostPutsOfOneConnection"] == 2
    assert found["refusedWrites"] == 1
    assert found["azure"] == {"GET connection": 4, "PUT connection": 4}
    assert found["apiServer"] == audited
    assert found["perConnection"] == {
        "azureRequests": 4.0,
        "statusWrites": 3.0,
        "events": 2.0,
        "secretReads": 1.5,
        "processorMilliseconds": 35.0,
    }


def test_an_edit_without_effect_costs_nothing():
    found = costs([], {}, 0.0, 3)
    assert found["mostPutsOfOneConnection"] == 0
    assert set(found["perConnection"].values()) == {0.0}
