"""The body of a connection: what a PUT may say, what Azure makes of it, and how it is shown again."""

from typing import Any

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.errors import ArmError, bad_content
from azure_vpn_simulator.ipsec import ALGORITHMS, DEFAULT_SA_SECONDS, LIFETIMES
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import GATEWAYS, LOCAL_GATEWAYS

TYPES = {"IPsec", "Vnet2Vnet", "ExpressRoute", "VPNClient"}
PROTOCOLS = {"IKEv2", "IKEv1"}
MODES = {"Default", "ResponderOnly", "InitiatorOnly"}

_DEFAULTS: dict[str, Any] = {
    "connectionProtocol": "IKEv2",
    "routingWeight": 0,
    "enableBgp": False,
    "useLocalAzureIpAddress": False,
    "usePolicyBasedTrafficSelectors": False,
    "ipsecPolicies": [],
    "trafficSelectorPolicies": [],
    "expressRouteGatewayBypass": False,
    "enablePrivateLinkFastPath": False,
    "dpdTimeoutSeconds": 0,
    "connectionMode": "Default",
    "gatewayCustomBgpIpAddresses": [],
    "tunnelProperties": [],
    "routingConfiguration": {},
    "authenticationType": "PSK",
}
_REFERENCES = {
    "virtualNetworkGateway1": GATEWAYS,
    "virtualNetworkGateway2": GATEWAYS,
    "localNetworkGateway2": LOCAL_GATEWAYS,
}
_LISTS = ("ipsecPolicies", "trafficSelectorPolicies", "gatewayCustomBgpIpAddresses", "tunnelProperties")
_NAT_RULES = ("ingressNatRules", "egressNatRules")
_FLAGS = (
    "enableBgp",
    "useLocalAzureIpAddress",
    "usePolicyBasedTrafficSelectors",
    "expressRouteGatewayBypass",
    "enablePrivateLinkFastPath",
)
_IMMUTABLE = (
    "connectionType",
    "virtualNetworkGateway1",
    "virtualNetworkGateway2",
    "localNetworkGateway2",
    "connectionProtocol",
)
_ALLOWED: dict[str, set[str]] = {
    "connectionType": TYPES,
    "connectionProtocol": PROTOCOLS,
    "connectionMode": MODES,
    "authenticationType": {"PSK", "Certificate"},
}
_KEPT = {*_DEFAULTS, *_REFERENCES, *_NAT_RULES, "connectionType", "peer", "certificateAuthentication"}
SINCE = {
    "useLocalAzureIpAddress": "2019-12-01",
    "dpdTimeoutSeconds": "2020-05-01",
    "connectionMode": "2020-08-01",
    "gatewayCustomBgpIpAddresses": "2021-08-01",
    "ingressNatRules": "2021-02-01",
    "egressNatRules": "2021-02-01",
    "tunnelProperties": "2025-01-01",
    "enablePrivateLinkFastPath": "2022-01-01",
    "routingConfiguration": "2025-01-01",
    "authenticationType": "2025-01-01",
    "certificateAuthentication": "2025-01-01",
}
"""The api-version with which a property first appears; older versions do not show it."""


def tags_of(body: dict[str, Any]) -> dict[str, str] | None:
    """Read the tags of a body; ArmError unless they are texts by name."""
    tags = body.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, dict) or any(not isinstance(v, str) for v in tags.values()):
        raise bad_content("tags must be an object of strings")
    return dict(tags)


def properties_of(body: dict[str, Any]) -> dict[str, Any]:
    """Read `properties` of a PUT body; ArmError if there are none."""
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise bad_content("Required property 'properties' not found in JSON")
    return properties


def normalized(sent: dict[str, Any], *, normalize_aliases: bool) -> dict[str, Any]:
    """Turn what a PUT sent into what Azure keeps: defaults filled in, references reduced to ids; refuse what is malformed."""
    kept = {name: sent[name] for name in sent if name in _KEPT and sent[name] is not None}
    for name, type_ in _REFERENCES.items():
        if name in kept:
            kept[name] = _reduced(name, kept[name], type_)
    for name, allowed in _ALLOWED.items():
        if name in kept and not (isinstance(kept[name], str) and kept[name] in allowed):
            raise _bad_value(name, kept[name])
    for name in _FLAGS:
        if not isinstance(kept.get(name, False), bool):
            raise _bad_value(name, kept[name])
    for name in (*_LISTS, *_NAT_RULES):
        if not isinstance(kept.get(name, []), list):
            raise _bad_value(name, "something other than a list")
    _two_endpoints(kept)
    _check_number(kept, "dpdTimeoutSeconds", 9, 3600, zero=True)
    _check_number(kept, "routingWeight", 0, 32000)
    for name, default in _DEFAULTS.items():
        kept.setdefault(name, default)
    for name in _NAT_RULES:
        if not kept.get(name, True):
            del kept[name]
    kept["ipsecPolicies"] = _policies(kept["ipsecPolicies"], normalize_aliases=normalize_aliases)
    kept["trafficSelectorPolicies"] = [_selector(each) for each in kept["trafficSelectorPolicies"]]
    return kept


