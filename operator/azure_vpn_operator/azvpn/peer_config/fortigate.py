"""FortiGate, FortiOS 7: a tunnel interface, with one phase 2 for each pair of ranges."""

from collections.abc import Mapping

from azure_vpn_operator.azvpn.peer_config.limits import within
from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import DPD_TRIES, Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.ranges import with_mask
from azure_vpn_operator.azvpn.peer_config.vocabulary import EspWords, IkeWords, Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_CIPHERS = {
    Encryption.DES: "des",
    Encryption.DES3: "3des",
    Encryption.AES_CBC_128: "aes128",
    Encryption.AES_CBC_192: "aes192",
    Encryption.AES_CBC_256: "aes256",
    Encryption.AES_GCM_128: "aes128gcm",
    Encryption.AES_GCM_256: "aes256gcm",
}
_HASHES = {Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256", Hash.SHA384: "sha384"}
_GROUPS: Mapping[Group, str] = {group: str(group.value) for group in Group if group is not Group.MODP_2048_S256}
VOCABULARY = Vocabulary(
    ike_encryption=_CIPHERS,
    ike_integrity=_HASHES,
    prf={hash_: f"prf{word}" for hash_, word in _HASHES.items() if hash_ is not Hash.MD5},
    dh_group=_GROUPS,
    esp_encryption={Encryption.NULL: "null", **_CIPHERS},
    esp_integrity=_HASHES,
    pfs_group=_GROUPS,
)
_LONGEST_NAME = 13
"""15 with the number of the tunnel."""


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write it for the command line."""
    page.lines("config vpn ipsec phase1-interface")
    for number, address in side.tunnels:
        page.lines(
            f'    edit "{_name(side, number)}"',
            '        set interface "OUTSIDE_INTERFACE"',
            f"        set ike-version {side.ike_version}",
            "        set peertype any",
            "        set net-device disable",
            f"        set remote-gw {address}",
            f"        set proposal {' '.join(text for ike in words.ike for text in _ike(ike))}",
            f"        set dhgrp {words.ike[0].group}",
            f"        set keylife {side.ike_seconds}",
            f"        set dpd {'on-demand' if side.initiation is Initiation.AZURE else 'on-idle'}",
            f"        set dpd-retrycount {DPD_TRIES}",
            f"        set dpd-retryinterval {side.probes_every}",
            f"        set passive-mode {'enable' if side.initiation is Initiation.AZURE else 'disable'}",
            f"        set psksecret {_quote(side.key_text)}",
            "    next",
        )
    page.lines("end", "config vpn ipsec phase2-interface")
    for number, _ in side.tunnels:
        for count, selector in enumerate(side.selectors, 1):
            page.lines(
                f'    edit "{_name(side, number)}-{count}"',
                f'        set phase1name "{_name(side, number)}"',
                f"        set proposal {' '.join(map(_esp, words.esp))}",
                *_pfs(words),
                *_lifetimes(side, page),
                f"        set auto-negotiate {'disable' if side.initiation is Initiation.AZURE else 'enable'}",
                f"        set src-subnet {with_mask(selector.device)}",
                f"        set dst-subnet {with_mask(selector.azure)}",
                "    next",
            )
    page.lines("end")
    page.comment(
        "Firewall policies have to allow the traffic in both directions, with tcp-mss-sender and -receiver 1350."
    )
    _routes(side, page)


def _name(side: PeerSide, number: int) -> str:
    return f"{side.short_label(_LONGEST_NAME)}-{number}"


def _ike(words: IkeWords) -> list[str]:
    return [f"{words.encryption}-{word}" for word in ((words.integrity,) if words.integrity else words.prfs)]


def _esp(words: EspWords) -> str:
    return words.encryption if words.integrity is None else f"{words.encryption}-{words.integrity}"


def _pfs(words: Words) -> tuple[str, ...]:
    group = words.esp[0].pfs
    return ("        set pfs disable",) if group is None else ("        set pfs enable", f"        set dhgrp {group}")


def _lifetimes(side: PeerSide, page: Page) -> tuple[str, ...]:
    seconds = f"        set keylifeseconds {side.sa_seconds}"
    if not side.sa_kilobytes:
        return "        set keylife-type seconds", seconds
    volume = within(side.sa_kilobytes, 5120, 4294967295, "kilobytes of an IPsec SA", "FortiOS", page)
    return "        set keylife-type both", seconds, f"        set keylifekbs {volume}"


def _routes(side: PeerSide, page: Page) -> None:
    targets = side.azure_prefixes
    if side.is_policy_based:
        targets = tuple(dict.fromkeys(selector.azure for selector in side.selectors))
    elif side.bgp is not None:
        targets = ()
    if targets:
        page.lines("config router static")
        for number, _ in side.tunnels:
            for target in targets:
                page.lines(
                    "    edit 0",
                    f"        set dst {with_mask(target)}",
                    f'        set device "{_name(side, number)}"',
                    f"        set distance {9 + number}",
                    "    next",
                )
        page.lines("end")
    if side.bgp is not None:
        page.comment(f"The tunnel interface has the address {side.bgp.device_address}, and a route to each neighbor.")
        page.lines("config router bgp", f"    set as {side.bgp.device_asn}", "    config neighbor")
        for azure in side.bgp.azure_addresses:
            page.lines(
                f'        edit "{azure}"',
                "            set ebgp-enforce-multihop enable",
                f"            set remote-as {side.bgp.azure_asn}",
                "        next",
            )
        page.lines("    end", "end")


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
