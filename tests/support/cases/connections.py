"""Verdicts about VpnConnections, typed from the how-to and from Azure's limits, not derived from the code."""

from typing import Any

from support.cases.objects import (
    DROP,
    NETWORK,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    Case,
    connection,
    observed,
    vnet_connection,
)
from support.cases.reverse import REVERSE_CASES

_GATEWAY_ID = f"{NETWORK}/virtualNetworkGateways/VNet1GW"
_SITE_ID = f"{NETWORK}/localNetworkGateways/Site6"
_IP_CONFIGURATION = f"{_GATEWAY_ID}/ipConfigurations/default"


def _refused(rule: str, field: str) -> tuple[tuple[str, str], ...]:
    return ((rule, f"spec.{field}" if field else "spec"),)


def _selectors(local: Any, remote: Any) -> dict[str, Any]:
    return {
        "usePolicyBasedTrafficSelectors": True,
        "trafficSelectorPolicies": [{"localAddressRanges": local, "remoteAddressRanges": remote}],
    }


def _bgp(address: str, configuration: str = _IP_CONFIGURATION) -> dict[str, Any]:
    item = {"ipConfigurationId": configuration, "customBgpIpAddress": address}
    return {"enableBgp": True, "gatewayCustomBgpIpAddresses": [item]}


_SELECTOR = "trafficSelectorPolicies[0]"
_NAME_SLIPS = {
    "a slash": "a/b",
    "a way up": "..",
    "a percent sign": "a%2fb",
    "a question mark": "a?b",
    "a number sign": "a#b",
    "a blank": "VNet1 to Site6",
    "a line break at the end": "VNet1toSite6\n",
    "a leading underscore": "_a",
    "a trailing dot": "a.",
    "a trailing hyphen": "a-",
    "an umlaut": "Zürich",
    "a backslash": "a\\b",
}

IDENTITY_CASES = [
    Case("the how-to's site-to-site connection", connection()),
    Case("the how-to's VNet-to-VNet connection", vnet_connection()),
    Case("without azureName the object's name counts", connection(azureName=DROP)),
    Case("an Azure name of one character", connection(azureName="a")),
    Case("an Azure name of 80 characters", connection(azureName="a" * 80)),
    Case("an Azure name of 81 characters", connection(azureName="a" * 81), _refused("length", "azureName")),
    Case("an empty Azure name", connection(azureName=""), (*_refused("length", "azureName"),)),
    Case("an Azure name with dot, hyphen and underscore", connection(azureName="VNet1.to-Site_6_")),
    *(
        Case(f"an Azure name with {what}", connection(azureName=name), _refused("azure-name", "azureName"))
        for what, name in _NAME_SLIPS.items()
    ),
    *(
        Case(
            f"a gateway's name with {what}",
            connection(virtualNetworkGateway={"name": name}),
            _refused("azure-name", "virtualNetworkGateway.name"),
        )
        for what, name in _NAME_SLIPS.items()
    ),
    Case(
        "a local gateway's name is checked too",
        connection(localNetworkGateway={"name": "../x"}),
        _refused("azure-name", "localNetworkGateway.name"),
    ),
    Case(
        "a peer's name is checked too",
        vnet_connection(peerVirtualNetworkGateway={"name": "x?y"}),
        _refused("azure-name", "peerVirtualNetworkGateway.name"),
    ),
    Case("a resource group with parentheses and a dot inside", connection(resourceGroup="rg-1_(test).x")),
    Case("a resource group of 90 characters", connection(resourceGroup="a" * 90)),
    Case("a resource group of 91 characters", connection(resourceGroup="a" * 91), _refused("length", "resourceGroup")),
    Case(
        "a resource group that ends with a dot",
        connection(resourceGroup="TestRG1."),
        _refused("resource-group-name", "resourceGroup"),
    ),
    Case(
        "a resource group that is a way up",
        connection(resourceGroup=".."),
        _refused("resource-group-name", "resourceGroup"),
    ),
    Case(
        "a resource group with a slash",
        connection(resourceGroup="a/b"),
        _refused("resource-group-name", "resourceGroup"),
    ),
    Case(
        "a resource group with a percent sign",
        connection(resourceGroup="a%b"),
        _refused("resource-group-name", "resourceGroup"),
    ),
    Case(
        "a gateway's resource group is checked too",
        connection(virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "a b"}),
        _refused("resource-group-name", "virtualNetworkGateway.resourceGroup"),
    ),
    Case(
        "no resource group anywhere",
        connection(resourceGroup=DROP),
        _refused("resource-group-required", "resourceGroup"),
    ),
    Case(
        "the gateway reference names the resource group",
        connection(resourceGroup=DROP, virtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "TestRG1"}),
    ),
    Case(
        "the gateway's id names the resource group",
        connection(resourceGroup=DROP, virtualNetworkGateway={"id": _GATEWAY_ID}),
    ),
    Case(
        "the other end's resource group is not the connection's",
        connection(resourceGroup=DROP, localNetworkGateway={"name": "Site6", "resourceGroup": "TestRG1"}),
        _refused("resource-group-required", "resourceGroup"),
    ),
    Case("a subscription", connection(subscriptionId=SUBSCRIPTION)),
    Case("a subscription in capitals", connection(subscriptionId="ABCDEF00-2222-3333-4444-555555555555")),
    Case(
        "a subscription is a UUID, not a name",
        connection(subscriptionId="Production"),
        _refused("subscription-id", "subscriptionId"),
    ),
    Case(
        "a subscription in braces",
        connection(subscriptionId="{" + SUBSCRIPTION[:-2] + "}"),
        _refused("subscription-id", "subscriptionId"),
    ),
    Case(
        "a subscription with more after it",
        connection(subscriptionId=SUBSCRIPTION + "/"),
        _refused("length", "subscriptionId"),
    ),
    Case(
        "a gateway's subscription is checked too",
        connection(virtualNetworkGateway={"name": "VNet1GW", "subscriptionId": "x"}),
        _refused("subscription-id", "virtualNetworkGateway.subscriptionId"),
    ),
]

