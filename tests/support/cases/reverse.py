"""Verdicts about owned pairs, typed from Azure's limits and from what a pair is, not derived from the code."""

from typing import Any

from support.cases.objects import (
    DROP,
    NETWORK,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    Case,
    UpdateCase,
    connection,
    observed,
    pair_connection,
    vnet_connection,
)

_PEER_ID = f"{NETWORK}/virtualNetworkGateways/VNet2GW".replace("TestRG1", "TestRG2")
_HALF_ID = f"{NETWORK}/connections/VNet2toVNet1".replace("TestRG1", "TestRG2")
_BGP = [{"ipConfigurationId": f"{_PEER_ID}/ipConfigurations/default", "customBgpIpAddress": "169.254.21.2"}]
_NAT = [{"name": "to-vnet1"}]
_SELF = (("reverse-is-another-connection", "spec.reverse.azureName"),)
_RESPONDERS = (("reverse-both-responders", "spec.reverse.connectionMode"),)
_PEERLESS = (("reverse-needs-peer", "spec.reverse"),)
_NAME = ("reverse-name-stays", "spec.reverse.azureName")
_GROUP = ("reverse-resource-group-stays", "spec.reverse.resourceGroup")
_SUBSCRIPTION = ("reverse-subscription-stays", "spec.reverse.subscriptionId")


def _refused(rule: str, field: str) -> tuple[tuple[str, str], ...]:
    return ((rule, f"spec.reverse.{field}"),)


def _known(subscription: str) -> dict[str, Any]:
    """Build a status that knows the other half; the forward half is known to be elsewhere."""
    return {
        "halves": [
            {"role": "Forward", "id": f"{NETWORK}/connections/VNet1toVNet2"},
            {"role": "Reverse", "id": _HALF_ID.replace(SUBSCRIPTION, subscription)},
        ]
    }


