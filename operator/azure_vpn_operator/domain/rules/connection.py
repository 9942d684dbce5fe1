"""What must hold for a VpnConnection beyond its schema, as far as the object alone decides it.

What only Azure can tell (SKU and type of the gateway) is in `gateway_rules`.
"""

from ipaddress import ip_address
from typing import Any, Final

from azure_vpn_operator.domain.azure.addresses import is_cidr, is_ip
from azure_vpn_operator.domain.azure.names import lower_ascii, matches
from azure_vpn_operator.domain.rules.change_windows import CHANGE_WINDOW_RULES
from azure_vpn_operator.domain.rules.identity import (
    IDENTITY_RULES,
    cel_gateway_name,
    cel_gateway_resource_group,
    cel_gateway_subscription,
    cel_resource_group,
    is_observe,
    read_gateway,
    read_resource_group,
)
from azure_vpn_operator.domain.rules.policy import NAME_LENGTH
from azure_vpn_operator.domain.rules.references import REFERENCE_RULES
from azure_vpn_operator.domain.rules.reverse import REVERSE_IDENTITY_RULES, REVERSE_RULES
from azure_vpn_operator.domain.rules.rule import Rule

_TAG_NAME: Final = r"^[^<>%&?/\\]{1,512}$"
_OBSERVE: Final = "(has(self.managementPolicy) && self.managementPolicy == 'Observe')"


def _halves(spec: Any) -> tuple[Any, ...]:
    return (spec, spec["reverse"]) if "reverse" in spec else (spec,)


def _cel_is_empty(*lists: str) -> str:
    """Return the CEL form of no item in any of the lists, of either half."""
    own = [f"(!has(self.{name}) || size(self.{name}) == 0)" for name in lists]
    reverse = [f"(!has(self.reverse.{name}) || size(self.reverse.{name}) == 0)" for name in lists]
    return f"({' && '.join(own)} && (!has(self.reverse) || ({' && '.join(reverse)})))"


def _has_resource_group(document: Any) -> bool:
    return read_resource_group(document) != ""


def _has_gateway(spec: Any) -> bool:
    return is_observe(spec) or "virtualNetworkGateway" in spec


def _has_one_other_end(spec: Any) -> bool:
    ends = ("localNetworkGateway" in spec) + ("peerVirtualNetworkGateway" in spec)
    return ends <= 1 if is_observe(spec) else ends == 1


def _has_fitting_type(spec: Any) -> bool:
    wrong_end = {"IPsec": "peerVirtualNetworkGateway", "Vnet2Vnet": "localNetworkGateway"}
    return "connectionType" not in spec or wrong_end[spec["connectionType"]] not in spec


def _is_not_own_peer(document: Any) -> bool:
    own = read_gateway(document, "virtualNetworkGateway")
    return own is None or own != read_gateway(document, "peerVirtualNetworkGateway")


def _has_route_based_selectors_for_ikev1(spec: Any) -> bool:
    return spec.get("connectionProtocol") != "IKEv1" or not spec.get("usePolicyBasedTrafficSelectors", False)


def _has_route_based_selectors_for_nat(spec: Any) -> bool:
    return not spec.get("usePolicyBasedTrafficSelectors", False) or not any(
        half.get("ingressNatRules") or half.get("egressNatRules") for half in _halves(spec)
    )


def _has_bgp_for_custom_addresses(spec: Any) -> bool:
    return bool(spec.get("enableBgp", False)) or not any(
        half.get("gatewayCustomBgpIpAddresses") for half in _halves(spec)
    )


def _has_no_reserved_tags(tags: Any) -> bool:
    return not any(lower_ascii(name).startswith("azvpn-") for name in tags)


def _has_valid_tag_names(tags: Any) -> bool:
    return all(matches(_TAG_NAME, name) for name in tags)


def _has_different_tag_names(tags: Any) -> bool:
    return len({lower_ascii(name) for name in tags}) == len(tags)


def _suggest_range(text: str) -> str | None:
    return f"write {text}/{ip_address(text).max_prefixlen}" if is_ip(text) else None


