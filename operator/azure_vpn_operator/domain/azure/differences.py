"""Wanted against found, value by value, after canonicalisation: what differs, and what putting it right does to the tunnel."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy
from azure_vpn_operator.domain.azure.live_connection import CustomBgpAddress, LiveConnection, TrafficSelector
from azure_vpn_operator.domain.azure.ownership import find_tag, same_tags

_NONE, _DROP, _RECREATE = DifferenceEffect.NONE, DifferenceEffect.TUNNEL_DROP, DifferenceEffect.RECREATE
VALUE_LIMIT = 1024
PROVISIONING_STATE = "provisioningState"
"""Path of the difference that a connection has which Azure shows as Failed or Canceled."""

_IMMUTABLE: tuple[tuple[str, str], ...] = (
    ("connectionType", "connection_type"),
    ("virtualNetworkGateway1", "gateway_id"),
    ("virtualNetworkGateway2", "peer_gateway_id"),
    ("localNetworkGateway2", "local_gateway_id"),
    ("connectionProtocol", "protocol"),
)
_PLAIN: tuple[tuple[str, str, DifferenceEffect], ...] = (
    ("connectionMode", "mode", _DROP),
    ("routingWeight", "routing_weight", _NONE),
    ("dpdTimeoutSeconds", "dpd_seconds", _DROP),
    ("enableBgp", "enable_bgp", _DROP),
    ("useLocalAzureIpAddress", "use_local_azure_ip_address", _DROP),
    ("usePolicyBasedTrafficSelectors", "use_policy_based_traffic_selectors", _DROP),
)


def find_differences(want: LiveConnection, have: LiveConnection) -> tuple[Difference, ...]:
    """Every value in which Azure differs from what is wanted; empty if a PUT would change nothing.

    Ids and names of tags are compared without case, lists whose order means nothing as sets, aliases and defaults as one value.
    A connection whose last operation failed differs in that, whatever else it shows; one that is still updating does not.
    `want.tags` must hold the complete tags that a write would send.
    """
    return tuple(_all_differences(want, have))


def drops_tunnel(differences: tuple[Difference, ...]) -> bool:
    """Whether putting these right takes the tunnel down for a moment."""
    return any(difference.effect is not _NONE for difference in differences)


def field_names(differences: tuple[Difference, ...]) -> str:
    """The differing fields, for a log line or an Event."""
    return ", ".join(difference.path for difference in differences)


def _all_differences(want: LiveConnection, have: LiveConnection) -> Iterator[Difference]:
    for path, attribute in _IMMUTABLE:
        wanted, found = getattr(want, attribute) or "", getattr(have, attribute) or ""
        if wanted.lower() != found.lower():
            yield _difference(path, wanted, found, _RECREATE)
    if have.settled and have.provisioning_state != want.provisioning_state:
        yield _difference(PROVISIONING_STATE, want.provisioning_state, have.provisioning_state, _NONE)
    yield from _policy_differences(want.policies, have.policies)
    for path, attribute, effect in _PLAIN:
        wanted, found = getattr(want, attribute), getattr(have, attribute)
        if wanted != found:
            yield _difference(path, _plain(wanted), _plain(found), effect)
    if frozenset(want.traffic_selectors) != frozenset(have.traffic_selectors):
        yield _difference(
            "trafficSelectorPolicies", _selectors(want.traffic_selectors), _selectors(have.traffic_selectors), _DROP
        )
    if want.custom_bgp_addresses != have.custom_bgp_addresses:
        yield _difference(
            "gatewayCustomBgpIpAddresses",
            _bgp_addresses(want.custom_bgp_addresses),
            _bgp_addresses(have.custom_bgp_addresses),
            _DROP,
        )
    for path, attribute in (("ingressNatRules", "ingress_nat_rules"), ("egressNatRules", "egress_nat_rules")):
        wanted, found = getattr(want, attribute), getattr(have, attribute)
        if wanted != found:
            yield _difference(path, _joined(wanted), _joined(found), _DROP)
    yield from _tag_differences(want.tags, have.tags)


def _policy_differences(want: tuple[CanonicalPolicy, ...], have: tuple[CanonicalPolicy, ...]) -> Iterator[Difference]:
    if want == have:
        return
    if len(want) != 1 or len(have) != 1:
        yield _difference("ipsecPolicies", _policies(want), _policies(have), _DROP)
        return
    wanted, found = want[0].wire(), have[0].wire()
    for name in wanted:
        if wanted[name] != found[name]:
            yield _difference(f"ipsecPolicies[0].{name}", str(wanted[name]), str(found[name]), _DROP)


def _tag_differences(want: Mapping[str, str], have: Mapping[str, str]) -> Iterator[Difference]:
    if same_tags(want, have):
        return
    for name, value in sorted(want.items()):
        found = find_tag(have, name)
        if found != value:
            yield _difference(f"tags[{name}]"[:256], value, "(absent)" if found is None else found, _NONE)
    for name, value in sorted(have.items()):
        if find_tag(want, name) is None:
            yield _difference(f"tags[{name}]"[:256], "(absent)", value, _NONE)


def _difference(path: str, want: str, have: str, effect: DifferenceEffect) -> Difference:
    return Difference(path=path, want=want[:VALUE_LIMIT], have=have[:VALUE_LIMIT], effect=effect)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _joined(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "(none)"


def _bgp_addresses(addresses: Iterable[CustomBgpAddress]) -> str:
    return _joined(f"{item.address} on {item.ip_configuration_id.rpartition('/')[2]}" for item in addresses)


def _policies(policies: tuple[CanonicalPolicy, ...]) -> str:
    if not policies:
        return "Default"
    return " + ".join("/".join(str(getattr(policy, item.name)) for item in fields(policy)) for policy in policies)


def _selectors(selectors: tuple[TrafficSelector, ...]) -> str:
    return "; ".join(sorted(f"{_joined(s.local)} <=> {_joined(s.remote)}" for s in selectors)) or "(none)"
