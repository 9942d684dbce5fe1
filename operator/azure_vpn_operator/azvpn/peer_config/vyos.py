"""VyOS 1.4: a VTI, or a tunnel for each pair of ranges."""

from itertools import count

from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_CIPHERS = {
    Encryption.DES3: "3des",
    Encryption.AES_CBC_128: "aes128",
    Encryption.AES_CBC_192: "aes192",
    Encryption.AES_CBC_256: "aes256",
    Encryption.AES_GCM_128: "aes128gcm128",
    Encryption.AES_GCM_192: "aes192gcm128",
    Encryption.AES_GCM_256: "aes256gcm128",
}
_HASHES = {Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256", Hash.SHA384: "sha384"}
VOCABULARY = Vocabulary(
    ike_encryption=_CIPHERS,
    ike_integrity=_HASHES,
    prf={hash_: f"prf{word}" for hash_, word in _HASHES.items()},
    dh_group={group: str(group.value) for group in Group},
    esp_encryption={Encryption.NULL: "null", **_CIPHERS},
    esp_integrity=_HASHES,
    pfs_group={group: f"dh-group{group.value}" for group in Group},
)


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write set commands for configuration mode."""
    waits = side.initiation is Initiation.AZURE
    _ike_group(side, words, page, waits=waits)
    _esp_group(side, words, page)
    page.lines(f"set vpn ipsec authentication psk {side.label} id '{side.device_address}'")
    page.lines(
        *(f"set vpn ipsec authentication psk {side.label} id '{address}'" for _, address in side.tunnels),
        f"set vpn ipsec authentication psk {side.label} secret '{side.key_text}'",
    )
    if "'" in side.key_text:
        page.note(
            "the shared key has a single quote, which the command line of VyOS does not take; set it with the API"
        )
    for number, address in side.tunnels:
        peer = f"set vpn ipsec site-to-site peer {side.tunnel_label(number)}"
        page.lines(
            f"{peer} authentication mode 'pre-shared-secret'",
            f"{peer} authentication local-id '{side.device_address}'",
            f"{peer} authentication remote-id '{address}'",
            f"{peer} connection-type '{'respond' if waits else 'initiate'}'",
            f"{peer} ike-group '{side.label}'",
            f"{peer} local-address '{side.device_address}'",
            f"{peer} remote-address '{address}'",
        )
        if side.is_policy_based:
            for tunnel, selector in enumerate(side.selectors, 1):
                page.lines(
                    f"{peer} tunnel {tunnel} esp-group '{side.label}'",
                    f"{peer} tunnel {tunnel} local prefix '{selector.device}'",
                    f"{peer} tunnel {tunnel} remote prefix '{selector.azure}'",
                )
        else:
            page.lines(f"{peer} vti bind 'vti{number}'", f"{peer} vti esp-group '{side.label}'")
    if not side.is_policy_based:
        _interfaces(side, page)


def _ike_group(side: PeerSide, words: Words, page: Page, *, waits: bool) -> None:
    group = f"set vpn ipsec ike-group {side.label}"
    page.lines(
        f"{group} key-exchange 'ikev{side.ike_version}'",
        f"{group} lifetime '{side.ike_seconds}'",
        f"{group} close-action '{'none' if waits else 'start'}'",
        f"{group} dead-peer-detection action '{'clear' if waits else 'restart'}'",
        f"{group} dead-peer-detection interval '{side.probes_every}'",
        f"{group} dead-peer-detection timeout '{side.dpd_seconds}'",
    )
    if side.ike_version == 2:
        page.lines(f"{group} disable-mobike")
    numbers = count(1)
    for ike in words.ike:
        for prf in ike.prfs or (None,):
            proposal = f"{group} proposal {next(numbers)}"
            # With an AEAD VyOS wants a hash too, which strongSwan then leaves out.
            hash_ = ike.integrity if prf is None else prf.removeprefix("prf")
            page.lines(
                f"{proposal} dh-group '{ike.group}'",
                f"{proposal} encryption '{ike.encryption}'",
                f"{proposal} hash '{hash_}'",
            )
            if prf is not None:
                page.lines(f"{proposal} prf '{prf}'")


def _esp_group(side: PeerSide, words: Words, page: Page) -> None:
    group = f"set vpn ipsec esp-group {side.label}"
    page.lines(f"{group} lifetime '{side.sa_seconds}'", f"{group} mode 'tunnel'")
    if side.sa_kilobytes:
        page.lines(f"{group} life-bytes '{side.sa_kilobytes * 1024}'")
    page.lines(f"{group} pfs '{words.esp[0].pfs or 'disable'}'")
    for number, esp in enumerate(words.esp, 1):
        page.lines(f"{group} proposal {number} encryption '{esp.encryption}'")
        if esp.integrity is not None:
            page.lines(f"{group} proposal {number} hash '{esp.integrity}'")


def _interfaces(side: PeerSide, page: Page) -> None:
    for number, _ in side.tunnels:
        vti = f"set interfaces vti vti{number}"
        page.lines(f"{vti} description '{side.tunnel_label(number)}'", f"{vti} ip adjust-mss '1350'")
        if side.bgp is not None:
            page.lines(
                f"{vti} address '{side.bgp.device_address}/32'",
                f"set protocols static route {side.bgp.azure_addresses[number - 1]}/32 interface vti{number}",
            )
            continue
        for prefix in side.azure_prefixes:
            page.lines(f"set protocols static route {prefix} interface vti{number} distance '{number}'")
    if side.bgp is not None:
        page.lines(f"set protocols bgp system-as '{side.bgp.device_asn}'")
        for azure in side.bgp.azure_addresses:
            neighbor = f"set protocols bgp neighbor {azure}"
            page.lines(
                f"{neighbor} remote-as '{side.bgp.azure_asn}'",
                f"{neighbor} ebgp-multihop '255'",
                f"{neighbor} update-source '{side.bgp.device_address}'",
                f"{neighbor} address-family ipv4-unicast",
            )