GATEWAY_CASES = [
    Case("a gateway by id", connection(virtualNetworkGateway={"id": _GATEWAY_ID})),
    Case("an id's case means nothing", connection(virtualNetworkGateway={"id": _GATEWAY_ID.upper()})),
    Case(
        "a gateway by id and name",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID, "name": "VNet1GW"}),
        _refused("gateway-name-or-id", "virtualNetworkGateway"),
    ),
    Case(
        "a gateway by id and resource group",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID, "resourceGroup": "TestRG1"}),
        _refused("gateway-name-or-id", "virtualNetworkGateway"),
    ),
    Case(
        "a gateway by id and subscription",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID, "subscriptionId": SUBSCRIPTION}),
        _refused("gateway-name-or-id", "virtualNetworkGateway"),
    ),
    Case(
        "a gateway by resource group alone",
        connection(virtualNetworkGateway={"resourceGroup": "TestRG1"}),
        _refused("gateway-name-or-id", "virtualNetworkGateway"),
    ),
    Case(
        "an empty gateway reference",
        connection(localNetworkGateway={}),
        _refused("gateway-name-or-id", "localNetworkGateway"),
    ),
    Case("a local gateway by id", connection(localNetworkGateway={"id": _SITE_ID})),
    Case(
        "a local gateway's id where a VPN gateway's belongs",
        connection(virtualNetworkGateway={"id": _SITE_ID}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "a VPN gateway's id where a local gateway's belongs",
        connection(localNetworkGateway={"id": _GATEWAY_ID}),
        _refused("local-gateway-id", "localNetworkGateway.id"),
    ),
    Case(
        "an id without leading slash",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID[1:]}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id with a trailing slash",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID + "/"}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id with a way up",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID + "/../x"}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id with a query",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID + "?x=1"}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id with an escaped slash",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID + "%2f"}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id of another provider",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID.replace("Microsoft.Network", "Microsoft.Compute")}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id whose subscription is no UUID",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID.replace(SUBSCRIPTION, "x")}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "an id with a letter that only looks like ASCII",
        connection(virtualNetworkGateway={"id": _GATEWAY_ID.replace("Network", "Networ\u212a")}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "a URL instead of an id",
        connection(virtualNetworkGateway={"id": "https://example.org" + _GATEWAY_ID}),
        _refused("gateway-id", "virtualNetworkGateway.id"),
    ),
    Case(
        "a short text instead of an id, and nothing else names the resource group",
        connection(resourceGroup=DROP, virtualNetworkGateway={"id": "x"}),
        (("gateway-id", "spec.virtualNetworkGateway.id"), ("resource-group-required", "spec.resourceGroup")),
    ),
    Case("no gateway", connection(virtualNetworkGateway=DROP), _refused("gateway-required", "virtualNetworkGateway")),
    Case("no other end", connection(localNetworkGateway=DROP), _refused("one-other-end", "localNetworkGateway")),
    Case(
        "two other ends",
        connection(peerVirtualNetworkGateway={"name": "VNet2GW"}),
        _refused("one-other-end", "localNetworkGateway"),
    ),
    Case(
        "a gateway by name is no text",
        connection(virtualNetworkGateway="VNet1GW"),
        _refused("type", "virtualNetworkGateway"),
    ),
    Case("type IPsec with a local gateway", connection(connectionType="IPsec")),
    Case("type Vnet2Vnet with a peer gateway", vnet_connection(connectionType="Vnet2Vnet")),
    Case(
        "type Vnet2Vnet with a local gateway",
        connection(connectionType="Vnet2Vnet"),
        _refused("connection-type-fits", "connectionType"),
    ),
    Case(
        "type IPsec with a peer gateway",
        vnet_connection(connectionType="IPsec"),
        _refused("connection-type-fits", "connectionType"),
    ),
    Case(
        "type IPSec with a wrong capital",
        connection(connectionType="IPSec"),
        _refused("enum", "connectionType"),
        hint="IPsec",
    ),
    Case(
        "type ExpressRoute is another product",
        connection(connectionType="ExpressRoute"),
        _refused("enum", "connectionType"),
    ),
    Case(
        "a gateway is not its own peer",
        vnet_connection(peerVirtualNetworkGateway={"name": "VNet1GW"}),
        _refused("gateway-is-not-its-peer", "peerVirtualNetworkGateway"),
    ),
    Case(
        "a gateway is not its own peer in other letters",
        vnet_connection(peerVirtualNetworkGateway={"name": "vnet1gw", "resourceGroup": "testrg1"}),
        _refused("gateway-is-not-its-peer", "peerVirtualNetworkGateway"),
    ),
    Case(
        "a gateway is not its own peer by id",
        vnet_connection(
            virtualNetworkGateway={"id": _GATEWAY_ID}, peerVirtualNetworkGateway={"id": _GATEWAY_ID.lower()}
        ),
        _refused("gateway-is-not-its-peer", "peerVirtualNetworkGateway"),
    ),
    Case(
        "a gateway is not its own peer by id and name",
        vnet_connection(virtualNetworkGateway={"id": _GATEWAY_ID}, peerVirtualNetworkGateway={"name": "VNet1GW"}),
        _refused("gateway-is-not-its-peer", "peerVirtualNetworkGateway"),
    ),
    Case(
        "gateways of one name in two groups",
        vnet_connection(peerVirtualNetworkGateway={"name": "VNet1GW", "resourceGroup": "TestRG2"}),
    ),
    Case(
        "gateways of one name in two subscriptions",
        vnet_connection(
            subscriptionId=SUBSCRIPTION,
            peerVirtualNetworkGateway={"name": "VNet1GW", "subscriptionId": OTHER_SUBSCRIPTION},
        ),
    ),
]

