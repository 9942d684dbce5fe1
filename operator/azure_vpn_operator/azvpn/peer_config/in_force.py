"""The values that Azure holds for a connection: by its status, and by the manifests where it has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.tunnel_change import (
    BgpAddressValues,
    ChangeState,
    HalfSettings,
    PolicyValues,
    ResourceValues,
    SelectorValues,
    TunnelChange,
)
from azure_vpn_operator.api.vpn_connection import VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import PolicySource
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy, canonical_policy
from azure_vpn_operator.domain.rollout.revisions import find_revision

_UNDONE: Final = frozenset({ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK})
_DPD_DEFAULT: Final = 45


@dataclass(frozen=True, slots=True)
class InForce:
    """What the gateway does now."""

    policy: CanonicalPolicy | None
    """None is Azure's Default policy."""
    origin: str
    """Where the values come from, for people."""
    settings: HalfSettings
    """Mode, DPD, selectors and BGP; the policies in it are not to be used."""
    remarks: tuple[str, ...] = ()


def values_in_force(connection: VpnConnection, policy: IpsecPolicy | None, *, as_written: bool) -> InForce:
    """The values that hold; raises ToolError if the policy that the connection names is nowhere to be found.

    `as_written`: those that the manifests ask for, whatever Azure holds; so it is too before the operator has seen the object.
    """
    change = connection.status.change
    if change is not None and not as_written:
        return _of_change(change)
    reference = connection.spec.ipsec_policy_ref
    settings = _settings(connection.spec)
    assigned = connection.status.policy
    if assigned is not None and not as_written:
        if assigned.source is PolicySource.DEFAULT:
            remarks = () if reference is None else (_not_yet("Azure's Default policy"),)
            return InForce(None, "Azure's Default policy, by the connection's status", settings, remarks)
        return _of_assigned(connection, policy, assigned.name or "", assigned.hash, settings)
    if reference is None:
        return InForce(None, "Azure's Default policy, since the connection names no IpsecPolicy", settings)
    if policy is None:
        raise ToolError(
            f"VpnConnection {connection.metadata.name}: IpsecPolicy {reference.name} was not found; "
            "create it, or give its file with -f too"
        )
    return InForce(canonical_policy(policy.spec), f"IpsecPolicy {reference.name}, as it is written", settings)


def _of_change(change: TunnelChange) -> InForce:
    undone = change.state in _UNDONE
    values = change.from_ if undone else change.to
    policy = _one(values.ipsec_policies)
    what = "from before the last change" if undone else "of the last change"
    origin = f"the values {what} ({change.state}), by the connection's status"
    remarks = (_not_yet("the values from before a change that was undone"),) if undone else ()
    return InForce(policy, origin, values, remarks)


def _of_assigned(
    connection: VpnConnection, policy: IpsecPolicy | None, name: str, wanted: str | None, settings: HalfSettings
) -> InForce:
    written = canonical_policy(policy.spec) if policy is not None and policy.metadata.name == name else None
    if written is not None and written.hash == wanted:
        return InForce(written, f"IpsecPolicy {name}, in force", settings)
    revisions = policy.status.revisions if policy is not None and policy.metadata.name == name else ()
    known = find_revision(revisions, wanted)
    good = connection.status.last_known_good
    values = [known.values] if known is not None else list(good.settings.ipsec_policies) if good is not None else []
    found = next((item for item in map(_canonical, values) if item.hash == wanted), None)
    if found is None:
        raise ToolError(
            f"VpnConnection {connection.metadata.name}: it holds values of IpsecPolicy {name} that are not known any more "
            f"(hash {wanted}); --as-written shows those of the manifests"
        )
    remark = _not_yet(f"older values of IpsecPolicy {name}")
    return InForce(found, f"IpsecPolicy {name}, older values that are in force", settings, (remark,))


def _not_yet(what: str) -> str:
    return f"Azure holds {what}; --as-written shows what the manifests ask for"


def _one(policies: Sequence[PolicyValues]) -> CanonicalPolicy | None:
    return _canonical(policies[0]) if policies else None


def _canonical(values: PolicyValues) -> CanonicalPolicy:
    return canonical_policy(values.wire())


def _settings(spec: VpnConnectionSpec) -> HalfSettings:
    return HalfSettings(
        connection_mode=spec.connection_mode or "Default",
        dpd_timeout_seconds=spec.dpd_timeout_seconds or _DPD_DEFAULT,
        enable_bgp=spec.enable_bgp,
        use_local_azure_ip_address=spec.use_local_azure_ip_address,
        use_policy_based_traffic_selectors=spec.use_policy_based_traffic_selectors,
        traffic_selector_policies=tuple(
            SelectorValues(
                local_address_ranges=item.local_address_ranges, remote_address_ranges=item.remote_address_ranges
            )
            for item in spec.traffic_selector_policies
        ),
        gateway_custom_bgp_ip_addresses=tuple(
            BgpAddressValues(
                ip_configuration_id=item.ip_configuration_id, custom_bgp_ip_address=item.custom_bgp_ip_address
            )
            for item in spec.gateway_custom_bgp_ip_addresses
        ),
        ingress_nat_rules=tuple(ResourceValues(id=rule.id or rule.name or "") for rule in spec.ingress_nat_rules),
        egress_nat_rules=tuple(ResourceValues(id=rule.id or rule.name or "") for rule in spec.egress_nat_rules),
    )
