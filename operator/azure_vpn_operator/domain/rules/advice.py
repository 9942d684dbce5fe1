"""Advice about values that Azure accepts and somebody may regret. Nothing here refuses an object.

It looks at valid specs as JSON, with the published defaults filled in, as rules do.
"""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Final

from azure_vpn_operator.domain.rules.rule import Json
from azure_vpn_operator.domain.rules.strength import Strength, grade_field
from azure_vpn_operator.domain.rules.violations import Remark

_ALGORITHMS: Final = {
    "ikeEncryption": "AES256 or GCMAES256",
    "ikeIntegrity": "SHA256 or SHA384",
    "dhGroup": "ECP256, ECP384 or DHGroup14",
    "ipsecEncryption": "GCMAES256 or AES256",
    "ipsecIntegrity": "GCMAES256 with the same encryption, or SHA256",
    "pfsGroup": "ECP256, ECP384 or PFS2048",
}
_SHORT_LIFETIME_SECONDS: Final = 3600
_SMALL_DATA_KILOBYTES: Final = 102_400
_SHORT_CONFIRM_SECONDS: Final = 300
_DPD_ADVISED: Final = range(30, 46)
_SELECTOR_PAIRS: Final = 200
"""How many pairs of ranges a gateway can negotiate."""
_RANGES_SHOWN: Final = 5
_INITIATOR: Final = "InitiatorOnly"
_BGP_RANGES: Final = (ip_network("169.254.21.0/24"), ip_network("169.254.22.0/24"))

INITIATORS_ONLY: Final = Remark(
    id="both-initiators",
    field="spec.connectionMode",
    message="both halves of the tunnel are InitiatorOnly, so neither answers the other: set connectionMode: Default on one of them",
)
WINDOW_TOO_SHORT: Final = Remark(
    id="window-too-short",
    field="spec.changeWindows",
    message="no window is open for as long as a change may take (two minutes, and confirm.withinSeconds), so no change that takes down a "
    "tunnel which is up ever begins: make a window longer, or that time shorter",
)


def policy_warnings(spec: Json) -> tuple[Remark, ...]:
    """Return advice about a policy's values, worst first."""
    return tuple(_warn_of_policy(spec))


def connection_warnings(spec: Json, policy: Json | None) -> tuple[Remark, ...]:
    """Return advice about a connection's own values; of its policy only what the Default policy (None) brings along.

    Pass a policy only if it is found: a reference to a missing one is no Default policy.
    """
    return tuple(_warn_of_connection(spec, policy))


def _advice(rule: str, field: str, message: str) -> Remark:
    return Remark(id=rule, field=f"spec.{field}", message=message)


def _warn_of_policy(spec: Json) -> Iterator[Remark]:
    graded = {
        field: grade_field(spec, field) for field in _ALGORITHMS if (field, spec["pfsGroup"]) != ("pfsGroup", "PFSMM")
    }
    for grade, rule, verdict in (
        (Strength.BROKEN, "broken-algorithm", "gives no protection against known attacks"),
        (Strength.WEAK, "weak-algorithm", "is advised against by current standards"),
    ):
        for field in (field for field, found in graded.items() if found is grade):
            value = spec[field]
            what = "no encryption" if (field, value) == ("ipsecEncryption", "None") else f"{field} {value}"
            yield _advice(rule, field, f"{what} {verdict}: use {_ALGORITHMS[field]}")
    if spec["ikeEncryption"] in {"DES", "DES3"}:
        message = f"Microsoft no longer lists {spec['ikeEncryption']} for IKE; Azure may stop accepting it"
        yield _advice("ike-encryption-unlisted", "ikeEncryption", message)
    if spec["ikeIntegrity"].startswith("GCMAES"):
        message = (
            "a GCMAES algorithm is a rare choice for ikeIntegrity, even with GCMAES encryption: use SHA256 or SHA384"
        )
        yield _advice("ike-integrity-gcm", "ikeIntegrity", message)
    if spec["pfsGroup"] == "None":
        message = "without perfect forward secrecy one lost key opens all recorded traffic of its IKE session"
        yield _advice("no-forward-secrecy", "pfsGroup", message)
    if spec["pfsGroup"] == "PFSMM":
        message = "PFSMM (the group of phase 1) comes from Virtual WAN; name the group instead, so that devices can be compared"
        yield _advice("pfs-main-mode", "pfsGroup", message)
    if spec["saLifeTimeSeconds"] < _SHORT_LIFETIME_SECONDS:
        message = f"below {_SHORT_LIFETIME_SECONDS} seconds the tunnel rekeys often and may seem to drop"
        yield _advice("short-lifetime", "saLifeTimeSeconds", message)
    if 0 < spec["saDataSizeKilobytes"] < _SMALL_DATA_KILOBYTES:
        message = f"below {_SMALL_DATA_KILOBYTES} kilobytes a busy tunnel rekeys every few seconds"
        yield _advice("small-data-size", "saDataSizeKilobytes", message)