OBSERVE_CASES = [
    Case("an observer needs name and group only", observed()),
    Case("an observer without azureName watches the object's name", observed(azureName=DROP)),
    Case(
        "an observer needs the group",
        observed(resourceGroup=DROP),
        _refused("resource-group-required", "resourceGroup"),
    ),
    Case("an observer may name a gateway", observed(virtualNetworkGateway={"name": "VNet1GW"})),
    Case("an observer may name the other end alone", observed(localNetworkGateway={"name": "Site6"})),
    Case(
        "an observer may not name two other ends",
        observed(localNetworkGateway={"name": "Site6"}, peerVirtualNetworkGateway={"name": "VNet2GW"}),
        _refused("one-other-end", "localNetworkGateway"),
    ),
    Case(
        "Enforce needs gateway and other end",
        observed(managementPolicy="Enforce"),
        (("gateway-required", "spec.virtualNetworkGateway"), ("one-other-end", "spec.localNetworkGateway")),
    ),
    Case(
        "without managementPolicy gateway and other end are needed",
        observed(managementPolicy=DROP),
        (("gateway-required", "spec.virtualNetworkGateway"), ("one-other-end", "spec.localNetworkGateway")),
    ),
    Case("managementPolicy Plan", connection(managementPolicy="Plan")),
    Case(
        "Plan needs gateway and other end, as Enforce does",
        observed(managementPolicy="Plan"),
        (("gateway-required", "spec.virtualNetworkGateway"), ("one-other-end", "spec.localNetworkGateway")),
    ),
    Case("managementPolicy Preview", connection(managementPolicy="Preview"), _refused("enum", "managementPolicy")),
    *(Case(f"adoptionPolicy {value}", connection(adoptionPolicy=value)) for value in ("Never", "WhenEqual", "Always")),
    *(Case(f"driftPolicy {value}", connection(driftPolicy=value)) for value in ("Correct", "CorrectSafe", "Report")),
    *(Case(f"deletionPolicy {value}", connection(deletionPolicy=value)) for value in ("Delete", "Retain")),
    Case("adoptionPolicy Sometimes", connection(adoptionPolicy="Sometimes"), _refused("enum", "adoptionPolicy")),
    Case("driftPolicy Ignore", connection(driftPolicy="Ignore"), _refused("enum", "driftPolicy")),
    Case("deletionPolicy Orphan", connection(deletionPolicy="Orphan"), _refused("enum", "deletionPolicy")),
    Case("suspended", connection(suspend=True)),
    Case("suspend is no text", connection(suspend="yes"), _refused("type", "suspend")),
]

