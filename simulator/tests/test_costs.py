"""What one request costs does not depend on how many connections there are: counted in function calls, not in seconds."""

import copy
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from azure_vpn_simulator.testing import ArmDriver

pytestmark = pytest.mark.slow

PER_GATEWAY = 5


def installation(document: dict[str, Any], connections: int) -> ArmDriver:
    """A group with so many connections, a few on each gateway, all of them up; Azure reports late, and by chance."""
    document = copy.deepcopy(document)
    [subscription] = document["subscriptions"]
    [net] = subscription["resourceGroups"]
    gateways, names = range(connections // PER_GATEWAY), range(connections)
    net["virtualNetworkGateways"] = [{"name": f"Gw{i}"} for i in gateways]
    net["localNetworkGateways"] = [{"name": f"Site{i}", "device": {"key": "k1"}} for i in names]
    net["connections"] = [
        {
            "name": f"c{i}",
            "virtualNetworkGateway": f"Gw{i // PER_GATEWAY}",
            "localNetworkGateway": f"Site{i}",
            "sharedKey": "k1",
        }
        for i in names
    ]
    document["options"] = {"pageSize": 10, "statusLagSeconds": {"min": 5, "max": 300}}
    arm = ArmDriver(document, f"/subscriptions/{subscription['id']}/resourceGroups/Net")
    arm.wait(400)
    return arm


def calls_of(request: Callable[[], Any]) -> int:
    """Count the Python and C functions that a request calls."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        request()
    finally:
        sys.setprofile(None)
    return counted


REQUESTS: dict[str, Callable[[ArmDriver], Any]] = {
    "a read": lambda arm: arm.get("connections/c7"),
    "a write": lambda arm: arm.put("connections/c7", arm.site("Gw1", "Site7", "k1", routingWeight=9)),
    "a creation": lambda arm: arm.put("connections/new", arm.site("Gw2", "Site7", "k1")),
    "a change of tags": lambda arm: arm.call("PATCH", "connections/c7", {"tags": {"a": "b"}}),
    "a page of the connections of a group": lambda arm: arm.get("connections"),
    "a page in the middle": lambda arm: arm.get(arm.get("connections").body["nextLink"]),
    "the connections of a gateway": lambda arm: arm.get("virtualNetworkGateways/Gw1/connections"),
    "a page of the local gateways": lambda arm: arm.get("localNetworkGateways"),
    "the IKE SAs of a connection": lambda arm: arm.ike_sas("c7"),
    "a change from the request until the tunnel is up again": lambda arm: arm.finish(
        arm.put("connections/c7", arm.site("Gw1", "Site7", "k1", connectionMode="ResponderOnly"))
    ),
    "a failover and what comes of it": lambda arm: (arm.event("failover", "virtualNetworkGateways/Gw1"), arm.wait(20)),
    "an outage of a site and what comes of it": lambda arm: (
        arm.event("outage", "localNetworkGateways/Site7", forSeconds=100),
        arm.wait(200),
    ),
    "what has happened to tunnels since": lambda arm: arm.outages(since=arm.azure.world.history.next - 5),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_costs_the_same_among_many(document: dict[str, Any], name: str) -> None:
    costs = []
    for connections in (50, 1000):
        arm = installation(document, connections)
        costs.append(calls_of(lambda arm=arm: REQUESTS[name](arm)))  # type: ignore[misc]
    few, many = costs
    assert few > 20
    assert many <= few + 20, "a page is found by halving: a few calls more are no growth with the number"
