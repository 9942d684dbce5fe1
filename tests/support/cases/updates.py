"""Verdicts about updates of VpnConnections: which of them would make an object speak about another connection."""

from typing import Any

from support.cases.objects import (
    DROP,
    NETWORK,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    UpdateCase,
    connection,
    observed,
    vnet_connection,
)
from support.cases.reverse import REVERSE_UPDATE_CASES

_GATEWAY_ID = f"{NETWORK}/virtualNetworkGateways/VNet1GW"
_SITE_ID = f"{NETWORK}/localNetworkGateways/Site6"
_CONNECTION_ID = f"{NETWORK}/connections/VNet1toSite6"
_KNOWN = {"observedGeneration": 1, "halves": [{"role": "Forward", "id": _CONNECTION_ID}]}
_ADOPTED_IKEV1 = {
    "observedGeneration": 1,
    "halves": [{"role": "Forward", "id": _CONNECTION_ID, "connectionProtocol": "IKEv1"}],
}
_GATEWAY = ("gateway-stays", "spec.virtualNetworkGateway")
_SITE = ("local-gateway-stays", "spec.localNetworkGateway")
_PEER = ("peer-gateway-stays", "spec.peerVirtualNetworkGateway")
_NAME = ("azure-name-stays", "spec.azureName")
_GROUP = ("resource-group-stays", "spec.resourceGroup")
_SUBSCRIPTION = ("subscription-stays", "spec.subscriptionId")
_PROTOCOL = ("protocol-stays", "spec.connectionProtocol")


def _gateway(**reference: Any) -> dict[str, Any]:
    return connection(virtualNetworkGateway=reference)


