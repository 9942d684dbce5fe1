"""The values that a tunnel depends on: taken from a connection, and put into the body of a PUT. The shared key is not among them.

They are those whose difference has the effect TunnelDrop (`domain.azure.differences`).
"""

from collections.abc import Mapping
from typing import Any

from azure_vpn_operator.api.tunnel_change import (
    BgpAddressValues,
    HalfSettings,
    PolicyValues,
    ResourceValues,
    SelectorValues,
    TunnelSettings,
)
from azure_vpn_operator.api.vpn_connection import ConnectionProtocol, VpnConnection
from azure_vpn_operator.api.vpn_connection_status import HalfRole
from azure_vpn_operator.domain.azure.bodies import build_put_body, read_put_body
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import NotRead
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.passes.snapshot import NotReferenced, PolicyFound, PolicyLookup
from azure_vpn_operator.domain.rules.violations import Invalid


def settings_of(live: LiveConnection) -> HalfSettings:
    """The values in one form: equal exactly if they mean the same to Azure."""
    return HalfSettings(
        ipsec_policies=tuple(PolicyValues.model_validate(policy.wire()) for policy in live.policies[:1]),
        connection_mode=live.mode,
        dpd_timeout_seconds=live.dpd_seconds,
        enable_bgp=live.enable_bgp,
        use_local_azure_ip_address=live.use_local_azure_ip_address,
        use_policy_based_traffic_selectors=live.use_policy_based_traffic_selectors,
        traffic_selector_policies=tuple(
            SelectorValues(local_address_ranges=local, remote_address_ranges=remote)
            for local, remote in sorted(
                (tuple(sorted(item.local)), tuple(sorted(item.remote))) for item in set(live.traffic_selectors)
            )
        ),
        gateway_custom_bgp_ip_addresses=tuple(
            BgpAddressValues(ip_configuration_id=configuration, custom_bgp_ip_address=address)
            for configuration, address in sorted(
                (item.ip_configuration_id, item.address) for item in live.custom_bgp_addresses
            )
        ),
        ingress_nat_rules=tuple(ResourceValues(id=rule) for rule in sorted(live.ingress_nat_rules)),
        egress_nat_rules=tuple(ResourceValues(id=rule) for rule in sorted(live.egress_nat_rules)),
    )


def settings_in(body: Mapping[str, Any], target: Target) -> HalfSettings:
    """The values that a PUT would bring into force."""
    return settings_of(read_put_body(body, target))


def with_settings(body: Mapping[str, Any], settings: HalfSettings) -> dict[str, Any]:
    """The same PUT with other values."""
    return {**body, "properties": {**body["properties"], **settings.properties()}}


def joined(forward: HalfSettings, reverse: HalfSettings | None) -> TunnelSettings:
    """The values of an object from those of its halves."""
    return TunnelSettings.model_validate(
        {**forward.properties(), "reverse": reverse.properties() if reverse is not None else None}
    )


def half_of(settings: TunnelSettings, role: HalfRole) -> HalfSettings | None:
    """The values of one half; None if they speak of no such half."""
    return settings if role is HalfRole.FORWARD else settings.reverse


def same(one: HalfSettings | None, other: HalfSettings | None) -> bool:
    """Whether two halves have the same values; the reverse half's, which a whole object's may carry along, do not count."""
    if one is None or other is None:
        return one is other
    return one.properties() == other.properties()


def same_in_all(one: TunnelSettings, other: TunnelSettings) -> bool:
    """Whether these are the same values in each half."""
    return all(same(half_of(one, role), half_of(other, role)) for role in HalfRole)


def wanted_settings(
    subject: VpnConnection | Invalid, target: Target | Unresolved | NotRead, policy: PolicyLookup
) -> HalfSettings | None:
    """The values that a half's object asks for; None if they are not known, say, since the policy is missing."""
    if not isinstance(subject, VpnConnection) or not isinstance(target, Target):
        return None
    if target.gateway is None or target.connection_type is None or not isinstance(policy, PolicyFound | NotReferenced):
        return None
    spec = policy.policy.spec if isinstance(policy, PolicyFound) else None
    # The version of IKE is none of the values: whichever stands here does not matter.
    return settings_in(build_put_body(subject.spec, target, spec, "", {}, ConnectionProtocol.IKEV2), target)
