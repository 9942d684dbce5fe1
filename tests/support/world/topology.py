"""The simulated Azure of the end-to-end tests: the demo's, and resource groups that each belong to one test alone."""

import json
from pathlib import Path
from typing import Any

import yaml

GROUPS = 240
KEY = "E2E.Canary.Key.0815"
"""The key of every device of the test's groups."""

PORTAL_CLIENT_ID = "33333333-3333-4333-8333-3333333333aa"
PORTAL_SECRET = "e2e-only-portal-secret"

FAR = "44444444-4444-4444-8444-444444444444"
"""Another subscription, in another region, with groups of the same names: only the subscription tells what is in them apart."""

HUB = "55555555-5555-4555-8555-555555555555"
HUB_GATEWAY = f"/subscriptions/{HUB}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworkGateways/HubGW"
TEAM = "team-red"
TEAM_CLIENT_ID = "22222222-2222-4222-8222-222222222222"
TEAM_SECRET = "e2e-only-team-secret"
"""An identity of one team: in the far subscription it has the role that the documentation tells people to make, and it may
use the hub's gateway, but not see its connections.

With the other names and ids of the guide on tenancy, so that the guide's access file holds here as it is printed.
"""

_ROOT = Path(__file__).parents[3]
_DEMO = _ROOT / "simulator" / "azure_vpn_simulator" / "topologies" / "demo.yaml"


def group_name(number: int) -> str:
    """Name of one of the groups; each has the gateways `gw` and `gw-b`, and the sites `site-1` to `site-8`.

    Its namesake in the far subscription has a gateway `gw`.
    """
    return f"e2e-{number:03d}"


def role_actions(file: str = "custom-role.json") -> list[str]:
    """The actions of a role definition that is shipped."""
    role: dict[str, list[str]] = json.loads((_ROOT / "manifests" / "azure" / file).read_text(encoding="utf-8"))
    return role["Actions"]


def topology() -> dict[str, Any]:
    """The demo's document with the tests' groups. The operator has the role that is shipped, and no other right.

    There are more principals: the colleague in the portal, and a team.
    """
    document: dict[str, Any] = yaml.safe_load(_DEMO.read_text(encoding="utf-8"))
    document["principals"][0]["rights"] = [{"actions": role_actions()}]
    document["principals"].append(
        {
            "name": "portal",
            "clientId": PORTAL_CLIENT_ID,
            "objectId": PORTAL_CLIENT_ID,
            "clientSecret": PORTAL_SECRET,
        }
    )
    document["principals"].append(_team())
    document["subscriptions"][0]["resourceGroups"] += [_group(number) for number in range(GROUPS)]
    document["subscriptions"] += [
        {"id": FAR, "name": "Far", "resourceGroups": [_red(), *(_far_group(number) for number in range(GROUPS))]},
        {"id": HUB, "name": "Hub", "resourceGroups": [_hub()]},
    ]
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


def _far_group(number: int) -> dict[str, Any]:
    gateway = {"name": "gw", "sku": "VpnGw2AZ", "addressSpace": [f"10.{number}.2.0/24"]}
    return {"name": group_name(number), "location": "westeurope", "virtualNetworkGateways": [gateway]}


def _red() -> dict[str, Any]:
    return {
        "name": "red-network",
        "location": "westeurope",
        "virtualNetworkGateways": [{"name": "red-gw", "sku": "VpnGw2AZ", "addressSpace": ["10.250.0.0/24"]}],
        "localNetworkGateways": [
            {
                "name": "Site6",
                "gatewayIpAddress": "203.0.113.60",
                "addressSpace": ["172.30.6.0/24"],
                "device": {"key": KEY},
            }
        ],
    }


def _hub() -> dict[str, Any]:
    gateways = [
        {"name": name, "sku": "VpnGw2AZ", "addressSpace": [f"10.251.{third}.0/24"]}
        for third, name in enumerate(("HubGW", "OtherGW"))
    ]
    return {"name": "hub", "location": "northeurope", "virtualNetworkGateways": gateways}


def _team() -> dict[str, Any]:
    return {
        "name": TEAM,
        "clientId": TEAM_CLIENT_ID,
        "objectId": TEAM_CLIENT_ID,
        "clientSecret": TEAM_SECRET,
        "rights": [
            {"scope": f"/subscriptions/{FAR}", "actions": role_actions()},
            {
                "scope": HUB_GATEWAY,
                "actions": [f"Microsoft.Network/virtualNetworkGateways/{verb}" for verb in ("read", "write")],
            },
        ],
    }
