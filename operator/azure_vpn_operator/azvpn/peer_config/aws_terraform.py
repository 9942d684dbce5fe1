"""AWS Site-to-Site VPN, as Terraform: one VPN connection for each address of Azure's gateway."""

import re
from collections.abc import Mapping, Sequence

from azure_vpn_operator.azvpn.peer_config.limits import within
from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_CIPHERS = {
    Encryption.AES_CBC_128: "AES128",
    Encryption.AES_CBC_256: "AES256",
    Encryption.AES_GCM_128: "AES128-GCM-16",
    Encryption.AES_GCM_256: "AES256-GCM-16",
}
_HASHES = {Hash.SHA1: "SHA1", Hash.SHA256: "SHA2-256", Hash.SHA384: "SHA2-384"}
_GROUPS: Mapping[Group, str] = {group: str(group.value) for group in Group if group is not Group.MODP_768}
VOCABULARY = Vocabulary(
    ike_encryption=_CIPHERS,
    ike_integrity=_HASHES,
    prf=_HASHES,
    dh_group=_GROUPS,
    esp_encryption=_CIPHERS,
    esp_integrity=_HASHES,
    pfs_group=_GROUPS,
    requires_pfs=True,
)
_KEY = re.compile(r"[A-Za-z1-9._][A-Za-z0-9._]{7,63}")


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write resources and variables."""
    if side.is_policy_based and len(side.selectors) > 1:
        page.refuse(
            f"AWS has one pair of ranges for a VPN connection, and Azure {len(side.selectors)}: name one that holds them all"
        )
    if side.shared_key is not None and not _KEY.fullmatch(side.shared_key):
        page.refuse(
            "AWS takes 8 to 64 letters, digits, `.` and `_` as shared key, not beginning with 0; this one is other"
        )
    if side.sa_kilobytes:
        page.note("AWS renews IPsec SAs by time only; Azure begins itself when its own volume is used up")
    page.comment("AWS makes the outside addresses of its tunnels: they become local network gateways in Azure.")
    page.lines(*_block('variable "vpn_gateway_id"', [("type", "string")]))
    if side.shared_key is None:
        page.lines(*_block('variable "shared_key"', [("type", "string"), ("sensitive", "true")]))
    options = _options(side, words, page)
    for number, address in side.tunnels:
        _connection(side, number, address, options, page)


def _connection(side: PeerSide, number: int, address: str, options: Sequence[tuple[str, str]], page: Page) -> None:
    name = side.tunnel_label(number)
    asn = side.bgp.azure_asn if side.bgp is not None else "65000"
    # AWS calls the customer gateway's side local, which here is Azure's.
    selector = side.selectors[0]
    connection = [
        ("vpn_gateway_id", "var.vpn_gateway_id"),
        ("customer_gateway_id", f"aws_customer_gateway.{name}.id"),
        ("type", '"ipsec.1"'),
        ("static_routes_only", "false" if side.bgp is not None else "true"),
        ("local_ipv4_network_cidr", f'"{selector.azure}"'),
        ("remote_ipv4_network_cidr", f'"{selector.device}"'),
        *((f"tunnel{tunnel}_{option}", value) for tunnel in (1, 2) for option, value in options),
    ]
    customer = [("bgp_asn", asn), ("ip_address", f'"{address}"'), ("type", '"ipsec.1"')]
    page.lines(*_block(f'resource "aws_customer_gateway" "{name}"', customer))
    page.lines(*_block(f'resource "aws_vpn_connection" "{name}"', connection))
    if side.bgp is not None:
        page.comment(
            f"Inside addresses of AWS' tunnels have to be among Azure's custom BGP addresses; Azure has AS {asn}."
        )
        return
    ranges = (
        tuple(dict.fromkeys(item.azure for item in side.selectors)) if side.is_policy_based else side.azure_prefixes
    )
    for count, prefix in enumerate(ranges, 1):
        route = [("destination_cidr_block", f'"{prefix}"'), ("vpn_connection_id", f"aws_vpn_connection.{name}.id")]
        page.lines(*_block(f'resource "aws_vpn_connection_route" "{name}-{count}"', route))


def _options(side: PeerSide, words: Words, page: Page) -> list[tuple[str, str]]:
    waits = side.initiation is Initiation.AZURE
    seconds = within(side.sa_seconds, 900, 3600, "seconds of an IPsec SA", "AWS", page)
    dpd = within(side.dpd_seconds, 30, 3600, "seconds of DPD", "AWS", page)
    ike_hashes = [hash_ for ike in words.ike for hash_ in ((ike.integrity,) if ike.integrity else ike.prfs)]
    esp_hashes = [esp.integrity for esp in words.esp if esp.integrity is not None]
    options = [
        ("ike_versions", _list([f"ikev{side.ike_version}"])),
        ("phase1_encryption_algorithms", _list([ike.encryption for ike in words.ike])),
        ("phase1_integrity_algorithms", _list(ike_hashes)),
        ("phase1_dh_group_numbers", f"[{words.ike[0].group}]"),
        ("phase1_lifetime_seconds", str(side.ike_seconds)),
        ("phase2_encryption_algorithms", _list([esp.encryption for esp in words.esp])),
        ("phase2_dh_group_numbers", f"[{words.esp[0].pfs}]"),
        ("phase2_lifetime_seconds", str(seconds)),
        ("dpd_timeout_seconds", str(dpd)),
        ("dpd_timeout_action", '"clear"' if waits else '"restart"'),
        ("startup_action", '"add"' if waits else '"start"'),
        ("preshared_key", "var.shared_key" if side.shared_key is None else f'"{side.shared_key}"'),
    ]
    if esp_hashes:
        options.insert(6, ("phase2_integrity_algorithms", _list(esp_hashes)))
    return options


def _block(head: str, attributes: Sequence[tuple[str, str]]) -> list[str]:
    """A block as `terraform fmt` has it."""
    width = max(len(name) for name, _ in attributes)
    return [f"{head} {{", *(f"  {name:<{width}} = {value}" for name, value in attributes), "}"]


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in dict.fromkeys(values)) + "]"
