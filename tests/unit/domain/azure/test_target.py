"""Which Azure resources an object speaks about."""

from typing import Any

import pytest

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.domain.azure.target import Target, Unresolved, resolve_target
from support.builders import GATEWAY_ID, SITE_ID, a_connection, a_vnet_connection, an_installation
from support.cases.objects import DROP, OTHER_SUBSCRIPTION, SUBSCRIPTION

ELSEWHERE = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/hub/providers/Microsoft.Network"


def resolve(subject: VpnConnection, subscription: str | None = SUBSCRIPTION) -> Target:
    target = resolve_target(subject, an_installation(subscription_id=subscription))
    assert isinstance(target, Target), target
    return target


def test_names_alone_lie_in_the_connections_group_and_subscription():
    target = resolve(a_connection())
    assert str(target.gateway) == GATEWAY_ID
    assert str(target.local_gateway) == SITE_ID
    assert target.peer_gateway is None
    assert target.connection_type == "IPsec"
    assert target.gateway_ids == {GATEWAY_ID.lower()}


def test_a_peer_makes_it_vnet_to_vnet_and_both_gateways_are_locked():
    target = resolve(a_vnet_connection())
    assert target.connection_type == "Vnet2Vnet"
    assert len(target.gateway_ids) == 2


@pytest.mark.parametrize(
    ("spec", "setting", "connection", "gateway"),
    [
        pytest.param(
            {"azureName": DROP},
            SUBSCRIPTION,
            f"{SUBSCRIPTION}/TestRG1/vnet1-to-site6",
            "TestRG1",
            id="without azureName the object's name",
        ),
        pytest.param(
            {"subscriptionId": OTHER_SUBSCRIPTION},
            SUBSCRIPTION,
            f"{OTHER_SUBSCRIPTION}/TestRG1/VNet1toSite6",
            "TestRG1",
            id="own subscription",
        ),
        pytest.param(
            {"virtualNetworkGateway": {"id": f"{ELSEWHERE}/virtualNetworkGateways/g"}, "resourceGroup": DROP},
            None,
            f"{OTHER_SUBSCRIPTION}/hub/VNet1toSite6",
            "hub",
            id="all from the gateway's id",
        ),
        pytest.param(
            {"virtualNetworkGateway": {"id": f"{ELSEWHERE}/virtualNetworkGateways/g"}},
            SUBSCRIPTION,
            f"{OTHER_SUBSCRIPTION}/TestRG1/VNet1toSite6",
            "hub",
            id="the object's own group wins, the gateway's subscription before the setting's",
        ),
        pytest.param(
            {"virtualNetworkGateway": {"name": "g", "resourceGroup": "hub"}, "resourceGroup": DROP},
            SUBSCRIPTION,
            f"{SUBSCRIPTION}/hub/VNet1toSite6",
            "hub",
            id="group from the gateway reference",
        ),
        pytest.param(
            {"virtualNetworkGateway": {"name": "g", "subscriptionId": OTHER_SUBSCRIPTION}},
            SUBSCRIPTION,
            f"{OTHER_SUBSCRIPTION}/TestRG1/VNet1toSite6",
            "TestRG1",
            id="subscription from the gateway reference",
        ),
    ],
)
def test_absent_parts(spec: dict[str, Any], setting: str | None, connection: str, gateway: str):
    target = resolve(a_connection(**spec), setting)
    found = target.connection
    assert f"{found.subscription}/{found.resource_group}/{found.name}" == connection
    assert target.gateway is not None
    assert target.gateway.resource_group == gateway


def test_an_observer_needs_no_gateway():
    names = {"virtualNetworkGateway": DROP, "localNetworkGateway": DROP, "managementPolicy": "Observe"}
    target = resolve(a_connection(**names))
    assert (target.gateway, target.connection_type, target.gateway_ids) == (None, None, frozenset())


@pytest.mark.parametrize(
    ("spec", "setting", "reason"),
    [
        ({"resourceGroup": "rg"}, None, "SubscriptionRequired"),
        ({}, SUBSCRIPTION, "InvalidSpec"),
        ({"resourceGroup": "../x"}, SUBSCRIPTION, "InvalidSpec"),
        ({"resourceGroup": "rg", "azureName": "a/b"}, SUBSCRIPTION, "InvalidSpec"),
        ({"resourceGroup": "rg"}, "not-a-subscription", "InvalidSpec"),
        ({"resourceGroup": "rg", "virtualNetworkGateway": {"id": "nonsense"}}, SUBSCRIPTION, "InvalidSpec"),
        ({"resourceGroup": "rg", "virtualNetworkGateway": {}}, SUBSCRIPTION, "InvalidSpec"),
        ({"resourceGroup": "rg", "localNetworkGateway": {"id": "nonsense"}}, SUBSCRIPTION, "InvalidSpec"),
    ],
)
def test_names_that_lead_nowhere_are_said_and_never_sent(spec: dict[str, Any], setting: str | None, reason: str):
    """Objects that the rules refuse do not come here; what does come here must not raise."""
    subject = VpnConnection(metadata=ObjectMeta(name="c"), spec=VpnConnectionSpec.model_validate(spec))
    found = resolve_target(subject, an_installation(subscription_id=setting))
    assert isinstance(found, Unresolved)
    assert found.reason == reason