REVERSE_CASES = [
    Case("the how-to's VNet-to-VNet pair as one object", pair_connection()),
    Case("the other half needs a name only", pair_connection({"resourceGroup": DROP})),
    Case(
        "the other half in another subscription",
        pair_connection({"subscriptionId": OTHER_SUBSCRIPTION}, subscriptionId=SUBSCRIPTION),
    ),
    Case(
        "everything that the other half may have of its own",
        pair_connection(
            {
                "connectionMode": "InitiatorOnly",
                "routingWeight": 32000,
                "dpdTimeoutSeconds": 9,
                "ingressNatRules": _NAT,
                "egressNatRules": [{"id": f"{_PEER_ID}/natRules/from-vnet2"}],
                "gatewayCustomBgpIpAddresses": _BGP,
                "tags": {"env": "demo"},
            },
            enableBgp=True,
        ),
    ),
    Case("an owned pair may be watched first", pair_connection(managementPolicy="Observe")),
    Case(
        "a watched pair may leave out its own gateway",
        pair_connection(managementPolicy="Observe", virtualNetworkGateway=DROP),
    ),
    Case("an owned pair may be suspended", pair_connection(suspend=True)),
    Case("the other half needs a name", pair_connection({"azureName": DROP}), _refused("required", "azureName")),
    Case(
        "the other half's name of 81 characters",
        pair_connection({"azureName": "a" * 81}),
        _refused("length", "azureName"),
    ),
    Case(
        "the other half's name with a slash",
        pair_connection({"azureName": "a/b"}),
        _refused("azure-name", "azureName"),
    ),
    Case(
        "the other half's name that is a way up",
        pair_connection({"azureName": ".."}),
        _refused("azure-name", "azureName"),
    ),
    Case(
        "the other half's resource group that ends with a dot",
        pair_connection({"resourceGroup": "TestRG2."}),
        _refused("resource-group-name", "resourceGroup"),
    ),
    Case(
        "the other half's resource group of 91 characters",
        pair_connection({"resourceGroup": "a" * 91}),
        _refused("length", "resourceGroup"),
    ),
    Case(
        "the other half's subscription is a UUID, not a name",
        pair_connection({"subscriptionId": "Production"}),
        _refused("subscription-id", "subscriptionId"),
    ),
    Case("a site has no other half", connection(reverse={"azureName": "Site6toVNet1"}), _PEERLESS),
    Case("a watched connection without a peer has no other half", observed(reverse={"azureName": "x"}), _PEERLESS),
    Case(
        "the other half is not the connection itself",
        pair_connection({"azureName": "VNet1toVNet2", "resourceGroup": "TestRG1"}),
        _SELF,
    ),
    Case(
        "a name that is none hides no rule that reads it",
        connection(
            {"name": "VNet1toVNet2"},
            azureName=DROP,
            localNetworkGateway=DROP,
            peerVirtualNetworkGateway={"name": "VNet2GW"},
            reverse={"azureName": "vnet1TOvnet2"},
        ),
        (("object-name", "metadata.name"), *_SELF),
    ),
    Case(
        "the other half is not the connection itself in other letters",
        pair_connection({"azureName": "vnet1TOvnet2", "resourceGroup": "testrg1"}),
        _SELF,
    ),
    Case(
        "the other half without a resource group is not the connection itself",
        pair_connection({"azureName": "VNet1toVNet2", "resourceGroup": DROP}),
        _SELF,
    ),
    Case(
        "the other half is not the connection itself, whose name is the object's",
        pair_connection({"azureName": "VNet1-to-Site6", "resourceGroup": DROP}, azureName=DROP),
        _SELF,
    ),
    Case(
        "the other half is not the connection itself, whose place is its gateway's",
        pair_connection(
            {"azureName": "VNet1toVNet2", "resourceGroup": "TestRG1", "subscriptionId": SUBSCRIPTION.upper()},
            resourceGroup=DROP,
            virtualNetworkGateway={"id": f"{NETWORK}/virtualNetworkGateways/VNet1GW"},
        ),
        _SELF,
    ),
    Case("halves of one name in two groups", pair_connection({"azureName": "VNet1toVNet2"})),
    Case(
        "halves of one name in two subscriptions",
        pair_connection(
            {"azureName": "VNet1toVNet2", "resourceGroup": DROP, "subscriptionId": OTHER_SUBSCRIPTION},
            subscriptionId=SUBSCRIPTION,
        ),
    ),
    Case(
        "both halves only respond",
        pair_connection({"connectionMode": "ResponderOnly"}, connectionMode="ResponderOnly"),
        _RESPONDERS,
    ),
    Case(
        "the other half only responds as the connection does",
        pair_connection(connectionMode="ResponderOnly"),
        _RESPONDERS,
    ),
    Case("the other half calls", pair_connection({"connectionMode": "Default"}, connectionMode="ResponderOnly")),
    Case("the connection calls", pair_connection({"connectionMode": "ResponderOnly"}, connectionMode="InitiatorOnly")),
    Case("the connection calls if it likes", pair_connection({"connectionMode": "ResponderOnly"})),
    Case(
        "the other half's mode is one of Azure's",
        pair_connection({"connectionMode": "Both"}),
        _refused("enum", "connectionMode"),
    ),
    Case(
        "the other half's DPD of 8 seconds",
        pair_connection({"dpdTimeoutSeconds": 8}),
        _refused("range", "dpdTimeoutSeconds"),
    ),
    Case(
        "the other half's routing weight 32001",
        pair_connection({"routingWeight": 32001}),
        _refused("range", "routingWeight"),
    ),
    Case("the other half's routing weight 0", pair_connection({"routingWeight": 0})),
    Case("the other half has no tags", pair_connection({"tags": {}}, tags={"env": "demo"})),
    Case(
        "the other half's tags that the operator uses itself",
        pair_connection({"tags": {"AzVpn-Owner": "x"}}),
        _refused("reserved-tags", "tags"),
    ),
    Case(
        "the other half's tag with a question mark",
        pair_connection({"tags": {"a?": "x"}}),
        _refused("tag-names", "tags"),
    ),
    Case(
        "the other half's tags that differ in case only",
        pair_connection({"tags": {"env": "x", "ENV": "y"}}),
        _refused("tag-names-differ", "tags"),
    ),
    Case("one tag on each half", pair_connection({"tags": {"ENV": "y"}}, tags={"env": "x"})),
    Case(
        "41 tags on the other half",
        pair_connection({"tags": {f"t{number}": "x" for number in range(41)}}),
        _refused("items", "tags"),
    ),
    Case(
        "the other half's NAT rule by name and id",
        pair_connection({"egressNatRules": [{"name": "a", "id": f"{_PEER_ID}/natRules/a"}]}),
        _refused("nat-rule-name-or-id", "egressNatRules[0]"),
    ),
    Case(
        "the other half's NAT rule by the id of something else",
        pair_connection({"ingressNatRules": [{"name": "a"}, {"id": _PEER_ID}]}),
        _refused("nat-rule-id", "ingressNatRules[1].id"),
    ),
    Case(
        "the other half's NAT rule with a slash in its name",
        pair_connection({"ingressNatRules": [{"name": "a/b"}]}),
        _refused("azure-name", "ingressNatRules[0].name"),
    ),
    Case(
        "NAT rules of the other half with policy-based selectors",
        pair_connection({"egressNatRules": _NAT}, usePolicyBasedTrafficSelectors=True),
        (("nat-selectors", "spec.usePolicyBasedTrafficSelectors"),),
    ),
    Case(
        "no NAT rules on either half with policy-based selectors",
        pair_connection({"egressNatRules": []}, usePolicyBasedTrafficSelectors=True),
    ),
    Case(
        "BGP addresses of the other half without BGP",
        pair_connection({"gatewayCustomBgpIpAddresses": _BGP}),
        (("bgp-address-needs-bgp", "spec.enableBgp"),),
    ),
    Case("no BGP addresses on either half without BGP", pair_connection({"gatewayCustomBgpIpAddresses": []})),
    Case(
        "the other half's BGP address is an address",
        pair_connection(
            {"gatewayCustomBgpIpAddresses": [{**_BGP[0], "customBgpIpAddress": "169.254.21.0/24"}]}, enableBgp=True
        ),
        _refused("bgp-address", "gatewayCustomBgpIpAddresses[0].customBgpIpAddress"),
    ),
    Case(
        "the other half's BGP address of no IP configuration",
        pair_connection({"gatewayCustomBgpIpAddresses": [{**_BGP[0], "ipConfigurationId": _PEER_ID}]}, enableBgp=True),
        _refused("ip-configuration-id", "gatewayCustomBgpIpAddresses[0].ipConfigurationId"),
    ),
    Case("the other half by its name alone", vnet_connection(reverse="VNet2toVNet1"), (("type", "spec.reverse"),)),
    Case("the other half that is null is none", vnet_connection(reverse=None)),
]