REFERENCE_CASES = [
    Case("without a policy Azure's Default policy is used", connection(ipsecPolicyRef=DROP)),
    Case("without a Secret the key is not managed", connection(sharedKeySecretRef=DROP)),
    Case(
        "one policy per connection, not a list",
        connection(ipsecPolicyRef=[{"name": "a"}, {"name": "b"}]),
        _refused("type", "ipsecPolicyRef"),
    ),
    Case("a policy reference needs a name", connection(ipsecPolicyRef={}), _refused("required", "ipsecPolicyRef.name")),
    Case("a policy's name of 63 characters", connection(ipsecPolicyRef={"name": "a" * 63})),
    Case(
        "a policy's name of 64 characters",
        connection(ipsecPolicyRef={"name": "a" * 64}),
        _refused("length", "ipsecPolicyRef.name"),
    ),
    Case(
        "a policy's name with capitals",
        connection(ipsecPolicyRef={"name": "Site6"}),
        _refused("policy-name", "ipsecPolicyRef.name"),
    ),
    Case(
        "a policy of another namespace",
        connection(ipsecPolicyRef={"name": "other/site6"}),
        _refused("policy-name", "ipsecPolicyRef.name"),
    ),
    Case(
        "a Secret reference needs a name",
        connection(sharedKeySecretRef={"key": "psk"}),
        _refused("required", "sharedKeySecretRef.name"),
    ),
    Case(
        "a Secret's name with a slash",
        connection(sharedKeySecretRef={"name": "other/key"}),
        _refused("secret-name", "sharedKeySecretRef.name"),
    ),
    Case("a Secret's entry", connection(sharedKeySecretRef={"name": "site6-key", "key": "PSK_1.txt"})),
    Case(
        "a Secret's entry with a blank",
        connection(sharedKeySecretRef={"name": "site6-key", "key": "a b"}),
        _refused("secret-key", "sharedKeySecretRef.key"),
    ),
    Case(
        "an empty Secret's entry",
        connection(sharedKeySecretRef={"name": "site6-key", "key": ""}),
        _refused("length", "sharedKeySecretRef.key"),
    ),
    Case(
        "the key itself where the reference belongs",
        connection(sharedKeySecretRef="Not.a.real.key"),
        _refused("type", "sharedKeySecretRef"),
    ),
]

