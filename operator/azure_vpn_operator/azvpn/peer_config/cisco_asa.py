"""Cisco ASA: a tunnel interface (9.8 or newer), or a crypto map for a policy-based connection."""

from azure_vpn_operator.azvpn.peer_config.limits import within
from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.ranges import with_mask
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "!"
_AES = {
    Encryption.AES_CBC_128: "aes",
    Encryption.AES_CBC_192: "aes-192",
    Encryption.AES_CBC_256: "aes-256",
    Encryption.AES_GCM_128: "aes-gcm",
    Encryption.AES_GCM_192: "aes-gcm-192",
    Encryption.AES_GCM_256: "aes-gcm-256",
}
_HASHES = {Hash.MD5: "md5", Hash.SHA1: "sha", Hash.SHA256: "sha256", Hash.SHA384: "sha384"}
_GROUPS = {group: str(group.value) for group in Group}
VOCABULARY = Vocabulary(
    ike_encryption={Encryption.DES: "des", Encryption.DES3: "3des", **_AES},
    ike_integrity=_HASHES,
    prf=_HASHES,
    dh_group=_GROUPS,
    esp_encryption={Encryption.NULL: "null", Encryption.DES: "des", Encryption.DES3: "3des", **_AES},
    esp_integrity={Hash.MD5: "md5", Hash.SHA1: "sha-1", Hash.SHA256: "sha-256"},
    pfs_group={group: f"group{word}" for group, word in _GROUPS.items()},
)
_OLD_GROUPS = {Group.MODP_768: "1", Group.MODP_1024: "2", Group.MODP_2048: "14"}
_OLD_CIPHERS = {
    Encryption.DES: "des",
    Encryption.DES3: "3des",
    Encryption.AES_CBC_128: "aes",
    Encryption.AES_CBC_192: "aes-192",
    Encryption.AES_CBC_256: "aes-256",
}
VOCABULARY_IKEV1 = Vocabulary(
    ike_encryption=_OLD_CIPHERS,
    ike_integrity={Hash.MD5: "md5", Hash.SHA1: "sha"},
    prf={},
    dh_group=_OLD_GROUPS,
    esp_encryption={
        Encryption.NULL: "esp-null",
        **{cipher: f"esp-{word}" for cipher, word in _OLD_CIPHERS.items()},
    },
    esp_integrity={Hash.MD5: "esp-md5-hmac", Hash.SHA1: "esp-sha-hmac"},
    pfs_group={group: f"group{word}" for group, word in _OLD_GROUPS.items()},
)
"""The ASA has nothing newer than SHA1 for IKEv1."""
_GONE = {"des", "3des", "md5", "1", "2", "24"}


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write it for configuration mode."""
    used = {word for ike in words.ike for word in (ike.encryption, ike.integrity, *ike.prfs, ike.group)}
    used |= {
        word for esp in words.esp for word in (esp.encryption, esp.integrity, (esp.pfs or "").removeprefix("group"))
    }
    if used & _GONE:
        page.note("ASA 9.15 and later have no DES, 3DES, MD5 and groups 1, 2 and 24 any more")
    if side.ike_version == 1:
        _policies_of_ikev1(side, words, page)
    else:
        _policies(side, words, page)
    names = [f"{side.label}-{number}" for number, _ in enumerate(words.esp, 1)]
    for name, esp in zip(names, words.esp, strict=True):
        if side.ike_version == 1:
            page.lines(f"crypto ipsec ikev1 transform-set {name} {esp.encryption} {esp.integrity}")
        else:
            page.lines(
                f"crypto ipsec ikev2 ipsec-proposal {name}",
                f" protocol esp encryption {esp.encryption}",
                f" protocol esp integrity {esp.integrity or 'null'}",
            )
    _groups(side, page)
    page.lines("sysopt connection tcpmss 1350")
    if side.is_policy_based:
        _crypto_map(side, words, names, page)
    else:
        _interfaces(side, words, names, page)


def _policies(side: PeerSide, words: Words, page: Page) -> None:
    for number, ike in enumerate(words.ike, 1):
        page.lines(
            f"crypto ikev2 policy {number}",
            f" encryption {ike.encryption}",
            f" integrity {ike.integrity or 'null'}",
            f" group {ike.group}",
            # Unlike others the ASA takes SHA1 where none is named, whatever the integrity.
            f" prf {' '.join(ike.prfs) or ike.integrity}",
            f" lifetime seconds {side.ike_seconds}",
        )
    page.lines("crypto ikev2 enable OUTSIDE_INTERFACE")


def _policies_of_ikev1(side: PeerSide, words: Words, page: Page) -> None:
    for number, ike in enumerate(words.ike, 1):
        page.lines(
            f"crypto ikev1 policy {number}",
            " authentication pre-share",
            f" encryption {ike.encryption}",
            f" hash {ike.integrity}",
            f" group {ike.group}",
            f" lifetime {side.ike_seconds}",
        )
    page.lines("crypto ikev1 enable OUTSIDE_INTERFACE")


def _sets(side: PeerSide, names: list[str]) -> str:
    what = "ikev1 transform-set" if side.ike_version == 1 else "ikev2 ipsec-proposal"
    return f"set {what} {' '.join(names)}"


def _groups(side: PeerSide, page: Page) -> None:
    probes = within(side.probes_every, 10, 3600, "seconds between DPD probes", "the ASA", page)
    page.lines(f"group-policy {side.label} internal", f"group-policy {side.label} attributes")
    page.lines(f" vpn-tunnel-protocol ikev{side.ike_version}")
    keys = [
        f" ikev2 remote-authentication pre-shared-key {side.key_text}",
        f" ikev2 local-authentication pre-shared-key {side.key_text}",
    ]
    if side.ike_version == 1:
        keys = [f" ikev1 pre-shared-key {side.key_text}"]
    for _, address in side.tunnels:
        page.lines(
            f"tunnel-group {address} type ipsec-l2l",
            f"tunnel-group {address} general-attributes",
            f" default-group-policy {side.label}",
            f"tunnel-group {address} ipsec-attributes",
            *keys,
            f" isakmp keepalive threshold {probes} retry 3",
        )
    if "?" in side.key_text:
        page.note(
            "the shared key has a question mark: type Ctrl-V before it, else the ASA takes it for a call for help"
        )


def _lifetimes(side: PeerSide) -> tuple[str, str]:
    volume = side.sa_kilobytes or "unlimited"
    return (
        f"set security-association lifetime seconds {side.sa_seconds}",
        f"set security-association lifetime kilobytes {volume}",
    )


def _interfaces(side: PeerSide, words: Words, names: list[str], page: Page) -> None:
    page.lines(f"crypto ipsec profile {side.label}", f" {_sets(side, names)}")
    if words.esp[0].pfs is not None:
        page.lines(f" set pfs {words.esp[0].pfs}")
    page.lines(*(f" {line}" for line in _lifetimes(side)))
    if side.initiation is Initiation.AZURE:
        page.lines(" responder-only")
    for number, address in side.tunnels:
        name = f"azure{number}"
        page.lines(
            f"interface Tunnel{number}",
            f" nameif {name}",
            " ip address OWN_ADDRESS 255.255.255.252",
            " tunnel source interface OUTSIDE_INTERFACE",
            f" tunnel destination {address}",
            " tunnel mode ipsec ipv4",
            f" tunnel protection ipsec profile {side.label}",
        )
        if side.bgp is None:
            page.lines(*(f"route {name} {with_mask(prefix)} {address} {number}" for prefix in side.azure_prefixes))
        else:
            page.lines(f"route {name} {side.bgp.azure_addresses[number - 1]} 255.255.255.255 {address} 1")
    if side.bgp is not None:
        page.lines(f"router bgp {side.bgp.device_asn}", " address-family ipv4 unicast")
        for azure in side.bgp.azure_addresses:
            page.lines(
                f"  neighbor {azure} remote-as {side.bgp.azure_asn}",
                f"  neighbor {azure} ebgp-multihop 255",
                f"  neighbor {azure} activate",
            )
        page.comment(f"Azure expects the session from {side.bgp.device_address}")


def _crypto_map(side: PeerSide, words: Words, names: list[str], page: Page) -> None:
    label = side.label
    for selector in side.selectors:
        page.lines(f"access-list {label} extended permit ip {with_mask(selector.device)} {with_mask(selector.azure)}")
    entry = f"crypto map {label} 1"
    page.lines(
        f"{entry} match address {label}",
        f"{entry} set peer {' '.join(address for _, address in side.tunnels)}",
        f"{entry} {_sets(side, names)}",
    )
    if words.esp[0].pfs is not None:
        page.lines(f"{entry} set pfs {words.esp[0].pfs}")
    page.lines(*(f"{entry} {line}" for line in _lifetimes(side)))
    if side.initiation is Initiation.AZURE:
        page.lines(f"{entry} set connection-type answer-only")
    page.lines(f"crypto map {label} interface OUTSIDE_INTERFACE")
