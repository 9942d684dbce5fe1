"""MikroTik RouterOS 7. It has no tunnel interface for IPsec: a policy for each pair of ranges, also for a route-based connection."""

from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import DPD_TRIES, Initiation, PeerSide, Selector
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_GROUPS = {
    Group.MODP_768: "modp768",
    Group.MODP_1024: "modp1024",
    Group.MODP_2048: "modp2048",
    Group.ECP_256: "ecp256",
    Group.ECP_384: "ecp384",
}
VOCABULARY = Vocabulary(
    ike_encryption={
        Encryption.DES: "des",
        Encryption.DES3: "3des",
        Encryption.AES_CBC_128: "aes-128",
        Encryption.AES_CBC_192: "aes-192",
        Encryption.AES_CBC_256: "aes-256",
    },
    ike_integrity={Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256", Hash.SHA384: "sha384"},
    prf={},
    dh_group=_GROUPS,
    esp_encryption={
        Encryption.NULL: "null",
        Encryption.DES: "des",
        Encryption.DES3: "3des",
        Encryption.AES_CBC_128: "aes-128-cbc",
        Encryption.AES_CBC_192: "aes-192-cbc",
        Encryption.AES_CBC_256: "aes-256-cbc",
        Encryption.AES_GCM_128: "aes-128-gcm",
        Encryption.AES_GCM_192: "aes-192-gcm",
        Encryption.AES_GCM_256: "aes-256-gcm",
    },
    esp_integrity={Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha256"},
    pfs_group=_GROUPS,
)


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write commands for the terminal."""
    waits = side.initiation is Initiation.AZURE
    if not side.is_policy_based:
        if waits:
            page.refuse(
                "RouterOS has no tunnel interface for IPsec, and Azure, which alone may begin, offers any-to-any only"
            )
            return
        page.note(
            "RouterOS has no tunnel interface for IPsec: these policies are narrower than Azure's any-to-any, which Azure takes "
            "when the router begins"
        )
    first = words.ike[0]
    if len({ike.integrity for ike in words.ike}) > 1:
        page.note(f"a profile of RouterOS has one hash: {first.integrity}, the best of those that Azure takes")
    ciphers = dict.fromkeys(ike.encryption for ike in words.ike if ike.integrity == first.integrity)
    page.lines(
        "/ip ipsec profile",
        f"add name={side.label} enc-algorithm={','.join(ciphers)} hash-algorithm={first.integrity} "
        f"dh-group={first.group} lifetime={side.ike_seconds}s nat-traversal=yes "
        f"dpd-interval={side.probes_every}s dpd-maximum-failures={DPD_TRIES}",
    )
    hashes = dict.fromkeys(esp.integrity for esp in words.esp if esp.integrity is not None)
    page.lines(
        "/ip ipsec proposal",
        f"add name={side.label} enc-algorithms={','.join(dict.fromkeys(esp.encryption for esp in words.esp))} "
        f"auth-algorithms={','.join(hashes) or chr(34) * 2} lifetime={side.sa_seconds}s "
        f"pfs-group={words.esp[0].pfs or 'none'}",
    )
    if side.sa_kilobytes:
        page.note(
            f"RouterOS renews IPsec SAs by time only; Azure does so after {side.sa_kilobytes} kilobytes too, and begins then itself"
        )
    mode = "ike2" if side.ike_version == 2 else "main"
    page.lines("/ip ipsec peer")
    for number, address in side.tunnels:
        page.lines(
            f"add name={side.tunnel_label(number)} address={address}/32 local-address={side.device_address} "
            f"profile={side.label} exchange-mode={mode} passive={'yes' if waits else 'no'}"
        )
    page.lines("/ip ipsec identity")
    for number, _ in side.tunnels:
        page.lines(
            f"add peer={side.tunnel_label(number)} auth-method=pre-shared-key my-id=address:{side.device_address} "
            f"secret={_quote(side.key_text)}"
        )
    page.lines("/ip ipsec policy")
    peers = ",".join(side.tunnel_label(number) for number, _ in side.tunnels)
    for selector in _selectors(side):
        page.lines(
            f"add peer={peers} src-address={selector.device} dst-address={selector.azure} tunnel=yes level=unique "
            f"proposal={side.label}"
        )
    page.lines("/ip firewall nat")
    for selector in _selectors(side):
        page.lines(
            f"add chain=srcnat src-address={selector.device} dst-address={selector.azure} action=accept place-before=0"
        )
    if side.bgp is not None:
        page.comment("BGP needs policies for the two BGP addresses as well:")
        for number, azure in enumerate(side.bgp.azure_addresses, 1):
            page.remark(f"  /ip ipsec policy add src-address={side.bgp.device_address}/32 dst-address={azure}/32 …")
            page.remark(
                f"  /routing bgp connection add name=azure{number} as={side.bgp.device_asn} local.role=ebgp multihop=yes "
                f"remote.address={azure} remote.as={side.bgp.azure_asn}"
            )


def _selectors(side: PeerSide) -> tuple[Selector, ...]:
    if side.is_policy_based:
        return side.selectors
    return tuple(Selector(device, azure) for device in side.device_prefixes for azure in side.azure_prefixes)


def _quote(text: str) -> str:
    escaped = "".join(f"\\{sign}" if sign in '\\"$?' else sign for sign in text)
    return f'"{escaped}"'