SETTING_CASES = [
    Case("DPD of 9 seconds is the shortest", connection(dpdTimeoutSeconds=9)),
    Case("DPD of 8 seconds", connection(dpdTimeoutSeconds=8), _refused("range", "dpdTimeoutSeconds")),
    Case("DPD of 45 seconds is Azure's default", connection(dpdTimeoutSeconds=45)),
    Case("DPD of 3600 seconds is the longest", connection(dpdTimeoutSeconds=3600)),
    Case("DPD of 3601 seconds", connection(dpdTimeoutSeconds=3601), _refused("range", "dpdTimeoutSeconds")),
    Case("DPD of 0 is left out instead", connection(dpdTimeoutSeconds=0), _refused("range", "dpdTimeoutSeconds")),
    Case("DPD with the Default policy", connection(dpdTimeoutSeconds=30, ipsecPolicyRef=DROP)),
    Case("routing weight 0", connection(routingWeight=0)),
    Case("routing weight 32000", connection(routingWeight=32000)),
    Case("routing weight 32001", connection(routingWeight=32001), _refused("range", "routingWeight")),
    Case("routing weight -1", connection(routingWeight=-1), _refused("range", "routingWeight")),
    *(
        Case(f"connectionMode {value}", connection(connectionMode=value))
        for value in ("Default", "ResponderOnly", "InitiatorOnly")
    ),
    Case(
        "connectionMode Initiator",
        connection(connectionMode="Initiator"),
        _refused("enum", "connectionMode"),
        hint="InitiatorOnly",
    ),
    Case("IKEv2", connection(connectionProtocol="IKEv2")),
    Case("IKEv1", connection(connectionProtocol="IKEv1")),
    Case(
        "IKEV1 with a capital V",
        connection(connectionProtocol="IKEV1"),
        _refused("enum", "connectionProtocol"),
        hint="IKEv1",
    ),
    Case(
        "IKEv1 with policy-based selectors",
        connection(connectionProtocol="IKEv1", usePolicyBasedTrafficSelectors=True),
        _refused("ikev1-selectors", "usePolicyBasedTrafficSelectors"),
    ),
    Case(
        "IKEv1 with the selectors turned off",
        connection(connectionProtocol="IKEv1", usePolicyBasedTrafficSelectors=False),
    ),
    Case(
        "policy-based selectors with the Default policy",
        connection(ipsecPolicyRef=DROP, usePolicyBasedTrafficSelectors=True),
    ),
    Case(
        "the how-to's selectors",
        connection(**_selectors(["192.168.0.0/16", "172.16.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"])),
    ),
    Case(
        "selectors without the flag are kept unused",
        connection(trafficSelectorPolicies=_selectors(["10.0.0.0/8"], ["10.1.0.0/16"])["trafficSelectorPolicies"]),
    ),
    Case("a selector of one address", connection(**_selectors(["10.1.0.1/32"], ["10.2.0.1/32"]))),
    Case("a selector for everything", connection(**_selectors(["0.0.0.0/0"], ["0.0.0.0/0"]))),
    Case("a selector of IPv6", connection(**_selectors(["2001:db8::/32"], ["fd00::/8"]))),
    Case("a selector with bits behind the prefix", connection(**_selectors(["10.1.2.3/16"], ["10.2.0.0/16"]))),
    *(
        Case(
            f"a selector {what}",
            connection(**_selectors(["10.1.0.0/16", text], ["10.2.0.0/16"])),
            _refused("selector-range", f"{_SELECTOR}.localAddressRanges[1]"),
        )
        for what, text in {
            "without prefix": "10.1.0.0",
            "with a netmask": "10.1.0.0/255.255.0.0",
            "with a prefix of 33": "10.1.0.0/33",
            "with a byte of 256": "10.256.0.0/16",
            "with leading zeros": "10.01.0.0/16",
            "with a leading zero in the prefix": "10.1.0.0/08",
            "with three bytes": "10.1.0/16",
            "that is a range": "10.1.0.0-10.1.0.255",
            "with a blank": "10.1.0.0/16 ",
            "that is a word": "any",
            "of IPv4 mapped into IPv6": "::ffff:10.1.0.0/112",
            "with a zone": "fe80::1%eth0/64",
            "with a signed prefix": "10.1.0.0/+16",
            "with two prefixes": "10.1.0.0/16/16",
        }.items()
    ),
    *(
        Case(
            f"a single address in a selector is offered as a range: {text}",
            connection(**_selectors(["10.1.0.0/16"], [text])),
            _refused("selector-range", f"{_SELECTOR}.remoteAddressRanges[0]"),
            hint=f"write {text}/{prefix}",
        )
        for text, prefix in (("10.1.2.3", 32), ("2001:db8::1", 128))
    ),
    Case(
        "the other side's ranges are checked too",
        connection(**_selectors(["10.1.0.0/16"], ["x"])),
        _refused("selector-range", f"{_SELECTOR}.remoteAddressRanges[0]"),
    ),
    Case(
        "selectors need ranges on both sides",
        connection(**_selectors([], ["10.1.0.0/16"])),
        _refused("items", f"{_SELECTOR}.localAddressRanges"),
    ),
    Case(
        "selectors need both lists",
        connection(trafficSelectorPolicies=[{"localAddressRanges": ["10.0.0.0/8"]}]),
        _refused("required", f"{_SELECTOR}.remoteAddressRanges"),
    ),
    Case("100 ranges", connection(**_selectors([f"10.{i}.0.0/16" for i in range(100)], ["10.0.0.0/8"]))),
    Case(
        "101 ranges",
        connection(**_selectors([f"10.{i}.0.0/16" for i in range(101)], ["10.0.0.0/8"])),
        _refused("items", f"{_SELECTOR}.localAddressRanges"),
    ),
    Case(
        "101 selectors",
        connection(trafficSelectorPolicies=_selectors(["10.0.0.0/8"], ["10.0.0.0/8"])["trafficSelectorPolicies"] * 101),
        _refused("items", "trafficSelectorPolicies"),
    ),
    Case(
        "null in a list is no range",
        connection(**_selectors([None], ["10.0.0.0/8"])),
        _refused("type", f"{_SELECTOR}.localAddressRanges[0]"),
    ),
    Case("BGP", connection(enableBgp=True)),
    Case("a custom BGP address", connection(**_bgp("169.254.21.1"))),
    Case(
        "a custom BGP address without BGP",
        connection(**{**_bgp("169.254.21.1"), "enableBgp": False}),
        _refused("bgp-address-needs-bgp", "enableBgp"),
    ),
    Case(
        "a custom BGP address with BGP unsaid",
        connection(**{**_bgp("169.254.21.1"), "enableBgp": DROP}),
        _refused("bgp-address-needs-bgp", "enableBgp"),
    ),
    Case(
        "a custom BGP address that is a range",
        connection(**_bgp("169.254.21.1/32")),
        _refused("bgp-address", "gatewayCustomBgpIpAddresses[0].customBgpIpAddress"),
    ),
    Case(
        "a custom BGP address of a host name",
        connection(**_bgp("router")),
        _refused("bgp-address", "gatewayCustomBgpIpAddresses[0].customBgpIpAddress"),
    ),
    Case(
        "an IP configuration by name",
        connection(**_bgp("169.254.21.1", "default")),
        _refused("ip-configuration-id", "gatewayCustomBgpIpAddresses[0].ipConfigurationId"),
    ),
    Case(
        "an IP configuration needs its address",
        connection(enableBgp=True, gatewayCustomBgpIpAddresses=[{"ipConfigurationId": _IP_CONFIGURATION}]),
        _refused("required", "gatewayCustomBgpIpAddresses[0].customBgpIpAddress"),
    ),
    Case("the private address", connection(useLocalAzureIpAddress=True)),
    Case(
        "NAT rules by name and id",
        connection(ingressNatRules=[{"name": "in-1"}], egressNatRules=[{"id": f"{_GATEWAY_ID}/natRules/out-1"}]),
    ),
    Case(
        "a NAT rule by name and id at once",
        connection(ingressNatRules=[{"name": "a", "id": f"{_GATEWAY_ID}/natRules/a"}]),
        _refused("nat-rule-name-or-id", "ingressNatRules[0]"),
    ),
    Case(
        "a NAT rule by nothing",
        connection(egressNatRules=[{"name": "a"}, {}]),
        _refused("nat-rule-name-or-id", "egressNatRules[1]"),
    ),
    Case(
        "a NAT rule's id of a gateway",
        connection(egressNatRules=[{"id": _GATEWAY_ID}]),
        _refused("nat-rule-id", "egressNatRules[0].id"),
    ),
    Case(
        "a NAT rule's name with a slash",
        connection(ingressNatRules=[{"name": "a/b"}]),
        _refused("azure-name", "ingressNatRules[0].name"),
    ),
    Case(
        "NAT with policy-based selectors",
        connection(usePolicyBasedTrafficSelectors=True, egressNatRules=[{"name": "a"}]),
        _refused("nat-selectors", "usePolicyBasedTrafficSelectors"),
    ),
    Case(
        "no NAT rules with policy-based selectors",
        connection(usePolicyBasedTrafficSelectors=True, egressNatRules=[], ingressNatRules=[]),
    ),
    Case("tags", connection(tags={"env": "test", "Cost Center": "42", "empty": ""})),
    Case("40 tags", connection(tags={f"t{i}": "x" for i in range(40)})),
    Case("41 tags", connection(tags={f"t{i}": "x" for i in range(41)}), _refused("items", "tags")),
    Case("a tag's value of 256 characters", connection(tags={"a": "x" * 256})),
    Case("a tag's value of 257 characters", connection(tags={"a": "x" * 257}), _refused("length", "tags.a")),
    Case("a tag that is null is no tag", connection(tags={"a": None, "b": "x"})),
    Case("a tag's value is a text", connection(tags={"a": 1}), _refused("type", "tags.a")),
    Case("a tag's name of 512 characters", connection(tags={"x" * 512: "a"})),
    Case("a tag's name of 513 characters", connection(tags={"x" * 513: "a"}), _refused("tag-names", "tags")),
    Case("a tag's name with a slash", connection(tags={"a/b": "x"}), _refused("tag-names", "tags")),
    Case("a tag's name with a backslash", connection(tags={"a\\b": "x"}), _refused("tag-names", "tags")),
    Case(
        "tags that differ in case only", connection(tags={"env": "a", "Env": "b"}), _refused("tag-names-differ", "tags")
    ),
    Case("the operator's owner tag", connection(tags={"azvpn-owner": "me"}), _refused("reserved-tags", "tags")),
    Case(
        "the operator's hold tag in capitals", connection(tags={"AZVPN-Hold": "x"}), _refused("reserved-tags", "tags")
    ),
    Case("a rollout belongs to no connection", connection(rollout={"strategy": "Staged"})),
    Case("a name of 64 characters", connection({"name": "a" * 64}), (("name-length", "metadata.name"),)),
    Case(
        "all that is wrong with a connection is said at once",
        connection(azureName="a/b", dpdTimeoutSeconds=1, localNetworkGateway=DROP, **_selectors(["x"], ["y"])),
        (
            ("range", "spec.dpdTimeoutSeconds"),
            ("azure-name", "spec.azureName"),
            ("one-other-end", "spec.localNetworkGateway"),
            ("selector-range", f"spec.{_SELECTOR}.localAddressRanges[0]"),
            ("selector-range", f"spec.{_SELECTOR}.remoteAddressRanges[0]"),
        ),
    ),
]