UPDATE_CASES = [
    UpdateCase("nothing changes", connection(), connection()),
    UpdateCase(
        "what is not identity may change",
        connection(),
        connection(ipsecPolicyRef=DROP, dpdTimeoutSeconds=30, tags={"a": "b"}, suspend=True),
    ),
    UpdateCase("another Azure name", connection(), connection(azureName="VNet1toSite7"), (_NAME,)),
    UpdateCase("the same Azure name in other letters", connection(), connection(azureName="vnet1tosite6")),
    UpdateCase(
        "the Azure name goes, and the object's name is another", connection(), connection(azureName=DROP), (_NAME,)
    ),
    UpdateCase(
        "the Azure name is set to the object's name", connection(azureName=DROP), connection(azureName="vnet1-to-site6")
    ),
    UpdateCase(
        "the Azure name is set to another than the object's name",
        connection(azureName=DROP),
        connection(azureName="VNet1toSite6"),
        (_NAME,),
    ),
    UpdateCase("an observer's Azure name changes", observed(), observed(azureName="VNet1toSite7"), (_NAME,)),
    UpdateCase("another resource group", connection(), connection(resourceGroup="TestRG2"), (_GROUP, _GATEWAY, _SITE)),
    UpdateCase("the same resource group in other letters", connection(), connection(resourceGroup="testrg1")),
    UpdateCase(
        "another resource group, while gateways stay by name and group",
        connection(
            virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "hub"}, localNetworkGateway={"id": _SITE_ID}
        ),
        connection(
            resourceGroup="TestRG2",
            virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "hub"},
            localNetworkGateway={"id": _SITE_ID},
        ),
        (_GROUP,),
    ),
    UpdateCase(
        "the resource group moves to the gateway reference",
        connection(),
        connection(resourceGroup=DROP, virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "TestRG1"}),
    ),
    UpdateCase(
        "the resource group moves to the gateway's id",
        connection(),
        connection(resourceGroup=DROP, virtualNetworkGateway={"id": _GATEWAY_ID}),
    ),
    UpdateCase(
        "the resource group goes, and the gateway's is another",
        connection(virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "hub"}),
        connection(resourceGroup=DROP, virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "hub"}),
        (_GROUP, _SITE),
    ),
    UpdateCase("an observer's resource group changes", observed(), observed(resourceGroup="TestRG2"), (_GROUP,)),
    UpdateCase(
        "another subscription",
        connection(subscriptionId=SUBSCRIPTION),
        connection(subscriptionId=OTHER_SUBSCRIPTION),
        (_SUBSCRIPTION, _GATEWAY, _SITE),
    ),
    UpdateCase(
        "the subscription goes, and the setting might be another",
        connection(subscriptionId=SUBSCRIPTION),
        connection(),
        (_SUBSCRIPTION, _GATEWAY, _SITE),
    ),
    UpdateCase(
        "the subscription is named before anything is known", connection(), connection(subscriptionId=SUBSCRIPTION)
    ),
    UpdateCase(
        "the subscription is named as the status knows it",
        connection(),
        connection(subscriptionId=SUBSCRIPTION),
        status=_KNOWN,
    ),
    UpdateCase(
        "the subscription is named otherwise than the status knows it",
        connection(),
        connection(subscriptionId=OTHER_SUBSCRIPTION),
        (_SUBSCRIPTION, _GATEWAY, _SITE),
        status=_KNOWN,
    ),
    UpdateCase(
        "the way back may be in another subscription",
        connection(),
        connection(subscriptionId=SUBSCRIPTION),
        status={
            "halves": [
                {"role": "Forward", "id": _CONNECTION_ID},
                {"role": "Reverse", "id": _CONNECTION_ID.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)},
            ]
        },
    ),
    UpdateCase(
        "the subscription moves to the gateway's id",
        connection(subscriptionId=SUBSCRIPTION),
        connection(virtualNetworkGateway={"id": _GATEWAY_ID}),
    ),
    UpdateCase(
        "an observer's subscription changes",
        observed(subscriptionId=SUBSCRIPTION),
        observed(subscriptionId=OTHER_SUBSCRIPTION),
        (_SUBSCRIPTION,),
    ),
    UpdateCase("another gateway", connection(), _gateway(name="VNet2GW"), (_GATEWAY,)),
    UpdateCase("the same gateway in other letters", connection(), _gateway(name="vnet1gw")),
    UpdateCase(
        "the same gateway with its group named", connection(), _gateway(name="VNet1GW", resourceGroup="TestRG1")
    ),
    UpdateCase(
        "a gateway of the same name in another group",
        connection(),
        _gateway(name="VNet1GW", resourceGroup="TestRG2"),
        (_GATEWAY,),
    ),
    UpdateCase("the same gateway by id, before anything is known", connection(), _gateway(id=_GATEWAY_ID)),
    UpdateCase(
        "the same gateway by id, as the status knows the subscription",
        connection(),
        _gateway(id=_GATEWAY_ID.upper()),
        status=_KNOWN,
    ),
    UpdateCase(
        "a gateway by id in another subscription than the status knows",
        connection(),
        _gateway(id=_GATEWAY_ID.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)),
        (_SUBSCRIPTION, _GATEWAY, _SITE),
        status=_KNOWN,
    ),
    UpdateCase(
        "by id, then by name with the subscription", _gateway(id=_GATEWAY_ID), connection(subscriptionId=SUBSCRIPTION)
    ),
    UpdateCase(
        "by id, then by name, and the setting might be another subscription",
        _gateway(id=_GATEWAY_ID),
        connection(),
        (_SUBSCRIPTION, _GATEWAY, _SITE),
    ),
    UpdateCase(
        "a gateway's own subscription changes",
        connection(
            subscriptionId=SUBSCRIPTION, virtualNetworkGateway={"name": "VNet1GW", "subscriptionId": SUBSCRIPTION}
        ),
        connection(
            subscriptionId=SUBSCRIPTION, virtualNetworkGateway={"name": "VNet1GW", "subscriptionId": OTHER_SUBSCRIPTION}
        ),
        (_GATEWAY,),
    ),
    UpdateCase(
        "a gateway's own subscription, the same as the connection's, goes",
        connection(
            subscriptionId=SUBSCRIPTION, virtualNetworkGateway={"name": "VNet1GW", "subscriptionId": SUBSCRIPTION}
        ),
        connection(subscriptionId=SUBSCRIPTION),
    ),
    UpdateCase("another local gateway", connection(), connection(localNetworkGateway={"name": "Site7"}), (_SITE,)),
    UpdateCase(
        "the same local gateway by id", connection(), connection(localNetworkGateway={"id": _SITE_ID}), status=_KNOWN
    ),
    UpdateCase("a site becomes a virtual network", connection(), vnet_connection(), (_SITE,)),
    UpdateCase("a virtual network becomes a site", vnet_connection(), connection(), (_PEER,)),
    UpdateCase(
        "another peer",
        vnet_connection(),
        vnet_connection(peerVirtualNetworkGateway={"name": "VNet3GW", "resourceGroup": "TestRG2"}),
        (_PEER,),
    ),
    UpdateCase(
        "the same peer by id",
        vnet_connection(),
        vnet_connection(
            peerVirtualNetworkGateway={"id": _GATEWAY_ID.replace("TestRG1", "TestRG2").replace("VNet1GW", "VNet2GW")}
        ),
    ),
    UpdateCase("the type is said that was inferred", connection(), connection(connectionType="IPsec")),
    UpdateCase(
        "an observer is filled in",
        observed(),
        observed(virtualNetworkGateway={"name": "VNet1GW"}, localNetworkGateway={"name": "Site6"}),
    ),
    UpdateCase("an observer is filled in and enforced at once", observed(), connection()),
    UpdateCase(
        "an observer is enforced, and its group moves to the gateway",
        observed(),
        connection(resourceGroup=DROP, virtualNetworkGateway={"id": _GATEWAY_ID}),
        status=_KNOWN,
    ),
    UpdateCase(
        "an observer is filled in with a gateway of another subscription",
        observed(),
        connection(virtualNetworkGateway={"id": _GATEWAY_ID.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)}),
        (_SUBSCRIPTION,),
        status=_KNOWN,
    ),
    UpdateCase(
        "an observer's gateway changes",
        observed(virtualNetworkGateway={"name": "VNet1GW"}),
        observed(virtualNetworkGateway={"name": "VNet2GW"}),
        (_GATEWAY,),
    ),
    UpdateCase(
        "an observer's gateway goes", observed(virtualNetworkGateway={"name": "VNet1GW"}), observed(), (_GATEWAY,)
    ),
    UpdateCase("a connection becomes an observer", connection(), connection(managementPolicy="Observe")),
    UpdateCase("a connection becomes an observer and loses its gateway", connection(), observed(), (_GATEWAY, _SITE)),
    UpdateCase("IKEv2 is said that was meant", connection(), connection(connectionProtocol="IKEv2")),
    UpdateCase("IKEv2 is left out", connection(connectionProtocol="IKEv2"), connection()),
    UpdateCase(
        "IKEv2 becomes IKEv1",
        connection(connectionProtocol="IKEv2"),
        connection(connectionProtocol="IKEv1"),
        (_PROTOCOL,),
    ),
    UpdateCase("unsaid becomes IKEv1", connection(), connection(connectionProtocol="IKEv1"), (_PROTOCOL,)),
    UpdateCase("IKEv1 is left out", connection(connectionProtocol="IKEv1"), connection(), (_PROTOCOL,)),
    UpdateCase(
        "unsaid becomes what the adopted connection has",
        connection(),
        connection(connectionProtocol="IKEv1"),
        status=_ADOPTED_IKEV1,
    ),
    UpdateCase(
        "unsaid becomes another than the adopted connection has",
        connection(),
        connection(connectionProtocol="IKEv2"),
        (_PROTOCOL,),
        status=_ADOPTED_IKEV1,
    ),
    UpdateCase(
        "what the adopted connection has anyway is left out",
        connection(connectionProtocol="IKEv1"),
        connection(),
        status=_ADOPTED_IKEV1,
    ),
    UpdateCase(
        "another than the adopted connection has is left out",
        connection(connectionProtocol="IKEv2"),
        connection(),
        (_PROTOCOL,),
        status=_ADOPTED_IKEV1,
    ),
    UpdateCase(
        "unsaid becomes IKEv1 where the operator has found nothing in Azure: the gateway can have nothing else",
        connection(),
        connection(connectionProtocol="IKEv1"),
        status={"observedGeneration": 1},
    ),
    UpdateCase(
        "what was said stays, although nothing is in Azure",
        connection(connectionProtocol="IKEv2"),
        connection(connectionProtocol="IKEv1"),
        (_PROTOCOL,),
        status={"observedGeneration": 1},
    ),
    UpdateCase(
        "the other half is not this one",
        connection(),
        connection(connectionProtocol="IKEv1"),
        (_PROTOCOL,),
        status={
            "observedGeneration": 1,
            "halves": [
                {"role": "Forward", "id": _CONNECTION_ID},
                {"role": "Reverse", "connectionProtocol": "IKEv1"},
            ],
        },
    ),
    UpdateCase(
        "IKEv1 becomes IKEv2",
        connection(connectionProtocol="IKEv1"),
        connection(connectionProtocol="IKEv2"),
        (_PROTOCOL,),
    ),
    UpdateCase("an observer learns that Azure has IKEv1", observed(), observed(connectionProtocol="IKEv1")),
    UpdateCase(
        "an observer with IKEv1 is enforced",
        observed(connectionProtocol="IKEv1"),
        connection(connectionProtocol="IKEv1"),
    ),
    UpdateCase(
        "an observer with IKEv1 is enforced with IKEv2",
        observed(connectionProtocol="IKEv1"),
        connection(connectionProtocol="IKEv2"),
        (_PROTOCOL,),
    ),
    UpdateCase(
        "everything changes at once",
        connection(subscriptionId=SUBSCRIPTION),
        connection(
            azureName="x",
            resourceGroup="y",
            subscriptionId=OTHER_SUBSCRIPTION,
            virtualNetworkGateway={"name": "z"},
            localNetworkGateway={"name": "w"},
            connectionProtocol="IKEv1",
        ),
        (_NAME, _GROUP, _SUBSCRIPTION, _GATEWAY, _SITE, _PROTOCOL),
    ),
    *REVERSE_UPDATE_CASES,
]