CONNECTION_RULES: Final = (
    NAME_LENGTH,
    *REFERENCE_RULES,
    *REVERSE_RULES,
    Rule(
        id="resource-group-required",
        at=("",),
        field="spec.resourceGroup",
        message="`spec.resourceGroup` must be set, unless `spec.virtualNetworkGateway` names the resource group",
        cel=f"{cel_resource_group('self')} != ''",
        holds=_has_resource_group,
    ),
    Rule(
        id="gateway-required",
        at=("spec",),
        field="virtualNetworkGateway",
        message="`virtualNetworkGateway` must be set, unless `managementPolicy` is Observe",
        cel=f"{_OBSERVE} || has(self.virtualNetworkGateway)",
        holds=_has_gateway,
    ),
    Rule(
        id="one-other-end",
        at=("spec",),
        field="localNetworkGateway",
        message="exactly one of `localNetworkGateway` and `peerVirtualNetworkGateway` must be set; under `managementPolicy` "
        "Observe at most one",
        cel=f"!(has(self.localNetworkGateway) && has(self.peerVirtualNetworkGateway)) && ({_OBSERVE} || "
        "has(self.localNetworkGateway) || has(self.peerVirtualNetworkGateway))",
        holds=_has_one_other_end,
    ),
    Rule(
        id="connection-type-fits",
        at=("spec",),
        field="connectionType",
        message="`connectionType` must be IPsec with `localNetworkGateway` and Vnet2Vnet with `peerVirtualNetworkGateway`; "
        "it may be left out",
        cel="!has(self.connectionType) || (self.connectionType == 'IPsec' ? !has(self.peerVirtualNetworkGateway) : "
        "!has(self.localNetworkGateway))",
        holds=_has_fitting_type,
    ),
    Rule(
        id="gateway-is-not-its-peer",
        at=("",),
        field="spec.peerVirtualNetworkGateway",
        message="`spec.peerVirtualNetworkGateway` must be another gateway than `spec.virtualNetworkGateway`",
        cel="!has(self.spec.virtualNetworkGateway) || !has(self.spec.peerVirtualNetworkGateway) || "
        + " || ".join(
            f"{part('self', 'virtualNetworkGateway')} != {part('self', 'peerVirtualNetworkGateway')}"
            for part in (cel_gateway_name, cel_gateway_resource_group, cel_gateway_subscription)
        ),
        holds=_is_not_own_peer,
    ),
    Rule(
        id="ikev1-selectors",
        at=("spec",),
        field="usePolicyBasedTrafficSelectors",
        message="`usePolicyBasedTrafficSelectors` must not be true with `connectionProtocol` IKEv1",
        cel="!has(self.connectionProtocol) || self.connectionProtocol != 'IKEv1' || "
        "!has(self.usePolicyBasedTrafficSelectors) || !self.usePolicyBasedTrafficSelectors",
        holds=_has_route_based_selectors_for_ikev1,
    ),
    Rule(
        id="nat-selectors",
        at=("spec",),
        field="usePolicyBasedTrafficSelectors",
        message="`usePolicyBasedTrafficSelectors` must not be true with `ingressNatRules` or `egressNatRules` of either half",
        cel="!has(self.usePolicyBasedTrafficSelectors) || !self.usePolicyBasedTrafficSelectors || "
        + _cel_is_empty("ingressNatRules", "egressNatRules"),
        holds=_has_route_based_selectors_for_nat,
    ),
    Rule(
        id="selector-range",
        at=(
            "spec.trafficSelectorPolicies[].localAddressRanges[]",
            "spec.trafficSelectorPolicies[].remoteAddressRanges[]",
        ),
        field="",
        message="must be an address range in CIDR notation, such as 10.1.0.0/16; a single address is one with /32 (IPv6: /128)",
        cel="isCIDR(self)",
        holds=is_cidr,
        hint=_suggest_range,
    ),
    Rule(
        id="bgp-address-needs-bgp",
        at=("spec",),
        field="enableBgp",
        message="`enableBgp` must be true with `gatewayCustomBgpIpAddresses` of either half",
        cel="(has(self.enableBgp) && self.enableBgp) || " + _cel_is_empty("gatewayCustomBgpIpAddresses"),
        holds=_has_bgp_for_custom_addresses,
    ),
    Rule(
        id="bgp-address",
        at=(
            "spec.gatewayCustomBgpIpAddresses[].customBgpIpAddress",
            "spec.reverse.gatewayCustomBgpIpAddresses[].customBgpIpAddress",
        ),
        field="",
        message="must be an IP address, such as 169.254.21.1",
        cel="isIP(self)",
        holds=is_ip,
    ),
    Rule(
        id="reserved-tags",
        at=("spec.tags", "spec.reverse.tags"),
        field="",
        message="must not name tags that begin with `azvpn-`: the operator uses those itself",
        cel="self.all(name, !name.lowerAscii().startsWith('azvpn-'))",
        holds=_has_no_reserved_tags,
    ),
    Rule(
        id="tag-names",
        at=("spec.tags", "spec.reverse.tags"),
        field="",
        message="must have names of 1 to 512 characters without `<`, `>`, `%`, `&`, `\\`, `?` and `/`",
        cel=f"self.all(name, name.matches(r'{_TAG_NAME}'))",
        holds=_has_valid_tag_names,
    ),
    Rule(
        id="tag-names-differ",
        at=("spec.tags", "spec.reverse.tags"),
        field="",
        message="must have names that differ in more than case: Azure takes such names for one",
        cel="self.all(one, self.exists_one(other, one.lowerAscii() == other.lowerAscii()))",
        holds=_has_different_tag_names,
    ),
    *CHANGE_WINDOW_RULES,
)

CONNECTION_TRANSITIONS: Final = (*IDENTITY_RULES, *REVERSE_IDENTITY_RULES)
