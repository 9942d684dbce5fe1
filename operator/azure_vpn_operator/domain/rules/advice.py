"""Advice about values that Azure accepts and somebody may regret. Nothing here refuses an object."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Final

from azure_vpn_operator.api.algorithms import IkeEncryption, IpsecEncryption, PfsGroup
from azure_vpn_operator.api.base import Advice
from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.api.vpn_connection import ConnectionMode, ConnectionProtocol, ReverseHalf, VpnConnectionSpec
from azure_vpn_operator.domain.rules.strength import Strength, grade_field

_ALGORITHMS: Final = {
    "ike_encryption": ("ikeEncryption", "AES256 or GCMAES256"),
    "ike_integrity": ("ikeIntegrity", "SHA256 or SHA384"),
    "dh_group": ("dhGroup", "ECP256, ECP384 or DHGroup14"),
    "ipsec_encryption": ("ipsecEncryption", "GCMAES256 or AES256"),
    "ipsec_integrity": ("ipsecIntegrity", "GCMAES256 with the same encryption, or SHA256"),
    "pfs_group": ("pfsGroup", "ECP256, ECP384 or PFS2048"),
}
_SHORT_LIFETIME_SECONDS: Final = 3600
_SMALL_DATA_KILOBYTES: Final = 102_400
_SHORT_CONFIRM_SECONDS: Final = 300
_DPD_ADVISED: Final = range(30, 46)
_SELECTOR_PAIRS: Final = 200
"""How many pairs of ranges a gateway can negotiate."""
_RANGES_SHOWN: Final = 5
_INITIATOR: Final = ConnectionMode.INITIATOR_ONLY
_BGP_RANGES: Final = (ip_network("169.254.21.0/24"), ip_network("169.254.22.0/24"))

INITIATORS_ONLY: Final = Advice(
    id="both-initiators",
    field="spec.connectionMode",
    message="both halves of the tunnel are InitiatorOnly, so neither answers the other: set connectionMode: Default on one of them",
)
WINDOW_TOO_SHORT: Final = Advice(
    id="window-too-short",
    field="spec.changeWindows",
    message="no window is open for as long as a change may take (two minutes, and confirm.withinSeconds), so no change that takes down a "
    "tunnel which is up ever begins: make a window longer, or that time shorter",
)


def policy_warnings(spec: IpsecPolicySpec) -> tuple[Advice, ...]:
    """Return advice about a policy's values, worst first."""
    return tuple(_warn_of_policy(spec))


def connection_warnings(spec: VpnConnectionSpec, policy: IpsecPolicySpec | None) -> tuple[Advice, ...]:
    """Return advice about a connection's own values; of its policy only what the Default policy (None) brings along.

    Pass a policy only if it is found: a reference to a missing one is no Default policy.
    """
    return tuple(_warn_of_connection(spec, policy))


def _advice(rule: str, field: str, message: str) -> Advice:
    return Advice(id=rule, field=f"spec.{field}", message=message)


def _warn_of_policy(spec: IpsecPolicySpec) -> Iterator[Advice]:
    graded = {
        field: grade_field(spec, field) for field in _ALGORITHMS if (field, spec.pfs_group) != ("pfs_group", "PFSMM")
    }
    for grade, rule, verdict in (
        (Strength.BROKEN, "broken-algorithm", "gives no protection against known attacks"),
        (Strength.WEAK, "weak-algorithm", "is advised against by current standards"),
    ):
        for field in (field for field, found in graded.items() if found is grade):
            name, better = _ALGORITHMS[field]
            value = getattr(spec, field)
            what = (
                "no encryption" if value == IpsecEncryption.NONE and field == "ipsec_encryption" else f"{name} {value}"
            )
            yield _advice(rule, name, f"{what} {verdict}: use {better}")
    if spec.ike_encryption is IkeEncryption.DES or spec.ike_encryption is IkeEncryption.DES3:
        message = f"Microsoft no longer lists {spec.ike_encryption} for IKE; Azure may stop accepting it"
        yield _advice("ike-encryption-unlisted", "ikeEncryption", message)
    if spec.ike_integrity.startswith("GCMAES"):
        message = (
            "a GCMAES algorithm is a rare choice for ikeIntegrity, even with GCMAES encryption: use SHA256 or SHA384"
        )
        yield _advice("ike-integrity-gcm", "ikeIntegrity", message)
    if spec.pfs_group is PfsGroup.NONE:
        message = "without perfect forward secrecy one lost key opens all recorded traffic of its IKE session"
        yield _advice("no-forward-secrecy", "pfsGroup", message)
    if spec.pfs_group is PfsGroup.PFSMM:
        message = "PFSMM (the group of phase 1) comes from Virtual WAN; name the group instead, so that devices can be compared"
        yield _advice("pfs-main-mode", "pfsGroup", message)
    if spec.sa_life_time_seconds < _SHORT_LIFETIME_SECONDS:
        message = f"below {_SHORT_LIFETIME_SECONDS} seconds the tunnel rekeys often and may seem to drop"
        yield _advice("short-lifetime", "saLifeTimeSeconds", message)
    if 0 < spec.sa_data_size_kilobytes < _SMALL_DATA_KILOBYTES:
        message = f"below {_SMALL_DATA_KILOBYTES} kilobytes a busy tunnel rekeys every few seconds"
        yield _advice("small-data-size", "saDataSizeKilobytes", message)


