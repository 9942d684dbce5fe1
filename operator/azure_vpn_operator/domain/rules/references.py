"""What must hold for names, ids and references in a VpnConnection: nothing unsafe gets into a URL."""

from typing import Any, Final

from azure_vpn_operator.domain.azure import names as azure_names
from azure_vpn_operator.domain.azure.names import matches
from azure_vpn_operator.domain.rules.rule import Rule

_GATEWAYS: Final = ("spec.virtualNetworkGateway", "spec.localNetworkGateway", "spec.peerVirtualNetworkGateway")
_NAT_RULES: Final = tuple(
    f"{half}.{direction}[]" for half in ("spec", "spec.reverse") for direction in ("ingressNatRules", "egressNatRules")
)


def _pattern_rule(rule_id: str, at: tuple[str, ...], pattern: str, message: str) -> Rule:
    return Rule(rule_id, at, "", message, f"self.matches('{pattern}')", lambda text: matches(pattern, text))


def _id_rule(rule_id: str, at: tuple[str, ...], types: tuple[str, ...], what: str) -> Rule:
    pattern = azure_names.id_pattern(*types)
    form = "".join(f"/{kind}/<name>" for kind in types)
    return Rule(
        id=rule_id,
        at=at,
        field="",
        message=f"must be {what}: /subscriptions/<uuid>/resourceGroups/<group>/providers/Microsoft.Network{form}",
        cel=f"self.lowerAscii().matches('{pattern}')",
        holds=lambda text: matches(pattern, azure_names.lower_ascii(text)),
    )


def _has_name_or_id(gateway: Any) -> bool:
    if "id" in gateway:
        return not {"name", "resourceGroup", "subscriptionId"} & gateway.keys()
    return "name" in gateway


REFERENCE_RULES: Final = (
    _pattern_rule(
        "azure-name",
        ("spec.azureName", "spec.reverse.azureName", *(f"{place}.name" for place in (*_GATEWAYS, *_NAT_RULES))),
        azure_names.AZURE_NAME,
        "must be an Azure resource name: 1 to 80 letters, digits, `.`, `_` or `-`, beginning with a letter or digit and "
        "ending with a letter, digit or `_`",
    ),
    _pattern_rule(
        "resource-group-name",
        ("spec.resourceGroup", "spec.reverse.resourceGroup", *(f"{place}.resourceGroup" for place in _GATEWAYS)),
        azure_names.RESOURCE_GROUP_NAME,
        "must be a resource group's name: 1 to 90 ASCII letters, digits, `.`, `_`, `-`, `(` or `)`, not ending with `.`",
    ),
    _pattern_rule(
        "subscription-id",
        ("spec.subscriptionId", "spec.reverse.subscriptionId", *(f"{place}.subscriptionId" for place in _GATEWAYS)),
        azure_names.SUBSCRIPTION_ID,
        "must be a subscription's id, a UUID such as 00000000-0000-0000-0000-000000000000",
    ),
    Rule(
        id="gateway-name-or-id",
        at=_GATEWAYS,
        field="",
        message="must have either `name`, with `resourceGroup` and `subscriptionId` if they differ from the connection's, "
        "or `id` alone",
        cel="has(self.id) ? !has(self.name) && !has(self.resourceGroup) && !has(self.subscriptionId) : has(self.name)",
        holds=_has_name_or_id,
    ),
    _id_rule(
        "gateway-id",
        ("spec.virtualNetworkGateway.id", "spec.peerVirtualNetworkGateway.id"),
        (azure_names.VIRTUAL_NETWORK_GATEWAYS,),
        "the id of a virtual network gateway",
    ),
    _id_rule(
        "local-gateway-id",
        ("spec.localNetworkGateway.id",),
        (azure_names.LOCAL_NETWORK_GATEWAYS,),
        "the id of a local network gateway",
    ),
    _pattern_rule(
        "policy-name",
        ("spec.ipsecPolicyRef.name",),
        azure_names.OBJECT_NAME,
        "must be an object's name: lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit",
    ),
    _pattern_rule(
        "secret-name",
        ("spec.sharedKeySecretRef.name",),
        azure_names.OBJECT_NAME,
        "must be a Secret's name: lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit",
    ),
    _pattern_rule(
        "secret-key",
        ("spec.sharedKeySecretRef.key",),
        azure_names.SECRET_KEY,
        "must be an entry of a Secret: letters, digits, `-`, `_` and `.`",
    ),
    _id_rule(
        "ip-configuration-id",
        (
            "spec.gatewayCustomBgpIpAddresses[].ipConfigurationId",
            "spec.reverse.gatewayCustomBgpIpAddresses[].ipConfigurationId",
        ),
        (azure_names.VIRTUAL_NETWORK_GATEWAYS, "ipConfigurations"),
        "the id of a gateway's IP configuration",
    ),
    Rule(
        id="nat-rule-name-or-id",
        at=_NAT_RULES,
        field="",
        message="must have exactly one of `name` and `id`",
        cel="has(self.name) != has(self.id)",
        holds=lambda rule: ("name" in rule) != ("id" in rule),
    ),
    _id_rule(
        "nat-rule-id",
        tuple(f"{place}.id" for place in _NAT_RULES),
        (azure_names.VIRTUAL_NETWORK_GATEWAYS, "natRules"),
        "the id of a gateway's NAT rule",
    ),
)
