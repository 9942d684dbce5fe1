"""Cisco IOS XE: a tunnel interface, or a crypto map for a policy-based connection."""

import dataclasses

from azure_vpn_operator.azvpn.peer_config.limits import within
from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.ranges import with_mask, with_wildcard
from azure_vpn_operator.azvpn.peer_config.vocabulary import EspWords, Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "!"
_GROUPS = {group: str(group.value) for group in Group}
VOCABULARY = Vocabulary(
    ike_encryption={
        Encryption.DES: "des",
        Encryption.DES3: "3des",
        Encryption.AES_CBC_128: "aes-cbc-128",
        Encryption.AES_CBC_192: "aes-cbc-192",
        Encryption.AES_CBC_256: "aes-cbc-256",
        Encryption.AES_GCM_128: "aes-gcm-128",
        Encryption.AES_GCM_256: "aes-gcm-256",
    },
    ike_integrity={Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256", Hash.SHA384: "sha384"},
    prf={Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256", Hash.SHA384: "sha384"},
    dh_group=_GROUPS,
    esp_encryption={
        Encryption.NULL: "esp-null",
        Encryption.DES: "esp-des",
        Encryption.DES3: "esp-3des",
        Encryption.AES_CBC_128: "esp-aes",
        Encryption.AES_CBC_192: "esp-aes 192",
        Encryption.AES_CBC_256: "esp-aes 256",
        Encryption.AES_GCM_128: "esp-gcm",
        Encryption.AES_GCM_192: "esp-gcm 192",
        Encryption.AES_GCM_256: "esp-gcm 256",
    },
    esp_integrity={Hash.MD5: "esp-md5-hmac", Hash.SHA1: "esp-sha-hmac", Hash.SHA256: "esp-sha256-hmac"},
    pfs_group={group: f"group{word}" for group, word in _GROUPS.items()},
)
VOCABULARY_IKEV1 = dataclasses.replace(
    VOCABULARY,
    ike_encryption={
        Encryption.DES: "des",
        Encryption.DES3: "3des",
        Encryption.AES_CBC_128: "aes",
        Encryption.AES_CBC_192: "aes 192",
        Encryption.AES_CBC_256: "aes 256",
    },
    ike_integrity={Hash.MD5: "md5", Hash.SHA1: "sha", Hash.SHA256: "sha256", Hash.SHA384: "sha384"},
)
_WEAK = {"des", "3des", "md5", "1", "2", "24", "esp-des", "esp-3des", "esp-md5-hmac", "esp-null"}


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write it for configuration mode."""
    used = {word for ike in words.ike for word in (ike.encryption, ike.integrity, ike.group)}
    used |= {
        word for esp in words.esp for word in (esp.encryption, esp.integrity, (esp.pfs or "").removeprefix("group"))
    }
    if used & _WEAK:
        page.note(
            "IOS XE 17.11 and later take old algorithms (DES, 3DES, MD5, groups 1, 2 and 24) only after "
            "`crypto engine compliance shield disable` and a reload"
        )
    if "?" in side.key_text:
        page.note("the shared key has a question mark: type Ctrl-V before it, else IOS takes it for a call for help")
    if side.ike_version == 1:
        _phase_1_of_ikev1(side, words, page)
    else:
        _phase_1(side, words, page)
    sets = [f"{side.label}-{number}" for number, _ in enumerate(words.esp, 1)]
    for name, esp in zip(sets, words.esp, strict=True):
        page.lines(f"crypto ipsec transform-set {name} {_transforms(esp)}", " mode tunnel")
    if side.is_policy_based:
        _crypto_map(side, words, sets, page)
    else:
        _interfaces(side, words, sets, page)
    if side.bgp is not None:
        page.lines(f"router bgp {side.bgp.device_asn}")
        for azure in side.bgp.azure_addresses:
            page.lines(
                f" neighbor {azure} remote-as {side.bgp.azure_asn}",
                f" neighbor {azure} ebgp-multihop 255",
                f" neighbor {azure} update-source Loopback0",
            )
        page.comment(f"Loopback0 has the address {side.bgp.device_address}")


def _phase_1(side: PeerSide, words: Words, page: Page) -> None:
    label = side.label
    page.lines(f"crypto ikev2 proposal {label}")
    page.lines(f" encryption {' '.join(dict.fromkeys(ike.encryption for ike in words.ike))}")
    if words.ike[0].integrity is not None:
        page.lines(f" integrity {' '.join(dict.fromkeys(ike.integrity or '' for ike in words.ike))}")
    else:
        page.lines(f" prf {' '.join(words.ike[0].prfs)}")
    page.lines(f" group {words.ike[0].group}", f"crypto ikev2 policy {label}", f" proposal {label}")
    page.lines(f"crypto ikev2 keyring {label}")
    for number, address in side.tunnels:
        page.lines(f" peer {side.tunnel_label(number)}", f"  address {address}", f"  pre-shared-key {side.key_text}")
    page.lines(f"crypto ikev2 profile {label}")
    page.lines(*(f" match identity remote address {address} 255.255.255.255" for _, address in side.tunnels))
    page.lines(
        f" identity local address {side.device_address}",
        " authentication remote pre-share",
        " authentication local pre-share",
        f" keyring local {label}",
        f" lifetime {side.ike_seconds}",
        f" dpd {_probes(side, page)} 3 periodic",
    )


def _phase_1_of_ikev1(side: PeerSide, words: Words, page: Page) -> None:
    for number, ike in enumerate(words.ike, 1):
        page.lines(
            f"crypto isakmp policy {number}",
            f" encryption {ike.encryption}",
            f" hash {ike.integrity}",
            " authentication pre-share",
            f" group {ike.group}",
            f" lifetime {side.ike_seconds}",
        )
    page.lines(*(f"crypto isakmp key {side.key_text} address {address}" for _, address in side.tunnels))
    page.lines(f"crypto isakmp keepalive {_probes(side, page)} 3 periodic")


def _probes(side: PeerSide, page: Page) -> int:
    return within(side.probes_every, 10, 3600, "seconds between DPD probes", "IOS XE", page)


def _transforms(esp: EspWords) -> str:
    return esp.encryption if esp.integrity is None else f"{esp.encryption} {esp.integrity}"


def _phase_2(side: PeerSide, words: Words, sets: list[str], page: Page) -> list[str]:
    lines = [f" set security-association lifetime seconds {side.sa_seconds}"]
    if side.sa_seconds > 86400:
        page.note("older releases take at most 86400 s for IPsec; the lifetimes need not be equal")
    if side.sa_kilobytes:
        volume = within(side.sa_kilobytes, 2560, 4294967295, "kilobytes of an IPsec SA", "IOS XE", page)
        lines.append(f" set security-association lifetime kilobytes {volume}")
    else:
        lines.append(" set security-association lifetime kilobytes disable")
    lines.append(f" set transform-set {' '.join(sets)}")
    if words.esp[0].pfs is not None:
        lines.append(f" set pfs {words.esp[0].pfs}")
    return lines if side.ike_version == 1 else [*lines, f" set ikev2-profile {side.label}"]


def _interfaces(side: PeerSide, words: Words, sets: list[str], page: Page) -> None:
    settings = _phase_2(side, words, sets, page)
    page.lines(f"crypto ipsec profile {side.label}", *settings)
    if side.initiation is Initiation.AZURE:
        page.lines(" responder-only")
    for number, address in side.tunnels:
        page.lines(
            f"interface Tunnel{number}",
            " ip unnumbered OUTSIDE_INTERFACE",
            " ip tcp adjust-mss 1350",
            " tunnel source OUTSIDE_INTERFACE",
            " tunnel mode ipsec ipv4",
            f" tunnel destination {address}",
            f" tunnel protection ipsec profile {side.label}",
        )
    if side.bgp is None:
        for number, _ in side.tunnels:
            page.lines(*(f"ip route {with_mask(prefix)} Tunnel{number} {number}" for prefix in side.azure_prefixes))
    else:
        for number, _ in side.tunnels:
            page.lines(f"ip route {side.bgp.azure_addresses[number - 1]} 255.255.255.255 Tunnel{number}")


def _crypto_map(side: PeerSide, words: Words, sets: list[str], page: Page) -> None:
    page.lines(f"ip access-list extended {side.label}")
    for selector in side.selectors:
        page.lines(f" permit ip {with_wildcard(selector.device)} {with_wildcard(selector.azure)}")
    settings = _phase_2(side, words, sets, page)
    page.lines(f"crypto map {side.label} 1 ipsec-isakmp")
    page.lines(*(f" set peer {address}" for _, address in side.tunnels), *settings, f" match address {side.label}")
    page.lines("interface OUTSIDE_INTERFACE", " ip tcp adjust-mss 1350", f" crypto map {side.label}")
    if side.initiation is Initiation.AZURE:
        page.note("a crypto map begins whenever there is traffic, while Azure alone is to begin; that does no harm")