def changed_immutable(before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """Return the name of a property fixed at creation that differs, if there is one."""
    for name in _IMMUTABLE:
        if _lower(before.get(name)) != _lower(after.get(name)):
            return name
    return None


def check_key(key: object) -> str:
    """Return a usable shared key, else refuse it; the answer never repeats it."""
    if not isinstance(key, str):
        raise bad_content("the shared key must be a string")
    if not 1 <= len(key) <= 128 or any(not "!" <= c <= "}" or c == "-" for c in key):
        raise invented.BAD_KEY.error(
            "The shared key must have 1 to 128 printable ASCII characters other than space, '-' and '~'."
        )
    return key


def shown(properties: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return the properties that an api-version shows."""
    return {name: value for name, value in properties.items() if SINCE.get(name, "") <= api_version}


def _reduced(name: str, value: object, type_: str) -> dict[str, str]:
    id_ = ResourceId.parse(value.get("id")) if isinstance(value, dict) else None
    if id_ is None or id_.type.lower() != type_.lower():
        raise invented.BAD_REFERENCE.error(
            f"Cannot parse the request: {name} must refer to a resource of type {type_} by its id."
        )
    return {"id": str(id_)}


def _two_endpoints(kept: dict[str, Any]) -> None:
    type_ = kept.get("connectionType")
    second = [name for name in ("virtualNetworkGateway2", "localNetworkGateway2", "peer") if name in kept]
    fits = {"Vnet2Vnet": ["virtualNetworkGateway2"], "IPsec": ["localNetworkGateway2"], "ExpressRoute": ["peer"]}
    if "virtualNetworkGateway1" not in kept or type_ is None or second != fits.get(type_, []):
        raise ArmError(
            400,
            "GatewayConnectionMustHaveExactlyTwoEndpoints",
            "Gateway connection must have exactly two endpoints: the first one a virtual network gateway, the second one a "
            "virtual network gateway, a local network gateway or an express route circuit, as its type says.",
            details=[],
        )


def _policies(policies: list[Any], *, normalize_aliases: bool) -> list[dict[str, Any]]:
    if len(policies) > 1:
        raise invented.TOO_MANY_POLICIES.error("A connection takes one IPsec policy at most.")
    return [_policy(each, normalize_aliases=normalize_aliases) for each in policies]


def _policy(policy: Any, *, normalize_aliases: bool) -> dict[str, Any]:
    if not isinstance(policy, dict):
        raise bad_content("an element of ipsecPolicies must be an object")
    missing = [name for name in (*LIFETIMES, *ALGORITHMS) if policy.get(name) is None]
    if missing:
        raise invented.PARTIAL_POLICY.error(f"The IPsec policy is incomplete; it has no {', '.join(missing)}.")
    for name, allowed in ALGORITHMS.items():
        if policy[name] not in allowed:
            raise _bad_value(name, policy[name])
    _check_number(policy, "saLifeTimeSeconds", 1, 2147483647)
    _check_number(policy, "saDataSizeKilobytes", 1024, 2147483647, zero=True)
    encryption, integrity = policy["ipsecEncryption"], policy["ipsecIntegrity"]
    if encryption != integrity and (encryption.startswith("GCM") or integrity.startswith("GCM")):
        raise invented.GCM_MISMATCH.error(
            f"ipsecEncryption {encryption} and ipsecIntegrity {integrity} must be the same."
        )
    kept = {name: policy[name] for name in (*LIFETIMES, *ALGORITHMS)}
    if normalize_aliases:
        kept["dhGroup"] = {"DHGroup2048": "DHGroup14"}.get(kept["dhGroup"], kept["dhGroup"])
        kept["pfsGroup"] = {"PFS14": "PFS2048"}.get(kept["pfsGroup"], kept["pfsGroup"])
    return kept


def _selector(each: Any) -> dict[str, Any]:
    if not isinstance(each, dict):
        raise bad_content("an element of trafficSelectorPolicies must be an object")
    for side in ("localAddressRanges", "remoteAddressRanges"):
        ranges = each.get(side)
        if not isinstance(ranges, list) or not all(isinstance(r, str) for r in ranges):
            raise _bad_value(side, "something other than a list of address ranges")
    return {side: list(each[side]) for side in ("localAddressRanges", "remoteAddressRanges")}


def _check_number(where: dict[str, Any], name: str, low: int, high: int, *, zero: bool = False) -> None:
    value = where.get(name)
    if value is None or (zero and value == 0 and not isinstance(value, bool)):
        return
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _bad_value(name, value)


def _bad_value(name: str, value: object) -> ArmError:
    return invented.BAD_ENUM.error(f"Value '{str(value)[:80]}' is not valid for {name}.")


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return str(value.get("id")).lower()
    return value


def lifetime(properties: dict[str, Any], *, policy_based: bool) -> tuple[int, int]:
    """Return seconds and kilobytes of a quick-mode SA."""
    for policy in properties["ipsecPolicies"]:
        return int(policy["saLifeTimeSeconds"]), int(policy["saDataSizeKilobytes"])
    return (3600 if policy_based else DEFAULT_SA_SECONDS), 102400000
