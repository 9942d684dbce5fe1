"""Connections in a Terraform or OpenTofu state: the state file itself (version 4), or what `terraform show -json` prints.

Attributes are those of azurerm_virtual_network_gateway_connection in the azurerm provider's documentation, from 2.x to 4.x.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from azure_vpn_operator.azvpn.importing.found import Found, FoundConnection, Note, SourceError

TYPE: Final = "azurerm_virtual_network_gateway_connection"

_PLAIN: Final = {
    "type": "connectionType",
    "connection_protocol": "connectionProtocol",
    "connection_mode": "connectionMode",
    "routing_weight": "routingWeight",
    "dpd_timeout_seconds": "dpdTimeoutSeconds",
    "enable_bgp": "enableBgp",
    "bgp_enabled": "enableBgp",
    "local_azure_ip_address_enabled": "useLocalAzureIpAddress",
    "use_policy_based_traffic_selectors": "usePolicyBasedTrafficSelectors",
    "express_route_gateway_bypass": "expressRouteGatewayBypass",
    "private_link_fast_path_enabled": "enablePrivateLinkFastPath",
}
_REFERENCES: Final = {
    "virtual_network_gateway_id": "virtualNetworkGateway1",
    "peer_virtual_network_gateway_id": "virtualNetworkGateway2",
    "local_network_gateway_id": "localNetworkGateway2",
    "express_route_circuit_id": "peer",
}
_POLICY: Final = {
    "dh_group": "dhGroup",
    "ike_encryption": "ikeEncryption",
    "ike_integrity": "ikeIntegrity",
    "ipsec_encryption": "ipsecEncryption",
    "ipsec_integrity": "ipsecIntegrity",
    "pfs_group": "pfsGroup",
    "sa_datasize": "saDataSizeKilobytes",
    "sa_lifetime": "saLifeTimeSeconds",
}
_NOTHING: Final = {
    "id",
    "name",
    "resource_group_name",
    "location",
    "tags",
    "timeouts",
    "shared_key",
    "authorization_key",
}
"""What is said elsewhere, or is a key."""
_LISTS: Final = {
    "ipsec_policy",
    "traffic_selector_policy",
    "custom_bgp_addresses",
    "egress_nat_rule_ids",
    "ingress_nat_rule_ids",
}


@dataclass(frozen=True, slots=True)
class _Resource:
    address: str
    attributes: Mapping[str, Any]


def read_state(path: Path) -> Found:
    """Read all connections of a state. Raises SourceError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(
            f"{path}: not JSON ({error}); a state in a backend is printed by `terraform show -json`"
        ) from error
    return read_state_document(document, str(path))


def read_state_document(document: Any, name: str) -> Found:
    """Read all connections of a state that has been parsed. Raises SourceError if it is none."""
    match document:
        case {"version": 4, "resources": list()}:
            resources = list(_of_file(document))
        case {"values": {"root_module": Mapping() as root}}:
            resources = list(_of_module(root))
        case _:
            raise SourceError(f"{name}: neither a state of version 4 nor what `terraform show -json` prints")
    connections: list[FoundConnection] = []
    notes: list[Note] = []
    for resource in resources:
        place = f"{name}: {resource.address}"
        connection, unknown = _read(resource)
        connections.append(FoundConnection(place, connection))
        notes += [Note(place, f"the attribute {attribute} is not known") for attribute in unknown]
    return Found(tuple(connections), tuple(notes))


def _of_file(document: Mapping[str, Any]) -> Iterator[_Resource]:
    for resource in document["resources"]:
        if resource.get("mode") != "managed" or resource.get("type") != TYPE:
            continue
        module = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource.get("instances", ()):
            index = instance.get("index_key")
            suffix = "" if index is None else f"[{json.dumps(index)}]"
            yield _Resource(f"{module}{TYPE}.{resource['name']}{suffix}", instance.get("attributes") or {})


def _of_module(module: Mapping[str, Any]) -> Iterator[_Resource]:
    for resource in module.get("resources", ()):
        if resource.get("mode") == "managed" and resource.get("type") == TYPE:
            yield _Resource(str(resource["address"]), resource.get("values") or {})
    for child in module.get("child_modules", ()):
        yield from _of_module(child)


def _read(resource: _Resource) -> tuple[dict[str, Any], list[str]]:
    given = {name: value for name, value in resource.attributes.items() if value not in (None, "", [], {})}
    properties: dict[str, Any] = {"provisioningState": "Succeeded"}
    for name, wire in _PLAIN.items():
        if name in given:
            properties[wire] = given[name]
    for name, wire in _REFERENCES.items():
        if name in given:
            properties[wire] = {"id": given[name]}
    if given.get("authorization_key"):
        properties["authorizationKey"] = "(left out)"
    properties["ipsecPolicies"] = [
        {wire: policy[name] for name, wire in _POLICY.items() if policy.get(name) is not None}
        for policy in given.get("ipsec_policy", ())
    ]
    properties["trafficSelectorPolicies"] = [
        {"localAddressRanges": item["local_address_cidrs"], "remoteAddressRanges": item["remote_address_cidrs"]}
        for item in given.get("traffic_selector_policy", ())
    ]
    for name, wire in (("ingress_nat_rule_ids", "ingressNatRules"), ("egress_nat_rule_ids", "egressNatRules")):
        properties[wire] = [{"id": rule} for rule in given.get(name, ())]
    unknown = sorted(given.keys() - _PLAIN.keys() - _REFERENCES.keys() - _NOTHING - _LISTS)
    if given.get("custom_bgp_addresses"):
        # The provider knows primary and secondary, Azure the ids of the gateway's IP configurations, which are not in here.
        unknown.append("custom_bgp_addresses")
    document = {
        "id": given.get("id", ""),
        "name": given.get("name", ""),
        "location": given.get("location", ""),
        "tags": given.get("tags", {}),
        "properties": properties,
    }
    return document, unknown
