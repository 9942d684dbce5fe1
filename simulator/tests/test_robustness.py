"""Whatever a client sends, the answer is an answer."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azure_vpn_simulator.ipsec import ALGORITHMS, LIFETIMES
from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.topology import TopologyError

leaves = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | st.text(max_size=8)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
names = st.sampled_from(
    [
        "connectionType",
        "connectionProtocol",
        "connectionMode",
        "virtualNetworkGateway1",
        "virtualNetworkGateway2",
        "localNetworkGateway2",
        "ipsecPolicies",
        "trafficSelectorPolicies",
        "ingressNatRules",
        "gatewayCustomBgpIpAddresses",
        "routingWeight",
        "dpdTimeoutSeconds",
        "sharedKey",
        "enableBgp",
        "authenticationType",
        "usePolicyBasedTrafficSelectors",
        "provisioningState",
    ]
)
policies = st.lists(st.dictionaries(st.sampled_from([*ALGORITHMS, *LIFETIMES]), anything), max_size=2)
selectors = st.lists(
    st.dictionaries(st.sampled_from(["localAddressRanges", "remoteAddressRanges"]), anything), max_size=2
)
ANSWERS = {200, 201, 202, 204, 400, 403, 404, 405, 409, 412, 429}
SETTINGS = settings(
    max_examples=settings.default.max_examples * 3 // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SETTINGS
@given(changes=st.dictionaries(names, anything | policies | selectors, max_size=3))
def test_any_connection_body_is_taken_or_refused(arm: ArmDriver, changes: dict[str, Any]) -> None:
    body = arm.site("GwA", "Site", "k1")
    body["properties"] |= changes
    answer = arm.put("connections/fuzz", body)
    assert answer.status in ANSWERS
    arm.wait(60)
    assert arm.get("connections").status == 200
    assert arm.get("connections/fuzz").status in {200, 404}
    arm.call("DELETE", "connections/fuzz")
    arm.wait(60)


@SETTINGS
@given(
    path=st.sampled_from(
        [
            "connections/C1",
            "connections/C1/sharedkey",
            "connections/C1/sharedkey/reset",
            "virtualNetworkGateways/GwA",
            "virtualNetworkGateways/New",
            "localNetworkGateways/New",
            "localNetworkGateways/Site",
        ]
    ),
    method=st.sampled_from(["PUT", "PATCH", "POST"]),
    body=anything | st.fixed_dictionaries({"properties": anything, "location": anything, "tags": anything}),
)
def test_any_json_anywhere_is_taken_or_refused(arm: ArmDriver, path: str, method: str, body: Any) -> None:
    assert arm.call(method, path, body).status in ANSWERS
    arm.wait(2000)
    for type_ in ("connections", "virtualNetworkGateways", "localNetworkGateways"):
        assert arm.get(type_).status == 200


@SETTINGS
@given(path=st.text(max_size=60), method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"]))
def test_any_path_is_answered(arm: ArmDriver, path: str, method: str) -> None:
    assert arm.call(method, f"/subscriptions/{path.replace('?', '')}").status in ANSWERS


@SETTINGS
@given(
    change=st.dictionaries(st.sampled_from(["options", "locks", "subscriptions", "principals", "tenantId"]), anything)
)
def test_any_change_of_the_topology_is_taken_or_refused_as_a_whole(arm: ArmDriver, change: dict[str, Any]) -> None:
    before = copy.deepcopy(arm.azure.installation.shown())
    try:
        arm.change(**change)
    except TopologyError:
        assert arm.azure.installation.shown() == before


@pytest.mark.parametrize("token", ["-1", "x", "999999999999999999999999", "²"])
def test_a_page_that_is_none_is_the_first_or_empty(arm: ArmDriver, token: str) -> None:
    assert arm.get(f"connections?$skipToken={token}").body == {"value": []}
