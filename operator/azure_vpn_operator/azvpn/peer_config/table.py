"""Plain values for any other device, by the names of IANA's registry for IKEv2."""

from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_ENCRYPTIONS = {encryption: encryption.value for encryption in Encryption}
_HASHES = {hash_: f"HMAC-{hash_.value}" for hash_ in Hash}
_GROUPS = {group: group.description for group in Group}
VOCABULARY = Vocabulary(
    ike_encryption=_ENCRYPTIONS,
    ike_integrity=_HASHES,
    prf=_HASHES,
    dh_group=_GROUPS,
    esp_encryption=_ENCRYPTIONS,
    esp_integrity=_HASHES,
    pfs_group=_GROUPS,
)
_STARTING = {
    Initiation.EITHER: "either side; the device may",
    Initiation.DEVICE: "the device; Azure only answers",
    Initiation.AZURE: "Azure; the device only answers",
}
_WIDTH = 32


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write a row for each value."""
    _rows(page, "Azure's address", side.azure_addresses)
    _row(page, "device's address, its identity", side.device_address)
    _row(page, "IKE version", str(side.ike_version))
    _row(page, "authentication", f"shared key {side.key_text}")
    _row(page, "who begins", _STARTING[side.initiation])
    _row(
        page,
        "dead peer detection",
        f"Azure waits {side.dpd_seconds} s; the device may probe every {side.probes_every} s",
    )
    page.lines("", "IKE (main mode, phase 1)")
    _row(page, "lifetime", f"{side.ike_seconds} s")
    for ike in words.ike:
        _row(page, "encryption", ike.encryption)
        _row(page, "integrity", ike.integrity or "none (AEAD)")
        _row(page, "pseudo-random function", " or ".join(ike.prfs) or ike.integrity or "")
        _row(page, "Diffie-Hellman", ike.group)
    page.lines("", "IPsec (quick mode, phase 2): ESP, tunnel mode")
    _row(page, "lifetime", f"{side.sa_seconds} s")
    _row(page, "lifetime by volume", f"{side.sa_kilobytes} kB" if side.sa_kilobytes else "none")
    for esp in words.esp:
        _row(page, "encryption", esp.encryption)
        _row(page, "integrity", esp.integrity or "none (AEAD)")
        _row(page, "perfect forward secrecy", esp.pfs or "none")
    kind = "a pair of ranges each" if side.is_policy_based else "any to any; routes decide"
    page.lines("", f"traffic selectors: {kind}")
    for selector in side.selectors:
        _row(page, "device <=> Azure", f"{selector.device} <=> {selector.azure}")
    if not side.is_policy_based and side.bgp is None:
        _rows(page, "route to Azure", side.azure_prefixes)
    if side.bgp is not None:
        page.lines("", "BGP")
        _row(page, "Azure's AS", side.bgp.azure_asn)
        _rows(page, "Azure's BGP address", side.bgp.azure_addresses)
        _row(page, "device's AS", side.bgp.device_asn)
        _row(page, "device's BGP address", side.bgp.device_address)
    page.lines("", "TCP MSS 1350, or MTU 1400, on what leads into the tunnel")


def _row(page: Page, name: str, value: str) -> None:
    page.lines(f"  {name:<{_WIDTH}}{value}")


def _rows(page: Page, name: str, values: tuple[str, ...]) -> None:
    for value in values:
        _row(page, name, value)