def _warn_of_connection(spec: Json, policy: Json | None) -> Iterator[Remark]:
    if policy is None and "ipsecPolicyRef" not in spec:
        message = "Azure's Default policy uses Diffie-Hellman group 2 (1024 bit) and no perfect forward secrecy: name a policy"
        yield _advice("default-policy-group-2", "ipsecPolicyRef", message)
    if spec.get("connectionProtocol") == "IKEv1":
        yield _advice("ikev1-deprecated", "connectionProtocol", "IKEv1 is deprecated (RFC 9395): use IKEv2")
    yield from _warn_of_dpd(spec)
    yield from _warn_of_selectors(spec, policy)
    yield from _warn_of_bgp_and_nat(spec, spec)
    if spec.get("confirm", {}).get("withinSeconds", _SHORT_CONFIRM_SECONDS) < _SHORT_CONFIRM_SECONDS:
        message = f"below {_SHORT_CONFIRM_SECONDS} seconds a device that negotiates slowly, or a late report, may undo a good change"
        yield _advice("short-confirm", "confirm.withinSeconds", message)
    if "reverse" in spec:
        reverse = spec["reverse"]
        if spec.get("connectionMode") == reverse.get("connectionMode", _INITIATOR) == _INITIATOR:
            yield INITIATORS_ONLY
        yield from _warn_of_dpd(reverse, "reverse.")
        yield from _warn_of_bgp_and_nat(spec, reverse, "reverse.")


def _warn_of_dpd(half: Json, prefix: str = "") -> Iterator[Remark]:
    seconds = half.get("dpdTimeoutSeconds")
    if seconds is None or seconds in _DPD_ADVISED:
        return
    effect = (
        "a short timeout makes the connection seem to drop on long or lossy paths"
        if seconds < _DPD_ADVISED.start
        else "a long timeout keeps a dead tunnel in use"
    )
    yield _advice("dpd-timeout", f"{prefix}dpdTimeoutSeconds", f"the advised range is 30 to 45 seconds: {effect}")


def _warn_of_selectors(spec: Json, policy: Json | None) -> Iterator[Remark]:
    selectors, used = spec.get("trafficSelectorPolicies", ()), spec.get("usePolicyBasedTrafficSelectors", False)
    if selectors and not used:
        message = "Azure keeps the selectors but does not use them until usePolicyBasedTrafficSelectors is true"
        yield _advice("selectors-unused", "trafficSelectorPolicies", message)
    if used and policy is None and "ipsecPolicyRef" not in spec:
        message = (
            "Microsoft's documents disagree whether policy-based selectors work with the Default policy: name a policy"
        )
        yield _advice("selectors-default-policy", "usePolicyBasedTrafficSelectors", message)
    pairs = sum(len(item["localAddressRanges"]) * len(item["remoteAddressRanges"]) for item in selectors)
    if pairs > _SELECTOR_PAIRS:
        message = f"{pairs} pairs of address ranges are more than the {_SELECTOR_PAIRS} that a gateway negotiates"
        yield _advice("selector-pairs", "trafficSelectorPolicies", message)
    ranges = (text for item in selectors for text in (*item["localAddressRanges"], *item["remoteAddressRanges"]))
    meant = {text: ip_network(text, strict=False) for text in ranges if _has_host_bits(text)}
    if meant:
        shown = [f"{text} means {network}" for text, network in meant.items()][:_RANGES_SHOWN]
        rest = f" and {len(meant) - len(shown)} more" if len(meant) > len(shown) else ""
        message = f"host bits are set: {', '.join(shown)}{rest}; write the range that is meant"
        yield _advice("selector-host-bits", "trafficSelectorPolicies", message)


def _has_host_bits(text: str) -> bool:
    return ip_network(text, strict=False).network_address != ip_address(text.partition("/")[0])


def _warn_of_bgp_and_nat(spec: Json, half: Json, prefix: str = "") -> Iterator[Remark]:
    addresses = [ip_address(item["customBgpIpAddress"]) for item in half.get("gatewayCustomBgpIpAddresses", ())]
    if not all(any(address in network for network in _BGP_RANGES) for address in addresses):
        message = "Azure reserves 169.254.21.0 to 169.254.22.255 for these addresses; others may be refused"
        yield _advice("bgp-address-range", f"{prefix}gatewayCustomBgpIpAddresses", message)
    nat = bool(half.get("ingressNatRules") or half.get("egressNatRules"))
    field = f"{prefix}ingressNatRules" if half.get("ingressNatRules") else f"{prefix}egressNatRules"
    has_peer = "peerVirtualNetworkGateway" in spec
    if has_peer and addresses:
        message = "Azure may accept custom BGP addresses on site-to-site connections only"
        yield _advice("bgp-address-vnet-to-vnet", f"{prefix}gatewayCustomBgpIpAddresses", message)
    if has_peer and nat:
        yield _advice("nat-vnet-to-vnet", field, "Azure supports NAT rules on site-to-site connections only")
    if spec.get("connectionProtocol") == "IKEv1" and nat:
        yield _advice("nat-ikev1", field, "Azure may not support NAT rules with IKEv1")