def _warn_of_connection(spec: VpnConnectionSpec, policy: IpsecPolicySpec | None) -> Iterator[Advice]:
    if policy is None and spec.ipsec_policy_ref is None:
        message = "Azure's Default policy uses Diffie-Hellman group 2 (1024 bit) and no perfect forward secrecy: name a policy"
        yield _advice("default-policy-group-2", "ipsecPolicyRef", message)
    if spec.connection_protocol is ConnectionProtocol.IKEV1:
        yield _advice("ikev1-deprecated", "connectionProtocol", "IKEv1 is deprecated (RFC 9395): use IKEv2")
    yield from _warn_of_dpd(spec)
    yield from _warn_of_selectors(spec, policy)
    yield from _warn_of_bgp_and_nat(spec, spec)
    if spec.confirm is not None and (spec.confirm.within_seconds or _SHORT_CONFIRM_SECONDS) < _SHORT_CONFIRM_SECONDS:
        message = f"below {_SHORT_CONFIRM_SECONDS} seconds a device that negotiates slowly, or a late report, may undo a good change"
        yield _advice("short-confirm", "confirm.withinSeconds", message)
    if spec.reverse is not None:
        if spec.connection_mode is _INITIATOR and (spec.reverse.connection_mode or spec.connection_mode) is _INITIATOR:
            yield INITIATORS_ONLY
        yield from _warn_of_dpd(spec.reverse, "reverse.")
        yield from _warn_of_bgp_and_nat(spec, spec.reverse, "reverse.")


def _warn_of_dpd(half: VpnConnectionSpec | ReverseHalf, prefix: str = "") -> Iterator[Advice]:
    if half.dpd_timeout_seconds is None or half.dpd_timeout_seconds in _DPD_ADVISED:
        return
    effect = (
        "a short timeout makes the connection seem to drop on long or lossy paths"
        if half.dpd_timeout_seconds < _DPD_ADVISED.start
        else "a long timeout keeps a dead tunnel in use"
    )
    yield _advice("dpd-timeout", f"{prefix}dpdTimeoutSeconds", f"the advised range is 30 to 45 seconds: {effect}")


def _warn_of_selectors(spec: VpnConnectionSpec, policy: IpsecPolicySpec | None) -> Iterator[Advice]:
    if spec.traffic_selector_policies and not spec.use_policy_based_traffic_selectors:
        message = "Azure keeps the selectors but does not use them until usePolicyBasedTrafficSelectors is true"
        yield _advice("selectors-unused", "trafficSelectorPolicies", message)
    if spec.use_policy_based_traffic_selectors and policy is None and spec.ipsec_policy_ref is None:
        message = (
            "Microsoft's documents disagree whether policy-based selectors work with the Default policy: name a policy"
        )
        yield _advice("selectors-default-policy", "usePolicyBasedTrafficSelectors", message)
    pairs = sum(
        len(item.local_address_ranges) * len(item.remote_address_ranges) for item in spec.traffic_selector_policies
    )
    if pairs > _SELECTOR_PAIRS:
        message = f"{pairs} pairs of address ranges are more than the {_SELECTOR_PAIRS} that a gateway negotiates"
        yield _advice("selector-pairs", "trafficSelectorPolicies", message)
    ranges = (
        text
        for item in spec.traffic_selector_policies
        for text in (*item.local_address_ranges, *item.remote_address_ranges)
    )
    meant = {text: ip_network(text, strict=False) for text in ranges if _has_host_bits(text)}
    if meant:
        shown = [f"{text} means {network}" for text, network in meant.items()][:_RANGES_SHOWN]
        rest = f" and {len(meant) - len(shown)} more" if len(meant) > len(shown) else ""
        message = f"host bits are set: {', '.join(shown)}{rest}; write the range that is meant"
        yield _advice("selector-host-bits", "trafficSelectorPolicies", message)


def _has_host_bits(text: str) -> bool:
    return ip_network(text, strict=False).network_address != ip_address(text.partition("/")[0])


def _warn_of_bgp_and_nat(
    spec: VpnConnectionSpec, half: VpnConnectionSpec | ReverseHalf, prefix: str = ""
) -> Iterator[Advice]:
    addresses = [ip_address(item.custom_bgp_ip_address) for item in half.gateway_custom_bgp_ip_addresses]
    if not all(any(address in network for network in _BGP_RANGES) for address in addresses):
        message = "Azure reserves 169.254.21.0 to 169.254.22.255 for these addresses; others may be refused"
        yield _advice("bgp-address-range", f"{prefix}gatewayCustomBgpIpAddresses", message)
    nat = bool(half.ingress_nat_rules or half.egress_nat_rules)
    field = f"{prefix}ingressNatRules" if half.ingress_nat_rules else f"{prefix}egressNatRules"
    if spec.peer_virtual_network_gateway is not None and addresses:
        message = "Azure may accept custom BGP addresses on site-to-site connections only"
        yield _advice("bgp-address-vnet-to-vnet", f"{prefix}gatewayCustomBgpIpAddresses", message)
    if spec.peer_virtual_network_gateway is not None and nat:
        yield _advice("nat-vnet-to-vnet", field, "Azure supports NAT rules on site-to-site connections only")
    if spec.connection_protocol is ConnectionProtocol.IKEV1 and nat:
        yield _advice("nat-ikev1", field, "Azure may not support NAT rules with IKEv1")
