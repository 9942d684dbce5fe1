"""The simulated Azure of the end-to-end tests: the demo's, and resource groups that each belong to one test alone."""

from pathlib import Path
from typing import Any

import yaml

GROUPS = 240
KEY = "E2E.Canary.Key.0815"
"""The key of every device of the test's groups."""

PORTAL_CLIENT_ID = "33333333-3333-4333-8333-3333333333aa"
PORTAL_SECRET = "e2e-only-portal-secret"

_DEMO = Path(__file__).parents[2] / "simulator" / "azure_vpn_simulator" / "topologies" / "demo.yaml"


def group_name(number: int) -> str:
    """Name of one of the groups; each has the gateways `gw` and `gw-b`, and the sites `site-1` to `site-8`."""
    return f"e2e-{number:03d}"


def topology() -> dict[str, Any]:
    """The demo's document with the tests' groups, and a second principal: the colleague in the portal."""
    document: dict[str, Any] = yaml.safe_load(_DEMO.read_text(encoding="utf-8"))
    document["principals"].append(
        {
            "name": "portal",
            "clientId": PORTAL_CLIENT_ID,
            "objectId": PORTAL_CLIENT_ID,
            "clientSecret": PORTAL_SECRET,
        }
    )
    document["subscriptions"][0]["resourceGroups"] += [_group(number) for number in range(GROUPS)]
    # Quotas are tested elsewhere; here they would make one test wait for another.
    document["options"] = {
        "throttling": {kind: {"size": 5000, "refillPerSecond": 500} for kind in ("reads", "writes", "deletes")}
    }
    return document


def _group(number: int) -> dict[str, Any]:
    return {
        "name": group_name(number),
        "location": "eastus",
        "virtualNetworkGateways": [
            {
                "name": name,
                "sku": "VpnGw2AZ",
                "addressSpace": [f"10.{number}.{third}.0/24"],
                "bgp": {"asn": 65010 + third, "peeringAddress": f"10.{number}.{third}.254"},
            }
            for third, name in enumerate(("gw", "gw-b"))
        ],
        "localNetworkGateways": [
            {
                "name": f"site-{site}",
                "gatewayIpAddress": f"203.0.113.{site}",
                "addressSpace": [f"172.{16 + site}.{number}.0/24"],
                "device": {"key": KEY},
            }
            for site in range(1, 9)
        ],
    }
