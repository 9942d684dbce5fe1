"""strongSwan 5.9 or newer: a file for swanctl. What it says is proved by tests that negotiate it."""

from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import KEY_PLACEHOLDER, REKEY_SHARE, Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import EspWords, IkeWords, Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_CIPHERS = {
    Encryption.DES: "des",
    Encryption.DES3: "3des",
    Encryption.AES_CBC_128: "aes128",
    Encryption.AES_CBC_192: "aes192",
    Encryption.AES_CBC_256: "aes256",
    Encryption.AES_GCM_128: "aes128gcm16",
    Encryption.AES_GCM_192: "aes192gcm16",
    Encryption.AES_GCM_256: "aes256gcm16",
}
_HASHES = {Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256", Hash.SHA384: "sha384"}
_GROUPS = {
    Group.MODP_768: "modp768",
    Group.MODP_1024: "modp1024",
    Group.MODP_2048: "modp2048",
    Group.ECP_256: "ecp256",
    Group.ECP_384: "ecp384",
    Group.MODP_2048_S256: "modp2048s256",
}
VOCABULARY = Vocabulary(
    ike_encryption=_CIPHERS,
    ike_integrity=_HASHES,
    prf={hash_: f"prf{word}" for hash_, word in _HASHES.items()},
    dh_group=_GROUPS,
    esp_encryption={Encryption.NULL: "null", **_CIPHERS},
    esp_integrity=_HASHES,
    pfs_group=_GROUPS,
)

_OLD = {"des", "md5", "prfmd5", "null"}
_FIRST_INTERFACE = 41


def ike_proposal(words: IkeWords) -> str:
    """One proposal as strongSwan writes it, such as aes256-sha384-modp2048s256."""
    return "-".join(part for part in (words.encryption, words.integrity, *words.prfs, words.group) if part)


def esp_proposal(words: EspWords) -> str:
    """One proposal as strongSwan writes it, such as aes256-sha256."""
    return "-".join(part for part in (words.encryption, words.integrity, words.pfs) if part)


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write connections and secrets; load it with `swanctl --load-all`."""
    if _OLD & {part for ike in words.ike for part in (ike.encryption, ike.integrity, *ike.prfs)} or _OLD & {
        part for esp in words.esp for part in (esp.encryption, esp.integrity)
    }:
        page.note(
            "for DES, MD5 and NULL strongSwan needs its plugin openssl, with OpenSSL's legacy provider, or others like des and md5"
        )
    if side.is_policy_based and len(side.azure_addresses) > 1:
        page.note("both tunnels have the same selectors: the traffic takes the one that came up last")
    page.lines("connections {")
    for number, address in side.tunnels:
        _connection(side, words, number, address, page)
    page.lines("}", "", "secrets {")
    for number, address in side.tunnels:
        page.lines(f"    ike-{side.tunnel_label(number)} {{", f"        id-1 = {address}")
        page.lines(f"        secret = {quote(side.key_text) if side.shared_key else KEY_PLACEHOLDER}", "    }")
    page.lines("}")
    if not side.is_policy_based:
        _routes(side, page)
    if side.bgp is not None:
        page.lines("")
        page.comment("strongSwan does not speak BGP; a daemon such as FRR does, over the interfaces above:")
        for azure in side.bgp.azure_addresses:
            page.remark(f"  neighbor {azure} remote-as {side.bgp.azure_asn}, ebgp-multihop 255")
        page.remark(f"  own AS {side.bgp.device_asn}, update-source {side.bgp.device_address}")


def _connection(side: PeerSide, words: Words, number: int, address: str, page: Page) -> None:
    page.lines(f"    {side.tunnel_label(number)} {{", f"        version = {side.ike_version}")
    page.comment("behind NAT: the private address of this machine here, and the public one below as id", indent=" " * 8)
    soft = int(side.ike_seconds * REKEY_SHARE)
    page.lines(
        f"        local_addrs = {side.device_address}",
        f"        remote_addrs = {address}",
        f"        proposals = {','.join(ike_proposal(proposal) for proposal in words.ike)}",
        f"        rekey_time = {soft}s",
        f"        over_time = {side.ike_seconds - soft}s",
        f"        dpd_delay = {side.probes_every}s",
    )
    if side.ike_version == 1:
        page.lines(f"        dpd_timeout = {side.dpd_seconds}s")
    page.lines("        mobike = no", "        keyingtries = 0")
    page.lines("        local {", "            auth = psk", f"            id = {side.device_address}", "        }")
    page.lines("        remote {", "            auth = psk", f"            id = {address}", "        }")
    if not side.is_policy_based:
        interface = _FIRST_INTERFACE + number - 1
        page.lines(f"        if_id_in = {interface}", f"        if_id_out = {interface}")
    page.lines("        children {")
    for count, selector in enumerate(side.selectors, 1):
        page.lines(
            f"            net-{count} {{",
            f"                local_ts = {selector.device}",
            f"                remote_ts = {selector.azure}",
            f"                esp_proposals = {','.join(esp_proposal(proposal) for proposal in words.esp)}",
            f"                rekey_time = {int(side.sa_seconds * REKEY_SHARE)}s",
            f"                life_time = {side.sa_seconds}s",
        )
        if side.sa_kilobytes:
            whole = side.sa_kilobytes * 1024
            page.lines(
                f"                rekey_bytes = {int(whole * REKEY_SHARE)}", f"                life_bytes = {whole}"
            )
        page.lines(*(f"                {line}" for line in _starting(side)), "            }")
    page.lines("        }", "    }")


def _starting(side: PeerSide) -> tuple[str, ...]:
    if side.initiation is Initiation.AZURE:
        return ("start_action = none", "dpd_action = clear", "close_action = none")
    return ("start_action = start", "dpd_action = restart", "close_action = start")


def _routes(side: PeerSide, page: Page) -> None:
    page.lines("")
    page.comment("The tunnel takes what is routed into its interface (any free name):")
    for number, _ in side.tunnels:
        interface = f"azure{number}"
        page.remark(f"  ip link add {interface} type xfrm if_id {_FIRST_INTERFACE + number - 1}")
        page.remark(f"  ip link set {interface} up mtu 1400")
        targets = (f"{side.bgp.azure_addresses[number - 1]}/32",) if side.bgp is not None else side.azure_prefixes
        for prefix in targets:
            page.remark(f"  ip route add {prefix} dev {interface} metric {100 + number}")


def quote(key: str) -> str:
    """The key as a value of swanctl's: in hexadecimal where its beginning would be taken for that of another encoding."""
    if key.lower().startswith(("0x", "0s")):
        return f"0x{key.encode().hex()}"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