def _window(**changes: Any) -> Any:
    window = {"days": ["Sat"], "start": "22:00", "duration": "4h", "timeZone": "Europe/Berlin", **changes}
    return connection(changeWindows=[{name: value for name, value in window.items() if value is not DROP}])


_WINDOW = "changeWindows[0]"
_ODD_STARTS = ("24:00", "22:60", "9:00", "22", "22.30", "2200", "22:3", "aa:bb")
_ODD_DURATIONS = (
    "14m", "0h", "24h1m", "25h", "1441m", "4", "240", "1.5h", "90s", "1h30m0s", "30m1h", "-1h", "4H", "1 h", "h", "m", "PT4H",
)  # fmt: skip
_ODD_ZONES = (
    "Europe/Berln", "europe/berlin", "Berlin", "CEST", "Local", "localtime", "Factory", "America", "+02:00", "02:00", "GMT+2",
    "Europe//Berlin", "Europe/Berlin/", "/Europe/Berlin", "../UTC", "posix/Europe/Berlin", "Europe/Berlin\n",
)  # fmt: skip

WINDOW_CASES = [
    Case("a change window", _window()),
    Case("no change windows", connection(changeWindows=[])),
    Case("a window of every day in UTC", _window(days=DROP, timeZone=DROP)),
    Case("a window on all days, one of them twice", _window(days=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sat"])),
    Case("a window on no day", _window(days=[]), _refused("items", f"{_WINDOW}.days")),
    Case("a day in full", _window(days=["Saturday"]), _refused("enum", f"{_WINDOW}.days[0]")),
    Case("a day in small letters", _window(days=["sat"]), _refused("enum", f"{_WINDOW}.days[0]"), hint="Sat"),
    Case("a window without a start", _window(start=DROP), _refused("required", f"{_WINDOW}.start")),
    Case("a window without a duration", _window(duration=DROP), _refused("required", f"{_WINDOW}.duration")),
    Case("a start that YAML takes for a number", _window(start=1320), _refused("type", f"{_WINDOW}.start")),
    Case("16 windows", connection(changeWindows=[{"start": "01:00", "duration": "1h"}] * 16)),
    Case(
        "17 windows",
        connection(changeWindows=[{"start": "01:00", "duration": "1h"}] * 17),
        _refused("items", "changeWindows"),
    ),
    *(Case(f"a window from {start}", _window(start=start)) for start in ("00:00", "23:59")),
    *(
        Case(f"a window from {start!r}", _window(start=start), _refused("window-start", f"{_WINDOW}.start"))
        for start in _ODD_STARTS
    ),
    *(
        Case(f"a window for {duration}", _window(duration=duration))
        for duration in ("15m", "90m", "1h30m", "24h", "1440m", "23h60m", "0h15m", "01h", "4h00m")
    ),
    *(
        Case(
            f"a window for {duration!r}", _window(duration=duration), _refused("window-duration", f"{_WINDOW}.duration")
        )
        for duration in _ODD_DURATIONS
    ),
    *(
        Case(f"a window in the zone {zone}", _window(timeZone=zone))
        for zone in (
            "UTC",
            "Etc/GMT+5",
            "America/Argentina/Buenos_Aires",
            "Antarctica/DumontDUrville",
            "EST5EDT",
            "Asia/Ust-Nera",
        )
    ),
    *(
        Case(
            f"a window in the zone {zone!r}",
            _window(timeZone=zone),
            _refused("window-time-zone", f"{_WINDOW}.timeZone"),
        )
        for zone in _ODD_ZONES
    ),
    Case(
        "a time zone with a slip",
        _window(timeZone="Europe/Belin"),
        _refused("window-time-zone", f"{_WINDOW}.timeZone"),
        hint="did you mean Europe/Berlin?",
    ),
]

CONNECTION_CASES = [
    *IDENTITY_CASES,
    *GATEWAY_CASES,
    *OBSERVE_CASES,
    *REFERENCE_CASES,
    *SETTING_CASES,
    *WINDOW_CASES,
    *REVERSE_CASES,
]