REVERSE_UPDATE_CASES = [
    UpdateCase("the other half is taken over", vnet_connection(azureName="VNet1toVNet2"), pair_connection()),
    UpdateCase("the other half is let go of", pair_connection(), vnet_connection(azureName="VNet1toVNet2")),
    UpdateCase(
        "the other half that another object made is taken over",
        vnet_connection(azureName="VNet1toVNet2"),
        pair_connection({"subscriptionId": OTHER_SUBSCRIPTION}),
        status=_known(SUBSCRIPTION),
    ),
    UpdateCase(
        "what is not identity may change on the other half",
        pair_connection(),
        pair_connection(
            {"routingWeight": 5, "dpdTimeoutSeconds": 30, "connectionMode": "ResponderOnly", "tags": {"a": "b"}}
        ),
    ),
    UpdateCase(
        "another name of the other half", pair_connection(), pair_connection({"azureName": "VNet3toVNet1"}), (_NAME,)
    ),
    UpdateCase(
        "the same name of the other half in other letters",
        pair_connection(),
        pair_connection({"azureName": "vnet2TOvnet1"}),
    ),
    UpdateCase(
        "another resource group of the other half",
        pair_connection(),
        pair_connection({"resourceGroup": "TestRG3"}),
        (_GROUP,),
    ),
    UpdateCase(
        "the same resource group of the other half in other letters",
        pair_connection(),
        pair_connection({"resourceGroup": "TESTrg2"}),
    ),
    UpdateCase(
        "the resource group of the other half goes, and the connection's is another",
        pair_connection(),
        pair_connection({"resourceGroup": DROP}),
        (_GROUP,),
    ),
    UpdateCase(
        "the resource group of the other half is set to the connection's",
        pair_connection({"resourceGroup": DROP}),
        pair_connection({"resourceGroup": "testrg1"}),
    ),
    UpdateCase(
        "the resource group of the other half is set to another than the connection's",
        pair_connection({"resourceGroup": DROP}),
        pair_connection(),
        (_GROUP,),
    ),
    UpdateCase(
        "the connection's resource group moves to its gateway reference, and the other half stays",
        pair_connection({"resourceGroup": DROP}),
        pair_connection(
            {"resourceGroup": DROP},
            resourceGroup=DROP,
            virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "TestRG1"},
        ),
    ),
    UpdateCase(
        "another subscription of the other half",
        pair_connection({"subscriptionId": SUBSCRIPTION}),
        pair_connection({"subscriptionId": OTHER_SUBSCRIPTION}),
        (_SUBSCRIPTION,),
    ),
    UpdateCase(
        "the subscription of the other half goes, and the setting might be another",
        pair_connection({"subscriptionId": SUBSCRIPTION}),
        pair_connection(),
        (_SUBSCRIPTION,),
    ),
    UpdateCase(
        "the subscription of the other half is named before anything is known",
        pair_connection(),
        pair_connection({"subscriptionId": SUBSCRIPTION}),
    ),
    UpdateCase(
        "the subscription of the other half is named as the status knows it",
        pair_connection(),
        pair_connection({"subscriptionId": OTHER_SUBSCRIPTION}),
        status=_known(OTHER_SUBSCRIPTION),
    ),
    UpdateCase(
        "the subscription of the other half is named as the status knows the connection's",
        pair_connection(),
        pair_connection({"subscriptionId": SUBSCRIPTION}),
        (_SUBSCRIPTION,),
        status=_known(OTHER_SUBSCRIPTION),
    ),
    UpdateCase(
        "the subscription of the other half goes, and is the connection's",
        pair_connection({"subscriptionId": SUBSCRIPTION}, subscriptionId=SUBSCRIPTION),
        pair_connection(subscriptionId=SUBSCRIPTION),
    ),
    UpdateCase(
        "everything of the other half changes at once",
        pair_connection({"subscriptionId": SUBSCRIPTION}),
        pair_connection({"azureName": "x", "resourceGroup": "y", "subscriptionId": OTHER_SUBSCRIPTION}),
        (_NAME, _GROUP, _SUBSCRIPTION),
    ),
    UpdateCase(
        "the peer goes and takes the other half along",
        pair_connection(),
        connection(azureName="VNet1toVNet2"),
        (("peer-gateway-stays", "spec.peerVirtualNetworkGateway"),),
    ),
]
